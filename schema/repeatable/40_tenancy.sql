-- Readers who see some stations only.
--
-- None of this costs anything before the first scope is made: row-level security is off until then. Afterwards members
-- of the other roles are under a policy that the planner removes (true); only members of hazecast_tenant pay for the
-- comparison with their scopes.

-- Both, because a role that is assumed with SET ROLE must not see more than whoever logged in, and a pool that logs
-- in for many tenants and assumes each of them must not see all of them at once.
CREATE OR REPLACE FUNCTION hazecast.scopes(reader name) RETURNS jsonb[]
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT coalesce(array_agg(scope.labels), '{}')
    FROM hazecast.reader_scope AS scope JOIN pg_roles AS role ON role.rolname = scope.role_name
    WHERE pg_has_role(session_user, role.oid, 'MEMBER') AND pg_has_role(scopes.reader, role.oid, 'MEMBER');
END;
COMMENT ON FUNCTION hazecast.scopes(name) IS
    'The labels that a role may see: those of every scope that both the role and the user who logged in are members '
    'of.';
REVOKE ALL ON FUNCTION hazecast.scopes(name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.scopes(name) TO hazecast_tenant;

-- A model that was trained for a station is named after it.
CREATE OR REPLACE FUNCTION hazecast.models_in_scope(reader name) RETURNS SETOF integer
    LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT result.challenger_id
    FROM hazecast.training_result AS result LEFT JOIN hazecast.station ON station.id = result.station_id
    WHERE result.challenger_id IS NOT NULL
        AND (result.station_id IS NULL OR station.labels @> ANY (hazecast.scopes(models_in_scope.reader)));
END;
COMMENT ON FUNCTION hazecast.models_in_scope(name) IS
    'The models that were trained for stations that a role may see, or for all stations together.';
REVOKE ALL ON FUNCTION hazecast.models_in_scope(name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.models_in_scope(name) TO hazecast_tenant;

CREATE OR REPLACE FUNCTION hazecast.switch_tenancy(wanted boolean) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '5s'
AS $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT oid FROM pg_class
        WHERE relnamespace = 'hazecast'::regnamespace AND relrowsecurity <> wanted
            AND EXISTS (SELECT FROM pg_policy WHERE polrelid = pg_class.oid)
        ORDER BY oid
    LOOP
        EXECUTE format(
            'ALTER TABLE %s %s ROW LEVEL SECURITY', relation, CASE WHEN wanted THEN 'ENABLE' ELSE 'DISABLE' END);
    END LOOP;
END
$$;
COMMENT ON FUNCTION hazecast.switch_tenancy(boolean) IS
    'Switches row-level security on or off for every table that has policies. Only the owner may call it.';
REVOKE ALL ON FUNCTION hazecast.switch_tenancy(boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.admit_tenants() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- Tables without stations in them.
    common constant name[] := ARRAY[
        'schema_file', 'retention', 'quality_rule', 'air_quality_standard', 'air_quality_breakpoint'
    ];
    -- They tell of models and rules, and with those of stations that are none of a tenant's.
    withheld constant name[] := ARRAY[
        'training_run', 'training_result', 'activation', 'alert_rule', 'alert_rule_status', 'reader_scope'
    ];
    object record;
    condition text;
BEGIN
    FOR object IN
        SELECT
            pg_class.oid::regclass AS relation, relname AS name, relkind = 'v' AS is_view,
            EXISTS (
                SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'station_id' AND NOT attisdropped
            ) AS has_station
        FROM pg_class
        WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
            AND relname <> ALL (withheld) AND has_table_privilege('hazecast_reader', oid, 'SELECT')
    LOOP
        IF object.is_view THEN
            EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', object.relation);
        END IF;
        IF object.is_view OR object.name = ANY (common) THEN
            EXECUTE format('GRANT SELECT ON %s TO hazecast_tenant', object.relation);
            CONTINUE;
        END IF;
        condition := CASE object.name
            WHEN 'station' THEN 'labels @> ANY ((SELECT hazecast.scopes(current_user))::jsonb[])'
            WHEN 'model' THEN 'parent_id IS NULL OR id IN (SELECT hazecast.models_in_scope(current_user))'
            -- What a daemon says of itself is not about the tenant's stations.
            WHEN 'daemon' THEN 'false'
            WHEN 'active_model' THEN 'station_id IS NULL OR EXISTS (SELECT FROM hazecast.station WHERE id = station_id)'
            ELSE CASE WHEN object.has_station THEN
                format('EXISTS (SELECT FROM hazecast.station WHERE station.id = %I.station_id)', object.name)
            END
        END;
        IF condition IS NULL THEN
            CONTINUE;
        END IF;
        IF object.name = 'model' THEN
            GRANT SELECT (id, name) ON hazecast.model TO hazecast_tenant;
        ELSE
            EXECUTE format('GRANT SELECT ON %s TO hazecast_tenant', object.relation);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = object.relation AND polname = 'tenant') THEN
            EXECUTE format(
                'CREATE POLICY everybody ON %s TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator '
                'USING (true)', object.relation);
            EXECUTE format(
                'CREATE POLICY tenant ON %s FOR SELECT TO hazecast_tenant USING (%s)', object.relation, condition);
        END IF;
    END LOOP;
    FOR object IN
        SELECT oid::regprocedure AS function FROM pg_proc
        WHERE pronamespace = 'hazecast'::regnamespace AND NOT prosecdef
            AND has_function_privilege('hazecast_reader', oid, 'EXECUTE')
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO hazecast_tenant', object.function);
    END LOOP;
    IF EXISTS (SELECT FROM hazecast.reader_scope) THEN
        PERFORM hazecast.switch_tenancy(true);
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.admit_tenants() IS
    'Gives hazecast_tenant what hazecast_reader may read, with policies for whatever tells of stations, and makes '
    'those views read with the rights of whoever asks. `hazecast migrate` ends with it.';
REVOKE ALL ON FUNCTION hazecast.admit_tenants() FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.restrict_reader(role name, labels jsonb) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    wide text;
BEGIN
    IF to_regrole(quote_ident(role)) IS NULL THEN
        RAISE EXCEPTION 'there is no role "%"', role
            USING ERRCODE = 'undefined_object', HINT = format('CREATE ROLE %I LOGIN', role);
    END IF;
    IF (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = role) THEN
        RAISE EXCEPTION 'role "%" bypasses row-level security and cannot be restricted', role
            USING ERRCODE = 'invalid_grant_operation', HINT = format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS', role);
    END IF;
    EXECUTE format('REVOKE hazecast_reader FROM %I', role);
    SELECT string_agg(pg_roles.rolname, ', ' ORDER BY pg_roles.rolname) INTO wide
    FROM pg_roles
    WHERE pg_has_role(role, pg_roles.oid, 'MEMBER') AND (
        pg_roles.rolname IN ('hazecast_reader', 'hazecast_writer', 'hazecast_operator', 'hazecast_daemon')
        OR pg_roles.oid = (SELECT nspowner FROM pg_namespace WHERE nspname = 'hazecast')
    );
    IF wide IS NOT NULL THEN
        RAISE EXCEPTION 'role "%" is a member of %, which sees every station', role, wide
            USING ERRCODE = 'invalid_grant_operation',
                HINT = 'Take the membership away, or restrict another role: writers and operators have logins of '
                    'their own.';
    END IF;
    EXECUTE format('GRANT hazecast_tenant TO %I', role);
    INSERT INTO hazecast.reader_scope AS scope (role_name, labels) VALUES (role, restrict_reader.labels)
    ON CONFLICT (role_name) DO UPDATE
        SET labels = excluded.labels, created_at = excluded.created_at, created_by = excluded.created_by;
    PERFORM hazecast.switch_tenancy(true);
    RETURN format(
        '%s sees %s of %s stations', role,
        (SELECT count(*) FROM hazecast.station WHERE station.labels @> restrict_reader.labels),
        (SELECT count(*) FROM hazecast.station));
END
$$;
COMMENT ON FUNCTION hazecast.restrict_reader(name, jsonb) IS
    'Makes a role a reader of those stations only whose labels contain the given ones: takes hazecast_reader from it, '
    'grants hazecast_tenant, writes hazecast.reader_scope, and with the first such role switches row-level security '
    'on. Says how many stations it sees. Only the owner of the schema may call it.';
REVOKE ALL ON FUNCTION hazecast.restrict_reader(name, jsonb) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.release_reader(role name) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM hazecast.reader_scope WHERE role_name = role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'role "%" is not restricted', role
            USING ERRCODE = 'no_data_found', HINT = 'SELECT * FROM hazecast.reader_scope';
    END IF;
    IF to_regrole(quote_ident(role)) IS NOT NULL THEN
        EXECUTE format('REVOKE hazecast_tenant FROM %I', role);
    END IF;
    IF NOT EXISTS (SELECT FROM hazecast.reader_scope) THEN
        PERFORM hazecast.switch_tenancy(false);
    END IF;
    RETURN format('%s sees no station: GRANT hazecast_reader TO %I shows it all of them', role, role);
END
$$;
COMMENT ON FUNCTION hazecast.release_reader(name) IS
    'Takes from a role what restrict_reader gave it; with the last one row-level security is switched off. Only the '
    'owner of the schema may call it.';
REVOKE ALL ON FUNCTION hazecast.release_reader(name) FROM PUBLIC;
