-- What stations report, one row per station and hour, and what quality control says of it.

CREATE TABLE hazecast.reading (
    station_id integer NOT NULL REFERENCES hazecast.station,
    -- The bin begins at year 1, not 2000: servers before 15.6 bin times that lie before the bin's origin wrongly.
    observed_at timestamptz NOT NULL
        CONSTRAINT reading_observed_at_begins_a_utc_hour CHECK (
            isfinite(observed_at)
            AND date_bin('1 hour', observed_at, '0001-01-01 00:00:00+00') = observed_at
        ),
    pm25 real,
    dew_point real,
    temperature real,
    pressure real,
    wind_direction real,
    wind_speed real,
    received_at timestamptz NOT NULL DEFAULT now(),
    written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (station_id, observed_at)
) PARTITION BY RANGE (observed_at);
CREATE INDEX reading_written_by_idx ON hazecast.reading (written_by);
COMMENT ON INDEX hazecast.reading_written_by_idx IS 'Finds the rows that a transaction wrote.';
COMMENT ON TABLE hazecast.reading IS
    'Hourly readings: write them with INSERT … ON CONFLICT (station_id, observed_at) DO UPDATE or COPY, in any order. '
    'Raw values stay as sent; NULL is a missing measure.';
COMMENT ON CONSTRAINT reading_observed_at_begins_a_utc_hour ON hazecast.reading IS
    'Neither 12:30 nor infinity is the beginning of an hour.';
COMMENT ON COLUMN hazecast.reading.station_id IS 'The station that reports.';
COMMENT ON COLUMN hazecast.reading.observed_at IS
    'Beginning of the UTC hour that the reading describes; anything but a whole hour is an error.';
COMMENT ON COLUMN hazecast.reading.pm25 IS 'PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.reading.dew_point IS 'Dew point in °C.';
COMMENT ON COLUMN hazecast.reading.temperature IS 'Air temperature in °C.';
COMMENT ON COLUMN hazecast.reading.pressure IS 'Air pressure in hPa.';
COMMENT ON COLUMN hazecast.reading.wind_direction IS
    'Degrees FROM which the wind blows, clockwise from north. NULL beside a wind_speed is calm or variable wind, '
    'without one it is missing.';
COMMENT ON COLUMN hazecast.reading.wind_speed IS 'Wind speed in m/s, not accumulated.';
COMMENT ON COLUMN hazecast.reading.received_at IS
    'When pm25 was first there: when the row came in, or when a NULL pm25 became a value. A later correction does not '
    'move it, unless the row was received more than an hour before its own hour.';
COMMENT ON COLUMN hazecast.reading.written_by IS
    'The transaction that last wrote the row; arrivals find their rows by it.';
REVOKE ALL ON hazecast.reading FROM PUBLIC;
GRANT SELECT ON hazecast.reading TO hazecast_daemon, hazecast_writer, hazecast_reader, hazecast_operator;
GRANT
    INSERT (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed),
    UPDATE (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
    ON hazecast.reading TO hazecast_writer;

CREATE TABLE hazecast.reading_flag (
    station_id integer NOT NULL,
    observed_at timestamptz NOT NULL,
    measure text NOT NULL
        CONSTRAINT reading_flag_measure_is_known CHECK (measure IN (
            'observed_at', 'pm25', 'dew_point', 'temperature', 'pressure', 'wind_direction', 'wind_speed'
        )),
    flag text NOT NULL
        CONSTRAINT reading_flag_is_known CHECK (flag IN (
            'future', 'before_2000', 'negative', 'out_of_range', 'not_finite', 'stuck', 'spike', 'duplicate',
            'clock_jump', 'error_code'
        )),
    PRIMARY KEY (station_id, observed_at, measure, flag)
);
CREATE INDEX reading_flag_future_idx ON hazecast.reading_flag (observed_at) WHERE flag = 'future';
COMMENT ON INDEX hazecast.reading_flag_future_idx IS 'Finds the flags that time takes away.';
COMMENT ON TABLE hazecast.reading_flag IS
    'What quality control found wrong with a reading, beside it, so that the reading stays as sent. A flagged measure '
    'counts as missing; observed_at flagged duplicate or clock_jump is the whole hour, and flagged future or '
    'before_2000 a reading that advances no forecast. A correction clears the flags of its row.';
COMMENT ON COLUMN hazecast.reading_flag.station_id IS 'Station of the reading.';
COMMENT ON COLUMN hazecast.reading_flag.observed_at IS 'Hour of the reading.';
COMMENT ON COLUMN hazecast.reading_flag.measure IS 'Column of hazecast.reading that the flag is about.';
COMMENT ON COLUMN hazecast.reading_flag.flag IS
    'future (more than an hour ahead), before_2000, negative, out_of_range, not_finite, error_code, stuck, spike, '
    'duplicate or clock_jump; hazecast.quality_rule has their settings.';
REVOKE ALL ON hazecast.reading_flag FROM PUBLIC;
GRANT SELECT ON hazecast.reading_flag TO hazecast_reader, hazecast_operator;
GRANT SELECT, INSERT, UPDATE, DELETE ON hazecast.reading_flag TO hazecast_daemon;
