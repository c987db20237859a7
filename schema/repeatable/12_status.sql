-- Status of stations and daemons.

CREATE OR REPLACE VIEW hazecast.status WITH (security_invoker = true) AS
SELECT
    'station' AS kind,
    station.name,
    newest.reading AS last_reading,
    newest.origin AS last_origin,
    newest.reading - newest.origin AS lag,
    model.name AS model,
    CASE
        WHEN newest.reading IS NULL THEN 'no forecast: no reading yet'
        WHEN outage.origin = newest.reading THEN outage.reason
        WHEN newest.origin >= newest.reading THEN
            'silent since ' || to_char(silence.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"')
        WHEN NOT EXISTS (
            SELECT FROM hazecast.observation
            WHERE observation.station_id = station.id AND observation.observed_at = newest.reading
        ) THEN 'no forecast: the newest reading has no pm25 that passed quality control'
        ELSE 'not forecast yet'
    END AS reason,
    NULL::timestamptz AS heartbeat,
    NULL::text AS version,
    NULL::text AS role,
    judged.skill AS live_skill,
    judged.verdict,
    issued.basis,
    silence.since AS silent_since
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
-- Hours are whole: one that has just ended is not late yet.
CROSS JOIN LATERAL (
    SELECT CASE WHEN now() >= newest.reading + interval '3 hours' THEN newest.reading + interval '1 hour' END AS since
) AS silence
LEFT JOIN LATERAL (
    SELECT ledger.basis
    FROM hazecast.forecast_ledger AS ledger
    WHERE ledger.station_id = station.id AND ledger.origin = newest.origin
    ORDER BY ledger.revision DESC
    LIMIT 1
) AS issued ON true
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
    ON model.id = CASE
        WHEN judged.persistence OR issued.basis = 'persistence' THEN 0
        ELSE coalesce(own.model_id, fallback.model_id)
    END
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
    NULL,
    NULL,
    NULL
FROM hazecast.daemon;
COMMENT ON VIEW hazecast.status IS 'How things stand: one row a station, and one a daemon.';
COMMENT ON COLUMN hazecast.status.kind IS 'station or daemon.';
COMMENT ON COLUMN hazecast.status.name IS 'Name of the station; host and process of the daemon.';
COMMENT ON COLUMN hazecast.status.last_reading IS
    'Hour of the station''s newest reading; one before 2000 or more than an hour ahead does not count.';
COMMENT ON COLUMN hazecast.status.last_origin IS 'Origin of its newest forecast.';
COMMENT ON COLUMN hazecast.status.lag IS 'last_reading - last_origin: zero when the newest reading is forecast.';
COMMENT ON COLUMN hazecast.status.model IS
    'What serves the station: a model, or persistence where the model is no better; of a daemon the default model '
    'that it has loaded.';
COMMENT ON COLUMN hazecast.status.reason IS
    'Station: why the newest reading has no forecast, or one by persistence for want of readings, or since when the '
    'station is silent; NULL else. Daemon: why models that were made active do not serve; NULL when all of them do.';
COMMENT ON COLUMN hazecast.status.heartbeat IS 'When the daemon last said that it lives.';
COMMENT ON COLUMN hazecast.status.version IS 'Version of the daemon.';
COMMENT ON COLUMN hazecast.status.role IS
    'active, standby, or lost when the daemon has not said for a minute that it lives.';
COMMENT ON COLUMN hazecast.status.live_skill IS
    'Station: mean skill of its model against persistence over leads 1, 2, 4, 8, 12 and 24 and the last 21 days; NULL '
    'before there are 252 hours at each.';
COMMENT ON COLUMN hazecast.status.verdict IS
    'Station: why its model, or persistence, serves; NULL before the first day with observations beside forecasts of '
    'that model.';
COMMENT ON COLUMN hazecast.status.basis IS
    'Station: what the readings of its newest forecast are: full, partial (some hours lack PM2.5), or persistence (too '
    'few have it for a model).';
COMMENT ON COLUMN hazecast.status.silent_since IS
    'Station: the end of the newest reading''s hour, where that hour began three hours ago or earlier; NULL while it '
    'reports.';
REVOKE ALL ON hazecast.status FROM PUBLIC;
GRANT SELECT ON hazecast.status TO hazecast_daemon, hazecast_reader, hazecast_operator;
