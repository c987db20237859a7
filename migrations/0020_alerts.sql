-- Alerts: what somebody wants to be told of a new forecast, and what was told.

CREATE TABLE hazecast.alert_rule (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE
        CONSTRAINT alert_rule_name_is_not_blank CHECK (btrim(name) <> ''),
    station_id integer REFERENCES hazecast.station ON DELETE CASCADE,
    labels jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT alert_rule_labels_is_an_object CHECK (jsonb_typeof(labels) = 'object'),
    level real NOT NULL
        CONSTRAINT alert_rule_level_in_range CHECK (level BETWEEN 0 AND 5000),
    standard text REFERENCES hazecast.air_quality_standard,
    category text,
    first_lead integer NOT NULL DEFAULT 1,
    last_lead integer NOT NULL DEFAULT 24,
    probability real
        CONSTRAINT alert_rule_probability_in_range CHECK (probability > 0 AND probability < 1),
    hysteresis real NOT NULL DEFAULT 0,
    quiet_period interval NOT NULL DEFAULT '0'
        CONSTRAINT alert_rule_quiet_period_in_range CHECK (quiet_period BETWEEN '0' AND '1 year'),
    enabled boolean NOT NULL DEFAULT true,
    created_by text NOT NULL DEFAULT session_user,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT alert_rule_is_for_a_station_or_for_labels CHECK (station_id IS NULL OR labels = '{}'),
    CONSTRAINT alert_rule_category_has_a_standard CHECK (num_nulls(standard, category) <> 1),
    CONSTRAINT alert_rule_leads_in_range CHECK (1 <= first_lead AND first_lead <= last_lead AND last_lead <= 24),
    CONSTRAINT alert_rule_hysteresis_in_range CHECK (hysteresis BETWEEN 0 AND level)
);
CREATE INDEX alert_rule_station_idx ON hazecast.alert_rule (station_id);
COMMENT ON INDEX hazecast.alert_rule_station_idx IS 'Finds the rules of a station.';
COMMENT ON TABLE hazecast.alert_rule IS
    'What raises an alert: a forecast of a station that is above a level. Insert, update and delete rows; a rule holds from the '
    'next forecast of each of its stations on.';
COMMENT ON COLUMN hazecast.alert_rule.id IS 'Assigned by the database; what alerts refer to.';
COMMENT ON COLUMN hazecast.alert_rule.name IS 'Unique name, as alerts show it.';
COMMENT ON COLUMN hazecast.alert_rule.station_id IS 'The station; NULL: every station with these labels.';
COMMENT ON COLUMN hazecast.alert_rule.labels IS
    'Stations whose labels contain this JSON object; {} is contained in all. Only where station_id is NULL.';
COMMENT ON COLUMN hazecast.alert_rule.level IS 'PM2.5 in µg/m³ that has to be exceeded, 0 to 5000.';
COMMENT ON COLUMN hazecast.alert_rule.standard IS
    'A standard of hazecast.air_quality_standard, beside category; NULL: the level is given as a number.';
COMMENT ON COLUMN hazecast.alert_rule.category IS
    'This category of the standard, or a worse one: gives the level. A newer version of a standard is another standard.';
COMMENT ON COLUMN hazecast.alert_rule.first_lead IS 'First lead that counts, in hours after the origin: 1 to 24.';
COMMENT ON COLUMN hazecast.alert_rule.last_lead IS 'Last lead that counts. Any lead between the two raises the alert.';
COMMENT ON COLUMN hazecast.alert_rule.probability IS
    'How likely it must be that the level is exceeded, above 0 and below 1; NULL: the forecast itself must be above the level. '
    'Forecasts without bands have no probability: hazecast.alert_rule_status says so.';
COMMENT ON COLUMN hazecast.alert_rule.hysteresis IS
    'How many µg/m³ below the level the forecast has to fall before the alert is cleared, 0 to the level.';
COMMENT ON COLUMN hazecast.alert_rule.quiet_period IS
    'How long after an alert was cleared the rule raises none for that station, from origin to origin: at most a year.';
COMMENT ON COLUMN hazecast.alert_rule.enabled IS
    'False: raises nothing, and what stands is cleared with the next forecast.';
