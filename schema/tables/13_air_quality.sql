-- Air-quality indices and guideline levels for PM2.5.

CREATE TABLE hazecast.air_quality_standard (
    name text PRIMARY KEY,
    title text NOT NULL,
    source text NOT NULL,
    dated date NOT NULL,
    averaging_period interval NOT NULL,
    concentration_rounding text NOT NULL
        CONSTRAINT air_quality_standard_concentration_rounding_is_known CHECK (
            concentration_rounding IN ('truncate to 0.1', 'half even to 1', 'half up to 1', 'none')
        ),
    index_rounding text
        CONSTRAINT air_quality_standard_index_rounding_is_known CHECK (index_rounding IN ('half up', 'up')),
    open_ended boolean NOT NULL,
    remarks text NOT NULL
);
COMMENT ON TABLE hazecast.air_quality_standard IS
    'Air-quality indices and guideline levels for PM2.5, each in a version with its source and date; a newer version '
    'is a row of its own. hazecast.aqi() and hazecast.aqi_category() go by them.';
COMMENT ON COLUMN hazecast.air_quality_standard.name IS
    'Short name with the year of the version, as the functions take it.';
COMMENT ON COLUMN hazecast.air_quality_standard.title IS 'Full name.';
COMMENT ON COLUMN hazecast.air_quality_standard.source IS 'The document that the breakpoints are from.';
COMMENT ON COLUMN hazecast.air_quality_standard.dated IS
    'Date of that document, or from which it is in force; the first day of the month or year where no day is known.';
COMMENT ON COLUMN hazecast.air_quality_standard.averaging_period IS
    'What concentration it is meant for: the mean over 1 hour, 24 hours or 1 year. The functions take any.';
COMMENT ON COLUMN hazecast.air_quality_standard.concentration_rounding IS
    'What is done to the concentration first: truncate to 0.1, half even to 1 (GB/T 8170), half up to 1, or none.';
COMMENT ON COLUMN hazecast.air_quality_standard.index_rounding IS
    'How the index becomes an integer: half up (to the nearest), or up; NULL where there is no index, only categories.';
COMMENT ON COLUMN hazecast.air_quality_standard.open_ended IS
    'Whether the line of the last band goes on beyond its end; else the index stays at its greatest.';
COMMENT ON COLUMN hazecast.air_quality_standard.remarks IS 'What the source leaves open, and what was chosen here.';
REVOKE ALL ON hazecast.air_quality_standard FROM PUBLIC;
GRANT SELECT ON hazecast.air_quality_standard TO hazecast_daemon, hazecast_reader, hazecast_operator;

INSERT INTO hazecast.air_quality_standard (
    name, title, source, dated, averaging_period, concentration_rounding, index_rounding, open_ended, remarks
) VALUES
    ('us-epa-2024', 'US Air Quality Index',
        'US EPA, Technical Assistance Document for the Reporting of Daily Air Quality, EPA-454/B-24-002, May 2024',
        '2024-05-01', '24 hours', 'truncate to 0.1', 'half up', true,
        'Beyond 225.4 µg/m³ the line through 325.4 = 500 goes on without an end.'),
    ('cn-hj633-2026', 'China, Individual Air Quality Index (IAQI)', 'HJ 633-2026, table 3', '2026-03-01',
        '24 hours', 'half even to 1', 'up', false,
        'Hourly means and hourly forecasts use the same column. Concentrations are rounded by GB/T 8170. The source '
        'says nothing of more than 500 µg/m³; the index stays at 500.'),
    ('cn-hj633-2012', 'China, Individual Air Quality Index (IAQI)', 'HJ 633-2012, table 1', '2012-02-29',
        '24 hours', 'half even to 1', 'up', false,
        'Concentrations are rounded by GB/T 8170. The source says nothing of more than 500 µg/m³; the index stays '
        'at 500.'),
    ('eu-eaqi-2024', 'European Air Quality Index', 'ETC HE report 2024/17', '2024-01-01',
        '1 hour', 'half up to 1', NULL, false,
        'Categories without an index. The bands are of whole µg/m³ and the source says nothing of what lies between; '
        'concentrations are rounded to whole ones here.'),
    ('eu-eaqi-2017', 'European Air Quality Index, before the revision of 2024', 'European Environment Agency, 2017',
        '2017-11-01', '24 hours', 'none', NULL, false,
        'Categories without an index, of the running mean of 24 hours. The source says nothing of the edges; an '
        'edge belongs to the cleaner band here, and nothing is rounded.'),
    ('in-naqi-2014', 'India, National Air Quality Index (sub-index)', 'CPCB, National Air Quality Index, October 2014',
        '2014-10-01', '24 hours', 'half up to 1', 'half up', false,
        'The bands are of whole µg/m³; concentrations are rounded to whole ones here. The source does not settle '
        'where the last band ends; its line is that of the band before (100 in 130 µg/m³, 500 at 380), and the '
        'index stays at 500.'),
    ('who-2021-24h', 'WHO guideline level and interim targets, 24 hours', 'WHO global air quality guidelines, 2021',
        '2021-09-22', '24 hours', 'none', NULL, false,
        'Levels, not an index: a level is met by what does not exceed it. The guideline is for the 99th percentile '
        'of a year''s days (3 to 4 exceedance days).'),
    ('who-2021-annual', 'WHO guideline level and interim targets, annual', 'WHO global air quality guidelines, 2021',
        '2021-09-22', '1 year', 'none', NULL, false,
        'Levels, not an index: a level is met by what does not exceed it.');

