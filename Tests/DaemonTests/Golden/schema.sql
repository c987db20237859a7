CREATE SCHEMA hazecast;
COMMENT ON SCHEMA hazecast IS 'PM2.5 forecasts beside the readings they are made from. Readings go into hazecast.reading, forecasts come out of hazecast.latest_forecast. Times are UTC hours, pm25 is in µg/m³.';
CREATE TYPE hazecast.lead_exceedance_skill AS (
	station text,
	lead integer,
	n bigint,
	hits bigint,
	misses bigint,
	false_alarms bigint,
	pod double precision,
	far double precision,
	csi double precision
);
COMMENT ON TYPE hazecast.lead_exceedance_skill IS 'What hazecast.exceedance_skill() says of a station and lead.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.n IS 'How many hours were judged.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.hits IS 'Hours that were warned of and exceeded the level.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.misses IS 'Hours that exceeded the level without a warning.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.false_alarms IS 'Hours that were warned of and did not exceed the level.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.pod IS 'Probability of detection: hits / (hits + misses); NULL where the level was never exceeded.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.far IS 'False alarm ratio: false alarms / (hits + false alarms); NULL where nobody was warned.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.csi IS 'Critical success index: hits / (hits + misses + false alarms); NULL where the divisor is 0.';
CREATE TYPE hazecast.lead_skill AS (
	station text,
	lead integer,
	n bigint,
	rmse double precision,
	mae double precision,
	bias double precision,
	r2 double precision,
	persistence_rmse double precision,
	skill double precision,
	coverage80 double precision,
	coverage95 double precision
);
COMMENT ON TYPE hazecast.lead_skill IS 'What hazecast.skill() says of a station and lead.';
COMMENT ON COLUMN hazecast.lead_skill.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.lead_skill.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.lead_skill.n IS 'How many hours were scored.';
COMMENT ON COLUMN hazecast.lead_skill.rmse IS 'Root mean squared error in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.mae IS 'Mean absolute error in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.bias IS 'Mean of forecast - observed in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.r2 IS 'Share of the variance of the observed that is explained, 1 - SSE / SST; NULL where nothing varied.';
COMMENT ON COLUMN hazecast.lead_skill.persistence_rmse IS 'Root mean squared error of "it stays as it is" in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.skill IS '1 - MSE / MSE of persistence, over the hours that have one: 1 is perfect, above 0 better than persistence.';
COMMENT ON COLUMN hazecast.lead_skill.coverage80 IS 'Share of the observations inside the 80 % band, edges included; NULL without bands.';
COMMENT ON COLUMN hazecast.lead_skill.coverage95 IS 'Share of the observations inside the 95 % band, edges included; NULL without bands.';
CREATE FUNCTION hazecast.activate(station integer, model integer, reason text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    -- Readers go on; whoever else changes what serves waits, so that the history is a line.
    LOCK TABLE hazecast.active_model IN SHARE ROW EXCLUSIVE MODE;
    PERFORM set_config('hazecast.reason', activate.reason, true);
    IF model IS NULL THEN
        DELETE FROM hazecast.active_model WHERE station_id = station;
    ELSE
        INSERT INTO hazecast.active_model (station_id, model_id) VALUES (station, model)
        ON CONFLICT (station_id) DO UPDATE
            SET model_id = excluded.model_id, since = clock_timestamp(), by_whom = session_user;
    END IF;
    PERFORM set_config('hazecast.reason', '', true);
END
$$;
COMMENT ON FUNCTION hazecast.activate(station integer, model integer, reason text) IS 'What promote, rollback and training runs have in common. Only the owner may call it.';
CREATE FUNCTION hazecast.activate_challengers(training_run integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    run hazecast.training_run;
    result hazecast.training_result;
    promoted integer := 0;
BEGIN
    LOCK TABLE hazecast.active_model IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO run FROM hazecast.training_run AS r
    WHERE r.id = activate_challengers.training_run AND r.state = 'running';
    IF run.id IS NULL THEN
        RAISE EXCEPTION 'training run % is not running', training_run
            USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    -- Stations first: until then the default is what they were compared with.
    FOR result IN
        SELECT * FROM hazecast.training_result WHERE run_id = run.id AND verdict = 'promoted'
        ORDER BY station_id NULLS LAST
    LOOP
        IF EXISTS (
            SELECT FROM hazecast.activation
            WHERE activated_at > run.started_at AND (
                coalesce(station_id, 0) = coalesce(result.station_id, 0)
                OR station_id IS NULL AND NOT EXISTS (
                    SELECT FROM hazecast.active_model WHERE active_model.station_id = result.station_id
                )
            )
        ) THEN
            UPDATE hazecast.training_result
            SET verdict = 'rejected', reason = reason || '; but somebody chose another model while it was trained'
            WHERE run_id = run.id AND station_id IS NOT DISTINCT FROM result.station_id;
        ELSE
            PERFORM hazecast.activate(result.station_id, result.challenger_id, format('training run %s', run.id));
            promoted := promoted + 1;
        END IF;
    END LOOP;
    RETURN promoted;
END
$$;
COMMENT ON FUNCTION hazecast.activate_challengers(training_run integer) IS 'Makes the challengers that a running training run promoted serve, unless somebody chose another model meanwhile; returns how many. The trainer calls it.';
CREATE FUNCTION hazecast.add_months(parent regclass, key name) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '500ms'
    AS $_$
DECLARE
    last_month constant timestamptz := date_trunc('year', now()) + interval '2 years 11 months';
    fallback regclass := (SELECT nullif(partdefid, 0) FROM pg_partitioned_table WHERE partrelid = parent);
    columns text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = parent AND attnum > 0 AND NOT attisdropped
    );
    month timestamptz;
    partition text;
    made integer := 0;
BEGIN
    IF hazecast.partitions_end(parent) > last_month THEN
        RETURN 0;
    END IF;
    LOCK TABLE hazecast.station IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', parent);
    IF fallback IS NOT NULL THEN
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', fallback);
    END IF;
    FOR month IN SELECT generate_series(hazecast.partitions_end(parent), last_month, interval '1 month') LOOP
        -- Not the text of the regclass, which is quoted where quote_all_identifiers is on.
        partition := (
            SELECT format('%I.%I', nspname, relname || to_char(month, '"_"YYYY_MM'))
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = parent
        );
        EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
        IF fallback IS NOT NULL THEN
            EXECUTE format(
                'WITH moved AS (DELETE FROM %s WHERE %I >= $1 AND %2$I < $2 RETURNING *) '
                'INSERT INTO %s (%s) SELECT %4$s FROM moved',
                fallback, key, partition, columns
            ) USING month, month + interval '1 month';
        END IF;
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
            parent, partition, month, month + interval '1 month'
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END
$_$;
COMMENT ON FUNCTION hazecast.add_months(parent regclass, key name) IS 'Adds the missing monthly partitions of one table, up to the end of the year after next, and moves rows there from the default partition.';
CREATE FUNCTION hazecast.admit_tenants() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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
COMMENT ON FUNCTION hazecast.admit_tenants() IS 'Gives hazecast_tenant what hazecast_reader may read, with policies for whatever tells of stations, and makes those views read with the rights of whoever asks. `hazecast migrate` ends with it.';
CREATE FUNCTION hazecast.air_quality(pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer) RETURNS record
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET extra_float_digits TO '1'
    AS $$
DECLARE
    rules hazecast.air_quality_standard;
    place hazecast.air_quality_breakpoint;
    concentration numeric;
    exact numeric;
BEGIN
    SELECT * INTO rules FROM hazecast.air_quality_standard AS s WHERE s.name = air_quality.standard;
    IF rules.name IS NULL AND standard IS NOT NULL THEN
        RAISE EXCEPTION 'there is no air-quality standard "%"', standard
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name, title FROM hazecast.air_quality_standard';
    END IF;
    IF (pm25 BETWEEN -10 AND 1e300) IS NOT TRUE THEN -- NaN is above all
        RETURN;
    END IF;
    -- The decimal that a real stands for is the shortest that reads back as the same real: 35.45, not 35.4500007629.
    -- What a real cannot hold, next to nothing and a ton, is brought into its range.
    concentration := least(greatest(pm25, 1e-6), 1e12)::real::text::numeric;
    concentration := CASE rules.concentration_rounding
        WHEN 'truncate to 0.1' THEN trunc(concentration, 1)
        WHEN 'half up to 1' THEN round(concentration)
        WHEN 'half even to 1' THEN
            CASE WHEN concentration % 1 = 0.5 THEN 2 * round(concentration / 2) ELSE round(concentration) END
        ELSE concentration
    END;
    SELECT * INTO place FROM hazecast.air_quality_breakpoint AS b
    WHERE b.standard = air_quality.standard AND concentration IS NOT NULL
    ORDER BY b.pm25_high < concentration, CASE WHEN b.pm25_high < concentration THEN -b.band ELSE b.band END
    LIMIT 1;
    IF NOT rules.open_ended THEN
        concentration := least(concentration, place.pm25_high);
    END IF;
    exact := place.index_low + (place.index_high - place.index_low) * (concentration - place.pm25_low)
        / (place.pm25_high - place.pm25_low);
    index := CASE
        WHEN exact >= 2147483647 THEN 2147483647
        WHEN rules.index_rounding = 'up' THEN ceil(exact)
        ELSE round(exact)
    END;
    category := place.category;
    colour := place.colour;
    band := place.band;
END
$$;
COMMENT ON FUNCTION hazecast.air_quality(pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer) IS 'What a standard of hazecast.air_quality_standard says of a concentration in µg/m³: index (an integer; NULL where the standard has none), category, colour (#RRGGBB; NULL where the source has none), band (1 is the cleanest). A real is taken as the decimal that it shows; -10 to 0 is the noise of an instrument in clean air and counts as 0. All are NULL for NULL, NaN, infinity, and below -10, which is no concentration. An unknown standard is an error.';
CREATE FUNCTION hazecast.aqi(pm25 double precision, standard text) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (hazecast.air_quality(pm25, standard)).index;
COMMENT ON FUNCTION hazecast.aqi(pm25 double precision, standard text) IS 'The air-quality index of a concentration in µg/m³ by a standard of hazecast.air_quality_standard; NULL where the standard has categories only, and for what is no concentration: NULL, NaN, infinity, below -10.';
CREATE FUNCTION hazecast.aqi_category(pm25 double precision, standard text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (hazecast.air_quality(pm25, standard)).category;
COMMENT ON FUNCTION hazecast.aqi_category(pm25 double precision, standard text) IS 'What a standard of hazecast.air_quality_standard calls a concentration in µg/m³, in English; NULL for what is no concentration: NULL, NaN, infinity, below -10.';
CREATE FUNCTION hazecast.attach(source regclass, station text DEFAULT NULL::text, observed_at text DEFAULT NULL::text, pm25 text DEFAULT NULL::text, dew_point text DEFAULT NULL::text, temperature text DEFAULT NULL::text, pressure text DEFAULT NULL::text, wind_direction text DEFAULT NULL::text, wind_speed text DEFAULT NULL::text, humidity text DEFAULT NULL::text, wind_u text DEFAULT NULL::text, wind_v text DEFAULT NULL::text, station_name text DEFAULT NULL::text, units jsonb DEFAULT '{}'::jsonb, time_zone text DEFAULT NULL::text, stamps text DEFAULT 'beginning'::text, step interval DEFAULT '01:00:00'::interval, correction text DEFAULT NULL::text, poll interval DEFAULT NULL::interval, patience interval DEFAULT '00:10:00'::interval, follow_deletes boolean DEFAULT true, backfill interval DEFAULT NULL::interval, name text DEFAULT ''::text, "where" text DEFAULT NULL::text, parameter text DEFAULT NULL::text, parameters jsonb DEFAULT NULL::jsonb, carry interval DEFAULT NULL::interval, missing jsonb DEFAULT '[]'::jsonb, error_codes jsonb DEFAULT '{}'::jsonb) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;
COMMENT ON FUNCTION hazecast.attach(source regclass, station text, observed_at text, pm25 text, dew_point text, temperature text, pressure text, wind_direction text, wind_speed text, humidity text, wind_u text, wind_v text, station_name text, units jsonb, time_zone text, stamps text, step interval, correction text, poll interval, patience interval, follow_deletes boolean, backfill interval, name text, "where" text, parameter text, parameters jsonb, carry interval, missing jsonb, error_codes jsonb) IS 'Feeds hazecast.reading from a table or view of yours; called again, with what has changed. station, observed_at and the measures name its columns; station_name is for a table without a station column. units: {"temperature": "F"}. time_zone is the clock of times without an offset; stamps: beginning or end of what a row stands for; step: the time between rows, one hour at most. correction: purpleair. poll: how often to look where no trigger can tell. patience: how long an hour is waited for that lacks rows. follow_deletes: whether rows deleted within two days remove their hour. backfill: history to take in now. name: tells several attachments of one table apart. where: a condition on rows. parameter: the column that names a row''s measure, and parameters the names: {"pm25": "PM2.5"}. carry: how long a value holds until the next. missing: words, error_codes: {"pm25": [985]}, that mean no value.';
CREATE TABLE hazecast.attachment (
    id integer NOT NULL,
    source regclass NOT NULL,
    name text NOT NULL,
    source_name text NOT NULL,
    settings jsonb NOT NULL,
    reader text NOT NULL,
    attached_by text NOT NULL,
    attached_at timestamp with time zone DEFAULT now() NOT NULL,
    readings bigint DEFAULT 0 NOT NULL,
    last_reading timestamp with time zone,
    polled_at timestamp with time zone,
    error text,
    failures integer DEFAULT 0 NOT NULL,
    retry_at timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL
)
WITH (fillfactor='50');
COMMENT ON TABLE hazecast.attachment IS 'Tables that feed hazecast.reading, as hazecast.attach was told; hazecast.attachments shows how they fare.';
COMMENT ON COLUMN hazecast.attachment.id IS 'Assigned by the database.';
COMMENT ON COLUMN hazecast.attachment.source IS 'The table.';
COMMENT ON COLUMN hazecast.attachment.name IS 'Tells several attachments of one table apart; empty for the only one.';
COMMENT ON COLUMN hazecast.attachment.source_name IS 'The table''s name when it was attached.';
COMMENT ON COLUMN hazecast.attachment.settings IS 'The arguments of hazecast.attach; durations in seconds.';
COMMENT ON COLUMN hazecast.attachment.reader IS 'Role that reads the table. It owns nothing and may read nothing else.';
COMMENT ON COLUMN hazecast.attachment.attached_by IS 'Role that attached it: it must stay allowed to read the table.';
COMMENT ON COLUMN hazecast.attachment.attached_at IS 'Time of the first call of hazecast.attach.';
COMMENT ON COLUMN hazecast.attachment.readings IS 'Readings written or corrected so far.';
COMMENT ON COLUMN hazecast.attachment.last_reading IS 'The newest hour written.';
COMMENT ON COLUMN hazecast.attachment.polled_at IS 'Time of the last poll; NULL where triggers tell.';
COMMENT ON COLUMN hazecast.attachment.error IS 'Why it cannot be read; NULL when it can.';
COMMENT ON COLUMN hazecast.attachment.failures IS 'How often in a row it could not be read.';
COMMENT ON COLUMN hazecast.attachment.retry_at IS 'Not read before.';
CREATE TABLE hazecast.attachment_change (
    id bigint NOT NULL,
    attachment integer NOT NULL,
    kind text NOT NULL,
    station text,
    hours int8multirange,
    observed text,
    rows bigint DEFAULT 1 NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
COMMENT ON TABLE hazecast.attachment_change IS 'Changes in attached tables that have not been read yet. Written by triggers, emptied by the daemon.';
COMMENT ON COLUMN hazecast.attachment_change.id IS 'Order in which changes were noted.';
COMMENT ON COLUMN hazecast.attachment_change.attachment IS 'hazecast.attachment.id.';
COMMENT ON COLUMN hazecast.attachment_change.kind IS 'write, removal (of rows), truncate, or history (every row).';
COMMENT ON COLUMN hazecast.attachment_change.station IS 'The row''s station column as text; NULL in history: all.';
COMMENT ON COLUMN hazecast.attachment_change.hours IS 'Hours since 1970-01-01 00:00 by the clock of the time column; NULL where it is text, or no usable time.';
COMMENT ON COLUMN hazecast.attachment_change.observed IS 'The row''s time column as text, where hours is NULL.';
COMMENT ON COLUMN hazecast.attachment_change.rows IS 'How many rows have this station and time.';
CREATE TABLE hazecast.attachment_hour (
    attachment integer NOT NULL,
    station text NOT NULL,
    hour timestamp with time zone NOT NULL,
    look_at timestamp with time zone NOT NULL,
    removed boolean NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
COMMENT ON TABLE hazecast.attachment_hour IS 'Incomplete hours of attached tables: what is there is taken at look_at.';
COMMENT ON COLUMN hazecast.attachment_hour.attachment IS 'hazecast.attachment.id.';
COMMENT ON COLUMN hazecast.attachment_hour.station IS 'The station as the table names it.';
COMMENT ON COLUMN hazecast.attachment_hour.hour IS 'Beginning of the UTC hour.';
COMMENT ON COLUMN hazecast.attachment_hour.look_at IS 'From when on three quarters of its rows are enough.';
COMMENT ON COLUMN hazecast.attachment_hour.removed IS 'Whether rows were removed, so that too few remove the reading.';
CREATE FUNCTION hazecast.attachment_is_due(attached hazecast.attachment, at timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    BEGIN ATOMIC
 SELECT (((attached).retry_at <= at) AND ((EXISTS ( SELECT
            FROM hazecast.attachment_change change
           WHERE (change.attachment = (attachment_is_due.attached).id))) OR (EXISTS ( SELECT
            FROM hazecast.attachment_hour hour
           WHERE ((hour.attachment = (attachment_is_due.attached).id) AND (hour.look_at <= attachment_is_due.at)))) OR (((attached).settings ? 'poll'::text) AND ((((attached).polled_at + ((((attached).settings ->> 'poll'::text))::double precision * '00:00:01'::interval)) <= at) IS NOT FALSE))));
END;
COMMENT ON FUNCTION hazecast.attachment_is_due(attached hazecast.attachment, at timestamp with time zone) IS 'Whether the daemon would find something to do for an attached table.';
CREATE FUNCTION hazecast.check_attachment(source regclass, settings jsonb) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;
COMMENT ON FUNCTION hazecast.check_attachment(source regclass, settings jsonb) IS 'Refuses settings of hazecast.attach, saying why.';
CREATE FUNCTION hazecast.clear_alert(alert bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF hazecast.end_alerts(ARRAY[alert], 'by hand') = 0 THEN
        RAISE EXCEPTION 'no alert % stands', alert
            USING ERRCODE = 'no_data_found', HINT = 'SELECT id, rule, station FROM hazecast.standing_alert';
    END IF;
    RETURN format('alert %s is cleared', alert);
END
$$;
COMMENT ON FUNCTION hazecast.clear_alert(alert bigint) IS 'Clears an alert that stands. The next forecast above the level raises another, after the rule''s quiet period.';
CREATE TABLE hazecast.training_run (
    id integer NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    decision text,
    progress real DEFAULT 0 NOT NULL,
    phase text,
    persistence_rmse double precision,
    champion_rmse double precision,
    challenger_rmse double precision,
    champion_skill double precision,
    challenger_skill double precision,
    why text NOT NULL,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    requested_by text DEFAULT SESSION_USER NOT NULL,
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    code_version text,
    CONSTRAINT training_run_ends_once CHECK (((state = ANY (ARRAY['waiting'::text, 'running'::text])) = (finished_at IS NULL))),
    CONSTRAINT training_run_progress_is_a_share CHECK (((progress >= (0)::double precision) AND (progress <= (1)::double precision))),
    CONSTRAINT training_run_says_why CHECK ((btrim(why) <> ''::text)),
    CONSTRAINT training_run_state_is_known CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'promoted'::text, 'rejected'::text, 'inconclusive'::text, 'failed'::text, 'cancelled'::text])))
);
COMMENT ON TABLE hazecast.training_run IS 'Every attempt at a better model. A run trains a challenger for each station with 90 days of readings, and one for all others together, and compares it with what serves on the last 21 days; see hazecast.training_result.';
COMMENT ON COLUMN hazecast.training_run.id IS 'Assigned by the database.';
COMMENT ON COLUMN hazecast.training_run.state IS 'waiting, running; then promoted (a challenger serves, for some station at least), rejected, inconclusive (the last 21 days prove nothing), failed or cancelled. Unless promoted, what served serves on.';
COMMENT ON COLUMN hazecast.training_run.decision IS 'Why it ended as it did, in words; NULL until then.';
COMMENT ON COLUMN hazecast.training_run.progress IS 'Share of the work that is done, 0 to 1.';
COMMENT ON COLUMN hazecast.training_run.phase IS 'What it is at; NULL before and afterwards.';
COMMENT ON COLUMN hazecast.training_run.persistence_rmse IS 'RMSE of persistence in µg/m³ on the last 21 days: mean over leads 1, 2, 4, 8, 12 and 24 and over the results.';
COMMENT ON COLUMN hazecast.training_run.champion_rmse IS 'The same of the models that served.';
COMMENT ON COLUMN hazecast.training_run.challenger_rmse IS 'The same of the models that were trained.';
COMMENT ON COLUMN hazecast.training_run.champion_skill IS 'Skill against persistence of the models that served, the same mean; 0 is as good as persistence, 1 is perfect.';
COMMENT ON COLUMN hazecast.training_run.challenger_skill IS 'The same of the models that were trained.';
COMMENT ON COLUMN hazecast.training_run.why IS 'What it was asked for by: reload, schedule, SQL, or somebody''s own words.';
COMMENT ON COLUMN hazecast.training_run.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN hazecast.training_run.requested_by IS 'The database user who asked.';
COMMENT ON COLUMN hazecast.training_run.started_at IS 'When training began; NULL while it waits.';
COMMENT ON COLUMN hazecast.training_run.finished_at IS 'When it ended; NULL until then.';
COMMENT ON COLUMN hazecast.training_run.code_version IS 'Version of the hazecast that trained; NULL while it waits.';
CREATE FUNCTION hazecast.close_lost_runs() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 WITH closed AS (
          UPDATE hazecast.training_run SET state = 'failed'::text, finished_at = clock_timestamp(), phase = NULL::text, decision = 'the trainer is gone without a word: its daemon was killed, its machine or its connection was lost'::text
           WHERE ((training_run.state = 'running'::text) AND (NOT (EXISTS ( SELECT
                    FROM pg_locks
                   WHERE ((pg_locks.locktype = 'advisory'::text) AND pg_locks.granted AND (pg_locks.classid = (1214347877)::oid) AND (pg_locks.objid = (1416782185)::oid) AND (pg_locks.objsubid = 1) AND (pg_locks.database = ( SELECT pg_database.oid
                            FROM pg_database
                           WHERE (pg_database.datname = current_database()))))))))
           RETURNING training_run.id
         )
  SELECT (count(*))::integer AS count
    FROM closed;
END;
COMMENT ON FUNCTION hazecast.close_lost_runs() IS 'Ends the run that says it is running while nobody trains; returns how many there were. The daemon calls it.';
CREATE TABLE hazecast.active_model (
    station_id integer,
    model_id integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    by_whom text DEFAULT SESSION_USER NOT NULL
);
ALTER TABLE ONLY hazecast.active_model REPLICA IDENTITY FULL;
COMMENT ON TABLE hazecast.active_model IS 'Which model serves which station. A change takes effect at the next origin.';
COMMENT ON COLUMN hazecast.active_model.station_id IS 'The station; NULL is the default for all that have no row of their own.';
COMMENT ON COLUMN hazecast.active_model.model_id IS 'The model that serves.';
COMMENT ON COLUMN hazecast.active_model.since IS 'Since when.';
COMMENT ON COLUMN hazecast.active_model.by_whom IS 'The database user who put it there.';
CREATE TABLE hazecast.training_result (
    run_id integer NOT NULL,
    station_id integer,
    verdict text NOT NULL,
    reason text NOT NULL,
    champion_id integer NOT NULL,
    challenger_id integer,
    champion_skill double precision,
    challenger_skill double precision,
    stations integer NOT NULL,
    held_out_from timestamp with time zone NOT NULL,
    held_out_until timestamp with time zone NOT NULL,
    leads integer[] NOT NULL,
    origins integer[] NOT NULL,
    persistence_rmse double precision[] NOT NULL,
    champion_rmse double precision[] NOT NULL,
    challenger_rmse double precision[],
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    champion_earlier_skill double precision,
    challenger_earlier_skill double precision,
    CONSTRAINT training_result_promotes_somebody CHECK (((verdict <> 'promoted'::text) OR (challenger_id IS NOT NULL))),
    CONSTRAINT training_result_verdict_is_known CHECK ((verdict = ANY (ARRAY['promoted'::text, 'rejected'::text, 'inconclusive'::text])))
);
ALTER TABLE ONLY hazecast.training_result REPLICA IDENTITY FULL;
COMMENT ON TABLE hazecast.training_result IS 'How champion (what serves), challenger (what was trained) and persistence did on the last 21 days before a run, which the challenger was not trained on; one row a station, and one for the stations that have less than 90 days.';
COMMENT ON COLUMN hazecast.training_result.run_id IS 'The training run.';
COMMENT ON COLUMN hazecast.training_result.station_id IS 'The station; NULL for all stations with less than 90 days of readings, which the default model serves.';
COMMENT ON COLUMN hazecast.training_result.verdict IS 'promoted, rejected, or inconclusive: the last 21 days are too few readings, or not like those before.';
COMMENT ON COLUMN hazecast.training_result.reason IS 'Why, in words.';
COMMENT ON COLUMN hazecast.training_result.champion_id IS 'The model that served when the run began.';
COMMENT ON COLUMN hazecast.training_result.challenger_id IS 'The model that was trained; NULL where there was too little to train one, or where it never served and has gone since.';
COMMENT ON COLUMN hazecast.training_result.champion_skill IS 'Mean skill against persistence over the leads; 0 is as good as persistence, 1 is perfect. NULL where nothing was scored.';
COMMENT ON COLUMN hazecast.training_result.challenger_skill IS 'The same of the challenger.';
COMMENT ON COLUMN hazecast.training_result.stations IS 'How many stations were trained and scored on: 1, or those together.';
COMMENT ON COLUMN hazecast.training_result.held_out_from IS 'First hour that the challenger was not trained on.';
COMMENT ON COLUMN hazecast.training_result.held_out_until IS 'The hour after the last one that was scored.';
COMMENT ON COLUMN hazecast.training_result.leads IS 'The leads that were scored, in hours; the arrays beside it go by them.';
COMMENT ON COLUMN hazecast.training_result.origins IS 'Origins scored at each lead.';
COMMENT ON COLUMN hazecast.training_result.persistence_rmse IS 'RMSE in µg/m³ of the last reading, at each lead.';
COMMENT ON COLUMN hazecast.training_result.champion_rmse IS 'RMSE in µg/m³ of the champion at each lead.';
COMMENT ON COLUMN hazecast.training_result.challenger_rmse IS 'RMSE in µg/m³ of the challenger at each lead.';
COMMENT ON COLUMN hazecast.training_result.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN hazecast.training_result.champion_earlier_skill IS 'Mean skill of the champion on the 21 days that ended 60 days before the run; NULL where there are too few readings.';
COMMENT ON COLUMN hazecast.training_result.challenger_earlier_skill IS 'The same of the challenger, which was not trained on them; it has to be ahead on them by the same margin.';
CREATE FUNCTION hazecast.continue_run(training_run integer) RETURNS SETOF integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 INSERT INTO hazecast.training_result (run_id, station_id, verdict, reason, champion_id, challenger_id, champion_skill, challenger_skill, champion_earlier_skill, challenger_earlier_skill, stations, held_out_from, held_out_until, leads, origins, persistence_rmse, champion_rmse, challenger_rmse, recorded_at)  SELECT DISTINCT ON (COALESCE(r.station_id, 0)) continue_run.training_run AS training_run,
             r.station_id,
             r.verdict,
             r.reason,
             r.champion_id,
             r.challenger_id,
             r.champion_skill,
             r.challenger_skill,
             r.champion_earlier_skill,
             r.challenger_earlier_skill,
             r.stations,
             r.held_out_from,
             r.held_out_until,
             r.leads,
             r.origins,
             r.persistence_rmse,
             r.champion_rmse,
             r.challenger_rmse,
             r.recorded_at
            FROM ((hazecast.training_result r
              JOIN hazecast.training_run cut ON ((cut.id = r.run_id)))
              JOIN hazecast.training_run next ON (((next.id = continue_run.training_run) AND (next.state = 'running'::text))))
           WHERE ((cut.state = ANY (ARRAY['failed'::text, 'cancelled'::text])) AND (cut.code_version = next.code_version) AND (cut.id > ( SELECT COALESCE(max(whole.id), 0) AS "coalesce"
                    FROM hazecast.training_run whole
                   WHERE (whole.state = ANY (ARRAY['promoted'::text, 'rejected'::text, 'inconclusive'::text])))) AND (r.held_out_until > (clock_timestamp() - '1 day'::interval)) AND (r.champion_id = ( SELECT a.model_id
                    FROM hazecast.active_model a
                   WHERE ((a.station_id = r.station_id) OR (a.station_id IS NULL))
                   ORDER BY a.station_id
                  LIMIT 1)))
           ORDER BY COALESCE(r.station_id, 0), r.run_id DESC
   RETURNING COALESCE(training_result.station_id, 0) AS "coalesce";
END;
COMMENT ON FUNCTION hazecast.continue_run(training_run integer) IS 'Gives a running training run the results of runs that were cut short within the last day and against the same champion, and returns their stations, 0 for all others together. The trainer calls it and does the rest.';
CREATE TABLE hazecast.forecast_ledger (
    station_id integer NOT NULL,
    origin timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    issued_at timestamp with time zone DEFAULT now() NOT NULL,
    model_id integer NOT NULL,
    pm25 real[] NOT NULL,
    lower80 real[],
    upper80 real[],
    lower95 real[],
    upper95 real[],
    digest bigint NOT NULL,
    basis text DEFAULT 'full'::text NOT NULL,
    settled_day date,
    CONSTRAINT forecast_ledger_basis_is_known CHECK ((basis = ANY (ARRAY['full'::text, 'partial'::text, 'persistence'::text]))),
    CONSTRAINT forecast_ledger_has_24_leads CHECK (((cardinality(pm25) = 24) AND (cardinality(lower80) = 24) AND (cardinality(upper80) = 24) AND (cardinality(lower95) = 24) AND (cardinality(upper95) = 24))),
    CONSTRAINT forecast_ledger_origin_begins_a_utc_hour CHECK ((isfinite(origin) AND (date_bin('01:00:00'::interval, origin, '0001-01-01 00:00:00+00'::timestamp with time zone) = origin))),
    CONSTRAINT forecast_ledger_revision_is_positive CHECK ((revision > 0))
)
PARTITION BY RANGE (origin);
COMMENT ON TABLE hazecast.forecast_ledger IS 'Every forecast as it was issued, one row a station, origin and revision; append-only. Ask hazecast.forecast and hazecast.latest_forecast instead, unless you want to know what was known when. No foreign keys: history outlives what it refers to.';
COMMENT ON COLUMN hazecast.forecast_ledger.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.forecast_ledger.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.forecast_ledger.revision IS '1 for the first forecast of an origin; one more each time a late or corrected reading changed its window.';
COMMENT ON COLUMN hazecast.forecast_ledger.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.forecast_ledger.model_id IS 'The model that made it.';
COMMENT ON COLUMN hazecast.forecast_ledger.pm25 IS 'PM2.5 in µg/m³ at leads 1 to 24: element i is for origin + i hours.';
COMMENT ON COLUMN hazecast.forecast_ledger.lower80 IS 'Lower edge of the 80 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.upper80 IS 'Upper edge of the 80 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.lower95 IS 'Lower edge of the 95 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.upper95 IS 'Upper edge of the 95 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.digest IS 'Digest of the 24-hour window that it was made from: the same window is not forecast twice.';
COMMENT ON COLUMN hazecast.forecast_ledger.basis IS 'What the readings of the window are: full (all 24 hours have PM2.5), partial (some lack it), or persistence (too few have it for a model).';
COMMENT ON COLUMN hazecast.forecast_ledger.settled_day IS 'UTC day of the row of hazecast.live_day whose memory and factors it rests on; NULL where there was none. A revision rests on the day of revision 1.';
CREATE FUNCTION hazecast.newest_issue(station integer) RETURNS SETOF hazecast.forecast_ledger
    LANGUAGE plpgsql STABLE ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    RETURN QUERY
    SELECT ledger.*
    FROM (
        SELECT *
        FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = station
        ORDER BY ledger.origin DESC, ledger.revision DESC
        OFFSET 0 -- one look at the readings for all partitions instead of one each
    ) AS ledger
    WHERE EXISTS (
        SELECT FROM hazecast.reading
        WHERE reading.station_id = station AND reading.observed_at = ledger.origin
        OFFSET 0 -- keeps it a probe of one key instead of a join with every reading
    )
    LIMIT 1;
END
$$;
COMMENT ON FUNCTION hazecast.newest_issue(station integer) IS 'The newest row of the ledger of one station whose reading still exists, however old it is; latest_forecast asks it for stations that have been silent for days.';
CREATE FUNCTION hazecast.recent_since() RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (now() - '3 days'::interval);
COMMENT ON FUNCTION hazecast.recent_since() IS 'Where latest_forecast looks first, as of when a query was planned. Not for anything else: it is not immutable.';
CREATE FUNCTION hazecast.recent_until() RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (now() + '7 days'::interval);
COMMENT ON FUNCTION hazecast.recent_until() IS 'Up to where latest_forecast looks first, as of when a query was planned. Not for anything else: it is not immutable.';
CREATE TABLE hazecast.model (
    id integer NOT NULL,
    name text NOT NULL,
    document jsonb NOT NULL,
    format_version integer GENERATED ALWAYS AS (((document ->> 'format_version'::text))::integer) STORED NOT NULL,
    preset text GENERATED ALWAYS AS ((document ->> 'preset'::text)) STORED NOT NULL,
    architecture jsonb GENERATED ALWAYS AS ((document -> 'architecture'::text)) STORED NOT NULL,
    parameters jsonb GENERATED ALWAYS AS ((document -> 'parameters'::text)) STORED NOT NULL,
    normalisation jsonb GENERATED ALWAYS AS ((document -> 'normalisation'::text)) STORED NOT NULL,
    training jsonb GENERATED ALWAYS AS ((document -> 'training'::text)) STORED,
    scores jsonb GENERATED ALWAYS AS ((document -> 'scores'::text)) STORED,
    sha256 text GENERATED ALWAYS AS ((document ->> 'sha256'::text)) STORED NOT NULL,
    parent_id integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    reason text,
    code_version text,
    CONSTRAINT model_document_is_complete CHECK ((document ?& ARRAY['format_version'::text, 'name'::text, 'preset'::text, 'architecture'::text, 'normalisation'::text, 'parameters'::text, 'sha256'::text])),
    CONSTRAINT model_name_is_not_blank CHECK ((btrim(name) <> ''::text)),
    CONSTRAINT model_sha256_is_hexadecimal CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);
COMMENT ON TABLE hazecast.model IS 'Every model that serves, has served or was brought by somebody, and the newest challengers. Rows are added, not changed; hazecast.prune_challengers takes away what never served.';
COMMENT ON COLUMN hazecast.model.id IS 'Assigned by the database; what forecasts refer to. 0 is persistence.';
COMMENT ON COLUMN hazecast.model.name IS 'Unique name, as the views show it; that of the document unless another model had it already.';
COMMENT ON COLUMN hazecast.model.document IS 'The whole model file. The other columns are parts of it.';
COMMENT ON COLUMN hazecast.model.format_version IS 'Version of the file format.';
COMMENT ON COLUMN hazecast.model.preset IS 'chapter or operational; persistence for what serves where no model is better.';
COMMENT ON COLUMN hazecast.model.architecture IS 'Inputs and sizes of the network.';
COMMENT ON COLUMN hazecast.model.parameters IS 'The named tensors: shapes and float32 values.';
COMMENT ON COLUMN hazecast.model.normalisation IS 'How inputs and output are scaled; travels with the parameters.';
COMMENT ON COLUMN hazecast.model.training IS 'How and on what the model was trained; NULL when the file does not say.';
COMMENT ON COLUMN hazecast.model.scores IS 'How the model scored when it was trained; NULL when the file does not say.';
COMMENT ON COLUMN hazecast.model.sha256 IS 'SHA-256 of the model''s meaning, 64 hex digits, the same however its JSON is laid out.';
COMMENT ON COLUMN hazecast.model.parent_id IS 'The model that this one was trained on from; NULL when from scratch.';
COMMENT ON COLUMN hazecast.model.created_at IS 'When the model was added.';
COMMENT ON COLUMN hazecast.model.created_by IS 'The database user who added it.';
COMMENT ON COLUMN hazecast.model.reason IS 'Why it was added.';
COMMENT ON COLUMN hazecast.model.code_version IS 'Version of the hazecast that brought or trained it; NULL where somebody added it by hand.';
CREATE TABLE hazecast.reading (
    station_id integer NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    pm25 real,
    dew_point real,
    temperature real,
    pressure real,
    wind_direction real,
    wind_speed real,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    written_by xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT reading_observed_at_begins_a_utc_hour CHECK ((isfinite(observed_at) AND (date_bin('01:00:00'::interval, observed_at, '0001-01-01 00:00:00+00'::timestamp with time zone) = observed_at)))
)
PARTITION BY RANGE (observed_at);
COMMENT ON TABLE hazecast.reading IS 'Hourly readings: write them with INSERT … ON CONFLICT (station_id, observed_at) DO UPDATE or COPY, in any order. Raw values stay as sent; NULL is a missing measure.';
COMMENT ON COLUMN hazecast.reading.station_id IS 'The station that reports.';
COMMENT ON COLUMN hazecast.reading.observed_at IS 'Beginning of the UTC hour that the reading describes; anything but a whole hour is an error.';
COMMENT ON COLUMN hazecast.reading.pm25 IS 'PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.reading.dew_point IS 'Dew point in °C.';
COMMENT ON COLUMN hazecast.reading.temperature IS 'Air temperature in °C.';
COMMENT ON COLUMN hazecast.reading.pressure IS 'Air pressure in hPa.';
COMMENT ON COLUMN hazecast.reading.wind_direction IS 'Degrees FROM which the wind blows, clockwise from north. NULL beside a wind_speed is calm or variable wind, without one it is missing.';
COMMENT ON COLUMN hazecast.reading.wind_speed IS 'Wind speed in m/s, not accumulated.';
COMMENT ON COLUMN hazecast.reading.received_at IS 'When pm25 was first there: when the row came in, or when a NULL pm25 became a value. A later correction does not move it, unless the row was received more than an hour before its own hour.';
COMMENT ON COLUMN hazecast.reading.written_by IS 'The transaction that last wrote the row; arrivals find their rows by it.';
COMMENT ON CONSTRAINT reading_observed_at_begins_a_utc_hour ON hazecast.reading IS 'Neither 12:30 nor infinity is the beginning of an hour.';
CREATE TABLE hazecast.station (
    id integer NOT NULL,
    name text NOT NULL,
    latitude double precision,
    longitude double precision,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    known_since timestamp with time zone,
    forgotten_at timestamp with time zone,
    CONSTRAINT station_labels_is_an_object CHECK ((jsonb_typeof(labels) = 'object'::text)),
    CONSTRAINT station_latitude_in_range CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT station_longitude_in_range CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT station_name_is_not_blank CHECK ((btrim(name) <> ''::text))
);
COMMENT ON TABLE hazecast.station IS 'Where readings come from. A reading of a station that is not here is a foreign-key error.';
COMMENT ON COLUMN hazecast.station.id IS 'Assigned by the database; what readings refer to.';
COMMENT ON COLUMN hazecast.station.name IS 'Unique name, as the views show it.';
COMMENT ON COLUMN hazecast.station.latitude IS 'Degrees north, -90 to 90; NULL when unknown.';
COMMENT ON COLUMN hazecast.station.longitude IS 'Degrees east, -180 to 180; NULL when unknown. Gives the local solar time, by which forecasts are better.';
COMMENT ON COLUMN hazecast.station.labels IS 'The user''s own keys and values, a JSON object; Hazecast does not read it.';
COMMENT ON COLUMN hazecast.station.created_at IS 'When the station was added.';
COMMENT ON COLUMN hazecast.station.known_since IS 'Memory, factors and training use readings from here on; NULL: all. hazecast.forget() sets it.';
COMMENT ON COLUMN hazecast.station.forgotten_at IS 'Time of the last hazecast.forget(); days settled before do not count.';
CREATE VIEW hazecast.latest_forecast WITH (security_invoker='true') AS
 SELECT station.name AS station,
    newest.origin,
    lead.lead,
    (newest.origin + ((lead.lead)::double precision * '01:00:00'::interval)) AS valid_at,
    newest.pm25[lead.lead] AS pm25,
    newest.lower80[lead.lead] AS lower80,
    newest.upper80[lead.lead] AS upper80,
    newest.lower95[lead.lead] AS lower95,
    newest.upper95[lead.lead] AS upper95,
    model.name AS model,
    newest.issued_at,
    newest.revision,
    (now() >= (newest.origin + '03:00:00'::interval)) AS stale,
    newest.basis
   FROM (((hazecast.station
     CROSS JOIN LATERAL (( SELECT ledger.station_id,
            ledger.origin,
            ledger.revision,
            ledger.issued_at,
            ledger.model_id,
            ledger.pm25,
            ledger.lower80,
            ledger.upper80,
            ledger.lower95,
            ledger.upper95,
            ledger.digest,
            ledger.basis,
            ledger.settled_day
           FROM hazecast.forecast_ledger ledger
          WHERE ((ledger.station_id = station.id) AND (ledger.origin >= hazecast.recent_since()) AND (ledger.origin < hazecast.recent_until()) AND ((now() + '1 day'::interval) < hazecast.recent_until()) AND (EXISTS ( SELECT
                   FROM hazecast.reading
                  WHERE ((reading.station_id = station.id) AND (reading.observed_at = ledger.origin) AND (reading.observed_at >= hazecast.recent_since()) AND (reading.observed_at < hazecast.recent_until()))
                 OFFSET 0)))
          ORDER BY ledger.origin DESC, ledger.revision DESC
         LIMIT 1)
        UNION ALL
         SELECT newest_issue.station_id,
            newest_issue.origin,
            newest_issue.revision,
            newest_issue.issued_at,
            newest_issue.model_id,
            newest_issue.pm25,
            newest_issue.lower80,
            newest_issue.upper80,
            newest_issue.lower95,
            newest_issue.upper95,
            newest_issue.digest,
            newest_issue.basis,
            newest_issue.settled_day
           FROM hazecast.newest_issue(station.id) newest_issue(station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95, digest, basis, settled_day)
 LIMIT 1) newest)
     CROSS JOIN generate_series(1, 24) lead(lead))
     LEFT JOIN hazecast.model ON ((model.id = newest.model_id)));
COMMENT ON VIEW hazecast.latest_forecast IS 'The newest forecast of every station, one row a lead.';
COMMENT ON COLUMN hazecast.latest_forecast.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.latest_forecast.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.latest_forecast.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.latest_forecast.valid_at IS 'The hour that is forecast: origin + lead hours.';
COMMENT ON COLUMN hazecast.latest_forecast.pm25 IS 'PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.latest_forecast.lower80 IS 'Lower edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.upper80 IS 'Upper edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.lower95 IS 'Lower edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.upper95 IS 'Upper edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.latest_forecast.model IS 'Name of the model that made it.';
COMMENT ON COLUMN hazecast.latest_forecast.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.latest_forecast.revision IS '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
COMMENT ON COLUMN hazecast.latest_forecast.stale IS 'True from three hours after the origin: the station has not reported, or nobody has forecast it.';
COMMENT ON COLUMN hazecast.latest_forecast.basis IS 'What the readings of the window are: full, partial (some hours lack PM2.5), or persistence (too few have it for a model).';
CREATE TABLE hazecast.reading_flag (
    station_id integer NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    measure text NOT NULL,
    flag text NOT NULL,
    CONSTRAINT reading_flag_is_known CHECK ((flag = ANY (ARRAY['future'::text, 'before_2000'::text, 'negative'::text, 'out_of_range'::text, 'not_finite'::text, 'stuck'::text, 'spike'::text, 'duplicate'::text, 'clock_jump'::text, 'error_code'::text]))),
    CONSTRAINT reading_flag_measure_is_known CHECK ((measure = ANY (ARRAY['observed_at'::text, 'pm25'::text, 'dew_point'::text, 'temperature'::text, 'pressure'::text, 'wind_direction'::text, 'wind_speed'::text])))
);
COMMENT ON TABLE hazecast.reading_flag IS 'What quality control found wrong with a reading, beside it, so that the reading stays as sent. A flagged measure counts as missing; observed_at flagged duplicate or clock_jump is the whole hour, and flagged future or before_2000 a reading that advances no forecast. A correction clears the flags of its row.';
COMMENT ON COLUMN hazecast.reading_flag.station_id IS 'Station of the reading.';
COMMENT ON COLUMN hazecast.reading_flag.observed_at IS 'Hour of the reading.';
COMMENT ON COLUMN hazecast.reading_flag.measure IS 'Column of hazecast.reading that the flag is about.';
COMMENT ON COLUMN hazecast.reading_flag.flag IS 'future (more than an hour ahead), before_2000, negative, out_of_range, not_finite, error_code, stuck, spike, duplicate or clock_jump; hazecast.quality_rule has their settings.';
CREATE VIEW hazecast.observation WITH (security_invoker='true') AS
 SELECT reading.station_id,
    reading.observed_at,
    GREATEST(reading.pm25, (0)::real) AS pm25,
    reading.received_at
   FROM hazecast.reading
  WHERE ((reading.pm25 >= ('-10'::integer)::double precision) AND (reading.pm25 < 'Infinity'::real) AND (NOT (EXISTS ( SELECT
           FROM hazecast.reading_flag flag
          WHERE ((flag.station_id = reading.station_id) AND (flag.observed_at = reading.observed_at) AND (flag.measure = ANY (ARRAY['observed_at'::text, 'pm25'::text])))
         OFFSET 0))));
COMMENT ON VIEW hazecast.observation IS 'The readings whose pm25 counts: there, and not flagged by quality control. Scores, maxima and the NowCast are of these.';
COMMENT ON COLUMN hazecast.observation.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.observation.observed_at IS 'Beginning of the UTC hour.';
COMMENT ON COLUMN hazecast.observation.pm25 IS 'PM2.5 in µg/m³, as it stands now: corrections included, and 0 for what was sent as -10 to 0.';
COMMENT ON COLUMN hazecast.observation.received_at IS 'When a pm25 of that hour was first there.';
CREATE FUNCTION hazecast.daily_max(time_zone text) RETURNS TABLE(station text, day date, pm25 real, valid_at timestamp with time zone, hours integer, observed real, observed_at timestamp with time zone, stale boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    BEGIN ATOMIC
 SELECT worst.station,
     worst.day,
     worst.pm25,
     worst.valid_at,
     worst.hours,
     seen.pm25,
     seen.observed_at,
     worst.stale
    FROM ((( SELECT DISTINCT ON (newest.station, local.day) newest.station,
             local.day,
             newest.pm25,
             newest.valid_at,
             (count(*) OVER (PARTITION BY newest.station, local.day))::integer AS hours,
             newest.stale
            FROM (hazecast.latest_forecast newest
              CROSS JOIN LATERAL ( SELECT ((newest.valid_at AT TIME ZONE daily_max.time_zone))::date AS timezone) local(day))
           ORDER BY newest.station, local.day, newest.pm25 DESC, newest.valid_at) worst
      JOIN hazecast.station ON ((station.name = worst.station)))
      LEFT JOIN LATERAL ( SELECT observation.pm25,
             observation.observed_at
            FROM hazecast.observation
           WHERE ((observation.station_id = station.id) AND (observation.observed_at >= ((worst.day)::timestamp without time zone AT TIME ZONE daily_max.time_zone)) AND (observation.observed_at < (((worst.day + 1))::timestamp without time zone AT TIME ZONE daily_max.time_zone)))
           ORDER BY observation.pm25 DESC, observation.observed_at
          LIMIT 1) seen ON (true));
END;
COMMENT ON FUNCTION hazecast.daily_max(time_zone text) IS 'The worst hour of each day of every station''s newest forecast, with days by the clock of a time zone such as Asia/Shanghai: one row a station and day. station (its name), day, pm25 (greatest forecast in µg/m³), valid_at (its hour), hours (how many hours of the day the forecast holds), observed (greatest observation of the day so far in µg/m³; NULL before the first), observed_at (its hour), stale (whether the forecast is three hours old).';
CREATE FUNCTION hazecast.detach_attachments(source text, name text, attached integer[]) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    granted record;
BEGIN
    IF cardinality(attached) = 0 THEN
        RAISE EXCEPTION '% is not attached', concat_ws(' as ', source, name)
            USING ERRCODE = 'undefined_object', HINT = 'SELECT source, name FROM hazecast.attachments';
    END IF;
    BEGIN
        PERFORM hazecast.drop_attachment_triggers(a.source)
        FROM hazecast.attachment AS a
        WHERE a.id = ANY (attached)
            AND NOT EXISTS (
                SELECT FROM hazecast.attachment AS other WHERE other.source = a.source AND other.id <> ALL (attached));
        FOR granted IN
            SELECT format('SCHEMA %I', nspname) AS object, reader
            FROM pg_namespace CROSS JOIN aclexplode(nspacl) JOIN hazecast.attachment ON to_regrole(reader) = grantee
            WHERE id = ANY (attached)
            UNION
            SELECT format('TABLE %s', pg_class.oid::regclass), reader
            FROM pg_class CROSS JOIN aclexplode(relacl) JOIN hazecast.attachment ON to_regrole(reader) = grantee
            WHERE id = ANY (attached)
        LOOP
            EXECUTE format('REVOKE ALL ON %s FROM %I', granted.object, granted.reader);
        END LOOP;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL; -- with the rights of the schema's owner, then
    END;
    PERFORM hazecast.unregister_attachment(id) FROM unnest(attached) AS id;
    RETURN format('%s is detached; its readings stay', source);
END
$$;
COMMENT ON FUNCTION hazecast.detach_attachments(source text, name text, attached integer[]) IS 'What detach does when it knows which attachments are meant: what it can with the rights of the caller.';
CREATE FUNCTION hazecast.detach(source text, name text DEFAULT NULL::text) RETURNS text
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT hazecast.detach_attachments(source, name, ARRAY( SELECT a.id
            FROM hazecast.attachment a
           WHERE (((detach.name IS NULL) OR (a.name = detach.name)) AND (((a.source)::oid = (to_regclass(detach.source))::oid) OR ((a.source_name = detach.source) AND (NOT (EXISTS ( SELECT
                    FROM hazecast.attachment b
                   WHERE ((b.source)::oid = (to_regclass(detach.source))::oid)))))))
           ORDER BY a.id)) AS detach_attachments;
END;
COMMENT ON FUNCTION hazecast.detach(source text, name text) IS 'Ends what attach began, for one attachment of a table or all: our triggers, what waited and what was rejected are gone, and the table is as it was. Its readings stay. PostgreSQL lets only the owner of a table take triggers off it, or a superuser who owns this schema.';
CREATE FUNCTION hazecast.drop_attachment_triggers(source regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
        WHERE tgfoid = 'hazecast.note_attached()'::regprocedure AND NOT tgisinternal
            AND (tgrelid = source OR source IN (SELECT relid FROM pg_partition_ancestors(tgrelid)))
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
    END LOOP;
END
$$;
COMMENT ON FUNCTION hazecast.drop_attachment_triggers(source regclass) IS 'Takes our triggers off an attached table and its partitions.';
CREATE FUNCTION hazecast.drop_expired_partitions() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO'
    SET lock_timeout TO '500ms'
    AS $_$
DECLARE
    expired record;
    dropped integer := 0;
BEGIN
    FOR expired IN
        SELECT retention.history, partition.oid::regclass AS name, bound.upper
        FROM hazecast.retention
        JOIN pg_inherits ON pg_inherits.inhparent = ('hazecast.' || quote_ident(retention.history))::regclass
        JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
        CROSS JOIN LATERAL (
            SELECT substring(
                pg_get_expr(partition.relpartbound, partition.oid) FROM $bound$TO \('(.*)'\)$bound$
            )::timestamptz AS upper
        ) AS bound
        WHERE bound.upper <= now() - retention.keep
        ORDER BY bound.upper
    LOOP
        IF expired.history = 'reading' THEN
            DELETE FROM hazecast.reading_flag AS flag
            WHERE flag.observed_at < expired.upper AND flag.observed_at >= '2000-01-01 00:00:00+00';
        END IF;
        EXECUTE format('DROP TABLE %s', expired.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$_$;
COMMENT ON FUNCTION hazecast.drop_expired_partitions() IS 'Drops the partitions in which everything is older than hazecast.retention says, with the flags of their readings, and returns how many. The daemon calls it daily. Readings of hours so old that are written later go to reading_default. Like maintain_partitions() it waits for no lock longer than half a second, has changed nothing when it fails with lock_not_available, and is then to be called again later.';
CREATE FUNCTION hazecast.end_alerts(alerts bigint[], because text) RETURNS integer
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    WITH ended AS (
        UPDATE hazecast.alert
        SET cleared_at = now(), cleared_because = because, cleared_origin = coalesce((
            SELECT ledger.origin FROM hazecast.forecast_ledger AS ledger
            WHERE ledger.station_id = alert.station_id ORDER BY ledger.origin DESC LIMIT 1
        ), alert.origin)
        WHERE id = ANY (alerts) AND cleared_at IS NULL
        RETURNING 1
    )
    SELECT count(*) FROM ended
$$;
COMMENT ON FUNCTION hazecast.end_alerts(alerts bigint[], because text) IS 'Clears alerts that stand, and returns how many.';
CREATE FUNCTION hazecast.end_unwatched() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM hazecast.end_alerts(array_agg(alert.id), 'unwatched')
    FROM hazecast.alert
    WHERE alert.cleared_at IS NULL AND NOT EXISTS (
        SELECT FROM hazecast.alert_rule AS rule JOIN hazecast.station ON station.id = alert.station_id
        WHERE rule.id = alert.rule_id AND rule.enabled
            AND (rule.station_id = station.id OR rule.station_id IS NULL AND station.labels @> rule.labels)
    );
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.end_unwatched() IS 'After rules or stations were changed or deleted: clears the alerts whose rule no longer watches their station.';
CREATE FUNCTION hazecast.evaluate_alerts(stations integer[], origins timestamp with time zone[], revisions integer[], OUT raised integer, OUT cleared integer, OUT failure text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '2s'
    AS $$
BEGIN
    WITH issued AS MATERIALIZED (
        SELECT newest.*, station.labels
        FROM unnest(stations, origins, revisions) AS newest (station_id, origin, revision)
        JOIN hazecast.station ON station.id = newest.station_id
    ), watched AS MATERIALIZED (
        SELECT rule.id, issued.station_id, issued.origin, issued.revision
        FROM hazecast.alert_rule AS rule JOIN issued USING (station_id)
        WHERE rule.enabled
        UNION ALL
        SELECT rule.id, issued.station_id, issued.origin, issued.revision
        FROM hazecast.alert_rule AS rule JOIN issued ON issued.labels @> rule.labels
        WHERE rule.enabled AND rule.station_id IS NULL
    ), judged AS MATERIALIZED (
        SELECT
            rule.id AS rule_id, rule.name, rule.level, rule.quiet_period, standing.id AS standing,
            ledger.station_id, ledger.origin, ledger.revision, ledger.issued_at, verdict.is_above, verdict.lead,
            standing.id IS NULL AND verdict.is_above AND hazecast.is_unconfirmed(ledger.station_id, ledger.origin)
                AS is_unconfirmed,
            ledger.pm25[verdict.lead] AS pm25,
            hazecast.exceedance_probability(
                rule.level, ledger.pm25[verdict.lead], ledger.lower80[verdict.lead], ledger.upper80[verdict.lead],
                ledger.lower95[verdict.lead], ledger.upper95[verdict.lead]
            ) AS probability
        FROM watched
        JOIN hazecast.alert_rule AS rule USING (id)
        -- One probe of an index each, whatever the statistics of young tables make the planner believe.
        CROSS JOIN LATERAL (
            SELECT * FROM hazecast.forecast_ledger AS l
            WHERE l.station_id = watched.station_id AND l.origin = watched.origin AND l.revision = watched.revision
            OFFSET 0
        ) AS ledger
        CROSS JOIN LATERAL (
            SELECT (
                SELECT alert.id FROM hazecast.alert
                WHERE alert.station_id = watched.station_id AND alert.rule_id = rule.id AND alert.cleared_at IS NULL
            ) AS id OFFSET 0
        ) AS standing
        CROSS JOIN LATERAL (
            SELECT rule.level - CASE WHEN standing.id IS NULL THEN 0 ELSE rule.hysteresis END AS level
        ) AS threshold
        CROSS JOIN LATERAL (
            SELECT bool_or(hour.is_above) AS is_above, (min(hour.lead) FILTER (WHERE hour.is_above))::integer AS lead
            FROM (
                SELECT forecast.lead, CASE
                    WHEN rule.probability IS NULL THEN forecast.pm25 > threshold.level
                    ELSE hazecast.exceedance_probability(
                        threshold.level, forecast.pm25,
                        forecast.lower80, forecast.upper80, forecast.lower95, forecast.upper95
                    ) >= rule.probability
                END AS is_above
                FROM unnest(ledger.pm25, ledger.lower80, ledger.upper80, ledger.lower95, ledger.upper95)
                    WITH ORDINALITY AS forecast (pm25, lower80, upper80, lower95, upper95, lead)
                WHERE forecast.lead BETWEEN rule.first_lead AND rule.last_lead
            ) AS hour
        ) AS verdict
        -- The last reading, carried on for want of others, neither raises nor clears.
        WHERE ledger.basis <> 'persistence'
    ), new AS (
        INSERT INTO hazecast.alert
            (rule_id, rule, station_id, level, raised_at, origin, revision, lead, valid_at, pm25, probability)
        SELECT
            rule_id, name, station_id, level, issued_at, origin, revision, lead, origin + lead * interval '1 hour',
            pm25, probability
        FROM judged
        WHERE standing IS NULL AND is_above AND NOT is_unconfirmed AND NOT EXISTS (
            SELECT FROM hazecast.alert AS former
            WHERE former.station_id = judged.station_id AND former.rule_id = judged.rule_id
                AND former.cleared_origin > judged.origin - judged.quiet_period
        )
        RETURNING id
    ), fallen AS (
        UPDATE hazecast.alert
        SET cleared_at = judged.issued_at, cleared_origin = judged.origin, cleared_because = 'fell'
        FROM judged
        WHERE alert.id = judged.standing AND NOT judged.is_above
        RETURNING alert.id
    ), unwatched AS (
        UPDATE hazecast.alert
        SET cleared_at = clock_timestamp(), cleared_origin = gone.origin, cleared_because = 'unwatched'
        FROM (
            SELECT standing.id, issued.origin
            FROM issued
            CROSS JOIN LATERAL (
                SELECT a.id, a.rule_id FROM hazecast.alert AS a
                WHERE a.station_id = issued.station_id AND a.cleared_at IS NULL
                OFFSET 0
            ) AS standing
            WHERE NOT EXISTS (
                SELECT FROM hazecast.alert_rule AS rule
                WHERE rule.id = standing.rule_id AND rule.enabled
                    AND (
                        rule.station_id = issued.station_id
                        OR rule.station_id IS NULL AND issued.labels @> rule.labels
                    )
                OFFSET 0
            )
        ) AS gone
        WHERE alert.id = gone.id
        RETURNING alert.id
    )
    SELECT
        (SELECT count(*) FROM new), (SELECT count(*) FROM fallen) + (SELECT count(*) FROM unwatched)
        INTO raised, cleared;
EXCEPTION WHEN OTHERS THEN
    raised := 0;
    cleared := 0;
    failure := format('%s (SQLSTATE %s)', sqlerrm, sqlstate);
END
$$;
COMMENT ON FUNCTION hazecast.evaluate_alerts(stations integer[], origins timestamp with time zone[], revisions integer[], OUT raised integer, OUT cleared integer, OUT failure text) IS 'Raises and clears alerts for forecasts of stations, the newest of each, and returns how many. Whatever goes wrong is undone and said in failure, so that it never costs a forecast. The daemon calls it in the transaction that issues them.';
CREATE FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) RETURNS real
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((num_nulls(level, pm25, lower80, upper80, lower95, upper95) > 0) OR (level = 'NaN'::double precision)) THEN NULL::double precision WHEN (level < (0)::double precision) THEN (1)::double precision ELSE ((1)::double precision / ((1)::double precision + exp(LEAST((80)::double precision, GREATEST(('-80'::integer)::double precision, CASE WHEN (level >= upper95) THEN (ln((39)::double precision) + CASE WHEN (level = upper95) THEN (0)::double precision WHEN (upper95 = upper80) THEN 'Infinity'::double precision ELSE ((((level - upper95) * (ln((39)::double precision) - ln((9)::double precision))) / (2)::double precision) / (upper95 - upper80)) END) WHEN (level >= upper80) THEN (ln((9)::double precision) + (((level - upper80) * (ln((39)::double precision) - ln((9)::double precision))) / (upper95 - upper80))) WHEN (level >= pm25) THEN (((level - pm25) * ln((9)::double precision)) / (upper80 - pm25)) WHEN (level >= lower80) THEN (((level - pm25) * ln((9)::double precision)) / (pm25 - lower80)) WHEN (level >= lower95) THEN ((((level - lower80) * (ln((39)::double precision) - ln((9)::double precision))) / (lower80 - lower95)) - ln((9)::double precision)) WHEN (lower80 = lower95) THEN '-Infinity'::double precision ELSE (((((level - lower95) * (ln((39)::double precision) - ln((9)::double precision))) / (2)::double precision) / (lower80 - lower95)) - ln((39)::double precision)) END))))) END;
COMMENT ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) IS 'The probability that PM2.5 exceeds a level in µg/m³, from a forecast and its bands in µg/m³; NULL without bands. The edges of the bands and the forecast, as the middle, are passed with 97.5, 90, 50, 10 and 2.5 %. Between them the log-odds are linear in the level; beyond them they go on at half the slope.';
CREATE FUNCTION hazecast.exceedance(level real) RETURNS TABLE(station text, origin timestamp with time zone, lead integer, valid_at timestamp with time zone, probability real, stale boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT newest.station,
     newest.origin,
     newest.lead,
     newest.valid_at,
     hazecast.exceedance_probability((exceedance.level)::double precision, (newest.pm25)::double precision, (newest.lower80)::double precision, (newest.upper80)::double precision, (newest.lower95)::double precision, (newest.upper95)::double precision) AS exceedance_probability,
     newest.stale
    FROM hazecast.latest_forecast newest;
END;
COMMENT ON FUNCTION hazecast.exceedance(level real) IS 'The probability that PM2.5 exceeds a level in µg/m³, for every station''s newest forecast, one row a lead: station (its name), origin (hour of the last reading that the forecast knew), lead (hours after it, 1 to 24), valid_at (the hour that is forecast), probability (0 to 1; NULL when the model has no bands), stale (whether the origin is three hours back: the station is silent, or nobody has forecast it).';
CREATE FUNCTION hazecast.exceedance_skill(level real, probability real DEFAULT 0.5, since timestamp with time zone DEFAULT (now() - '30 days'::interval), until timestamp with time zone DEFAULT now(), station text DEFAULT NULL::text) RETURNS SETOF hazecast.lead_exceedance_skill
    LANGUAGE plpgsql STABLE ROWS 2400 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET jit TO 'off'
    SET join_collapse_limit TO '1'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    first_origin constant timestamptz := since - interval '24 hours';
    place constant integer := hazecast.station_named(station);
BEGIN
    RETURN QUERY
    SELECT
        counted.station, counted.lead, counted.n, counted.hits, counted.misses, counted.false_alarms,
        counted.hits::double precision / nullif(counted.hits + counted.misses, 0),
        counted.false_alarms::double precision / nullif(counted.hits + counted.false_alarms, 0),
        counted.hits::double precision / nullif(counted.hits + counted.misses + counted.false_alarms, 0)
    FROM (
        SELECT
            judged.station,
            judged.lead,
            count(*) AS n,
            count(*) FILTER (WHERE judged.warned AND judged.came) AS hits,
            count(*) FILTER (WHERE NOT judged.warned AND judged.came) AS misses,
            count(*) FILTER (WHERE judged.warned AND NOT judged.came) AS false_alarms
        FROM (
            SELECT
                pair.station,
                pair.lead,
                hazecast.exceedance_probability(
                    exceedance_skill.level, pair.pm25, pair.lower80, pair.upper80, pair.lower95, pair.upper95
                ) >= exceedance_skill.probability AS warned,
                pair.observed > exceedance_skill.level AS came
            FROM hazecast.forecast_vs_observed AS pair
            WHERE (place IS NULL OR pair.station_id = place)
                AND pair.origin >= first_origin AND pair.origin < until
                AND pair.observed_at >= since AND pair.observed_at < until
                AND pair.in_time AND pair.basis <> 'persistence'
            OFFSET 0 -- so that the probability is worked out once
        ) AS judged
        WHERE judged.warned IS NOT NULL
        GROUP BY judged.station, judged.lead
    ) AS counted
    ORDER BY counted.station, counted.lead;
END
$$;
COMMENT ON FUNCTION hazecast.exceedance_skill(level real, probability real, since timestamp with time zone, until timestamp with time zone, station text) IS 'How good warnings would have been that are given when PM2.5 exceeds a level in µg/m³ with at least a probability (0.5, unless said): of the hours from since (30 days ago) up to, but not including, until (now), of one station or of all, one row a station and lead. Judged are the forecasts that hazecast.skill() scores, where they have bands.';
CREATE FUNCTION hazecast.expire_alerts() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '500ms'
    AS $$
    SELECT hazecast.end_alerts(array_agg(alert.id), 'expired')
    FROM hazecast.alert
    WHERE alert.cleared_at IS NULL AND alert.origin <= now() - interval '25 hours' AND NOT EXISTS (
        SELECT FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = alert.station_id AND ledger.origin > now() - interval '25 hours'
    )
$$;
COMMENT ON FUNCTION hazecast.expire_alerts() IS 'Clears the alerts of stations whose newest forecast says nothing of the hours to come, and returns how many. The daemon calls it daily.';
CREATE FUNCTION hazecast.filled_measures(settings jsonb) RETURNS text[]
    LANGUAGE sql IMMUTABLE
    BEGIN ATOMIC
 SELECT array_remove(ARRAY[
         CASE
             WHEN (of.columns ? 'pm25'::text) THEN 'pm25'::text
             ELSE NULL::text
         END,
         CASE
             WHEN ((of.columns ? 'dew_point'::text) OR (of.columns ?& '{humidity,temperature}'::text[])) THEN 'dew_point'::text
             ELSE NULL::text
         END,
         CASE
             WHEN (of.columns ? 'temperature'::text) THEN 'temperature'::text
             ELSE NULL::text
         END,
         CASE
             WHEN (of.columns ? 'pressure'::text) THEN 'pressure'::text
             ELSE NULL::text
         END,
         CASE
             WHEN (of.columns ?| '{wind_direction,wind_u}'::text[]) THEN 'wind_direction'::text
             ELSE NULL::text
         END,
         CASE
             WHEN (of.columns ?| '{wind_speed,wind_u}'::text[]) THEN 'wind_speed'::text
             ELSE NULL::text
         END], NULL::text) AS array_remove
    FROM ( SELECT (filled_measures.settings -> 'columns'::text) AS "?column?") of(columns);
END;
COMMENT ON FUNCTION hazecast.filled_measures(settings jsonb) IS 'The columns of hazecast.reading that an attached table fills; others keep what is there.';
CREATE FUNCTION hazecast.forecast_as_of(at timestamp with time zone) RETURNS TABLE(station text, origin timestamp with time zone, lead integer, valid_at timestamp with time zone, pm25 real, lower80 real, upper80 real, lower95 real, upper95 real, model text, issued_at timestamp with time zone, revision integer, stale boolean, basis text)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT station.name,
     newest.origin,
     (lead.lead)::integer AS lead,
     (newest.origin + ((lead.lead)::double precision * '01:00:00'::interval)),
     lead.pm25,
     lead.lower80,
     lead.upper80,
     lead.lower95,
     lead.upper95,
     model.name,
     newest.issued_at,
     newest.revision,
     (forecast_as_of.at >= (newest.origin + '03:00:00'::interval)),
     newest.basis
    FROM (((hazecast.station
      CROSS JOIN LATERAL ( SELECT ledger.station_id,
             ledger.origin,
             ledger.revision,
             ledger.issued_at,
             ledger.model_id,
             ledger.pm25,
             ledger.lower80,
             ledger.upper80,
             ledger.lower95,
             ledger.upper95,
             ledger.digest,
             ledger.basis,
             ledger.settled_day
            FROM hazecast.forecast_ledger ledger
           WHERE ((ledger.station_id = station.id) AND (ledger.issued_at <= forecast_as_of.at) AND (ledger.origin <= (forecast_as_of.at + '01:00:00'::interval)))
           ORDER BY ledger.origin DESC, ledger.revision DESC
          LIMIT 1) newest)
      CROSS JOIN LATERAL UNNEST(newest.pm25, newest.lower80, newest.upper80, newest.lower95, newest.upper95) WITH ORDINALITY lead(pm25, lower80, upper80, lower95, upper95, lead))
      LEFT JOIN hazecast.model ON ((model.id = newest.model_id)));
END;
COMMENT ON FUNCTION hazecast.forecast_as_of(at timestamp with time zone) IS 'The newest forecast that every station had at a time, one row a lead, with the columns of hazecast.latest_forecast: station (its name), origin (hour of the last reading that the forecast knew), lead (hours after it, 1 to 24), valid_at (the hour that is forecast), pm25 and the edges of the bands lower80, upper80, lower95, upper95 in µg/m³ (NULL without bands), model (its name), issued_at, revision, stale (whether the origin was three hours back by then), basis. Readings that were deleted since do not matter.';
CREATE FUNCTION hazecast.forget(station text, before timestamp with time zone DEFAULT now()) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
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
COMMENT ON FUNCTION hazecast.forget(station text, before timestamp with time zone) IS 'For a sensor that was moved or replaced: what was learnt of the station before a time (now, unless said) no longer counts. Its memory and factors begin anew with the next forecast, and training uses later readings only. Readings and forecasts stay.';
CREATE FUNCTION hazecast.is_unconfirmed(station integer, hour timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT coalesce(max(pm25) FILTER (WHERE observed_at = hour)
        > 20 * greatest(max(pm25) FILTER (WHERE observed_at < hour), 1), false)
    FROM hazecast.observation
    WHERE station_id = station AND observed_at BETWEEN hour - interval '72 hours' AND hour
$$;
COMMENT ON FUNCTION hazecast.is_unconfirmed(station integer, hour timestamp with time zone) IS 'Whether the reading of an hour is more than 20 times the highest of the 72 hours before it, and of 1 µg/m³: an instrument at fault rather than the air. The next reading confirms it, as it has this one before it. Error codes and other flagged readings do not count.';
CREATE FUNCTION hazecast.keep_old_name() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    DELETE FROM hazecast.station_alias WHERE name = NEW.name AND station_id = NEW.id;
    INSERT INTO hazecast.station_alias (name, station_id) VALUES (OLD.name, NEW.id)
    ON CONFLICT (name) DO UPDATE SET station_id = excluded.station_id;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.keep_old_name() IS 'After a station was renamed: its old name becomes an alias.';
CREATE FUNCTION hazecast.live_outcomes(stations integer[], day date) RETURNS TABLE(station_id integer, model_id integer, lead integer, n integer, outside80 integer, outside95 integer, scored integer, model_sse double precision, persistence_sse double precision, change_product double precision, change_square double precision, changes integer)
    LANGUAGE plpgsql STABLE ROWS 2400 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET jit TO 'off'
    SET join_collapse_limit TO '1'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    begins constant timestamptz := day::timestamp AT TIME ZONE 'UTC';
    ends constant timestamptz := begins + interval '1 day';
BEGIN
    RETURN QUERY
    SELECT asked.id, judged.*
    FROM (SELECT DISTINCT unnest(stations)) AS asked (id)
    CROSS JOIN LATERAL (
        SELECT
            issuer.id,
            pair.lead,
            (count(*) FILTER (WHERE pair.lower80 IS NOT NULL))::integer,
            (count(*) FILTER (WHERE pair.observed NOT BETWEEN pair.lower80 AND pair.upper80))::integer,
            (count(*) FILTER (WHERE pair.observed NOT BETWEEN pair.lower95 AND pair.upper95))::integer,
            (count(*) FILTER (WHERE pair.persistence IS NOT NULL))::integer,
            -- In an order, so that the same sums come out whoever asks again.
            coalesce(sum((pair.pm25::double precision - pair.observed) ^ 2 ORDER BY pair.origin)
                FILTER (WHERE pair.persistence IS NOT NULL), 0),
            coalesce(sum((pair.persistence::double precision - pair.observed) ^ 2 ORDER BY pair.origin), 0),
            coalesce(sum(
                (pair.pm25::double precision - pair.persistence) / coalesce(rest.change_factors[pair.lead], 1)
                    * (pair.observed - pair.persistence) / (pair.persistence + 5) ORDER BY pair.origin
            ), 0),
            coalesce(sum(
                ((pair.pm25::double precision - pair.persistence) / coalesce(rest.change_factors[pair.lead], 1)) ^ 2
                    / (pair.persistence + 5) ORDER BY pair.origin
            ), 0),
            (count(*) FILTER (WHERE pair.persistence IS NOT NULL))::integer
        FROM hazecast.forecast_vs_observed AS pair
        JOIN hazecast.model AS issuer ON issuer.name = pair.model
        -- The factors that the change was multiplied by, so that they do not learn from themselves.
        LEFT JOIN hazecast.live_day AS rest
            ON rest.station_id = pair.station_id AND rest.day = pair.settled_day
                AND rest.model_id = issuer.id AND NOT rest.persistence
        WHERE pair.station_id = asked.id
            AND pair.origin >= begins - interval '3 days' AND pair.origin < ends
            AND pair.observed_at >= begins - interval '2 days' AND pair.observed_at < ends + interval '1 hour'
            AND pair.received_at >= begins AND pair.received_at < ends
            AND pair.in_time AND pair.basis <> 'persistence'
        GROUP BY issuer.id, pair.lead
    ) AS judged
    ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION hazecast.live_outcomes(stations integer[], day date) IS 'How the forecasts of some stations did, as told by the observations that were received on one UTC day, one row a station_id, model_id (who issued them; 0 is persistence) and lead: n (observations beside a forecast with bands), outside80 and outside95 (those outside of its bands as they were issued), scored (observations for which there is persistence to compare with), model_sse and persistence_sse (sums of squared errors over those, in (µg/m³)²), change_product, change_square and changes (sums that hazecast.live_day.change_factors follow from, and their number). Judged are the forecasts that hazecast.skill() scores; an observation of an hour more than two days before counts on no day.';
CREATE FUNCTION hazecast.maintain_partitions() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT hazecast.add_months('hazecast.reading', 'observed_at')
        + hazecast.add_months('hazecast.forecast_ledger', 'origin')
$$;
COMMENT ON FUNCTION hazecast.maintain_partitions() IS 'Makes the monthly partitions up to the end of the year after next and returns how many. The daemon calls it; without anything to do it takes no lock. Rows that were waiting in reading_default move on and raise no arrival. While it works, new stations and queries over all hours wait, and so do readings of hours beyond all partitions, which may fail with check_violation and are then to be sent again; everything else goes on. It waits for no lock longer than half a second, less than the server takes to look for deadlocks, so that it never costs others theirs: it then fails with lock_not_available, has changed nothing, and is to be called again later.';
CREATE TABLE hazecast.reader_scope (
    role_name name NOT NULL,
    labels jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    CONSTRAINT reader_scope_labels_name_something CHECK (((jsonb_typeof(labels) = 'object'::text) AND (labels <> '{}'::jsonb)))
);
COMMENT ON TABLE hazecast.reader_scope IS 'Readers who see only the stations whose labels contain theirs; hazecast.restrict_reader and release_reader write it.';
COMMENT ON COLUMN hazecast.reader_scope.role_name IS 'The role; its members are in the scope too.';
COMMENT ON COLUMN hazecast.reader_scope.labels IS 'It sees the stations whose labels contain this JSON object.';
COMMENT ON COLUMN hazecast.reader_scope.created_at IS 'When it was restricted so.';
COMMENT ON COLUMN hazecast.reader_scope.created_by IS 'The database user who did it.';
CREATE FUNCTION hazecast.scopes(reader name) RETURNS jsonb[]
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT COALESCE(array_agg(scope.labels), '{}'::jsonb[]) AS "coalesce"
    FROM (hazecast.reader_scope scope
      JOIN pg_roles role ON ((role.rolname = scope.role_name)))
   WHERE (pg_has_role(SESSION_USER, role.oid, 'MEMBER'::text) AND pg_has_role(scopes.reader, role.oid, 'MEMBER'::text));
END;
COMMENT ON FUNCTION hazecast.scopes(reader name) IS 'The labels that a role may see: those of every scope that both the role and the user who logged in are members of.';
CREATE FUNCTION hazecast.models_in_scope(reader name) RETURNS SETOF integer
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT result.challenger_id
    FROM (hazecast.training_result result
      LEFT JOIN hazecast.station ON ((station.id = result.station_id)))
   WHERE ((result.challenger_id IS NOT NULL) AND ((result.station_id IS NULL) OR (station.labels @> ANY (hazecast.scopes(models_in_scope.reader)))));
END;
COMMENT ON FUNCTION hazecast.models_in_scope(reader name) IS 'The models that were trained for stations that a role may see, or for all stations together.';
CREATE FUNCTION hazecast.note_arrival() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF current_setting('hazecast.far', true) = pg_current_xact_id()::text THEN
        INSERT INTO hazecast.arrival AS a (near) VALUES (NULL)
        ON CONFLICT (written_by, reload) DO UPDATE SET near = NULL WHERE a.near IS NOT NULL;
    ELSE
        INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_arrival() IS 'After a statement that wrote readings: an arrival, once a transaction.';
CREATE FUNCTION hazecast.note_attached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET "DateStyle" TO 'ISO, YMD'
    SET extra_float_digits TO '1'
    AS $_$
DECLARE
    attached record;
    rows record;
    epoch text;
    station text;
    fine text;
BEGIN
    FOR attached IN
        SELECT a.id, a.settings, a.settings #>> '{columns,station}' AS station,
            a.settings #>> '{columns,observed_at}' AS observed_at,
            hazecast.type_family(TG_RELID, a.settings #>> '{columns,station}') AS station_family,
            hazecast.type_family(TG_RELID, a.settings #>> '{columns,observed_at}') AS time_family
        FROM hazecast.attachment AS a
        WHERE a.source = TG_RELID OR a.source IN (SELECT relid FROM pg_partition_ancestors(TG_RELID))
    LOOP
        IF TG_OP = 'TRUNCATE' THEN
            INSERT INTO hazecast.attachment_change (attachment, kind)
            SELECT attached.id, 'truncate' WHERE (attached.settings ->> 'follow_deletes')::boolean;
            CONTINUE;
        ELSIF coalesce(attached.time_family, 'other') IN ('uuid', 'other')
            OR (attached.station IS NOT NULL
                AND coalesce(attached.station_family, 'other') IN ('instant', 'local', 'other'))
        THEN
            -- The column is gone or not what it was: the look at the table will say so.
            INSERT INTO hazecast.attachment_change (attachment, kind, hours)
            VALUES (attached.id, 'history', int8multirange(int8range(
                floor(date_part('epoch', now()) / 3600)::bigint - 6, NULL)));
            CONTINUE;
        END IF;
        -- Types are those of PostgreSQL, or domains over them: nothing here calls a function of the user's.
        station := CASE WHEN attached.station IS NULL
            THEN quote_literal(coalesce(attached.settings ->> 'station_name', '')) || '::text'
            ELSE format('(row.%I)::text', attached.station) END;
        epoch := format(CASE attached.time_family
            WHEN 'text' THEN 'NULL::float8'
            WHEN 'number' THEN 'CASE WHEN row.%1$I BETWEEN 0 AND 1e16 THEN row.%1$I::float8 / %2$s END'
            ELSE 'date_part(''epoch'', row.%1$I)' END,
            attached.observed_at,
            CASE attached.settings #>> '{units,observed_at}' WHEN 'us' THEN '1e6' WHEN 'ms' THEN '1e3' ELSE '1' END);
        fine := format(
            '(%1$s BETWEEN 0 AND date_part(''epoch'', now()) + 172800 AND length(btrim(%2$s)) > 0 '
            'AND length(%2$s) <= 200)', epoch, station);
        -- The names of the transition tables are those of the trigger: any other might be a table of the user's.
        FOR rows IN
            SELECT tgnewtable AS name, 'write' AS kind FROM pg_trigger
            WHERE tgrelid = TG_RELID AND tgname = TG_NAME AND tgnewtable IS NOT NULL
            UNION ALL
            SELECT tgoldtable, 'removal' FROM pg_trigger
            WHERE tgrelid = TG_RELID AND tgname = TG_NAME AND tgoldtable IS NOT NULL
                AND (TG_OP = 'UPDATE' OR (attached.settings ->> 'follow_deletes')::boolean)
        LOOP
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, hours, observed, rows)
                SELECT $1, $2, station, range_agg(int8range(hour, hour + 1)), NULL, sum(rows)
                FROM (
                    SELECT %1$s AS station, floor(%2$s / 3600)::int8 AS hour, count(*) AS rows FROM %3$I AS row
                    WHERE %4$s GROUP BY 1, 2
                ) AS hourly
                GROUP BY station
                UNION ALL
                SELECT $1, $2, %1$s, NULL, (row.%5$I)::text, count(*)
                FROM %3$I AS row WHERE %4$s IS NOT TRUE GROUP BY 3, 5',
                station, epoch, rows.name, fine, attached.observed_at)
            USING attached.id, rows.kind;
        END LOOP;
    END LOOP;
    -- A notification would make PREPARE TRANSACTION fail: where that is allowed, the daemon's timer has to do.
    IF current_setting('max_prepared_transactions') = '0' THEN
        INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$_$;
COMMENT ON FUNCTION hazecast.note_attached() IS 'After a statement that changed an attached table: which stations and hours, into hazecast.attachment_change.';
CREATE FUNCTION hazecast.note_far() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF pg_catalog.current_setting('hazecast.far', true)
        IS DISTINCT FROM pg_catalog.pg_current_xact_id()::pg_catalog.text
    THEN
        PERFORM pg_catalog.set_config('hazecast.far', pg_catalog.pg_current_xact_id()::pg_catalog.text, true);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_far() IS 'After a reading of an hour that is more than 31 days from now: remembers it for hazecast.note_arrival() of the same transaction.';
CREATE TABLE hazecast.arrival (
    written_by xid8 DEFAULT pg_current_xact_id() NOT NULL,
    reload boolean DEFAULT false NOT NULL,
    near timestamp with time zone DEFAULT now()
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
COMMENT ON TABLE hazecast.arrival IS 'Transactions whose readings no daemon has looked at yet. Written by triggers, emptied by the daemon.';
COMMENT ON COLUMN hazecast.arrival.written_by IS 'The writing transaction; its rows are those with the same written_by in hazecast.reading.';
COMMENT ON COLUMN hazecast.arrival.reload IS 'True when written_by cannot tell what changed (rows deleted, keys changed, refresh asked for): compare every station''s newest window.';
COMMENT ON COLUMN hazecast.arrival.near IS 'The hours of all of its readings are within 31 days (744 hours) of this; NULL where they may be any.';
CREATE FUNCTION hazecast.note_history(attachment integer, history interval) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 INSERT INTO hazecast.attachment_change (attachment, kind, hours)  SELECT note_history.attachment AS attachment,
             'history',
             int8multirange(int8range((floor((date_part('epoch'::text, GREATEST((now() - note_history.history), '1970-01-01 00:00:00+00'::timestamp with time zone)) / (3600)::double precision)))::bigint, NULL::bigint)) AS int8multirange
           WHERE (note_history.history IS NOT NULL);
 INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION hazecast.note_history(attachment integer, history interval) IS 'Has the daemon take in the rows that an attached table has had for so long, and wakes it.';
CREATE FUNCTION hazecast.note_reload() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_reload() IS 'After arrivals were thrown away with TRUNCATE, and after a change of hazecast.quality_rule: an arrival that makes the daemon look at everything.';
CREATE FUNCTION hazecast.note_removal() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM hazecast.reading_flag;
    ELSIF EXISTS (SELECT FROM removed) THEN
        DELETE FROM hazecast.reading_flag AS flag
        USING removed
        WHERE flag.station_id = removed.station_id AND flag.observed_at = removed.observed_at;
    ELSE
        RETURN NULL;
    END IF;
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_removal() IS 'After readings were deleted or truncated: their flags go too, and an arrival tells the daemon to reload.';
CREATE FUNCTION hazecast.notify_alert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
DECLARE
    message jsonb;
BEGIN
    IF current_setting('hazecast.notify', true) IS DISTINCT FROM 'off' THEN
        message := jsonb_build_object(
            'event', CASE WHEN NEW.cleared_at IS NULL THEN 'raised' ELSE 'cleared' END, 'alert', NEW.id);
        -- LISTEN asks nobody for rights: where there are tenants, each looks up what it may see. Names are shortened so
        -- that the whole stays below the 8000 bytes of a notification.
        IF NOT EXISTS (SELECT FROM hazecast.reader_scope) THEN
            message := message || jsonb_build_object(
                'rule', left(NEW.rule, 400),
                'station', left((SELECT name FROM hazecast.station WHERE id = NEW.station_id), 400),
                'level', NEW.level, 'origin', coalesce(NEW.cleared_origin, NEW.origin), 'lead', NEW.lead,
                'valid_at', NEW.valid_at, 'pm25', NEW.pm25, 'probability', NEW.probability);
        END IF;
        PERFORM pg_notify('hazecast_alert', message::text);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.notify_alert() IS 'After an alert was raised or cleared: NOTIFY hazecast_alert with what it is as JSON, unless hazecast.notify is off.';
CREATE FUNCTION hazecast.notify_arrival() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text;
BEGIN
    IF current_setting('hazecast.notify', true) = 'off' THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT EXISTS (
        SELECT FROM hazecast.arrival
        WHERE written_by >= greatest(mine - 1000, 3)::text::xid8 AND written_by <> NEW.written_by
    ) THEN
        PERFORM pg_notify('hazecast_arrival', '');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.notify_arrival() IS 'At commit: NOTIFY hazecast_arrival, unless a committed arrival waits already or hazecast.notify is off (two-phase commit needs that: PREPARE TRANSACTION refuses transactions that notify).';
CREATE FUNCTION hazecast.notify_model() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF current_setting('hazecast.notify', true) IS DISTINCT FROM 'off' THEN
        PERFORM pg_notify('hazecast_model', '');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.notify_model() IS 'After another model was made active: NOTIFY hazecast_model, unless hazecast.notify is off.';
CREATE FUNCTION hazecast.nowcast(station text, at timestamp with time zone DEFAULT (date_trunc('hour'::text, now(), 'UTC'::text) - '01:00:00'::interval)) RETURNS real
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET extra_float_digits TO '1'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
DECLARE
    newest constant timestamptz := date_trunc('hour', at, 'UTC');
    oldest constant timestamptz := newest - interval '11 hours';
    place constant integer := hazecast.station_named(station);
    answer numeric;
BEGIN
    WITH hourly AS (
        SELECT
            o.pm25::text::numeric AS pm25,
            (extract(epoch FROM newest - o.observed_at) / 3600)::integer AS age
        FROM hazecast.observation AS o
        WHERE o.station_id = place AND o.observed_at BETWEEN oldest AND newest
    ), weighted AS (
        SELECT
            pm25,
            age,
            power(greatest(0.5, coalesce(min(pm25) OVER () / nullif(max(pm25) OVER (), 0), 1)), age::numeric) AS weight,
            count(*) FILTER (WHERE age <= 2) OVER () AS recent
        FROM hourly
    )
    SELECT sum(weight * pm25) / sum(weight) INTO answer FROM weighted WHERE recent >= 2;
    -- Rounded first: a division that does not come out even must not lose a tenth.
    RETURN trunc(round(answer, 9), 1);
END
$$;
COMMENT ON FUNCTION hazecast.nowcast(station text, at timestamp with time zone) IS 'The NowCast of US EPA in µg/m³, truncated to 0.1, for a station and an hour, named by its beginning (the last complete one, unless said): the mean of the 12 hours up to and including it, hour i back weighted by w^i, where w is min / max of the 12, at least 0.5. Missing and flagged hours are left out of all of it; -10 to 0 is 0. NULL unless two of the newest three hours are there; 0 where all are 0. An unknown station is an error.';
CREATE FUNCTION hazecast.partitions_end(parent regclass) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO'
    AS $_$
    SELECT max(substring(
        pg_get_expr(partition.relpartbound, partition.oid) FROM $bound$TO \('(.*)'\)$bound$)::timestamptz)
    FROM pg_inherits JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = parent
$_$;
COMMENT ON FUNCTION hazecast.partitions_end(parent regclass) IS 'The first instant that no partition of a table holds but its default one.';
CREATE FUNCTION hazecast.promote(model text, station text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    place integer := hazecast.station_named(promote.station);
    chosen integer;
BEGIN
    SELECT id INTO chosen FROM hazecast.model WHERE name = promote.model;
    IF chosen IS NULL THEN
        RAISE EXCEPTION 'there is no model "%"', model
            USING ERRCODE = 'no_data_found', HINT = 'SELECT id, name, created_at FROM hazecast.model ORDER BY id';
    ELSIF chosen = 0 THEN
        RAISE EXCEPTION 'persistence is no model: it serves by itself where none is better'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name, model, verdict FROM hazecast.status';
    END IF;
    PERFORM hazecast.activate(place, chosen, 'promote');
    RETURN format('%s serves %s', model, coalesce(station, 'every station without a model of its own'));
END
$$;
COMMENT ON FUNCTION hazecast.promote(model text, station text) IS 'Makes a model serve one station, or all that have no model of their own, from their next forecast on. Says what it did. hazecast.activation keeps who, when, and what served before.';
CREATE FUNCTION hazecast.prune_challengers() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    pruned integer;
BEGIN
    -- Nobody can make one of them serve meanwhile.
    LOCK TABLE hazecast.active_model IN SHARE ROW EXCLUSIVE MODE;
    WITH ranked AS (
        SELECT challenger_id, dense_rank() OVER (PARTITION BY coalesce(station_id, 0) ORDER BY run_id DESC) AS age
        FROM hazecast.training_result WHERE challenger_id IS NOT NULL
    ), old AS (
        SELECT challenger_id AS id FROM ranked GROUP BY challenger_id HAVING min(age) > 3
    )
    -- Every forecast's model is in hazecast.activation, which a trigger writes: no need to look through the ledger.
    DELETE FROM hazecast.model USING old
    WHERE model.id = old.id
        AND NOT EXISTS (SELECT FROM hazecast.active_model AS a WHERE a.model_id = old.id)
        AND NOT EXISTS (SELECT FROM hazecast.activation AS a WHERE old.id IN (a.model_id, a.previous_model_id))
        AND NOT EXISTS (SELECT FROM hazecast.training_result AS r WHERE r.champion_id = old.id)
        AND NOT EXISTS (SELECT FROM hazecast.model AS child WHERE child.parent_id = old.id);
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END
$$;
COMMENT ON FUNCTION hazecast.prune_challengers() IS 'Takes away the challengers that never served, but for those of a station''s last three results, and returns how many went; their scores stay in hazecast.training_result. Each training run ends with it.';
CREATE FUNCTION hazecast.record_activation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    said text := nullif(current_setting('hazecast.reason', true), '');
BEGIN
    IF TG_OP = 'DELETE' OR (TG_OP = 'UPDATE' AND NEW.station_id IS DISTINCT FROM OLD.station_id) THEN
        INSERT INTO hazecast.activation (station_id, previous_model_id, reason, goes_back_to)
        SELECT OLD.station_id, OLD.model_id, said, max(id)
        FROM hazecast.activation WHERE coalesce(station_id, 0) = coalesce(OLD.station_id, 0);
    END IF;
    IF TG_OP = 'INSERT'
        OR (TG_OP = 'UPDATE' AND (NEW.station_id, NEW.model_id) IS DISTINCT FROM (OLD.station_id, OLD.model_id))
    THEN
        INSERT INTO hazecast.activation (station_id, model_id, previous_model_id, reason, goes_back_to)
        SELECT
            NEW.station_id, NEW.model_id,
            CASE WHEN TG_OP = 'UPDATE' AND NEW.station_id IS NOT DISTINCT FROM OLD.station_id THEN OLD.model_id END,
            said, max(id)
        FROM hazecast.activation WHERE coalesce(station_id, 0) = coalesce(NEW.station_id, 0);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.record_activation() IS 'Writes a change of hazecast.active_model into hazecast.activation.';
CREATE FUNCTION hazecast.refresh() RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
$$;
COMMENT ON FUNCTION hazecast.refresh() IS 'Makes the daemon compare every station''s newest window with its last forecast, and issue what is missing. For changes that no trigger sees: a restore, replication, a write straight into a partition.';
CREATE FUNCTION hazecast.register_attachment(source regclass, name text, settings jsonb, OUT attachment integer, OUT reader text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
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
COMMENT ON FUNCTION hazecast.register_attachment(source regclass, name text, settings jsonb, OUT attachment integer, OUT reader text) IS 'What attach does with the rights of the owner of this schema: keeps the settings and makes the role that reads.';
CREATE FUNCTION hazecast.release_reader(role name) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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
COMMENT ON FUNCTION hazecast.release_reader(role name) IS 'Takes from a role what restrict_reader gave it; with the last one row-level security is switched off. Only the owner of the schema may call it.';
CREATE FUNCTION hazecast.request_retrain(why text DEFAULT 'SQL'::text, OUT training_run integer, OUT answer text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    PERFORM hazecast.close_lost_runs();
    LOOP
        SELECT run.id INTO training_run FROM hazecast.training_run AS run WHERE run.state IN ('waiting', 'running');
        answer := 'joined';
        EXIT WHEN training_run IS NOT NULL;
        INSERT INTO hazecast.training_run AS run (why) VALUES (request_retrain.why)
        ON CONFLICT ((true)) WHERE state IN ('waiting', 'running') DO NOTHING
        RETURNING run.id INTO training_run;
        answer := 'accepted';
        EXIT WHEN training_run IS NOT NULL; -- else somebody asked between the two statements
    END LOOP;
    IF answer = 'accepted' AND current_setting('hazecast.notify', true) IS DISTINCT FROM 'off' THEN
        PERFORM pg_notify('hazecast_training', '');
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.request_retrain(why text, OUT training_run integer, OUT answer text) IS 'Asks the daemon for a training run. Answers accepted, or joined where one waits or goes on already, with its id in hazecast.training_run.';
CREATE FUNCTION hazecast.resolve_category() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    first_band integer := (
        SELECT min(band) FROM hazecast.air_quality_breakpoint
        WHERE standard = NEW.standard AND category = NEW.category
    );
BEGIN
    IF first_band IS NULL THEN
        RAISE EXCEPTION 'the air-quality standard "%" has no category "%"', NEW.standard, NEW.category
            USING ERRCODE = 'check_violation',
                HINT = 'SELECT standard, category FROM hazecast.air_quality_breakpoint ORDER BY standard, band';
    END IF;
    NEW.level := coalesce((
        SELECT breakpoint.pm25_high + CASE
            WHEN rules.concentration_rounding = 'truncate to 0.1' THEN 0.1
            WHEN rules.concentration_rounding = 'none' THEN 0
            ELSE 0.5
        END
        FROM hazecast.air_quality_breakpoint AS breakpoint
        JOIN hazecast.air_quality_standard AS rules ON rules.name = breakpoint.standard
        WHERE breakpoint.standard = NEW.standard AND breakpoint.band = first_band - 1
    ), 0);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION hazecast.resolve_category() IS 'Before a rule is written: gives it the level from which on concentrations, rounded as the standard says, are in its category or a worse one.';
CREATE FUNCTION hazecast.resolve_stations(names text[], create_missing boolean DEFAULT false, latitude double precision DEFAULT NULL::double precision, longitude double precision DEFAULT NULL::double precision) RETURNS TABLE(name text, station_id integer, is_new boolean)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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
COMMENT ON FUNCTION hazecast.resolve_stations(names text[], create_missing boolean, latitude double precision, longitude double precision) IS 'Which station is meant by each of the names, its own or an alias, without those that nobody has; with create_missing those become stations, at that place if one is given. name: as asked; station_id: its station; is_new: whether it was made just now.';
CREATE FUNCTION hazecast.restrict_reader(role name, labels jsonb) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
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
COMMENT ON FUNCTION hazecast.restrict_reader(role name, labels jsonb) IS 'Makes a role a reader of those stations only whose labels contain the given ones: takes hazecast_reader from it, grants hazecast_tenant, writes hazecast.reader_scope, and with the first such role switches row-level security on. Says how many stations it sees. Only the owner of the schema may call it.';
CREATE FUNCTION hazecast.rollback(station text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    place integer := hazecast.station_named(rollback.station);
    latest hazecast.activation;
    goal hazecast.activation;
BEGIN
    LOCK TABLE hazecast.active_model IN SHARE ROW EXCLUSIVE MODE;
    SELECT * INTO latest FROM hazecast.activation
    WHERE coalesce(station_id, 0) = coalesce(place, 0) ORDER BY id DESC LIMIT 1;
    SELECT * INTO goal FROM hazecast.activation WHERE id = latest.goes_back_to;
    IF latest.model_id IS NULL AND goal.model_id IS NULL OR place IS NULL AND goal.model_id IS NULL THEN
        RAISE EXCEPTION 'nothing served % before', coalesce('"' || station || '"', 'by default')
            USING ERRCODE = 'no_data_found', HINT = 'SELECT * FROM hazecast.activation ORDER BY id';
    END IF;
    PERFORM hazecast.activate(place, goal.model_id, 'rollback');
    -- So that the next rollback goes on backwards instead of returning here.
    UPDATE hazecast.activation SET goes_back_to = goal.goes_back_to
    WHERE id = (SELECT max(id) FROM hazecast.activation WHERE coalesce(station_id, 0) = coalesce(place, 0));
    RETURN format(
        '%s serves %s',
        coalesce((SELECT name FROM hazecast.model WHERE id = goal.model_id), 'the default model'),
        coalesce(station, 'every station without a model of its own'));
END
$$;
COMMENT ON FUNCTION hazecast.rollback(station text) IS 'Makes the model before serve again, for one station or for all that have no model of their own; called again, the one before that. A station that had no model of its own before is served by the default again. Says what it did.';
CREATE FUNCTION hazecast.skill(since timestamp with time zone DEFAULT (now() - '30 days'::interval), until timestamp with time zone DEFAULT now(), station text DEFAULT NULL::text) RETURNS SETOF hazecast.lead_skill
    LANGUAGE plpgsql STABLE ROWS 2400 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET jit TO 'off'
    SET join_collapse_limit TO '1'
    SET enable_nestloop TO 'off'
    SET enable_mergejoin TO 'off'
    AS $$
DECLARE
    first_origin constant timestamptz := since - interval '24 hours';
    place constant integer := hazecast.station_named(station);
BEGIN
    RETURN QUERY
    SELECT
        scored.station,
        scored.lead,
        count(*),
        sqrt(avg(scored.error ^ 2)),
        avg(abs(scored.error)),
        avg(scored.error),
        1 - sum(scored.error ^ 2) / nullif(count(*) * var_pop(scored.observed::double precision), 0),
        sqrt(avg(scored.persistence_error ^ 2)),
        1 - avg(scored.error ^ 2) FILTER (WHERE scored.persistence_error IS NOT NULL)
            / nullif(avg(scored.persistence_error ^ 2), 0),
        avg((scored.observed BETWEEN scored.lower80 AND scored.upper80)::integer)::double precision,
        avg((scored.observed BETWEEN scored.lower95 AND scored.upper95)::integer)::double precision
    FROM (
        SELECT
            pair.*,
            pair.pm25::double precision - pair.observed AS error,
            pair.persistence::double precision - pair.observed AS persistence_error
        FROM hazecast.forecast_vs_observed AS pair
        WHERE (place IS NULL OR pair.station_id = place)
            AND pair.origin >= first_origin AND pair.origin < until
            AND pair.observed_at >= since AND pair.observed_at < until
            AND pair.in_time AND pair.basis <> 'persistence'
    ) AS scored
    GROUP BY scored.station, scored.lead
    ORDER BY scored.station, scored.lead;
END
$$;
COMMENT ON FUNCTION hazecast.skill(since timestamp with time zone, until timestamp with time zone, station text) IS 'How good the forecasts were of the hours from since (30 days ago, unless said) up to, but not including, until (now), of one station or of all, one row a station and lead. Scored is the last revision issued before the observation was received, as hazecast.forecast_vs_observed shows it; hours whose observation is missing or flagged do not count, nor do forecasts whose basis is persistence.';
CREATE FUNCTION hazecast.stamp_reading() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    NEW.written_by := pg_current_xact_id();
    IF NEW.pm25 IS NOT NULL AND (OLD.pm25 IS NULL OR OLD.observed_at > OLD.received_at + interval '1 hour') THEN
        NEW.received_at := now();
    END IF;
    DELETE FROM hazecast.reading_flag AS flag
    WHERE flag.station_id = OLD.station_id AND flag.observed_at = OLD.observed_at;
    IF NEW.station_id <> OLD.station_id OR NEW.observed_at <> OLD.observed_at THEN
        INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    END IF;
    IF NEW.observed_at NOT BETWEEN now() - interval '744 hours' AND now() + interval '744 hours' THEN
        PERFORM set_config('hazecast.far', pg_current_xact_id()::text, true);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION hazecast.stamp_reading() IS 'Before a reading changes: names the transaction, dates a pm25 that was missing until now, clears the row''s flags, and asks for a reload when the row moves to another station or hour.';
CREATE FUNCTION hazecast.station_named(station text) RETURNS integer
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
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
COMMENT ON FUNCTION hazecast.station_named(station text) IS 'The id of a station, an error where there is none; NULL for NULL.';
CREATE FUNCTION hazecast.switch_tenancy(wanted boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
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
COMMENT ON FUNCTION hazecast.switch_tenancy(wanted boolean) IS 'Switches row-level security on or off for every table that has policies. Only the owner may call it.';
CREATE FUNCTION hazecast.take_attached(attachment integer, filled text[], stations text[], hours timestamp with time zone[], pm25 real[], dew_point real[], temperature real[], pressure real[], wind_direction real[], wind_speed real[]) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_mergejoin TO 'off'
    AS $_$
DECLARE
    columns constant text := (SELECT string_agg(quote_ident(name), ', ') FROM unnest(filled) AS name);
    now_there constant text := (SELECT string_agg(format('r.%I', name), ', ') FROM unnest(filled) AS name);
    wanted constant text := (SELECT string_agg(format('excluded.%I', name), ', ') FROM unnest(filled) AS name);
    written integer;
BEGIN
    EXECUTE format(
        $sql$
        WITH given AS (
            SELECT station, hour, nullif(pm25, 'NaN') AS pm25, nullif(dew_point, 'NaN') AS dew_point,
                nullif(temperature, 'NaN') AS temperature, nullif(pressure, 'NaN') AS pressure,
                nullif(wind_direction, 'NaN') AS wind_direction, nullif(wind_speed, 'NaN') AS wind_speed
            FROM unnest($2, $3, $4, $5, $6, $7, $8, $9)
                AS given (station, hour, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
        ), named AS MATERIALIZED (
            SELECT * FROM hazecast.resolve_stations(ARRAY(SELECT DISTINCT station FROM given), true)
        ), placed AS MATERIALIZED (
            SELECT DISTINCT ON (named.station_id, given.hour) named.station_id, given.*
            FROM given JOIN named ON named.name = given.station
            ORDER BY named.station_id, given.hour
        ), before AS MATERIALIZED (
            -- As it was: a statement does not see what it writes.
            SELECT placed.station_id, placed.hour, placed.station, r.written_by, num_nonnulls(%2$s) = 0 AS was_missing,
                EXISTS (
                    SELECT FROM hazecast.attachment_reading AS known WHERE known.station_id = placed.station_id
                        AND known.observed_at = placed.hour AND known.written_by = r.written_by
                ) AS is_attached
            FROM placed
            LEFT JOIN hazecast.reading AS r ON r.station_id = placed.station_id AND r.observed_at = placed.hour
            WHERE placed.hour > now() - interval '3 days'
        ), written AS (
            INSERT INTO hazecast.reading AS r (station_id, observed_at, %1$s)
            SELECT station_id, hour, %1$s FROM placed
            ON CONFLICT (station_id, observed_at) DO UPDATE SET (%1$s) = ROW (%3$s)
            WHERE (%2$s) IS DISTINCT FROM (%3$s)
            RETURNING station_id, observed_at
        ), noted AS (
            INSERT INTO hazecast.attachment_reading AS known (
                attachment, station_id, observed_at, station, is_owner, written_by)
            SELECT $1, before.station_id, before.hour, before.station, before.was_missing,
                CASE WHEN written.station_id IS NULL THEN '0'::xid8 ELSE pg_current_xact_id() END
            FROM before LEFT JOIN written ON written.station_id = before.station_id AND observed_at = before.hour
            ON CONFLICT (station_id, observed_at, attachment) DO UPDATE SET
                station = excluded.station,
                is_owner = excluded.is_owner OR (known.is_owner AND EXISTS (
                    SELECT FROM before WHERE before.station_id = excluded.station_id
                        AND before.hour = excluded.observed_at AND before.is_attached)),
                written_by = greatest(known.written_by, excluded.written_by)
        ), fed AS (
            UPDATE hazecast.attachment AS a SET readings = a.readings + done.rows,
                last_reading = greatest(a.last_reading, done.newest)
            FROM (SELECT count(*) AS rows, max(observed_at) AS newest FROM written) AS done
            WHERE a.id = $1 AND done.rows > 0
        )
        SELECT count(*) FROM written
        $sql$, columns, now_there, wanted)
    INTO written USING
        attachment, stations, hours, pm25, dew_point, temperature, pressure, wind_direction, wind_speed;
    RETURN written;
END
$_$;
COMMENT ON FUNCTION hazecast.take_attached(attachment integer, filled text[], stations text[], hours timestamp with time zone[], pm25 real[], dew_point real[], temperature real[], pressure real[], wind_direction real[], wind_speed real[]) IS 'Writes hours of an attached table as readings, those of its measures that it fills; NaN is a missing value. Stations that are not there yet are made. Returns how many readings changed.';
CREATE FUNCTION hazecast.type_family(relation regclass, name text) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 WITH RECURSIVE type(id) AS (
          SELECT pg_attribute.atttypid
            FROM pg_attribute
           WHERE ((pg_attribute.attrelid = (type_family.relation)::oid) AND (pg_attribute.attname = type_family.name) AND (pg_attribute.attnum > 0) AND (NOT pg_attribute.attisdropped))
         UNION
          SELECT pg_type_1.typbasetype
            FROM (type type_1
              JOIN pg_type pg_type_1 ON ((pg_type_1.oid = type_1.id)))
           WHERE (pg_type_1.typtype = 'd'::"char")
         )
  SELECT
         CASE
             WHEN (type.id = ANY (('{text,"character varying",character,name}'::regtype[])::oid[])) THEN 'text'::text
             WHEN (type.id = ANY (('{smallint,integer,bigint,numeric,real,"double precision"}'::regtype[])::oid[])) THEN 'number'::text
             WHEN (type.id = ANY (('{"timestamp without time zone",date}'::regtype[])::oid[])) THEN 'local'::text
             WHEN (type.id = ('timestamp with time zone'::regtype)::oid) THEN 'instant'::text
             WHEN (type.id = ('uuid'::regtype)::oid) THEN 'uuid'::text
             ELSE 'other'::text
         END AS "case"
    FROM (type
      JOIN pg_type ON ((pg_type.oid = type.id)))
   WHERE (pg_type.typtype <> 'd'::"char");
END;
COMMENT ON FUNCTION hazecast.type_family(relation regclass, name text) IS 'text, number, local (a time without offset), instant, uuid or other: how a column is read, of a domain what it is made of; NULL where there is no such column.';
CREATE FUNCTION hazecast.unregister_attachment(attachment integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    gone hazecast.attachment;
BEGIN
    DELETE FROM hazecast.attachment_change AS change WHERE change.attachment = unregister_attachment.attachment;
    DELETE FROM hazecast.attachment AS a WHERE a.id = unregister_attachment.attachment RETURNING a.* INTO gone;
    BEGIN
        IF NOT EXISTS (SELECT FROM hazecast.attachment AS a WHERE a.source = gone.source) THEN
            PERFORM hazecast.drop_attachment_triggers(gone.source);
        END IF;
    EXCEPTION WHEN insufficient_privilege THEN
        RAISE EXCEPTION 'only the owner of % can take triggers off it: detach it as that role', gone.source_name
            USING ERRCODE = 'insufficient_privilege';
    END;
    IF to_regrole(gone.reader) IS NOT NULL THEN
        IF NOT pg_has_role(gone.reader, 'USAGE') THEN
            EXECUTE format('GRANT %I TO %I', gone.reader, current_user);
        END IF;
        EXECUTE format('DROP OWNED BY %I', gone.reader);
        BEGIN
            EXECUTE format('DROP ROLE %I', gone.reader);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            RAISE NOTICE 'role % stays: it has rights that somebody else granted, or a copy of this database uses it',
                gone.reader;
        END;
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.unregister_attachment(attachment integer) IS 'What detach does with the rights of the owner of this schema: forgets an attached table and drops its reader.';
CREATE FUNCTION hazecast.withdraw_attached(attachment integer, stations text[], hours timestamp with time zone[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
DECLARE
    gone record;
BEGIN
    FOR gone IN
        DELETE FROM hazecast.attachment_reading AS known
        USING unnest(stations, hours) AS removed (station, hour)
        WHERE known.attachment = withdraw_attached.attachment AND known.station = removed.station
            AND known.observed_at = removed.hour
        RETURNING known.station_id, known.observed_at, known.is_owner, known.written_by
    LOOP
        -- Of a writer's, or another attachment's, nothing is removed: neither a row that was written to since, nor a
        -- measure that others fill.
        CONTINUE WHEN NOT gone.is_owner OR NOT EXISTS (
            SELECT FROM hazecast.reading AS r WHERE r.station_id = gone.station_id AND r.observed_at = gone.observed_at
                AND (r.written_by = gone.written_by OR r.written_by IN (
                    SELECT other.written_by FROM hazecast.attachment_reading AS other
                    WHERE other.station_id = gone.station_id AND other.observed_at = gone.observed_at)));
        EXECUTE coalesce((
            SELECT 'UPDATE hazecast.reading SET ' || string_agg(format('%I = NULL', name), ', ')
                || ' WHERE station_id = $1 AND observed_at = $2'
            FROM unnest((
                SELECT hazecast.filled_measures(a.settings) FROM hazecast.attachment AS a
                WHERE a.id = withdraw_attached.attachment
            )) AS name
            WHERE name <> ALL (ARRAY(
                SELECT unnest(hazecast.filled_measures(a.settings))
                FROM hazecast.attachment_reading AS other JOIN hazecast.attachment AS a ON a.id = other.attachment
                WHERE other.station_id = gone.station_id AND other.observed_at = gone.observed_at))
        ), 'SELECT $1, $2') USING gone.station_id, gone.observed_at;
        UPDATE hazecast.attachment_reading AS other SET written_by = pg_current_xact_id()
        WHERE other.station_id = gone.station_id AND other.observed_at = gone.observed_at AND other.written_by <> '0';
        DELETE FROM hazecast.reading AS r
        WHERE r.station_id = gone.station_id AND r.observed_at = gone.observed_at
            AND num_nonnulls(r.pm25, r.dew_point, r.temperature, r.pressure, r.wind_direction, r.wind_speed) = 0;
    END LOOP;
    DELETE FROM hazecast.attachment_reading AS old
    WHERE old.attachment = withdraw_attached.attachment AND old.observed_at < now() - interval '3 days';
END
$_$;
COMMENT ON FUNCTION hazecast.withdraw_attached(attachment integer, stations text[], hours timestamp with time zone[]) IS 'Takes away the readings of hours of which an attached table has no rows any more, where they are its own.';
CREATE TABLE hazecast.activation (
    id integer NOT NULL,
    station_id integer,
    model_id integer,
    previous_model_id integer,
    activated_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    by_whom text DEFAULT SESSION_USER NOT NULL,
    reason text,
    goes_back_to integer
);
COMMENT ON TABLE hazecast.activation IS 'Every change of hazecast.active_model, whoever made it; a trigger there writes it. No foreign key to stations: history outlives them.';
COMMENT ON COLUMN hazecast.activation.id IS 'Assigned by the database, ascending.';
COMMENT ON COLUMN hazecast.activation.station_id IS 'The station; NULL is the default of those without a model of their own.';
COMMENT ON COLUMN hazecast.activation.model_id IS 'The model that serves from here on; NULL: the default does again.';
COMMENT ON COLUMN hazecast.activation.previous_model_id IS 'The one before; NULL where there was none of its own.';
COMMENT ON COLUMN hazecast.activation.activated_at IS 'When.';
COMMENT ON COLUMN hazecast.activation.by_whom IS 'The database user who did it.';
COMMENT ON COLUMN hazecast.activation.reason IS 'The training run, promote or rollback; NULL where it was done by hand.';
COMMENT ON COLUMN hazecast.activation.goes_back_to IS 'The activation that a rollback returns to; NULL where there is none.';
ALTER TABLE hazecast.activation ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.activation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hazecast.air_quality_breakpoint (
    standard text NOT NULL,
    band integer NOT NULL,
    category text NOT NULL,
    colour text,
    pm25_low numeric NOT NULL,
    pm25_high numeric NOT NULL,
    index_low integer,
    index_high integer,
    CONSTRAINT air_quality_breakpoint_colour_is_rgb CHECK ((colour ~ '^#[0-9A-F]{6}$'::text))
);
COMMENT ON TABLE hazecast.air_quality_breakpoint IS 'The bands of hazecast.air_quality_standard, from clean to dirty.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.standard IS 'The standard.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.band IS 'Place in the order, from 1 for the cleanest.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.category IS 'What the standard calls it, in English.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.colour IS 'Its colour as #RRGGBB; NULL where the source that is named gives none.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.pm25_low IS 'Where the line of the band begins, in µg/m³. Which band a concentration is in, pm25_high alone says.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.pm25_high IS 'The greatest concentration of the band, itself included, in µg/m³, rounded as the standard says; infinity: no end.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.index_low IS 'Index at pm25_low; NULL where there is no index.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.index_high IS 'Index at pm25_high; NULL where there is no index.';
CREATE TABLE hazecast.air_quality_standard (
    name text NOT NULL,
    title text NOT NULL,
    source text NOT NULL,
    dated date NOT NULL,
    averaging_period interval NOT NULL,
    concentration_rounding text NOT NULL,
    index_rounding text,
    open_ended boolean NOT NULL,
    remarks text NOT NULL,
    CONSTRAINT air_quality_standard_concentration_rounding_is_known CHECK ((concentration_rounding = ANY (ARRAY['truncate to 0.1'::text, 'half even to 1'::text, 'half up to 1'::text, 'none'::text]))),
    CONSTRAINT air_quality_standard_index_rounding_is_known CHECK ((index_rounding = ANY (ARRAY['half up'::text, 'up'::text])))
);
COMMENT ON TABLE hazecast.air_quality_standard IS 'Air-quality indices and guideline levels for PM2.5, each in a version with its source and date; a newer version is a row of its own. hazecast.aqi() and hazecast.aqi_category() go by them.';
COMMENT ON COLUMN hazecast.air_quality_standard.name IS 'Short name with the year of the version, as the functions take it.';
COMMENT ON COLUMN hazecast.air_quality_standard.title IS 'Full name.';
COMMENT ON COLUMN hazecast.air_quality_standard.source IS 'The document that the breakpoints are from.';
COMMENT ON COLUMN hazecast.air_quality_standard.dated IS 'Date of that document, or from which it is in force; the first day of the month or year where no day is known.';
COMMENT ON COLUMN hazecast.air_quality_standard.averaging_period IS 'What concentration it is meant for: the mean over 1 hour, 24 hours or 1 year. The functions take any.';
COMMENT ON COLUMN hazecast.air_quality_standard.concentration_rounding IS 'What is done to the concentration first: truncate to 0.1, half even to 1 (GB/T 8170), half up to 1, or none.';
COMMENT ON COLUMN hazecast.air_quality_standard.index_rounding IS 'How the index becomes an integer: half up (to the nearest), or up; NULL where there is no index, only categories.';
COMMENT ON COLUMN hazecast.air_quality_standard.open_ended IS 'Whether the line of the last band goes on beyond its end; else the index stays at its greatest.';
COMMENT ON COLUMN hazecast.air_quality_standard.remarks IS 'What the source leaves open, and what was chosen here.';
CREATE TABLE hazecast.alert (
    id bigint NOT NULL,
    rule_id integer NOT NULL,
    rule text NOT NULL,
    station_id integer NOT NULL,
    level real NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    origin timestamp with time zone NOT NULL,
    revision integer NOT NULL,
    lead integer NOT NULL,
    valid_at timestamp with time zone NOT NULL,
    pm25 real NOT NULL,
    probability real,
    cleared_at timestamp with time zone,
    cleared_origin timestamp with time zone,
    cleared_because text,
    CONSTRAINT alert_cleared_because_is_known CHECK ((cleared_because = ANY (ARRAY['fell'::text, 'unwatched'::text, 'expired'::text, 'by hand'::text]))),
    CONSTRAINT alert_is_cleared_as_a_whole CHECK ((num_nulls(cleared_at, cleared_origin, cleared_because) = ANY (ARRAY[0, 3])))
);
COMMENT ON TABLE hazecast.alert IS 'Every alert that was raised. It stands while cleared_at is NULL. No foreign keys: history outlives rules and stations.';
COMMENT ON COLUMN hazecast.alert.id IS 'Assigned by the database, ascending.';
COMMENT ON COLUMN hazecast.alert.rule_id IS 'The rule that raised it.';
COMMENT ON COLUMN hazecast.alert.rule IS 'Name of the rule at that time.';
COMMENT ON COLUMN hazecast.alert.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.alert.level IS 'Level of the rule at that time, in µg/m³.';
COMMENT ON COLUMN hazecast.alert.raised_at IS 'When it was raised: issued_at of the forecast that raised it.';
COMMENT ON COLUMN hazecast.alert.origin IS 'Origin of the forecast that raised it.';
COMMENT ON COLUMN hazecast.alert.revision IS 'Revision of that forecast.';
COMMENT ON COLUMN hazecast.alert.lead IS 'The first lead that was above, in hours after the origin.';
COMMENT ON COLUMN hazecast.alert.valid_at IS 'The hour that was forecast to be above: origin + lead hours.';
COMMENT ON COLUMN hazecast.alert.pm25 IS 'PM2.5 that was forecast for it, in µg/m³.';
COMMENT ON COLUMN hazecast.alert.probability IS 'Probability that the level is exceeded in that hour; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.alert.cleared_at IS 'When it was cleared: issued_at of the forecast that cleared it, if one did; NULL while it stands.';
COMMENT ON COLUMN hazecast.alert.cleared_origin IS 'Origin of the forecast that cleared it; else of the newest one of the station at that time.';
COMMENT ON COLUMN hazecast.alert.cleared_because IS 'fell: the forecast was no longer above; unwatched: the rule was deleted, disabled, or no longer for this station, or the station is gone; expired: the station has had no forecast for so long that it says nothing of the hours to come; by hand: hazecast.clear_alert.';
ALTER TABLE hazecast.alert ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.alert_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hazecast.alert_rule (
    id integer NOT NULL,
    name text NOT NULL,
    station_id integer,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    level real NOT NULL,
    standard text,
    category text,
    first_lead integer DEFAULT 1 NOT NULL,
    last_lead integer DEFAULT 24 NOT NULL,
    probability real,
    hysteresis real DEFAULT 0 NOT NULL,
    quiet_period interval DEFAULT '00:00:00'::interval NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT alert_rule_category_has_a_standard CHECK ((num_nulls(standard, category) <> 1)),
    CONSTRAINT alert_rule_hysteresis_in_range CHECK (((hysteresis >= (0)::double precision) AND (hysteresis <= level))),
    CONSTRAINT alert_rule_is_for_a_station_or_for_labels CHECK (((station_id IS NULL) OR (labels = '{}'::jsonb))),
    CONSTRAINT alert_rule_labels_is_an_object CHECK ((jsonb_typeof(labels) = 'object'::text)),
    CONSTRAINT alert_rule_leads_in_range CHECK (((1 <= first_lead) AND (first_lead <= last_lead) AND (last_lead <= 24))),
    CONSTRAINT alert_rule_level_in_range CHECK (((level >= (0)::double precision) AND (level <= (5000)::double precision))),
    CONSTRAINT alert_rule_name_is_not_blank CHECK ((btrim(name) <> ''::text)),
    CONSTRAINT alert_rule_probability_in_range CHECK (((probability > (0)::double precision) AND (probability < (1)::double precision))),
    CONSTRAINT alert_rule_quiet_period_in_range CHECK (((quiet_period >= '00:00:00'::interval) AND (quiet_period <= '1 year'::interval)))
);
COMMENT ON TABLE hazecast.alert_rule IS 'What raises an alert: a forecast of a station that is above a level. Insert, update and delete rows; a rule holds from the next forecast of each of its stations on.';
COMMENT ON COLUMN hazecast.alert_rule.id IS 'Assigned by the database; what alerts refer to.';
COMMENT ON COLUMN hazecast.alert_rule.name IS 'Unique name, as alerts show it.';
COMMENT ON COLUMN hazecast.alert_rule.station_id IS 'The station; NULL: every station with these labels.';
COMMENT ON COLUMN hazecast.alert_rule.labels IS 'Stations whose labels contain this JSON object; {} is contained in all. Only where station_id is NULL.';
COMMENT ON COLUMN hazecast.alert_rule.level IS 'PM2.5 in µg/m³ that has to be exceeded, 0 to 5000.';
COMMENT ON COLUMN hazecast.alert_rule.standard IS 'A standard of hazecast.air_quality_standard, beside category; NULL: the level is given as a number.';
COMMENT ON COLUMN hazecast.alert_rule.category IS 'This category of the standard, or a worse one: gives the level. A newer version of a standard is another standard.';
COMMENT ON COLUMN hazecast.alert_rule.first_lead IS 'First lead that counts, in hours after the origin: 1 to 24.';
COMMENT ON COLUMN hazecast.alert_rule.last_lead IS 'Last lead that counts. Any lead between the two raises the alert.';
COMMENT ON COLUMN hazecast.alert_rule.probability IS 'How likely it must be that the level is exceeded, above 0 and below 1; NULL: the forecast itself must be above the level. Forecasts without bands have no probability: hazecast.alert_rule_status says so.';
COMMENT ON COLUMN hazecast.alert_rule.hysteresis IS 'How many µg/m³ below the level the forecast has to fall before the alert is cleared, 0 to the level.';
COMMENT ON COLUMN hazecast.alert_rule.quiet_period IS 'How long after an alert was cleared the rule raises none for that station, from origin to origin: at most a year.';
COMMENT ON COLUMN hazecast.alert_rule.enabled IS 'False: raises nothing, and what stands is cleared.';
COMMENT ON COLUMN hazecast.alert_rule.created_by IS 'The database user who made it.';
COMMENT ON COLUMN hazecast.alert_rule.created_at IS 'When it was made.';
ALTER TABLE hazecast.alert_rule ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.alert_rule_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE VIEW hazecast.alert_rule_status AS
 SELECT rule.id,
    rule.name,
    watched.stations,
    watched.with_forecast,
    watched.with_bands,
    ( SELECT count(*) AS count
           FROM hazecast.alert
          WHERE ((alert.rule_id = rule.id) AND (alert.cleared_at IS NULL))) AS standing,
    ( SELECT max(alert.raised_at) AS max
           FROM hazecast.alert
          WHERE (alert.rule_id = rule.id)) AS last_raised,
        CASE
            WHEN (NOT rule.enabled) THEN 'disabled'::text
            WHEN (watched.stations = 0) THEN 'no station has these labels'::text
            WHEN (watched.with_forecast = 0) THEN 'no forecast yet'::text
            WHEN ((rule.probability IS NOT NULL) AND (watched.with_bands < watched.with_forecast)) THEN format('the forecasts of %s of %s stations have no bands, so there is no probability to compare: make a model with bands serve, or set probability to NULL'::text, (watched.with_forecast - watched.with_bands), watched.with_forecast)
            WHEN (watched.silent > 0) THEN format('%s of %s stations have had no new forecast for three hours'::text, watched.silent, watched.stations)
            ELSE NULL::text
        END AS reason
   FROM (hazecast.alert_rule rule
     CROSS JOIN LATERAL ( SELECT count(*) AS stations,
            count(newest.origin) AS with_forecast,
            count(*) FILTER (WHERE newest.has_bands) AS with_bands,
            count(*) FILTER (WHERE (now() >= (newest.origin + '03:00:00'::interval))) AS silent
           FROM (hazecast.station
             LEFT JOIN LATERAL ( SELECT ledger.origin,
                    (ledger.lower80 IS NOT NULL) AS has_bands
                   FROM hazecast.forecast_ledger ledger
                  WHERE (ledger.station_id = station.id)
                  ORDER BY ledger.origin DESC, ledger.revision DESC
                 LIMIT 1) newest ON (true))
          WHERE ((station.id = rule.station_id) OR ((rule.station_id IS NULL) AND (station.labels @> rule.labels)))) watched);
COMMENT ON VIEW hazecast.alert_rule_status IS 'What each alert rule watches, and why it cannot raise anything where it cannot.';
COMMENT ON COLUMN hazecast.alert_rule_status.id IS 'hazecast.alert_rule.id.';
COMMENT ON COLUMN hazecast.alert_rule_status.name IS 'Name of the rule.';
COMMENT ON COLUMN hazecast.alert_rule_status.stations IS 'Stations that it is for.';
COMMENT ON COLUMN hazecast.alert_rule_status.with_forecast IS 'How many of them have a forecast.';
COMMENT ON COLUMN hazecast.alert_rule_status.with_bands IS 'How many have a newest forecast with bands.';
COMMENT ON COLUMN hazecast.alert_rule_status.standing IS 'Its alerts that stand.';
COMMENT ON COLUMN hazecast.alert_rule_status.last_raised IS 'When it last raised one; NULL when it never did.';
COMMENT ON COLUMN hazecast.alert_rule_status.reason IS 'Why it raises nothing, or nothing for some of its stations; NULL when it works.';
ALTER TABLE hazecast.attachment_change ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.attachment_change_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE hazecast.attachment ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.attachment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hazecast.attachment_reading (
    attachment integer NOT NULL,
    station_id integer NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    station text NOT NULL,
    is_owner boolean NOT NULL,
    written_by xid8 NOT NULL
);
COMMENT ON TABLE hazecast.attachment_reading IS 'Which readings of the last days come from which attachment, so that deleted rows remove no other readings.';
COMMENT ON COLUMN hazecast.attachment_reading.attachment IS 'hazecast.attachment.id.';
COMMENT ON COLUMN hazecast.attachment_reading.station_id IS 'hazecast.reading.station_id.';
COMMENT ON COLUMN hazecast.attachment_reading.observed_at IS 'hazecast.reading.observed_at.';
COMMENT ON COLUMN hazecast.attachment_reading.station IS 'The station as the table names it.';
COMMENT ON COLUMN hazecast.attachment_reading.is_owner IS 'Whether its measures were missing before it wrote them.';
COMMENT ON COLUMN hazecast.attachment_reading.written_by IS 'Transaction of its last write; 0 if it never changed it.';
CREATE TABLE hazecast.rejection (
    attachment integer NOT NULL,
    station text,
    observed text,
    reason text NOT NULL,
    rows bigint NOT NULL,
    first_seen timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    last_seen timestamp with time zone DEFAULT clock_timestamp() NOT NULL
);
ALTER TABLE ONLY hazecast.rejection REPLICA IDENTITY FULL;
COMMENT ON TABLE hazecast.rejection IS 'Rows of attached tables, or values of rows, that could not be used, and why. The newest ten thousand of each table stand for themselves; older ones are added up by reason, without station and time.';
COMMENT ON COLUMN hazecast.rejection.attachment IS 'hazecast.attachments.id.';
COMMENT ON COLUMN hazecast.rejection.station IS 'The station as the table names it, at most its first 100 characters; NULL when it is NULL there.';
COMMENT ON COLUMN hazecast.rejection.observed IS 'The row''s time, or the beginning of the UTC hour that lacks rows; NULL when it is NULL there.';
COMMENT ON COLUMN hazecast.rejection.reason IS 'Why, in words.';
COMMENT ON COLUMN hazecast.rejection.rows IS 'How many rows; those whose station or time is wrong each time they were written.';
COMMENT ON COLUMN hazecast.rejection.first_seen IS 'When it was first met with.';
COMMENT ON COLUMN hazecast.rejection.last_seen IS 'When it was last met with.';
CREATE VIEW hazecast.attachments AS
 SELECT attached.id,
        CASE
            WHEN (class.oid IS NULL) THEN attached.source_name
            ELSE format('%I.%I'::text, namespace.nspname, class.relname)
        END AS source,
    attached.name,
        CASE
            WHEN (attached.error IS NOT NULL) THEN 'failing'::text
            WHEN (EXISTS ( SELECT
               FROM hazecast.attachment_change change
              WHERE (change.attachment = attached.id))) THEN 'catching up'::text
            WHEN (attached.settings ? 'poll'::text) THEN 'polling'::text
            ELSE 'following'::text
        END AS state,
    attached.error,
    attached.retry_at,
    attached.readings,
    attached.last_reading,
    ( SELECT count(*) AS count
           FROM hazecast.attachment_hour hour
          WHERE (hour.attachment = attached.id)) AS waiting_hours,
    ( SELECT (COALESCE(sum(rejection.rows), (0)::numeric))::bigint AS "coalesce"
           FROM hazecast.rejection
          WHERE (rejection.attachment = attached.id)) AS rejected_rows,
    attached.settings,
    attached.reader,
    attached.attached_by,
    attached.attached_at
   FROM ((hazecast.attachment attached
     LEFT JOIN pg_class class ON ((class.oid = (attached.source)::oid)))
     LEFT JOIN pg_namespace namespace ON ((namespace.oid = class.relnamespace)));
COMMENT ON VIEW hazecast.attachments IS 'The tables that feed hazecast.reading, and how they fare.';
COMMENT ON COLUMN hazecast.attachments.id IS 'What hazecast.rejection.attachment refers to.';
COMMENT ON COLUMN hazecast.attachments.source IS 'The table; its former name where it is gone.';
COMMENT ON COLUMN hazecast.attachments.name IS 'Tells several attachments of one table apart.';
COMMENT ON COLUMN hazecast.attachments.state IS 'following (a trigger tells of every change), polling, catching up (changes wait), or failing.';
COMMENT ON COLUMN hazecast.attachments.error IS 'Why the table cannot be read; NULL when it can.';
COMMENT ON COLUMN hazecast.attachments.retry_at IS 'When it is tried again, while failing.';
COMMENT ON COLUMN hazecast.attachments.readings IS 'Readings written or corrected so far.';
COMMENT ON COLUMN hazecast.attachments.last_reading IS 'The newest hour written.';
COMMENT ON COLUMN hazecast.attachments.waiting_hours IS 'Hours whose rows are not all there yet.';
COMMENT ON COLUMN hazecast.attachments.rejected_rows IS 'Sum of rows in hazecast.rejection.';
COMMENT ON COLUMN hazecast.attachments.settings IS 'The arguments of hazecast.attach; durations in seconds.';
COMMENT ON COLUMN hazecast.attachments.reader IS 'The role with whose rights the table is read.';
COMMENT ON COLUMN hazecast.attachments.attached_by IS 'Role that attached it: it must stay allowed to read the table.';
COMMENT ON COLUMN hazecast.attachments.attached_at IS 'Time of the first call of hazecast.attach.';
CREATE TABLE hazecast.daemon (
    instance uuid NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    role text NOT NULL,
    model text,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    refusal text,
    CONSTRAINT daemon_role_is_known CHECK ((role = ANY (ARRAY['active'::text, 'standby'::text])))
)
WITH (fillfactor='50');
COMMENT ON TABLE hazecast.daemon IS 'The daemons that work this database or stand by. Each writes its own row.';
COMMENT ON COLUMN hazecast.daemon.instance IS 'Drawn anew at each start.';
COMMENT ON COLUMN hazecast.daemon.host IS 'Name of the machine it runs on.';
COMMENT ON COLUMN hazecast.daemon.pid IS 'Its process there.';
COMMENT ON COLUMN hazecast.daemon.version IS 'Version of hazecast.';
COMMENT ON COLUMN hazecast.daemon.role IS 'active, or standby: ready to take over.';
COMMENT ON COLUMN hazecast.daemon.model IS 'Name of the default model that it has loaded; NULL when it has none.';
COMMENT ON COLUMN hazecast.daemon.started_at IS 'When it started.';
COMMENT ON COLUMN hazecast.daemon.heartbeat IS 'When it last said that it lives.';
COMMENT ON COLUMN hazecast.daemon.refusal IS 'Why models that were made active do not serve, and what serves instead; NULL when all of them do.';
CREATE TABLE hazecast.day_sums (
    station_id integer NOT NULL,
    day date NOT NULL,
    squared_changes real[] NOT NULL,
    pairs integer[] NOT NULL,
    pm25_sum real NOT NULL,
    hours integer NOT NULL,
    deviations real[] NOT NULL,
    CONSTRAINT day_sums_has_its_numbers CHECK (((cardinality(squared_changes) = 4) AND (cardinality(pairs) = 4) AND (cardinality(deviations) = 24)))
);
COMMENT ON TABLE hazecast.day_sums IS 'What one UTC day of PM2.5 adds to a station''s memory, as the readings stood when the day was settled. Rows never change and are kept for 90 days.';
COMMENT ON COLUMN hazecast.day_sums.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.day_sums.day IS 'The UTC day.';
COMMENT ON COLUMN hazecast.day_sums.squared_changes IS 'Sums of the squared changes over 1, 4, 12 and 24 hours in (µg/m³)², of pairs whose later hour is of the day.';
COMMENT ON COLUMN hazecast.day_sums.pairs IS 'Pairs in each sum.';
COMMENT ON COLUMN hazecast.day_sums.pm25_sum IS 'Sum of PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.day_sums.hours IS 'Hours with PM2.5.';
COMMENT ON COLUMN hazecast.day_sums.deviations IS 'At the UTC hours 0 to 23: (PM2.5 - m) / (m + 3), from -1 to 2, m being the mean of the 24 hours up to the hour in µg/m³; NaN where the hour is missing or fewer than 18 of the 24 are there.';
CREATE VIEW hazecast.forecast WITH (security_invoker='true') AS
 SELECT station.name AS station,
    issued.origin,
    lead.lead,
    (issued.origin + ((lead.lead)::double precision * '01:00:00'::interval)) AS valid_at,
    issued.pm25[lead.lead] AS pm25,
    issued.lower80[lead.lead] AS lower80,
    issued.upper80[lead.lead] AS upper80,
    issued.lower95[lead.lead] AS lower95,
    issued.upper95[lead.lead] AS upper95,
    model.name AS model,
    issued.issued_at,
    issued.revision,
    issued.basis
   FROM (((hazecast.station
     CROSS JOIN LATERAL ( SELECT DISTINCT ON (ledger.origin) ledger.station_id,
            ledger.origin,
            ledger.revision,
            ledger.issued_at,
            ledger.model_id,
            ledger.pm25,
            ledger.lower80,
            ledger.upper80,
            ledger.lower95,
            ledger.upper95,
            ledger.digest,
            ledger.basis,
            ledger.settled_day
           FROM hazecast.forecast_ledger ledger
          WHERE (ledger.station_id = station.id)
          ORDER BY ledger.origin DESC, ledger.revision DESC) issued)
     CROSS JOIN generate_series(1, 24) lead(lead))
     LEFT JOIN hazecast.model ON ((model.id = issued.model_id)));
COMMENT ON VIEW hazecast.forecast IS 'Every forecast in its latest revision, one row a station, origin and lead.';
COMMENT ON COLUMN hazecast.forecast.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.forecast.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.forecast.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.forecast.valid_at IS 'The hour that is forecast: origin + lead hours.';
COMMENT ON COLUMN hazecast.forecast.pm25 IS 'PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.forecast.lower80 IS 'Lower edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.upper80 IS 'Upper edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.lower95 IS 'Lower edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.upper95 IS 'Upper edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast.model IS 'Name of the model that made it.';
COMMENT ON COLUMN hazecast.forecast.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.forecast.revision IS '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
COMMENT ON COLUMN hazecast.forecast.basis IS 'What the readings of the window are: full, partial (some hours lack PM2.5), or persistence (too few have it for a model).';
CREATE VIEW hazecast.forecast_vs_observed WITH (security_invoker='true') AS
 SELECT station.name AS station,
    issued.origin,
    (lead.lead)::integer AS lead,
    (issued.origin + ((lead.lead)::double precision * '01:00:00'::interval)) AS valid_at,
    lead.pm25,
    seen.pm25 AS observed,
    issued.persistence,
    lead.lower80,
    lead.upper80,
    lead.lower95,
    lead.upper95,
    seen.observed_at,
    seen.received_at,
    (issued.issued_at < seen.received_at) AS in_time,
    model.name AS model,
    issued.issued_at,
    issued.revision,
    station.id AS station_id,
    issued.basis,
    issued.settled_day
   FROM ((((hazecast.station
     CROSS JOIN LATERAL ( SELECT ledger.station_id,
            ledger.origin,
            ledger.revision,
            ledger.issued_at,
            ledger.model_id,
            ledger.pm25,
            ledger.lower80,
            ledger.upper80,
            ledger.lower95,
            ledger.upper95,
            ledger.digest,
            ledger.basis,
            ledger.settled_day,
            min(ledger.issued_at) OVER (PARTITION BY ledger.origin) AS first_issued_at,
            min(ledger.issued_at) OVER (PARTITION BY ledger.origin ORDER BY ledger.revision ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS superseded_at,
            ( SELECT held.pm25
                   FROM hazecast.observation held
                  WHERE ((held.station_id = ledger.station_id) AND ((held.observed_at >= (ledger.origin - '03:00:00'::interval)) AND (held.observed_at <= ledger.origin)) AND (held.received_at <= ledger.issued_at))
                  ORDER BY held.observed_at DESC
                 LIMIT 1) AS persistence
           FROM hazecast.forecast_ledger ledger
          WHERE ((ledger.station_id = station.id) AND (ledger.origin <= (now() + '01:00:00'::interval)))) issued)
     CROSS JOIN LATERAL UNNEST(issued.pm25, issued.lower80, issued.upper80, issued.lower95, issued.upper95) WITH ORDINALITY lead(pm25, lower80, upper80, lower95, upper95, lead))
     LEFT JOIN hazecast.observation seen ON (((seen.station_id = station.id) AND (seen.observed_at = (issued.origin + ((lead.lead)::double precision * '01:00:00'::interval))))))
     LEFT JOIN hazecast.model ON ((model.id = issued.model_id)))
  WHERE
        CASE
            WHEN (issued.first_issued_at < seen.received_at) THEN ((issued.issued_at < seen.received_at) AND ((issued.superseded_at IS NULL) OR (issued.superseded_at >= seen.received_at)))
            ELSE (issued.superseded_at IS NULL)
        END;
COMMENT ON VIEW hazecast.forecast_vs_observed IS 'Every forecast beside what was then observed, one row a station, origin and lead: the last revision that was issued before the observation was received; the last one of all while there is no observation, or where all came after it. Bound origin by now() or constants: the ledger is partitioned by it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.valid_at IS 'The hour that is forecast: origin + lead hours.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.pm25 IS 'PM2.5 in µg/m³ as forecast.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.observed IS 'PM2.5 in µg/m³ as observed; NULL while it is not there, or when it was flagged.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.persistence IS 'What "it stays as it is" would have forecast, in µg/m³: the observation of the origin or, where that is missing, the last of the 3 hours before, if it had been received when the forecast was issued.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lower80 IS 'Lower edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.upper80 IS 'Upper edge of the 80 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.lower95 IS 'Lower edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.upper95 IS 'Upper edge of the 95 % band in µg/m³; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.observed_at IS 'The same as valid_at where there is an observation, else NULL. Bounds on it are quick, for readings are partitioned by it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.received_at IS 'When the observation was first there.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.in_time IS 'Whether the forecast was issued before the observation was received; NULL while there is none. Only such forecasts are scored.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.model IS 'Name of the model that made it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.revision IS '1 for the first forecast of an origin; higher when late or corrected readings changed it.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.station_id IS 'Id of the station.';
COMMENT ON COLUMN hazecast.forecast_vs_observed.basis IS 'What the readings of its window are: full, partial (some hours lack PM2.5), or persistence (too few have it for a model).';
COMMENT ON COLUMN hazecast.forecast_vs_observed.settled_day IS 'UTC day of the row of hazecast.live_day that it rests on; NULL where there was none.';
CREATE TABLE hazecast.live_day (
    station_id integer NOT NULL,
    day date NOT NULL,
    n integer[] NOT NULL,
    outside80 integer[] NOT NULL,
    outside95 integer[] NOT NULL,
    factors80 real[] NOT NULL,
    factors95 real[] NOT NULL,
    model_id integer NOT NULL,
    scored integer[] NOT NULL,
    model_sse double precision[] NOT NULL,
    persistence_sse double precision[] NOT NULL,
    skill double precision,
    persistence boolean NOT NULL,
    changes real[],
    since date NOT NULL,
    verdict text NOT NULL,
    memory real[],
    change_factors real[] NOT NULL,
    change_products real[] NOT NULL,
    change_squares real[] NOT NULL,
    change_counts real[] NOT NULL,
    settled_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT live_day_has_24_leads CHECK (((cardinality(n) = 24) AND (cardinality(outside80) = 24) AND (cardinality(outside95) = 24) AND (cardinality(factors80) = 24) AND (cardinality(factors95) = 24) AND (cardinality(scored) = 24) AND (cardinality(model_sse) = 24) AND (cardinality(persistence_sse) = 24) AND (cardinality(change_factors) = 24) AND (cardinality(change_products) = 24) AND (cardinality(change_squares) = 24) AND (cardinality(change_counts) = 24))),
    CONSTRAINT live_day_memory_has_30_numbers CHECK ((cardinality(memory) = 30)),
    CONSTRAINT live_day_persistence_has_bands CHECK (
CASE
    WHEN persistence THEN ((changes IS NOT NULL) AND (cardinality(changes) = 96))
    ELSE (changes IS NULL)
END)
);
COMMENT ON TABLE hazecast.live_day IS 'How a station''s forecasts did on a UTC day, and what the daemon does from then on. A day''s row follows from the row before, from hazecast.live_outcomes of that day, and from the rows of the last 21 days, by rules that docs/sql.md gives; kept for 90 days. A station without a row is served by its model with the model''s own bands.';
COMMENT ON COLUMN hazecast.live_day.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.live_day.day IS 'The UTC day on which the observations were received.';
COMMENT ON COLUMN hazecast.live_day.n IS 'Observations beside bands of what served on that day, the model or persistence, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.outside80 IS 'How many of them were outside of the 80 % band as issued, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.outside95 IS 'How many of them were outside of the 95 % band as issued, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.factors80 IS 'By how much the distance of the 80 % band''s edges from the forecast is multiplied from here on, at leads 1 to 24: 0.25 to 4. They begin at 1 with another model, and when persistence takes over or gives back.';
COMMENT ON COLUMN hazecast.live_day.factors95 IS 'The same of the 95 % band.';
COMMENT ON COLUMN hazecast.live_day.model_id IS 'The model that was compared with persistence: the active one of the station.';
COMMENT ON COLUMN hazecast.live_day.scored IS 'Hours for which it was compared, at leads 1 to 24: as it was issued or, while persistence serves, as it would have been.';
COMMENT ON COLUMN hazecast.live_day.model_sse IS 'Sum of the model''s squared errors over those hours in (µg/m³)², at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.persistence_sse IS 'The same of persistence.';
COMMENT ON COLUMN hazecast.live_day.skill IS 'Mean skill of the model against persistence over leads 1, 2, 4, 8, 12 and 24 and the last 21 days; NULL before there are 252 hours at each.';
COMMENT ON COLUMN hazecast.live_day.persistence IS 'Whether persistence serves the station from here on, instead of the model.';
COMMENT ON COLUMN hazecast.live_day.changes IS 'The bands of persistence: quantiles .025, .1, .9 and .975 of how PM2.5 changed in 1 hour, then in 2, up to 24, in µg/m³, from the station''s last 60 days; NULL where the model serves.';
COMMENT ON COLUMN hazecast.live_day.since IS 'The day after which the model, or persistence, has served without a break.';
COMMENT ON COLUMN hazecast.live_day.verdict IS 'Why the model, or persistence, serves, in words for a person.';
COMMENT ON COLUMN hazecast.live_day.memory IS 'What the 30 days up to and including this one say of the station: mean squared changes of PM2.5 over 1, 4, 12 and 24 hours in (µg/m³)², pairs of hours a day apart, mean PM2.5 in µg/m³, and the mean relative deviation at the UTC hours 0 to 23; NULL with fewer than 20 such pairs. From hazecast.day_sums.';
COMMENT ON COLUMN hazecast.live_day.change_factors IS 'By how much the change from the last reading that the model forecasts is multiplied from here on, at leads 1 to 24: 0.1 to 1.2. They begin at 1 with another model.';
COMMENT ON COLUMN hazecast.live_day.change_products IS 'Sums that the factors follow from, at leads 1 to 24, each day leaving 59/60 of those before: forecast change before the factor times observed change, divided by the last reading + 5 µg/m³.';
COMMENT ON COLUMN hazecast.live_day.change_squares IS 'The same of the squared forecast change.';
COMMENT ON COLUMN hazecast.live_day.change_counts IS 'The same of the number of forecasts.';
COMMENT ON COLUMN hazecast.live_day.settled_at IS 'When the daemon worked it out.';
ALTER TABLE hazecast.model ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hazecast.quality_rule (
    flag text NOT NULL,
    measure text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    lowest real,
    highest real,
    hours integer,
    level real,
    margin real,
    factor real,
    codes real[],
    CONSTRAINT quality_rule_codes_are_values CHECK ((array_position(codes, NULL::real) IS NULL)),
    CONSTRAINT quality_rule_factor_is_a_ratio CHECK (((factor >= (1)::double precision) AND (factor <= (1000)::double precision))),
    CONSTRAINT quality_rule_has_its_settings CHECK (
CASE flag
    WHEN 'out_of_range'::text THEN (num_nulls(lowest, highest) = 0)
    WHEN 'stuck'::text THEN (num_nulls(hours, level) = 0)
    WHEN 'spike'::text THEN (num_nulls(margin, factor) = 0)
    WHEN 'error_code'::text THEN (codes IS NOT NULL)
    ELSE (hours IS NOT NULL)
END),
    CONSTRAINT quality_rule_hours_in_range CHECK (((hours >= 1) AND (hours <= 72))),
    CONSTRAINT quality_rule_is_known CHECK ((((flag = 'out_of_range'::text) AND (measure = ANY (ARRAY['pm25'::text, 'dew_point'::text, 'temperature'::text, 'pressure'::text, 'wind_direction'::text, 'wind_speed'::text]))) OR ((flag = ANY (ARRAY['stuck'::text, 'spike'::text, 'error_code'::text])) AND (measure = 'pm25'::text)) OR ((flag = ANY (ARRAY['duplicate'::text, 'clock_jump'::text])) AND (measure = 'observed_at'::text)))),
    CONSTRAINT quality_rule_level_is_a_value CHECK (((level >= (0)::double precision) AND (level <= (5000)::double precision))),
    CONSTRAINT quality_rule_margin_is_a_difference CHECK (((margin >= (0)::double precision) AND (margin <= (5000)::double precision))),
    CONSTRAINT quality_rule_range_is_narrowed_only CHECK (((flag <> 'out_of_range'::text) OR (enabled AND (lowest <= highest) AND
CASE measure
    WHEN 'pm25'::text THEN ((lowest >= ('-10'::integer)::double precision) AND (highest <= (5000)::double precision))
    WHEN 'dew_point'::text THEN ((lowest >= ('-100'::integer)::double precision) AND (highest <= (50)::double precision))
    WHEN 'temperature'::text THEN ((lowest >= ('-100'::integer)::double precision) AND (highest <= (70)::double precision))
    WHEN 'pressure'::text THEN ((lowest >= (300)::double precision) AND (highest <= (1100)::double precision))
    WHEN 'wind_direction'::text THEN ((lowest >= (0)::double precision) AND (highest <= (360)::double precision))
    ELSE ((lowest >= (0)::double precision) AND (highest <= (150)::double precision))
END)))
);
COMMENT ON TABLE hazecast.quality_rule IS 'Settings of quality control, for the daemon, training and backtests alike. After a change the daemon judges the newest windows again. What has no row here (not_finite, negative, future, before_2000) is fixed.';
COMMENT ON COLUMN hazecast.quality_rule.flag IS 'Flag that the rule sets: out_of_range, error_code, stuck, spike, duplicate or clock_jump.';
COMMENT ON COLUMN hazecast.quality_rule.measure IS 'Column of hazecast.reading that it judges; observed_at: the reading as a whole.';
COMMENT ON COLUMN hazecast.quality_rule.enabled IS 'False: the rule is not applied. out_of_range always is.';
COMMENT ON COLUMN hazecast.quality_rule.lowest IS 'out_of_range: the least value that may be, in the measure''s unit. Ranges may be narrowed, not widened. PM2.5 from -10 to 0 µg/m³ is the noise of an instrument in clean air: it stays as sent and counts as 0.';
COMMENT ON COLUMN hazecast.quality_rule.highest IS 'out_of_range: the greatest value that may be, in the measure''s unit.';
COMMENT ON COLUMN hazecast.quality_rule.hours IS 'stuck: hours before this one that had the same value (twice as many at or below level); duplicate: hours in a row that repeat the hour before; clock_jump: hours before its own hour that a reading may be received.';
COMMENT ON COLUMN hazecast.quality_rule.level IS 'stuck: µg/m³ at or below which honest instruments rest at their detection limit.';
COMMENT ON COLUMN hazecast.quality_rule.margin IS 'spike: µg/m³ by which the hour exceeds the higher of its neighbours.';
COMMENT ON COLUMN hazecast.quality_rule.factor IS 'spike: times the higher of its neighbours that the hour exceeds.';
COMMENT ON COLUMN hazecast.quality_rule.codes IS 'error_code: values that instruments report instead of a measurement, exactly equal. hazecast.station_error_codes has those of single stations.';
CREATE TABLE hazecast.reading_default (
    station_id integer NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    pm25 real,
    dew_point real,
    temperature real,
    pressure real,
    wind_direction real,
    wind_speed real,
    received_at timestamp with time zone DEFAULT now() NOT NULL,
    written_by xid8 DEFAULT pg_current_xact_id() NOT NULL,
    CONSTRAINT reading_observed_at_begins_a_utc_hour CHECK ((isfinite(observed_at) AND (date_bin('01:00:00'::interval, observed_at, '0001-01-01 00:00:00+00'::timestamp with time zone) = observed_at)))
);
COMMENT ON TABLE hazecast.reading_default IS 'Readings before 2000 or beyond the last monthly partition.';
CREATE TABLE hazecast.retention (
    history text NOT NULL,
    keep interval,
    CONSTRAINT retention_history_is_known CHECK ((history = ANY (ARRAY['reading'::text, 'forecast_ledger'::text]))),
    CONSTRAINT retention_keeps_what_is_needed CHECK ((isfinite(keep) AND (keep >= '32 days'::interval)))
);
COMMENT ON TABLE hazecast.retention IS 'How long readings and forecasts are kept: change keep, and the daemon drops whole partitions once everything in them is older. Retraining wants 90 days of readings and better a year.';
COMMENT ON COLUMN hazecast.retention.history IS 'The table: reading or forecast_ledger.';
COMMENT ON COLUMN hazecast.retention.keep IS 'How old a row may be before its partition, a month or for earlier years a year, may go; NULL keeps everything. At least 32 days.';
CREATE TABLE hazecast.schema_file (
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
COMMENT ON TABLE hazecast.schema_file IS 'The SQL files that made this schema, as they were applied; `hazecast migrate` writes it.';
COMMENT ON COLUMN hazecast.schema_file.name IS 'Folder and name: tables/… is the baseline, migrations/… numbered changes, repeatable/… functions and views.';
COMMENT ON COLUMN hazecast.schema_file.sha256 IS 'SHA-256 of the text that was applied, 64 hex digits. Only repeatable files may change and are then applied again.';
COMMENT ON COLUMN hazecast.schema_file.applied_at IS 'When it was last applied.';
CREATE VIEW hazecast.standing_alert WITH (security_invoker='true') AS
 SELECT alert.id,
    alert.rule,
    station.name AS station,
    alert.level,
    alert.raised_at,
    alert.origin,
    alert.lead,
    alert.valid_at,
    alert.pm25,
    alert.probability,
    newest.origin AS newest_origin,
    (now() >= (newest.origin + '03:00:00'::interval)) AS stale
   FROM ((hazecast.alert
     JOIN hazecast.station ON ((station.id = alert.station_id)))
     CROSS JOIN LATERAL ( SELECT ledger.origin
           FROM hazecast.forecast_ledger ledger
          WHERE (ledger.station_id = alert.station_id)
          ORDER BY ledger.origin DESC
         LIMIT 1) newest)
  WHERE (alert.cleared_at IS NULL);
COMMENT ON VIEW hazecast.standing_alert IS 'The alerts that stand now.';
COMMENT ON COLUMN hazecast.standing_alert.id IS 'hazecast.alert.id.';
COMMENT ON COLUMN hazecast.standing_alert.rule IS 'Name of the rule.';
COMMENT ON COLUMN hazecast.standing_alert.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.standing_alert.level IS 'Level of the rule when it was raised, in µg/m³.';
COMMENT ON COLUMN hazecast.standing_alert.raised_at IS 'When it was raised.';
COMMENT ON COLUMN hazecast.standing_alert.origin IS 'Origin of the forecast that raised it.';
COMMENT ON COLUMN hazecast.standing_alert.lead IS 'The first lead that was above, in hours after the origin.';
COMMENT ON COLUMN hazecast.standing_alert.valid_at IS 'The hour that was forecast to be above.';
COMMENT ON COLUMN hazecast.standing_alert.pm25 IS 'PM2.5 that was forecast for it, in µg/m³.';
COMMENT ON COLUMN hazecast.standing_alert.probability IS 'Probability that the level is exceeded in that hour; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.standing_alert.newest_origin IS 'Origin of the station''s newest forecast: the alert stands because that one does not clear it.';
COMMENT ON COLUMN hazecast.standing_alert.stale IS 'True from three hours after newest_origin: nobody knows whether it would still stand.';
CREATE TABLE hazecast.station_alias (
    name text NOT NULL,
    station_id integer NOT NULL,
    CONSTRAINT station_alias_name_is_not_blank CHECK ((btrim(name) <> ''::text))
);
COMMENT ON TABLE hazecast.station_alias IS 'Other names by which readings of a station may come: import, simulate, attached tables and functions that take a name know them. A station that is renamed keeps its old name here. A station''s own name goes before an alias.';
COMMENT ON COLUMN hazecast.station_alias.name IS 'The other name.';
COMMENT ON COLUMN hazecast.station_alias.station_id IS 'The station that is meant.';
CREATE TABLE hazecast.station_error_codes (
    station_id integer NOT NULL,
    codes real[] NOT NULL,
    CONSTRAINT station_error_codes_are_values CHECK ((array_position(codes, NULL::real) IS NULL))
);
COMMENT ON TABLE hazecast.station_error_codes IS 'Error codes of stations whose instrument has others than those of hazecast.quality_rule, for which they stand instead. They hold while that rule is enabled.';
COMMENT ON COLUMN hazecast.station_error_codes.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.station_error_codes.codes IS 'Its codes as PM2.5 in µg/m³, exactly equal; {}: none.';
ALTER TABLE hazecast.station ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.station_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE hazecast.station_outage (
    station_id integer NOT NULL,
    origin timestamp with time zone NOT NULL,
    reason text NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL
);
COMMENT ON TABLE hazecast.station_outage IS 'Stations whose newest reading could not be forecast. The daemon writes it.';
COMMENT ON COLUMN hazecast.station_outage.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.station_outage.origin IS 'Hour of the reading that could not be forecast.';
COMMENT ON COLUMN hazecast.station_outage.reason IS 'Why, in words for a person.';
COMMENT ON COLUMN hazecast.station_outage.since IS 'When the daemon noticed.';
CREATE VIEW hazecast.status WITH (security_invoker='true') AS
 SELECT 'station'::text AS kind,
    station.name,
    newest.reading AS last_reading,
    newest.origin AS last_origin,
    (newest.reading - newest.origin) AS lag,
    model.name AS model,
        CASE
            WHEN (newest.reading IS NULL) THEN 'no forecast: no reading yet'::text
            WHEN (outage.origin = newest.reading) THEN outage.reason
            WHEN (newest.origin >= newest.reading) THEN ('silent since '::text || to_char((silence.since AT TIME ZONE 'UTC'::text), 'YYYY-MM-DD HH24:MI "UTC"'::text))
            WHEN (NOT (EXISTS ( SELECT
               FROM hazecast.observation
              WHERE ((observation.station_id = station.id) AND (observation.observed_at = newest.reading))))) THEN 'no forecast: the newest reading has no pm25 that passed quality control'::text
            ELSE 'not forecast yet'::text
        END AS reason,
    NULL::timestamp with time zone AS heartbeat,
    NULL::text AS version,
    NULL::text AS role,
    judged.skill AS live_skill,
    judged.verdict,
    issued.basis,
    silence.since AS silent_since
   FROM ((((((((hazecast.station
     CROSS JOIN LATERAL ( SELECT ( SELECT reading.observed_at
                   FROM hazecast.reading
                  WHERE ((reading.station_id = station.id) AND ((reading.observed_at >= '2000-01-01 00:00:00+00'::timestamp with time zone) AND (reading.observed_at <= (now() + '01:00:00'::interval))))
                  ORDER BY reading.observed_at DESC
                 LIMIT 1) AS reading,
            ( SELECT ledger.origin
                   FROM hazecast.forecast_ledger ledger
                  WHERE ((ledger.station_id = station.id) AND (EXISTS ( SELECT
                           FROM hazecast.reading
                          WHERE ((reading.station_id = station.id) AND (reading.observed_at = ledger.origin))
                         OFFSET 0)))
                  ORDER BY ledger.origin DESC
                 LIMIT 1) AS origin
         OFFSET 0) newest)
     CROSS JOIN LATERAL ( SELECT
                CASE
                    WHEN (now() >= (newest.reading + '03:00:00'::interval)) THEN (newest.reading + '01:00:00'::interval)
                    ELSE NULL::timestamp with time zone
                END AS since) silence)
     LEFT JOIN LATERAL ( SELECT ledger.basis
           FROM hazecast.forecast_ledger ledger
          WHERE ((ledger.station_id = station.id) AND (ledger.origin = newest.origin))
          ORDER BY ledger.revision DESC
         LIMIT 1) issued ON (true))
     LEFT JOIN hazecast.station_outage outage ON ((outage.station_id = station.id)))
     LEFT JOIN hazecast.active_model own ON ((own.station_id = station.id)))
     LEFT JOIN hazecast.active_model fallback ON ((fallback.station_id IS NULL)))
     LEFT JOIN LATERAL ( SELECT live_day.skill,
            live_day.persistence,
            live_day.verdict,
            live_day.model_id
           FROM hazecast.live_day
          WHERE (live_day.station_id = station.id)
          ORDER BY live_day.day DESC
         LIMIT 1) judged ON ((judged.model_id = COALESCE(own.model_id, fallback.model_id))))
     LEFT JOIN hazecast.model ON ((model.id =
        CASE
            WHEN (judged.persistence OR (issued.basis = 'persistence'::text)) THEN 0
            ELSE COALESCE(own.model_id, fallback.model_id)
        END)))
UNION ALL
 SELECT 'daemon'::text AS kind,
    ((daemon.host || ':'::text) || daemon.pid) AS name,
    NULL::timestamp with time zone AS last_reading,
    NULL::timestamp with time zone AS last_origin,
    NULL::interval AS lag,
    daemon.model,
    daemon.refusal AS reason,
    daemon.heartbeat,
    daemon.version,
        CASE
            WHEN (daemon.heartbeat < (now() - '00:01:00'::interval)) THEN 'lost'::text
            ELSE daemon.role
        END AS role,
    NULL::double precision AS live_skill,
    NULL::text AS verdict,
    NULL::text AS basis,
    NULL::timestamp with time zone AS silent_since
   FROM hazecast.daemon;
COMMENT ON VIEW hazecast.status IS 'How things stand: one row a station, and one a daemon.';
COMMENT ON COLUMN hazecast.status.kind IS 'station or daemon.';
COMMENT ON COLUMN hazecast.status.name IS 'Name of the station; host and process of the daemon.';
COMMENT ON COLUMN hazecast.status.last_reading IS 'Hour of the station''s newest reading; one before 2000 or more than an hour ahead does not count.';
COMMENT ON COLUMN hazecast.status.last_origin IS 'Origin of its newest forecast.';
COMMENT ON COLUMN hazecast.status.lag IS 'last_reading - last_origin: zero when the newest reading is forecast.';
COMMENT ON COLUMN hazecast.status.model IS 'What serves the station: a model, or persistence where the model is no better; of a daemon the default model that it has loaded.';
COMMENT ON COLUMN hazecast.status.reason IS 'Station: why the newest reading has no forecast, or one by persistence for want of readings, or since when the station is silent; NULL else. Daemon: why models that were made active do not serve; NULL when all of them do.';
COMMENT ON COLUMN hazecast.status.heartbeat IS 'When the daemon last said that it lives.';
COMMENT ON COLUMN hazecast.status.version IS 'Version of the daemon.';
COMMENT ON COLUMN hazecast.status.role IS 'active, standby, or lost when the daemon has not said for a minute that it lives.';
COMMENT ON COLUMN hazecast.status.live_skill IS 'Station: mean skill of its model against persistence over leads 1, 2, 4, 8, 12 and 24 and the last 21 days; NULL before there are 252 hours at each.';
COMMENT ON COLUMN hazecast.status.verdict IS 'Station: why its model, or persistence, serves; NULL before the first day with observations beside forecasts of that model.';
COMMENT ON COLUMN hazecast.status.basis IS 'Station: what the readings of its newest forecast are: full, partial (some hours lack PM2.5), or persistence (too few have it for a model).';
COMMENT ON COLUMN hazecast.status.silent_since IS 'Station: the end of the newest reading''s hour, where that hour began three hours ago or earlier; NULL while it reports.';
ALTER TABLE hazecast.training_run ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.training_run_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
ALTER TABLE ONLY hazecast.reading ATTACH PARTITION hazecast.reading_default DEFAULT;
ALTER TABLE ONLY hazecast.activation
    ADD CONSTRAINT activation_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.active_model
    ADD CONSTRAINT active_model_one_per_station UNIQUE NULLS NOT DISTINCT (station_id);
ALTER TABLE ONLY hazecast.air_quality_breakpoint
    ADD CONSTRAINT air_quality_breakpoint_pkey PRIMARY KEY (standard, band);
ALTER TABLE ONLY hazecast.air_quality_standard
    ADD CONSTRAINT air_quality_standard_pkey PRIMARY KEY (name);
ALTER TABLE ONLY hazecast.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.alert_rule
    ADD CONSTRAINT alert_rule_name_key UNIQUE (name);
ALTER TABLE ONLY hazecast.alert_rule
    ADD CONSTRAINT alert_rule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.arrival
    ADD CONSTRAINT arrival_pkey PRIMARY KEY (written_by, reload);
ALTER TABLE ONLY hazecast.attachment_change
    ADD CONSTRAINT attachment_change_pkey PRIMARY KEY (attachment, id);
ALTER TABLE ONLY hazecast.attachment_hour
    ADD CONSTRAINT attachment_hour_pkey PRIMARY KEY (attachment, station, hour);
ALTER TABLE ONLY hazecast.attachment
    ADD CONSTRAINT attachment_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.attachment_reading
    ADD CONSTRAINT attachment_reading_pkey PRIMARY KEY (station_id, observed_at, attachment);
ALTER TABLE ONLY hazecast.attachment
    ADD CONSTRAINT attachment_source_name_key UNIQUE (source, name);
ALTER TABLE ONLY hazecast.daemon
    ADD CONSTRAINT daemon_pkey PRIMARY KEY (instance);
ALTER TABLE ONLY hazecast.day_sums
    ADD CONSTRAINT day_sums_pkey PRIMARY KEY (station_id, day);
ALTER TABLE ONLY hazecast.forecast_ledger
    ADD CONSTRAINT forecast_ledger_pkey PRIMARY KEY (station_id, origin, revision);
ALTER TABLE ONLY hazecast.live_day
    ADD CONSTRAINT live_day_pkey PRIMARY KEY (station_id, day);
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_name_key UNIQUE (name);
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY hazecast.quality_rule
    ADD CONSTRAINT quality_rule_pkey PRIMARY KEY (flag, measure);
ALTER TABLE ONLY hazecast.reader_scope
    ADD CONSTRAINT reader_scope_pkey PRIMARY KEY (role_name);
ALTER TABLE ONLY hazecast.reading
    ADD CONSTRAINT reading_pkey PRIMARY KEY (station_id, observed_at);
ALTER TABLE ONLY hazecast.reading_default
    ADD CONSTRAINT reading_default_pkey PRIMARY KEY (station_id, observed_at);
ALTER TABLE ONLY hazecast.reading_flag
    ADD CONSTRAINT reading_flag_pkey PRIMARY KEY (station_id, observed_at, measure, flag);
ALTER TABLE ONLY hazecast.rejection
    ADD CONSTRAINT rejection_key UNIQUE NULLS NOT DISTINCT (attachment, station, observed, reason);
ALTER TABLE ONLY hazecast.retention
    ADD CONSTRAINT retention_pkey PRIMARY KEY (history);
ALTER TABLE ONLY hazecast.schema_file
    ADD CONSTRAINT schema_file_pkey PRIMARY KEY (name);
ALTER TABLE ONLY hazecast.station_alias
    ADD CONSTRAINT station_alias_pkey PRIMARY KEY (name);
ALTER TABLE ONLY hazecast.station_error_codes
    ADD CONSTRAINT station_error_codes_pkey PRIMARY KEY (station_id);
ALTER TABLE ONLY hazecast.station
    ADD CONSTRAINT station_name_key UNIQUE (name);
ALTER TABLE ONLY hazecast.station_outage
    ADD CONSTRAINT station_outage_pkey PRIMARY KEY (station_id);
ALTER TABLE ONLY hazecast.station
    ADD CONSTRAINT station_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_one_per_station UNIQUE NULLS NOT DISTINCT (run_id, station_id);
ALTER TABLE ONLY hazecast.training_run
    ADD CONSTRAINT training_run_pkey PRIMARY KEY (id);
CREATE INDEX activation_activated_at_idx ON hazecast.activation USING btree (activated_at);
COMMENT ON INDEX hazecast.activation_activated_at_idx IS 'Finds the changes since a training run began.';
CREATE INDEX activation_station_idx ON hazecast.activation USING btree (COALESCE(station_id, 0), id);
COMMENT ON INDEX hazecast.activation_station_idx IS 'Finds the history of a station, or of the default.';
CREATE INDEX alert_cleared_idx ON hazecast.alert USING btree (station_id, rule_id, cleared_origin);
COMMENT ON INDEX hazecast.alert_cleared_idx IS 'Finds when a rule was last cleared for a station.';
CREATE INDEX alert_rule_station_idx ON hazecast.alert_rule USING btree (station_id);
COMMENT ON INDEX hazecast.alert_rule_station_idx IS 'Finds the rules of a station.';
CREATE UNIQUE INDEX alert_standing_idx ON hazecast.alert USING btree (station_id, rule_id) WHERE (cleared_at IS NULL);
COMMENT ON INDEX hazecast.alert_standing_idx IS 'One alert of a rule stands for a station at a time.';
CREATE INDEX attachment_hour_look_idx ON hazecast.attachment_hour USING btree (attachment, look_at);
COMMENT ON INDEX hazecast.attachment_hour_look_idx IS 'Finds the hours whose time has come.';
CREATE INDEX attachment_reading_attachment_idx ON hazecast.attachment_reading USING btree (attachment, observed_at);
COMMENT ON INDEX hazecast.attachment_reading_attachment_idx IS 'Finds an attachment''s readings, and its old ones.';
CREATE INDEX reading_written_by_idx ON ONLY hazecast.reading USING btree (written_by);
COMMENT ON INDEX hazecast.reading_written_by_idx IS 'Finds the rows that a transaction wrote.';
CREATE INDEX reading_default_written_by_idx ON hazecast.reading_default USING btree (written_by);
CREATE INDEX reading_flag_future_idx ON hazecast.reading_flag USING btree (observed_at) WHERE (flag = 'future'::text);
COMMENT ON INDEX hazecast.reading_flag_future_idx IS 'Finds the flags that time takes away.';
CREATE INDEX station_alias_station_idx ON hazecast.station_alias USING btree (station_id);
CREATE INDEX training_result_challenger_idx ON hazecast.training_result USING btree (challenger_id);
COMMENT ON INDEX hazecast.training_result_challenger_idx IS 'Finds the results of a challenger.';
CREATE INDEX training_result_champion_idx ON hazecast.training_result USING btree (champion_id);
COMMENT ON INDEX hazecast.training_result_champion_idx IS 'Finds the results against a champion.';
CREATE UNIQUE INDEX training_run_one_at_a_time ON hazecast.training_run USING btree ((true)) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
COMMENT ON INDEX hazecast.training_run_one_at_a_time IS 'One run waits or goes on at a time; who asks meanwhile joins it.';
ALTER INDEX hazecast.reading_pkey ATTACH PARTITION hazecast.reading_default_pkey;
ALTER INDEX hazecast.reading_written_by_idx ATTACH PARTITION hazecast.reading_default_written_by_idx;
CREATE TRIGGER end_unwatched AFTER DELETE OR UPDATE OF enabled, station_id, labels OR TRUNCATE ON hazecast.alert_rule FOR EACH STATEMENT EXECUTE FUNCTION hazecast.end_unwatched();
COMMENT ON TRIGGER end_unwatched ON hazecast.alert_rule IS 'Clears the alerts that it no longer watches.';
CREATE TRIGGER end_unwatched AFTER DELETE OR UPDATE OF labels ON hazecast.station FOR EACH STATEMENT EXECUTE FUNCTION hazecast.end_unwatched();
COMMENT ON TRIGGER end_unwatched ON hazecast.station IS 'Clears the alerts of stations that are gone.';
CREATE TRIGGER keep_old_name AFTER UPDATE OF name ON hazecast.station FOR EACH ROW WHEN ((old.name <> new.name)) EXECUTE FUNCTION hazecast.keep_old_name();
COMMENT ON TRIGGER keep_old_name ON hazecast.station IS 'Feeds hazecast.station_alias.';
CREATE TRIGGER note_arrival AFTER INSERT OR UPDATE ON hazecast.reading FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_arrival();
COMMENT ON TRIGGER note_arrival ON hazecast.reading IS 'Feeds hazecast.arrival.';
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON hazecast.quality_rule FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_reload();
COMMENT ON TRIGGER note_change ON hazecast.quality_rule IS 'Makes the daemon judge every newest window by the new settings.';
CREATE TRIGGER note_change AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON hazecast.station_error_codes FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_reload();
COMMENT ON TRIGGER note_change ON hazecast.station_error_codes IS 'As that of hazecast.quality_rule.';
CREATE TRIGGER note_deletion AFTER DELETE ON hazecast.reading REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_removal();
COMMENT ON TRIGGER note_deletion ON hazecast.reading IS 'Feeds hazecast.arrival when rows were deleted.';
CREATE TRIGGER note_far AFTER INSERT ON hazecast.reading FOR EACH ROW WHEN (((new.observed_at < (now() - '744:00:00'::interval)) OR (new.observed_at > (now() + '744:00:00'::interval)))) EXECUTE FUNCTION hazecast.note_far();
COMMENT ON TRIGGER note_far ON hazecast.reading IS 'Keeps hazecast.arrival.near true.';
CREATE TRIGGER note_truncation AFTER TRUNCATE ON hazecast.arrival FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_reload();
COMMENT ON TRIGGER note_truncation ON hazecast.arrival IS 'A truncated feed loses nothing: everything is looked at instead.';
CREATE TRIGGER note_truncation AFTER TRUNCATE ON hazecast.reading FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_removal();
COMMENT ON TRIGGER note_truncation ON hazecast.reading IS 'Feeds hazecast.arrival when the table was truncated.';
CREATE TRIGGER notify_alert AFTER INSERT OR UPDATE OF cleared_at ON hazecast.alert FOR EACH ROW EXECUTE FUNCTION hazecast.notify_alert();
COMMENT ON TRIGGER notify_alert ON hazecast.alert IS 'Tells those who listen.';
CREATE CONSTRAINT TRIGGER notify_arrival AFTER INSERT ON hazecast.arrival DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hazecast.notify_arrival();
COMMENT ON TRIGGER notify_arrival ON hazecast.arrival IS 'Wakes the daemon.';
CREATE TRIGGER notify_model AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON hazecast.active_model FOR EACH STATEMENT EXECUTE FUNCTION hazecast.notify_model();
COMMENT ON TRIGGER notify_model ON hazecast.active_model IS 'Tells the daemon to load the active models anew.';
CREATE TRIGGER record_activation AFTER INSERT OR DELETE OR UPDATE ON hazecast.active_model FOR EACH ROW EXECUTE FUNCTION hazecast.record_activation();
COMMENT ON TRIGGER record_activation ON hazecast.active_model IS 'Keeps the history of what served.';
CREATE TRIGGER resolve_category BEFORE INSERT OR UPDATE ON hazecast.alert_rule FOR EACH ROW WHEN ((num_nulls(new.standard, new.category) = 0)) EXECUTE FUNCTION hazecast.resolve_category();
COMMENT ON TRIGGER resolve_category ON hazecast.alert_rule IS 'Makes a level of a category.';
CREATE TRIGGER stamp_reading BEFORE UPDATE ON hazecast.reading FOR EACH ROW EXECUTE FUNCTION hazecast.stamp_reading();
COMMENT ON TRIGGER stamp_reading ON hazecast.reading IS 'Keeps written_by and received_at true.';
ALTER TABLE ONLY hazecast.activation
    ADD CONSTRAINT activation_goes_back_to_fkey FOREIGN KEY (goes_back_to) REFERENCES hazecast.activation(id);
ALTER TABLE ONLY hazecast.activation
    ADD CONSTRAINT activation_model_id_fkey FOREIGN KEY (model_id) REFERENCES hazecast.model(id);
ALTER TABLE ONLY hazecast.activation
    ADD CONSTRAINT activation_previous_model_id_fkey FOREIGN KEY (previous_model_id) REFERENCES hazecast.model(id);
ALTER TABLE ONLY hazecast.active_model
    ADD CONSTRAINT active_model_model_id_fkey FOREIGN KEY (model_id) REFERENCES hazecast.model(id);
ALTER TABLE ONLY hazecast.active_model
    ADD CONSTRAINT active_model_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.air_quality_breakpoint
    ADD CONSTRAINT air_quality_breakpoint_standard_fkey FOREIGN KEY (standard) REFERENCES hazecast.air_quality_standard(name);
ALTER TABLE ONLY hazecast.alert_rule
    ADD CONSTRAINT alert_rule_standard_fkey FOREIGN KEY (standard) REFERENCES hazecast.air_quality_standard(name);
ALTER TABLE ONLY hazecast.alert_rule
    ADD CONSTRAINT alert_rule_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.attachment_hour
    ADD CONSTRAINT attachment_hour_attachment_fkey FOREIGN KEY (attachment) REFERENCES hazecast.attachment(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.attachment_reading
    ADD CONSTRAINT attachment_reading_attachment_fkey FOREIGN KEY (attachment) REFERENCES hazecast.attachment(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.attachment_reading
    ADD CONSTRAINT attachment_reading_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.day_sums
    ADD CONSTRAINT day_sums_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.live_day
    ADD CONSTRAINT live_day_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES hazecast.model(id);
ALTER TABLE hazecast.reading
    ADD CONSTRAINT reading_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id);
ALTER TABLE ONLY hazecast.rejection
    ADD CONSTRAINT rejection_attachment_fkey FOREIGN KEY (attachment) REFERENCES hazecast.attachment(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.station_alias
    ADD CONSTRAINT station_alias_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.station_error_codes
    ADD CONSTRAINT station_error_codes_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.station_outage
    ADD CONSTRAINT station_outage_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_challenger_id_fkey FOREIGN KEY (challenger_id) REFERENCES hazecast.model(id) ON DELETE SET NULL;
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_champion_id_fkey FOREIGN KEY (champion_id) REFERENCES hazecast.model(id);
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_run_id_fkey FOREIGN KEY (run_id) REFERENCES hazecast.training_run(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
CREATE POLICY everybody ON hazecast.active_model TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.alert TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.daemon TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.day_sums TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.forecast_ledger TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.live_day TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.model TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.reading TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.reading_flag TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.station TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.station_alias TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.station_error_codes TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.station_outage TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY tenant ON hazecast.active_model FOR SELECT TO hazecast_tenant USING (((station_id IS NULL) OR (EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = active_model.station_id)))));
CREATE POLICY tenant ON hazecast.alert FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = alert.station_id))));
CREATE POLICY tenant ON hazecast.daemon FOR SELECT TO hazecast_tenant USING (false);
CREATE POLICY tenant ON hazecast.day_sums FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = day_sums.station_id))));
CREATE POLICY tenant ON hazecast.forecast_ledger FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = forecast_ledger.station_id))));
CREATE POLICY tenant ON hazecast.live_day FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = live_day.station_id))));
CREATE POLICY tenant ON hazecast.model FOR SELECT TO hazecast_tenant USING (((parent_id IS NULL) OR (id IN ( SELECT hazecast.models_in_scope(CURRENT_USER) AS models_in_scope))));
CREATE POLICY tenant ON hazecast.reading FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = reading.station_id))));
CREATE POLICY tenant ON hazecast.reading_flag FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = reading_flag.station_id))));
CREATE POLICY tenant ON hazecast.station FOR SELECT TO hazecast_tenant USING ((labels @> ANY (( SELECT hazecast.scopes(CURRENT_USER) AS scopes)::jsonb[])));
CREATE POLICY tenant ON hazecast.station_alias FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = station_alias.station_id))));
CREATE POLICY tenant ON hazecast.station_error_codes FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = station_error_codes.station_id))));
CREATE POLICY tenant ON hazecast.station_outage FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = station_outage.station_id))));
GRANT USAGE ON SCHEMA hazecast TO hazecast_daemon;
GRANT USAGE ON SCHEMA hazecast TO hazecast_writer;
GRANT USAGE ON SCHEMA hazecast TO hazecast_reader;
GRANT USAGE ON SCHEMA hazecast TO hazecast_operator;
GRANT USAGE ON SCHEMA hazecast TO hazecast_tenant;
REVOKE ALL ON TYPE hazecast.lead_exceedance_skill FROM PUBLIC;
REVOKE ALL ON TYPE hazecast.lead_skill FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.activate(station integer, model integer, reason text) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.activate_challengers(training_run integer) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.activate_challengers(training_run integer) TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.add_months(parent regclass, key name) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.admit_tenants() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.air_quality(pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.air_quality(pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.air_quality(pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.air_quality(pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.air_quality(pm25 double precision, standard text, OUT index integer, OUT category text, OUT colour text, OUT band integer) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.aqi(pm25 double precision, standard text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.aqi(pm25 double precision, standard text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.aqi(pm25 double precision, standard text) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.aqi(pm25 double precision, standard text) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.aqi(pm25 double precision, standard text) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.aqi_category(pm25 double precision, standard text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.aqi_category(pm25 double precision, standard text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.aqi_category(pm25 double precision, standard text) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.aqi_category(pm25 double precision, standard text) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.aqi_category(pm25 double precision, standard text) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.attach(source regclass, station text, observed_at text, pm25 text, dew_point text, temperature text, pressure text, wind_direction text, wind_speed text, humidity text, wind_u text, wind_v text, station_name text, units jsonb, time_zone text, stamps text, step interval, correction text, poll interval, patience interval, follow_deletes boolean, backfill interval, name text, "where" text, parameter text, parameters jsonb, carry interval, missing jsonb, error_codes jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.attach(source regclass, station text, observed_at text, pm25 text, dew_point text, temperature text, pressure text, wind_direction text, wind_speed text, humidity text, wind_u text, wind_v text, station_name text, units jsonb, time_zone text, stamps text, step interval, correction text, poll interval, patience interval, follow_deletes boolean, backfill interval, name text, "where" text, parameter text, parameters jsonb, carry interval, missing jsonb, error_codes jsonb) TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.attachment TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.attachment TO hazecast_operator;
GRANT UPDATE(readings) ON TABLE hazecast.attachment TO hazecast_daemon;
GRANT UPDATE(last_reading) ON TABLE hazecast.attachment TO hazecast_daemon;
GRANT UPDATE(polled_at) ON TABLE hazecast.attachment TO hazecast_daemon;
GRANT UPDATE(error) ON TABLE hazecast.attachment TO hazecast_daemon;
GRANT UPDATE(failures) ON TABLE hazecast.attachment TO hazecast_daemon;
GRANT UPDATE(retry_at) ON TABLE hazecast.attachment TO hazecast_daemon;
GRANT SELECT,INSERT,DELETE ON TABLE hazecast.attachment_change TO hazecast_daemon;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.attachment_hour TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.attachment_is_due(attached hazecast.attachment, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.attachment_is_due(attached hazecast.attachment, at timestamp with time zone) TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.check_attachment(source regclass, settings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.check_attachment(source regclass, settings jsonb) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.clear_alert(alert bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.clear_alert(alert bigint) TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.training_run TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.training_run TO hazecast_operator;
GRANT UPDATE(state) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(decision) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(progress) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(phase) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(persistence_rmse) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(champion_rmse) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(challenger_rmse) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(champion_skill) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(challenger_skill) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(started_at) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(finished_at) ON TABLE hazecast.training_run TO hazecast_daemon;
GRANT UPDATE(code_version) ON TABLE hazecast.training_run TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.close_lost_runs() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.close_lost_runs() TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.training_result TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.training_result TO hazecast_operator;
GRANT INSERT(run_id) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(station_id) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(verdict) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(reason) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(champion_id) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(challenger_id) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(champion_skill) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(challenger_skill) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(stations) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(held_out_from) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(held_out_until) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(leads) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(origins) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(persistence_rmse) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(champion_rmse) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(challenger_rmse) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(champion_earlier_skill) ON TABLE hazecast.training_result TO hazecast_daemon;
GRANT INSERT(challenger_earlier_skill) ON TABLE hazecast.training_result TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.continue_run(training_run integer) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.continue_run(training_run integer) TO hazecast_daemon;
GRANT SELECT,INSERT ON TABLE hazecast.forecast_ledger TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.forecast_ledger TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.forecast_ledger TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.forecast_ledger TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.newest_issue(station integer) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.newest_issue(station integer) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.newest_issue(station integer) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.newest_issue(station integer) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.newest_issue(station integer) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.recent_since() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.recent_since() TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.recent_since() TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.recent_since() TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.recent_since() TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.recent_until() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.recent_until() TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.recent_until() TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.recent_until() TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.recent_until() TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.model TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.model TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.model TO hazecast_operator;
GRANT SELECT(id) ON TABLE hazecast.model TO hazecast_tenant;
GRANT INSERT(name) ON TABLE hazecast.model TO hazecast_daemon;
GRANT SELECT(name) ON TABLE hazecast.model TO hazecast_tenant;
GRANT INSERT(document) ON TABLE hazecast.model TO hazecast_daemon;
GRANT INSERT(parent_id) ON TABLE hazecast.model TO hazecast_daemon;
GRANT INSERT(reason) ON TABLE hazecast.model TO hazecast_daemon;
GRANT INSERT(code_version) ON TABLE hazecast.model TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.reading TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.reading TO hazecast_writer;
GRANT SELECT ON TABLE hazecast.reading TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.reading TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.reading TO hazecast_tenant;
GRANT INSERT(station_id),UPDATE(station_id) ON TABLE hazecast.reading TO hazecast_writer;
GRANT INSERT(observed_at),UPDATE(observed_at) ON TABLE hazecast.reading TO hazecast_writer;
GRANT INSERT(pm25),UPDATE(pm25) ON TABLE hazecast.reading TO hazecast_writer;
GRANT INSERT(dew_point),UPDATE(dew_point) ON TABLE hazecast.reading TO hazecast_writer;
GRANT INSERT(temperature),UPDATE(temperature) ON TABLE hazecast.reading TO hazecast_writer;
GRANT INSERT(pressure),UPDATE(pressure) ON TABLE hazecast.reading TO hazecast_writer;
GRANT INSERT(wind_direction),UPDATE(wind_direction) ON TABLE hazecast.reading TO hazecast_writer;
GRANT INSERT(wind_speed),UPDATE(wind_speed) ON TABLE hazecast.reading TO hazecast_writer;
GRANT SELECT ON TABLE hazecast.station TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.station TO hazecast_writer;
GRANT SELECT ON TABLE hazecast.station TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.station TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.station TO hazecast_tenant;
GRANT INSERT(name) ON TABLE hazecast.station TO hazecast_writer;
GRANT INSERT(latitude) ON TABLE hazecast.station TO hazecast_writer;
GRANT INSERT(longitude) ON TABLE hazecast.station TO hazecast_writer;
GRANT INSERT(labels) ON TABLE hazecast.station TO hazecast_writer;
GRANT SELECT ON TABLE hazecast.latest_forecast TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.latest_forecast TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.latest_forecast TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.latest_forecast TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.reading_flag TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.reading_flag TO hazecast_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.reading_flag TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.reading_flag TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.observation TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.observation TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.observation TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.observation TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.daily_max(time_zone text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.daily_max(time_zone text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.daily_max(time_zone text) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.daily_max(time_zone text) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.daily_max(time_zone text) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.detach_attachments(source text, name text, attached integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.detach_attachments(source text, name text, attached integer[]) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.detach(source text, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.detach(source text, name text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.drop_attachment_triggers(source regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.drop_attachment_triggers(source regclass) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.drop_expired_partitions() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.drop_expired_partitions() TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.end_alerts(alerts bigint[], because text) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.end_unwatched() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.evaluate_alerts(stations integer[], origins timestamp with time zone[], revisions integer[], OUT raised integer, OUT cleared integer, OUT failure text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.evaluate_alerts(stations integer[], origins timestamp with time zone[], revisions integer[], OUT raised integer, OUT cleared integer, OUT failure text) TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.exceedance(level real) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.exceedance(level real) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.exceedance(level real) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.exceedance(level real) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.exceedance(level real) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.exceedance_skill(level real, probability real, since timestamp with time zone, until timestamp with time zone, station text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.exceedance_skill(level real, probability real, since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.exceedance_skill(level real, probability real, since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.exceedance_skill(level real, probability real, since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.exceedance_skill(level real, probability real, since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.expire_alerts() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.expire_alerts() TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.filled_measures(settings jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.filled_measures(settings jsonb) TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.forecast_as_of(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.forecast_as_of(at timestamp with time zone) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.forecast_as_of(at timestamp with time zone) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.forecast_as_of(at timestamp with time zone) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.forecast_as_of(at timestamp with time zone) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.forget(station text, before timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.forget(station text, before timestamp with time zone) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.is_unconfirmed(station integer, hour timestamp with time zone) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.keep_old_name() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.live_outcomes(stations integer[], day date) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.live_outcomes(stations integer[], day date) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.live_outcomes(stations integer[], day date) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.live_outcomes(stations integer[], day date) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.live_outcomes(stations integer[], day date) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.maintain_partitions() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.maintain_partitions() TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.scopes(reader name) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.scopes(reader name) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.models_in_scope(reader name) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.models_in_scope(reader name) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.note_arrival() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.note_attached() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.note_attached() TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.note_far() FROM PUBLIC;
GRANT SELECT,DELETE ON TABLE hazecast.arrival TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.note_history(attachment integer, history interval) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.note_history(attachment integer, history interval) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.note_reload() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.note_removal() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.notify_alert() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.notify_arrival() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.notify_model() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.nowcast(station text, at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.nowcast(station text, at timestamp with time zone) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.nowcast(station text, at timestamp with time zone) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.nowcast(station text, at timestamp with time zone) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.nowcast(station text, at timestamp with time zone) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.partitions_end(parent regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.promote(model text, station text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.promote(model text, station text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.prune_challengers() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.prune_challengers() TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.record_activation() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.refresh() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.refresh() TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.refresh() TO hazecast_writer;
REVOKE ALL ON FUNCTION hazecast.register_attachment(source regclass, name text, settings jsonb, OUT attachment integer, OUT reader text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.register_attachment(source regclass, name text, settings jsonb, OUT attachment integer, OUT reader text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.release_reader(role name) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.request_retrain(why text, OUT training_run integer, OUT answer text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.request_retrain(why text, OUT training_run integer, OUT answer text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.request_retrain(why text, OUT training_run integer, OUT answer text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.resolve_category() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.resolve_stations(names text[], create_missing boolean, latitude double precision, longitude double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.resolve_stations(names text[], create_missing boolean, latitude double precision, longitude double precision) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.resolve_stations(names text[], create_missing boolean, latitude double precision, longitude double precision) TO hazecast_writer;
GRANT ALL ON FUNCTION hazecast.resolve_stations(names text[], create_missing boolean, latitude double precision, longitude double precision) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.resolve_stations(names text[], create_missing boolean, latitude double precision, longitude double precision) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.resolve_stations(names text[], create_missing boolean, latitude double precision, longitude double precision) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.restrict_reader(role name, labels jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.rollback(station text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.rollback(station text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.skill(since timestamp with time zone, until timestamp with time zone, station text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.skill(since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.skill(since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.skill(since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.skill(since timestamp with time zone, until timestamp with time zone, station text) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.stamp_reading() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.station_named(station text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.station_named(station text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.station_named(station text) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.station_named(station text) TO hazecast_operator;
GRANT ALL ON FUNCTION hazecast.station_named(station text) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.switch_tenancy(wanted boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.take_attached(attachment integer, filled text[], stations text[], hours timestamp with time zone[], pm25 real[], dew_point real[], temperature real[], pressure real[], wind_direction real[], wind_speed real[]) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.take_attached(attachment integer, filled text[], stations text[], hours timestamp with time zone[], pm25 real[], dew_point real[], temperature real[], pressure real[], wind_direction real[], wind_speed real[]) TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.type_family(relation regclass, name text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.type_family(relation regclass, name text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.type_family(relation regclass, name text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.unregister_attachment(attachment integer) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.unregister_attachment(attachment integer) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.withdraw_attached(attachment integer, stations text[], hours timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.withdraw_attached(attachment integer, stations text[], hours timestamp with time zone[]) TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.activation TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.activation TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.activation TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.air_quality_breakpoint TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.air_quality_breakpoint TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.air_quality_breakpoint TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.air_quality_breakpoint TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.air_quality_standard TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.air_quality_standard TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.air_quality_standard TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.air_quality_standard TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.alert TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.alert TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.alert TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.alert TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.alert_rule TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.alert_rule TO hazecast_reader;
GRANT SELECT,DELETE ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(name),UPDATE(name) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(station_id),UPDATE(station_id) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(labels),UPDATE(labels) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(level),UPDATE(level) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(standard),UPDATE(standard) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(category),UPDATE(category) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(first_lead),UPDATE(first_lead) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(last_lead),UPDATE(last_lead) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(probability),UPDATE(probability) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(hysteresis),UPDATE(hysteresis) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(quiet_period),UPDATE(quiet_period) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(enabled),UPDATE(enabled) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.alert_rule_status TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.alert_rule_status TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.alert_rule_status TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.attachment_reading TO hazecast_daemon;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.rejection TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.rejection TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.attachments TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.attachments TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.daemon TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.daemon TO hazecast_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.daemon TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.daemon TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.day_sums TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.day_sums TO hazecast_operator;
GRANT SELECT,INSERT,DELETE ON TABLE hazecast.day_sums TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.day_sums TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.forecast TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.forecast TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.forecast TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.forecast TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.forecast_vs_observed TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.forecast_vs_observed TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.forecast_vs_observed TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.forecast_vs_observed TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.live_day TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.live_day TO hazecast_operator;
GRANT SELECT,INSERT,DELETE ON TABLE hazecast.live_day TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.live_day TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.quality_rule TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.quality_rule TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.quality_rule TO hazecast_tenant;
GRANT UPDATE(enabled) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT UPDATE(lowest) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT UPDATE(highest) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT UPDATE(hours) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT UPDATE(level) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT UPDATE(margin) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT UPDATE(factor) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT UPDATE(codes) ON TABLE hazecast.quality_rule TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.retention TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.retention TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.retention TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.retention TO hazecast_tenant;
GRANT UPDATE(keep) ON TABLE hazecast.retention TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.schema_file TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.schema_file TO hazecast_writer;
GRANT SELECT ON TABLE hazecast.schema_file TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.schema_file TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.schema_file TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.station_alias TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.station_alias TO hazecast_writer;
GRANT SELECT ON TABLE hazecast.station_alias TO hazecast_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.station_alias TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.station_alias TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.station_error_codes TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.station_error_codes TO hazecast_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.station_error_codes TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.station_error_codes TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.station_outage TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.station_outage TO hazecast_operator;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.station_outage TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.station_outage TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.status TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.status TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.status TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.status TO hazecast_tenant;
