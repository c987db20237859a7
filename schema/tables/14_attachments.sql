-- Tables of users that feed readings.

CREATE TABLE hazecast.attachment (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source regclass NOT NULL,
    name text NOT NULL,
    source_name text NOT NULL,
    settings jsonb NOT NULL,
    reader text NOT NULL,
    attached_by text NOT NULL,
    attached_at timestamptz NOT NULL DEFAULT now(),
    readings bigint NOT NULL DEFAULT 0,
    last_reading timestamptz,
    polled_at timestamptz,
    error text,
    failures integer NOT NULL DEFAULT 0,
    retry_at timestamptz NOT NULL DEFAULT '-infinity',
    UNIQUE (source, name)
) WITH (fillfactor = 50);
COMMENT ON TABLE hazecast.attachment IS
    'Tables that feed hazecast.reading, as hazecast.attach was told; hazecast.attachments shows how they fare.';
COMMENT ON COLUMN hazecast.attachment.id IS 'Assigned by the database.';
COMMENT ON COLUMN hazecast.attachment.source IS 'The table.';
COMMENT ON COLUMN hazecast.attachment.name IS 'Tells several attachments of one table apart; empty for the only one.';
COMMENT ON COLUMN hazecast.attachment.source_name IS 'The table''s name when it was attached.';
COMMENT ON COLUMN hazecast.attachment.settings IS 'The arguments of hazecast.attach; durations in seconds.';
COMMENT ON COLUMN hazecast.attachment.reader IS 'Role that reads the table. It owns nothing and may read nothing else.';
COMMENT ON COLUMN hazecast.attachment.attached_by IS 'Role that attached it: it must stay allowed to read the table.';
COMMENT ON COLUMN hazecast.attachment.attached_at IS 'Time of the first call of hazecast.attach.';
COMMENT ON COLUMN hazecast.attachment.readings IS 'Readings written or corrected so far.';
COMMENT ON COLUMN hazecast.attachment.last_reading IS 'The newest hour written.';
COMMENT ON COLUMN hazecast.attachment.polled_at IS 'Time of the last poll; NULL where triggers tell.';
COMMENT ON COLUMN hazecast.attachment.error IS 'Why it cannot be read; NULL when it can.';
COMMENT ON COLUMN hazecast.attachment.failures IS 'How often in a row it could not be read.';
COMMENT ON COLUMN hazecast.attachment.retry_at IS 'Not read before.';
REVOKE ALL ON hazecast.attachment FROM PUBLIC;
GRANT SELECT ON hazecast.attachment TO hazecast_daemon, hazecast_operator;
GRANT UPDATE (readings, last_reading, polled_at, error, failures, retry_at) ON hazecast.attachment TO hazecast_daemon;

