-- Tables of users that feed readings.

CREATE TABLE hazecast.attachment (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source regclass NOT NULL UNIQUE,
    source_name text NOT NULL,
    columns jsonb NOT NULL,
    station_name text,
    units jsonb NOT NULL DEFAULT '{}',
    time_zone text NOT NULL,
    stamps text NOT NULL
        CONSTRAINT attachment_stamps_is_known CHECK (stamps IN ('beginning', 'end')),
    step interval NOT NULL,
    correction text
        CONSTRAINT attachment_correction_is_known CHECK (correction = 'purpleair'),
    poll interval,
    patience interval NOT NULL,
    follow_deletes boolean NOT NULL,
    attached_by text NOT NULL,
    attached_at timestamptz NOT NULL DEFAULT now(),
    readings bigint NOT NULL DEFAULT 0,
    last_reading timestamptz,
    polled_at timestamptz,
    error text,
    failures integer NOT NULL DEFAULT 0,
    retry_at timestamptz NOT NULL DEFAULT '-infinity'
) WITH (fillfactor = 50);
COMMENT ON TABLE hazecast.attachment IS
    'Tables that feed hazecast.reading, as hazecast.attach was told; hazecast.attachments shows how they fare.';
COMMENT ON COLUMN hazecast.attachment.id IS 'Assigned by the database; the triggers on the table name it.';
COMMENT ON COLUMN hazecast.attachment.source IS 'The table.';
COMMENT ON COLUMN hazecast.attachment.source_name IS 'What it was called when it was attached.';
COMMENT ON COLUMN hazecast.attachment.columns IS 'Which of its columns is what: an object of our names and its own.';
COMMENT ON COLUMN hazecast.attachment.station_name IS 'The station of all its rows; NULL when a column says so.';
COMMENT ON COLUMN hazecast.attachment.units IS 'Units of measures, where they are not those of hazecast.reading.';
COMMENT ON COLUMN hazecast.attachment.time_zone IS 'Clock of times without an offset, as PostgreSQL writes it.';
COMMENT ON COLUMN hazecast.attachment.stamps IS 'Whether a row is stamped at the beginning or at the end of its time.';
COMMENT ON COLUMN hazecast.attachment.step IS 'Time that one row stands for.';
COMMENT ON COLUMN hazecast.attachment.correction IS 'purpleair: the EPA formula for PurpleAir sensors.';
COMMENT ON COLUMN hazecast.attachment.poll IS 'How often the table is looked at; NULL when triggers tell.';
COMMENT ON COLUMN hazecast.attachment.patience IS 'How long after its end an hour is waited for that lacks rows.';
COMMENT ON COLUMN hazecast.attachment.follow_deletes IS 'Whether deleted rows take their hour with them.';
COMMENT ON COLUMN hazecast.attachment.attached_by IS 'Who attached it.';
COMMENT ON COLUMN hazecast.attachment.attached_at IS 'When, the first time.';
COMMENT ON COLUMN hazecast.attachment.readings IS 'Readings written or corrected so far.';
COMMENT ON COLUMN hazecast.attachment.last_reading IS 'The newest hour written.';
COMMENT ON COLUMN hazecast.attachment.polled_at IS 'When it was last looked at.';
COMMENT ON COLUMN hazecast.attachment.error IS 'Why it cannot be read; NULL when it can.';
COMMENT ON COLUMN hazecast.attachment.failures IS 'How often in a row it could not be read.';
COMMENT ON COLUMN hazecast.attachment.retry_at IS 'Not read before.';
REVOKE ALL ON hazecast.attachment FROM PUBLIC;
GRANT SELECT ON hazecast.attachment TO hazecast_daemon, hazecast_operator;

-- No foreign key and no unique key: whoever writes the user's table must not wait for anybody here.
CREATE TABLE hazecast.attachment_change (
    id bigint GENERATED ALWAYS AS IDENTITY,
    attachment integer NOT NULL,
    kind text NOT NULL,
    station text,
    observed text,
    rows integer NOT NULL,
    PRIMARY KEY (attachment, id)
) WITH (
    -- As hazecast.arrival: rows live for milliseconds.
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);
COMMENT ON TABLE hazecast.attachment_change IS
    'What changed in attached tables and has not been looked at yet. Written by triggers and polls, emptied by the '
    'daemon.';
