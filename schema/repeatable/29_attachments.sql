-- Attached tables: their state.

CREATE OR REPLACE VIEW hazecast.attachments AS
SELECT
    attached.id,
    CASE WHEN class.oid IS NULL THEN attached.source_name ELSE format('%I.%I', namespace.nspname, class.relname) END
        AS source,
    CASE
        WHEN attached.error IS NOT NULL THEN 'failing'
        WHEN waiting.changes THEN 'catching up'
        WHEN attached.poll IS NOT NULL THEN 'polling'
        ELSE 'following'
    END AS state,
    attached.error,
    attached.retry_at,
    (SELECT count(*) FROM hazecast.attachment_station AS fed WHERE fed.attachment = attached.id) AS stations,
    attached.readings,
    attached.last_reading,
    (SELECT count(*) FROM hazecast.attachment_hour AS hour WHERE hour.attachment = attached.id) AS waiting_hours,
    (SELECT coalesce(sum(rejection.rows), 0)::bigint FROM hazecast.rejection WHERE rejection.attachment = attached.id)
        AS rejected_rows,
    attached.columns,
    attached.station_name,
    attached.units,
    attached.time_zone,
    attached.stamps,
    attached.step,
    attached.correction,
    attached.poll,
    attached.patience,
    attached.follow_deletes,
    attached.attached_by,
    attached.attached_at
FROM hazecast.attachment AS attached
LEFT JOIN pg_class AS class ON class.oid = attached.source
LEFT JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM hazecast.attachment_change AS change WHERE change.attachment = attached.id) AS changes
) AS waiting;
COMMENT ON VIEW hazecast.attachments IS 'The tables that feed hazecast.reading, and how they fare.';
COMMENT ON COLUMN hazecast.attachments.id IS 'What hazecast.rejection.attachment refers to.';
COMMENT ON COLUMN hazecast.attachments.source IS 'The table; what it was called where it is gone.';
COMMENT ON COLUMN hazecast.attachments.state IS
    'following (a trigger tells of every change), polling, catching up (changes wait), or failing.';
COMMENT ON COLUMN hazecast.attachments.error IS 'Why the table cannot be read; NULL when it can.';
COMMENT ON COLUMN hazecast.attachments.retry_at IS 'When it is tried again, while failing.';
COMMENT ON COLUMN hazecast.attachments.stations IS 'Stations that it has fed.';
COMMENT ON COLUMN hazecast.attachments.readings IS 'Readings written or corrected so far.';
COMMENT ON COLUMN hazecast.attachments.last_reading IS 'The newest hour written.';
COMMENT ON COLUMN hazecast.attachments.waiting_hours IS 'Hours whose rows are not all there yet.';
COMMENT ON COLUMN hazecast.attachments.rejected_rows IS 'Sum of rows in hazecast.rejection.';
COMMENT ON COLUMN hazecast.attachments.columns IS 'Which of its columns is what: an object of our names and its own.';
COMMENT ON COLUMN hazecast.attachments.station_name IS 'The station of all its rows; NULL when a column says so.';
COMMENT ON COLUMN hazecast.attachments.units IS 'Units of measures, where they are not those of hazecast.reading.';
COMMENT ON COLUMN hazecast.attachments.time_zone IS
    'Clock of times without an offset. PostgreSQL writes +05:30 as <+05:30>-05:30.';
COMMENT ON COLUMN hazecast.attachments.stamps IS 'Whether a row is stamped at the beginning or at the end of its time.';
COMMENT ON COLUMN hazecast.attachments.step IS 'Time that one row stands for.';
COMMENT ON COLUMN hazecast.attachments.correction IS 'purpleair: the EPA formula for PurpleAir sensors.';
COMMENT ON COLUMN hazecast.attachments.poll IS 'How often the table is looked at; NULL when triggers tell.';
COMMENT ON COLUMN hazecast.attachments.patience IS 'How long after its end an hour is waited for that lacks rows.';
COMMENT ON COLUMN hazecast.attachments.follow_deletes IS 'Whether deleted rows take their hour with them.';
COMMENT ON COLUMN hazecast.attachments.attached_by IS 'Who attached it.';
COMMENT ON COLUMN hazecast.attachments.attached_at IS 'When, the first time.';
REVOKE ALL ON hazecast.attachments FROM PUBLIC;
GRANT SELECT ON hazecast.attachments TO hazecast_daemon, hazecast_operator;
