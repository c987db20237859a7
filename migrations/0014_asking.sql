-- What people ask of forecasts and readings: what was known when, what came, and how good it was.
--
-- Views look with the rights of who asks (security_invoker), and so do functions: what hides a station's rows from
-- somebody hides them here too.

CREATE VIEW hazecast.observation WITH (security_invoker = true) AS
SELECT reading.station_id, reading.observed_at, reading.pm25, reading.received_at
FROM hazecast.reading
WHERE reading.pm25 < 'infinity' -- neither NULL nor NaN
    AND NOT EXISTS (
        SELECT FROM hazecast.reading_flag AS flag
        WHERE flag.station_id = reading.station_id AND flag.observed_at = reading.observed_at
            AND flag.measure IN ('observed_at', 'pm25')
        OFFSET 0 -- keeps it a probe of one key instead of a join with every flag
    );
COMMENT ON VIEW hazecast.observation IS
    'The readings whose pm25 counts: there, and not flagged by quality control. Scores, maxima and the NowCast are of these.';
COMMENT ON COLUMN hazecast.observation.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.observation.observed_at IS 'Beginning of the UTC hour.';
COMMENT ON COLUMN hazecast.observation.pm25 IS 'PM2.5 in µg/m³, as it stands now: corrections included.';
COMMENT ON COLUMN hazecast.observation.received_at IS 'When a pm25 of that hour was first there.';

CREATE VIEW hazecast.forecast_vs_observed WITH (security_invoker = true) AS
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
    station.id AS station_id
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
    'Every forecast beside what was then observed, one row a station, origin and lead: the last revision that was issued '
    'before the observation was received; the last one of all while there is no observation, or where all came after it. '
    'Bound origin by now() or constants: the ledger is partitioned by it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.valid_at IS 'The hour that is forecast: origin + lead hours.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.pm25 IS 'PM2.5 in µg/m³ as forecast.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.observed IS
    'PM2.5 in µg/m³ as observed; NULL while it is not there, or when it was flagged.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.persistence IS
    'What "it stays as it is" would have forecast, in µg/m³: the observation of the origin or, where that is missing, the '
    'last of the 3 hours before, if it had been received when the forecast was issued.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lower80 IS
    'Lower edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.upper80 IS
    'Upper edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lower95 IS
    'Lower edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.upper95 IS
    'Upper edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.observed_at IS
    'The same as valid_at where there is an observation, else NULL. Bounds on it are quick, for readings are partitioned by it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.received_at IS 'When the observation was first there.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.in_time IS
    'Whether the forecast was issued before the observation was received; NULL while there is none. Only such forecasts are '
    'scored.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.model IS 'Name of the model that made it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.revision IS
    '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.station_id IS 'Id of the station.';

CREATE FUNCTION hazecast.forecast_as_of(at timestamptz)
    RETURNS TABLE (
        station text, origin timestamptz, lead integer, valid_at timestamptz, pm25 real,
        lower80 real, upper80 real, lower95 real, upper95 real,
        model text, issued_at timestamptz, revision integer, stale boolean
    )
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        station.name, newest.origin, lead.lead::integer, newest.origin + lead.lead * interval '1 hour', lead.pm25,
        lead.lower80, lead.upper80, lead.lower95, lead.upper95,
        model.name, newest.issued_at, newest.revision, at >= newest.origin + interval '3 hours'
    FROM hazecast.station
    CROSS JOIN LATERAL (
        SELECT ledger.*
        FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = station.id AND ledger.issued_at <= at AND ledger.origin <= at + interval '1 hour'
        ORDER BY ledger.origin DESC, ledger.revision DESC
        LIMIT 1
    ) AS newest
    CROSS JOIN LATERAL unnest(newest.pm25, newest.lower80, newest.upper80, newest.lower95, newest.upper95)
        WITH ORDINALITY AS lead (pm25, lower80, upper80, lower95, upper95, lead)
    LEFT JOIN hazecast.model ON model.id = newest.model_id;
END;
COMMENT ON FUNCTION hazecast.forecast_as_of(timestamptz) IS
    'The newest forecast that every station had at a time, one row a lead, with the columns of hazecast.latest_forecast: '
    'station (its name), origin (hour of the last reading that the forecast knew), lead (hours after it, 1 to 24), valid_at (the '
    'hour that is forecast), pm25 and the edges of the bands lower80, upper80, lower95, upper95 in µg/m³ (NULL without '
    'bands), model (its name), issued_at, revision, stale (whether the origin was three hours back by then). Readings that '
    'were deleted since do not matter.';

