-- Attached tables: from hours to readings.

CREATE OR REPLACE FUNCTION hazecast.settle_hours(
    attached hazecast.attachment, at timestamptz, most integer, OUT hours integer, OUT written integer
)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stations text[];
    hour_list timestamptz[];
    removals boolean[];
    finals timestamptz[];
    -- Found again by these: statistics of a table that empties itself mislead. Nobody else writes it meanwhile.
    places tid[];
    newest timestamptz;
    rejects hazecast.rejected[];
    gone_stations text[];
    gone_hours timestamptz[];
    filled text;
    others text;
BEGIN
    SELECT array_agg(due.station), array_agg(due.hour), array_agg(due.removed), array_agg(due.final_at),
        array_agg(due.ctid)
    INTO stations, hour_list, removals, finals, places
    FROM (
        SELECT h.station, h.hour, h.removed, h.final_at, h.ctid FROM hazecast.attachment_hour AS h
        WHERE h.attachment = attached.id AND h.look_at <= at
        ORDER BY h.look_at DESC, h.hour DESC LIMIT most
    ) AS due;
    hours := coalesce(cardinality(stations), 0);
    written := 0;
    IF hours = 0 THEN
        RETURN;
    END IF;
    SELECT string_agg(quote_ident(name), ', ') INTO filled FROM unnest(hazecast.attached_measures(attached)) AS name;
    SELECT coalesce(string_agg(format('reading.%I IS NULL', name), ' AND '), 'true') INTO others
    FROM unnest('{pm25,dew_point,temperature,pressure,wind_direction,wind_speed}'::text[]) AS name
    WHERE name <> ALL (hazecast.attached_measures(attached));
    -- Its index on station and time is used where there is one: a plan by estimates alone may read the whole table
    -- instead.
    PERFORM set_config('enable_seqscan', 'off', true)
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = attached.source AND indpred IS NULL AND indisvalid
        AND attname IN (attached.columns ->> 'station', attached.columns ->> 'observed_at');
    EXECUTE hazecast.hours_sql(attached) || format(
        $sql$
        , verdict AS (
            SELECT wanted.station, wanted.hour, wanted.place, computed.shortage, computed.covered %1$s,
                CASE
                    WHEN covered >= 0.999 THEN 'emit'
                    WHEN wanted.final_at > $7 THEN 'wait'
                    WHEN covered >= 0.749 THEN 'emit'
                    WHEN wanted.removed THEN 'withdraw'
                    WHEN covered > 0 THEN 'reject'
                    ELSE 'empty'
                END AS verdict
            FROM wanted LEFT JOIN computed USING (station, hour)
        ), named AS MATERIALIZED (
            SELECT *
            FROM hazecast.resolve_stations(ARRAY(SELECT DISTINCT station FROM verdict WHERE verdict = 'emit'), true)
        ), written AS (
            INSERT INTO hazecast.reading AS r (station_id, observed_at, %2$s)
            SELECT DISTINCT ON (named.station_id, verdict.hour) named.station_id, verdict.hour, %2$s
            FROM verdict JOIN named ON named.name = verdict.station
            WHERE verdict.verdict = 'emit'
            ORDER BY named.station_id, verdict.hour
            ON CONFLICT (station_id, observed_at) DO UPDATE SET (%2$s) = ROW (%3$s)
            WHERE (%4$s) IS DISTINCT FROM (%3$s)
            RETURNING observed_at
        ), fed AS (
            INSERT INTO hazecast.attachment_station (attachment, station)
            SELECT $8, named.name FROM named
            WHERE NOT EXISTS (
                SELECT FROM hazecast.attachment_station AS known
                WHERE known.attachment = $8 AND known.station = named.name
            )
        ), settled AS (
            DELETE FROM hazecast.attachment_hour AS h USING verdict
            WHERE h.ctid = verdict.place AND verdict.verdict <> 'wait'
        ), postponed AS (
            UPDATE hazecast.attachment_hour AS h SET look_at = h.final_at FROM verdict
            WHERE h.ctid = verdict.place AND verdict.verdict = 'wait'
        ), rejected AS (
            SELECT station, stamp::text AS observed, fault AS reason, count(*) AS rows
            FROM weighted WHERE fault <> '' AND date_trunc('hour', beginning) = hour
            GROUP BY station, stamp, fault
            UNION ALL
            SELECT station, hour::text, CASE verdict
                WHEN 'emit' THEN shortage
                ELSE format('rows of %%s %%%% of the hour: it takes 75 %%%%', round(100 * covered))
                END, 1
            FROM verdict
            WHERE (verdict IN ('reject', 'withdraw') AND covered > 0) OR (verdict = 'emit' AND shortage <> '')
        )
        SELECT
            (SELECT count(*) FROM written), (SELECT max(observed_at) FROM written),
            (SELECT array_agg((station, observed, reason, rows, true)::hazecast.rejected) FROM rejected),
            (SELECT array_agg(station) FROM verdict WHERE verdict = 'withdraw'),
            (SELECT array_agg(hour) FROM verdict WHERE verdict = 'withdraw')
        $sql$,
        (SELECT string_agg(format(', computed.%I', name), '')
            FROM unnest(hazecast.attached_measures(attached)) AS name),
        filled,
        (SELECT string_agg(format('excluded.%I', name), ', ')
            FROM unnest(hazecast.attached_measures(attached)) AS name),
        (SELECT string_agg(format('r.%I', name), ', ') FROM unnest(hazecast.attached_measures(attached)) AS name))
    INTO written, newest, rejects, gone_stations, gone_hours
    USING stations, hour_list, removals, finals,
        (SELECT min(hour) FROM unnest(hour_list) AS hour), (SELECT max(hour) FROM unnest(hour_list) AS hour),
        at, attached.id, places;
    IF gone_stations IS NOT NULL THEN
        -- What other sources have filled stays.
        EXECUTE format(
            $sql$
            UPDATE hazecast.reading SET (%1$s) = ROW (%2$s)
            FROM unnest($1, $2) AS gone (station, hour), hazecast.resolve_stations($1) AS named
            WHERE named.name = gone.station AND reading.station_id = named.station_id
                AND reading.observed_at = gone.hour
                AND NOT (%3$s)
            $sql$,
            filled, (SELECT string_agg('NULL', ', ') FROM unnest(hazecast.attached_measures(attached))), others)
        USING gone_stations, gone_hours;
        EXECUTE format(
            $sql$
            DELETE FROM hazecast.reading
            USING unnest($1, $2) AS gone (station, hour), hazecast.resolve_stations($1) AS named
            WHERE named.name = gone.station AND reading.station_id = named.station_id
                AND reading.observed_at = gone.hour
                AND %s
            $sql$, others)
        USING gone_stations, gone_hours;
    END IF;
    IF rejects IS NOT NULL THEN
        PERFORM hazecast.reject(attached.id, rejects);
    END IF;
    UPDATE hazecast.attachment AS a
    SET readings = a.readings + written, last_reading = greatest(a.last_reading, newest)
    WHERE a.id = attached.id AND written > 0;
