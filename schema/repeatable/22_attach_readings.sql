-- What the daemon made of an attached table's rows becomes readings. These functions see tables of this schema only.

CREATE OR REPLACE FUNCTION hazecast.take_attached(
    attachment integer, filled text[], stations text[], hours timestamptz[], pm25 real[], dew_point real[],
    temperature real[], pressure real[], wind_direction real[], wind_speed real[]
) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_mergejoin = off
AS $$
DECLARE
    columns constant text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(filled) AS name);
    now_there constant text := (SELECT string_agg(format('r.%I', name), ', ') FROM unnest(filled) AS name);
    wanted constant text := (SELECT string_agg(format('excluded.%I', name), ', ') FROM unnest(filled) AS name);
    written integer;
BEGIN
    EXECUTE format(
        $sql$
        WITH given AS (
            SELECT station, hour, nullif(pm25, 'NaN') AS pm25, nullif(dew_point, 'NaN') AS dew_point,
                nullif(temperature, 'NaN') AS temperature, nullif(pressure, 'NaN') AS pressure,
                nullif(wind_direction, 'NaN') AS wind_direction, nullif(wind_speed, 'NaN') AS wind_speed
            FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
                AS given (station, hour, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
        ), named AS MATERIALIZED (
            SELECT * FROM hazecast.resolve_stations(ARRAY(SELECT DISTINCT station FROM given), true)
        ), placed AS MATERIALIZED (
            SELECT DISTINCT ON (named.station_id, given.hour) named.station_id, given.*
            FROM given JOIN named ON named.name = given.station
            ORDER BY named.station_id, given.hour
        ), before AS MATERIALIZED (
            -- As it was: a statement does not see what it writes.
            SELECT placed.station_id, placed.hour, placed.station, r.written_by, num_nonnulls(%2$s) = 0 AS was_missing,
                EXISTS (
                    SELECT FROM hazecast.attachment_reading AS known WHERE known.station_id = placed.station_id
                        AND known.observed_at = placed.hour AND known.written_by = r.written_by
                ) AS is_attached
            FROM placed
            LEFT JOIN hazecast.reading AS r ON r.station_id = placed.station_id AND r.observed_at = placed.hour
            WHERE placed.hour > now() - interval '3 days'
        ), written AS (
            INSERT INTO hazecast.reading AS r (station_id, observed_at, %1$s)
            SELECT station_id, hour, %1$s FROM placed
            ON CONFLICT (station_id, observed_at) DO UPDATE SET (%1$s) = ROW (%3$s)
            WHERE (%2$s) IS DISTINCT FROM (%3$s)
            RETURNING station_id, observed_at
        ), noted AS (
            INSERT INTO hazecast.attachment_reading AS known (
                attachment, station_id, observed_at, station, is_owner, written_by)
            SELECT $1, before.station_id, before.hour, before.station, before.was_missing,
                CASE WHEN written.station_id IS NULL THEN '0'::xid8 ELSE pg_current_xact_id() END
            FROM before LEFT JOIN written ON written.station_id = before.station_id AND observed_at = before.hour
            ON CONFLICT (station_id, observed_at, attachment) DO UPDATE SET
                station = excluded.station,
                is_owner = excluded.is_owner OR (known.is_owner AND EXISTS (
                    SELECT FROM before WHERE before.station_id = excluded.station_id
                        AND before.hour = excluded.observed_at AND before.is_attached)),
                written_by = greatest(known.written_by, excluded.written_by)
        ), fed AS (
            UPDATE hazecast.attachment AS a SET readings = a.readings + done.rows,
                last_reading = greatest(a.last_reading, done.newest)
            FROM (SELECT count(*) AS rows, max(observed_at) AS newest FROM written) AS done
            WHERE a.id = $1 AND done.rows > 0
        )
        SELECT count(*) FROM written
        $sql$, columns, now_there, wanted)
    INTO written USING
        attachment, stations, hours, pm25, dew_point, temperature, pressure, wind_direction, wind_speed;
    RETURN written;
END
$$;
COMMENT ON FUNCTION hazecast.take_attached(
    integer, text[], text[], timestamptz[], real[], real[], real[], real[], real[], real[]
) IS
    'Writes hours of an attached table as readings, those of its measures that it fills; NaN is a missing value. '
    'Stations that are not there yet are made. Returns how many readings changed.';
REVOKE ALL ON FUNCTION hazecast.take_attached(integer, text[], text[], timestamptz[], real[], real[], real[], real[],
    real[], real[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.take_attached(integer, text[], text[], timestamptz[], real[], real[], real[], real[],
    real[], real[]) TO hazecast_daemon;

CREATE OR REPLACE FUNCTION hazecast.filled_measures(settings jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT array_remove(ARRAY[
        CASE WHEN columns ? 'pm25' THEN 'pm25' END,
        CASE WHEN columns ? 'dew_point' OR columns ?& '{humidity,temperature}' THEN 'dew_point' END,
        CASE WHEN columns ? 'temperature' THEN 'temperature' END,
        CASE WHEN columns ? 'pressure' THEN 'pressure' END,
        CASE WHEN columns ?| '{wind_direction,wind_u}' THEN 'wind_direction' END,
        CASE WHEN columns ?| '{wind_speed,wind_u}' THEN 'wind_speed' END
    ], NULL)
    FROM (SELECT settings -> 'columns') AS of (columns);
END;
COMMENT ON FUNCTION hazecast.filled_measures(jsonb) IS
    'The columns of hazecast.reading that an attached table fills; others keep what is there.';
REVOKE ALL ON FUNCTION hazecast.filled_measures(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.filled_measures(jsonb) TO hazecast_daemon;

CREATE OR REPLACE FUNCTION hazecast.withdraw_attached(attachment integer, stations text[], hours timestamptz[])
    RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gone record;
BEGIN
    FOR gone IN
        DELETE FROM hazecast.attachment_reading AS known
        USING unnest(stations, hours) AS removed (station, hour)
        WHERE known.attachment = withdraw_attached.attachment AND known.station = removed.station
            AND known.observed_at = removed.hour
        RETURNING known.station_id, known.observed_at, known.is_owner, known.written_by
    LOOP
        -- Of a writer's, or another attachment's, nothing is removed: neither a row that was written to since, nor a
        -- measure that others fill.
        CONTINUE WHEN NOT gone.is_owner OR NOT EXISTS (
            SELECT FROM hazecast.reading AS r WHERE r.station_id = gone.station_id AND r.observed_at = gone.observed_at
                AND (r.written_by = gone.written_by OR r.written_by IN (
                    SELECT other.written_by FROM hazecast.attachment_reading AS other
                    WHERE other.station_id = gone.station_id AND other.observed_at = gone.observed_at)));
        EXECUTE coalesce((
            SELECT 'UPDATE hazecast.reading SET ' || string_agg(format('%I = NULL', name), ', ')
                || ' WHERE station_id = $1 AND observed_at = $2'
            FROM unnest((
                SELECT hazecast.filled_measures(a.settings) FROM hazecast.attachment AS a
                WHERE a.id = withdraw_attached.attachment
            )) AS name
            WHERE name <> ALL (ARRAY(
                SELECT unnest(hazecast.filled_measures(a.settings))
                FROM hazecast.attachment_reading AS other JOIN hazecast.attachment AS a ON a.id = other.attachment
                WHERE other.station_id = gone.station_id AND other.observed_at = gone.observed_at))
        ), 'SELECT $1, $2') USING gone.station_id, gone.observed_at;
        UPDATE hazecast.attachment_reading AS other SET written_by = pg_current_xact_id()
        WHERE other.station_id = gone.station_id AND other.observed_at = gone.observed_at AND other.written_by <> '0';
        DELETE FROM hazecast.reading AS r
        WHERE r.station_id = gone.station_id AND r.observed_at = gone.observed_at
            AND num_nonnulls(r.pm25, r.dew_point, r.temperature, r.pressure, r.wind_direction, r.wind_speed) = 0;
    END LOOP;
    DELETE FROM hazecast.attachment_reading AS old
    WHERE old.attachment = withdraw_attached.attachment AND old.observed_at < now() - interval '3 days';
END
$$;
COMMENT ON FUNCTION hazecast.withdraw_attached(integer, text[], timestamptz[]) IS
    'Takes away the readings of hours of which an attached table has no rows any more, where they are its own.';
REVOKE ALL ON FUNCTION hazecast.withdraw_attached(integer, text[], timestamptz[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.withdraw_attached(integer, text[], timestamptz[]) TO hazecast_daemon;