COMMENT ON COLUMN hazecast.alert_rule.created_by IS 'The database user who made it.';
COMMENT ON COLUMN hazecast.alert_rule.created_at IS 'When it was made.';
REVOKE ALL ON hazecast.alert_rule FROM PUBLIC;
GRANT SELECT ON hazecast.alert_rule TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT
    INSERT (
        name, station_id, labels, level, standard, category, first_lead, last_lead, probability, hysteresis, quiet_period,
        enabled
    ), UPDATE (
        name, station_id, labels, level, standard, category, first_lead, last_lead, probability, hysteresis, quiet_period,
        enabled
    ), DELETE ON hazecast.alert_rule TO hazecast_operator;

-- Resolved when the rule is written, so that nothing can be wrong with a category when forecasts are issued.
CREATE FUNCTION hazecast.resolve_category() RETURNS trigger
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
    'Before a rule is written: gives it the level from which on concentrations, rounded as the standard says, are in its '
    'category or a worse one.';
REVOKE ALL ON FUNCTION hazecast.resolve_category() FROM PUBLIC;
CREATE TRIGGER resolve_category BEFORE INSERT OR UPDATE ON hazecast.alert_rule
    FOR EACH ROW WHEN (num_nulls(NEW.standard, NEW.category) = 0) EXECUTE FUNCTION hazecast.resolve_category();
COMMENT ON TRIGGER resolve_category ON hazecast.alert_rule IS 'Makes a level of a category.';

CREATE TABLE hazecast.alert (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    rule_id integer NOT NULL,
    rule text NOT NULL,
    station_id integer NOT NULL,
    level real NOT NULL,
    raised_at timestamptz NOT NULL,
    origin timestamptz NOT NULL,
    revision integer NOT NULL,
    lead integer NOT NULL,
    valid_at timestamptz NOT NULL,
    pm25 real NOT NULL,
    probability real,
    cleared_at timestamptz,
    cleared_origin timestamptz,
    cleared_because text
        CONSTRAINT alert_cleared_because_is_known CHECK (cleared_because IN ('fell', 'unwatched')),
    CONSTRAINT alert_is_cleared_as_a_whole CHECK (num_nulls(cleared_at, cleared_origin, cleared_because) IN (0, 3))
);
CREATE UNIQUE INDEX alert_standing_idx ON hazecast.alert (station_id, rule_id) WHERE cleared_at IS NULL;
CREATE INDEX alert_cleared_idx ON hazecast.alert (station_id, rule_id, cleared_origin);
COMMENT ON INDEX hazecast.alert_standing_idx IS 'One alert of a rule stands for a station at a time.';
COMMENT ON INDEX hazecast.alert_cleared_idx IS 'Finds when a rule was last cleared for a station.';
COMMENT ON TABLE hazecast.alert IS
    'Every alert that was raised. It stands while cleared_at is NULL. No foreign keys: history outlives rules and stations.';
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
COMMENT ON COLUMN hazecast.alert.probability IS
    'Probability that the level is exceeded in that hour; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.alert.cleared_at IS 'When it was cleared: issued_at of the forecast that cleared it; NULL while it stands.';
COMMENT ON COLUMN hazecast.alert.cleared_origin IS 'Origin of the forecast that cleared it.';
COMMENT ON COLUMN hazecast.alert.cleared_because IS
    'fell: the forecast was no longer above; unwatched: the rule was deleted, disabled, or no longer for this station.';
REVOKE ALL ON hazecast.alert FROM PUBLIC;
GRANT SELECT ON hazecast.alert TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE FUNCTION hazecast.notify_alert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC'
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
COMMENT ON FUNCTION hazecast.notify_alert() IS
    'After an alert was raised or cleared: NOTIFY hazecast_alert with what it is as JSON, unless hazecast.notify is off.';
REVOKE ALL ON FUNCTION hazecast.notify_alert() FROM PUBLIC;

CREATE TRIGGER notify_alert AFTER INSERT OR UPDATE OF cleared_at ON hazecast.alert
    FOR EACH ROW EXECUTE FUNCTION hazecast.notify_alert();
COMMENT ON TRIGGER notify_alert ON hazecast.alert IS 'Tells those who listen.';

