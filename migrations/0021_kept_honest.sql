-- How forecasts did, day by day, and what follows: wider or narrower bands, and persistence where a model is no better.

-- What persistence issues has to be somebody's. Number 0, so that the daemon knows it without asking.
INSERT INTO hazecast.model (id, name, document, reason) OVERRIDING SYSTEM VALUE
VALUES (
    0, 'persistence',
    jsonb_build_object(
        'format_version', 1, 'name', 'persistence', 'preset', 'persistence', 'architecture', '{}'::jsonb,
        'normalisation', '{}'::jsonb, 'parameters', '{}'::jsonb,
        'sha256', encode(sha256('persistence'), 'hex')),
    '"It stays as it is": serves a station whose model is no better, see hazecast.live_day');
COMMENT ON COLUMN hazecast.model.id IS 'Assigned by the database; what forecasts refer to. 0 is persistence.';
COMMENT ON COLUMN hazecast.model.preset IS 'chapter or operational; persistence for what serves where no model is better.';

CREATE OR REPLACE FUNCTION hazecast.promote(model text, station text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    place integer := hazecast.station_named(promote.station);
    chosen integer;
BEGIN
    SELECT id INTO chosen FROM hazecast.model WHERE name = promote.model;
    IF chosen IS NULL THEN
        RAISE EXCEPTION 'there is no model "%"', model
            USING ERRCODE = 'no_data_found', HINT = 'SELECT id, name, created_at FROM hazecast.model ORDER BY id';
    ELSIF chosen = 0 THEN
        RAISE EXCEPTION 'persistence is no model: it serves by itself where none is better'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name, model, verdict FROM hazecast.status';
    END IF;
    PERFORM hazecast.activate(place, chosen, 'promote');
    RETURN format('%s serves %s', model, coalesce(station, 'every station without a model of its own'));
END
$$;

CREATE FUNCTION hazecast.live_outcomes(stations integer[], day date)
    RETURNS TABLE (
        station_id integer, model_id integer, lead integer, n integer, outside80 integer, outside95 integer,
        scored integer, model_sse double precision, persistence_sse double precision
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
    SELECT
        pair.station_id,
        issuer.id,
        pair.lead,
        (count(*) FILTER (WHERE pair.lower80 IS NOT NULL))::integer,
        (count(*) FILTER (WHERE pair.observed NOT BETWEEN pair.lower80 AND pair.upper80))::integer,
        (count(*) FILTER (WHERE pair.observed NOT BETWEEN pair.lower95 AND pair.upper95))::integer,
        (count(*) FILTER (WHERE pair.persistence IS NOT NULL))::integer,
        -- In an order, so that the same sums come out whoever asks again.
        coalesce(sum((pair.pm25::double precision - pair.observed) ^ 2 ORDER BY pair.origin)
            FILTER (WHERE pair.persistence IS NOT NULL), 0),
        coalesce(sum((pair.persistence::double precision - pair.observed) ^ 2 ORDER BY pair.origin), 0)
    FROM hazecast.forecast_vs_observed AS pair
    JOIN hazecast.model AS issuer ON issuer.name = pair.model
    WHERE pair.station_id = ANY (stations)
        AND pair.origin >= begins - interval '3 days' AND pair.origin < ends
        AND pair.observed_at >= begins - interval '2 days' AND pair.observed_at < ends + interval '1 hour'
        AND pair.received_at >= begins AND pair.received_at < ends
        AND pair.in_time
    GROUP BY pair.station_id, issuer.id, pair.lead
    ORDER BY pair.station_id, issuer.id, pair.lead;
END
$$;
COMMENT ON FUNCTION hazecast.live_outcomes(integer[], date) IS
    'How the forecasts of some stations did, as told by the observations that were received on one UTC day, one row a '
    'station_id, model_id (who issued them; 0 is persistence) and lead: n (observations beside a forecast with bands), outside80 '
    'and outside95 (those outside of its bands as they were issued), scored (observations for which there is persistence to '
    'compare with), model_sse and persistence_sse (sums of squared errors over those, in (µg/m³)²). Judged are the forecasts that '
    'hazecast.skill() scores; an observation of an hour more than two days before counts on no day.';
REVOKE ALL ON FUNCTION hazecast.live_outcomes(integer[], date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.live_outcomes(integer[], date) TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE TABLE hazecast.live_day (
    station_id integer NOT NULL REFERENCES hazecast.station ON DELETE CASCADE,
    day date NOT NULL,
    n integer[] NOT NULL,
    outside80 integer[] NOT NULL,
    outside95 integer[] NOT NULL,
    factors80 real[] NOT NULL,
    factors95 real[] NOT NULL,
    model_id integer NOT NULL,
    scored integer[] NOT NULL,
    model_sse double precision[] NOT NULL,
    persistence_sse double precision[] NOT NULL,
    skill double precision,
    persistence boolean NOT NULL,
    changes real[],
    since date NOT NULL,
    verdict text NOT NULL,
    settled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (station_id, day),
    CONSTRAINT live_day_has_24_leads CHECK (
        cardinality(n) = 24 AND cardinality(outside80) = 24 AND cardinality(outside95) = 24
        AND cardinality(factors80) = 24 AND cardinality(factors95) = 24
        AND cardinality(scored) = 24 AND cardinality(model_sse) = 24 AND cardinality(persistence_sse) = 24
    ),
    CONSTRAINT live_day_persistence_has_bands CHECK (
        CASE WHEN persistence THEN changes IS NOT NULL AND cardinality(changes) = 96 ELSE changes IS NULL END
    )
);
COMMENT ON TABLE hazecast.live_day IS
    'How a station''s forecasts did on a UTC day, and what the daemon does from then on. A day''s row follows from the row before, '
    'from hazecast.live_outcomes of that day, and from the rows of the last 21 days, by rules that docs/sql.md gives; kept for '
    '90 days. A station without a row is served by its model with the model''s own bands.';
COMMENT ON COLUMN hazecast.live_day.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.live_day.day IS 'The UTC day on which the observations were received.';
COMMENT ON COLUMN hazecast.live_day.n IS
    'Observations beside bands of what served on that day, the model or persistence, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.outside80 IS 'How many of them were outside of the 80 % band as issued, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.outside95 IS 'How many of them were outside of the 95 % band as issued, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.factors80 IS
    'By how much the distance of the 80 % band''s edges from the forecast is multiplied from here on, at leads 1 to 24: 0.25 to 4. '
    'They begin at 1 with another model, and when persistence takes over or gives back.';
COMMENT ON COLUMN hazecast.live_day.factors95 IS 'The same of the 95 % band.';
COMMENT ON COLUMN hazecast.live_day.model_id IS 'The model that was compared with persistence: the active one of the station.';
COMMENT ON COLUMN hazecast.live_day.scored IS
    'Hours for which it was compared, at leads 1 to 24: as it was issued or, while persistence serves, as it would have been.';
COMMENT ON COLUMN hazecast.live_day.model_sse IS 'Sum of the model''s squared errors over those hours in (µg/m³)², at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.persistence_sse IS 'The same of persistence.';
COMMENT ON COLUMN hazecast.live_day.skill IS
    'Mean skill of the model against persistence over leads 1, 2, 4, 8, 12 and 24 and the last 21 days; NULL before there are 252 '
    'hours at each.';
COMMENT ON COLUMN hazecast.live_day.persistence IS 'Whether persistence serves the station from here on, instead of the model.';
COMMENT ON COLUMN hazecast.live_day.changes IS
    'The bands of persistence: quantiles .025, .1, .9 and .975 of how PM2.5 changed in 1 hour, then in 2, up to 24, in µg/m³, from '
    'the station''s last 60 days; NULL where the model serves.';
COMMENT ON COLUMN hazecast.live_day.since IS 'The day after which the model, or persistence, has served without a break.';
COMMENT ON COLUMN hazecast.live_day.verdict IS 'Why the model, or persistence, serves, in words for a person.';
COMMENT ON COLUMN hazecast.live_day.settled_at IS 'When the daemon worked it out.';
REVOKE ALL ON hazecast.live_day FROM PUBLIC;
GRANT SELECT ON hazecast.live_day TO hazecast_reader, hazecast_operator;
GRANT SELECT, INSERT, DELETE ON hazecast.live_day TO hazecast_daemon;

CREATE OR REPLACE VIEW hazecast.status WITH (security_invoker = true) AS
SELECT
    'station' AS kind,
    station.name,
    newest.reading AS last_reading,
    newest.origin AS last_origin,
    newest.reading - newest.origin AS lag,
    model.name AS model,
    CASE
        WHEN newest.reading IS NULL THEN 'no reading yet'
        WHEN outage.origin = newest.reading THEN outage.reason
        WHEN newest.origin >= newest.reading THEN NULL
        ELSE 'not forecast yet'
    END AS reason,
    NULL::timestamptz AS heartbeat,
    NULL::text AS version,
    NULL::text AS role,
    judged.skill AS live_skill,
    judged.verdict
FROM hazecast.station
CROSS JOIN LATERAL (
    SELECT
        (
            SELECT reading.observed_at
            FROM hazecast.reading
            WHERE reading.station_id = station.id
                AND reading.observed_at BETWEEN '2000-01-01 00:00:00+00' AND now() + interval '1 hour'
            ORDER BY reading.observed_at DESC
            LIMIT 1
        ) AS reading,
        (
            SELECT ledger.origin
            FROM hazecast.forecast_ledger AS ledger
            WHERE ledger.station_id = station.id
                AND EXISTS (
                    SELECT FROM hazecast.reading
                    WHERE reading.station_id = station.id AND reading.observed_at = ledger.origin
                    OFFSET 0 -- keeps it a probe of one key instead of a join with every reading
                )
            ORDER BY ledger.origin DESC
            LIMIT 1
        ) AS origin
    OFFSET 0 -- looks once, however often the columns are named above
) AS newest
LEFT JOIN hazecast.station_outage AS outage ON outage.station_id = station.id
LEFT JOIN hazecast.active_model AS own ON own.station_id = station.id
LEFT JOIN hazecast.active_model AS fallback ON fallback.station_id IS NULL
LEFT JOIN LATERAL (
    SELECT live_day.skill, live_day.persistence, live_day.verdict, live_day.model_id
    FROM hazecast.live_day
    WHERE live_day.station_id = station.id
    ORDER BY live_day.day DESC
    LIMIT 1
-- What was said of another model says nothing of this one.
) AS judged ON judged.model_id = coalesce(own.model_id, fallback.model_id)
LEFT JOIN hazecast.model
    ON model.id = CASE WHEN judged.persistence THEN 0 ELSE coalesce(own.model_id, fallback.model_id) END
UNION ALL
SELECT
    'daemon',
    daemon.host || ':' || daemon.pid,
    NULL,
    NULL,
    NULL,
    daemon.model,
    daemon.refusal,
    daemon.heartbeat,
    daemon.version,
    CASE WHEN daemon.heartbeat < now() - interval '1 minute' THEN 'lost' ELSE daemon.role END,
    NULL,
    NULL
FROM hazecast.daemon;
COMMENT ON COLUMN hazecast.status.model IS
    'What serves the station: a model, or persistence where the model is no better; of a daemon the default model that it has '
    'loaded.';
COMMENT ON COLUMN hazecast.status.live_skill IS
    'Station: mean skill of its model against persistence over leads 1, 2, 4, 8, 12 and 24 and the last 21 days; NULL before '
    'there are 252 hours at each.';
COMMENT ON COLUMN hazecast.status.verdict IS
    'Station: why its model, or persistence, serves; NULL before the first day with observations beside forecasts of that model.';

SELECT hazecast.admit_tenants();