CREATE TABLE hazecast.air_quality_breakpoint (
    standard text NOT NULL REFERENCES hazecast.air_quality_standard,
    band integer NOT NULL,
    category text NOT NULL,
    colour text
        CONSTRAINT air_quality_breakpoint_colour_is_rgb CHECK (colour ~ '^#[0-9A-F]{6}$'),
    pm25_low numeric NOT NULL,
    pm25_high numeric NOT NULL,
    index_low integer,
    index_high integer,
    PRIMARY KEY (standard, band)
);
COMMENT ON TABLE hazecast.air_quality_breakpoint IS 'The bands of hazecast.air_quality_standard, from clean to dirty.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.standard IS 'The standard.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.band IS 'Place in the order, from 1 for the cleanest.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.category IS 'What the standard calls it, in English.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.colour IS
    'Its colour as #RRGGBB; NULL where the source that is named gives none.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.pm25_low IS
    'Where the line of the band begins, in µg/m³. Which band a concentration is in, pm25_high alone says.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.pm25_high IS
    'The greatest concentration of the band, itself included, in µg/m³, rounded as the standard says; infinity: no '
    'end.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.index_low IS 'Index at pm25_low; NULL where there is no index.';
COMMENT ON COLUMN hazecast.air_quality_breakpoint.index_high IS 'Index at pm25_high; NULL where there is no index.';
REVOKE ALL ON hazecast.air_quality_breakpoint FROM PUBLIC;
GRANT SELECT ON hazecast.air_quality_breakpoint TO hazecast_daemon, hazecast_reader, hazecast_operator;

