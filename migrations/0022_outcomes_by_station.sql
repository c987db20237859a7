-- Bound to `= ANY (stations)` only the ledger's side of the join knew which stations were asked for, and the readings of all of them
-- were hashed for each batch: with 10,000 stations a batch of 32 took 165 ms. By one station after the other both sides go by key,
-- and what it takes depends on the stations asked for and not on how many there are.
CREATE OR REPLACE FUNCTION hazecast.live_outcomes(stations integer[], day date)
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
            coalesce(sum((pair.persistence::double precision - pair.observed) ^ 2 ORDER BY pair.origin), 0)
        FROM hazecast.forecast_vs_observed AS pair
        JOIN hazecast.model AS issuer ON issuer.name = pair.model
        WHERE pair.station_id = asked.id
            AND pair.origin >= begins - interval '3 days' AND pair.origin < ends
            AND pair.observed_at >= begins - interval '2 days' AND pair.observed_at < ends + interval '1 hour'
            AND pair.received_at >= begins AND pair.received_at < ends
            AND pair.in_time
        GROUP BY issuer.id, pair.lead
    ) AS judged
    ORDER BY 1, 2, 3;
END
$$;
