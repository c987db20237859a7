-- Detaching a table, and the state of those that are attached.

CREATE OR REPLACE FUNCTION hazecast.drop_attachment_triggers(source regclass) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
        WHERE tgfoid = 'hazecast.note_attached()'::regprocedure AND NOT tgisinternal
            AND (tgrelid = source OR source IN (SELECT relid FROM pg_partition_ancestors(tgrelid)))
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
    END LOOP;
END
$$;
COMMENT ON FUNCTION hazecast.drop_attachment_triggers(regclass) IS
    'Takes our triggers off an attached table and its partitions.';
REVOKE ALL ON FUNCTION hazecast.drop_attachment_triggers(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.drop_attachment_triggers(regclass) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.unregister_attachment(attachment integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone hazecast.attachment;
BEGIN
    DELETE FROM hazecast.attachment_change AS change WHERE change.attachment = unregister_attachment.attachment;
    DELETE FROM hazecast.attachment AS a WHERE a.id = unregister_attachment.attachment RETURNING a.* INTO gone;
    BEGIN
        IF NOT EXISTS (SELECT FROM hazecast.attachment AS a WHERE a.source = gone.source) THEN
            PERFORM hazecast.drop_attachment_triggers(gone.source);
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'only the owner of % can take triggers off it: detach it as that role', gone.source_name
            USING ERRCODE = 'insufficient_privilege';
    END;
    IF to_regrole(gone.reader) IS NOT NULL THEN
        IF NOT pg_has_role(gone.reader, 'USAGE') THEN
            EXECUTE format('GRANT %I TO %I', gone.reader, current_user);
        END IF;
        EXECUTE format('DROP OWNED BY %I', gone.reader);
        BEGIN
            EXECUTE format('DROP ROLE %I', gone.reader);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'role % stays: it has rights that somebody else granted, or a copy of this database uses it',
                gone.reader;
        END;
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.unregister_attachment(integer) IS
    'What detach does with the rights of the owner of this schema: forgets an attached table and drops its reader.';
REVOKE ALL ON FUNCTION hazecast.unregister_attachment(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.unregister_attachment(integer) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.detach_attachments(source text, name text, attached integer[]) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    granted record;
BEGIN
    IF cardinality(attached) = 0 THEN
        RAISE EXCEPTION '% is not attached', concat_ws(' as ', source, name)
            USING ERRCODE = 'undefined_object', HINT = 'SELECT source, name FROM hazecast.attachments';
    END IF;
    BEGIN
        PERFORM hazecast.drop_attachment_triggers(a.source)
        FROM hazecast.attachment AS a
        WHERE a.id = ANY (attached)
            AND NOT EXISTS (
                SELECT FROM hazecast.attachment AS other WHERE other.source = a.source AND other.id <> ALL (attached));
        FOR granted IN
            SELECT format('SCHEMA %I', nspname) AS object, reader
            FROM pg_namespace CROSS JOIN aclexplode(nspacl) JOIN hazecast.attachment ON to_regrole(reader) = grantee
            WHERE id = ANY (attached)
            UNION
            SELECT format('TABLE %s', pg_class.oid::regclass), reader
            FROM pg_class CROSS JOIN aclexplode(relacl) JOIN hazecast.attachment ON to_regrole(reader) = grantee
            WHERE id = ANY (attached)
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %I', granted.object, granted.reader);
        END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL; -- with the rights of the schema's owner, then
    END;
    PERFORM hazecast.unregister_attachment(id) FROM unnest(attached) AS id;
    RETURN format('%s is detached; its readings stay', source);
END
$$;
COMMENT ON FUNCTION hazecast.detach_attachments(text, text, integer[]) IS
    'What detach does when it knows which attachments are meant: what it can with the rights of the caller.';
REVOKE ALL ON FUNCTION hazecast.detach_attachments(text, text, integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.detach_attachments(text, text, integer[]) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.detach(source text, name text DEFAULT NULL) RETURNS text
    LANGUAGE sql
BEGIN ATOMIC
    SELECT hazecast.detach_attachments(detach.source, detach.name, ARRAY(
        SELECT a.id FROM hazecast.attachment AS a
        WHERE (detach.name IS NULL OR a.name = detach.name)
            AND (a.source = to_regclass(detach.source) OR (a.source_name = detach.source AND NOT EXISTS (
                SELECT FROM hazecast.attachment AS b WHERE b.source = to_regclass(detach.source))))
        ORDER BY a.id
    ));
END;
COMMENT ON FUNCTION hazecast.detach(text, text) IS
    'Ends what attach began, for one attachment of a table or all: our triggers, what waited and what was rejected are '
    'gone, and the table is as it was. Its readings stay. PostgreSQL lets only the owner of a table take triggers off '
    'it, or a superuser who owns this schema.';
REVOKE ALL ON FUNCTION hazecast.detach(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.detach(text, text) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.attachment_is_due(attached hazecast.attachment, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT attached.retry_at <= at AND (
        EXISTS (SELECT FROM hazecast.attachment_change AS change WHERE change.attachment = attached.id)
        OR EXISTS (
            SELECT FROM hazecast.attachment_hour AS hour WHERE hour.attachment = attached.id AND hour.look_at <= at
        )
        OR (attached.settings ? 'poll' AND (attached.polled_at
            + (attached.settings ->> 'poll')::double precision * interval '1 second' <= at) IS NOT FALSE)
    );
END;
COMMENT ON FUNCTION hazecast.attachment_is_due(hazecast.attachment, timestamptz) IS
    'Whether the daemon would find something to do for an attached table.';
REVOKE ALL ON FUNCTION hazecast.attachment_is_due(hazecast.attachment, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.attachment_is_due(hazecast.attachment, timestamptz) TO hazecast_daemon;

CREATE OR REPLACE VIEW hazecast.attachments AS
SELECT
    attached.id,
    CASE WHEN class.oid IS NULL THEN attached.source_name ELSE format('%I.%I', namespace.nspname, class.relname) END
        AS source,
    attached.name,
    CASE
        WHEN attached.error IS NOT NULL THEN 'failing'
        WHEN EXISTS (SELECT FROM hazecast.attachment_change AS change WHERE change.attachment = attached.id)
            THEN 'catching up'
        WHEN attached.settings ? 'poll' THEN 'polling'
        ELSE 'following'
    END AS state,
    attached.error,
    attached.retry_at,
    attached.readings,
    attached.last_reading,
    (SELECT count(*) FROM hazecast.attachment_hour AS hour WHERE hour.attachment = attached.id) AS waiting_hours,
    (SELECT coalesce(sum(rejection.rows), 0)::bigint FROM hazecast.rejection WHERE rejection.attachment = attached.id)
        AS rejected_rows,
    attached.settings,
    attached.reader,
    attached.attached_by,
    attached.attached_at
FROM hazecast.attachment AS attached
LEFT JOIN pg_class AS class ON class.oid = attached.source
LEFT JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace;
COMMENT ON VIEW hazecast.attachments IS 'The tables that feed hazecast.reading, and how they fare.';
COMMENT ON COLUMN hazecast.attachments.id IS 'What hazecast.rejection.attachment refers to.';
COMMENT ON COLUMN hazecast.attachments.source IS 'The table; its former name where it is gone.';
COMMENT ON COLUMN hazecast.attachments.name IS 'Tells several attachments of one table apart.';
COMMENT ON COLUMN hazecast.attachments.state IS
    'following (a trigger tells of every change), polling, catching up (changes wait), or failing.';
COMMENT ON COLUMN hazecast.attachments.error IS 'Why the table cannot be read; NULL when it can.';
COMMENT ON COLUMN hazecast.attachments.retry_at IS 'When it is tried again, while failing.';
COMMENT ON COLUMN hazecast.attachments.readings IS 'Readings written or corrected so far.';
COMMENT ON COLUMN hazecast.attachments.last_reading IS 'The newest hour written.';
COMMENT ON COLUMN hazecast.attachments.waiting_hours IS 'Hours whose rows are not all there yet.';
COMMENT ON COLUMN hazecast.attachments.rejected_rows IS 'Sum of rows in hazecast.rejection.';
COMMENT ON COLUMN hazecast.attachments.settings IS 'The arguments of hazecast.attach; durations in seconds.';
COMMENT ON COLUMN hazecast.attachments.reader IS 'The role with whose rights the table is read.';
COMMENT ON COLUMN hazecast.attachments.attached_by IS 'Role that attached it: it must stay allowed to read the table.';
COMMENT ON COLUMN hazecast.attachments.attached_at IS 'Time of the first call of hazecast.attach.';
REVOKE ALL ON hazecast.attachments FROM PUBLIC;
GRANT SELECT ON hazecast.attachments TO hazecast_daemon, hazecast_operator;
