CREATE SCHEMA hazecast;
COMMENT ON SCHEMA hazecast IS 'PM2.5 forecasts beside the readings they are made from. Readings go into hazecast.reading, forecasts come out of hazecast.latest_forecast. Times are UTC hours, pm25 is in µg/m³.';
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
    SELECT * INTO run FROM hazecast.training_run AS r WHERE r.id = activate_challengers.training_run AND r.state = 'running';
    IF run.id IS NULL THEN
        RAISE EXCEPTION 'training run % is not running', training_run USING ERRCODE = 'object_not_in_prerequisite_state';
    END IF;
    -- Stations first: until then the default is what they were compared with.
    FOR result IN
        SELECT * FROM hazecast.training_result WHERE run_id = run.id AND verdict = 'promoted' ORDER BY station_id NULLS LAST
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
        partition := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
        EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
        IF fallback IS NOT NULL THEN
            EXECUTE format(
                'WITH moved AS (DELETE FROM %s WHERE %I >= $1 AND %2$I < $2 RETURNING *) INSERT INTO %s SELECT * FROM moved',
                fallback, key, partition
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
    common constant name[] := ARRAY['migration'];
    -- They tell of models and rules, and with those of stations that are none of a tenant's.
    withheld constant name[] := ARRAY['training_run', 'training_result', 'activation', 'alert_rule', 'reader_scope'];
    object record;
    condition text;
BEGIN
    FOR object IN
        SELECT
            pg_class.oid::regclass AS relation, relname AS name, relkind = 'v' AS is_view,
            has_table_privilege('hazecast_reader', pg_class.oid, 'SELECT') AS is_read,
            EXISTS (
                SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'station_id' AND NOT attisdropped
            ) AS has_station
        FROM pg_class
        WHERE relnamespace = 'hazecast'::regnamespace AND relkind IN ('r', 'p', 'v') AND NOT relispartition
            AND relname <> ALL (withheld)
    LOOP
        IF object.is_view THEN
            EXECUTE format('ALTER VIEW %s SET (security_invoker = true)', object.relation);
        END IF;
        IF NOT object.is_read THEN
            CONTINUE;
        ELSIF object.is_view OR object.name = ANY (common) THEN
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
COMMENT ON FUNCTION hazecast.admit_tenants() IS 'Gives hazecast_tenant what hazecast_reader may read, with policies for whatever tells of stations, and makes all views read with the rights of whoever asks. Every migration that adds something that readers see ends with it.';
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
                        threshold.level, forecast.pm25, forecast.lower80, forecast.upper80, forecast.lower95, forecast.upper95
                    ) >= rule.probability
                END AS is_above
                FROM unnest(ledger.pm25, ledger.lower80, ledger.upper80, ledger.lower95, ledger.upper95)
                    WITH ORDINALITY AS forecast (pm25, lower80, upper80, lower95, upper95, lead)
                WHERE forecast.lead BETWEEN rule.first_lead AND rule.last_lead
            ) AS hour
        ) AS verdict
    ), new AS (
        INSERT INTO hazecast.alert
            (rule_id, rule, station_id, level, raised_at, origin, revision, lead, valid_at, pm25, probability)
        SELECT
            rule_id, name, station_id, level, issued_at, origin, revision, lead, origin + lead * interval '1 hour', pm25,
            probability
        FROM judged
        WHERE standing IS NULL AND is_above AND NOT EXISTS (
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
                    AND (rule.station_id = issued.station_id OR rule.station_id IS NULL AND issued.labels @> rule.labels)
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
COMMENT ON COLUMN hazecast.forecast_ledger.digest IS 'Digest of the filled 24-hour window that it was made from: the same window is not forecast twice.';
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
COMMENT ON TABLE hazecast.model IS 'Every model that ever was a candidate here. Rows are added, not changed.';
COMMENT ON COLUMN hazecast.model.id IS 'Assigned by the database; what forecasts refer to.';
COMMENT ON COLUMN hazecast.model.name IS 'Unique name, as the views show it; that of the document unless another model had it already.';
COMMENT ON COLUMN hazecast.model.document IS 'The whole model file. The other columns are parts of it.';
COMMENT ON COLUMN hazecast.model.format_version IS 'Version of the file format.';
COMMENT ON COLUMN hazecast.model.preset IS 'chapter or operational.';
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
COMMENT ON COLUMN hazecast.reading.received_at IS 'When pm25 was first there: when the row came in, or when a NULL pm25 became a value. A later correction does not move it.';
COMMENT ON COLUMN hazecast.reading.written_by IS 'The transaction that last wrote the row; arrivals find their rows by it.';
COMMENT ON CONSTRAINT reading_observed_at_begins_a_utc_hour ON hazecast.reading IS 'Neither 12:30 nor infinity is the beginning of an hour.';
CREATE TABLE hazecast.station (
    id integer NOT NULL,
    name text NOT NULL,
    latitude double precision,
    longitude double precision,
    labels jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT station_labels_is_an_object CHECK ((jsonb_typeof(labels) = 'object'::text)),
    CONSTRAINT station_latitude_in_range CHECK (((latitude >= ('-90'::integer)::double precision) AND (latitude <= (90)::double precision))),
    CONSTRAINT station_longitude_in_range CHECK (((longitude >= ('-180'::integer)::double precision) AND (longitude <= (180)::double precision))),
    CONSTRAINT station_name_is_not_blank CHECK ((btrim(name) <> ''::text))
);
COMMENT ON TABLE hazecast.station IS 'Where readings come from. A reading of a station that is not here is a foreign-key error.';
COMMENT ON COLUMN hazecast.station.id IS 'Assigned by the database; what readings refer to.';
COMMENT ON COLUMN hazecast.station.name IS 'Unique name, as the views show it.';
COMMENT ON COLUMN hazecast.station.latitude IS 'Degrees north, -90 to 90; NULL when unknown.';
COMMENT ON COLUMN hazecast.station.longitude IS 'Degrees east, -180 to 180; NULL when unknown. Gives the local solar time; without it UTC is taken.';
COMMENT ON COLUMN hazecast.station.labels IS 'The user''s own keys and values, a JSON object; Hazecast does not read it.';
COMMENT ON COLUMN hazecast.station.created_at IS 'When the station was added.';
CREATE VIEW hazecast.latest_forecast WITH (security_invoker='true') AS
 SELECT station.name AS station,
    newest.origin,
    (lead.lead)::integer AS lead,
    (newest.origin + ((lead.lead)::double precision * '01:00:00'::interval)) AS valid_at,
    lead.pm25,
    lead.lower80,
    lead.upper80,
    lead.lower95,
    lead.upper95,
    model.name AS model,
    newest.issued_at,
    newest.revision,
    (now() >= (newest.origin + '03:00:00'::interval)) AS stale
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
            ledger.digest
           FROM hazecast.forecast_ledger ledger
          WHERE ((ledger.station_id = station.id) AND (EXISTS ( SELECT
                   FROM hazecast.reading
                  WHERE ((reading.station_id = station.id) AND (reading.observed_at = ledger.origin))
                 OFFSET 0)))
          ORDER BY ledger.origin DESC, ledger.revision DESC
         LIMIT 1) newest)
     CROSS JOIN LATERAL UNNEST(newest.pm25, newest.lower80, newest.upper80, newest.lower95, newest.upper95) WITH ORDINALITY lead(pm25, lower80, upper80, lower95, upper95, lead))
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
CREATE FUNCTION hazecast.exceedance(level real) RETURNS TABLE(station text, origin timestamp with time zone, lead integer, valid_at timestamp with time zone, probability real)
    LANGUAGE sql STABLE PARALLEL SAFE
    BEGIN ATOMIC
 SELECT newest.station,
     newest.origin,
     newest.lead,
     newest.valid_at,
     hazecast.exceedance_probability((exceedance.level)::double precision, (newest.pm25)::double precision, (newest.lower80)::double precision, (newest.upper80)::double precision, (newest.lower95)::double precision, (newest.upper95)::double precision) AS exceedance_probability
    FROM hazecast.latest_forecast newest;
