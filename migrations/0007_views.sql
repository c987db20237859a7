-- Forecasts for people: one row a lead.

CREATE VIEW hazecast.forecast AS
SELECT
    station.name AS station,
    issued.origin,
    lead.lead::integer AS lead,
    issued.origin + lead.lead * interval '1 hour' AS valid_at,
    lead.pm25,
    lead.lower80,
    lead.upper80,
    lead.lower95,
    lead.upper95,
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
CROSS JOIN LATERAL unnest(issued.pm25, issued.lower80, issued.upper80, issued.lower95, issued.upper95)
    WITH ORDINALITY AS lead (pm25, lower80, upper80, lower95, upper95, lead)
LEFT JOIN hazecast.model ON model.id = issued.model_id;
COMMENT ON VIEW hazecast.forecast IS 'Every forecast in its latest revision, one row a station, origin and lead.';

CREATE VIEW hazecast.latest_forecast AS
SELECT
    station.name AS station,
    newest.origin,
    lead.lead::integer AS lead,
    newest.origin + lead.lead * interval '1 hour' AS valid_at,
    lead.pm25,
    lead.lower80,
    lead.upper80,
    lead.lower95,
    lead.upper95,
    model.name AS model,
    newest.issued_at,
    newest.revision,
    now() >= newest.origin + interval '3 hours' AS stale
FROM hazecast.station
CROSS JOIN LATERAL (
    SELECT ledger.*
    FROM hazecast.forecast_ledger AS ledger
    WHERE ledger.station_id = station.id
        AND EXISTS (
            SELECT FROM hazecast.reading
            WHERE reading.station_id = station.id AND reading.observed_at = ledger.origin
            OFFSET 0 -- keeps it a probe of one key instead of a join with every reading
        )
    ORDER BY ledger.origin DESC, ledger.revision DESC
    LIMIT 1
) AS newest
CROSS JOIN LATERAL unnest(newest.pm25, newest.lower80, newest.upper80, newest.lower95, newest.upper95)
    WITH ORDINALITY AS lead (pm25, lower80, upper80, lower95, upper95, lead)
LEFT JOIN hazecast.model ON model.id = newest.model_id;
COMMENT ON VIEW hazecast.latest_forecast IS 'The newest forecast of every station, one row a lead.';

DO $$
DECLARE
    view text;
BEGIN
    FOREACH view IN ARRAY ARRAY['forecast', 'latest_forecast'] LOOP
        EXECUTE format($comments$
            COMMENT ON COLUMN hazecast.%1$I.station IS 'Name of the station.';
            COMMENT ON COLUMN hazecast.%1$I.origin IS 'Hour of the last reading that the forecast knew.';
            COMMENT ON COLUMN hazecast.%1$I.lead IS 'Hours after the origin, 1 to 24.';
            COMMENT ON COLUMN hazecast.%1$I.valid_at IS 'The hour that is forecast: origin + lead hours.';
            COMMENT ON COLUMN hazecast.%1$I.pm25 IS 'PM2.5 in µg/m³.';
            COMMENT ON COLUMN hazecast.%1$I.lower80 IS
                'Lower edge of the 80 %% band in µg/m³; NULL when the model has no bands.';
            COMMENT ON COLUMN hazecast.%1$I.upper80 IS
                'Upper edge of the 80 %% band in µg/m³; NULL when the model has no bands.';
            COMMENT ON COLUMN hazecast.%1$I.lower95 IS
                'Lower edge of the 95 %% band in µg/m³; NULL when the model has no bands.';
            COMMENT ON COLUMN hazecast.%1$I.upper95 IS
                'Upper edge of the 95 %% band in µg/m³; NULL when the model has no bands.';
            COMMENT ON COLUMN hazecast.%1$I.model IS 'Name of the model that made it.';
            COMMENT ON COLUMN hazecast.%1$I.issued_at IS 'When it was issued.';
            COMMENT ON COLUMN hazecast.%1$I.revision IS
                '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
        $comments$, view);
        EXECUTE format('REVOKE ALL ON hazecast.%I FROM PUBLIC', view);
        EXECUTE format('GRANT SELECT ON hazecast.%I TO hazecast_daemon, hazecast_reader', view);
    END LOOP;
END
$$;
COMMENT ON COLUMN hazecast.latest_forecast.stale IS
    'True from three hours after the origin: the station has not reported, or nobody has forecast it.';
