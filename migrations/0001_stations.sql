-- The schema, who may do what in it, and the stations.

DO $$
BEGIN
    IF to_regnamespace('hazecast') IS NULL THEN
        CREATE SCHEMA hazecast;
    END IF;
END
$$;

REVOKE ALL ON SCHEMA hazecast FROM PUBLIC;
COMMENT ON SCHEMA hazecast IS
    'PM2.5 forecasts beside the readings they are made from. Readings go into hazecast.reading, forecasts come out of '
    'hazecast.latest_forecast. Times are UTC hours, pm25 is in µg/m³.';

-- Roles belong to the cluster: another database of it may have made them, or be making them right now.
DO $$
DECLARE
    wanted record;
BEGIN
    FOR wanted IN
        SELECT * FROM (VALUES
            ('hazecast_daemon', 'What the hazecast service may do: claim arrivals, issue forecasts, report its state.'),
            ('hazecast_writer', 'May add stations, write and correct readings, and ask for a refresh.'),
            ('hazecast_reader', 'May read stations, readings, forecasts and status.')
        ) AS role (name, purpose)
        WHERE to_regrole(role.name) IS NULL
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', wanted.name);
            EXECUTE format('COMMENT ON ROLE %I IS %L', wanted.name, wanted.purpose);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION
                    'role "%" is missing and "%" may not create it; as a superuser: '
                    'CREATE ROLE hazecast_daemon; CREATE ROLE hazecast_writer; CREATE ROLE hazecast_reader',
                    wanted.name, current_user
                    USING ERRCODE = 'insufficient_privilege';
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA hazecast TO hazecast_daemon, hazecast_writer, hazecast_reader;

CREATE TABLE hazecast.migration (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE hazecast.migration IS 'The migrations that made this schema; `hazecast migrate` writes it.';
COMMENT ON COLUMN hazecast.migration.number IS 'Place in the order in which migrations are applied, from 1.';
COMMENT ON COLUMN hazecast.migration.name IS 'File name of the migration, number and extension included.';
COMMENT ON COLUMN hazecast.migration.sha256 IS
    'SHA-256 of the text that was applied, 64 hex digits: a merged migration never changes.';
COMMENT ON COLUMN hazecast.migration.applied_at IS 'When it was applied.';
REVOKE ALL ON hazecast.migration FROM PUBLIC;
GRANT SELECT ON hazecast.migration TO hazecast_daemon, hazecast_writer, hazecast_reader;

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
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE hazecast.station IS
    'Where readings come from. A reading of a station that is not here is a foreign-key error.';
COMMENT ON COLUMN hazecast.station.id IS 'Assigned by the database; what readings refer to.';
COMMENT ON COLUMN hazecast.station.name IS 'Unique name, as the views show it.';
COMMENT ON COLUMN hazecast.station.latitude IS 'Degrees north, -90 to 90; NULL when unknown.';
COMMENT ON COLUMN hazecast.station.longitude IS
    'Degrees east, -180 to 180; NULL when unknown. Gives the local solar time; without it UTC is taken.';
COMMENT ON COLUMN hazecast.station.labels IS
    'The user''s own keys and values, a JSON object; Hazecast does not read it.';
COMMENT ON COLUMN hazecast.station.created_at IS 'When the station was added.';
REVOKE ALL ON hazecast.station FROM PUBLIC;
GRANT SELECT ON hazecast.station TO hazecast_daemon, hazecast_writer, hazecast_reader;
GRANT INSERT (name, latitude, longitude, labels) ON hazecast.station TO hazecast_writer;