END;
COMMENT ON FUNCTION hazecast.exceedance(level real) IS 'The probability that PM2.5 exceeds a level in µg/m³, for every station''s newest forecast, one row a lead: station (its name), origin (hour of the last reading that the forecast knew), lead (hours after it, 1 to 24), valid_at (the hour that is forecast), probability (0 to 1; NULL when the model has no bands).';
CREATE FUNCTION hazecast.maintain_partitions() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    SELECT hazecast.add_months('hazecast.reading', 'observed_at') + hazecast.add_months('hazecast.forecast_ledger', 'origin')
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
    CONSTRAINT training_result_promotes_somebody CHECK (((verdict <> 'promoted'::text) OR (challenger_id IS NOT NULL))),
    CONSTRAINT training_result_verdict_is_known CHECK ((verdict = ANY (ARRAY['promoted'::text, 'rejected'::text, 'inconclusive'::text])))
);
COMMENT ON TABLE hazecast.training_result IS 'How champion (what serves), challenger (what was trained) and persistence did on the last 21 days before a run, which the challenger was not trained on; one row a station, and one for the stations that have less than 90 days.';
COMMENT ON COLUMN hazecast.training_result.run_id IS 'The training run.';
COMMENT ON COLUMN hazecast.training_result.station_id IS 'The station; NULL for all stations with less than 90 days of readings, which the default model serves.';
COMMENT ON COLUMN hazecast.training_result.verdict IS 'promoted, rejected, or inconclusive: the last 21 days are too few readings, or not like those before.';
COMMENT ON COLUMN hazecast.training_result.reason IS 'Why, in words.';
COMMENT ON COLUMN hazecast.training_result.champion_id IS 'The model that served when the run began.';
COMMENT ON COLUMN hazecast.training_result.challenger_id IS 'The model that was trained; NULL where there were too few readings to train or to compare on.';
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
    INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_arrival() IS 'After a statement that wrote readings: an arrival, once a transaction.';
