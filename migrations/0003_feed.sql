-- How the daemon learns of written readings: one row a writing transaction, and a notification when nothing was waiting.

CREATE TABLE hazecast.arrival (
    written_by xid8 NOT NULL DEFAULT pg_current_xact_id(),
    reload boolean NOT NULL DEFAULT false,
    PRIMARY KEY (written_by, reload)
) WITH (
    -- Rows live for milliseconds: what counts is how many are dead, not which share of the table.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE hazecast.arrival IS
    'Transactions whose readings no daemon has looked at yet. Written by triggers, emptied by the daemon.';
COMMENT ON COLUMN hazecast.arrival.written_by IS
    'The writing transaction; its rows are those with the same written_by in hazecast.reading.';
COMMENT ON COLUMN hazecast.arrival.reload IS
    'True when written_by cannot tell what changed (rows deleted, keys changed, refresh asked for): compare every '
    'station''s newest window.';
REVOKE ALL ON hazecast.arrival FROM PUBLIC;
GRANT SELECT, DELETE ON hazecast.arrival TO hazecast_daemon;

CREATE FUNCTION hazecast.note_arrival() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_arrival() IS 'After a statement that wrote readings: an arrival, once a transaction.';

CREATE FUNCTION hazecast.note_reload() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_reload() IS
    'After arrivals were thrown away with TRUNCATE: an arrival that makes good for all of them.';

CREATE FUNCTION hazecast.note_removal() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM hazecast.reading_flag;
    ELSIF EXISTS (SELECT FROM removed) THEN
        DELETE FROM hazecast.reading_flag AS flag
        USING removed
        WHERE flag.station_id = removed.station_id AND flag.observed_at = removed.observed_at;
    ELSE
        RETURN NULL;
    END IF;
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_removal() IS
    'After readings were deleted or truncated: their flags go too, and an arrival tells the daemon to reload.';

CREATE FUNCTION hazecast.stamp_reading() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.written_by := pg_current_xact_id();
    IF OLD.pm25 IS NULL AND NEW.pm25 IS NOT NULL THEN
        NEW.received_at := now();
    END IF;
    DELETE FROM hazecast.reading_flag AS flag
    WHERE flag.station_id = OLD.station_id AND flag.observed_at = OLD.observed_at;
    IF NEW.station_id <> OLD.station_id OR NEW.observed_at <> OLD.observed_at THEN
        INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION hazecast.stamp_reading() IS
    'Before a reading changes: names the transaction, dates a pm25 that was missing until now, clears the row''s flags, and '
    'asks for a reload when the row moves to another station or hour.';

-- Deferred, so that it looks as late as it can: the daemon may claim between the look and the commit, and then only its
-- timer would find this transaction. The look is bounded to the last thousand transactions, because claimed arrivals stay
-- behind as dead rows for as long as any old snapshot lives. Where the snapshot is older than the commit (repeatable read)
-- or the look itself would count as a conflict between writers (serializable), it notifies without looking.
CREATE FUNCTION hazecast.notify_arrival() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
DECLARE
    mine bigint := pg_current_xact_id()::text;
BEGIN
    IF current_setting('hazecast.notify', true) = 'off' THEN
        RETURN NULL;
    END IF;
    IF current_setting('transaction_isolation') <> 'read committed' OR NOT EXISTS (
        SELECT FROM hazecast.arrival
        WHERE written_by >= greatest(mine - 1000, 3)::text::xid8 AND written_by <> NEW.written_by
    ) THEN
        PERFORM pg_notify('hazecast_arrival', '');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.notify_arrival() IS
    'At commit: NOTIFY hazecast_arrival, unless a committed arrival waits already or hazecast.notify is off '
    '(two-phase commit needs that: PREPARE TRANSACTION refuses transactions that notify).';

CREATE TRIGGER note_arrival AFTER INSERT OR UPDATE ON hazecast.reading
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_arrival();
CREATE TRIGGER note_deletion AFTER DELETE ON hazecast.reading
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_removal();
CREATE TRIGGER note_truncation AFTER TRUNCATE ON hazecast.reading
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_removal();
CREATE TRIGGER stamp_reading BEFORE UPDATE ON hazecast.reading
    FOR EACH ROW EXECUTE FUNCTION hazecast.stamp_reading();
CREATE TRIGGER note_truncation AFTER TRUNCATE ON hazecast.arrival
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_reload();
CREATE CONSTRAINT TRIGGER notify_arrival AFTER INSERT ON hazecast.arrival
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION hazecast.notify_arrival();
COMMENT ON TRIGGER note_arrival ON hazecast.reading IS 'Feeds hazecast.arrival.';
COMMENT ON TRIGGER note_deletion ON hazecast.reading IS 'Feeds hazecast.arrival when rows were deleted.';
COMMENT ON TRIGGER note_truncation ON hazecast.reading IS 'Feeds hazecast.arrival when the table was truncated.';
COMMENT ON TRIGGER stamp_reading ON hazecast.reading IS 'Keeps written_by and received_at true.';
COMMENT ON TRIGGER note_truncation ON hazecast.arrival IS
    'A truncated feed loses nothing: everything is looked at instead.';
COMMENT ON TRIGGER notify_arrival ON hazecast.arrival IS 'Wakes the daemon.';

CREATE FUNCTION hazecast.refresh() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
$$;
COMMENT ON FUNCTION hazecast.refresh() IS
    'Makes the daemon compare every station''s newest window with its last forecast, and issue what is missing. For changes '
    'that no trigger sees: a restore, replication, a write straight into a partition.';

REVOKE ALL ON FUNCTION
    hazecast.note_arrival(), hazecast.note_reload(), hazecast.note_removal(), hazecast.stamp_reading(),
    hazecast.notify_arrival(), hazecast.refresh()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.refresh() TO hazecast_daemon, hazecast_writer;