CREATE TYPE hazecast.lead_skill AS (
    station text,
    lead integer,
    n bigint,
    rmse double precision,
    mae double precision,
    bias double precision,
    r2 double precision,
    persistence_rmse double precision,
    skill double precision,
    coverage80 double precision,
    coverage95 double precision
);
COMMENT ON TYPE hazecast.lead_skill IS 'What hazecast.skill() says of a station and lead.';
COMMENT ON COLUMN hazecast.lead_skill.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.lead_skill.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.lead_skill.n IS 'How many hours were scored.';
COMMENT ON COLUMN hazecast.lead_skill.rmse IS 'Root mean squared error in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.mae IS 'Mean absolute error in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.bias IS 'Mean of forecast - observed in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.r2 IS
    'Share of the variance of the observed that is explained, 1 - SSE / SST; NULL where nothing varied.';
COMMENT ON COLUMN hazecast.lead_skill.persistence_rmse IS 'Root mean squared error of "it stays as it is" in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.skill IS
    '1 - MSE / MSE of persistence, over the hours that have one: 1 is perfect, above 0 better than persistence.';
COMMENT ON COLUMN hazecast.lead_skill.coverage80 IS
    'Share of the observations inside the 80 % band, edges included; NULL without bands.';
COMMENT ON COLUMN hazecast.lead_skill.coverage95 IS
    'Share of the observations inside the 95 % band, edges included; NULL without bands.';
REVOKE ALL ON TYPE hazecast.lead_skill FROM PUBLIC;

CREATE FUNCTION hazecast.skill(
    since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now(), station text DEFAULT NULL
)
    RETURNS SETOF hazecast.lead_skill
    -- Planned each time: only bounds that the planner knows spare it the partitions that they exclude. Joined
    -- in the order of the view and by hash: a server that has not analysed its tables yet, as after a restore, takes them
    -- for empty and would go through the ledger once a reading.
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2400
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off
    SET join_collapse_limit = 1 SET enable_nestloop = off SET enable_mergejoin = off
AS $$
DECLARE
    first_origin constant timestamptz := since - interval '24 hours';
    place constant integer := hazecast.station_named(station);
BEGIN
    RETURN QUERY
    SELECT
        scored.station,
        scored.lead,
        count(*),
        sqrt(avg(scored.error ^ 2)),
        avg(abs(scored.error)),
        avg(scored.error),
        1 - sum(scored.error ^ 2) / nullif(count(*) * var_pop(scored.observed::double precision), 0),
        sqrt(avg(scored.persistence_error ^ 2)),
        1 - avg(scored.error ^ 2) FILTER (WHERE scored.persistence_error IS NOT NULL)
            / nullif(avg(scored.persistence_error ^ 2), 0),
        avg((scored.observed BETWEEN scored.lower80 AND scored.upper80)::integer)::double precision,
        avg((scored.observed BETWEEN scored.lower95 AND scored.upper95)::integer)::double precision
    FROM (
        SELECT
            pair.*,
            pair.pm25::double precision - pair.observed AS error,
            pair.persistence::double precision - pair.observed AS persistence_error
        FROM hazecast.forecast_vs_observed AS pair
        WHERE (place IS NULL OR pair.station_id = place)
            AND pair.origin >= first_origin AND pair.origin < until
            AND pair.observed_at >= since AND pair.observed_at < until
            AND pair.in_time
    ) AS scored
    GROUP BY scored.station, scored.lead
    ORDER BY scored.station, scored.lead;
END
$$;
COMMENT ON FUNCTION hazecast.skill(timestamptz, timestamptz, text) IS
    'How good the forecasts were of the hours from since (30 days ago, unless said) up to, but not including, until (now), of '
    'one station or of all, one row a station and lead. Scored is the last revision issued before the observation was received, '
    'as hazecast.forecast_vs_observed shows it; hours whose observation is missing or flagged do not count.';

CREATE TYPE hazecast.lead_exceedance_skill AS (
    station text,
    lead integer,
    n bigint,
    hits bigint,
    misses bigint,
    false_alarms bigint,
    pod double precision,
    far double precision,
    csi double precision
);
COMMENT ON TYPE hazecast.lead_exceedance_skill IS 'What hazecast.exceedance_skill() says of a station and lead.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.n IS 'How many hours were judged.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.hits IS 'Hours that were warned of and exceeded the level.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.misses IS 'Hours that exceeded the level without a warning.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.false_alarms IS 'Hours that were warned of and did not exceed the level.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.pod IS
    'Probability of detection: hits / (hits + misses); NULL where the level was never exceeded.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.far IS
    'False alarm ratio: false alarms / (hits + false alarms); NULL where nobody was warned.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.csi IS
    'Critical success index: hits / (hits + misses + false alarms); NULL where the divisor is 0.';