END
$$;
COMMENT ON FUNCTION hazecast.settle_hours(hazecast.attachment, timestamptz, integer) IS
    'Computes the hours of an attached table whose time has come, at most so many, and writes those that are '
    'complete, or final and at least 75 % there; how many it looked at and how many readings it wrote.';
REVOKE ALL ON FUNCTION hazecast.settle_hours(hazecast.attachment, timestamptz, integer) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.attachment_is_due(attached hazecast.attachment, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT attached.retry_at <= at AND (
        EXISTS (SELECT FROM hazecast.attachment_change AS change WHERE change.attachment = attached.id)
        OR EXISTS (
            SELECT FROM hazecast.attachment_hour AS hour WHERE hour.attachment = attached.id AND hour.look_at <= at
        )
        OR attached.polled_at + attached.poll <= at
    );
END;
COMMENT ON FUNCTION hazecast.attachment_is_due(hazecast.attachment, timestamptz) IS
    'Whether settle_attachments would find something to do for an attached table.';
REVOKE ALL ON FUNCTION hazecast.attachment_is_due(hazecast.attachment, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.attachment_is_due(hazecast.attachment, timestamptz) TO hazecast_daemon;

CREATE OR REPLACE FUNCTION hazecast.settle_attachments(
    at timestamptz DEFAULT clock_timestamp(), most integer DEFAULT 20000,
    OUT hours integer, OUT written integer, OUT failures text
)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
    SET row_security = off SET lock_timeout = '200ms' SET enable_seqscan = on SET enable_mergejoin = off
    SET plan_cache_mode = auto SET jit = off
AS $$
DECLARE
    attached hazecast.attachment;
    stage text;
    batch integer;
    done record;
    state text;
    message text;
BEGIN
    hours := 0;
    written := 0;
    FOR attached IN
        SELECT * FROM hazecast.attachment AS a WHERE hazecast.attachment_is_due(a, at) FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        state := NULL;
        FOREACH stage IN ARRAY '{changes,hours}'::text[] LOOP
            batch := most;
            WHILE batch > 0 LOOP
                BEGIN
                    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = attached.source) THEN
                        RAISE EXCEPTION 'the table is gone' USING ERRCODE = 'undefined_table';
                    END IF;
                    -- Holds the table as it is, until its columns' types have been looked at and its rows read.
                    EXECUTE format('SELECT FROM %s LIMIT 0', attached.source);
                    IF stage = 'hours' THEN
                        done := hazecast.settle_hours(attached, at, batch);
                        hours := hours + done.hours;
                        written := written + done.written;
                    ELSE
                        IF attached.polled_at + attached.poll <= at THEN
                            PERFORM hazecast.note_rows(
                                attached, 'poll', least(attached.polled_at, at) - interval '6 hours');
                            UPDATE hazecast.attachment SET polled_at = at WHERE id = attached.id;
                        END IF;
                        PERFORM hazecast.absorb_changes(attached, at, batch);
                    END IF;
                    batch := 0;
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                    IF left(state, 2) NOT IN ('22', '23', '54') THEN
                        batch := 0;
                    ELSIF batch > 1 THEN
                        -- Some row makes it fail in a way that was not thought of: the others must not wait for it.
                        state := NULL;
                        batch := greatest(batch / 8, 1);
                    ELSE
                        state := NULL;
                        batch := 0;
                        PERFORM hazecast.reject_one(attached.id, stage, at, message);
                    END IF;
                END;
            END LOOP;
            EXIT WHEN state IS NOT NULL;
        END LOOP;
        IF state IS NULL THEN
            UPDATE hazecast.attachment SET error = NULL, failures = 0, retry_at = '-infinity'
            WHERE id = attached.id AND error IS NOT NULL;
        ELSE
            UPDATE hazecast.attachment AS a
            SET error = message, failures = a.failures + 1,
                retry_at = at + least(interval '1 second' * 2 ^ least(a.failures, 12), interval '1 hour')
            WHERE a.id = attached.id;
            IF attached.error IS DISTINCT FROM message THEN
                failures := concat_ws('; ', failures, format('%s: %s', attached.source_name, message));
            END IF;
        END IF;
    END LOOP;
END
$$;
-- enable_mergejoin: it would sort rows by the station's text, which costs more than PostgreSQL thinks.
COMMENT ON FUNCTION hazecast.settle_attachments(timestamptz, integer) IS
    'Reads what changed in attached tables and writes the readings that come of it, for each table at most so many '
    'changes and hours: call it until nothing is due. Answers how many hours it looked at, how many readings it '
    'wrote, and which tables have failed anew. The daemon calls it.';
REVOKE ALL ON FUNCTION hazecast.settle_attachments(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.settle_attachments(timestamptz, integer) TO hazecast_daemon;
