-- Attaching a table.

CREATE OR REPLACE FUNCTION hazecast.register_attachment(
    source regclass, columns jsonb, station_name text, units jsonb, time_zone text, stamps text, step interval,
    correction text, poll interval, patience interval, follow_deletes boolean
) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- current_user is the owner of this function.
    caller constant text :=
        CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END;
    owner constant text := quote_ident(current_user);
    class record;
    wanted hazecast.attachment;
    name text;
    unit text;
    type regtype;
BEGIN
    SELECT c.relkind, c.relpersistence, c.relname, n.nspname INTO class
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = source;
    IF class.relkind IS NULL OR class.relkind NOT IN ('r', 'p', 'f', 'm') OR class.relpersistence = 't'
        OR class.nspname IN ('hazecast', 'pg_catalog', 'information_schema')
    THEN
        RAISE EXCEPTION '% cannot be attached: it must be a table, a foreign table or a materialized view of yours',
            source
            USING ERRCODE = 'wrong_object_type',
                HINT = 'A view would run its functions with the rights of the owner of schema hazecast.';
    END IF;
    IF NOT has_table_privilege(caller, source, 'SELECT') THEN
        RAISE EXCEPTION '"%" may not read %: GRANT SELECT ON % TO %', caller, source, source, quote_ident(caller)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF poll IS NULL AND class.relkind IN ('r', 'p') AND NOT has_table_privilege(caller, source, 'TRIGGER') THEN
        RAISE EXCEPTION '"%" may not make triggers on %: GRANT TRIGGER ON % TO %',
            caller, source, source, quote_ident(caller)
            USING ERRCODE = 'insufficient_privilege', HINT = 'A table that is attached with poll needs no triggers.';
    END IF;
    IF NOT has_schema_privilege(current_user, class.nspname, 'USAGE') THEN
        RAISE EXCEPTION 'the owner of schema hazecast may not use schema %: GRANT USAGE ON SCHEMA % TO %',
            quote_ident(class.nspname), quote_ident(class.nspname), owner
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT has_table_privilege(current_user, source, 'SELECT') THEN
        RAISE EXCEPTION 'the owner of schema hazecast may not read %: GRANT SELECT ON % TO %', source, source, owner
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF row_security_active(source) THEN
        RAISE EXCEPTION 'row security hides rows of % from the owner of schema hazecast: ALTER ROLE % BYPASSRLS',
            source, owner
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    columns := jsonb_strip_nulls(columns);
    IF (columns ? 'station') = (station_name IS NOT NULL) THEN
        RAISE EXCEPTION 'say which station: station => a column, or station_name => the name of the one station'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF station_name IS NOT NULL AND (btrim(station_name) = '' OR length(station_name) > 200) THEN
        RAISE EXCEPTION 'station_name must have 1 to 200 characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT columns ? 'observed_at' THEN
        RAISE EXCEPTION 'say when: observed_at => the column with the time' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF (columns ? 'wind_u') <> (columns ? 'wind_v') THEN
        RAISE EXCEPTION 'wind_u and wind_v go together' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF columns ? 'humidity' AND correction IS NULL AND NOT columns ? 'temperature' THEN
        RAISE EXCEPTION 'humidity gives the dew point only together with temperature'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF correction IS NOT NULL AND (correction <> 'purpleair' OR NOT columns ?& '{pm25,humidity}') THEN
        RAISE EXCEPTION 'the only correction is purpleair, and it needs the columns pm25 (cf_1) and humidity'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF stamps IS NULL OR stamps NOT IN ('beginning', 'end') THEN
        RAISE EXCEPTION 'stamps is beginning or end: of the time that a row stands for'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF step IS NULL OR step < interval '1 second' OR step > interval '1 hour' THEN
        RAISE EXCEPTION 'step, the time between rows of a station, must be one second to one hour'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF patience IS NULL OR patience NOT BETWEEN interval '0' AND interval '1 day' OR poll < interval '1 second' THEN
        RAISE EXCEPTION 'patience must be at most a day, and poll at least a second'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR name, unit IN SELECT * FROM jsonb_each_text(units) LOOP
        IF hazecast.unit_factor(name, unit) IS NULL THEN
            RAISE EXCEPTION '"%" is no unit of %', unit, name USING ERRCODE = 'invalid_parameter_value', HINT =
                'pm25: µg/m³, mg/m3; temperature, dew_point: C, F, K; pressure: hPa, Pa, kPa, inHg, mmHg, mbar; '
                'wind_speed: m/s, km/h, mph, kn; humidity: %, fraction; observed_at, a number since 1970: s, ms, us';
        END IF;
    END LOOP;
    IF time_zone ~ '^[+-](0\d|1[0-4])(:?[0-5]\d)?$' THEN
        -- PostgreSQL reads a bare offset with the sign that POSIX gives it, the other way round.
        time_zone := format(
            '<%s>%s%s', time_zone, translate(left(time_zone, 1), '+-', '-+'),
            regexp_replace(substr(time_zone, 2), '^(\d\d)(\d\d)$', '\1:\2'));
    ELSIF NOT EXISTS (SELECT FROM pg_timezone_names AS known WHERE known.name = time_zone) THEN
        RAISE EXCEPTION '"%" is no time zone; give an offset such as +05:30 or a name such as Europe/Berlin', time_zone
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF poll IS NULL AND class.relkind IN ('f', 'm') THEN
        poll := interval '1 minute';
    END IF;

    wanted.source := source;
    wanted.columns := columns;
    wanted.units := units;
    type := hazecast.attached_type(source, columns ->> 'observed_at');
    IF coalesce(hazecast.type_family(type), 'uuid') = 'uuid' THEN
        RAISE EXCEPTION 'column "%" of % is of type %: observed_at must be a timestamp, a number since 1970, or text',
            columns ->> 'observed_at', source, type USING ERRCODE = 'datatype_mismatch';
    END IF;
    IF station_name IS NULL THEN
        type := hazecast.attached_type(source, columns ->> 'station');
        IF coalesce(hazecast.type_family(type), 'instant') NOT IN ('text', 'number', 'uuid') THEN
            RAISE EXCEPTION 'column "%" of % is of type %: station must be text, a number or a uuid',
                columns ->> 'station', source, type USING ERRCODE = 'datatype_mismatch';
        END IF;
    END IF;
    FOR name IN SELECT jsonb_object_keys(columns - '{station,observed_at}'::text[]) LOOP
        PERFORM hazecast.measure_sql(wanted, name);
    END LOOP;
    IF cardinality(hazecast.attached_measures(wanted)) = 0 THEN
        RAISE EXCEPTION 'name at least one column with a measure, such as pm25'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    INSERT INTO hazecast.attachment AS a (
        source, source_name, columns, station_name, units, time_zone, stamps, step, correction, poll, patience,
        follow_deletes, attached_by, polled_at
    ) VALUES (
        source, format('%I.%I', class.nspname, class.relname), columns, station_name, units, time_zone, stamps, step,
        correction, poll, patience, follow_deletes, caller, now() - poll
    )
    ON CONFLICT ON CONSTRAINT attachment_source_key DO UPDATE SET
        source_name = excluded.source_name, columns = excluded.columns, station_name = excluded.station_name,
        units = excluded.units, time_zone = excluded.time_zone, stamps = excluded.stamps, step = excluded.step,
        correction = excluded.correction, poll = excluded.poll, patience = excluded.patience,
        follow_deletes = excluded.follow_deletes, attached_by = excluded.attached_by, polled_at = excluded.polled_at,
        error = NULL, failures = 0, retry_at = '-infinity'
    RETURNING a.id INTO wanted.id;
    RETURN wanted.id;
