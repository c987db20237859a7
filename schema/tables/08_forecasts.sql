-- Every forecast ever issued.

CREATE TABLE hazecast.forecast_ledger (
    station_id integer NOT NULL,
    origin timestamptz NOT NULL
        CONSTRAINT forecast_ledger_origin_begins_a_utc_hour CHECK (
            isfinite(origin) AND date_bin('1 hour', origin, '0001-01-01 00:00:00+00') = origin
        ),
    revision integer NOT NULL
        CONSTRAINT forecast_ledger_revision_is_positive CHECK (revision > 0),
    issued_at timestamptz NOT NULL DEFAULT now(),
    model_id integer NOT NULL,
    pm25 real[] NOT NULL,
    lower80 real[],
    upper80 real[],
    lower95 real[],
    upper95 real[],
    digest bigint NOT NULL,
    basis text NOT NULL DEFAULT 'full'
        CONSTRAINT forecast_ledger_basis_is_known CHECK (basis IN ('full', 'partial', 'persistence')),
    settled_day date,
    PRIMARY KEY (station_id, origin, revision),
    CONSTRAINT forecast_ledger_has_24_leads CHECK (
        cardinality(pm25) = 24
        AND cardinality(lower80) = 24 AND cardinality(upper80) = 24
        AND cardinality(lower95) = 24 AND cardinality(upper95) = 24
    )
) PARTITION BY RANGE (origin);
COMMENT ON TABLE hazecast.forecast_ledger IS
    'Every forecast as it was issued, one row a station, origin and revision; append-only. Ask hazecast.forecast and '
    'hazecast.latest_forecast instead, unless you want to know what was known when. No foreign keys: history outlives '
    'what it refers to.';
COMMENT ON COLUMN hazecast.forecast_ledger.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.forecast_ledger.origin IS 'Hour of the last reading that the forecast knew.';
COMMENT ON COLUMN hazecast.forecast_ledger.revision IS
    '1 for the first forecast of an origin; one more each time a late or corrected reading changed its window.';
COMMENT ON COLUMN hazecast.forecast_ledger.issued_at IS 'When it was issued.';
COMMENT ON COLUMN hazecast.forecast_ledger.model_id IS 'The model that made it.';
COMMENT ON COLUMN hazecast.forecast_ledger.pm25 IS
    'PM2.5 in µg/m³ at leads 1 to 24: element i is for origin + i hours.';
COMMENT ON COLUMN hazecast.forecast_ledger.lower80 IS
    'Lower edge of the 80 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.upper80 IS
    'Upper edge of the 80 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.lower95 IS
    'Lower edge of the 95 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.upper95 IS
    'Upper edge of the 95 % band in µg/m³ at leads 1 to 24; NULL when the model has no bands.';
COMMENT ON COLUMN hazecast.forecast_ledger.digest IS
    'Digest of the 24-hour window that it was made from: the same window is not forecast twice.';
COMMENT ON COLUMN hazecast.forecast_ledger.basis IS
    'What the readings of the window are: full (all 24 hours have PM2.5), partial (some lack it), or persistence (too '
    'few have it for a model).';
COMMENT ON COLUMN hazecast.forecast_ledger.settled_day IS
    'UTC day of the row of hazecast.live_day whose memory and factors it rests on; NULL where there was none. A '
    'revision rests on the day of revision 1.';
REVOKE ALL ON hazecast.forecast_ledger FROM PUBLIC;
GRANT SELECT, INSERT ON hazecast.forecast_ledger TO hazecast_daemon;
GRANT SELECT ON hazecast.forecast_ledger TO hazecast_reader, hazecast_operator;
