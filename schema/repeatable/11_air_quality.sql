-- PM2.5 in words and numbers that authorities have given it.

CREATE OR REPLACE FUNCTION hazecast.air_quality(
    pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer
)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1
AS $$
DECLARE
    rules hazecast.air_quality_standard;
    place hazecast.air_quality_breakpoint;
    concentration numeric;
    exact numeric;
BEGIN
    SELECT * INTO rules FROM hazecast.air_quality_standard AS s WHERE s.name = air_quality.standard;
    IF rules.name IS NULL AND standard IS NOT NULL THEN
        RAISE EXCEPTION 'there is no air-quality standard "%"', standard
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name, title FROM hazecast.air_quality_standard';
    END IF;
    IF (pm25 BETWEEN -10 AND 1e300) IS NOT TRUE THEN -- NaN is above all
        RETURN;
    END IF;
    -- The decimal that a real stands for is the shortest that reads back as the same real: 35.45, not 35.4500007629.
    -- What a real cannot hold, next to nothing and a ton, is brought into its range.
    concentration := least(greatest(pm25, 1e-6), 1e12)::real::text::numeric;
    concentration := CASE rules.concentration_rounding
        WHEN 'truncate to 0.1' THEN trunc(concentration, 1)
        WHEN 'half up to 1' THEN round(concentration)
        WHEN 'half even to 1' THEN
            CASE WHEN concentration % 1 = 0.5 THEN 2 * round(concentration / 2) ELSE round(concentration) END
        ELSE concentration
    END;
    SELECT * INTO place FROM hazecast.air_quality_breakpoint AS b
    WHERE b.standard = air_quality.standard AND concentration IS NOT NULL
    ORDER BY b.pm25_high < concentration, CASE WHEN b.pm25_high < concentration THEN -b.band ELSE b.band END
    LIMIT 1;
    IF NOT rules.open_ended THEN
        concentration := least(concentration, place.pm25_high);
    END IF;
    exact := place.index_low + (place.index_high - place.index_low) * (concentration - place.pm25_low)
        / (place.pm25_high - place.pm25_low);
    index := CASE
        WHEN exact >= 2147483647 THEN 2147483647
        WHEN rules.index_rounding = 'up' THEN ceil(exact)
        ELSE round(exact)
    END;
    category := place.category;
    colour := place.colour;
    band := place.band;
END
$$;
COMMENT ON FUNCTION hazecast.air_quality(double precision, text) IS
    'What a standard of hazecast.air_quality_standard says of a concentration in µg/m³: index (an integer; NULL where '
    'the standard has none), category, colour (#RRGGBB; NULL where the source has none), band (1 is the cleanest). A '
    'real is taken as the decimal that it shows; -10 to 0 is the noise of an instrument in clean air and counts as 0. '
    'All are NULL for NULL, NaN, infinity, and below -10, which is no concentration. An unknown standard is an error.';
REVOKE ALL ON FUNCTION hazecast.air_quality(double precision, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.air_quality(double precision, text) TO hazecast_daemon, hazecast_reader,
    hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.aqi(pm25 double precision, standard text) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
RETURN (hazecast.air_quality(pm25, standard)).index;
COMMENT ON FUNCTION hazecast.aqi(double precision, text) IS
    'The air-quality index of a concentration in µg/m³ by a standard of hazecast.air_quality_standard; NULL where the '
    'standard has categories only, and for what is no concentration: NULL, NaN, infinity, below -10.';
REVOKE ALL ON FUNCTION hazecast.aqi(double precision, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.aqi(double precision, text) TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.aqi_category(pm25 double precision, standard text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
RETURN (hazecast.air_quality(pm25, standard)).category;
COMMENT ON FUNCTION hazecast.aqi_category(double precision, text) IS
    'What a standard of hazecast.air_quality_standard calls a concentration in µg/m³, in English; NULL for what is no '
    'concentration: NULL, NaN, infinity, below -10.';
REVOKE ALL ON FUNCTION hazecast.aqi_category(double precision, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.aqi_category(double precision, text) TO hazecast_daemon, hazecast_reader,
    hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.nowcast(
    station text, at timestamptz DEFAULT date_trunc('hour', now(), 'UTC') - interval '1 hour'
) RETURNS real
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    -- Planned each time: only bounds that the planner knows spare it the partitions that they exclude.
    SET search_path = pg_catalog, pg_temp SET extra_float_digits = 1 SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    newest constant timestamptz := date_trunc('hour', at, 'UTC');
    oldest constant timestamptz := newest - interval '11 hours';
    place constant integer := hazecast.station_named(station);
    answer numeric;
BEGIN
    WITH hourly AS (
        SELECT
            o.pm25::text::numeric AS pm25,
            (extract(epoch FROM newest - o.observed_at) / 3600)::integer AS age
        FROM hazecast.observation AS o
        WHERE o.station_id = place AND o.observed_at BETWEEN oldest AND newest
    ), weighted AS (
        SELECT
            pm25,
            age,
            power(greatest(0.5, coalesce(min(pm25) OVER () / nullif(max(pm25) OVER (), 0), 1)), age::numeric) AS weight,
            count(*) FILTER (WHERE age <= 2) OVER () AS recent
        FROM hourly
    )
    SELECT sum(weight * pm25) / sum(weight) INTO answer FROM weighted WHERE recent >= 2;
    -- Rounded first: a division that does not come out even must not lose a tenth.
    RETURN trunc(round(answer, 9), 1);
END
$$;
COMMENT ON FUNCTION hazecast.nowcast(text, timestamptz) IS
    'The NowCast of US EPA in µg/m³, truncated to 0.1, for a station and an hour, named by its beginning (the last '
    'complete one, unless said): the mean of the 12 hours up to and including it, hour i back weighted by w^i, where '
    'w is min / max of the 12, at least 0.5. Missing and flagged hours are left out of all of it; -10 to 0 is 0. NULL '
    'unless two of the newest three hours are there; 0 where all are 0. An unknown station is an error.';
REVOKE ALL ON FUNCTION hazecast.nowcast(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.nowcast(text, timestamptz) TO hazecast_daemon, hazecast_reader, hazecast_operator;