COMMENT ON COLUMN hazecast.attachment_change.id IS 'Order in which changes were noted.';
COMMENT ON COLUMN hazecast.attachment_change.attachment IS 'Whose table it was.';
COMMENT ON COLUMN hazecast.attachment_change.kind IS
    'write, removal (of rows), truncate, history (backfill), poll, or blind: the trigger could not note what.';
COMMENT ON COLUMN hazecast.attachment_change.station IS 'The row''s station column as text.';
COMMENT ON COLUMN hazecast.attachment_change.observed IS 'The row''s time column as text; what went wrong when blind.';
COMMENT ON COLUMN hazecast.attachment_change.rows IS 'How many rows have this station and time.';
REVOKE ALL ON hazecast.attachment_change FROM PUBLIC;
GRANT SELECT ON hazecast.attachment_change TO hazecast_daemon;

CREATE TABLE hazecast.attachment_hour (
    attachment integer REFERENCES hazecast.attachment ON DELETE CASCADE,
    station text,
    hour timestamptz,
    look_at timestamptz NOT NULL,
    final_at timestamptz NOT NULL,
    removed boolean NOT NULL,
    PRIMARY KEY (attachment, station, hour)
) WITH (
    autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_cost_delay = 0
);
CREATE INDEX attachment_hour_look_idx ON hazecast.attachment_hour (attachment, look_at, hour);
COMMENT ON INDEX hazecast.attachment_hour_look_idx IS 'Finds the hours whose time has come.';
COMMENT ON TABLE hazecast.attachment_hour IS
    'Hours of attached tables that are to be computed: changed ones now, incomplete ones when they are waited for no '
    'longer.';
COMMENT ON COLUMN hazecast.attachment_hour.attachment IS 'Whose table it is.';
COMMENT ON COLUMN hazecast.attachment_hour.station IS 'The station as the table names it.';
COMMENT ON COLUMN hazecast.attachment_hour.hour IS 'Beginning of the UTC hour.';
COMMENT ON COLUMN hazecast.attachment_hour.look_at IS 'When it is to be computed.';
COMMENT ON COLUMN hazecast.attachment_hour.final_at IS 'From when on three quarters of its rows are enough.';
COMMENT ON COLUMN hazecast.attachment_hour.removed IS
    'Whether rows were removed, so that too few take the reading away.';
REVOKE ALL ON hazecast.attachment_hour FROM PUBLIC;
GRANT SELECT ON hazecast.attachment_hour TO hazecast_daemon;

CREATE TABLE hazecast.attachment_station (
    attachment integer REFERENCES hazecast.attachment ON DELETE CASCADE,
    station text,
    PRIMARY KEY (attachment, station)
);
COMMENT ON TABLE hazecast.attachment_station IS 'The stations that an attached table has fed.';
COMMENT ON COLUMN hazecast.attachment_station.attachment IS 'Whose table it is.';
COMMENT ON COLUMN hazecast.attachment_station.station IS 'The station as the table names it.';
REVOKE ALL ON hazecast.attachment_station FROM PUBLIC;
GRANT SELECT ON hazecast.attachment_station TO hazecast_operator;

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
GRANT SELECT ON hazecast.rejection TO hazecast_daemon, hazecast_operator;

CREATE TYPE hazecast.rejected AS (station text, observed text, reason text, rows bigint, is_recount boolean);
COMMENT ON TYPE hazecast.rejected IS 'What hazecast.reject takes down.';
COMMENT ON COLUMN hazecast.rejected.station IS 'Station as the row names it.';
COMMENT ON COLUMN hazecast.rejected.observed IS 'Time as the row has it.';
COMMENT ON COLUMN hazecast.rejected.reason IS 'Why it cannot be used.';
COMMENT ON COLUMN hazecast.rejected.rows IS 'How many rows.';
COMMENT ON COLUMN hazecast.rejected.is_recount IS
    'Whether the rows were counted before, when their hour was computed the last time.';
REVOKE ALL ON TYPE hazecast.rejected FROM PUBLIC;
