-- Triggers on readings: they note arrivals and wake the daemon.

CREATE OR REPLACE FUNCTION hazecast.note_arrival() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('hazecast.far', true) = pg_current_xact_id()::text THEN
        INSERT INTO hazecast.arrival AS a (near) VALUES (NULL)
        ON CONFLICT (written_by, reload) DO UPDATE SET near = NULL WHERE a.near IS NOT NULL;
    ELSE
        INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_arrival() IS 'After a statement that wrote readings: an arrival, once a transaction.';
REVOKE ALL ON FUNCTION hazecast.note_arrival() FROM PUBLIC;

-- With the rights of whoever writes, and without a search path to set, which would take longer than everything else:
-- it runs once per row of an import of old readings. A setting belongs to the transaction and to its savepoints, as
-- the arrival does.
CREATE OR REPLACE FUNCTION hazecast.note_far() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    IF pg_catalog.current_setting('hazecast.far', true)
        IS DISTINCT FROM pg_catalog.pg_current_xact_id()::pg_catalog.text
    THEN
        PERFORM pg_catalog.set_config('hazecast.far', pg_catalog.pg_current_xact_id()::pg_catalog.text, true);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_far() IS
    'After a reading of an hour that is more than 31 days from now: remembers it for hazecast.note_arrival() of the '
    'same transaction.';
REVOKE ALL ON FUNCTION hazecast.note_far() FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.note_reload() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_reload() IS
    'After arrivals were thrown away with TRUNCATE, and after a change of hazecast.quality_rule: an arrival that '
    'makes the daemon look at everything.';
REVOKE ALL ON FUNCTION hazecast.note_reload() FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.note_removal() RETURNS trigger
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
REVOKE ALL ON FUNCTION hazecast.note_removal() FROM PUBLIC;

-- A value that was there before its hour is no observation of it: the value that corrects it is the first.
CREATE OR REPLACE FUNCTION hazecast.stamp_reading() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    NEW.written_by := pg_current_xact_id();
    IF NEW.pm25 IS NOT NULL AND (OLD.pm25 IS NULL OR OLD.observed_at > OLD.received_at + interval '1 hour') THEN
        NEW.received_at := now();
    END IF;
    DELETE FROM hazecast.reading_flag AS flag
    WHERE flag.station_id = OLD.station_id AND flag.observed_at = OLD.observed_at;
    IF NEW.station_id <> OLD.station_id OR NEW.observed_at <> OLD.observed_at THEN
        INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
    END IF;
    IF NEW.observed_at NOT BETWEEN now() - interval '744 hours' AND now() + interval '744 hours' THEN
        PERFORM set_config('hazecast.far', pg_current_xact_id()::text, true);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION hazecast.stamp_reading() IS
    'Before a reading changes: names the transaction, dates a pm25 that was missing until now, clears the row''s '
    'flags, and asks for a reload when the row moves to another station or hour.';
REVOKE ALL ON FUNCTION hazecast.stamp_reading() FROM PUBLIC;

-- Deferred, so that it looks as late as it can: the daemon may claim between the look and the commit, and then only
-- its timer would find this transaction. The look is bounded to the last thousand transactions, because claimed
-- arrivals stay behind as dead rows for as long as any old snapshot lives. Where the snapshot is older than the
-- commit (repeatable read) or the look itself would count as a conflict between writers (serializable), it notifies
-- without looking.
CREATE OR REPLACE FUNCTION hazecast.notify_arrival() RETURNS trigger
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
REVOKE ALL ON FUNCTION hazecast.notify_arrival() FROM PUBLIC;

CREATE OR REPLACE TRIGGER note_arrival AFTER INSERT OR UPDATE ON hazecast.reading
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_arrival();
COMMENT ON TRIGGER note_arrival ON hazecast.reading IS 'Feeds hazecast.arrival.';

CREATE OR REPLACE TRIGGER note_far AFTER INSERT ON hazecast.reading
    FOR EACH ROW WHEN (NEW.observed_at NOT BETWEEN now() - interval '744 hours' AND now() + interval '744 hours')
    EXECUTE FUNCTION hazecast.note_far();
COMMENT ON TRIGGER note_far ON hazecast.reading IS 'Keeps hazecast.arrival.near true.';

CREATE OR REPLACE TRIGGER note_deletion AFTER DELETE ON hazecast.reading
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_removal();
COMMENT ON TRIGGER note_deletion ON hazecast.reading IS 'Feeds hazecast.arrival when rows were deleted.';

CREATE OR REPLACE TRIGGER note_truncation AFTER TRUNCATE ON hazecast.reading
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_removal();
COMMENT ON TRIGGER note_truncation ON hazecast.reading IS 'Feeds hazecast.arrival when the table was truncated.';

CREATE OR REPLACE TRIGGER stamp_reading BEFORE UPDATE ON hazecast.reading
    FOR EACH ROW EXECUTE FUNCTION hazecast.stamp_reading();
COMMENT ON TRIGGER stamp_reading ON hazecast.reading IS 'Keeps written_by and received_at true.';

CREATE OR REPLACE TRIGGER note_truncation AFTER TRUNCATE ON hazecast.arrival
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_reload();
COMMENT ON TRIGGER note_truncation ON hazecast.arrival IS
    'A truncated feed loses nothing: everything is looked at instead.';

-- There is no CREATE OR REPLACE for constraint triggers.
DROP TRIGGER IF EXISTS notify_arrival ON hazecast.arrival;
CREATE CONSTRAINT TRIGGER notify_arrival AFTER INSERT ON hazecast.arrival
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION hazecast.notify_arrival();
COMMENT ON TRIGGER notify_arrival ON hazecast.arrival IS 'Wakes the daemon.';

CREATE OR REPLACE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON hazecast.quality_rule
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_reload();
COMMENT ON TRIGGER note_change ON hazecast.quality_rule IS
    'Makes the daemon judge every newest window by the new settings.';

CREATE OR REPLACE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON hazecast.station_error_codes
    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_reload();
COMMENT ON TRIGGER note_change ON hazecast.station_error_codes IS 'As that of hazecast.quality_rule.';

CREATE OR REPLACE FUNCTION hazecast.refresh() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO hazecast.arrival (reload) VALUES (true) ON CONFLICT DO NOTHING;
$$;
COMMENT ON FUNCTION hazecast.refresh() IS
    'Makes the daemon compare every station''s newest window with its last forecast, and issue what is missing. For '
    'changes that no trigger sees: a restore, replication, a write straight into a partition.';
REVOKE ALL ON FUNCTION hazecast.refresh() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.refresh() TO hazecast_daemon, hazecast_writer;