-- No foreign key and no unique key but its own: a writer of the user's table must not wait here.
CREATE TABLE hazecast.attachment_change (
    id bigint GENERATED ALWAYS AS IDENTITY,
    attachment integer NOT NULL,
    kind text NOT NULL,
    station text,
    hours int8multirange,
    observed text,
    rows bigint NOT NULL DEFAULT 1,
    PRIMARY KEY (attachment, id)
) WITH (
    -- As hazecast.arrival: rows live for milliseconds.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE hazecast.attachment_change IS
    'Changes in attached tables that have not been read yet. Written by triggers, emptied by the daemon.';
COMMENT ON COLUMN hazecast.attachment_change.id IS 'Order in which changes were noted.';
COMMENT ON COLUMN hazecast.attachment_change.attachment IS 'hazecast.attachment.id.';
COMMENT ON COLUMN hazecast.attachment_change.kind IS 'write, removal (of rows), truncate, or history (every row).';
COMMENT ON COLUMN hazecast.attachment_change.station IS 'The row''s station column as text; NULL in history: all.';
COMMENT ON COLUMN hazecast.attachment_change.hours IS
    'Hours since 1970-01-01 00:00 by the clock of the time column; NULL where it is text, or no usable time.';
COMMENT ON COLUMN hazecast.attachment_change.observed IS 'The row''s time column as text, where hours is NULL.';
COMMENT ON COLUMN hazecast.attachment_change.rows IS 'How many rows have this station and time.';
REVOKE ALL ON hazecast.attachment_change FROM PUBLIC;
GRANT SELECT, INSERT, DELETE ON hazecast.attachment_change TO hazecast_daemon;

CREATE TABLE hazecast.attachment_hour (
    attachment integer REFERENCES hazecast.attachment ON DELETE CASCADE,
    station text,
    hour timestamptz,
    look_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    PRIMARY KEY (attachment, station, hour)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX attachment_hour_look_idx ON hazecast.attachment_hour (attachment, look_at);
COMMENT ON INDEX hazecast.attachment_hour_look_idx IS 'Finds the hours whose time has come.';
COMMENT ON TABLE hazecast.attachment_hour IS 'Incomplete hours of attached tables: what is there is taken at look_at.';
COMMENT ON COLUMN hazecast.attachment_hour.attachment IS 'hazecast.attachment.id.';
COMMENT ON COLUMN hazecast.attachment_hour.station IS 'The station as the table names it.';
COMMENT ON COLUMN hazecast.attachment_hour.hour IS 'Beginning of the UTC hour.';
COMMENT ON COLUMN hazecast.attachment_hour.look_at IS 'From when on three quarters of its rows are enough.';
COMMENT ON COLUMN hazecast.attachment_hour.removed IS 'Whether rows were removed, so that too few remove the reading.';
REVOKE ALL ON hazecast.attachment_hour FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON hazecast.attachment_hour TO hazecast_daemon;

-- Deleted rows count for two days, so this is kept for three.
CREATE TABLE hazecast.attachment_reading (
    attachment integer REFERENCES hazecast.attachment ON DELETE CASCADE,
    station_id integer REFERENCES hazecast.station ON DELETE CASCADE,
    observed_at timestamptz,
    station text NOT NULL,
    is_owner boolean NOT NULL,
    written_by xid8 NOT NULL,
    PRIMARY KEY (station_id, observed_at, attachment)
);
CREATE INDEX attachment_reading_attachment_idx ON hazecast.attachment_reading (attachment, observed_at);
COMMENT ON INDEX hazecast.attachment_reading_attachment_idx IS 'Finds an attachment''s readings, and its old ones.';
COMMENT ON TABLE hazecast.attachment_reading IS
    'Which readings of the last days come from which attachment, so that deleted rows remove no other readings.';
COMMENT ON COLUMN hazecast.attachment_reading.attachment IS 'hazecast.attachment.id.';
COMMENT ON COLUMN hazecast.attachment_reading.station_id IS 'hazecast.reading.station_id.';
COMMENT ON COLUMN hazecast.attachment_reading.observed_at IS 'hazecast.reading.observed_at.';
COMMENT ON COLUMN hazecast.attachment_reading.station IS 'The station as the table names it.';
COMMENT ON COLUMN hazecast.attachment_reading.is_owner IS 'Whether its measures were missing before it wrote them.';
COMMENT ON COLUMN hazecast.attachment_reading.written_by IS 'Transaction of its last write; 0 if it never changed it.';
REVOKE ALL ON hazecast.attachment_reading FROM PUBLIC;
GRANT SELECT ON hazecast.attachment_reading TO hazecast_daemon;

CREATE TABLE hazecast.rejection (
    attachment integer NOT NULL REFERENCES hazecast.attachment ON DELETE CASCADE,
    station text,
    observed text,
    reason text NOT NULL,
    rows bigint NOT NULL,
    first_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    last_seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT rejection_key UNIQUE NULLS NOT DISTINCT (attachment, station, observed, reason)
);
-- As hazecast.active_model.
ALTER TABLE hazecast.rejection REPLICA IDENTITY FULL;
COMMENT ON TABLE hazecast.rejection IS
    'Rows of attached tables, or values of rows, that could not be used, and why. The newest ten thousand of each '
    'table stand for themselves; older ones are added up by reason, without station and time.';
COMMENT ON COLUMN hazecast.rejection.attachment IS 'hazecast.attachments.id.';
COMMENT ON COLUMN hazecast.rejection.station IS
    'The station as the table names it, at most its first 100 characters; NULL when it is NULL there.';
COMMENT ON COLUMN hazecast.rejection.observed IS
    'The row''s time, or the beginning of the UTC hour that lacks rows; NULL when it is NULL there.';
COMMENT ON COLUMN hazecast.rejection.reason IS 'Why, in words.';
COMMENT ON COLUMN hazecast.rejection.rows IS
    'How many rows; those whose station or time is wrong each time they were written.';
COMMENT ON COLUMN hazecast.rejection.first_seen IS 'When it was first met with.';
COMMENT ON COLUMN hazecast.rejection.last_seen IS 'When it was last met with.';
REVOKE ALL ON hazecast.rejection FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON hazecast.rejection TO hazecast_daemon;
GRANT SELECT ON hazecast.rejection TO hazecast_operator;
