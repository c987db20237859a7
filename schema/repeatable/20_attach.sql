-- Attaching a table. Nothing here that runs with the rights of the owner of this schema plans a query over a user's
-- table: index expressions, defaults, rules, policies and views of that table would run with them.

CREATE OR REPLACE FUNCTION hazecast.type_family(relation regclass, name text) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH RECURSIVE type (id) AS (
        SELECT atttypid FROM pg_attribute
        WHERE attrelid = relation AND attname = name AND attnum > 0 AND NOT attisdropped
        UNION
        SELECT typbasetype FROM type JOIN pg_type ON oid = id WHERE typtype = 'd'
    )
    SELECT CASE
        WHEN id = ANY ('{text,varchar,bpchar,name}'::regtype[]) THEN 'text'
        WHEN id = ANY ('{int2,int4,int8,numeric,float4,float8}'::regtype[]) THEN 'number'
        WHEN id = ANY ('{timestamp,date}'::regtype[]) THEN 'local'
        WHEN id = 'timestamptz'::regtype THEN 'instant'
        WHEN id = 'uuid'::regtype THEN 'uuid'
        ELSE 'other'
    END
    FROM type JOIN pg_type ON oid = id WHERE typtype <> 'd';
END;
COMMENT ON FUNCTION hazecast.type_family(regclass, text) IS
    'text, number, local (a time without offset), instant, uuid or other: how a column is read, of a domain what it is '
    'made of; NULL where there is no such column.';
