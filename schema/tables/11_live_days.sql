-- How forecasts did, day by day, and what follows: memory, factors of changes and bands, and persistence where no
-- model is better.

CREATE TABLE hazecast.live_day (
    station_id integer NOT NULL REFERENCES hazecast.station ON DELETE CASCADE,
    day date NOT NULL,
    n integer[] NOT NULL,
    outside80 integer[] NOT NULL,
    outside95 integer[] NOT NULL,
    factors80 real[] NOT NULL,
    factors95 real[] NOT NULL,
    model_id integer NOT NULL,
    scored integer[] NOT NULL,
    model_sse double precision[] NOT NULL,
    persistence_sse double precision[] NOT NULL,
    skill double precision,
    persistence boolean NOT NULL,
    changes real[],
    since date NOT NULL,
    verdict text NOT NULL,
    memory real[]
        CONSTRAINT live_day_memory_has_30_numbers CHECK (cardinality(memory) = 30),
    change_factors real[] NOT NULL,
    change_products real[] NOT NULL,
    change_squares real[] NOT NULL,
    change_counts real[] NOT NULL,
    settled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (station_id, day),
    CONSTRAINT live_day_has_24_leads CHECK (
        cardinality(n) = 24 AND cardinality(outside80) = 24 AND cardinality(outside95) = 24
        AND cardinality(factors80) = 24 AND cardinality(factors95) = 24
        AND cardinality(scored) = 24 AND cardinality(model_sse) = 24 AND cardinality(persistence_sse) = 24
        AND cardinality(change_factors) = 24 AND cardinality(change_products) = 24
        AND cardinality(change_squares) = 24 AND cardinality(change_counts) = 24
    ),
    CONSTRAINT live_day_persistence_has_bands CHECK (
        CASE WHEN persistence THEN changes IS NOT NULL AND cardinality(changes) = 96 ELSE changes IS NULL END
    )
);
COMMENT ON TABLE hazecast.live_day IS
    'How a station''s forecasts did on a UTC day, and what the daemon does from then on. A day''s row follows from '
    'the row before, from hazecast.live_outcomes of that day, and from the rows of the last 21 days, by rules that '
    'docs/sql.md gives; kept for 90 days. A station without a row is served by its model with the model''s own bands.';
COMMENT ON COLUMN hazecast.live_day.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.live_day.day IS 'The UTC day on which the observations were received.';
COMMENT ON COLUMN hazecast.live_day.n IS
    'Observations beside bands of what served on that day, the model or persistence, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.outside80 IS
    'How many of them were outside of the 80 % band as issued, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.outside95 IS
    'How many of them were outside of the 95 % band as issued, at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.factors80 IS
    'By how much the distance of the 80 % band''s edges from the forecast is multiplied from here on, at leads 1 to '
    '24: 0.25 to 4. They begin at 1 with another model, and when persistence takes over or gives back.';
COMMENT ON COLUMN hazecast.live_day.factors95 IS 'The same of the 95 % band.';
COMMENT ON COLUMN hazecast.live_day.model_id IS
    'The model that was compared with persistence: the active one of the station.';
COMMENT ON COLUMN hazecast.live_day.scored IS
    'Hours for which it was compared, at leads 1 to 24: as it was issued or, while persistence serves, as it would '
    'have been.';
COMMENT ON COLUMN hazecast.live_day.model_sse IS
    'Sum of the model''s squared errors over those hours in (µg/m³)², at leads 1 to 24.';
COMMENT ON COLUMN hazecast.live_day.persistence_sse IS 'The same of persistence.';
COMMENT ON COLUMN hazecast.live_day.skill IS
    'Mean skill of the model against persistence over leads 1, 2, 4, 8, 12 and 24 and the last 21 days; NULL before '
    'there are 252 hours at each.';
COMMENT ON COLUMN hazecast.live_day.persistence IS
    'Whether persistence serves the station from here on, instead of the model.';
