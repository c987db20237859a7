-- Attached tables: the trigger on the user's table. It must not fail and must not wait, whatever has become of the
-- table or of this schema.

CREATE OR REPLACE FUNCTION hazecast.note_attached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
AS $$
DECLARE
    attached hazecast.attachment;
    keys text;
BEGIN
    BEGIN
        SELECT * INTO attached FROM hazecast.attachment WHERE id = TG_ARGV[0]::integer;
        IF attached.id IS NULL OR (TG_OP IN ('DELETE', 'TRUNCATE') AND NOT attached.follow_deletes) THEN
            RETURN NULL;
        END IF;
        keys := format(
            'SELECT %s AS station, %s AS observed', hazecast.key_sql(attached.columns ->> 'station'),
            hazecast.key_sql(attached.columns ->> 'observed_at'));
        IF TG_OP IN ('INSERT', 'UPDATE') THEN
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
                SELECT $1, ''write'', station, observed, count(*) FROM (%s FROM written AS row) AS key
                GROUP BY station, observed',
                keys) USING attached.id;
        END IF;
        IF TG_OP = 'UPDATE' THEN
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
                SELECT $1, ''removal'', station, observed, 1
                FROM (%1$s FROM removed AS row EXCEPT %1$s FROM written AS row) AS key',
                keys) USING attached.id;
        ELSIF TG_OP = 'DELETE' THEN
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
                SELECT DISTINCT $1, ''removal'', station, observed, 1 FROM (%s FROM removed AS row) AS key',
                keys) USING attached.id;
        ELSIF TG_OP = 'TRUNCATE' THEN
            INSERT INTO hazecast.attachment_change (attachment, kind, rows) VALUES (attached.id, 'truncate', 1);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO hazecast.attachment_change (attachment, kind, observed, rows)
        VALUES (TG_ARGV[0]::integer, 'blind', SQLERRM, 1);
    END;
    -- A notification would make PREPARE TRANSACTION fail: where that is allowed, the daemon's timer has to do.
    IF current_setting('max_prepared_transactions') = '0' THEN
        INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_attached() IS
    'After a statement that changed an attached table: which stations and times, into hazecast.attachment_change. '
    'Raises nothing, ever.';
REVOKE ALL ON FUNCTION hazecast.note_attached() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.note_attached() TO hazecast_operator;
