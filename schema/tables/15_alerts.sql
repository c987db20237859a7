-- Alert rules, and the alerts that they raised.

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
    'What raises an alert: a forecast of a station that is above a level. Insert, update and delete rows; a rule '
    'holds from the next forecast of each of its stations on.';
COMMENT ON COLUMN hazecast.alert_rule.id IS 'Assigned by the database; what alerts refer to.';
COMMENT ON COLUMN hazecast.alert_rule.name IS 'Unique name, as alerts show it.';
COMMENT ON COLUMN hazecast.alert_rule.station_id IS 'The station; NULL: every station with these labels.';
COMMENT ON COLUMN hazecast.alert_rule.labels IS
    'Stations whose labels contain this JSON object; {} is contained in all. Only where station_id is NULL.';
COMMENT ON COLUMN hazecast.alert_rule.level IS 'PM2.5 in µg/m³ that has to be exceeded, 0 to 5000.';
COMMENT ON COLUMN hazecast.alert_rule.standard IS
    'A standard of hazecast.air_quality_standard, beside category; NULL: the level is given as a number.';
COMMENT ON COLUMN hazecast.alert_rule.category IS
    'This category of the standard, or a worse one: gives the level. A newer version of a standard is another '
    'standard.';
COMMENT ON COLUMN hazecast.alert_rule.first_lead IS 'First lead that counts, in hours after the origin: 1 to 24.';
COMMENT ON COLUMN hazecast.alert_rule.last_lead IS 'Last lead that counts. Any lead between the two raises the alert.';
COMMENT ON COLUMN hazecast.alert_rule.probability IS
    'How likely it must be that the level is exceeded, above 0 and below 1; NULL: the forecast itself must be above '
    'the level. Forecasts without bands have no probability: hazecast.alert_rule_status says so.';
COMMENT ON COLUMN hazecast.alert_rule.hysteresis IS
    'How many µg/m³ below the level the forecast has to fall before the alert is cleared, 0 to the level.';
COMMENT ON COLUMN hazecast.alert_rule.quiet_period IS
    'How long after an alert was cleared the rule raises none for that station, from origin to origin: at most a year.';
COMMENT ON COLUMN hazecast.alert_rule.enabled IS
    'False: raises nothing, and what stands is cleared.';
COMMENT ON COLUMN hazecast.alert_rule.created_by IS 'The database user who made it.';
COMMENT ON COLUMN hazecast.alert_rule.created_at IS 'When it was made.';
REVOKE ALL ON hazecast.alert_rule FROM PUBLIC;
GRANT SELECT ON hazecast.alert_rule TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT INSERT ( name, station_id, labels, level, standard, category, first_lead, last_lead, probability, hysteresis,
    quiet_period, enabled ), UPDATE ( name, station_id, labels, level, standard, category, first_lead, last_lead,
    probability, hysteresis, quiet_period, enabled ), DELETE ON hazecast.alert_rule TO hazecast_operator;

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
        CONSTRAINT alert_cleared_because_is_known CHECK (
            cleared_because IN ('fell', 'unwatched', 'expired', 'by hand')
        ),
    CONSTRAINT alert_is_cleared_as_a_whole CHECK (num_nulls(cleared_at, cleared_origin, cleared_because) IN (0, 3))
);
CREATE UNIQUE INDEX alert_standing_idx ON hazecast.alert (station_id, rule_id) WHERE cleared_at IS NULL;
COMMENT ON INDEX hazecast.alert_standing_idx IS 'One alert of a rule stands for a station at a time.';
CREATE INDEX alert_cleared_idx ON hazecast.alert (station_id, rule_id, cleared_origin);
COMMENT ON INDEX hazecast.alert_cleared_idx IS 'Finds when a rule was last cleared for a station.';
COMMENT ON TABLE hazecast.alert IS
    'Every alert that was raised. It stands while cleared_at is NULL. No foreign keys: history outlives rules and '
    'stations.';
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
COMMENT ON COLUMN hazecast.alert.cleared_at IS
    'When it was cleared: issued_at of the forecast that cleared it, if one did; NULL while it stands.';
COMMENT ON COLUMN hazecast.alert.cleared_origin IS
    'Origin of the forecast that cleared it; else of the newest one of the station at that time.';
COMMENT ON COLUMN hazecast.alert.cleared_because IS
    'fell: the forecast was no longer above; unwatched: the rule was deleted, disabled, or no longer for this station, '
    'or the station is gone; expired: the station has had no forecast for so long that it says nothing of the hours to '
    'come; by hand: hazecast.clear_alert.';
REVOKE ALL ON hazecast.alert FROM PUBLIC;
GRANT SELECT ON hazecast.alert TO hazecast_daemon, hazecast_reader, hazecast_operator;