CREATE FUNCTION hazecast.note_reload() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_reload() IS 'After arrivals were thrown away with TRUNCATE: an arrival that makes good for all of them.';
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
        -- LISTEN asks nobody for rights: where there are tenants, each looks up what it may see. Names are shortened so that
        -- the whole stays below the 8000 bytes of a notification.
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
CREATE FUNCTION hazecast.partitions_end(parent regclass) RETURNS timestamp with time zone
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "DateStyle" TO 'ISO'
    AS $_$
    SELECT max(substring(pg_get_expr(partition.relpartbound, partition.oid) FROM $bound$TO \('(.*)'\)$bound$)::timestamptz)
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
    END IF;
    PERFORM hazecast.activate(place, chosen, 'promote');
    RETURN format('%s serves %s', model, coalesce(station, 'every station without a model of its own'));
END
$$;
COMMENT ON FUNCTION hazecast.promote(model text, station text) IS 'Makes a model serve one station, or all that have no model of their own, from their next forecast on. Says what it did. hazecast.activation keeps who, when, and what served before.';
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
    IF TG_OP = 'INSERT' OR (TG_OP = 'UPDATE' AND (NEW.station_id, NEW.model_id) IS DISTINCT FROM (OLD.station_id, OLD.model_id))
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
                HINT = 'Take the membership away, or restrict another role: writers and operators have logins of their own.';
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
CREATE FUNCTION hazecast.stamp_reading() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    NEW.written_by := pg_current_xact_id();
    IF OLD.pm25 IS NULL AND NEW.pm25 IS NOT NULL THEN
        NEW.received_at := now();
    END IF;
    DELETE FROM hazecast.reading_flag AS flag
    WHERE flag.station_id = OLD.station_id AND flag.observed_at = OLD.observed_at;
    IF NEW.station_id <> OLD.station_id OR NEW.observed_at <> OLD.observed_at THEN
        INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
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
    SELECT id INTO found FROM hazecast.station WHERE name = station_named.station;
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
CREATE TABLE hazecast.active_model (
    station_id integer,
    model_id integer NOT NULL,
    since timestamp with time zone DEFAULT now() NOT NULL,
    by_whom text DEFAULT SESSION_USER NOT NULL
);
COMMENT ON TABLE hazecast.active_model IS 'Which model serves which station. A change takes effect at the next origin.';
COMMENT ON COLUMN hazecast.active_model.station_id IS 'The station; NULL is the default for all that have no row of their own.';
COMMENT ON COLUMN hazecast.active_model.model_id IS 'The model that serves.';
COMMENT ON COLUMN hazecast.active_model.since IS 'Since when.';
COMMENT ON COLUMN hazecast.active_model.by_whom IS 'The database user who put it there.';
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
    CONSTRAINT alert_cleared_because_is_known CHECK ((cleared_because = ANY (ARRAY['fell'::text, 'unwatched'::text]))),
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
COMMENT ON COLUMN hazecast.alert.cleared_at IS 'When it was cleared: issued_at of the forecast that cleared it; NULL while it stands.';
COMMENT ON COLUMN hazecast.alert.cleared_origin IS 'Origin of the forecast that cleared it.';
COMMENT ON COLUMN hazecast.alert.cleared_because IS 'fell: the forecast was no longer above; unwatched: the rule was deleted, disabled, or no longer for this station.';
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
    first_lead integer DEFAULT 1 NOT NULL,
    last_lead integer DEFAULT 24 NOT NULL,
    probability real,
    hysteresis real DEFAULT 0 NOT NULL,
    quiet_period interval DEFAULT '00:00:00'::interval NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_by text DEFAULT SESSION_USER NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
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
COMMENT ON COLUMN hazecast.alert_rule.first_lead IS 'First lead that counts, in hours after the origin: 1 to 24.';
COMMENT ON COLUMN hazecast.alert_rule.last_lead IS 'Last lead that counts. Any lead between the two raises the alert.';
COMMENT ON COLUMN hazecast.alert_rule.probability IS 'How likely it must be that the level is exceeded, above 0 and below 1; NULL: the forecast itself must be above the level. Forecasts without bands have no probability: hazecast.alert_rule_status says so.';
COMMENT ON COLUMN hazecast.alert_rule.hysteresis IS 'How many µg/m³ below the level the forecast has to fall before the alert is cleared, 0 to the level.';
COMMENT ON COLUMN hazecast.alert_rule.quiet_period IS 'How long after an alert was cleared the rule raises none for that station, from origin to origin: at most a year.';
COMMENT ON COLUMN hazecast.alert_rule.enabled IS 'False: raises nothing, and what stands is cleared with the next forecast.';
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
CREATE VIEW hazecast.alert_rule_status WITH (security_invoker='true') AS
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
            ELSE NULL::text
        END AS reason
   FROM (hazecast.alert_rule rule
     CROSS JOIN LATERAL ( SELECT count(*) AS stations,
            count(newest.origin) AS with_forecast,
            count(*) FILTER (WHERE newest.has_bands) AS with_bands
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
CREATE TABLE hazecast.arrival (
    written_by xid8 DEFAULT pg_current_xact_id() NOT NULL,
    reload boolean DEFAULT false NOT NULL
)
WITH (autovacuum_vacuum_scale_factor='0', autovacuum_vacuum_threshold='1000', autovacuum_vacuum_cost_delay='0');
COMMENT ON TABLE hazecast.arrival IS 'Transactions whose readings no daemon has looked at yet. Written by triggers, emptied by the daemon.';
COMMENT ON COLUMN hazecast.arrival.written_by IS 'The writing transaction; its rows are those with the same written_by in hazecast.reading.';
COMMENT ON COLUMN hazecast.arrival.reload IS 'True when written_by cannot tell what changed (rows deleted, keys changed, refresh asked for): compare every station''s newest window.';
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
CREATE VIEW hazecast.forecast WITH (security_invoker='true') AS
 SELECT station.name AS station,
    issued.origin,
    (lead.lead)::integer AS lead,
    (issued.origin + ((lead.lead)::double precision * '01:00:00'::interval)) AS valid_at,
    lead.pm25,
    lead.lower80,
    lead.upper80,
    lead.lower95,
    lead.upper95,
    model.name AS model,
    issued.issued_at,
    issued.revision
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
            ledger.digest
           FROM hazecast.forecast_ledger ledger
          WHERE (ledger.station_id = station.id)
          ORDER BY ledger.origin DESC, ledger.revision DESC) issued)
     CROSS JOIN LATERAL UNNEST(issued.pm25, issued.lower80, issued.upper80, issued.lower95, issued.upper95) WITH ORDINALITY lead(pm25, lower80, upper80, lower95, upper95, lead))
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
CREATE TABLE hazecast.migration (
    number integer NOT NULL,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);
