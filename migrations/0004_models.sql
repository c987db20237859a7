-- The registry of models, and which of them serves.

CREATE TABLE hazecast.model (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
        CONSTRAINT model_name_is_not_blank CHECK (btrim(name) <> ''),
    document jsonb NOT NULL
        CONSTRAINT model_document_is_complete CHECK (
            document ?& ARRAY['format_version', 'name', 'preset', 'architecture', 'normalisation', 'parameters', 'sha256']
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
    reason text
);
COMMENT ON TABLE hazecast.model IS 'Every model that ever was a candidate here. Rows are added, not changed.';
COMMENT ON COLUMN hazecast.model.id IS 'Assigned by the database; what forecasts refer to.';
COMMENT ON COLUMN hazecast.model.name IS
    'Unique name, as the views show it; that of the document unless another model had it already.';
COMMENT ON COLUMN hazecast.model.document IS 'The whole model file. The other columns are parts of it.';
COMMENT ON COLUMN hazecast.model.format_version IS 'Version of the file format.';
COMMENT ON COLUMN hazecast.model.preset IS 'chapter or operational.';
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
REVOKE ALL ON hazecast.model FROM PUBLIC;
GRANT SELECT ON hazecast.model TO hazecast_daemon, hazecast_reader;

CREATE TABLE hazecast.active_model (
    station_id integer REFERENCES hazecast.station ON DELETE CASCADE,
    model_id integer NOT NULL REFERENCES hazecast.model,
    since timestamptz NOT NULL DEFAULT now(),
    by_whom text NOT NULL DEFAULT session_user,
    CONSTRAINT active_model_one_per_station UNIQUE NULLS NOT DISTINCT (station_id)
);
COMMENT ON TABLE hazecast.active_model IS 'Which model serves which station. A change takes effect at the next origin.';
COMMENT ON COLUMN hazecast.active_model.station_id IS
    'The station; NULL is the default for all that have no row of their own.';
COMMENT ON COLUMN hazecast.active_model.model_id IS 'The model that serves.';
COMMENT ON COLUMN hazecast.active_model.since IS 'Since when.';
COMMENT ON COLUMN hazecast.active_model.by_whom IS 'The database user who put it there.';
REVOKE ALL ON hazecast.active_model FROM PUBLIC;
GRANT SELECT ON hazecast.active_model TO hazecast_daemon, hazecast_reader;

CREATE FUNCTION hazecast.notify_model() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('hazecast.notify', true) IS DISTINCT FROM 'off' THEN
        PERFORM pg_notify('hazecast_model', '');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.notify_model() IS
    'After another model was made active: NOTIFY hazecast_model, unless hazecast.notify is off.';
REVOKE ALL ON FUNCTION hazecast.notify_model() FROM PUBLIC;

CREATE TRIGGER notify_model AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON hazecast.active_model
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.notify_model();
COMMENT ON TRIGGER notify_model ON hazecast.active_model IS 'Tells the daemon to load the active models anew.';
