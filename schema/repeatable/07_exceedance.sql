-- How likely it is that a level is exceeded.

CREATE OR REPLACE FUNCTION hazecast.exceedance_probability(
    level double precision, pm25 double precision,
    lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision
) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
    WHEN num_nulls(level, pm25, lower80, upper80, lower95, upper95) > 0 OR level = 'NaN' THEN NULL
    WHEN level < 0 THEN 1
    -- The odds are those of a value that is not above the level. exp() and real must neither overflow nor underflow.
    ELSE 1 / (1 + exp(least(80, greatest(-80, CASE
        WHEN level >= upper95 THEN ln(39) + CASE
            WHEN level = upper95 THEN 0
            WHEN upper95 = upper80 THEN 'infinity'
            ELSE (level - upper95) * (ln(39) - ln(9)) / 2 / (upper95 - upper80)
        END
        WHEN level >= upper80 THEN ln(9) + (level - upper80) * (ln(39) - ln(9)) / (upper95 - upper80)
        WHEN level >= pm25 THEN (level - pm25) * ln(9) / (upper80 - pm25)
        WHEN level >= lower80 THEN (level - pm25) * ln(9) / (pm25 - lower80)
        WHEN level >= lower95 THEN (level - lower80) * (ln(39) - ln(9)) / (lower80 - lower95) - ln(9)
        WHEN lower80 = lower95 THEN '-infinity'
        ELSE (level - lower95) * (ln(39) - ln(9)) / 2 / (lower80 - lower95) - ln(39)
    END))))
END;
COMMENT ON FUNCTION hazecast.exceedance_probability(
    double precision, double precision, double precision, double precision, double precision, double precision
) IS
    'The probability that PM2.5 exceeds a level in µg/m³, from a forecast and its bands in µg/m³; NULL without bands. '
    'The edges of the bands and the forecast, as the middle, are passed with 97.5, 90, 50, 10 and 2.5 %. Between them '
    'the log-odds are linear in the level; beyond them they go on at half the slope.';
REVOKE ALL ON FUNCTION hazecast.exceedance_probability(double precision, double precision, double precision, double
    precision, double precision, double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.exceedance_probability(double precision, double precision, double precision, double
    precision, double precision, double precision) TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.exceedance(level real)
    RETURNS TABLE (
        station text, origin timestamptz, lead integer, valid_at timestamptz, probability real, stale boolean
    )
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        newest.station, newest.origin, newest.lead, newest.valid_at,
        hazecast.exceedance_probability(
            exceedance.level, newest.pm25, newest.lower80, newest.upper80, newest.lower95, newest.upper95),
        newest.stale
    FROM hazecast.latest_forecast AS newest;
END;
COMMENT ON FUNCTION hazecast.exceedance(real) IS
    'The probability that PM2.5 exceeds a level in µg/m³, for every station''s newest forecast, one row a lead: '
    'station (its name), origin (hour of the last reading that the forecast knew), lead (hours after it, 1 to 24), '
    'valid_at (the hour that is forecast), probability (0 to 1; NULL when the model has no bands), '
    'stale (whether the origin is three hours back: the station is silent, or nobody has forecast it).';
REVOKE ALL ON FUNCTION hazecast.exceedance(real) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.exceedance(real) TO hazecast_daemon, hazecast_reader, hazecast_operator;