COMMENT ON TABLE hazecast.migration IS 'The migrations that made this schema; `hazecast migrate` writes it.';
COMMENT ON COLUMN hazecast.migration.number IS 'Place in the order in which migrations are applied, from 1.';
COMMENT ON COLUMN hazecast.migration.name IS 'File name of the migration, number and extension included.';
COMMENT ON COLUMN hazecast.migration.sha256 IS 'SHA-256 of the text that was applied, 64 hex digits: a merged migration never changes.';
COMMENT ON COLUMN hazecast.migration.applied_at IS 'When it was applied.';
ALTER TABLE hazecast.model ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME hazecast.model_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
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
CREATE TABLE hazecast.reading_flag (
    station_id integer NOT NULL,
    observed_at timestamp with time zone NOT NULL,
    measure text NOT NULL,
    flag text NOT NULL,
    CONSTRAINT reading_flag_is_known CHECK ((flag = ANY (ARRAY['future'::text, 'before_2000'::text, 'negative'::text, 'out_of_range'::text, 'not_finite'::text]))),
    CONSTRAINT reading_flag_measure_is_known CHECK ((measure = ANY (ARRAY['observed_at'::text, 'pm25'::text, 'dew_point'::text, 'temperature'::text, 'pressure'::text, 'wind_direction'::text, 'wind_speed'::text])))
);
COMMENT ON TABLE hazecast.reading_flag IS 'What quality control found wrong with a reading, beside it, so that the reading stays as sent. A flagged measure counts as missing; a reading whose observed_at is flagged advances no forecast. A correction clears the flags of its row.';
COMMENT ON COLUMN hazecast.reading_flag.station_id IS 'Station of the reading.';
COMMENT ON COLUMN hazecast.reading_flag.observed_at IS 'Hour of the reading.';
COMMENT ON COLUMN hazecast.reading_flag.measure IS 'Column of hazecast.reading that the flag is about.';
COMMENT ON COLUMN hazecast.reading_flag.flag IS 'future (more than an hour ahead), before_2000, negative, out_of_range or not_finite.';
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
            WHEN (newest.reading IS NULL) THEN 'no reading yet'::text
            WHEN (outage.origin = newest.reading) THEN outage.reason
            WHEN (newest.origin >= newest.reading) THEN NULL::text
            ELSE 'not forecast yet'::text
        END AS reason,
    NULL::timestamp with time zone AS heartbeat,
    NULL::text AS version,
    NULL::text AS role
   FROM (((((hazecast.station
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
     LEFT JOIN hazecast.station_outage outage ON ((outage.station_id = station.id)))
     LEFT JOIN hazecast.active_model own ON ((own.station_id = station.id)))
     LEFT JOIN hazecast.active_model fallback ON ((fallback.station_id IS NULL)))
     LEFT JOIN hazecast.model ON ((model.id = COALESCE(own.model_id, fallback.model_id))))
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
        END AS role
   FROM hazecast.daemon;
COMMENT ON VIEW hazecast.status IS 'How things stand: one row a station, and one a daemon.';
COMMENT ON COLUMN hazecast.status.kind IS 'station or daemon.';
COMMENT ON COLUMN hazecast.status.name IS 'Name of the station; host and process of the daemon.';
COMMENT ON COLUMN hazecast.status.last_reading IS 'Hour of the station''s newest reading; one before 2000 or more than an hour ahead does not count.';
COMMENT ON COLUMN hazecast.status.last_origin IS 'Origin of its newest forecast.';
COMMENT ON COLUMN hazecast.status.lag IS 'last_reading - last_origin: zero when the newest reading is forecast.';
COMMENT ON COLUMN hazecast.status.model IS 'Model that serves the station; default model that the daemon has loaded.';
COMMENT ON COLUMN hazecast.status.reason IS 'Station: why the newest reading has no forecast; NULL when it has one. Daemon: why models that were made active do not serve; NULL when all of them do.';
COMMENT ON COLUMN hazecast.status.heartbeat IS 'When the daemon last said that it lives.';
COMMENT ON COLUMN hazecast.status.version IS 'Version of the daemon.';
COMMENT ON COLUMN hazecast.status.role IS 'active, standby, or lost when the daemon has not said for a minute that it lives.';
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
ALTER TABLE ONLY hazecast.alert
    ADD CONSTRAINT alert_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.alert_rule
    ADD CONSTRAINT alert_rule_name_key UNIQUE (name);
ALTER TABLE ONLY hazecast.alert_rule
    ADD CONSTRAINT alert_rule_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.arrival
    ADD CONSTRAINT arrival_pkey PRIMARY KEY (written_by, reload);
ALTER TABLE ONLY hazecast.daemon
    ADD CONSTRAINT daemon_pkey PRIMARY KEY (instance);
ALTER TABLE ONLY hazecast.forecast_ledger
    ADD CONSTRAINT forecast_ledger_pkey PRIMARY KEY (station_id, origin, revision);
ALTER TABLE ONLY hazecast.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_name_key UNIQUE (name);
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_pkey PRIMARY KEY (id);
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_sha256_key UNIQUE (sha256);
ALTER TABLE ONLY hazecast.reader_scope
    ADD CONSTRAINT reader_scope_pkey PRIMARY KEY (role_name);
ALTER TABLE ONLY hazecast.reading
    ADD CONSTRAINT reading_pkey PRIMARY KEY (station_id, observed_at);
ALTER TABLE ONLY hazecast.reading_default
    ADD CONSTRAINT reading_default_pkey PRIMARY KEY (station_id, observed_at);
ALTER TABLE ONLY hazecast.reading_flag
    ADD CONSTRAINT reading_flag_pkey PRIMARY KEY (station_id, observed_at, measure, flag);
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
CREATE INDEX activation_station_idx ON hazecast.activation USING btree (COALESCE(station_id, 0), id);
COMMENT ON INDEX hazecast.activation_station_idx IS 'Finds the history of a station, or of the default.';
CREATE INDEX alert_cleared_idx ON hazecast.alert USING btree (station_id, rule_id, cleared_origin);
COMMENT ON INDEX hazecast.alert_cleared_idx IS 'Finds when a rule was last cleared for a station.';
CREATE INDEX alert_rule_station_idx ON hazecast.alert_rule USING btree (station_id);
COMMENT ON INDEX hazecast.alert_rule_station_idx IS 'Finds the rules of a station.';
CREATE UNIQUE INDEX alert_standing_idx ON hazecast.alert USING btree (station_id, rule_id) WHERE (cleared_at IS NULL);
COMMENT ON INDEX hazecast.alert_standing_idx IS 'One alert of a rule stands for a station at a time.';
CREATE INDEX reading_written_by_idx ON ONLY hazecast.reading USING btree (written_by);
COMMENT ON INDEX hazecast.reading_written_by_idx IS 'Finds the rows that a transaction wrote.';
CREATE INDEX reading_default_written_by_idx ON hazecast.reading_default USING btree (written_by);
CREATE UNIQUE INDEX training_run_one_at_a_time ON hazecast.training_run USING btree ((true)) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));
COMMENT ON INDEX hazecast.training_run_one_at_a_time IS 'One run waits or goes on at a time; who asks meanwhile joins it.';
ALTER INDEX hazecast.reading_pkey ATTACH PARTITION hazecast.reading_default_pkey;
ALTER INDEX hazecast.reading_written_by_idx ATTACH PARTITION hazecast.reading_default_written_by_idx;
CREATE TRIGGER note_arrival AFTER INSERT OR UPDATE ON hazecast.reading FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_arrival();
COMMENT ON TRIGGER note_arrival ON hazecast.reading IS 'Feeds hazecast.arrival.';
CREATE TRIGGER note_deletion AFTER DELETE ON hazecast.reading REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_removal();
COMMENT ON TRIGGER note_deletion ON hazecast.reading IS 'Feeds hazecast.arrival when rows were deleted.';
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
ALTER TABLE ONLY hazecast.alert_rule
    ADD CONSTRAINT alert_rule_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.model
    ADD CONSTRAINT model_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES hazecast.model(id);
