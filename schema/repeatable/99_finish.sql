-- The end of every run of `hazecast migrate` that applies a file: tenants may see what readers may, of their stations.

SELECT hazecast.admit_tenants();

-- `hazecast import` sorts its rows in temporary tables. Where they were taken from PUBLIC, writers need the right.
DO $$
BEGIN
    IF NOT has_database_privilege('hazecast_writer', current_database(), 'TEMPORARY') THEN
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO hazecast_writer', current_database());
        IF NOT has_database_privilege('hazecast_writer', current_database(), 'TEMPORARY') THEN
            RAISE EXCEPTION
                'writers need temporary tables for `hazecast import`; as the owner of the database: '
                'GRANT TEMPORARY ON DATABASE % TO % WITH GRANT OPTION',
                quote_ident(current_database()), quote_ident(current_user)
                USING ERRCODE = 'insufficient_privilege';
        END IF;
    END IF;
END
$$;
