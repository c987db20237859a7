-- The second hold-out, and challengers that need not be kept.

ALTER TABLE hazecast.training_result
    ADD COLUMN champion_earlier_skill double precision,
    ADD COLUMN challenger_earlier_skill double precision;
COMMENT ON COLUMN hazecast.training_result.champion_earlier_skill IS
    'Mean skill of the champion on the 21 days that ended 60 days before the run; NULL where there are too few readings.';
COMMENT ON COLUMN hazecast.training_result.challenger_earlier_skill IS
    'The same of the challenger, which was not trained on them; it has to be ahead on them by the same margin.';
GRANT INSERT (champion_earlier_skill, challenger_earlier_skill) ON hazecast.training_result TO hazecast_daemon;

COMMENT ON TABLE hazecast.model IS
    'Every model that serves, has served or was brought by somebody, and the newest challengers. Rows are added, not changed; '
    'hazecast.prune_challengers takes away what never served.';
COMMENT ON COLUMN hazecast.training_result.challenger_id IS
    'The model that was trained; NULL where there was too little to train one, or where it never served and has gone since.';

-- What a deleted model is looked for by.
CREATE INDEX training_result_challenger_idx ON hazecast.training_result (challenger_id);
COMMENT ON INDEX hazecast.training_result_challenger_idx IS 'Finds the results of a challenger.';
CREATE INDEX training_result_champion_idx ON hazecast.training_result (champion_id);
COMMENT ON INDEX hazecast.training_result_champion_idx IS 'Finds the results against a champion.';

ALTER TABLE hazecast.training_result
    DROP CONSTRAINT training_result_challenger_id_fkey,
    ADD CONSTRAINT training_result_challenger_id_fkey FOREIGN KEY (challenger_id) REFERENCES hazecast.model ON DELETE SET NULL;

CREATE FUNCTION hazecast.prune_challengers() RETURNS integer
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
    'Takes away the challengers that never served, but for those of a station''s last three results, and returns how many '
    'went; their scores stay in hazecast.training_result. Each training run ends with it.';
REVOKE ALL ON FUNCTION hazecast.prune_challengers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.prune_challengers() TO hazecast_daemon;

CREATE FUNCTION hazecast.continue_run(training_run integer) RETURNS SETOF integer
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
    'Gives a running training run the results of runs that were cut short within the last day and against the same champion, '
    'and returns their stations, 0 for all others together. The trainer calls it and does the rest.';
REVOKE ALL ON FUNCTION hazecast.continue_run(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.continue_run(integer) TO hazecast_daemon;