ALTER TABLE hazecast.reading
    ADD CONSTRAINT reading_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id);
ALTER TABLE ONLY hazecast.station_outage
    ADD CONSTRAINT station_outage_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_challenger_id_fkey FOREIGN KEY (challenger_id) REFERENCES hazecast.model(id);
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_champion_id_fkey FOREIGN KEY (champion_id) REFERENCES hazecast.model(id);
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_run_id_fkey FOREIGN KEY (run_id) REFERENCES hazecast.training_run(id) ON DELETE CASCADE;
ALTER TABLE ONLY hazecast.training_result
    ADD CONSTRAINT training_result_station_id_fkey FOREIGN KEY (station_id) REFERENCES hazecast.station(id) ON DELETE CASCADE;
CREATE POLICY everybody ON hazecast.active_model TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.alert TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.daemon TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.forecast_ledger TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.model TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.reading TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.reading_flag TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.station TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY everybody ON hazecast.station_outage TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator USING (true);
CREATE POLICY tenant ON hazecast.active_model FOR SELECT TO hazecast_tenant USING (((station_id IS NULL) OR (EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = active_model.station_id)))));
CREATE POLICY tenant ON hazecast.alert FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = alert.station_id))));
CREATE POLICY tenant ON hazecast.daemon FOR SELECT TO hazecast_tenant USING (false);
CREATE POLICY tenant ON hazecast.forecast_ledger FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = forecast_ledger.station_id))));
CREATE POLICY tenant ON hazecast.model FOR SELECT TO hazecast_tenant USING (((parent_id IS NULL) OR (id IN ( SELECT hazecast.models_in_scope(CURRENT_USER) AS models_in_scope))));
CREATE POLICY tenant ON hazecast.reading FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = reading.station_id))));
CREATE POLICY tenant ON hazecast.reading_flag FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = reading_flag.station_id))));
CREATE POLICY tenant ON hazecast.station FOR SELECT TO hazecast_tenant USING ((labels @> ANY (( SELECT hazecast.scopes(CURRENT_USER) AS scopes)::jsonb[])));
CREATE POLICY tenant ON hazecast.station_outage FOR SELECT TO hazecast_tenant USING ((EXISTS ( SELECT
   FROM hazecast.station
  WHERE (station.id = station_outage.station_id))));
