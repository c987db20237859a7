-- Attached tables: from changes to hours.

CREATE OR REPLACE FUNCTION hazecast.note_rows(attached hazecast.attachment, kind text, since timestamptz) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    noted bigint;
BEGIN
    EXECUTE format(
        'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
        SELECT $1, $2, station, observed, count(*)
        FROM (SELECT %s AS station, %s AS observed, row.%3$I AS moment FROM %4$s AS row WHERE %5$s >= %6$s) AS key
        GROUP BY station, observed, moment ORDER BY moment',
        hazecast.key_sql(attached.columns ->> 'station'), hazecast.key_sql(attached.columns ->> 'observed_at'),
        attached.columns ->> 'observed_at', attached.source,
        format(
            CASE hazecast.type_family(hazecast.attached_type(attached.source, attached.columns ->> 'observed_at'))
                WHEN 'text' THEN '(row.%I)::text COLLATE "C"' ELSE 'row.%I' END,
            attached.columns ->> 'observed_at'),
        (hazecast.range_sql(attached, '$3', '$3'))[1])
    USING attached.id, kind, since;
    GET DIAGNOSTICS noted = ROW_COUNT;
    RETURN noted;
END
$$;
COMMENT ON FUNCTION hazecast.note_rows(hazecast.attachment, text, timestamptz) IS
    'Notes every row of an attached table since a time as a change; how many.';
REVOKE ALL ON FUNCTION hazecast.note_rows(hazecast.attachment, text, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.note_history(attachment integer, history interval) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
    SET row_security = off
AS $$
DECLARE
    noted bigint := 0;
BEGIN
    IF history IS NOT NULL THEN
        SELECT hazecast.note_rows(a, 'history', now() - history) INTO noted
        FROM hazecast.attachment AS a WHERE a.id = note_history.attachment;
    END IF;
    INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    RETURN noted;
END
$$;
COMMENT ON FUNCTION hazecast.note_history(integer, interval) IS
    'Notes the rows that an attached table has had for so long, and wakes the daemon; how many.';
REVOKE ALL ON FUNCTION hazecast.note_history(integer, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.note_history(integer, interval) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.absorb_changes(attached hazecast.attachment, at timestamptz, most integer)
    RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_number constant boolean :=
        hazecast.type_family(hazecast.attached_type(attached.source, attached.columns ->> 'observed_at')) = 'number';
    is_padded constant boolean := attached.station_name IS NULL
        AND hazecast.attached_type(attached.source, attached.columns ->> 'station') = 'bpchar'::regtype;
    ticks constant double precision := hazecast.ticks(attached);
    grid constant interval := least(attached.step, interval '15 minutes');
    shift constant interval := CASE attached.stamps WHEN 'end' THEN attached.step ELSE interval '0' END;
    recent constant timestamptz := at - interval '2 days';
    rejects hazecast.rejected[];
    is_truncated boolean;
BEGIN
    WITH taken AS (
        -- The newest first: a history that is taken in must not keep what happens now waiting.
        DELETE FROM hazecast.attachment_change AS change
        USING (
            SELECT id FROM hazecast.attachment_change WHERE attachment = attached.id ORDER BY id DESC LIMIT most
        ) AS newest
        WHERE change.attachment = attached.id AND change.id = newest.id
        RETURNING
            change.kind, change.observed, change.rows,
            coalesce(attached.station_name, CASE WHEN is_padded THEN rtrim(change.station) ELSE change.station END)
                AS station
    ), stamped AS (
        SELECT taken.*, CASE
            WHEN kind NOT IN ('blind', 'truncate') THEN
                CASE WHEN is_number THEN hazecast.number_instant(observed, ticks)
                    ELSE hazecast.text_instant(observed, attached.time_zone) END
            END AS stamp
        FROM taken
    ), judged AS (
        SELECT stamped.*, CASE
            WHEN kind = 'truncate' THEN NULL
            WHEN kind = 'blind' THEN 'the trigger could not tell which row changed: ' || observed
            WHEN station IS NULL THEN 'the station is NULL'
            WHEN btrim(station) = '' THEN 'the station is blank'
            WHEN length(station) > 200 THEN 'the station''s name is longer than 200 characters'
            ELSE hazecast.time_fault(stamp, observed, attached.time_zone, at)
        END AS reason
        FROM stamped
    ), hours AS (
        SELECT station, hour, bool_or(kind = 'removal') AS removed, bool_or(kind = 'history') AS is_history
        FROM judged
        CROSS JOIN LATERAL (
            SELECT date_bin(grid, stamp + grid / 2, '0001-01-01 00:00:00+00') - shift AS beginning
        ) AS span
        CROSS JOIN LATERAL (
            VALUES
                (date_trunc('hour', beginning)),
                (date_trunc('hour', beginning + attached.step - interval '1 microsecond'))
        ) AS touched (hour)
        WHERE reason IS NULL AND kind <> 'truncate'
        GROUP BY station, hour
    ), noted AS (
        INSERT INTO hazecast.attachment_hour AS h (attachment, station, hour, look_at, final_at, removed)
        SELECT
            attached.id, station, hour, at,
            CASE WHEN bool_or(is_history) AND hour + interval '1 hour' + attached.patience <= at THEN at
                ELSE greatest(hour + interval '1 hour', at) + attached.patience END,
            bool_or(removed)
        FROM hours
        WHERE NOT removed OR hour > recent
        GROUP BY station, hour
        ON CONFLICT (attachment, station, hour) DO UPDATE
            SET look_at = excluded.look_at, removed = h.removed OR excluded.removed
    )
    SELECT
        array_agg((
            station, CASE WHEN kind <> 'blind' THEN observed END, reason, rows, kind IN ('poll', 'history')
        )::hazecast.rejected)
            FILTER (WHERE reason IS NOT NULL AND kind <> 'removal'),
        bool_or(kind = 'truncate')
    INTO rejects, is_truncated
    FROM judged;
    IF is_truncated THEN
        INSERT INTO hazecast.attachment_hour AS h (attachment, station, hour, look_at, final_at, removed)
        SELECT attached.id, named.name, reading.observed_at, at, at, true
        FROM hazecast.resolve_stations(ARRAY(
            SELECT fed.station FROM hazecast.attachment_station AS fed WHERE fed.attachment = attached.id
        )) AS named
        JOIN hazecast.reading ON reading.station_id = named.station_id AND reading.observed_at > recent
        ON CONFLICT (attachment, station, hour) DO UPDATE SET look_at = excluded.look_at, removed = true;
    END IF;
    IF rejects IS NOT NULL THEN
        PERFORM hazecast.reject(attached.id, rejects);
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.absorb_changes(hazecast.attachment, timestamptz, integer) IS
    'Turns the newest noted changes of a table into hours to be computed, and rejects those that name none. Deleted '
    'rows count for two days: older readings are history, which outlives the table it came from.';
REVOKE ALL ON FUNCTION hazecast.absorb_changes(hazecast.attachment, timestamptz, integer) FROM PUBLIC;