END
$$;
COMMENT ON FUNCTION hazecast.register_attachment(
    regclass, jsonb, text, jsonb, text, text, interval, text, interval, interval, boolean
) IS
    'What attach does with the rights of the owner of this schema: checks what the caller may and what was said, and '
    'keeps it.';
REVOKE ALL ON FUNCTION hazecast.register_attachment(regclass, jsonb, text, jsonb, text, text, interval, text, interval,
    interval, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.register_attachment(regclass, jsonb, text, jsonb, text, text, interval, text,
    interval, interval, boolean) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.attach(
    source regclass, station text DEFAULT NULL, observed_at text DEFAULT NULL, pm25 text DEFAULT NULL,
    dew_point text DEFAULT NULL, temperature text DEFAULT NULL, pressure text DEFAULT NULL,
    wind_direction text DEFAULT NULL, wind_speed text DEFAULT NULL, humidity text DEFAULT NULL,
    wind_u text DEFAULT NULL, wind_v text DEFAULT NULL, station_name text DEFAULT NULL, units jsonb DEFAULT '{}',
    time_zone text DEFAULT 'UTC', stamps text DEFAULT 'beginning', step interval DEFAULT '1 hour',
    correction text DEFAULT NULL, poll interval DEFAULT NULL, patience interval DEFAULT '10 minutes',
    follow_deletes boolean DEFAULT true, backfill interval DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attachment constant integer := hazecast.register_attachment(
        source,
        jsonb_build_object(
            'station', station, 'observed_at', observed_at, 'pm25', pm25, 'dew_point', dew_point,
            'temperature', temperature, 'pressure', pressure, 'wind_direction', wind_direction,
            'wind_speed', wind_speed, 'humidity', humidity, 'wind_u', wind_u, 'wind_v', wind_v),
        station_name, units, time_zone, stamps, step, correction, poll, patience, follow_deletes);
    polled constant boolean := (SELECT a.poll IS NOT NULL FROM hazecast.attachment AS a WHERE a.id = attachment);
    relation regclass;
    noted bigint;
BEGIN
    IF polled THEN
        PERFORM hazecast.drop_attachment_triggers(attachment);
    ELSE
        -- A partition has triggers of its own for what is written straight into it; those of the table see the rest.
        FOR relation IN
            SELECT attach.source
            UNION
            SELECT part.relid FROM pg_partition_tree(attach.source) AS part JOIN pg_class ON pg_class.oid = part.relid
            WHERE pg_class.relkind IN ('r', 'p')
        LOOP
            EXECUTE format(
                'CREATE OR REPLACE TRIGGER hazecast_insert AFTER INSERT ON %1$s REFERENCING NEW TABLE AS written
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L);
                CREATE OR REPLACE TRIGGER hazecast_update AFTER UPDATE ON %1$s
                    REFERENCING NEW TABLE AS written OLD TABLE AS removed
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L);
                CREATE OR REPLACE TRIGGER hazecast_delete AFTER DELETE ON %1$s REFERENCING OLD TABLE AS removed
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L);
                CREATE OR REPLACE TRIGGER hazecast_truncate AFTER TRUNCATE ON %1$s
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L)',
                relation, attachment);
        END LOOP;
        IF NOT EXISTS (
            SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
            WHERE indrelid = attach.source AND indpred IS NULL AND attname IN (attach.station, attach.observed_at)
        ) THEN
            RAISE WARNING 'no index of % begins with its station or its time: every change makes us read all of it',
                source
                USING HINT = format(
                    'CREATE INDEX ON %s (%s)', source, concat_ws(', ', quote_ident(station), quote_ident(observed_at)));
        END IF;
    END IF;
    noted := hazecast.note_history(attachment, backfill);
    RETURN format(
        '%s is attached%s', source,
        CASE WHEN backfill IS NOT NULL THEN format(', with %s times of history', noted) END);
END
$$;
COMMENT ON FUNCTION hazecast.attach(
    regclass, text, text, text, text, text, text, text, text, text, text, text, text, jsonb, text, text, interval,
    text, interval, interval, boolean, interval
) IS
    'Feeds hazecast.reading from a table of yours; called again, with what has changed. station, observed_at and the '
    'measures name its columns; station_name is for a table without a station column. units: {"temperature": "F", '
    '"wind_speed": "km/h"}. time_zone is the clock of times without an offset; stamps: beginning or end of what a row '
    'stands for; step: the time between rows, one hour at most. correction: purpleair. poll: how often to look where '
    'no trigger can tell. patience: how long an hour is waited for that lacks rows. follow_deletes: whether rows '
    'deleted within two days take their hour with them. backfill: history to take in now.';
REVOKE ALL ON FUNCTION hazecast.attach(regclass, text, text, text, text, text, text, text, text, text, text, text, text,
    jsonb, text, text, interval, text, interval, interval, boolean, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.attach(regclass, text, text, text, text, text, text, text, text, text, text, text,
    text, jsonb, text, text, interval, text, interval, interval, boolean, interval) TO hazecast_operator;