REVOKE ALL ON FUNCTION hazecast.type_family(regclass, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.type_family(regclass, text) TO hazecast_daemon, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.check_attachment(source regclass, settings jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    columns constant jsonb := settings -> 'columns';
    known constant jsonb := '{"pm25": ["µg/m³", "ug/m3", "mg/m3"], "temperature": ["C", "F", "K"],
        "dew_point": ["C", "F", "K"], "pressure": ["hPa", "mbar", "Pa", "kPa", "inHg", "mmHg"],
        "wind_speed": ["m/s", "km/h", "mph", "kn", "knots", "kt"], "wind_direction": ["deg", "10deg"],
        "humidity": ["%", "fraction"], "observed_at": ["s", "ms", "us"]}';
    seconds constant double precision := settings ->> 'step';
    named record;
    fault text;
BEGIN
    FOR named IN SELECT key, value, hazecast.type_family(source, value) AS family FROM jsonb_each_text(columns) LOOP
        IF named.family IS NULL THEN
            RAISE EXCEPTION 'there is no column "%" in %', named.value, source USING ERRCODE = 'undefined_column';
        ELSIF (named.key = 'station' AND named.family NOT IN ('text', 'number', 'uuid'))
            OR (named.key = 'observed_at' AND named.family IN ('uuid', 'other'))
            OR (named.key NOT IN ('station', 'observed_at', 'parameter') AND named.family NOT IN ('text', 'number'))
        THEN
            RAISE EXCEPTION 'column "%" of % is of type %: %', named.value, source, (
                    SELECT atttypid::regtype FROM pg_attribute WHERE attrelid = source AND attname = named.value
                ), CASE named.key
                    WHEN 'station' THEN 'station must be text, a number or a uuid'
                    WHEN 'observed_at' THEN 'observed_at must be a timestamp, a number since 1970, or text'
                    ELSE named.key || ' must be a number or text' END
                USING ERRCODE = 'datatype_mismatch', HINT = 'A view or a generated column can hold what is needed.';
        END IF;
    END LOOP;
    FOR named IN SELECT key, value FROM jsonb_each_text(settings -> 'units') LOOP
        IF NOT EXISTS (
            SELECT FROM jsonb_array_elements_text(known -> named.key) AS unit
            WHERE lower(unit) = lower(replace(named.value, '°', ''))
        ) THEN
            RAISE EXCEPTION '"%" is no unit of %', named.value, named.key
                USING ERRCODE = 'invalid_parameter_value', HINT = known::text;
        END IF;
    END LOOP;
    fault := CASE
        WHEN (columns ? 'station') = (settings ? 'station_name') THEN
            'say which station: station => a column, or station_name => the name of the one station'
        WHEN settings ? 'station_name' AND (
            btrim(settings ->> 'station_name') = '' OR length(settings ->> 'station_name') > 200
        ) THEN 'station_name must have 1 to 200 characters'
        WHEN NOT columns ? 'observed_at' THEN 'say when: observed_at => the column with the time'
        WHEN NOT columns ?| '{pm25,dew_point,temperature,pressure,wind_direction,wind_speed,humidity,wind_u,wind_v}'
            THEN 'name at least one column with a measure, such as pm25'
        WHEN (columns ? 'wind_u') <> (columns ? 'wind_v') THEN 'wind_u and wind_v go together'
        WHEN columns ? 'humidity' AND NOT settings ? 'correction' AND NOT columns ? 'temperature' THEN
            'humidity gives the dew point only together with temperature'
        WHEN settings ? 'correction' AND (settings ->> 'correction' <> 'purpleair' OR NOT columns ?& '{pm25,humidity}')
            THEN 'the only correction is purpleair, and it needs the columns pm25 (cf_1) and humidity'
        WHEN settings ->> 'stamps' NOT IN ('beginning', 'end') THEN
            'stamps is beginning or end: of the time that a row stands for'
        WHEN seconds NOT BETWEEN 1 AND 3600 THEN
            'step, the time between rows of a station, must be one second to one hour'
        WHEN (settings ->> 'patience')::double precision NOT BETWEEN 0 AND 86400
            OR (settings ->> 'poll')::double precision < 1 THEN
            'patience must be at most a day, and poll at least a second'
        WHEN (settings ->> 'carry')::double precision NOT BETWEEN 1 AND 86400 THEN 'carry must be a second to a day'
        WHEN jsonb_typeof(settings -> 'missing') <> 'array'
            OR jsonb_path_exists(settings, 'strict $.missing[*] ? (@.type() != "string")', '{}', true) THEN
            'missing is a list of words: ''["---"]'''
        WHEN jsonb_path_exists(settings, 'strict $.error_codes ? (@.type() != "object")', '{}', true)
            OR jsonb_path_exists(settings, 'strict $.error_codes.* ? (@.type() != "array")', '{}', true)
            OR jsonb_path_exists(settings, 'strict $.error_codes.*[*] ? (@.type() != "number")', '{}', true) THEN
            'error_codes are lists of numbers by measure: ''{"pm25": [985, -999]}'''
        WHEN columns ? 'parameter' AND settings ? 'carry' THEN
            'carry takes one measure at a time: attach the table for each with where and name, instead of parameter'
        WHEN (columns ? 'parameter') <> (settings ? 'parameters')
            OR jsonb_path_exists(settings, 'strict $.parameters.* ? (@.type() != "string")', '{}', true) THEN
            'parameter, the column that names a row''s measure, needs parameters => ''{"pm25": "its name there"}'''
        WHEN NOT (settings ->> 'time_zone' ~ '^([+-](0\d|1[0-4])(:?[0-5]\d)?|UTC)$' OR EXISTS (
            SELECT FROM pg_timezone_names WHERE name = settings ->> 'time_zone' AND name LIKE '%/%'
        )) THEN format('"%s" is no time zone; give an offset such as +05:30 or a name such as Europe/Berlin',
            settings ->> 'time_zone')
    END;
    IF fault IS NOT NULL THEN
        RAISE EXCEPTION '%', fault USING ERRCODE = 'invalid_parameter_value';
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.check_attachment(regclass, jsonb) IS 'Refuses settings of hazecast.attach, saying why.';
REVOKE ALL ON FUNCTION hazecast.check_attachment(regclass, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.check_attachment(regclass, jsonb) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.register_attachment(
    source regclass, name text, settings jsonb, OUT attachment integer, OUT reader text
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- current_user is the owner of this function.
    caller constant text :=
        CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END;
BEGIN
    IF NOT has_table_privilege(caller, source, 'SELECT') THEN
        RAISE EXCEPTION '"%" may not read %: GRANT SELECT ON % TO %', caller, source, source, quote_ident(caller)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO hazecast.attachment AS a (source, name, source_name, settings, reader, attached_by)
    SELECT source, name, format('%I.%I', nspname, relname), settings, '', caller
    FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = source
    ON CONFLICT ON CONSTRAINT attachment_source_name_key DO UPDATE SET
        source_name = excluded.source_name, settings = excluded.settings, attached_by = excluded.attached_by,
        error = NULL, failures = 0, retry_at = '-infinity'
    RETURNING a.id, a.reader INTO attachment, reader;
    IF reader = '' THEN
        reader := format('hazecast_reads_%s_%s', (
            SELECT oid FROM pg_database WHERE datname = current_database()), attachment);
        UPDATE hazecast.attachment AS a SET reader = register_attachment.reader WHERE a.id = attachment;
    ELSIF to_regrole(reader) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE ROLE %I NOLOGIN NOINHERIT', reader);
    EXECUTE format('GRANT %I TO hazecast_daemon', reader);
    EXECUTE format('COMMENT ON ROLE %I IS %L', reader, 'Reads an attached table for Hazecast: hazecast.attachments.');
EXCEPTION WHEN insufficient_privilege THEN
    IF SQLERRM LIKE '%role%' THEN
        RAISE EXCEPTION 'the owner of schema hazecast may not make the role that reads %: ALTER ROLE % CREATEROLE',
            source, quote_ident(current_user)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RAISE;
END
$$;
COMMENT ON FUNCTION hazecast.register_attachment(regclass, text, jsonb) IS
    'What attach does with the rights of the owner of this schema: keeps the settings and makes the role that reads.';
REVOKE ALL ON FUNCTION hazecast.register_attachment(regclass, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.register_attachment(regclass, text, jsonb) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.note_history(attachment integer, history interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO hazecast.attachment_change (attachment, kind, hours)
    SELECT note_history.attachment, 'history', int8multirange(int8range(
        floor(date_part('epoch', greatest(now() - history, '1970-01-01 00:00:00+00')) / 3600)::bigint, NULL))
    WHERE history IS NOT NULL;
    INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION hazecast.note_history(integer, interval) IS
    'Has the daemon take in the rows that an attached table has had for so long, and wakes it.';
REVOKE ALL ON FUNCTION hazecast.note_history(integer, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.note_history(integer, interval) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.attach(
    source regclass, station text DEFAULT NULL, observed_at text DEFAULT NULL, pm25 text DEFAULT NULL,
    dew_point text DEFAULT NULL, temperature text DEFAULT NULL, pressure text DEFAULT NULL,
    wind_direction text DEFAULT NULL, wind_speed text DEFAULT NULL, humidity text DEFAULT NULL,
    wind_u text DEFAULT NULL, wind_v text DEFAULT NULL, station_name text DEFAULT NULL, units jsonb DEFAULT '{}',
    time_zone text DEFAULT NULL, stamps text DEFAULT 'beginning', step interval DEFAULT '1 hour',
    correction text DEFAULT NULL, poll interval DEFAULT NULL, patience interval DEFAULT '10 minutes',
    follow_deletes boolean DEFAULT true, backfill interval DEFAULT NULL, name text DEFAULT '',
    "where" text DEFAULT NULL, parameter text DEFAULT NULL, parameters jsonb DEFAULT NULL, carry interval DEFAULT NULL,
    missing jsonb DEFAULT '[]', error_codes jsonb DEFAULT '{}'
) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    class constant pg_class := (SELECT c FROM pg_class AS c WHERE c.oid = source);
    is_polled constant boolean := poll IS NOT NULL OR class.relkind IN ('f', 'm', 'v');
    settings constant jsonb := jsonb_strip_nulls(jsonb_build_object(
        'columns', jsonb_build_object(
            'station', station, 'observed_at', observed_at, 'pm25', pm25, 'dew_point', dew_point,
            'temperature', temperature, 'pressure', pressure, 'wind_direction', wind_direction,
            'wind_speed', wind_speed, 'humidity', humidity, 'wind_u', wind_u, 'wind_v', wind_v,
            'parameter', parameter),
        'station_name', station_name, 'units', units, 'time_zone', time_zone, 'stamps', stamps,
        'step', date_part('epoch', step), 'correction', correction, 'patience', date_part('epoch', patience),
        'poll', CASE WHEN is_polled THEN date_part('epoch', coalesce(poll, '1 minute')) END,
        'follow_deletes', follow_deletes, 'where', "where", 'parameters', parameters,
        'carry', date_part('epoch', carry), 'missing', missing, 'error_codes', error_codes));
    namespace constant regnamespace := class.relnamespace;
    registered record;
    relation regclass;
BEGIN
    IF class.relkind NOT IN ('r', 'p', 'f', 'm', 'v') OR class.relpersistence = 't'
        OR namespace = ANY ('{hazecast,pg_catalog,information_schema}'::regnamespace[])
    THEN
        RAISE EXCEPTION '% cannot be attached: it must be a table, a foreign table or a view of yours', source
            USING ERRCODE = 'wrong_object_type';
    ELSIF class.relrowsecurity THEN
        RAISE EXCEPTION '% has row security, which could hide rows: attach a view of its owner''s over it', source
            USING ERRCODE = 'object_not_in_prerequisite_state';
    ELSIF NOT is_polled AND EXISTS (SELECT FROM pg_trigger WHERE tgrelid = source AND tgname = 'ts_insert_blocker') THEN
        RAISE EXCEPTION '% is a hypertable of TimescaleDB, where no trigger sees the rows of a statement', source
            USING ERRCODE = 'wrong_object_type', HINT = $h$Say poll => '1 minute'.$h$;
    END IF;
    PERFORM hazecast.check_attachment(source, settings);
    IF hazecast.type_family(source, observed_at) = 'local' AND time_zone IS NULL THEN
        RAISE EXCEPTION 'the times in column "%" of % have no offset: say of which clock they are', observed_at, source
            USING ERRCODE = 'invalid_parameter_value', HINT = $h$time_zone => 'Asia/Kolkata', '+05:30' or 'UTC'$h$;
    END IF;
    registered := hazecast.register_attachment(source, coalesce(name, ''), settings);
    IF NOT has_schema_privilege(registered.reader, namespace, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %I', namespace, registered.reader);
    END IF;
    EXECUTE format('GRANT SELECT ON %s TO %I', source, registered.reader);
    IF NOT has_table_privilege(registered.reader, source, 'SELECT')
        OR NOT has_schema_privilege(registered.reader, namespace, 'USAGE')
    THEN
        RAISE EXCEPTION 'you cannot let others read %: attach it as its owner', source
            USING ERRCODE = 'insufficient_privilege',
                HINT = format('GRANT SELECT ON %s TO %I WITH GRANT OPTION', source, current_user);
    END IF;
    IF is_polled THEN
        PERFORM hazecast.drop_attachment_triggers(source);
    ELSE
        -- A partition has triggers of its own for what is written straight into it; those of the table see the rest.
        FOR relation IN
            SELECT source
            UNION
            SELECT part.relid FROM pg_partition_tree(source) AS part JOIN pg_class ON pg_class.oid = part.relid
            WHERE pg_class.relkind IN ('r', 'p')
        LOOP
            EXECUTE format(
                'CREATE OR REPLACE TRIGGER hazecast_insert AFTER INSERT ON %1$s REFERENCING NEW TABLE AS written
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached();
                CREATE OR REPLACE TRIGGER hazecast_update AFTER UPDATE ON %1$s
                    REFERENCING NEW TABLE AS written OLD TABLE AS removed
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached();
                CREATE OR REPLACE TRIGGER hazecast_delete AFTER DELETE ON %1$s REFERENCING OLD TABLE AS removed
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached();
                CREATE OR REPLACE TRIGGER hazecast_truncate AFTER TRUNCATE ON %1$s
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached()', relation);
        END LOOP;
    END IF;
    IF class.relkind IN ('r', 'p', 'm') AND NOT EXISTS (
        SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
        WHERE indrelid = source AND indpred IS NULL AND attname IN (station, observed_at)
    ) THEN
        RAISE WARNING 'no index of % begins with its station or its time: every look at it reads all of it', source
            USING HINT = format(
                'CREATE INDEX ON %s (%s)', source, concat_ws(', ', quote_ident(station), quote_ident(observed_at)));
    END IF;
    PERFORM hazecast.note_history(registered.attachment, backfill);
    RETURN format('%s is attached%s', source, CASE WHEN backfill IS NOT NULL THEN '; its history follows' END);
END
$$;
COMMENT ON FUNCTION hazecast.attach(
    regclass, text, text, text, text, text, text, text, text, text, text, text, text, jsonb, text, text, interval,
    text, interval, interval, boolean, interval, text, text, text, jsonb, interval, jsonb, jsonb
) IS
    'Feeds hazecast.reading from a table or view of yours; called again, with what has changed. station, observed_at '
    'and the measures name its columns; station_name is for a table without a station column. units: {"temperature": '
    '"F"}. time_zone is the clock of times without an offset; stamps: beginning or end of what a row stands for; step: '
    'the time between rows, one hour at most. correction: purpleair. poll: how often to look where no trigger can '
    'tell. patience: how long an hour is waited for that lacks rows. follow_deletes: whether rows deleted within two '
    'days remove their hour. backfill: history to take in now. name: tells several attachments of one table apart. '
    'where: a condition on rows. parameter: the column that names a row''s measure, and parameters the names: {"pm25": '
    '"PM2.5"}. carry: how long a value holds until the next. missing: words, error_codes: {"pm25": [985]}, that mean '
    'no value.';
REVOKE ALL ON FUNCTION hazecast.attach(regclass, text, text, text, text, text, text, text, text, text, text, text, text,
    jsonb, text, text, interval, text, interval, interval, boolean, interval, text, text, text, jsonb, interval, jsonb,
    jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.attach(regclass, text, text, text, text, text, text, text, text, text, text, text,
    text, jsonb, text, text, interval, text, interval, interval, boolean, interval, text, text, text, jsonb, interval,
    jsonb, jsonb) TO hazecast_operator;
