-- The schema, its roles, and the record of the files that made it.

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
    missing record;
BEGIN
    FOR missing IN
        SELECT *, string_agg('CREATE ROLE ' || role.name, '; ') OVER () AS all_of_them
        FROM (VALUES
            ('hazecast_daemon', 'What the hazecast service may do: claim arrivals, issue forecasts, report its state.'),
            ('hazecast_writer', 'May add stations, write and correct readings, and ask for a refresh.'),
            ('hazecast_reader', 'May read stations, readings, forecasts and status.'),
            (
                'hazecast_operator',
                'May ask for a training run, promote a model, roll back to the one before, and read what they did.'
            ),
            (
                'hazecast_tenant',
                'May read what hazecast_reader may, but only of the stations in its scopes; hazecast.restrict_reader '
                'grants it.'
            )
        ) AS role (name, purpose)
        WHERE to_regrole(role.name) IS NULL
    LOOP
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', missing.name);
            EXECUTE format('COMMENT ON ROLE %I IS %L', missing.name, missing.purpose);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION
                    'role "%" is missing and "%" may not create it; as a superuser: %',
                    missing.name, current_user, missing.all_of_them
                    USING ERRCODE = 'insufficient_privilege';
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA hazecast
    TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator, hazecast_tenant;

CREATE TABLE hazecast.schema_file (
    name text PRIMARY KEY,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE hazecast.schema_file IS
    'The SQL files that made this schema, as they were applied; `hazecast migrate` writes it.';
COMMENT ON COLUMN hazecast.schema_file.name IS
    'Folder and name: tables/… is the baseline, migrations/… numbered changes, repeatable/… functions and views.';
COMMENT ON COLUMN hazecast.schema_file.sha256 IS
    'SHA-256 of the text that was applied, 64 hex digits. Only repeatable files may change and are then applied again.';
COMMENT ON COLUMN hazecast.schema_file.applied_at IS 'When it was last applied.';
REVOKE ALL ON hazecast.schema_file FROM PUBLIC;
GRANT SELECT ON hazecast.schema_file TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator;