COMMENT ON COLUMN hazecast.live_day.changes IS
    'The bands of persistence: quantiles .025, .1, .9 and .975 of how PM2.5 changed in 1 hour, then in 2, up to 24, '
    'in µg/m³, from the station''s last 60 days; NULL where the model serves.';
COMMENT ON COLUMN hazecast.live_day.since IS
    'The day after which the model, or persistence, has served without a break.';
COMMENT ON COLUMN hazecast.live_day.verdict IS 'Why the model, or persistence, serves, in words for a person.';
COMMENT ON COLUMN hazecast.live_day.memory IS
    'What the 30 days up to and including this one say of the station: mean squared changes of PM2.5 over 1, 4, 12 and '
    '24 hours in (µg/m³)², pairs of hours a day apart, mean PM2.5 in µg/m³, and the mean relative deviation at the UTC '
    'hours 0 to 23; NULL with fewer than 20 such pairs. From hazecast.day_sums.';
COMMENT ON COLUMN hazecast.live_day.change_factors IS
    'By how much the change from the last reading that the model forecasts is multiplied from here on, at leads 1 to '
    '24: 0.1 to 1.2. They begin at 1 with another model.';
COMMENT ON COLUMN hazecast.live_day.change_products IS
    'Sums that the factors follow from, at leads 1 to 24, each day leaving 59/60 of those before: forecast change '
    'before the factor times observed change, divided by the last reading + 5 µg/m³.';
COMMENT ON COLUMN hazecast.live_day.change_squares IS 'The same of the squared forecast change.';
COMMENT ON COLUMN hazecast.live_day.change_counts IS 'The same of the number of forecasts.';
COMMENT ON COLUMN hazecast.live_day.settled_at IS 'When the daemon worked it out.';
REVOKE ALL ON hazecast.live_day FROM PUBLIC;
GRANT SELECT ON hazecast.live_day TO hazecast_reader, hazecast_operator;
GRANT SELECT, INSERT, DELETE ON hazecast.live_day TO hazecast_daemon;

CREATE TABLE hazecast.day_sums (
    station_id integer NOT NULL REFERENCES hazecast.station ON DELETE CASCADE,
    day date NOT NULL,
    squared_changes real[] NOT NULL,
    pairs integer[] NOT NULL,
    pm25_sum real NOT NULL,
    hours integer NOT NULL,
    deviations real[] NOT NULL,
    PRIMARY KEY (station_id, day),
    CONSTRAINT day_sums_has_its_numbers CHECK (
        cardinality(squared_changes) = 4 AND cardinality(pairs) = 4 AND cardinality(deviations) = 24
    )
);
COMMENT ON TABLE hazecast.day_sums IS
    'What one UTC day of PM2.5 adds to a station''s memory, as the readings stood when the day was settled. Rows never '
    'change and are kept for 90 days.';
COMMENT ON COLUMN hazecast.day_sums.station_id IS 'The station.';
COMMENT ON COLUMN hazecast.day_sums.day IS 'The UTC day.';
COMMENT ON COLUMN hazecast.day_sums.squared_changes IS
    'Sums of the squared changes over 1, 4, 12 and 24 hours in (µg/m³)², of pairs whose later hour is of the day.';
COMMENT ON COLUMN hazecast.day_sums.pairs IS 'Pairs in each sum.';
COMMENT ON COLUMN hazecast.day_sums.pm25_sum IS 'Sum of PM2.5 in µg/m³.';
COMMENT ON COLUMN hazecast.day_sums.hours IS 'Hours with PM2.5.';
COMMENT ON COLUMN hazecast.day_sums.deviations IS
    'At the UTC hours 0 to 23: (PM2.5 - m) / (m + 3), from -1 to 2, m being the mean of the 24 hours up to the hour in '
    'µg/m³; NaN where the hour is missing or fewer than 18 of the 24 are there.';
REVOKE ALL ON hazecast.day_sums FROM PUBLIC;
GRANT SELECT ON hazecast.day_sums TO hazecast_reader, hazecast_operator;
GRANT SELECT, INSERT, DELETE ON hazecast.day_sums TO hazecast_daemon;
