-- The registry of models, which of them serves, and which served when.

CREATE TABLE hazecast.model (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
        CONSTRAINT model_name_is_not_blank CHECK (btrim(name) <> ''),
    document jsonb NOT NULL
        CONSTRAINT model_document_is_complete CHECK (
            document ?& ARRAY[
                'format_version', 'name', 'preset', 'architecture', 'normalisation', 'parameters', 'sha256'
            ]
        ),
    format_version integer NOT NULL GENERATED ALWAYS AS ((document ->> 'format_version')::integer) STORED,
    preset text NOT NULL GENERATED ALWAYS AS (document ->> 'preset') STORED,
    architecture jsonb NOT NULL GENERATED ALWAYS AS (document -> 'architecture') STORED,
    parameters jsonb NOT NULL GENERATED ALWAYS AS (document -> 'parameters') STORED,
    normalisation jsonb NOT NULL GENERATED ALWAYS AS (document -> 'normalisation') STORED,
    training jsonb GENERATED ALWAYS AS (document -> 'training') STORED,
    scores jsonb GENERATED ALWAYS AS (document -> 'scores') STORED,
    sha256 text NOT NULL GENERATED ALWAYS AS (document ->> 'sha256') STORED
        UNIQUE
        CONSTRAINT model_sha256_is_hexadecimal CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    parent_id integer REFERENCES hazecast.model,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text NOT NULL DEFAULT session_user,
    reason text,
    code_version text
);
COMMENT ON TABLE hazecast.model IS
    'Every model that serves, has served or was brought by somebody, and the newest challengers. Rows are added, not '
    'changed; hazecast.prune_challengers takes away what never served.';
COMMENT ON COLUMN hazecast.model.id IS 'Assigned by the database; what forecasts refer to. 0 is persistence.';
COMMENT ON COLUMN hazecast.model.name IS
    'Unique name, as the views show it; that of the document unless another model had it already.';
COMMENT ON COLUMN hazecast.model.document IS 'The whole model file. The other columns are parts of it.';
COMMENT ON COLUMN hazecast.model.format_version IS 'Version of the file format.';
COMMENT ON COLUMN hazecast.model.preset IS
    'chapter or operational; persistence for what serves where no model is better.';
COMMENT ON COLUMN hazecast.model.architecture IS 'Inputs and sizes of the network.';
COMMENT ON COLUMN hazecast.model.parameters IS 'The named tensors: shapes and float32 values.';
COMMENT ON COLUMN hazecast.model.normalisation IS 'How inputs and output are scaled; travels with the parameters.';
COMMENT ON COLUMN hazecast.model.training IS 'How and on what the model was trained; NULL when the file does not say.';
COMMENT ON COLUMN hazecast.model.scores IS 'How the model scored when it was trained; NULL when the file does not say.';
COMMENT ON COLUMN hazecast.model.sha256 IS
    'SHA-256 of the model''s meaning, 64 hex digits, the same however its JSON is laid out.';
COMMENT ON COLUMN hazecast.model.parent_id IS 'The model that this one was trained on from; NULL when from scratch.';
COMMENT ON COLUMN hazecast.model.created_at IS 'When the model was added.';
COMMENT ON COLUMN hazecast.model.created_by IS 'The database user who added it.';
COMMENT ON COLUMN hazecast.model.reason IS 'Why it was added.';
COMMENT ON COLUMN hazecast.model.code_version IS
    'Version of the hazecast that brought or trained it; NULL where somebody added it by hand.';
REVOKE ALL ON hazecast.model FROM PUBLIC;
GRANT SELECT ON hazecast.model TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT INSERT (name, document, parent_id, reason, code_version) ON hazecast.model TO hazecast_daemon;

-- What persistence issues has to be somebody's. Number 0, so that the daemon knows it without asking.
INSERT INTO hazecast.model (id, name, document, reason) OVERRIDING SYSTEM VALUE
VALUES (
    0, 'persistence',
    jsonb_build_object(
        'format_version', 1, 'name', 'persistence', 'preset', 'persistence', 'architecture', '{}'::jsonb,
        'normalisation', '{}'::jsonb, 'parameters', '{}'::jsonb,
        'sha256', encode(sha256('persistence'), 'hex')),
    '"It stays as it is": serves a station whose model is no better, see hazecast.live_day');

CREATE TABLE hazecast.active_model (
    station_id integer REFERENCES hazecast.station ON DELETE CASCADE,
    model_id integer NOT NULL REFERENCES hazecast.model,
    since timestamptz NOT NULL DEFAULT now(),
    by_whom text NOT NULL DEFAULT session_user,
    CONSTRAINT active_model_one_per_station UNIQUE NULLS NOT DISTINCT (station_id)
);
-- No key can be its replica identity, because station_id may be NULL. Without one, a publication of all tables would
-- make every UPDATE and DELETE fail.
ALTER TABLE hazecast.active_model REPLICA IDENTITY FULL;
COMMENT ON TABLE hazecast.active_model IS 'Which model serves which station. A change takes effect at the next origin.';
COMMENT ON COLUMN hazecast.active_model.station_id IS
    'The station; NULL is the default for all that have no row of their own.';
COMMENT ON COLUMN hazecast.active_model.model_id IS 'The model that serves.';
COMMENT ON COLUMN hazecast.active_model.since IS 'Since when.';
COMMENT ON COLUMN hazecast.active_model.by_whom IS 'The database user who put it there.';
REVOKE ALL ON hazecast.active_model FROM PUBLIC;
GRANT SELECT ON hazecast.active_model TO hazecast_daemon, hazecast_reader, hazecast_operator;

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
CREATE INDEX activation_activated_at_idx ON hazecast.activation (activated_at);
COMMENT ON INDEX hazecast.activation_activated_at_idx IS 'Finds the changes since a training run began.';
COMMENT ON TABLE hazecast.activation IS
    'Every change of hazecast.active_model, whoever made it; a trigger there writes it. No foreign key to stations: '
    'history outlives them.';
COMMENT ON COLUMN hazecast.activation.id IS 'Assigned by the database, ascending.';
COMMENT ON COLUMN hazecast.activation.station_id IS
    'The station; NULL is the default of those without a model of their own.';
COMMENT ON COLUMN hazecast.activation.model_id IS 'The model that serves from here on; NULL: the default does again.';
COMMENT ON COLUMN hazecast.activation.previous_model_id IS 'The one before; NULL where there was none of its own.';
COMMENT ON COLUMN hazecast.activation.activated_at IS 'When.';
COMMENT ON COLUMN hazecast.activation.by_whom IS 'The database user who did it.';
COMMENT ON COLUMN hazecast.activation.reason IS
    'The training run, promote or rollback; NULL where it was done by hand.';
COMMENT ON COLUMN hazecast.activation.goes_back_to IS
    'The activation that a rollback returns to; NULL where there is none.';
REVOKE ALL ON hazecast.activation FROM PUBLIC;
GRANT SELECT ON hazecast.activation TO hazecast_daemon, hazecast_reader, hazecast_operator;
