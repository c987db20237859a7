-- How long history is kept.

CREATE TABLE hazecast.retention (
    history text PRIMARY KEY
        CONSTRAINT retention_history_is_known CHECK (history IN ('reading', 'forecast_ledger')),
    keep interval
        CONSTRAINT retention_keeps_what_is_needed CHECK (isfinite(keep) AND keep >= interval '32 days')
);
COMMENT ON TABLE hazecast.retention IS
    'How long readings and forecasts are kept: change keep, and the daemon drops whole partitions once everything in them '
    'is older. Retraining wants 90 days of readings and better a year.';
COMMENT ON COLUMN hazecast.retention.history IS 'The table: reading or forecast_ledger.';
COMMENT ON COLUMN hazecast.retention.keep IS
    'How old a row may be before its partition, a month or for earlier years a year, may go; NULL keeps everything. At least '
    '32 days.';
INSERT INTO hazecast.retention VALUES ('reading', NULL), ('forecast_ledger', NULL);
REVOKE ALL ON hazecast.retention FROM PUBLIC;
GRANT SELECT ON hazecast.retention TO hazecast_daemon, hazecast_reader;
GRANT SELECT, UPDATE (keep) ON hazecast.retention TO hazecast_operator;

CREATE FUNCTION hazecast.drop_expired_partitions() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET lock_timeout = '500ms'
AS $$
DECLARE
    expired record;
    dropped integer := 0;
BEGIN
    FOR expired IN
        SELECT retention.history, partition.oid::regclass AS name, bound.upper
        FROM hazecast.retention
        JOIN pg_inherits ON pg_inherits.inhparent = ('hazecast.' || quote_ident(retention.history))::regclass
        JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
        CROSS JOIN LATERAL (
            SELECT substring(
                pg_get_expr(partition.relpartbound, partition.oid) FROM $bound$TO \('(.*)'\)$bound$)::timestamptz AS upper
        ) AS bound
        WHERE bound.upper <= now() - retention.keep
        ORDER BY bound.upper
    LOOP
        IF expired.history = 'reading' THEN
            DELETE FROM hazecast.reading_flag AS flag
            WHERE flag.observed_at < expired.upper AND flag.observed_at >= '2000-01-01 00:00:00+00';
        END IF;
        EXECUTE format('DROP TABLE %s', expired.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION hazecast.drop_expired_partitions() IS
    'Drops the partitions in which everything is older than hazecast.retention says, with the flags of their readings, and '
    'returns how many. The daemon calls it daily. Readings of hours so old that are written later go to reading_default. Like '
    'maintain_partitions() it waits for no lock longer than half a second, has changed nothing when it fails with '
    'lock_not_available, and is then to be called again later.';
REVOKE ALL ON FUNCTION hazecast.drop_expired_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.drop_expired_partitions() TO hazecast_daemon;
