-- The daemons, and why a station has no forecast.

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
GRANT SELECT ON hazecast.station_outage TO hazecast_reader, hazecast_operator;
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
    heartbeat timestamptz NOT NULL DEFAULT now(),
    refusal text
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
COMMENT ON COLUMN hazecast.daemon.refusal IS
    'Why models that were made active do not serve, and what serves instead; NULL when all of them do.';
REVOKE ALL ON hazecast.daemon FROM PUBLIC;
GRANT SELECT ON hazecast.daemon TO hazecast_reader, hazecast_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON hazecast.daemon TO hazecast_daemon;