INSERT INTO hazecast.air_quality_breakpoint (
    standard, band, category, colour, pm25_low, pm25_high, index_low, index_high
) VALUES
    ('us-epa-2024', 1, 'Good', '#00E400', 0, 9.0, 0, 50),
    ('us-epa-2024', 2, 'Moderate', '#FFFF00', 9.1, 35.4, 51, 100),
    ('us-epa-2024', 3, 'Unhealthy for Sensitive Groups', '#FF7E00', 35.5, 55.4, 101, 150),
    ('us-epa-2024', 4, 'Unhealthy', '#FF0000', 55.5, 125.4, 151, 200),
    ('us-epa-2024', 5, 'Very Unhealthy', '#8F3F97', 125.5, 225.4, 201, 300),
    ('us-epa-2024', 6, 'Hazardous', '#7E0023', 225.5, 325.4, 301, 500),
    ('cn-hj633-2026', 1, 'Excellent', NULL, 0, 35, 0, 50),
    ('cn-hj633-2026', 2, 'Good', NULL, 35, 60, 50, 100),
    ('cn-hj633-2026', 3, 'Lightly Polluted', NULL, 60, 115, 100, 150),
    ('cn-hj633-2026', 4, 'Moderately Polluted', NULL, 115, 150, 150, 200),
    ('cn-hj633-2026', 5, 'Heavily Polluted', NULL, 150, 250, 200, 300),
    ('cn-hj633-2026', 6, 'Severely Polluted', NULL, 250, 350, 300, 400),
    ('cn-hj633-2026', 7, 'Severely Polluted', NULL, 350, 500, 400, 500),
    ('cn-hj633-2012', 1, 'Excellent', '#00E400', 0, 35, 0, 50),
    ('cn-hj633-2012', 2, 'Good', '#FFFF00', 35, 75, 50, 100),
    ('cn-hj633-2012', 3, 'Lightly Polluted', '#FF7E00', 75, 115, 100, 150),
    ('cn-hj633-2012', 4, 'Moderately Polluted', '#FF0000', 115, 150, 150, 200),
    ('cn-hj633-2012', 5, 'Heavily Polluted', '#99004C', 150, 250, 200, 300),
    ('cn-hj633-2012', 6, 'Severely Polluted', '#7E0023', 250, 350, 300, 400),
    ('cn-hj633-2012', 7, 'Severely Polluted', '#7E0023', 350, 500, 400, 500),
    ('eu-eaqi-2024', 1, 'Good', NULL, 0, 5, NULL, NULL),
    ('eu-eaqi-2024', 2, 'Fair', NULL, 6, 15, NULL, NULL),
    ('eu-eaqi-2024', 3, 'Moderate', NULL, 16, 50, NULL, NULL),
    ('eu-eaqi-2024', 4, 'Poor', NULL, 51, 90, NULL, NULL),
    ('eu-eaqi-2024', 5, 'Very poor', NULL, 91, 140, NULL, NULL),
    ('eu-eaqi-2024', 6, 'Extremely poor', NULL, 141, 'infinity', NULL, NULL),
    ('eu-eaqi-2017', 1, 'Good', NULL, 0, 10, NULL, NULL),
    ('eu-eaqi-2017', 2, 'Fair', NULL, 10, 20, NULL, NULL),
    ('eu-eaqi-2017', 3, 'Moderate', NULL, 20, 25, NULL, NULL),
    ('eu-eaqi-2017', 4, 'Poor', NULL, 25, 50, NULL, NULL),
    ('eu-eaqi-2017', 5, 'Very poor', NULL, 50, 75, NULL, NULL),
    ('eu-eaqi-2017', 6, 'Extremely poor', NULL, 75, 'infinity', NULL, NULL),
    ('in-naqi-2014', 1, 'Good', NULL, 0, 30, 0, 50),
    ('in-naqi-2014', 2, 'Satisfactory', NULL, 31, 60, 51, 100),
    ('in-naqi-2014', 3, 'Moderately polluted', NULL, 61, 90, 101, 200),
    ('in-naqi-2014', 4, 'Poor', NULL, 91, 120, 201, 300),
    ('in-naqi-2014', 5, 'Very Poor', NULL, 121, 250, 301, 400),
    ('in-naqi-2014', 6, 'Severe', NULL, 251, 380, 401, 500),
    ('who-2021-24h', 1, 'Guideline met', NULL, 0, 15, NULL, NULL),
    ('who-2021-24h', 2, 'Interim target 4 met', NULL, 15, 25, NULL, NULL),
    ('who-2021-24h', 3, 'Interim target 3 met', NULL, 25, 37.5, NULL, NULL),
    ('who-2021-24h', 4, 'Interim target 2 met', NULL, 37.5, 50, NULL, NULL),
    ('who-2021-24h', 5, 'Interim target 1 met', NULL, 50, 75, NULL, NULL),
    ('who-2021-24h', 6, 'No target met', NULL, 75, 'infinity', NULL, NULL),
    ('who-2021-annual', 1, 'Guideline met', NULL, 0, 5, NULL, NULL),
    ('who-2021-annual', 2, 'Interim target 4 met', NULL, 5, 10, NULL, NULL),
    ('who-2021-annual', 3, 'Interim target 3 met', NULL, 10, 15, NULL, NULL),
    ('who-2021-annual', 4, 'Interim target 2 met', NULL, 15, 25, NULL, NULL),
    ('who-2021-annual', 5, 'Interim target 1 met', NULL, 25, 35, NULL, NULL),
    ('who-2021-annual', 6, 'No target met', NULL, 35, 'infinity', NULL, NULL);
