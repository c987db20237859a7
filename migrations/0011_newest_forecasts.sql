-- The newest forecast of every station, fast: for one station without planning over all partitions, and for 100,000 at once.

-- The two bounds are declared immutable although the clock moves: the planner folds them to constants and so sees only the
-- one or two partitions between them instead of all. The view is right whatever their values are: it does not look between
-- bounds that the clock has overtaken, as a plan that was made long ago has, and what it does not find there it looks for
-- everywhere.
CREATE FUNCTION hazecast.recent_since() RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN now() - interval '3 days';
COMMENT ON FUNCTION hazecast.recent_since() IS
    'Where latest_forecast looks first, as of when a query was planned. Not for anything else: it is not immutable.';

CREATE FUNCTION hazecast.recent_until() RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN now() + interval '7 days';
COMMENT ON FUNCTION hazecast.recent_until() IS
    'Up to where latest_forecast looks first, as of when a query was planned. Not for anything else: it is not immutable.';

CREATE FUNCTION hazecast.newest_issue(station integer) RETURNS SETOF hazecast.forecast_ledger
    LANGUAGE plpgsql STABLE ROWS 1
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
    'The newest row of the ledger of one station whose reading still exists, however old it is; latest_forecast asks it for '
    'stations that have been silent for days.';

CREATE OR REPLACE VIEW hazecast.latest_forecast AS
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
    now() >= newest.origin + interval '3 hours' AS stale
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

CREATE OR REPLACE VIEW hazecast.forecast AS
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
    issued.revision
FROM hazecast.station
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (ledger.origin) ledger.*
    FROM hazecast.forecast_ledger AS ledger
    WHERE ledger.station_id = station.id
    ORDER BY ledger.origin DESC, ledger.revision DESC
) AS issued
CROSS JOIN generate_series(1, 24) AS lead (lead)
LEFT JOIN hazecast.model ON model.id = issued.model_id;

REVOKE ALL ON FUNCTION hazecast.recent_since(), hazecast.recent_until(), hazecast.newest_issue(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.recent_since(), hazecast.recent_until(), hazecast.newest_issue(integer)
    TO hazecast_daemon, hazecast_reader, hazecast_operator;
