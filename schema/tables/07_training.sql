-- Training runs and their results.

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
COMMENT ON INDEX hazecast.training_run_one_at_a_time IS
    'One run waits or goes on at a time; who asks meanwhile joins it.';
COMMENT ON TABLE hazecast.training_run IS
    'Every attempt at a better model. A run trains a challenger for each station with 90 days of readings, and one '
    'for all others together, and compares it with what serves on the last 21 days; see hazecast.training_result.';
COMMENT ON COLUMN hazecast.training_run.id IS 'Assigned by the database.';
COMMENT ON COLUMN hazecast.training_run.state IS
    'waiting, running; then promoted (a challenger serves, for some station at least), rejected, inconclusive (the '
    'last 21 days prove nothing), failed or cancelled. Unless promoted, what served serves on.';
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
COMMENT ON COLUMN hazecast.training_run.why IS
    'What it was asked for by: reload, schedule, SQL, or somebody''s own words.';
COMMENT ON COLUMN hazecast.training_run.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN hazecast.training_run.requested_by IS 'The database user who asked.';
COMMENT ON COLUMN hazecast.training_run.started_at IS 'When training began; NULL while it waits.';
COMMENT ON COLUMN hazecast.training_run.finished_at IS 'When it ended; NULL until then.';
COMMENT ON COLUMN hazecast.training_run.code_version IS 'Version of the hazecast that trained; NULL while it waits.';
REVOKE ALL ON hazecast.training_run FROM PUBLIC;
GRANT SELECT ON hazecast.training_run TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT UPDATE ( state, decision, progress, phase, persistence_rmse, champion_rmse, challenger_rmse, champion_skill,
    challenger_skill, started_at, finished_at, code_version ) ON hazecast.training_run TO hazecast_daemon;

CREATE TABLE hazecast.training_result (
    run_id integer NOT NULL REFERENCES hazecast.training_run ON DELETE CASCADE,
    station_id integer REFERENCES hazecast.station ON DELETE CASCADE,
    verdict text NOT NULL
        CONSTRAINT training_result_verdict_is_known CHECK (verdict IN ('promoted', 'rejected', 'inconclusive')),
    reason text NOT NULL,
    champion_id integer NOT NULL REFERENCES hazecast.model,
    challenger_id integer REFERENCES hazecast.model ON DELETE SET NULL
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
    champion_earlier_skill double precision,
    challenger_earlier_skill double precision,
    CONSTRAINT training_result_one_per_station UNIQUE NULLS NOT DISTINCT (run_id, station_id)
);
-- As hazecast.active_model.
ALTER TABLE hazecast.training_result REPLICA IDENTITY FULL;
-- What a deleted model is looked for by.
CREATE INDEX training_result_challenger_idx ON hazecast.training_result (challenger_id);
COMMENT ON INDEX hazecast.training_result_challenger_idx IS 'Finds the results of a challenger.';
CREATE INDEX training_result_champion_idx ON hazecast.training_result (champion_id);
COMMENT ON INDEX hazecast.training_result_champion_idx IS 'Finds the results against a champion.';
COMMENT ON TABLE hazecast.training_result IS
    'How champion (what serves), challenger (what was trained) and persistence did on the last 21 days before a run, '
    'which the challenger was not trained on; one row a station, and one for the stations that have less than 90 days.';
COMMENT ON COLUMN hazecast.training_result.run_id IS 'The training run.';
COMMENT ON COLUMN hazecast.training_result.station_id IS
    'The station; NULL for all stations with less than 90 days of readings, which the default model serves.';
COMMENT ON COLUMN hazecast.training_result.verdict IS
    'promoted, rejected, or inconclusive: the last 21 days are too few readings, or not like those before.';
COMMENT ON COLUMN hazecast.training_result.reason IS 'Why, in words.';
COMMENT ON COLUMN hazecast.training_result.champion_id IS 'The model that served when the run began.';
COMMENT ON COLUMN hazecast.training_result.challenger_id IS
    'The model that was trained; NULL where there was too little to train one, or where it never served and has gone '
    'since.';
COMMENT ON COLUMN hazecast.training_result.champion_skill IS
    'Mean skill against persistence over the leads; 0 is as good as persistence, 1 is perfect. NULL where nothing was '
    'scored.';
COMMENT ON COLUMN hazecast.training_result.challenger_skill IS 'The same of the challenger.';
COMMENT ON COLUMN hazecast.training_result.stations IS
    'How many stations were trained and scored on: 1, or those together.';
COMMENT ON COLUMN hazecast.training_result.held_out_from IS 'First hour that the challenger was not trained on.';
COMMENT ON COLUMN hazecast.training_result.held_out_until IS 'The hour after the last one that was scored.';
COMMENT ON COLUMN hazecast.training_result.leads IS
    'The leads that were scored, in hours; the arrays beside it go by them.';
COMMENT ON COLUMN hazecast.training_result.origins IS 'Origins scored at each lead.';
COMMENT ON COLUMN hazecast.training_result.persistence_rmse IS 'RMSE in µg/m³ of the last reading, at each lead.';
COMMENT ON COLUMN hazecast.training_result.champion_rmse IS 'RMSE in µg/m³ of the champion at each lead.';
COMMENT ON COLUMN hazecast.training_result.challenger_rmse IS 'RMSE in µg/m³ of the challenger at each lead.';
COMMENT ON COLUMN hazecast.training_result.recorded_at IS 'When it was recorded.';
COMMENT ON COLUMN hazecast.training_result.champion_earlier_skill IS
    'Mean skill of the champion on the 21 days that ended 60 days before the run; NULL where there are too few '
    'readings.';
COMMENT ON COLUMN hazecast.training_result.challenger_earlier_skill IS
    'The same of the challenger, which was not trained on them; it has to be ahead on them by the same margin.';
REVOKE ALL ON hazecast.training_result FROM PUBLIC;
GRANT SELECT ON hazecast.training_result TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT INSERT ( run_id, station_id, verdict, reason, champion_id, challenger_id, champion_skill, challenger_skill,
    stations, held_out_from, held_out_until, leads, origins, persistence_rmse, champion_rmse, challenger_rmse ) ON
    hazecast.training_result TO hazecast_daemon;
GRANT INSERT (champion_earlier_skill, challenger_earlier_skill) ON hazecast.training_result TO hazecast_daemon;
