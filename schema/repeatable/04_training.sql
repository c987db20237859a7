-- Asking for training runs, and what the trainer and the daemon do with them.

CREATE OR REPLACE FUNCTION hazecast.close_lost_runs() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH closed AS (
        UPDATE hazecast.training_run
        SET state = 'failed', finished_at = clock_timestamp(), phase = NULL,
            decision = 'the trainer is gone without a word: its daemon was killed, its machine or its connection '
                'was lost'
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

CREATE OR REPLACE FUNCTION hazecast.request_retrain(
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
    'Asks the daemon for a training run. Answers accepted, or joined where one waits or goes on already, with its id '
    'in hazecast.training_run.';
REVOKE ALL ON FUNCTION hazecast.request_retrain(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.request_retrain(text) TO hazecast_daemon, hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.activate_challengers(training_run integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.activate_challengers(integer) IS
    'Makes the challengers that a running training run promoted serve, unless somebody chose another model meanwhile; '
    'returns how many. The trainer calls it.';
REVOKE ALL ON FUNCTION hazecast.activate_challengers(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.activate_challengers(integer) TO hazecast_daemon;

CREATE OR REPLACE FUNCTION hazecast.prune_challengers() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.prune_challengers() IS
    'Takes away the challengers that never served, but for those of a station''s last three results, and returns how '
    'many went; their scores stay in hazecast.training_result. Each training run ends with it.';
REVOKE ALL ON FUNCTION hazecast.prune_challengers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.prune_challengers() TO hazecast_daemon;

CREATE OR REPLACE FUNCTION hazecast.continue_run(training_run integer) RETURNS SETOF integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    INSERT INTO hazecast.training_result (
        run_id, station_id, verdict, reason, champion_id, challenger_id, champion_skill, challenger_skill,
        champion_earlier_skill, challenger_earlier_skill, stations, held_out_from, held_out_until, leads, origins,
        persistence_rmse, champion_rmse, challenger_rmse, recorded_at)
    SELECT DISTINCT ON (coalesce(r.station_id, 0))
        continue_run.training_run, r.station_id, r.verdict, r.reason, r.champion_id, r.challenger_id, r.champion_skill,
        r.challenger_skill, r.champion_earlier_skill, r.challenger_earlier_skill, r.stations, r.held_out_from,
        r.held_out_until, r.leads, r.origins, r.persistence_rmse, r.champion_rmse, r.challenger_rmse, r.recorded_at
    FROM hazecast.training_result AS r
    JOIN hazecast.training_run AS cut ON cut.id = r.run_id
    JOIN hazecast.training_run AS next ON next.id = continue_run.training_run AND next.state = 'running'
    WHERE cut.state IN ('failed', 'cancelled') AND cut.code_version = next.code_version
        AND cut.id > (
            SELECT coalesce(max(whole.id), 0) FROM hazecast.training_run AS whole
            WHERE whole.state IN ('promoted', 'rejected', 'inconclusive')
        )
        AND r.held_out_until > clock_timestamp() - interval '1 day'
        AND r.champion_id = (
            SELECT a.model_id FROM hazecast.active_model AS a
            WHERE a.station_id = r.station_id OR a.station_id IS NULL ORDER BY a.station_id NULLS LAST LIMIT 1
        )
    ORDER BY coalesce(r.station_id, 0), r.run_id DESC
    RETURNING coalesce(station_id, 0);
END;
COMMENT ON FUNCTION hazecast.continue_run(integer) IS
    'Gives a running training run the results of runs that were cut short within the last day and against the same '
    'champion, and returns their stations, 0 for all others together. The trainer calls it and does the rest.';
REVOKE ALL ON FUNCTION hazecast.continue_run(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.continue_run(integer) TO hazecast_daemon;
