-- Detaching a table.

CREATE OR REPLACE FUNCTION hazecast.drop_attachment_triggers(attachment integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
        WHERE tgfoid = 'hazecast.note_attached()'::regprocedure AND NOT tgisinternal
            AND tgargs = convert_to(attachment::text, 'UTF8') || '\x00'::bytea
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
    END LOOP;
END
$$;
COMMENT ON FUNCTION hazecast.drop_attachment_triggers(integer) IS
    'Takes our triggers off an attached table and its partitions.';
REVOKE ALL ON FUNCTION hazecast.drop_attachment_triggers(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.drop_attachment_triggers(integer) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.unregister_attachment(attachment integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM hazecast.drop_attachment_triggers(attachment);
    DELETE FROM hazecast.attachment_change AS change WHERE change.attachment = unregister_attachment.attachment;
    DELETE FROM hazecast.attachment WHERE id = unregister_attachment.attachment;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'only the owner of % can take triggers off it: detach it as that role',
        (SELECT source_name FROM hazecast.attachment WHERE id = unregister_attachment.attachment)
        USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION hazecast.unregister_attachment(integer) IS
    'What detach does with the rights of the owner of this schema: forgets an attached table.';
REVOKE ALL ON FUNCTION hazecast.unregister_attachment(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.unregister_attachment(integer) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.detach_attachment(source text, attachment integer) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF attachment IS NULL THEN
        RAISE EXCEPTION '% is not attached', source
            USING ERRCODE = 'undefined_object', HINT = 'SELECT source FROM hazecast.attachments';
    END IF;
    BEGIN
        PERFORM hazecast.drop_attachment_triggers(attachment);
    EXCEPTION WHEN insufficient_privilege THEN
        NULL; -- with the rights of the schema's owner, then
    END;
    PERFORM hazecast.unregister_attachment(attachment);
    RETURN format('%s is detached; its readings stay', source);
END
$$;
COMMENT ON FUNCTION hazecast.detach_attachment(text, integer) IS
    'What detach does when it knows which table is meant: triggers go with the rights of the caller.';
REVOKE ALL ON FUNCTION hazecast.detach_attachment(text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.detach_attachment(text, integer) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.detach(source text) RETURNS text
    LANGUAGE sql
BEGIN ATOMIC
    SELECT hazecast.detach_attachment(detach.source, (
        SELECT a.id FROM hazecast.attachment AS a
        WHERE a.source = to_regclass(detach.source) OR a.source_name = detach.source
        ORDER BY a.source = to_regclass(detach.source) DESC NULLS LAST LIMIT 1
    ));
END;
COMMENT ON FUNCTION hazecast.detach(text) IS
    'Ends what attach began: our triggers, what waited and what was rejected are gone, and the table is as it was. '
    'Its readings stay. PostgreSQL lets only the owner of a table take triggers off it, or a superuser who owns this '
    'schema.';
REVOKE ALL ON FUNCTION hazecast.detach(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.detach(text) TO hazecast_operator;
