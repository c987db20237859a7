-- Who is at work, and why a station has no forecast.

CREATE TABLE hazecast.station_outage (
    station_id integer PRIMARY KEY REFERENCES hazecast.station ON DELETE CASCADE,
    origin timestamptz NOT NULL,
    reason text NOT NULL,
    since timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE hazecast.station_outage IS
    'Stations whose newest reading could not be forecast. The daemon writes it.';
COMMENT ON COLUMN hazecast.station_outage.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.station_outage.origin IS 'Hour of the reading that could not be forecast.';
COMMENT ON COLUMN hazecast.station_outage.reason IS 'Why, in words for a person.';
COMMENT ON COLUMN hazecast.station_outage.since IS 'When the daemon noticed.';
REVOKE ALL ON hazecast.station_outage FROM PUBLIC;
GRANT SELECT ON hazecast.station_outage TO hazecast_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON hazecast.station_outage TO hazecast_daemon;

CREATE TABLE hazecast.daemon (
    instance uuid PRIMARY KEY,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    role text NOT NULL
        CONSTRAINT daemon_role_is_known CHECK (role IN ('active', 'standby')),
    model text,
    started_at timestamptz NOT NULL DEFAULT now(),
    heartbeat timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
COMMENT ON TABLE hazecast.daemon IS 'The daemons that work this database or stand by. Each writes its own row.';
COMMENT ON COLUMN hazecast.daemon.instance IS 'Drawn anew at each start.';
COMMENT ON COLUMN hazecast.daemon.host IS 'Name of the machine it runs on.';
COMMENT ON COLUMN hazecast.daemon.pid IS 'Its process there.';
COMMENT ON COLUMN hazecast.daemon.version IS 'Version of hazecast.';
COMMENT ON COLUMN hazecast.daemon.role IS 'active, or standby: ready to take over.';
COMMENT ON COLUMN hazecast.daemon.model IS 'Name of the default model that it has loaded; NULL when it has none.';
COMMENT ON COLUMN hazecast.daemon.started_at IS 'When it started.';
COMMENT ON COLUMN hazecast.daemon.heartbeat IS 'When it last said that it lives.';
REVOKE ALL ON hazecast.daemon FROM PUBLIC;
GRANT SELECT ON hazecast.daemon TO hazecast_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON hazecast.daemon TO hazecast_daemon;

CREATE VIEW hazecast.status AS
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
    NULL::text AS role
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
LEFT JOIN hazecast.model ON model.id = coalesce(own.model_id, fallback.model_id)
UNION ALL
SELECT
    'daemon',
    daemon.host || ':' || daemon.pid,
    NULL,
    NULL,
    NULL,
    daemon.model,
    NULL,
    daemon.heartbeat,
    daemon.version,
    CASE WHEN daemon.heartbeat < now() - interval '1 minute' THEN 'lost' ELSE daemon.role END
FROM hazecast.daemon;
COMMENT ON VIEW hazecast.status IS 'How things stand: one row a station, and one a daemon.';
COMMENT ON COLUMN hazecast.status.kind IS 'station or daemon.';
COMMENT ON COLUMN hazecast.status.name IS 'Name of the station; host and process of the daemon.';
COMMENT ON COLUMN hazecast.status.last_reading IS
    'Hour of the station''s newest reading; one before 2000 or more than an hour ahead does not count.';
COMMENT ON COLUMN hazecast.status.last_origin IS 'Origin of its newest forecast.';
COMMENT ON COLUMN hazecast.status.lag IS 'last_reading - last_origin: zero when the newest reading is forecast.';
COMMENT ON COLUMN hazecast.status.model IS 'Model that serves the station; default model that the daemon has loaded.';
COMMENT ON COLUMN hazecast.status.reason IS 'Why the newest reading has no forecast; NULL when it has one.';
COMMENT ON COLUMN hazecast.status.heartbeat IS 'When the daemon last said that it lives.';
COMMENT ON COLUMN hazecast.status.version IS 'Version of the daemon.';
COMMENT ON COLUMN hazecast.status.role IS 'active, standby, or lost when the daemon has not said for a minute that it lives.';
REVOKE ALL ON hazecast.status FROM PUBLIC;
GRANT SELECT ON hazecast.status TO hazecast_daemon, hazecast_reader;
