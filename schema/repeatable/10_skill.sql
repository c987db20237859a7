-- How good forecasts and warnings were.

CREATE OR REPLACE FUNCTION hazecast.skill(
    since timestamptz DEFAULT now() - interval '30 days', until timestamptz DEFAULT now(), station text DEFAULT NULL
)
    RETURNS SETOF hazecast.lead_skill
    -- Planned each time: only bounds that the planner knows spare it the partitions that they exclude. Joined in the
    -- order of the view and by hash: a server that has not analysed its tables yet, as after a restore, takes them for
    -- empty and would go through the ledger once per reading.
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
            AND pair.in_time AND pair.basis <> 'persistence'
    ) AS scored
    GROUP BY scored.station, scored.lead
    ORDER BY scored.station, scored.lead;
END
$$;
COMMENT ON FUNCTION hazecast.skill(timestamptz, timestamptz, text) IS
    'How good the forecasts were of the hours from since (30 days ago, unless said) up to, but not including, until '
    '(now), of one station or of all, one row a station and lead. Scored is the last revision issued before the '
    'observation was received, as hazecast.forecast_vs_observed shows it; hours whose observation is missing or '
    'flagged do not count, nor do forecasts whose basis is persistence.';
REVOKE ALL ON FUNCTION hazecast.skill(timestamptz, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.skill(timestamptz, timestamptz, text) TO hazecast_daemon, hazecast_reader,
    hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.exceedance_skill(
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
                AND pair.in_time AND pair.basis <> 'persistence'
            OFFSET 0 -- so that the probability is worked out once
        ) AS judged
        WHERE judged.warned IS NOT NULL
        GROUP BY judged.station, judged.lead
    ) AS counted
    ORDER BY counted.station, counted.lead;
END
$$;
COMMENT ON FUNCTION hazecast.exceedance_skill(real, real, timestamptz, timestamptz, text) IS
    'How good warnings would have been that are given when PM2.5 exceeds a level in µg/m³ with at least a probability '
    '(0.5, unless said): of the hours from since (30 days ago) up to, but not including, until (now), of one station '
    'or of all, one row a station and lead. Judged are the forecasts that hazecast.skill() scores, where they have '
    'bands.';
REVOKE ALL ON FUNCTION hazecast.exceedance_skill(real, real, timestamptz, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.exceedance_skill(real, real, timestamptz, timestamptz, text) TO hazecast_daemon,
    hazecast_reader, hazecast_operator;
