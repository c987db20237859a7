-- Alerts that stand, and the state of alert rules.

CREATE OR REPLACE VIEW hazecast.standing_alert WITH (security_invoker = true) AS
SELECT
    alert.id,
    alert.rule,
    station.name AS station,
    alert.level,
    alert.raised_at,
    alert.origin,
    alert.lead,
    alert.valid_at,
    alert.pm25,
    alert.probability,
    newest.origin AS newest_origin,
    now() >= newest.origin + interval '3 hours' AS stale
FROM hazecast.alert
JOIN hazecast.station ON station.id = alert.station_id
CROSS JOIN LATERAL (
    SELECT ledger.origin FROM hazecast.forecast_ledger AS ledger
    WHERE ledger.station_id = alert.station_id ORDER BY ledger.origin DESC LIMIT 1
) AS newest
WHERE alert.cleared_at IS NULL;
COMMENT ON VIEW hazecast.standing_alert IS 'The alerts that stand now.';
COMMENT ON COLUMN hazecast.standing_alert.id IS 'hazecast.alert.id.';
COMMENT ON COLUMN hazecast.standing_alert.rule IS 'Name of the rule.';
COMMENT ON COLUMN hazecast.standing_alert.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.standing_alert.level IS 'Level of the rule when it was raised, in µg/m³.';
COMMENT ON COLUMN hazecast.standing_alert.raised_at IS 'When it was raised.';
COMMENT ON COLUMN hazecast.standing_alert.origin IS 'Origin of the forecast that raised it.';
COMMENT ON COLUMN hazecast.standing_alert.lead IS 'The first lead that was above, in hours after the origin.';
COMMENT ON COLUMN hazecast.standing_alert.valid_at IS 'The hour that was forecast to be above.';
COMMENT ON COLUMN hazecast.standing_alert.pm25 IS 'PM2.5 that was forecast for it, in µg/m³.';
COMMENT ON COLUMN hazecast.standing_alert.probability IS
    'Probability that the level is exceeded in that hour; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.standing_alert.newest_origin IS
    'Origin of the station''s newest forecast: the alert stands because that one does not clear it.';
COMMENT ON COLUMN hazecast.standing_alert.stale IS
    'True from three hours after newest_origin: nobody knows whether it would still stand.';
REVOKE ALL ON hazecast.standing_alert FROM PUBLIC;
GRANT SELECT ON hazecast.standing_alert TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE VIEW hazecast.alert_rule_status AS
SELECT
    rule.id,
    rule.name,
    watched.stations,
    watched.with_forecast,
    watched.with_bands,
    (SELECT count(*) FROM hazecast.alert WHERE alert.rule_id = rule.id AND alert.cleared_at IS NULL) AS standing,
    (SELECT max(alert.raised_at) FROM hazecast.alert WHERE alert.rule_id = rule.id) AS last_raised,
    CASE
        WHEN NOT rule.enabled THEN 'disabled'
        WHEN watched.stations = 0 THEN 'no station has these labels'
        WHEN watched.with_forecast = 0 THEN 'no forecast yet'
        WHEN rule.probability IS NOT NULL AND watched.with_bands < watched.with_forecast THEN format(
            'the forecasts of %s of %s stations have no bands, so there is no probability to compare: '
            'make a model with bands serve, or set probability to NULL',
            watched.with_forecast - watched.with_bands, watched.with_forecast)
        WHEN watched.silent > 0 THEN format(
            '%s of %s stations have had no new forecast for three hours', watched.silent, watched.stations)
    END AS reason
FROM hazecast.alert_rule AS rule
CROSS JOIN LATERAL (
    SELECT
        count(*) AS stations, count(newest.origin) AS with_forecast,
        count(*) FILTER (WHERE newest.has_bands) AS with_bands,
        count(*) FILTER (WHERE now() >= newest.origin + interval '3 hours') AS silent
    FROM hazecast.station
    LEFT JOIN LATERAL (
        SELECT ledger.origin, ledger.lower80 IS NOT NULL AS has_bands FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = station.id ORDER BY ledger.origin DESC, ledger.revision DESC LIMIT 1
    ) AS newest ON true
    WHERE station.id = rule.station_id OR rule.station_id IS NULL AND station.labels @> rule.labels
) AS watched;
COMMENT ON VIEW hazecast.alert_rule_status IS
    'What each alert rule watches, and why it cannot raise anything where it cannot.';
COMMENT ON COLUMN hazecast.alert_rule_status.id IS 'hazecast.alert_rule.id.';
COMMENT ON COLUMN hazecast.alert_rule_status.name IS 'Name of the rule.';
COMMENT ON COLUMN hazecast.alert_rule_status.stations IS 'Stations that it is for.';
COMMENT ON COLUMN hazecast.alert_rule_status.with_forecast IS 'How many of them have a forecast.';
COMMENT ON COLUMN hazecast.alert_rule_status.with_bands IS 'How many have a newest forecast with bands.';
COMMENT ON COLUMN hazecast.alert_rule_status.standing IS 'Its alerts that stand.';
COMMENT ON COLUMN hazecast.alert_rule_status.last_raised IS 'When it last raised one; NULL when it never did.';
COMMENT ON COLUMN hazecast.alert_rule_status.reason IS
    'Why it raises nothing, or nothing for some of its stations; NULL when it works.';
REVOKE ALL ON hazecast.alert_rule_status FROM PUBLIC;
GRANT SELECT ON hazecast.alert_rule_status TO hazecast_daemon, hazecast_reader, hazecast_operator;
