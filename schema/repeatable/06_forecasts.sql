-- Forecasts for people: one row per lead.

-- The two bounds are declared immutable although the clock moves: the planner folds them to constants and so plans only
-- the one or two partitions between them instead of all. Declared STABLE, the forecast of one station takes 6 to 20 ms
-- instead of 0.7 ms (PostgreSQL 15, 100 partitions). The view is right whatever their values are: it does not look
-- between bounds that the clock has overtaken, as a plan that was made long ago has, and what it does not find there it
-- looks for everywhere.
CREATE OR REPLACE FUNCTION hazecast.recent_since() RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN now() - interval '3 days';
COMMENT ON FUNCTION hazecast.recent_since() IS
    'Where latest_forecast looks first, as of when a query was planned. Not for anything else: it is not immutable.';
REVOKE ALL ON FUNCTION hazecast.recent_since() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.recent_since() TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.recent_until() RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN now() + interval '7 days';
COMMENT ON FUNCTION hazecast.recent_until() IS
    'Up to where latest_forecast looks first, as of when a query was planned. Not for anything else: it is not '
    'immutable.';
REVOKE ALL ON FUNCTION hazecast.recent_until() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.recent_until() TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.newest_issue(station integer) RETURNS SETOF hazecast.forecast_ledger
    LANGUAGE plpgsql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    RETURN QUERY
    SELECT ledger.*
    FROM (
        SELECT *
        FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = station
        ORDER BY ledger.origin DESC, ledger.revision DESC
        OFFSET 0 -- one look at the readings for all partitions instead of one each
    ) AS ledger
    WHERE EXISTS (
        SELECT FROM hazecast.reading
        WHERE reading.station_id = station AND reading.observed_at = ledger.origin
        OFFSET 0 -- keeps it a probe of one key instead of a join with every reading
    )
    LIMIT 1;
END
$$;
COMMENT ON FUNCTION hazecast.newest_issue(integer) IS
    'The newest row of the ledger of one station whose reading still exists, however old it is; latest_forecast asks '
    'it for stations that have been silent for days.';
