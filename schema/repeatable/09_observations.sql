-- Forecasts compared with what was observed.
--
-- Views and functions read with the rights of their caller (security_invoker): rows that are hidden from a caller are
-- hidden here too.

CREATE OR REPLACE VIEW hazecast.observation WITH (security_invoker = true) AS
SELECT
    reading.station_id, reading.observed_at,
    -- Small negatives are the noise of an instrument in clean air.
    greatest(reading.pm25, 0::real) AS pm25,
    reading.received_at
FROM hazecast.reading
WHERE reading.pm25 >= -10 AND reading.pm25 < 'infinity' -- neither NULL nor NaN
    AND NOT EXISTS (
        SELECT FROM hazecast.reading_flag AS flag
        WHERE flag.station_id = reading.station_id AND flag.observed_at = reading.observed_at
            AND flag.measure IN ('observed_at', 'pm25')
        OFFSET 0 -- keeps it a probe of one key instead of a join with every flag
    );
COMMENT ON VIEW hazecast.observation IS
    'The readings whose pm25 counts: there, and not flagged by quality control. Scores, maxima and the NowCast are of '
    'these.';
COMMENT ON COLUMN hazecast.observation.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.observation.observed_at IS 'Beginning of the UTC hour.';
COMMENT ON COLUMN hazecast.observation.pm25 IS
    'PM2.5 in µg/m³, as it stands now: corrections included, and 0 for what was sent as -10 to 0.';
COMMENT ON COLUMN hazecast.observation.received_at IS 'When a pm25 of that hour was first there.';
REVOKE ALL ON hazecast.observation FROM PUBLIC;
GRANT SELECT ON hazecast.observation TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE VIEW hazecast.forecast_vs_observed WITH (security_invoker = true) AS
SELECT
    station.name AS station,
    issued.origin,
    lead.lead::integer AS lead,
    issued.origin + lead.lead * interval '1 hour' AS valid_at,
    lead.pm25,
    seen.pm25 AS observed,
    issued.persistence,
    lead.lower80,
    lead.upper80,
    lead.lower95,
    lead.upper95,
    seen.observed_at,
    seen.received_at,
    issued.issued_at < seen.received_at AS in_time,
    model.name AS model,
    issued.issued_at,
    issued.revision,
    station.id AS station_id,
    issued.basis,
    issued.settled_day
FROM hazecast.station
CROSS JOIN LATERAL (
    SELECT
        ledger.*,
        min(ledger.issued_at) OVER (PARTITION BY ledger.origin) AS first_issued_at,
        -- When there was one that came after this: not simply the next, as clocks may go back. NULL for the last.
        min(ledger.issued_at) OVER (
            PARTITION BY ledger.origin ORDER BY ledger.revision ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING
        ) AS superseded_at,
        (
            SELECT held.pm25
            FROM hazecast.observation AS held
            WHERE held.station_id = ledger.station_id
                AND held.observed_at BETWEEN ledger.origin - interval '3 hours' AND ledger.origin
                AND held.received_at <= ledger.issued_at
            ORDER BY held.observed_at DESC
            LIMIT 1
        ) AS persistence
    FROM hazecast.forecast_ledger AS ledger
    -- A reading more than an hour ahead is no origin, so that partitions of the future need not be looked at.
    WHERE ledger.station_id = station.id AND ledger.origin <= now() + interval '1 hour'
) AS issued
CROSS JOIN LATERAL unnest(issued.pm25, issued.lower80, issued.upper80, issued.lower95, issued.upper95)
    WITH ORDINALITY AS lead (pm25, lower80, upper80, lower95, upper95, lead)
LEFT JOIN hazecast.observation AS seen
    ON seen.station_id = station.id AND seen.observed_at = issued.origin + lead.lead * interval '1 hour'
LEFT JOIN hazecast.model ON model.id = issued.model_id
WHERE CASE
    WHEN issued.first_issued_at < seen.received_at
        THEN issued.issued_at < seen.received_at
            AND (issued.superseded_at IS NULL OR issued.superseded_at >= seen.received_at)
    ELSE issued.superseded_at IS NULL
