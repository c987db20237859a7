-- Training runs, what served when, and the role of those who decide about it.

DO $$
BEGIN
    IF to_regrole('hazecast_operator') IS NULL THEN
        BEGIN
            CREATE ROLE hazecast_operator NOLOGIN;
            COMMENT ON ROLE hazecast_operator IS
                'May ask for a training run, promote a model, roll back to the one before, and read what they did.';
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN
                NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION
                    'role "hazecast_operator" is missing and "%" may not create it; as a superuser: '
                    'CREATE ROLE hazecast_operator', current_user
                    USING ERRCODE = 'insufficient_privilege';
        END;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA hazecast TO hazecast_operator;
GRANT SELECT ON
    hazecast.migration, hazecast.station, hazecast.model, hazecast.active_model, hazecast.daemon,
    hazecast.station_outage, hazecast.status
    TO hazecast_operator;

ALTER TABLE hazecast.model ADD COLUMN code_version text;
COMMENT ON COLUMN hazecast.model.code_version IS
    'Version of the hazecast that brought or trained it; NULL where somebody added it by hand.';
GRANT INSERT (name, document, parent_id, reason, code_version) ON hazecast.model TO hazecast_daemon;

-- Training runs.

CREATE TABLE hazecast.training_run (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    state text NOT NULL DEFAULT 'waiting'
        CONSTRAINT training_run_state_is_known CHECK (state IN (
            'waiting', 'running', 'promoted', 'rejected', 'inconclusive', 'failed', 'cancelled'
        )),
    decision text,
    progress real NOT NULL DEFAULT 0
        CONSTRAINT training_run_progress_is_a_share CHECK (progress BETWEEN 0 AND 1),
    phase text,
    persistence_rmse double precision,
    champion_rmse double precision,
    challenger_rmse double precision,
    champion_skill double precision,
    challenger_skill double precision,
    why text NOT NULL
        CONSTRAINT training_run_says_why CHECK (btrim(why) <> ''),
    requested_at timestamptz NOT NULL DEFAULT now(),
    requested_by text NOT NULL DEFAULT session_user,
    started_at timestamptz,
    finished_at timestamptz,
    code_version text,
    CONSTRAINT training_run_ends_once CHECK ((state IN ('waiting', 'running')) = (finished_at IS NULL))
);
CREATE UNIQUE INDEX training_run_one_at_a_time ON hazecast.training_run ((true)) WHERE state IN ('waiting', 'running');
COMMENT ON INDEX hazecast.training_run_one_at_a_time IS 'One run waits or goes on at a time; who asks meanwhile joins it.';
COMMENT ON TABLE hazecast.training_run IS
    'Every attempt at a better model. A run trains a challenger for each station with 90 days of readings, and one for all '
    'others together, and compares it with what serves on the last 21 days; see hazecast.training_result.';
COMMENT ON COLUMN hazecast.training_run.id IS 'Assigned by the database.';
COMMENT ON COLUMN hazecast.training_run.state IS
    'waiting, running; then promoted (a challenger serves, for some station at least), rejected, inconclusive (the last 21 '
    'days prove nothing), failed or cancelled. Unless promoted, what served serves on.';
COMMENT ON COLUMN hazecast.training_run.decision IS 'Why it ended as it did, in words; NULL until then.';
COMMENT ON COLUMN hazecast.training_run.progress IS 'Share of the work that is done, 0 to 1.';
COMMENT ON COLUMN hazecast.training_run.phase IS 'What it is at; NULL before and afterwards.';
COMMENT ON COLUMN hazecast.training_run.persistence_rmse IS
    'RMSE of persistence in µg/m³ on the last 21 days: mean over leads 1, 2, 4, 8, 12 and 24 and over the results.';
COMMENT ON COLUMN hazecast.training_run.champion_rmse IS 'The same of the models that served.';
COMMENT ON COLUMN hazecast.training_run.challenger_rmse IS 'The same of the models that were trained.';
COMMENT ON COLUMN hazecast.training_run.champion_skill IS
    'Skill against persistence of the models that served, the same mean; 0 is as good as persistence, 1 is perfect.';
