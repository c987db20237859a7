-- Raising and clearing alerts.

-- Resolved when the rule is written, so that nothing can be wrong with a category when forecasts are issued.
CREATE OR REPLACE FUNCTION hazecast.resolve_category() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
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
COMMENT ON FUNCTION hazecast.resolve_category() IS
    'Before a rule is written: gives it the level from which on concentrations, rounded as the standard says, are in '
    'its category or a worse one.';
REVOKE ALL ON FUNCTION hazecast.resolve_category() FROM PUBLIC;

CREATE OR REPLACE TRIGGER resolve_category BEFORE INSERT OR UPDATE ON hazecast.alert_rule
    FOR EACH ROW WHEN (num_nulls(NEW.standard, NEW.category) = 0) EXECUTE FUNCTION hazecast.resolve_category();
COMMENT ON TRIGGER resolve_category ON hazecast.alert_rule IS 'Makes a level of a category.';

CREATE OR REPLACE FUNCTION hazecast.notify_alert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
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
COMMENT ON FUNCTION hazecast.notify_alert() IS
    'After an alert was raised or cleared: NOTIFY hazecast_alert with what it is as JSON, unless hazecast.notify is '
    'off.';
REVOKE ALL ON FUNCTION hazecast.notify_alert() FROM PUBLIC;

CREATE OR REPLACE TRIGGER notify_alert AFTER INSERT OR UPDATE OF cleared_at ON hazecast.alert
    FOR EACH ROW EXECUTE FUNCTION hazecast.notify_alert();
COMMENT ON TRIGGER notify_alert ON hazecast.alert IS 'Tells those who listen.';

CREATE OR REPLACE FUNCTION hazecast.is_unconfirmed(station integer, hour timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT coalesce(max(pm25) FILTER (WHERE observed_at = hour)
        > 20 * greatest(max(pm25) FILTER (WHERE observed_at < hour), 1), false)
    FROM hazecast.observation
    WHERE station_id = station AND observed_at BETWEEN hour - interval '72 hours' AND hour
$$;
COMMENT ON FUNCTION hazecast.is_unconfirmed(integer, timestamptz) IS
    'Whether the reading of an hour is more than 20 times the highest of the 72 hours before it, and of 1 µg/m³: an '
    'instrument at fault rather than the air. The next reading confirms it, as it has this one before it. Error codes '
    'and other flagged readings do not count.';
REVOKE ALL ON FUNCTION hazecast.is_unconfirmed(integer, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.evaluate_alerts(
    stations integer[], origins timestamptz[], revisions integer[],
    OUT raised integer, OUT cleared integer, OUT failure text
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s'
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
COMMENT ON FUNCTION hazecast.evaluate_alerts(integer[], timestamptz[], integer[]) IS
    'Raises and clears alerts for forecasts of stations, the newest of each, and returns how many. Whatever goes '
    'wrong is undone and said in failure, so that it never costs a forecast. The daemon calls it in the transaction '
    'that issues them.';
REVOKE ALL ON FUNCTION hazecast.evaluate_alerts(integer[], timestamptz[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.evaluate_alerts(integer[], timestamptz[], integer[]) TO hazecast_daemon;