END;
COMMENT ON VIEW hazecast.forecast_vs_observed IS
    'Every forecast beside what was then observed, one row a station, origin and lead: the last revision that was '
    'issued before the observation was received; the last one of all while there is no observation, or where all came '
    'after it. Bound origin by now() or constants: the ledger is partitioned by it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.valid_at IS 'The hour that is forecast: origin + lead hours.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.pm25 IS 'PM2.5 in µg/m³ as forecast.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.observed IS
    'PM2.5 in µg/m³ as observed; NULL while it is not there, or when it was flagged.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.persistence IS
    'What "it stays as it is" would have forecast, in µg/m³: the observation of the origin or, where that is missing, '
    'the last of the 3 hours before, if it had been received when the forecast was issued.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lower80 IS
    'Lower edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.upper80 IS
    'Upper edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lower95 IS
    'Lower edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.upper95 IS
    'Upper edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.observed_at IS
    'The same as valid_at where there is an observation, else NULL. Bounds on it are quick, for readings are '
    'partitioned by it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.received_at IS 'When the observation was first there.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.in_time IS
    'Whether the forecast was issued before the observation was received; NULL while there is none. Only such '
    'forecasts are scored.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.model IS 'Name of the model that made it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.revision IS
    '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.station_id IS 'Id of the station.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.basis IS
    'What the readings of its window are: full, partial (some hours lack PM2.5), or persistence (too few have it for a '
    'model).';
COMMENT ON COLUMN hazecast.forecast_vs_observed.settled_day IS
    'UTC day of the row of hazecast.live_day that it rests on; NULL where there was none.';
REVOKE ALL ON hazecast.forecast_vs_observed FROM PUBLIC;
GRANT SELECT ON hazecast.forecast_vs_observed TO hazecast_daemon, hazecast_reader, hazecast_operator;

-- Bound to `= ANY (stations)` only the ledger's side of the join knew which stations were asked for, and the
-- readings of all of them were hashed for each batch: with 10,000 stations a batch of 32 took 165 ms. By one station
-- after the other both sides go by key, and what it takes depends on the stations asked for and not on how many
-- there are.
CREATE OR REPLACE FUNCTION hazecast.live_outcomes(stations integer[], day date)
    RETURNS TABLE (
        station_id integer, model_id integer, lead integer, n integer, outside80 integer, outside95 integer,
        scored integer, model_sse double precision, persistence_sse double precision,
        change_product double precision, change_square double precision, changes integer
    )
    -- As hazecast.skill() is: planned each time and joined by hash.
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2400
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off
    SET join_collapse_limit = 1 SET enable_nestloop = off SET enable_mergejoin = off
AS $$
DECLARE
    begins constant timestamptz := day::timestamp AT TIME ZONE 'UTC';
    ends constant timestamptz := begins + interval '1 day';