COMMENT ON COLUMN hazecast.training_run.challenger_skill IS 'The same of the models that were trained.';
COMMENT ON COLUMN hazecast.training_run.why IS 'What it was asked for by: reload, schedule, SQL, or somebody''s own words.';
COMMENT ON COLUMN hazecast.training_run.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN hazecast.training_run.requested_by IS 'The database user who asked.';
COMMENT ON COLUMN hazecast.training_run.started_at IS 'When training began; NULL while it waits.';
COMMENT ON COLUMN hazecast.training_run.finished_at IS 'When it ended; NULL until then.';
COMMENT ON COLUMN hazecast.training_run.code_version IS 'Version of the hazecast that trained; NULL while it waits.';
REVOKE ALL ON hazecast.training_run FROM PUBLIC;
GRANT SELECT ON hazecast.training_run TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT UPDATE (
    state, decision, progress, phase, persistence_rmse, champion_rmse, challenger_rmse, champion_skill,
    challenger_skill, started_at, finished_at, code_version
) ON hazecast.training_run TO hazecast_daemon;

CREATE TABLE hazecast.training_result (
    run_id integer NOT NULL REFERENCES hazecast.training_run ON DELETE CASCADE,
    station_id integer REFERENCES hazecast.station ON DELETE CASCADE,
    verdict text NOT NULL
        CONSTRAINT training_result_verdict_is_known CHECK (verdict IN ('promoted', 'rejected', 'inconclusive')),
    reason text NOT NULL,
    champion_id integer NOT NULL REFERENCES hazecast.model,
    challenger_id integer REFERENCES hazecast.model
        CONSTRAINT training_result_promotes_somebody CHECK (verdict <> 'promoted' OR challenger_id IS NOT NULL),
    champion_skill double precision,
    challenger_skill double precision,
    stations integer NOT NULL,
    held_out_from timestamptz NOT NULL,
    held_out_until timestamptz NOT NULL,
    leads integer[] NOT NULL,
    origins integer[] NOT NULL,
    persistence_rmse double precision[] NOT NULL,
    champion_rmse double precision[] NOT NULL,
    challenger_rmse double precision[],
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT training_result_one_per_station UNIQUE NULLS NOT DISTINCT (run_id, station_id)
);
COMMENT ON TABLE hazecast.training_result IS
    'How champion (what serves), challenger (what was trained) and persistence did on the last 21 days before a run, which '
    'the challenger was not trained on; one row a station, and one for the stations that have less than 90 days.';
COMMENT ON COLUMN hazecast.training_result.run_id IS 'The training run.';
COMMENT ON COLUMN hazecast.training_result.station_id IS
    'The station; NULL for all stations with less than 90 days of readings, which the default model serves.';
COMMENT ON COLUMN hazecast.training_result.verdict IS
    'promoted, rejected, or inconclusive: the last 21 days are too few readings, or not like those before.';
COMMENT ON COLUMN hazecast.training_result.reason IS 'Why, in words.';
COMMENT ON COLUMN hazecast.training_result.champion_id IS 'The model that served when the run began.';
COMMENT ON COLUMN hazecast.training_result.challenger_id IS
    'The model that was trained; NULL where there were too few readings to train or to compare on.';
COMMENT ON COLUMN hazecast.training_result.champion_skill IS
    'Mean skill against persistence over the leads; 0 is as good as persistence, 1 is perfect. NULL where nothing was scored.';
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
REVOKE ALL ON hazecast.training_result FROM PUBLIC;
GRANT SELECT ON hazecast.training_result TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT INSERT (
    run_id, station_id, verdict, reason, champion_id, challenger_id, champion_skill, challenger_skill, stations,
    held_out_from, held_out_until, leads, origins, persistence_rmse, champion_rmse, challenger_rmse
) ON hazecast.training_result TO hazecast_daemon;

