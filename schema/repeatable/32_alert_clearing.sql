-- Clearing alerts that no forecast clears.

CREATE OR REPLACE FUNCTION hazecast.end_alerts(alerts bigint[], because text) RETURNS integer
    LANGUAGE sql SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.end_alerts(bigint[], text) IS 'Clears alerts that stand, and returns how many.';
REVOKE ALL ON FUNCTION hazecast.end_alerts(bigint[], text) FROM PUBLIC;

-- Not before a statement of the daemon has found it out: a station that reports no more would keep its alert.
CREATE OR REPLACE FUNCTION hazecast.end_unwatched() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.end_unwatched() IS
    'After rules or stations were changed or deleted: clears the alerts whose rule no longer watches their station.';
REVOKE ALL ON FUNCTION hazecast.end_unwatched() FROM PUBLIC;

CREATE OR REPLACE TRIGGER end_unwatched
    AFTER UPDATE OF enabled, station_id, labels OR DELETE OR TRUNCATE ON hazecast.alert_rule
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.end_unwatched();
COMMENT ON TRIGGER end_unwatched ON hazecast.alert_rule IS 'Clears the alerts that it no longer watches.';

CREATE OR REPLACE TRIGGER end_unwatched AFTER UPDATE OF labels OR DELETE ON hazecast.station
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.end_unwatched();
COMMENT ON TRIGGER end_unwatched ON hazecast.station IS 'Clears the alerts of stations that are gone.';

CREATE OR REPLACE FUNCTION hazecast.expire_alerts() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '500ms'
AS $$
    SELECT hazecast.end_alerts(array_agg(alert.id), 'expired')
    FROM hazecast.alert
    WHERE alert.cleared_at IS NULL AND alert.origin <= now() - interval '25 hours' AND NOT EXISTS (
        SELECT FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = alert.station_id AND ledger.origin > now() - interval '25 hours'
    )
$$;
COMMENT ON FUNCTION hazecast.expire_alerts() IS
    'Clears the alerts of stations whose newest forecast says nothing of the hours to come, and returns how many. The '
    'daemon calls it daily.';
REVOKE ALL ON FUNCTION hazecast.expire_alerts() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.expire_alerts() TO hazecast_daemon;

CREATE OR REPLACE FUNCTION hazecast.clear_alert(alert bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF hazecast.end_alerts(ARRAY[alert], 'by hand') = 0 THEN
        RAISE EXCEPTION 'no alert % stands', alert
            USING ERRCODE = 'no_data_found', HINT = 'SELECT id, rule, station FROM hazecast.standing_alert';
    END IF;
    RETURN format('alert %s is cleared', alert);
END
$$;
COMMENT ON FUNCTION hazecast.clear_alert(bigint) IS
    'Clears an alert that stands. The next forecast above the level raises another, after the rule''s quiet period.';
REVOKE ALL ON FUNCTION hazecast.clear_alert(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.clear_alert(bigint) TO hazecast_operator;