BEGIN
    RETURN QUERY
    SELECT asked.id, judged.*
    FROM (SELECT DISTINCT unnest(stations)) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT
            issuer.id,
            pair.lead,
            (count(*) FILTER (WHERE pair.lower80 IS NOT NULL))::integer,
            (count(*) FILTER (WHERE pair.observed NOT BETWEEN pair.lower80 AND pair.upper80))::integer,
            (count(*) FILTER (WHERE pair.observed NOT BETWEEN pair.lower95 AND pair.upper95))::integer,
            (count(*) FILTER (WHERE pair.persistence IS NOT NULL))::integer,
            -- In an order, so that the same sums come out whoever asks again.
            coalesce(sum((pair.pm25::double precision - pair.observed) ^ 2 ORDER BY pair.origin)
                FILTER (WHERE pair.persistence IS NOT NULL), 0),
            coalesce(sum((pair.persistence::double precision - pair.observed) ^ 2 ORDER BY pair.origin), 0),
            coalesce(sum(
                (pair.pm25::double precision - pair.persistence) / coalesce(rest.change_factors[pair.lead], 1)
                    * (pair.observed - pair.persistence) / (pair.persistence + 5) ORDER BY pair.origin
            ), 0),
            coalesce(sum(
                ((pair.pm25::double precision - pair.persistence) / coalesce(rest.change_factors[pair.lead], 1)) ^ 2
                    / (pair.persistence + 5) ORDER BY pair.origin
            ), 0),
            (count(*) FILTER (WHERE pair.persistence IS NOT NULL))::integer
        FROM hazecast.forecast_vs_observed AS pair
        JOIN hazecast.model AS issuer ON issuer.name = pair.model
        -- The factors that the change was multiplied by, so that they do not learn from themselves.
        LEFT JOIN hazecast.live_day AS rest
            ON rest.station_id = pair.station_id AND rest.day = pair.settled_day
                AND rest.model_id = issuer.id AND NOT rest.persistence
        WHERE pair.station_id = asked.id
            AND pair.origin >= begins - interval '3 days' AND pair.origin < ends
            AND pair.observed_at >= begins - interval '2 days' AND pair.observed_at < ends + interval '1 hour'
            AND pair.received_at >= begins AND pair.received_at < ends
            AND pair.in_time AND pair.basis <> 'persistence'
        GROUP BY issuer.id, pair.lead
    ) AS judged
    ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION hazecast.live_outcomes(integer[], date) IS
    'How the forecasts of some stations did, as told by the observations that were received on one UTC day, one row a '
    'station_id, model_id (who issued them; 0 is persistence) and lead: n (observations beside a forecast with '
    'bands), outside80 and outside95 (those outside of its bands as they were issued), scored (observations for which '
    'there is persistence to compare with), model_sse and persistence_sse (sums of squared errors over those, in '
    '(µg/m³)²), change_product, change_square and changes (sums that hazecast.live_day.change_factors follow from, and '
    'their number). Judged are the forecasts that hazecast.skill() scores; an observation of an hour more than two '
    'days before counts on no day.';
REVOKE ALL ON FUNCTION hazecast.live_outcomes(integer[], date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.live_outcomes(integer[], date) TO hazecast_daemon, hazecast_reader,
    hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.daily_max(time_zone text)
    RETURNS TABLE (
        station text, day date, pm25 real, valid_at timestamptz, hours integer,
        observed real, observed_at timestamptz, stale boolean
    )
    -- Compiled, a query of all stations and their readings takes seconds longer than it saves.
    LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp SET jit = off
BEGIN ATOMIC
    SELECT
        worst.station, worst.day, worst.pm25, worst.valid_at, worst.hours, seen.pm25, seen.observed_at, worst.stale
    FROM (
        SELECT DISTINCT ON (newest.station, local.day)
            newest.station,
            local.day,
            newest.pm25,
            newest.valid_at,
            (count(*) OVER (PARTITION BY newest.station, local.day))::integer AS hours,
            newest.stale
        FROM hazecast.latest_forecast AS newest
        CROSS JOIN LATERAL (SELECT (newest.valid_at AT TIME ZONE time_zone)::date) AS local (day)
        ORDER BY newest.station, local.day, newest.pm25 DESC, newest.valid_at
    ) AS worst
    JOIN hazecast.station ON station.name = worst.station
    LEFT JOIN LATERAL (
        SELECT observation.pm25, observation.observed_at
        FROM hazecast.observation
        WHERE observation.station_id = station.id
            AND observation.observed_at >= worst.day::timestamp AT TIME ZONE time_zone
            AND observation.observed_at < (worst.day + 1)::timestamp AT TIME ZONE time_zone
        ORDER BY observation.pm25 DESC, observation.observed_at
        LIMIT 1
    ) AS seen ON true;
END;
COMMENT ON FUNCTION hazecast.daily_max(text) IS
    'The worst hour of each day of every station''s newest forecast, with days by the clock of a time zone such as '
    'Asia/Shanghai: one row a station and day. station (its name), day, pm25 (greatest forecast in µg/m³), valid_at '
    '(its hour), hours (how many hours of the day the forecast holds), observed (greatest observation of the day so '
    'far in µg/m³; NULL before the first), observed_at (its hour), stale (whether the forecast is three hours old).';
REVOKE ALL ON FUNCTION hazecast.daily_max(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.daily_max(text) TO hazecast_daemon, hazecast_reader, hazecast_operator;
