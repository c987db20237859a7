-- The triggers on an attached table: they note which hours changed, and must neither fail nor wait. They open no
-- subtransaction; what could fail is looked up first.

CREATE OR REPLACE FUNCTION hazecast.note_attached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
AS $$
DECLARE
    attached record;
    rows record;
    epoch text;
    station text;
    fine text;
BEGIN
    FOR attached IN
        SELECT a.id, a.settings, a.settings #>> '{columns,station}' AS station,
            a.settings #>> '{columns,observed_at}' AS observed_at,
            hazecast.type_family(TG_RELID, a.settings #>> '{columns,station}') AS station_family,
            hazecast.type_family(TG_RELID, a.settings #>> '{columns,observed_at}') AS time_family
        FROM hazecast.attachment AS a
        WHERE a.source = TG_RELID OR a.source IN (SELECT relid FROM pg_partition_ancestors(TG_RELID))
    LOOP
        IF TG_OP = 'TRUNCATE' THEN
            INSERT INTO hazecast.attachment_change (attachment, kind)
            SELECT attached.id, 'truncate' WHERE (attached.settings ->> 'follow_deletes')::boolean;
            CONTINUE;
        ELSIF coalesce(attached.time_family, 'other') IN ('uuid', 'other')
            OR (attached.station IS NOT NULL
                AND coalesce(attached.station_family, 'other') IN ('instant', 'local', 'other'))
        THEN
            -- The column is gone or not what it was: the look at the table will say so.
            INSERT INTO hazecast.attachment_change (attachment, kind, hours)
            VALUES (attached.id, 'history', int8multirange(int8range(
                floor(date_part('epoch', now()) / 3600)::bigint - 6, NULL)));
            CONTINUE;
        END IF;
        -- Types are those of PostgreSQL, or domains over them: nothing here calls a function of the user's.
        station := CASE WHEN attached.station IS NULL
            THEN quote_literal(coalesce(attached.settings ->> 'station_name', '')) || '::text'
            ELSE format('(row.%I)::text', attached.station) END;
        epoch := format(CASE attached.time_family
            WHEN 'text' THEN 'NULL::float8'
            WHEN 'number' THEN 'CASE WHEN row.%1$I BETWEEN 0 AND 1e16 THEN row.%1$I::float8 / %2$s END'
            ELSE 'date_part(''epoch'', row.%1$I)' END,
            attached.observed_at,
            CASE attached.settings #>> '{units,observed_at}' WHEN 'us' THEN '1e6' WHEN 'ms' THEN '1e3' ELSE '1' END);
        fine := format(
            '(%1$s BETWEEN 0 AND date_part(''epoch'', now()) + 172800 AND length(btrim(%2$s)) > 0 '
            'AND length(%2$s) <= 200)', epoch, station);
        -- The names of the transition tables are those of the trigger: any other might be a table of the user's.
        FOR rows IN
            SELECT tgnewtable AS name, 'write' AS kind FROM pg_trigger
            WHERE tgrelid = TG_RELID AND tgname = TG_NAME AND tgnewtable IS NOT NULL
            UNION ALL
            SELECT tgoldtable, 'removal' FROM pg_trigger
            WHERE tgrelid = TG_RELID AND tgname = TG_NAME AND tgoldtable IS NOT NULL
                AND (TG_OP = 'UPDATE' OR (attached.settings ->> 'follow_deletes')::boolean)
        LOOP
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, hours, observed, rows)
                SELECT $1, $2, station, range_agg(int8range(hour, hour + 1)), NULL, sum(rows)
                FROM (
                    SELECT %1$s AS station, floor(%2$s / 3600)::int8 AS hour, count(*) AS rows FROM %3$I AS row
                    WHERE %4$s GROUP BY 1, 2
                ) AS hourly
                GROUP BY station
                UNION ALL
                SELECT $1, $2, %1$s, NULL, (row.%5$I)::text, count(*)
                FROM %3$I AS row WHERE %4$s IS NOT TRUE GROUP BY 3, 5',
                station, epoch, rows.name, fine, attached.observed_at)
            USING attached.id, rows.kind;
        END LOOP;
    END LOOP;
    -- A notification would make PREPARE TRANSACTION fail: where that is allowed, the daemon's timer has to do.
    IF current_setting('max_prepared_transactions') = '0' THEN
        INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_attached() IS
    'After a statement that changed an attached table: which stations and hours, into hazecast.attachment_change.';
REVOKE ALL ON FUNCTION hazecast.note_attached() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.note_attached() TO hazecast_operator;