GRANT USAGE ON SCHEMA hazecast TO hazecast_daemon;
GRANT USAGE ON SCHEMA hazecast TO hazecast_writer;
GRANT USAGE ON SCHEMA hazecast TO hazecast_reader;
GRANT USAGE ON SCHEMA hazecast TO hazecast_operator;
GRANT USAGE ON SCHEMA hazecast TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.activate(station integer, model integer, reason text) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.activate_challengers(training_run integer) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.activate_challengers(training_run integer) TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.add_months(parent regclass, key name) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.admit_tenants() FROM PUBLIC;
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
REVOKE ALL ON FUNCTION hazecast.evaluate_alerts(stations integer[], origins timestamp with time zone[], revisions integer[], OUT raised integer, OUT cleared integer, OUT failure text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.evaluate_alerts(stations integer[], origins timestamp with time zone[], revisions integer[], OUT raised integer, OUT cleared integer, OUT failure text) TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.exceedance_probability(level double precision, pm25 double precision, lower80 double precision, upper80 double precision, lower95 double precision, upper95 double precision) TO hazecast_tenant;
GRANT SELECT,INSERT ON TABLE hazecast.forecast_ledger TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.forecast_ledger TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.forecast_ledger TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.forecast_ledger TO hazecast_tenant;
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
GRANT SELECT ON TABLE hazecast.latest_forecast TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.exceedance(level real) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.exceedance(level real) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.exceedance(level real) TO hazecast_reader;
GRANT ALL ON FUNCTION hazecast.exceedance(level real) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.maintain_partitions() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.maintain_partitions() TO hazecast_daemon;
REVOKE ALL ON FUNCTION hazecast.scopes(reader name) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.scopes(reader name) TO hazecast_tenant;
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
REVOKE ALL ON FUNCTION hazecast.models_in_scope(reader name) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.models_in_scope(reader name) TO hazecast_tenant;
REVOKE ALL ON FUNCTION hazecast.note_arrival() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.note_reload() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.note_removal() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.notify_alert() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.notify_arrival() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.notify_model() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.partitions_end(parent regclass) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.promote(model text, station text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.promote(model text, station text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.record_activation() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.refresh() FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.refresh() TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.refresh() TO hazecast_writer;
REVOKE ALL ON FUNCTION hazecast.release_reader(role name) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.request_retrain(why text, OUT training_run integer, OUT answer text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.request_retrain(why text, OUT training_run integer, OUT answer text) TO hazecast_daemon;
GRANT ALL ON FUNCTION hazecast.request_retrain(why text, OUT training_run integer, OUT answer text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.restrict_reader(role name, labels jsonb) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.rollback(station text) FROM PUBLIC;
GRANT ALL ON FUNCTION hazecast.rollback(station text) TO hazecast_operator;
REVOKE ALL ON FUNCTION hazecast.stamp_reading() FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.station_named(station text) FROM PUBLIC;
REVOKE ALL ON FUNCTION hazecast.switch_tenancy(wanted boolean) FROM PUBLIC;
GRANT SELECT ON TABLE hazecast.activation TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.activation TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.activation TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.active_model TO hazecast_tenant;
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
GRANT INSERT(first_lead),UPDATE(first_lead) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(last_lead),UPDATE(last_lead) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(probability),UPDATE(probability) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(hysteresis),UPDATE(hysteresis) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(quiet_period),UPDATE(quiet_period) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT INSERT(enabled),UPDATE(enabled) ON TABLE hazecast.alert_rule TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.alert_rule_status TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.alert_rule_status TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.alert_rule_status TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.alert_rule_status TO hazecast_tenant;
GRANT SELECT,DELETE ON TABLE hazecast.arrival TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.daemon TO hazecast_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.daemon TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.daemon TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.daemon TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.forecast TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.forecast TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.forecast TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.migration TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.migration TO hazecast_writer;
GRANT SELECT ON TABLE hazecast.migration TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.migration TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.migration TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.reading_flag TO hazecast_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.reading_flag TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.reading_flag TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.standing_alert TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.station_outage TO hazecast_reader;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE hazecast.station_outage TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.station_outage TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.station_outage TO hazecast_tenant;
GRANT SELECT ON TABLE hazecast.status TO hazecast_daemon;
GRANT SELECT ON TABLE hazecast.status TO hazecast_reader;
GRANT SELECT ON TABLE hazecast.status TO hazecast_operator;
GRANT SELECT ON TABLE hazecast.status TO hazecast_tenant;