CREATE FUNCTION hazecast.close_lost_runs() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH closed AS (
        UPDATE hazecast.training_run
        SET state = 'failed', finished_at = clock_timestamp(), phase = NULL,
            decision = 'the trainer is gone without a word: its daemon was killed, its machine or its connection was lost'
        WHERE state = 'running' AND NOT EXISTS (
            -- "HazeTrai" in ASCII, the advisory lock that a trainer holds from before its run is running to its end.
            SELECT FROM pg_locks
            WHERE locktype = 'advisory' AND granted AND classid = 1214347877 AND objid = 1416782185 AND objsubid = 1
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
        )
        RETURNING id
    )
    SELECT count(*)::integer FROM closed;
END;
COMMENT ON FUNCTION hazecast.close_lost_runs() IS
    'Ends the run that says it is running while nobody trains; returns how many there were. The daemon calls it.';
REVOKE ALL ON FUNCTION hazecast.close_lost_runs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.close_lost_runs() TO hazecast_daemon;

CREATE FUNCTION hazecast.request_retrain(
    why text DEFAULT 'SQL', OUT training_run integer, OUT answer text
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.request_retrain(text) IS
    'Asks the daemon for a training run. Answers accepted, or joined where one waits or goes on already, with its id in '
    'hazecast.training_run.';
REVOKE ALL ON FUNCTION hazecast.request_retrain(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.request_retrain(text) TO hazecast_daemon, hazecast_operator;

-- What served when.

CREATE TABLE hazecast.activation (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    station_id integer,
    model_id integer REFERENCES hazecast.model,
    previous_model_id integer REFERENCES hazecast.model,
    activated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    by_whom text NOT NULL DEFAULT session_user,
    reason text,
    goes_back_to integer REFERENCES hazecast.activation
);
-- Stations are numbered from 1; what is said of all of them is found under 0.
CREATE INDEX activation_station_idx ON hazecast.activation (coalesce(station_id, 0), id);
COMMENT ON INDEX hazecast.activation_station_idx IS 'Finds the history of a station, or of the default.';
COMMENT ON TABLE hazecast.activation IS
    'Every change of hazecast.active_model, whoever made it; a trigger there writes it. No foreign key to stations: history '
    'outlives them.';
COMMENT ON COLUMN hazecast.activation.id IS 'Assigned by the database, ascending.';
COMMENT ON COLUMN hazecast.activation.station_id IS 'The station; NULL is the default of those without a model of their own.';
COMMENT ON COLUMN hazecast.activation.model_id IS 'The model that serves from here on; NULL: the default does again.';
COMMENT ON COLUMN hazecast.activation.previous_model_id IS 'The one before; NULL where there was none of its own.';
COMMENT ON COLUMN hazecast.activation.activated_at IS 'When.';
COMMENT ON COLUMN hazecast.activation.by_whom IS 'The database user who did it.';
COMMENT ON COLUMN hazecast.activation.reason IS 'The training run, promote or rollback; NULL where it was done by hand.';
COMMENT ON COLUMN hazecast.activation.goes_back_to IS 'The activation that a rollback returns to; NULL where there is none.';
REVOKE ALL ON hazecast.activation FROM PUBLIC;
GRANT SELECT ON hazecast.activation TO hazecast_daemon, hazecast_reader, hazecast_operator;

INSERT INTO hazecast.activation (station_id, model_id, activated_at, by_whom, reason)
SELECT station_id, model_id, since, by_whom, 'active when this history began' FROM hazecast.active_model;

CREATE FUNCTION hazecast.record_activation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
REVOKE ALL ON FUNCTION hazecast.record_activation() FROM PUBLIC;

CREATE TRIGGER record_activation AFTER INSERT OR UPDATE OR DELETE ON hazecast.active_model
    FOR EACH ROW EXECUTE FUNCTION hazecast.record_activation();
COMMENT ON TRIGGER record_activation ON hazecast.active_model IS 'Keeps the history of what served.';

CREATE FUNCTION hazecast.activate(station integer, model integer, reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.activate(integer, integer, text) IS
    'What promote, rollback and training runs have in common. Only the owner may call it.';
REVOKE ALL ON FUNCTION hazecast.activate(integer, integer, text) FROM PUBLIC;

CREATE FUNCTION hazecast.station_named(station text) RETURNS integer
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.station_named(text) IS 'The id of a station, an error where there is none; NULL for NULL.';
REVOKE ALL ON FUNCTION hazecast.station_named(text) FROM PUBLIC;

CREATE FUNCTION hazecast.promote(model text, station text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.promote(text, text) IS
    'Makes a model serve one station, or all that have no model of their own, from their next forecast on. Says what it did. '
    'hazecast.activation keeps who, when, and what served before.';
REVOKE ALL ON FUNCTION hazecast.promote(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.promote(text, text) TO hazecast_operator;

CREATE FUNCTION hazecast.rollback(station text DEFAULT NULL) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.rollback(text) IS
    'Makes the model before serve again, for one station or for all that have no model of their own; called again, the one '
    'before that. A station that had no model of its own before is served by the default again. Says what it did.';
REVOKE ALL ON FUNCTION hazecast.rollback(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.rollback(text) TO hazecast_operator;

CREATE FUNCTION hazecast.activate_challengers(training_run integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.activate_challengers(integer) IS
    'Makes the challengers that a running training run promoted serve, unless somebody chose another model meanwhile; '
    'returns how many. The trainer calls it.';
REVOKE ALL ON FUNCTION hazecast.activate_challengers(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.activate_challengers(integer) TO hazecast_daemon;

-- Why what was made active last does not serve.

ALTER TABLE hazecast.daemon ADD COLUMN refusal text;
COMMENT ON COLUMN hazecast.daemon.refusal IS
    'Why models that were made active do not serve, and what serves instead; NULL when all of them do.';

CREATE OR REPLACE VIEW hazecast.status AS
SELECT
    'station' AS kind,
    station.name,
    newest.reading AS last_reading,
    newest.origin AS last_origin,
    newest.reading - newest.origin AS lag,
    model.name AS model,
    CASE
        WHEN newest.reading IS NULL THEN 'no reading yet'
        WHEN outage.origin = newest.reading THEN outage.reason
        WHEN newest.origin >= newest.reading THEN NULL
        ELSE 'not forecast yet'
    END AS reason,
    NULL::timestamptz AS heartbeat,
    NULL::text AS version,
    NULL::text AS role
FROM hazecast.station
CROSS JOIN LATERAL (
    SELECT
        (
            SELECT reading.observed_at
            FROM hazecast.reading
            WHERE reading.station_id = station.id
                AND reading.observed_at BETWEEN '2000-01-01 00:00:00+00' AND now() + interval '1 hour'
            ORDER BY reading.observed_at DESC
            LIMIT 1
        ) AS reading,
        (
            SELECT ledger.origin
            FROM hazecast.forecast_ledger AS ledger
            WHERE ledger.station_id = station.id
                AND EXISTS (
                    SELECT FROM hazecast.reading
                    WHERE reading.station_id = station.id AND reading.observed_at = ledger.origin
                    OFFSET 0 -- keeps it a probe of one key instead of a join with every reading
                )
            ORDER BY ledger.origin DESC
            LIMIT 1
        ) AS origin
    OFFSET 0 -- looks once, however often the columns are named above
) AS newest
LEFT JOIN hazecast.station_outage AS outage ON outage.station_id = station.id
LEFT JOIN hazecast.active_model AS own ON own.station_id = station.id
LEFT JOIN hazecast.active_model AS fallback ON fallback.station_id IS NULL
LEFT JOIN hazecast.model ON model.id = coalesce(own.model_id, fallback.model_id)
UNION ALL
SELECT
    'daemon',
    daemon.host || ':' || daemon.pid,
    NULL,
    NULL,
    NULL,
    daemon.model,
    daemon.refusal,
    daemon.heartbeat,
    daemon.version,
    CASE WHEN daemon.heartbeat < now() - interval '1 minute' THEN 'lost' ELSE daemon.role END
FROM hazecast.daemon;
COMMENT ON COLUMN hazecast.status.reason IS
    'Station: why the newest reading has no forecast; NULL when it has one. Daemon: why models that were made active do not '
    'serve; NULL when all of them do.';