REVOKE ALL ON TYPE hazecast.lead_exceedance_skill FROM PUBLIC;

CREATE FUNCTION hazecast.exceedance_skill(
    level real, probability real DEFAULT 0.5, since timestamptz DEFAULT now() - interval '30 days',
    until timestamptz DEFAULT now(), station text DEFAULT NULL
)
    RETURNS SETOF hazecast.lead_exceedance_skill
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2400
    SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off
    SET join_collapse_limit = 1 SET enable_nestloop = off SET enable_mergejoin = off
AS $$
DECLARE
    first_origin constant timestamptz := since - interval '24 hours';
    place constant integer := hazecast.station_named(station);
BEGIN
    RETURN QUERY
    SELECT
        counted.station, counted.lead, counted.n, counted.hits, counted.misses, counted.false_alarms,
        counted.hits::double precision / nullif(counted.hits + counted.misses, 0),
        counted.false_alarms::double precision / nullif(counted.hits + counted.false_alarms, 0),
        counted.hits::double precision / nullif(counted.hits + counted.misses + counted.false_alarms, 0)
    FROM (
        SELECT
            judged.station,
            judged.lead,
            count(*) AS n,
            count(*) FILTER (WHERE judged.warned AND judged.came) AS hits,
            count(*) FILTER (WHERE NOT judged.warned AND judged.came) AS misses,
            count(*) FILTER (WHERE judged.warned AND NOT judged.came) AS false_alarms
        FROM (
            SELECT
                pair.station,
                pair.lead,
                hazecast.exceedance_probability(
                    exceedance_skill.level, pair.pm25, pair.lower80, pair.upper80, pair.lower95, pair.upper95
                ) >= exceedance_skill.probability AS warned,
                pair.observed > exceedance_skill.level AS came
            FROM hazecast.forecast_vs_observed AS pair
            WHERE (place IS NULL OR pair.station_id = place)
                AND pair.origin >= first_origin AND pair.origin < until
                AND pair.observed_at >= since AND pair.observed_at < until
                AND pair.in_time
            OFFSET 0 -- so that the probability is worked out once
        ) AS judged
        WHERE judged.warned IS NOT NULL
        GROUP BY judged.station, judged.lead
    ) AS counted
    ORDER BY counted.station, counted.lead;
END
$$;
COMMENT ON FUNCTION hazecast.exceedance_skill(real, real, timestamptz, timestamptz, text) IS
    'How good warnings would have been that are given when PM2.5 exceeds a level in µg/m³ with at least a probability (0.5, '
    'unless said): of the hours from since (30 days ago) up to, but not including, until (now), of one station or of all, one '
    'row a station and lead. Judged are the forecasts that hazecast.skill() scores, where they have bands.';

CREATE FUNCTION hazecast.daily_max(time_zone text)
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
    'Asia/Shanghai: one row a station and day. station (its name), day, pm25 (greatest forecast in µg/m³), valid_at (its hour), '
    'hours (how many hours of the day the forecast holds), observed (greatest observation of the day so far in µg/m³; NULL before '
    'the first), observed_at (its hour), stale (whether the forecast is three hours old).';

REVOKE ALL ON hazecast.observation, hazecast.forecast_vs_observed FROM PUBLIC;
REVOKE ALL ON FUNCTION
    hazecast.forecast_as_of(timestamptz), hazecast.skill(timestamptz, timestamptz, text),
    hazecast.exceedance_skill(real, real, timestamptz, timestamptz, text), hazecast.daily_max(text)
    FROM PUBLIC;

-- Whoever chooses models may see what they do: an operator reads what a reader reads.
GRANT SELECT ON
    hazecast.reading, hazecast.reading_flag, hazecast.forecast_ledger, hazecast.forecast, hazecast.latest_forecast
    TO hazecast_operator;
GRANT EXECUTE ON FUNCTION
    hazecast.exceedance(real),
    hazecast.exceedance_probability(
        double precision, double precision, double precision, double precision, double precision, double precision)
    TO hazecast_operator;
GRANT SELECT ON hazecast.observation, hazecast.forecast_vs_observed
    TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT EXECUTE ON FUNCTION
    hazecast.station_named(text), hazecast.forecast_as_of(timestamptz), hazecast.skill(timestamptz, timestamptz, text),
    hazecast.exceedance_skill(real, real, timestamptz, timestamptz, text), hazecast.daily_max(text)
    TO hazecast_daemon, hazecast_reader, hazecast_operator;