REVOKE ALL ON FUNCTION hazecast.newest_issue(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.newest_issue(integer) TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE VIEW hazecast.latest_forecast WITH (security_invoker = true) AS
SELECT
    station.name AS station,
    newest.origin,
    lead.lead,
    newest.origin + lead.lead * interval '1 hour' AS valid_at,
    newest.pm25[lead.lead] AS pm25,
    newest.lower80[lead.lead] AS lower80,
    newest.upper80[lead.lead] AS upper80,
    newest.lower95[lead.lead] AS lower95,
    newest.upper95[lead.lead] AS upper95,
    model.name AS model,
    newest.issued_at,
    newest.revision,
    now() >= newest.origin + interval '3 hours' AS stale,
    newest.basis
FROM hazecast.station
CROSS JOIN LATERAL (
    (
        SELECT ledger.*
        FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = station.id
            AND ledger.origin >= hazecast.recent_since() AND ledger.origin < hazecast.recent_until()
            AND now() + interval '1 day' < hazecast.recent_until()
            AND EXISTS (
                SELECT FROM hazecast.reading
                WHERE reading.station_id = station.id AND reading.observed_at = ledger.origin
                    AND reading.observed_at >= hazecast.recent_since() AND reading.observed_at < hazecast.recent_until()
                OFFSET 0 -- keeps it a probe of one key instead of a join with every reading
            )
        ORDER BY ledger.origin DESC, ledger.revision DESC
        LIMIT 1
    )
    UNION ALL
    SELECT * FROM hazecast.newest_issue(station.id)
    LIMIT 1
) AS newest
CROSS JOIN generate_series(1, 24) AS lead (lead)
LEFT JOIN hazecast.model ON model.id = newest.model_id;
COMMENT ON VIEW hazecast.latest_forecast IS 'The newest forecast of every station, one row a lead.';
COMMENT ON COLUMN hazecast.latest_forecast.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.latest_forecast.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.latest_forecast.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.latest_forecast.valid_at IS 'The hour that is forecast: origin + lead hours.';
COMMENT ON COLUMN hazecast.latest_forecast.pm25 IS 'PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.latest_forecast.lower80 IS
    'Lower edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.upper80 IS
    'Upper edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.lower95 IS
    'Lower edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.upper95 IS
    'Upper edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.model IS 'Name of the model that made it.';
COMMENT ON COLUMN hazecast.latest_forecast.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.latest_forecast.revision IS
    '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
COMMENT ON COLUMN hazecast.latest_forecast.stale IS
    'True from three hours after the origin: the station has not reported, or nobody has forecast it.';
COMMENT ON COLUMN hazecast.latest_forecast.basis IS
    'What the readings of the window are: full, partial (some hours lack PM2.5), or persistence (too few have it for a '
    'model).';
REVOKE ALL ON hazecast.latest_forecast FROM PUBLIC;
GRANT SELECT ON hazecast.latest_forecast TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE VIEW hazecast.forecast WITH (security_invoker = true) AS
SELECT
    station.name AS station,
    issued.origin,
    lead.lead,
    issued.origin + lead.lead * interval '1 hour' AS valid_at,
    issued.pm25[lead.lead] AS pm25,
    issued.lower80[lead.lead] AS lower80,
    issued.upper80[lead.lead] AS upper80,
    issued.lower95[lead.lead] AS lower95,
    issued.upper95[lead.lead] AS upper95,
    model.name AS model,
    issued.issued_at,
    issued.revision,
    issued.basis
FROM hazecast.station
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (ledger.origin) ledger.*
    FROM hazecast.forecast_ledger AS ledger
    WHERE ledger.station_id = station.id
    ORDER BY ledger.origin DESC, ledger.revision DESC
) AS issued
CROSS JOIN generate_series(1, 24) AS lead (lead)
LEFT JOIN hazecast.model ON model.id = issued.model_id;
COMMENT ON VIEW hazecast.forecast IS 'Every forecast in its latest revision, one row a station, origin and lead.';
COMMENT ON COLUMN hazecast.forecast.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.forecast.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.forecast.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.forecast.valid_at IS 'The hour that is forecast: origin + lead hours.';
COMMENT ON COLUMN hazecast.forecast.pm25 IS 'PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.forecast.lower80 IS
    'Lower edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.upper80 IS
    'Upper edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.lower95 IS
    'Lower edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.upper95 IS
    'Upper edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.model IS 'Name of the model that made it.';
COMMENT ON COLUMN hazecast.forecast.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.forecast.revision IS
    '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
COMMENT ON COLUMN hazecast.forecast.basis IS
    'What the readings of the window are: full, partial (some hours lack PM2.5), or persistence (too few have it for a '
    'model).';
REVOKE ALL ON hazecast.forecast FROM PUBLIC;
GRANT SELECT ON hazecast.forecast TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.forecast_as_of(at timestamptz)
    RETURNS TABLE (
        station text, origin timestamptz, lead integer, valid_at timestamptz, pm25 real,
        lower80 real, upper80 real, lower95 real, upper95 real,
        model text, issued_at timestamptz, revision integer, stale boolean, basis text
    )
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT
        station.name, newest.origin, lead.lead::integer, newest.origin + lead.lead * interval '1 hour', lead.pm25,
        lead.lower80, lead.upper80, lead.lower95, lead.upper95,
        model.name, newest.issued_at, newest.revision, at >= newest.origin + interval '3 hours', newest.basis
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
    'The newest forecast that every station had at a time, one row a lead, with the columns of '
    'hazecast.latest_forecast: station (its name), origin (hour of the last reading that the forecast knew), lead '
    '(hours after it, 1 to 24), valid_at (the hour that is forecast), pm25 and the edges of the bands lower80, '
    'upper80, lower95, upper95 in µg/m³ (NULL without bands), model (its name), issued_at, revision, stale (whether '
    'the origin was three hours back by then), basis. Readings that were deleted since do not matter.';
REVOKE ALL ON FUNCTION hazecast.forecast_as_of(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.forecast_as_of(timestamptz) TO hazecast_daemon, hazecast_reader, hazecast_operator;
