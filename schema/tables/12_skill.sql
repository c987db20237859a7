-- Row types of the functions that score forecasts.

CREATE TYPE hazecast.lead_skill AS (
    station text,
    lead integer,
    n bigint,
    rmse double precision,
    mae double precision,
    bias double precision,
    r2 double precision,
    persistence_rmse double precision,
    skill double precision,
    coverage80 double precision,
    coverage95 double precision
);
COMMENT ON TYPE hazecast.lead_skill IS 'What hazecast.skill() says of a station and lead.';
COMMENT ON COLUMN hazecast.lead_skill.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.lead_skill.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.lead_skill.n IS 'How many hours were scored.';
COMMENT ON COLUMN hazecast.lead_skill.rmse IS 'Root mean squared error in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.mae IS 'Mean absolute error in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.bias IS 'Mean of forecast - observed in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.r2 IS
    'Share of the variance of the observed that is explained, 1 - SSE / SST; NULL where nothing varied.';
COMMENT ON COLUMN hazecast.lead_skill.persistence_rmse IS 'Root mean squared error of "it stays as it is" in µg/m³.';
COMMENT ON COLUMN hazecast.lead_skill.skill IS
    '1 - MSE / MSE of persistence, over the hours that have one: 1 is perfect, above 0 better than persistence.';
COMMENT ON COLUMN hazecast.lead_skill.coverage80 IS
    'Share of the observations inside the 80 % band, edges included; NULL without bands.';
COMMENT ON COLUMN hazecast.lead_skill.coverage95 IS
    'Share of the observations inside the 95 % band, edges included; NULL without bands.';
REVOKE ALL ON TYPE hazecast.lead_skill FROM PUBLIC;

CREATE TYPE hazecast.lead_exceedance_skill AS (
    station text,
    lead integer,
    n bigint,
    hits bigint,
    misses bigint,
    false_alarms bigint,
    pod double precision,
    far double precision,
    csi double precision
);
COMMENT ON TYPE hazecast.lead_exceedance_skill IS 'What hazecast.exceedance_skill() says of a station and lead.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.station IS 'Name of the station.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.lead IS 'Hours after the origin, 1 to 24.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.n IS 'How many hours were judged.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.hits IS 'Hours that were warned of and exceeded the level.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.misses IS 'Hours that exceeded the level without a warning.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.false_alarms IS
    'Hours that were warned of and did not exceed the level.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.pod IS
    'Probability of detection: hits / (hits + misses); NULL where the level was never exceeded.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.far IS
    'False alarm ratio: false alarms / (hits + false alarms); NULL where nobody was warned.';
COMMENT ON COLUMN hazecast.lead_exceedance_skill.csi IS
    'Critical success index: hits / (hits + misses + false alarms); NULL where the divisor is 0.';
REVOKE ALL ON TYPE hazecast.lead_exceedance_skill FROM PUBLIC;
