-- Stations, and their other names.

CREATE TABLE hazecast.station (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
        CONSTRAINT station_name_is_not_blank CHECK (btrim(name) <> ''),
    latitude double precision
        CONSTRAINT station_latitude_in_range CHECK (latitude BETWEEN -90 AND 90),
    longitude double precision
        CONSTRAINT station_longitude_in_range CHECK (longitude BETWEEN -180 AND 180),
    labels jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT station_labels_is_an_object CHECK (jsonb_typeof(labels) = 'object'),
    created_at timestamptz NOT NULL DEFAULT now(),
    known_since timestamptz,
    forgotten_at timestamptz
);
COMMENT ON TABLE hazecast.station IS
    'Where readings come from. A reading of a station that is not here is a foreign-key error.';
COMMENT ON COLUMN hazecast.station.id IS 'Assigned by the database; what readings refer to.';
COMMENT ON COLUMN hazecast.station.name IS 'Unique name, as the views show it.';
COMMENT ON COLUMN hazecast.station.latitude IS 'Degrees north, -90 to 90; NULL when unknown.';
COMMENT ON COLUMN hazecast.station.longitude IS
    'Degrees east, -180 to 180; NULL when unknown. Gives the local solar time, by which forecasts are better.';
COMMENT ON COLUMN hazecast.station.labels IS
    'The user''s own keys and values, a JSON object; Hazecast does not read it.';
COMMENT ON COLUMN hazecast.station.created_at IS 'When the station was added.';
COMMENT ON COLUMN hazecast.station.known_since IS
    'Memory, factors and training use readings from here on; NULL: all. hazecast.forget() sets it.';
COMMENT ON COLUMN hazecast.station.forgotten_at IS
    'Time of the last hazecast.forget(); days settled before do not count.';
REVOKE ALL ON hazecast.station FROM PUBLIC;
GRANT SELECT ON hazecast.station TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator;
GRANT INSERT (name, latitude, longitude, labels) ON hazecast.station TO hazecast_writer;

CREATE TABLE hazecast.station_alias (
    name text PRIMARY KEY
        CONSTRAINT station_alias_name_is_not_blank CHECK (btrim(name) <> ''),
    station_id integer NOT NULL REFERENCES hazecast.station ON DELETE CASCADE
);
CREATE INDEX station_alias_station_idx ON hazecast.station_alias (station_id);
COMMENT ON TABLE hazecast.station_alias IS
    'Other names by which readings of a station may come: import, simulate, attached tables and functions that take a '
    'name know them. A station that is renamed keeps its old name here. A station''s own name goes before an alias.';
COMMENT ON COLUMN hazecast.station_alias.name IS 'The other name.';
COMMENT ON COLUMN hazecast.station_alias.station_id IS 'The station that is meant.';
REVOKE ALL ON hazecast.station_alias FROM PUBLIC;
GRANT SELECT ON hazecast.station_alias TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator;
GRANT INSERT, UPDATE, DELETE ON hazecast.station_alias TO hazecast_operator;
