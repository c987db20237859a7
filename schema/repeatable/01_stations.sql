-- Finding stations by name.

CREATE OR REPLACE FUNCTION hazecast.keep_old_name() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM hazecast.station_alias WHERE name = NEW.name AND station_id = NEW.id;
    INSERT INTO hazecast.station_alias (name, station_id) VALUES (OLD.name, NEW.id)
    ON CONFLICT (name) DO UPDATE SET station_id = excluded.station_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.keep_old_name() IS 'After a station was renamed: its old name becomes an alias.';
REVOKE ALL ON FUNCTION hazecast.keep_old_name() FROM PUBLIC;

CREATE OR REPLACE TRIGGER keep_old_name AFTER UPDATE OF name ON hazecast.station
    FOR EACH ROW WHEN (OLD.name <> NEW.name) EXECUTE FUNCTION hazecast.keep_old_name();
COMMENT ON TRIGGER keep_old_name ON hazecast.station IS 'Feeds hazecast.station_alias.';

CREATE OR REPLACE FUNCTION hazecast.resolve_stations(
    names text[], create_missing boolean DEFAULT false, latitude double precision DEFAULT NULL,
    longitude double precision DEFAULT NULL
) RETURNS TABLE (name text, station_id integer, is_new boolean)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    made text[];
BEGIN
    IF create_missing THEN
        WITH added AS (
            INSERT INTO hazecast.station (name, latitude, longitude)
            SELECT DISTINCT wanted.name, resolve_stations.latitude, resolve_stations.longitude
            FROM unnest(names) AS wanted (name)
            WHERE wanted.name IS NOT NULL
                AND NOT EXISTS (SELECT FROM hazecast.station WHERE station.name = wanted.name)
                AND NOT EXISTS (SELECT FROM hazecast.station_alias AS alias WHERE alias.name = wanted.name)
            ON CONFLICT (name) DO NOTHING
            RETURNING station.name
        )
        SELECT array_agg(added.name) INTO made FROM added;
    END IF;
    RETURN QUERY
    SELECT wanted.name, coalesce(station.id, alias.station_id), added.name IS NOT NULL
    FROM (SELECT DISTINCT unnest(names) AS name) AS wanted
    LEFT JOIN hazecast.station ON station.name = wanted.name
    LEFT JOIN hazecast.station_alias AS alias ON alias.name = wanted.name
    LEFT JOIN unnest(made) AS added (name) ON added.name = wanted.name
    WHERE coalesce(station.id, alias.station_id) IS NOT NULL;
END
$$;
COMMENT ON FUNCTION hazecast.resolve_stations(text[], boolean, double precision, double precision) IS
    'Which station is meant by each of the names, its own or an alias, without those that nobody has; with '
    'create_missing those become stations, at that place if one is given. name: as asked; station_id: its station; '
    'is_new: whether it was made just now.';
REVOKE ALL ON FUNCTION hazecast.resolve_stations(text[], boolean, double precision, double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.resolve_stations(text[], boolean, double precision, double precision) TO
    hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.station_named(station text) RETURNS integer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found integer;
BEGIN
    SELECT station_id INTO found FROM hazecast.resolve_stations(ARRAY[station_named.station]);
    IF found IS NULL AND station IS NOT NULL THEN
        RAISE EXCEPTION 'there is no station "%"', station
            USING ERRCODE = 'no_data_found', HINT = 'SELECT name FROM hazecast.station ORDER BY name';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION hazecast.station_named(text) IS 'The id of a station, an error where there is none; NULL for NULL.';
REVOKE ALL ON FUNCTION hazecast.station_named(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.station_named(text) TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.forget(station text, before timestamptz DEFAULT now()) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
AS $$
DECLARE
    place constant integer := hazecast.station_named(station);
BEGIN
    IF place IS NULL OR before IS NULL THEN
        RAISE EXCEPTION 'name a station and the time from which its readings count'
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    UPDATE hazecast.station SET known_since = before, forgotten_at = clock_timestamp() WHERE id = place;
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    RETURN format('%s: memory, factors and training use readings from %s UTC on', station, before);
END
$$;
COMMENT ON FUNCTION hazecast.forget(text, timestamptz) IS
    'For a sensor that was moved or replaced: what was learnt of the station before a time (now, unless said) no '
    'longer counts. Its memory and factors begin anew with the next forecast, and training uses later readings only. '
    'Readings and forecasts stay.';
REVOKE ALL ON FUNCTION hazecast.forget(text, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.forget(text, timestamptz) TO hazecast_operator;
