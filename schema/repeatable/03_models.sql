-- Choosing the model that serves, and the history of choices.

CREATE OR REPLACE FUNCTION hazecast.notify_model() RETURNS trigger
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

CREATE OR REPLACE TRIGGER notify_model AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON hazecast.active_model
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.notify_model();
COMMENT ON TRIGGER notify_model ON hazecast.active_model IS 'Tells the daemon to load the active models anew.';

CREATE OR REPLACE FUNCTION hazecast.record_activation() RETURNS trigger
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
COMMENT ON FUNCTION hazecast.record_activation() IS
    'Writes a change of hazecast.active_model into hazecast.activation.';
REVOKE ALL ON FUNCTION hazecast.record_activation() FROM PUBLIC;

CREATE OR REPLACE TRIGGER record_activation AFTER INSERT OR UPDATE OR DELETE ON hazecast.active_model
    FOR EACH ROW EXECUTE FUNCTION hazecast.record_activation();
COMMENT ON TRIGGER record_activation ON hazecast.active_model IS 'Keeps the history of what served.';

CREATE OR REPLACE FUNCTION hazecast.activate(station integer, model integer, reason text) RETURNS void
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

CREATE OR REPLACE FUNCTION hazecast.promote(model text, station text DEFAULT NULL) RETURNS text
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
    ELSIF chosen = 0 THEN
        RAISE EXCEPTION 'persistence is no model: it serves by itself where none is better'
            USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name, model, verdict FROM hazecast.status';
    END IF;
    PERFORM hazecast.activate(place, chosen, 'promote');
    RETURN format('%s serves %s', model, coalesce(station, 'every station without a model of its own'));
END
$$;
COMMENT ON FUNCTION hazecast.promote(text, text) IS
    'Makes a model serve one station, or all that have no model of their own, from their next forecast on. Says what '
    'it did. hazecast.activation keeps who, when, and what served before.';
REVOKE ALL ON FUNCTION hazecast.promote(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.promote(text, text) TO hazecast_operator;

CREATE OR REPLACE FUNCTION hazecast.rollback(station text DEFAULT NULL) RETURNS text
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
    'Makes the model before serve again, for one station or for all that have no model of their own; called again, '
    'the one before that. A station that had no model of its own before is served by the default again. Says what it '
    'did.';
REVOKE ALL ON FUNCTION hazecast.rollback(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.rollback(text) TO hazecast_operator;