CREATE FUNCTION hazecast.evaluate_alerts(
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
COMMENT ON FUNCTION hazecast.evaluate_alerts(integer[], timestamptz[], integer[]) IS
    'Raises and clears alerts for forecasts of stations, the newest of each, and returns how many. Whatever goes wrong is '
    'undone and said in failure, so that it never costs a forecast. The daemon calls it in the transaction that issues them.';
REVOKE ALL ON FUNCTION hazecast.evaluate_alerts(integer[], timestamptz[], integer[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.evaluate_alerts(integer[], timestamptz[], integer[]) TO hazecast_daemon;

CREATE VIEW hazecast.standing_alert AS
SELECT
    alert.id,
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
    now() >= newest.origin + interval '3 hours' AS stale
FROM hazecast.alert
JOIN hazecast.station ON station.id = alert.station_id
CROSS JOIN LATERAL (
    SELECT ledger.origin FROM hazecast.forecast_ledger AS ledger
    WHERE ledger.station_id = alert.station_id ORDER BY ledger.origin DESC LIMIT 1
) AS newest
WHERE alert.cleared_at IS NULL;
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
COMMENT ON COLUMN hazecast.standing_alert.probability IS
    'Probability that the level is exceeded in that hour; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.standing_alert.newest_origin IS
    'Origin of the station''s newest forecast: the alert stands because that one does not clear it.';
COMMENT ON COLUMN hazecast.standing_alert.stale IS
    'True from three hours after newest_origin: nobody knows whether it would still stand.';
REVOKE ALL ON hazecast.standing_alert FROM PUBLIC;
GRANT SELECT ON hazecast.standing_alert TO hazecast_daemon, hazecast_reader, hazecast_operator;

CREATE VIEW hazecast.alert_rule_status AS
SELECT
    rule.id,
    rule.name,
    watched.stations,
    watched.with_forecast,
    watched.with_bands,
    (SELECT count(*) FROM hazecast.alert WHERE alert.rule_id = rule.id AND alert.cleared_at IS NULL) AS standing,
    (SELECT max(alert.raised_at) FROM hazecast.alert WHERE alert.rule_id = rule.id) AS last_raised,
    CASE
        WHEN NOT rule.enabled THEN 'disabled'
        WHEN watched.stations = 0 THEN 'no station has these labels'
        WHEN watched.with_forecast = 0 THEN 'no forecast yet'
        WHEN rule.probability IS NOT NULL AND watched.with_bands < watched.with_forecast THEN format(
            'the forecasts of %s of %s stations have no bands, so there is no probability to compare: '
            'make a model with bands serve, or set probability to NULL',
            watched.with_forecast - watched.with_bands, watched.with_forecast)
    END AS reason
FROM hazecast.alert_rule AS rule
CROSS JOIN LATERAL (
    SELECT count(*) AS stations, count(newest.origin) AS with_forecast, count(*) FILTER (WHERE newest.has_bands) AS with_bands
    FROM hazecast.station
    LEFT JOIN LATERAL (
        SELECT ledger.origin, ledger.lower80 IS NOT NULL AS has_bands FROM hazecast.forecast_ledger AS ledger
        WHERE ledger.station_id = station.id ORDER BY ledger.origin DESC, ledger.revision DESC LIMIT 1
    ) AS newest ON true
    WHERE station.id = rule.station_id OR rule.station_id IS NULL AND station.labels @> rule.labels
) AS watched;
COMMENT ON VIEW hazecast.alert_rule_status IS 'What each alert rule watches, and why it cannot raise anything where it cannot.';
COMMENT ON COLUMN hazecast.alert_rule_status.id IS 'hazecast.alert_rule.id.';
COMMENT ON COLUMN hazecast.alert_rule_status.name IS 'Name of the rule.';
COMMENT ON COLUMN hazecast.alert_rule_status.stations IS 'Stations that it is for.';
COMMENT ON COLUMN hazecast.alert_rule_status.with_forecast IS 'How many of them have a forecast.';
COMMENT ON COLUMN hazecast.alert_rule_status.with_bands IS 'How many have a newest forecast with bands.';
COMMENT ON COLUMN hazecast.alert_rule_status.standing IS 'Its alerts that stand.';
COMMENT ON COLUMN hazecast.alert_rule_status.last_raised IS 'When it last raised one; NULL when it never did.';
COMMENT ON COLUMN hazecast.alert_rule_status.reason IS
    'Why it raises nothing, or nothing for some of its stations; NULL when it works.';
REVOKE ALL ON hazecast.alert_rule_status FROM PUBLIC;
GRANT SELECT ON hazecast.alert_rule_status TO hazecast_daemon, hazecast_reader, hazecast_operator;

SELECT hazecast.admit_tenants();
