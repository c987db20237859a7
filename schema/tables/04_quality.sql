-- Settings of quality control.

CREATE TABLE hazecast.quality_rule (
    flag text NOT NULL,
    measure text NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    lowest real,
    highest real,
    hours integer
        CONSTRAINT quality_rule_hours_in_range CHECK (hours BETWEEN 1 AND 72),
    level real
        CONSTRAINT quality_rule_level_is_a_value CHECK (level BETWEEN 0 AND 5000),
    margin real
        CONSTRAINT quality_rule_margin_is_a_difference CHECK (margin BETWEEN 0 AND 5000),
    factor real
        CONSTRAINT quality_rule_factor_is_a_ratio CHECK (factor BETWEEN 1 AND 1000),
    codes real[]
        CONSTRAINT quality_rule_codes_are_values CHECK (array_position(codes, NULL) IS NULL),
    PRIMARY KEY (flag, measure),
    CONSTRAINT quality_rule_is_known CHECK (
        flag = 'out_of_range' AND measure IN (
            'pm25', 'dew_point', 'temperature', 'pressure', 'wind_direction', 'wind_speed'
        )
        OR flag IN ('stuck', 'spike', 'error_code') AND measure = 'pm25'
        OR flag IN ('duplicate', 'clock_jump') AND measure = 'observed_at'
    ),
    CONSTRAINT quality_rule_has_its_settings CHECK (
        CASE flag
            WHEN 'out_of_range' THEN num_nulls(lowest, highest) = 0
            WHEN 'stuck' THEN num_nulls(hours, level) = 0
            WHEN 'spike' THEN num_nulls(margin, factor) = 0
            WHEN 'error_code' THEN codes IS NOT NULL
            ELSE hours IS NOT NULL
        END
    ),
    CONSTRAINT quality_rule_range_is_narrowed_only CHECK (
        flag <> 'out_of_range' OR enabled AND lowest <= highest AND CASE measure
            WHEN 'pm25' THEN lowest >= -10 AND highest <= 5000
            WHEN 'dew_point' THEN lowest >= -100 AND highest <= 50
            WHEN 'temperature' THEN lowest >= -100 AND highest <= 70
            WHEN 'pressure' THEN lowest >= 300 AND highest <= 1100
            WHEN 'wind_direction' THEN lowest >= 0 AND highest <= 360
            ELSE lowest >= 0 AND highest <= 150
        END
    )
);
COMMENT ON TABLE hazecast.quality_rule IS
    'Settings of quality control, for the daemon, training and backtests alike. After a change the daemon judges the '
    'newest windows again. What has no row here (not_finite, negative, future, before_2000) is fixed.';
COMMENT ON COLUMN hazecast.quality_rule.flag IS
    'Flag that the rule sets: out_of_range, error_code, stuck, spike, duplicate or clock_jump.';
COMMENT ON COLUMN hazecast.quality_rule.measure IS
    'Column of hazecast.reading that it judges; observed_at: the reading as a whole.';
COMMENT ON COLUMN hazecast.quality_rule.enabled IS 'False: the rule is not applied. out_of_range always is.';
COMMENT ON COLUMN hazecast.quality_rule.lowest IS
    'out_of_range: the least value that may be, in the measure''s unit. Ranges may be narrowed, not widened. PM2.5 '
    'from -10 to 0 µg/m³ is the noise of an instrument in clean air: it stays as sent and counts as 0.';
COMMENT ON COLUMN hazecast.quality_rule.highest IS
    'out_of_range: the greatest value that may be, in the measure''s unit.';
COMMENT ON COLUMN hazecast.quality_rule.hours IS
    'stuck: hours before this one that had the same value (twice as many at or below level); duplicate: hours in a '
    'row that repeat the hour before; clock_jump: hours before its own hour that a reading may be received.';
COMMENT ON COLUMN hazecast.quality_rule.level IS
    'stuck: µg/m³ at or below which honest instruments rest at their detection limit.';
COMMENT ON COLUMN hazecast.quality_rule.margin IS
    'spike: µg/m³ by which the hour exceeds the higher of its neighbours.';
COMMENT ON COLUMN hazecast.quality_rule.factor IS 'spike: times the higher of its neighbours that the hour exceeds.';
COMMENT ON COLUMN hazecast.quality_rule.codes IS
    'error_code: values that instruments report instead of a measurement, exactly equal. hazecast.station_error_codes '
    'has those of single stations.';
REVOKE ALL ON hazecast.quality_rule FROM PUBLIC;
GRANT SELECT ON hazecast.quality_rule TO hazecast_daemon, hazecast_reader, hazecast_operator;
GRANT UPDATE (enabled, lowest, highest, hours, level, margin, factor, codes)
    ON hazecast.quality_rule TO hazecast_operator;

INSERT INTO hazecast.quality_rule (flag, measure, lowest, highest) VALUES
    ('out_of_range', 'pm25', -10, 5000), ('out_of_range', 'dew_point', -100, 50),
    ('out_of_range', 'temperature', -100, 70), ('out_of_range', 'pressure', 300, 1100),
    ('out_of_range', 'wind_direction', 0, 360), ('out_of_range', 'wind_speed', 0, 150);
INSERT INTO hazecast.quality_rule (flag, measure, hours, level) VALUES ('stuck', 'pm25', 12, 5);
INSERT INTO hazecast.quality_rule (flag, measure, margin, factor) VALUES ('spike', 'pm25', 300, 3);
INSERT INTO hazecast.quality_rule (flag, measure, hours) VALUES
    ('duplicate', 'observed_at', 3), ('clock_jump', 'observed_at', 3);
INSERT INTO hazecast.quality_rule (flag, measure, codes) VALUES
    ('error_code', 'pm25', '{985, 999, 999.9, 1999.9, 4999, 5000}');

CREATE TABLE hazecast.station_error_codes (
    station_id integer PRIMARY KEY REFERENCES hazecast.station ON DELETE CASCADE,
    codes real[] NOT NULL
        CONSTRAINT station_error_codes_are_values CHECK (array_position(codes, NULL) IS NULL)
);
COMMENT ON TABLE hazecast.station_error_codes IS
    'Error codes of stations whose instrument has others than those of hazecast.quality_rule, for which they stand '
    'instead. They hold while that rule is enabled.';
COMMENT ON COLUMN hazecast.station_error_codes.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.station_error_codes.codes IS 'Its codes as PM2.5 in µg/m³, exactly equal; {}: none.';
REVOKE ALL ON hazecast.station_error_codes FROM PUBLIC;
GRANT SELECT ON hazecast.station_error_codes TO hazecast_daemon, hazecast_reader;
GRANT SELECT, INSERT, UPDATE, DELETE ON hazecast.station_error_codes TO hazecast_operator;
