-- Partitions of readings and forecasts, and how long they are kept.
--
-- Partitions are yearly for the past since 2000, monthly from this year to the end of the year after next; the months
-- are made by hazecast.maintain_partitions(). Readings of any other time go to reading_default. The ledger has no such
-- partition: no forecast has an origin before 2000 or in the future, and without it the newest forecast of a station is
-- found by walking the partitions backwards.

DO $$
DECLARE
    year integer;
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['reading', 'forecast_ledger'] LOOP
        FOR year IN 2000 .. extract(year FROM now() AT TIME ZONE 'UTC')::integer - 1 LOOP
            EXECUTE format(
                'CREATE TABLE hazecast.%I PARTITION OF hazecast.%I FOR VALUES FROM (%L) TO (%L)',
                parent || '_' || year, parent, year || '-01-01 00:00:00+00', year + 1 || '-01-01 00:00:00+00'
            );
        END LOOP;
    END LOOP;
END
$$;

CREATE TABLE hazecast.retention (
    history text PRIMARY KEY
        CONSTRAINT retention_history_is_known CHECK (history IN ('reading', 'forecast_ledger')),
    keep interval
        CONSTRAINT retention_keeps_what_is_needed CHECK (isfinite(keep) AND keep >= interval '32 days')
);
COMMENT ON TABLE hazecast.retention IS
    'How long readings and forecasts are kept: change keep, and the daemon drops whole partitions once everything in '
    'them is older. Retraining wants 90 days of readings and better a year.';
COMMENT ON COLUMN hazecast.retention.history IS 'The table: reading or forecast_ledger.';
COMMENT ON COLUMN hazecast.retention.keep IS
    'How old a row may be before its partition, a month or for earlier years a year, may go; NULL keeps everything. '
    'At least 32 days.';
REVOKE ALL ON hazecast.retention FROM PUBLIC;
GRANT SELECT ON hazecast.retention TO hazecast_daemon, hazecast_reader;
GRANT SELECT, UPDATE (keep) ON hazecast.retention TO hazecast_operator;

INSERT INTO hazecast.retention (history, keep) VALUES ('reading', NULL), ('forecast_ledger', NULL);

CREATE TABLE hazecast.reading_default PARTITION OF hazecast.reading DEFAULT;
COMMENT ON TABLE hazecast.reading_default IS 'Readings before 2000 or beyond the last monthly partition.';
REVOKE ALL ON hazecast.reading_default FROM PUBLIC;
