-- Feeding from tables that users have already: a trigger notes which hours change, settle_attachments computes those hours.

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
    'What changed in attached tables and has not been looked at yet. Written by triggers and polls, emptied by the daemon.';
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
    'Hours of attached tables that are to be computed: changed ones now, incomplete ones when they are waited for no longer.';
COMMENT ON COLUMN hazecast.attachment_hour.attachment IS 'Whose table it is.';
COMMENT ON COLUMN hazecast.attachment_hour.station IS 'The station as the table names it.';
COMMENT ON COLUMN hazecast.attachment_hour.hour IS 'Beginning of the UTC hour.';
COMMENT ON COLUMN hazecast.attachment_hour.look_at IS 'When it is to be computed.';
COMMENT ON COLUMN hazecast.attachment_hour.final_at IS 'From when on three quarters of its rows are enough.';
COMMENT ON COLUMN hazecast.attachment_hour.removed IS 'Whether rows were removed, so that too few take the reading away.';
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
COMMENT ON TABLE hazecast.rejection IS
    'Rows of attached tables, or values of rows, that could not be used, and why. The newest ten thousand of each table stand '
    'for themselves; older ones are added up by reason, without station and time.';
COMMENT ON COLUMN hazecast.rejection.attachment IS 'hazecast.attachments.id.';
COMMENT ON COLUMN hazecast.rejection.station IS
    'The station as the table names it, at most its first 100 characters; NULL when it is NULL there.';
COMMENT ON COLUMN hazecast.rejection.observed IS
    'The row''s time, or the beginning of the UTC hour that lacks rows; NULL when it is NULL there.';
COMMENT ON COLUMN hazecast.rejection.reason IS 'Why, in words.';
COMMENT ON COLUMN hazecast.rejection.rows IS 'How many rows; those whose station or time is wrong each time they were written.';
COMMENT ON COLUMN hazecast.rejection.first_seen IS 'When it was first met with.';
COMMENT ON COLUMN hazecast.rejection.last_seen IS 'When it was last met with.';
REVOKE ALL ON hazecast.rejection FROM PUBLIC;
GRANT SELECT ON hazecast.rejection TO hazecast_daemon, hazecast_operator;

CREATE FUNCTION hazecast.attachment_is_due(attached hazecast.attachment, at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT attached.retry_at <= at AND (
        EXISTS (SELECT FROM hazecast.attachment_change AS change WHERE change.attachment = attached.id)
        OR EXISTS (
            SELECT FROM hazecast.attachment_hour AS hour WHERE hour.attachment = attached.id AND hour.look_at <= at
        )
        OR attached.polled_at + attached.poll <= at
    );
END;
COMMENT ON FUNCTION hazecast.attachment_is_due(hazecast.attachment, timestamptz) IS
    'Whether settle_attachments would find something to do for an attached table.';

CREATE VIEW hazecast.attachments AS
SELECT
    attached.id,
    CASE WHEN class.oid IS NULL THEN attached.source_name ELSE format('%I.%I', namespace.nspname, class.relname) END AS source,
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

-- Times.

-- The offset from UTC at a local time is that of an instant nearby; only where clocks change can there be none or two.
CREATE FUNCTION hazecast.local_instant(local timestamp, zone text) RETURNS timestamptz
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE
        WHEN (local AT TIME ZONE zone) AT TIME ZONE zone <> local THEN NULL
        WHEN ((local AT TIME ZONE zone) - interval '24 hours') AT TIME ZONE zone + interval '24 hours' = local
            AND ((local AT TIME ZONE zone) + interval '24 hours') AT TIME ZONE zone - interval '24 hours' = local
            THEN local AT TIME ZONE zone
        WHEN EXISTS (
            SELECT FROM (VALUES (interval '30 minutes'), ('1 hour'), ('2 hours'), ('3 hours')) AS shift (by)
            WHERE ((local AT TIME ZONE zone) - shift.by) AT TIME ZONE zone = local
                OR ((local AT TIME ZONE zone) + shift.by) AT TIME ZONE zone = local
        ) THEN NULL
        ELSE local AT TIME ZONE zone
    END;
END;
COMMENT ON FUNCTION hazecast.local_instant(timestamp, text) IS
    'The instant at which a clock shows a time; NULL when it never does, put forward over it, or does twice, put back.';

CREATE FUNCTION hazecast.is_time(text text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE WHEN text ~ '^(19|2\d)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?( ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?))?)?$'
        THEN substr(text, 9, 2)::integer <= extract(day FROM
            make_date(substr(text, 1, 4)::integer, substr(text, 6, 2)::integer, 1) + interval '1 month - 1 day')
        ELSE false
    END;
END;
COMMENT ON FUNCTION hazecast.is_time(text) IS
    'Whether a text is a time in ISO 8601, such as 2026-01-05T07:10 or 2026-01-05 07:10:00+05:30: what can be cast.';

CREATE FUNCTION hazecast.text_instant(text text, zone text) RETURNS timestamptz
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE
        WHEN NOT hazecast.is_time(text) THEN NULL
        WHEN text ~ '[ T].*(Z|UTC|[+-]\d\d(:?\d\d)?)$' THEN text::timestamptz
        ELSE hazecast.local_instant(text::timestamp, zone)
    END;
END;
COMMENT ON FUNCTION hazecast.text_instant(text, text) IS
    'The instant that a text names, by the given clock where it has no offset; NULL when there is none.';

CREATE FUNCTION hazecast.number_instant(text text, ticks double precision) RETURNS timestamptz
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN text ~ '^-?\d{1,20}(\.\d{1,20})?(e[+-]\d{1,2})?$' AND abs(text::double precision / ticks) < 1e10
        THEN to_timestamp(text::double precision / ticks)
    END;
END;
COMMENT ON FUNCTION hazecast.number_instant(text, double precision) IS
    'The instant of a number of ticks since 1970, so many to a second; NULL when that is not within some centuries.';

CREATE FUNCTION hazecast.time_fault(stamp timestamptz, text text, zone text, at timestamptz) RETURNS text
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE
        WHEN stamp BETWEEN '1970-01-01 00:00:00+00' AND at + interval '1 day' THEN NULL
        WHEN stamp < at OR text LIKE '% BC' THEN 'observed_at is before 1970'
        WHEN stamp > at OR text ~ '^\d{5,}-' THEN 'observed_at is more than a day in the future'
        WHEN text IS NULL THEN 'observed_at is NULL'
        WHEN text IN ('infinity', '-infinity', 'Infinity', '-Infinity') THEN 'observed_at is infinite'
        WHEN NOT hazecast.is_time(text) THEN 'observed_at is not a time'
        WHEN (text::timestamp AT TIME ZONE zone) AT TIME ZONE zone <> text::timestamp THEN
            format('the clock of %s never shows this time: it is put forward over it', zone)
        ELSE
            format('the clock of %s shows this time twice: a time with an offset, or timestamptz, would tell which', zone)
    END;
END;
COMMENT ON FUNCTION hazecast.time_fault(timestamptz, text, text, timestamptz) IS
    'Why a row''s time cannot be used; NULL when it can.';

-- What is computed is generated for each table: the columns' types decide how they are read. Only types of PostgreSQL itself
-- are allowed, because casts of others could run anybody's code with the rights of the owner of this schema.

CREATE FUNCTION hazecast.attached_type(source regclass, name text) RETURNS regtype
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    type oid := (
        SELECT atttypid FROM pg_attribute
        WHERE attrelid = source AND attname = attached_type.name AND attnum > 0 AND NOT attisdropped
    );
BEGIN
    IF type IS NULL THEN
        RAISE EXCEPTION 'there is no column "%" in %', name, source USING ERRCODE = 'undefined_column';
    END IF;
    WHILE (SELECT typtype = 'd' FROM pg_type WHERE oid = type) LOOP
        type := (SELECT typbasetype FROM pg_type WHERE oid = type);
    END LOOP;
    RETURN type;
END
$$;
COMMENT ON FUNCTION hazecast.attached_type(regclass, text) IS 'Type of a column, of a domain what it is made of.';

CREATE FUNCTION hazecast.type_family(type regtype) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT CASE
        WHEN type::text IN ('text', 'character varying', 'character', 'name') THEN 'text'
        WHEN type::text IN ('smallint', 'integer', 'bigint', 'numeric', 'real', 'double precision') THEN 'number'
        WHEN type::text IN ('timestamp without time zone', 'date') THEN 'local'
        WHEN type::text = 'timestamp with time zone' THEN 'instant'
        WHEN type::text = 'uuid' THEN 'uuid'
    END;
END;
COMMENT ON FUNCTION hazecast.type_family(regtype) IS
    'text, number, local (a time without offset), instant or uuid; NULL for types that attached columns cannot have.';

CREATE FUNCTION hazecast.unit_factor(measure text, unit text) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    -- The value in our unit is (value - [1]) * [2] / [3].
    SELECT known.factor
    FROM (VALUES
        ('pm25', 'µg/m³', ARRAY[0, 1, 1]::double precision[]), ('pm25', 'ug/m3', '{0,1,1}'), ('pm25', 'mg/m3', '{0,1000,1}'),
        ('temperature', 'C', '{0,1,1}'), ('temperature', 'F', '{32,5,9}'), ('temperature', 'K', '{273.15,1,1}'),
        ('pressure', 'hPa', '{0,1,1}'), ('pressure', 'mbar', '{0,1,1}'), ('pressure', 'Pa', '{0,1,100}'),
        ('pressure', 'kPa', '{0,10,1}'), ('pressure', 'inHg', '{0,33.86389,1}'), ('pressure', 'mmHg', '{0,1.333224,1}'),
        ('wind_speed', 'm/s', '{0,1,1}'), ('wind_speed', 'km/h', '{0,1000,3600}'), ('wind_speed', 'mph', '{0,0.44704,1}'),
        ('wind_speed', 'kn', '{0,1852,3600}'), ('wind_speed', 'knots', '{0,1852,3600}'), ('wind_speed', 'kt', '{0,1852,3600}'),
        ('humidity', '%', '{0,1,1}'), ('humidity', 'fraction', '{0,100,1}'),
        ('observed_at', 's', '{0,1,1}'), ('observed_at', 'ms', '{0,1,1e3}'), ('observed_at', 'us', '{0,1,1e6}')
    ) AS known (measure, unit, factor)
    WHERE known.measure = CASE unit_factor.measure WHEN 'dew_point' THEN 'temperature' ELSE unit_factor.measure END
        AND lower(known.unit) = lower(replace(unit_factor.unit, '°', ''));
END;
COMMENT ON FUNCTION hazecast.unit_factor(text, text) IS
    'How a measure comes from a unit to that of hazecast.reading: (value - [1]) * [2] / [3]; NULL for unknown units. inHg and '
    'mmHg at 0 °C; NIST SP 811, appendix B.8.';

CREATE FUNCTION hazecast.ticks(attached hazecast.attachment) RETURNS double precision
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT (hazecast.unit_factor('observed_at', coalesce(attached.units ->> 'observed_at', 's')))[3];
END;
COMMENT ON FUNCTION hazecast.ticks(hazecast.attachment) IS 'Ticks to a second, where the time column is a number.';

CREATE FUNCTION hazecast.number_sql(value text, family text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE family
        WHEN 'text' THEN format(
            $sql$CASE WHEN %1$s ~ '^\s*[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][-+]?\d{1,2})?\s*$' THEN
                CASE WHEN abs((%1$s)::float8) < 1e-20 THEN 0 WHEN (%1$s)::float8 BETWEEN -1e30 AND 1e30 THEN (%1$s)::float8 END END$sql$,
            value)
        ELSE format(
            'CASE WHEN abs(%1$s) < 1e-20 THEN 0::float8 WHEN %1$s BETWEEN -1e30 AND 1e30 THEN (%1$s)::float8 END', value)
    END
$$;
COMMENT ON FUNCTION hazecast.number_sql(text, text) IS
    'SQL for a value as a finite double precision, NULL where it is none; such SQL cannot fail.';

CREATE FUNCTION hazecast.range_sql(attached hazecast.attachment, low text, high text) RETURNS text[]
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE hazecast.type_family(type)
        WHEN 'instant' THEN ARRAY[low, high]
        WHEN 'number' THEN ARRAY[
            format('(extract(epoch FROM %s) * %s)::%s', low, hazecast.ticks(attached)::numeric, number),
            format('(extract(epoch FROM %s) * %s)::%s', high, hazecast.ticks(attached)::numeric, number)
        ]
        WHEN 'text' THEN ARRAY[
            format($sql$to_char(%s - interval '1 day', 'YYYY-MM-DD') COLLATE "C"$sql$, low),
            format($sql$to_char(%s + interval '2 days', 'YYYY-MM-DD') COLLATE "C"$sql$, high)
        ]
        -- A clock that changes in between shows times outside of those at the two ends: hence least and greatest.
        ELSE ARRAY[
            format(
                'least(%1$s AT TIME ZONE %3$L, %2$s AT TIME ZONE %3$L - (%2$s - %1$s))%4$s', low, high,
                attached.time_zone, CASE WHEN type = 'date'::regtype THEN '::date' END),
            format(
                'greatest(%2$s AT TIME ZONE %3$L, %1$s AT TIME ZONE %3$L + (%2$s - %1$s))%4$s', low, high,
                attached.time_zone, CASE WHEN type = 'date'::regtype THEN '::date + 1' END)
        ]
    END
    FROM hazecast.attached_type(attached.source, attached.columns ->> 'observed_at') AS type
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN type IN ('real'::regtype, 'double precision'::regtype) THEN 'float8'
            WHEN type = 'numeric'::regtype THEN 'numeric'
            ELSE 'int8'
        END
    ) AS of (number)
$$;
COMMENT ON FUNCTION hazecast.range_sql(hazecast.attachment, text, text) IS
    'SQL for two instants as the bounds between which a time column has at least the rows between them, in its own type, so '
    'that an index can serve.';

CREATE FUNCTION hazecast.stamp_sql(attached hazecast.attachment) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT format(
        CASE hazecast.type_family(type)
            WHEN 'instant' THEN '%1$s'
            WHEN 'number' THEN 'to_timestamp(%1$s::float8 / %3$s)'
            WHEN 'text' THEN 'hazecast.text_instant(%1$s, %2$L)'
            ELSE 'hazecast.local_instant(%1$s::timestamp, %2$L)'
        END,
        format('(row.%I)::%s', attached.columns ->> 'observed_at', type), attached.time_zone, hazecast.ticks(attached))
    FROM hazecast.attached_type(attached.source, attached.columns ->> 'observed_at') AS type
$$;
COMMENT ON FUNCTION hazecast.stamp_sql(hazecast.attachment) IS
    'SQL for a row''s time as an instant; NULL where a clock never shows it, or twice.';

CREATE FUNCTION hazecast.key_sql(name text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    -- format uses a type's output function, where a cast to text could be anybody's function.
    SELECT CASE WHEN name IS NULL THEN 'NULL::text'
        ELSE format('CASE WHEN row.%1$I IS NOT NULL THEN format(''%%s'', row.%1$I) END', name) END
$$;
COMMENT ON FUNCTION hazecast.key_sql(text) IS 'SQL for a column as text.';

-- The trigger on the user's table: it must not fail and must not wait, whatever has become of the table or of this schema.

CREATE FUNCTION hazecast.note_attached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
AS $$
DECLARE
    attached hazecast.attachment;
    keys text;
BEGIN
    BEGIN
        SELECT * INTO attached FROM hazecast.attachment WHERE id = TG_ARGV[0]::integer;
        IF attached.id IS NULL OR (TG_OP IN ('DELETE', 'TRUNCATE') AND NOT attached.follow_deletes) THEN
            RETURN NULL;
        END IF;
        keys := format(
            'SELECT %s AS station, %s AS observed', hazecast.key_sql(attached.columns ->> 'station'),
            hazecast.key_sql(attached.columns ->> 'observed_at'));
        IF TG_OP IN ('INSERT', 'UPDATE') THEN
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
                SELECT $1, ''write'', station, observed, count(*) FROM (%s FROM written AS row) AS key GROUP BY station, observed',
                keys) USING attached.id;
        END IF;
        IF TG_OP = 'UPDATE' THEN
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
                SELECT $1, ''removal'', station, observed, 1 FROM (%1$s FROM removed AS row EXCEPT %1$s FROM written AS row) AS key',
                keys) USING attached.id;
        ELSIF TG_OP = 'DELETE' THEN
            EXECUTE format(
                'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
                SELECT DISTINCT $1, ''removal'', station, observed, 1 FROM (%s FROM removed AS row) AS key',
                keys) USING attached.id;
        ELSIF TG_OP = 'TRUNCATE' THEN
            INSERT INTO hazecast.attachment_change (attachment, kind, rows) VALUES (attached.id, 'truncate', 1);
        END IF;
    EXCEPTION WHEN OTHERS THEN
        INSERT INTO hazecast.attachment_change (attachment, kind, observed, rows)
        VALUES (TG_ARGV[0]::integer, 'blind', SQLERRM, 1);
    END;
    -- A notification would make PREPARE TRANSACTION fail: where that is allowed, the daemon's timer has to do.
    IF current_setting('max_prepared_transactions') = '0' THEN
        INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION hazecast.note_attached() IS
    'After a statement that changed an attached table: which stations and times, into hazecast.attachment_change. Raises '
    'nothing, ever.';
REVOKE ALL ON FUNCTION hazecast.note_attached() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.note_attached() TO hazecast_operator;

-- Rejections.

CREATE TYPE hazecast.rejected AS (station text, observed text, reason text, rows bigint, is_recount boolean);
COMMENT ON TYPE hazecast.rejected IS 'What hazecast.reject takes down.';
COMMENT ON COLUMN hazecast.rejected.station IS 'Station as the row names it.';
COMMENT ON COLUMN hazecast.rejected.observed IS 'Time as the row has it.';
COMMENT ON COLUMN hazecast.rejected.reason IS 'Why it cannot be used.';
COMMENT ON COLUMN hazecast.rejected.rows IS 'How many rows.';
COMMENT ON COLUMN hazecast.rejected.is_recount IS
    'Whether the rows were counted before, when their hour was computed the last time.';

CREATE FUNCTION hazecast.reject(attached integer, rejects hazecast.rejected[]) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO hazecast.rejection AS r (attachment, station, observed, reason, rows)
    SELECT attached, left(station, 100), left(observed, 100), left(reason, 500), sum(rows)
    FROM unnest(rejects) AS reject
    WHERE NOT is_recount
    GROUP BY left(station, 100), left(observed, 100), left(reason, 500)
    ON CONFLICT ON CONSTRAINT rejection_key DO UPDATE SET rows = r.rows + excluded.rows, last_seen = excluded.last_seen;
    INSERT INTO hazecast.rejection AS r (attachment, station, observed, reason, rows)
    SELECT attached, left(station, 100), left(observed, 100), left(reason, 500), sum(rows)
    FROM unnest(rejects) AS reject
    WHERE is_recount
    GROUP BY left(station, 100), left(observed, 100), left(reason, 500)
    ON CONFLICT ON CONSTRAINT rejection_key DO UPDATE SET rows = excluded.rows, last_seen = excluded.last_seen;
    IF (SELECT count(*) FROM hazecast.rejection WHERE attachment = attached) > 20000 THEN
        WITH old AS (
            DELETE FROM hazecast.rejection AS r
            USING (
                SELECT ctid FROM hazecast.rejection
                WHERE attachment = attached AND (station IS NOT NULL OR observed IS NOT NULL)
                ORDER BY last_seen DESC OFFSET 10000
            ) AS surplus
            WHERE r.ctid = surplus.ctid
            RETURNING r.reason, r.rows, r.first_seen, r.last_seen
        )
        INSERT INTO hazecast.rejection AS r (attachment, reason, rows, first_seen, last_seen)
        SELECT attached, reason, sum(rows), min(first_seen), max(last_seen) FROM old GROUP BY reason
        ON CONFLICT ON CONSTRAINT rejection_key DO UPDATE SET
            rows = r.rows + excluded.rows, first_seen = least(r.first_seen, excluded.first_seen),
            last_seen = greatest(r.last_seen, excluded.last_seen);
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.reject(integer, hazecast.rejected[]) IS
    'Takes down what could not be used: adds to what is there already, or replaces the number of rows where they were counted '
    'again; adds up the oldest when there are many.';

-- From changes to hours.

CREATE FUNCTION hazecast.absorb_changes(attached hazecast.attachment, at timestamptz, most integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    is_number constant boolean :=
        hazecast.type_family(hazecast.attached_type(attached.source, attached.columns ->> 'observed_at')) = 'number';
    is_padded constant boolean := attached.station_name IS NULL
        AND hazecast.attached_type(attached.source, attached.columns ->> 'station') = 'bpchar'::regtype;
    ticks constant double precision := hazecast.ticks(attached);
    grid constant interval := least(attached.step, interval '15 minutes');
    shift constant interval := CASE attached.stamps WHEN 'end' THEN attached.step ELSE interval '0' END;
    recent constant timestamptz := at - interval '2 days';
    rejects hazecast.rejected[];
    is_truncated boolean;
BEGIN
    WITH taken AS (
        -- The newest first: a history that is taken in must not keep what happens now waiting.
        DELETE FROM hazecast.attachment_change AS change
        USING (
            SELECT id FROM hazecast.attachment_change WHERE attachment = attached.id ORDER BY id DESC LIMIT most
        ) AS newest
        WHERE change.attachment = attached.id AND change.id = newest.id
        RETURNING
            change.kind, change.observed, change.rows,
            coalesce(attached.station_name, CASE WHEN is_padded THEN rtrim(change.station) ELSE change.station END) AS station
    ), stamped AS (
        SELECT taken.*, CASE
            WHEN kind NOT IN ('blind', 'truncate') THEN
                CASE WHEN is_number THEN hazecast.number_instant(observed, ticks)
                    ELSE hazecast.text_instant(observed, attached.time_zone) END
            END AS stamp
        FROM taken
    ), judged AS (
        SELECT stamped.*, CASE
            WHEN kind = 'truncate' THEN NULL
            WHEN kind = 'blind' THEN 'the trigger could not tell which row changed: ' || observed
            WHEN station IS NULL THEN 'the station is NULL'
            WHEN btrim(station) = '' THEN 'the station is blank'
            WHEN length(station) > 200 THEN 'the station''s name is longer than 200 characters'
            ELSE hazecast.time_fault(stamp, observed, attached.time_zone, at)
        END AS reason
        FROM stamped
    ), hours AS (
        SELECT station, hour, bool_or(kind = 'removal') AS removed, bool_or(kind = 'history') AS is_history
        FROM judged
        CROSS JOIN LATERAL (
            SELECT date_bin(grid, stamp + grid / 2, '0001-01-01 00:00:00+00') - shift AS beginning
        ) AS span
        CROSS JOIN LATERAL (
            VALUES (date_trunc('hour', beginning)), (date_trunc('hour', beginning + attached.step - interval '1 microsecond'))
        ) AS touched (hour)
        WHERE reason IS NULL AND kind <> 'truncate'
        GROUP BY station, hour
    ), noted AS (
        INSERT INTO hazecast.attachment_hour AS h (attachment, station, hour, look_at, final_at, removed)
        SELECT
            attached.id, station, hour, at,
            CASE WHEN bool_or(is_history) AND hour + interval '1 hour' + attached.patience <= at THEN at
                ELSE greatest(hour + interval '1 hour', at) + attached.patience END,
            bool_or(removed)
        FROM hours
        WHERE NOT removed OR hour > recent
        GROUP BY station, hour
        ON CONFLICT (attachment, station, hour) DO UPDATE
            SET look_at = excluded.look_at, removed = h.removed OR excluded.removed
    )
    SELECT
        array_agg((station, CASE WHEN kind <> 'blind' THEN observed END, reason, rows, kind IN ('poll', 'history'))::hazecast.rejected)
            FILTER (WHERE reason IS NOT NULL AND kind <> 'removal'),
        bool_or(kind = 'truncate')
    INTO rejects, is_truncated
    FROM judged;
    IF is_truncated THEN
        INSERT INTO hazecast.attachment_hour AS h (attachment, station, hour, look_at, final_at, removed)
        SELECT attached.id, named.name, reading.observed_at, at, at, true
        FROM hazecast.resolve_stations(ARRAY(
            SELECT fed.station FROM hazecast.attachment_station AS fed WHERE fed.attachment = attached.id
        )) AS named
        JOIN hazecast.reading ON reading.station_id = named.station_id AND reading.observed_at > recent
        ON CONFLICT (attachment, station, hour) DO UPDATE SET look_at = excluded.look_at, removed = true;
    END IF;
    IF rejects IS NOT NULL THEN
        PERFORM hazecast.reject(attached.id, rejects);
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.absorb_changes(hazecast.attachment, timestamptz, integer) IS
    'Turns the newest noted changes of a table into hours to be computed, and rejects those that name none. Deleted rows '
    'count for two days: older readings are history, which outlives the table it came from.';

-- From hours to readings. The one place where rows of a table become readings: a function of the table and of nothing else.

CREATE FUNCTION hazecast.measure_sql(attached hazecast.attachment, measure text, OUT number text, OUT fault text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    name constant text := attached.columns ->> measure;
    points constant text := $sql$'{N,NNE,NE,ENE,E,ESE,SE,SSE,S,SSW,SW,WSW,W,WNW,NW,NNW}'::text[]$sql$;
    type regtype;
    family text;
    raw text;
    factor double precision[];
BEGIN
    number := 'NULL::float8';
    fault := 'NULL';
    IF name IS NULL THEN
        RETURN;
    END IF;
    type := hazecast.attached_type(attached.source, name);
    family := hazecast.type_family(type);
    raw := format('(row.%I)::%s', name, type);
    IF family = 'text' THEN
        raw := format($sql$nullif(nullif(btrim(%s), ''), 'NA')$sql$, raw);
    ELSIF family IS DISTINCT FROM 'number' THEN
        RAISE EXCEPTION 'column "%" of % is of type %: % must be a number or text', name, attached.source, type, measure
            USING ERRCODE = 'datatype_mismatch', HINT = 'A generated column, or a materialized view, can hold a number.';
    END IF;
    number := hazecast.number_sql(raw, family);
    factor := hazecast.unit_factor(
        CASE WHEN measure LIKE 'wind\__' THEN 'wind_speed' ELSE measure END,
        attached.units ->> CASE WHEN measure LIKE 'wind\__' THEN 'wind_speed' ELSE measure END);
    IF factor <> '{0,1,1}' THEN
        number := format('(%s - %s) * %s / %s', number, factor[1], factor[2], factor[3]);
    END IF;
    IF measure = 'wind_direction' AND family = 'text' THEN
        fault := format(
            $sql$CASE WHEN %1$s IS NOT NULL AND %2$s IS NULL AND NOT upper(%1$s) = ANY(%3$s || '{CALM,CV,VRB}'::text[])
                THEN 'wind_direction is neither degrees nor a compass point' END$sql$, raw, number, points);
        number := format('coalesce((array_position(%1$s, upper(%2$s)) - 1) * 22.5, %3$s)', points, raw, number);
    ELSE
        fault := format(
            'CASE WHEN %s IS NOT NULL AND %s IS NULL THEN %L END', raw, number, measure || ' is not a finite number');
    END IF;
END
$$;
COMMENT ON FUNCTION hazecast.measure_sql(hazecast.attachment, text) IS
    'SQL for a measure of a row in the unit of hazecast.reading, NULL where it is none, and for what is wrong with it.';

CREATE FUNCTION hazecast.attached_measures(attached hazecast.attachment) RETURNS text[]
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT array_remove(ARRAY[
        CASE WHEN attached.columns ? 'pm25' THEN 'pm25' END,
        CASE WHEN attached.columns ? 'dew_point' OR attached.columns ?& '{humidity,temperature}' THEN 'dew_point' END,
        CASE WHEN attached.columns ? 'temperature' THEN 'temperature' END,
        CASE WHEN attached.columns ? 'pressure' THEN 'pressure' END,
        CASE WHEN attached.columns ?| '{wind_direction,wind_u}' THEN 'wind_direction' END,
        CASE WHEN attached.columns ?| '{wind_speed,wind_u}' THEN 'wind_speed' END
    ], NULL);
END;
COMMENT ON FUNCTION hazecast.attached_measures(hazecast.attachment) IS
    'The columns of hazecast.reading that an attached table fills; others keep what is there.';

CREATE FUNCTION hazecast.derived_sql(measure text, purpleair boolean) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE measure
        -- Barkjohn, Gantt and Clements, Atmospheric Measurement Techniques 14 (2021), for cf_1 below 570 µg/m³.
        WHEN 'pm25' THEN CASE WHEN purpleair THEN
            'CASE WHEN pm25 >= 0 AND pm25 < 570 AND humidity BETWEEN 0 AND 100
                THEN greatest(0.524 * pm25 - 0.0862 * humidity + 5.75, 0) END'
            ELSE 'pm25' END
        -- The Magnus formula with the constants of Sonntag (1990), over water.
        WHEN 'dew_point' THEN
            'coalesce(dew_point, CASE WHEN humidity BETWEEN 0.1 AND 105 AND temperature BETWEEN -100 AND 70 THEN
                243.12 * (ln(least(humidity, 100) / 100) + 17.62 * temperature / (243.12 + temperature))
                / (17.62 - ln(least(humidity, 100) / 100) - 17.62 * temperature / (243.12 + temperature)) END)'
        WHEN 'wind_speed' THEN 'coalesce(wind_speed, sqrt(wind_u * wind_u + wind_v * wind_v))'
        WHEN 'wind_direction' THEN
            'coalesce(wind_direction, CASE WHEN wind_u > 0 THEN 360 + atan2d(-wind_u, -wind_v)
                WHEN wind_u <> 0 OR wind_v <> 0 THEN atan2d(-wind_u, -wind_v) END)'
        ELSE measure
    END
$$;
COMMENT ON FUNCTION hazecast.derived_sql(text, boolean) IS
    'SQL for a measure that may come from others: PurpleAir corrected, dew point from humidity, wind from its components.';

CREATE FUNCTION hazecast.hours_sql(attached hazecast.attachment) RETURNS text
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    step constant text := format('interval %L', attached.step);
    shift constant text := format('interval %L', CASE attached.stamps WHEN 'end' THEN attached.step ELSE '0' END);
    grid constant text := format('interval %L', least(attached.step, interval '15 minutes'));
    is_hourly constant boolean := attached.step = interval '1 hour';
    lower_end constant text := format('(%%s - %s - %s + %s)', step, grid, shift);
    upper_end constant text := format('(%%s + interval ''1 hour'' + %s + %s)', grid, shift);
    around constant text[] := hazecast.range_sql(attached, format(lower_end, 'hour'), format(upper_end, 'hour'));
    within constant text[] := hazecast.range_sql(attached, format(lower_end, '$5'), format(upper_end, '$6'));
    observed constant text := format(
        CASE hazecast.type_family(hazecast.attached_type(attached.source, attached.columns ->> 'observed_at'))
            WHEN 'text' THEN '(row.%I)::text COLLATE "C"' ELSE 'row.%I' END,
        attached.columns ->> 'observed_at');
    station constant text := attached.columns ->> 'station';
    purpleair constant boolean := attached.correction IS NOT NULL;
    measure record;
    one record;
    numbers text := '';
    faults text := '';
    more_faults text := '';
    ranged text := '';
    averages text := '';
    means text := '';
    shortages text := '';
BEGIN
    FOR measure IN
        SELECT unnest('{pm25,dew_point,temperature,pressure,wind_direction,wind_speed,humidity,wind_u,wind_v}'::text[]) AS name
    LOOP
        one := hazecast.measure_sql(attached, measure.name);
        numbers := numbers || format(', %s AS %I', one.number, measure.name);
        faults := faults || ', ' || one.fault;
    END LOOP;
    IF purpleair THEN
        more_faults := more_faults || $sql$, CASE
            WHEN NOT (pm25 >= 0 AND pm25 < 570) THEN 'pm25 is outside of 0 to 570, where the correction holds'
            WHEN pm25 IS NOT NULL AND (humidity BETWEEN 0 AND 100) IS NOT TRUE THEN 'no humidity of 0 to 100 % to correct pm25 by'
            END$sql$;
    END IF;
    IF attached.columns ?& '{humidity,temperature}' THEN
        more_faults := more_faults ||
            $sql$, CASE WHEN humidity NOT BETWEEN 0.1 AND 105 THEN 'humidity is outside of 0.1 to 105 %' END$sql$;
    END IF;
    FOR measure IN
        -- The ranges are those of quality control, which sees only the mean where there are several rows to an hour.
        SELECT known.*, known.name = ANY(hazecast.attached_measures(attached)) AS is_filled
        FROM (VALUES
            ('pm25', 0, 5000), ('dew_point', -100, 50), ('temperature', -100, 70), ('pressure', 300, 1100),
            ('wind_direction', 0, 360), ('wind_speed', 0, 150)
        ) AS known (name, low, high)
    LOOP
        CONTINUE WHEN NOT measure.is_filled;
        IF is_hourly THEN
            ranged := ranged || format(', %I', measure.name);
        ELSE
            ranged := ranged || format(
                ', CASE WHEN %1$I BETWEEN %2$s AND %3$s THEN %1$I END AS %1$I', measure.name, measure.low, measure.high);
            shortages := shortages || format(
                $sql$, CASE WHEN %1$L <> 'wind_direction' AND sum(weight) FILTER (WHERE %1$I IS NOT NULL) < 2699
                    THEN '%1$s: values of less than 75 %% of the hour' END$sql$, measure.name);
        END IF;
        averages := averages || format(', avg(%1$I) AS %1$I', measure.name);
        IF measure.name = 'wind_direction' THEN
            averages := averages || format(
                ', avg(%1$s * sind(wind_direction)) AS east, avg(%1$s * cosd(wind_direction)) AS north',
                CASE WHEN 'wind_speed' = ANY(hazecast.attached_measures(attached)) THEN 'coalesce(wind_speed, 1)' ELSE '1' END);
            means := means || $sql$, (CASE
                WHEN sum(rows) = 1 THEN min(wind_direction)
                WHEN sum(weight) FILTER (WHERE wind_direction IS NOT NULL) < 2699
                    OR abs(sum(east * weight)) + abs(sum(north * weight)) < 1e-6 * sum(weight) THEN NULL
                WHEN sum(east * weight) < 0 THEN 360 + atan2d(sum(east * weight), sum(north * weight))
                ELSE atan2d(sum(east * weight), sum(north * weight))
                END)::real AS wind_direction$sql$;
        ELSE
            means := means || format(
                $sql$, (CASE WHEN sum(weight) FILTER (WHERE %1$I IS NOT NULL) >= 2699
                    THEN sum(%1$I * weight) / sum(weight) FILTER (WHERE %1$I IS NOT NULL) END)::real AS %1$I$sql$,
                measure.name);
        END IF;
        IF NOT is_hourly THEN
            more_faults := more_faults || format(
                $sql$, CASE WHEN %1$s NOT BETWEEN %2$s AND %3$s THEN '%4$s is out of range' END$sql$,
                hazecast.derived_sql(measure.name, purpleair), measure.low, measure.high, measure.name);
        END IF;
    END LOOP;
    RETURN format(
        $sql$
        WITH wanted AS (
            SELECT station, hour, removed, final_at, place, station::%1$s AS key, %2$s AS low, %3$s AS high
            FROM unnest($1::text[], $2::timestamptz[], $3::boolean[], $4::timestamptz[], $9::tid[])
                AS due (station, hour, removed, final_at, place)
        ), parsed AS (
            SELECT wanted.station, wanted.hour, %4$s AS stamp, concat_ws('; ' %5$s) AS fault %6$s
            FROM wanted
            JOIN %7$s AS row ON %8$s AND %9$s >= wanted.low AND %9$s < wanted.high
            WHERE %9$s >= %10$s AND %9$s < %11$s
        ), derived AS (
            SELECT
                station, hour, stamp, date_bin(%12$s, stamp + %12$s / 2, '0001-01-01 00:00:00+00') - %13$s AS beginning,
                concat_ws('; ', nullif(fault, '') %14$s) AS fault,
                %15$s AS pm25, %16$s AS dew_point, temperature, pressure, %17$s AS wind_direction, %18$s AS wind_speed
            FROM parsed WHERE stamp IS NOT NULL
        ), weighted AS (
            SELECT *
            FROM (
                SELECT
                    station, hour, stamp, beginning, fault %19$s,
                    date_part('epoch', least(beginning + %20$s, hour + interval '1 hour') - greatest(beginning, hour)) AS weight
                FROM derived
            ) AS part
            WHERE weight > 0
        ), slots AS (
            SELECT station, hour, weight, count(*) AS rows %21$s FROM weighted GROUP BY station, hour, beginning, weight
        ), computed AS (
            SELECT station, hour, sum(weight) / 3600 AS covered, concat_ws('; ', NULL %22$s) AS shortage %23$s
            FROM slots GROUP BY station, hour
        )
        $sql$,
        CASE WHEN station IS NULL THEN 'text' ELSE hazecast.attached_type(attached.source, station)::text END, around[1], around[2],
        hazecast.stamp_sql(attached), faults, numbers, attached.source,
        CASE WHEN station IS NULL THEN 'true' ELSE format('row.%I = wanted.key', station) END, observed, within[1], within[2], grid, shift, more_faults,
        hazecast.derived_sql('pm25', purpleair), hazecast.derived_sql('dew_point', purpleair),
        hazecast.derived_sql('wind_direction', purpleair), hazecast.derived_sql('wind_speed', purpleair), ranged, step,
        averages, shortages, means);
END
$$;
COMMENT ON FUNCTION hazecast.hours_sql(hazecast.attachment) IS
    'The common table expressions that compute hours of an attached table, of which "computed" is the last. Parameters: '
    'stations, hours, whether rows were removed, when an incomplete hour is final, first and last hour, now, the attachment, '
    'and the places of the hours in hazecast.attachment_hour. A row stands for the '
    'step from its stamp on, rounded to the step or to a quarter of an hour; an hour is the mean of what overlaps it, '
    'weighted by how much, a measure of it missing where less than 75 % have a value.';

CREATE FUNCTION hazecast.settle_hours(attached hazecast.attachment, at timestamptz, most integer, OUT hours integer, OUT written integer)
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    stations text[];
    hour_list timestamptz[];
    removals boolean[];
    finals timestamptz[];
    -- Found again by these: statistics of a table that empties itself mislead. Nobody else writes it meanwhile.
    places tid[];
    newest timestamptz;
    rejects hazecast.rejected[];
    gone_stations text[];
    gone_hours timestamptz[];
    filled text;
    others text;
BEGIN
    SELECT array_agg(due.station), array_agg(due.hour), array_agg(due.removed), array_agg(due.final_at),
        array_agg(due.ctid)
    INTO stations, hour_list, removals, finals, places
    FROM (
        SELECT h.station, h.hour, h.removed, h.final_at, h.ctid FROM hazecast.attachment_hour AS h
        WHERE h.attachment = attached.id AND h.look_at <= at
        ORDER BY h.look_at DESC, h.hour DESC LIMIT most
    ) AS due;
    hours := coalesce(cardinality(stations), 0);
    written := 0;
    IF hours = 0 THEN
        RETURN;
    END IF;
    SELECT string_agg(quote_ident(name), ', ') INTO filled FROM unnest(hazecast.attached_measures(attached)) AS name;
    SELECT coalesce(string_agg(format('reading.%I IS NULL', name), ' AND '), 'true') INTO others
    FROM unnest('{pm25,dew_point,temperature,pressure,wind_direction,wind_speed}'::text[]) AS name
    WHERE name <> ALL (hazecast.attached_measures(attached));
    -- Its index on station and time is used where there is one: a plan by estimates alone may read the whole table instead.
    PERFORM set_config('enable_seqscan', 'off', true)
    FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = attached.source AND indpred IS NULL AND indisvalid
        AND attname IN (attached.columns ->> 'station', attached.columns ->> 'observed_at');
    EXECUTE hazecast.hours_sql(attached) || format(
        $sql$
        , verdict AS (
            SELECT wanted.station, wanted.hour, wanted.place, computed.shortage, computed.covered %1$s,
                CASE
                    WHEN covered >= 0.999 THEN 'emit'
                    WHEN wanted.final_at > $7 THEN 'wait'
                    WHEN covered >= 0.749 THEN 'emit'
                    WHEN wanted.removed THEN 'withdraw'
                    WHEN covered > 0 THEN 'reject'
                    ELSE 'empty'
                END AS verdict
            FROM wanted LEFT JOIN computed USING (station, hour)
        ), named AS MATERIALIZED (
            SELECT * FROM hazecast.resolve_stations(ARRAY(SELECT DISTINCT station FROM verdict WHERE verdict = 'emit'), true)
        ), written AS (
            INSERT INTO hazecast.reading AS r (station_id, observed_at, %2$s)
            SELECT DISTINCT ON (named.station_id, verdict.hour) named.station_id, verdict.hour, %2$s
            FROM verdict JOIN named ON named.name = verdict.station
            WHERE verdict.verdict = 'emit'
            ORDER BY named.station_id, verdict.hour
            ON CONFLICT (station_id, observed_at) DO UPDATE SET (%2$s) = ROW (%3$s)
            WHERE (%4$s) IS DISTINCT FROM (%3$s)
            RETURNING observed_at
        ), fed AS (
            INSERT INTO hazecast.attachment_station (attachment, station)
            SELECT $8, named.name FROM named
            WHERE NOT EXISTS (
                SELECT FROM hazecast.attachment_station AS known WHERE known.attachment = $8 AND known.station = named.name
            )
        ), settled AS (
            DELETE FROM hazecast.attachment_hour AS h USING verdict WHERE h.ctid = verdict.place AND verdict.verdict <> 'wait'
        ), postponed AS (
            UPDATE hazecast.attachment_hour AS h SET look_at = h.final_at FROM verdict
            WHERE h.ctid = verdict.place AND verdict.verdict = 'wait'
        ), rejected AS (
            SELECT station, stamp::text AS observed, fault AS reason, count(*) AS rows
            FROM weighted WHERE fault <> '' AND date_trunc('hour', beginning) = hour
            GROUP BY station, stamp, fault
            UNION ALL
            SELECT station, hour::text, CASE verdict
                WHEN 'emit' THEN shortage
                ELSE format('rows of %%s %%%% of the hour: it takes 75 %%%%', round(100 * covered))
                END, 1
            FROM verdict WHERE (verdict IN ('reject', 'withdraw') AND covered > 0) OR (verdict = 'emit' AND shortage <> '')
        )
        SELECT
            (SELECT count(*) FROM written), (SELECT max(observed_at) FROM written),
            (SELECT array_agg((station, observed, reason, rows, true)::hazecast.rejected) FROM rejected),
            (SELECT array_agg(station) FROM verdict WHERE verdict = 'withdraw'),
            (SELECT array_agg(hour) FROM verdict WHERE verdict = 'withdraw')
        $sql$,
        (SELECT string_agg(format(', computed.%I', name), '') FROM unnest(hazecast.attached_measures(attached)) AS name),
        filled,
        (SELECT string_agg(format('excluded.%I', name), ', ') FROM unnest(hazecast.attached_measures(attached)) AS name),
        (SELECT string_agg(format('r.%I', name), ', ') FROM unnest(hazecast.attached_measures(attached)) AS name))
    INTO written, newest, rejects, gone_stations, gone_hours
    USING stations, hour_list, removals, finals,
        (SELECT min(hour) FROM unnest(hour_list) AS hour), (SELECT max(hour) FROM unnest(hour_list) AS hour), at, attached.id,
        places;
    IF gone_stations IS NOT NULL THEN
        -- What other sources have filled stays.
        EXECUTE format(
            $sql$
            UPDATE hazecast.reading SET (%1$s) = ROW (%2$s)
            FROM unnest($1, $2) AS gone (station, hour), hazecast.resolve_stations($1) AS named
            WHERE named.name = gone.station AND reading.station_id = named.station_id AND reading.observed_at = gone.hour
                AND NOT (%3$s)
            $sql$,
            filled, (SELECT string_agg('NULL', ', ') FROM unnest(hazecast.attached_measures(attached))), others)
        USING gone_stations, gone_hours;
        EXECUTE format(
            $sql$
            DELETE FROM hazecast.reading
            USING unnest($1, $2) AS gone (station, hour), hazecast.resolve_stations($1) AS named
            WHERE named.name = gone.station AND reading.station_id = named.station_id AND reading.observed_at = gone.hour
                AND %s
            $sql$, others)
        USING gone_stations, gone_hours;
    END IF;
    IF rejects IS NOT NULL THEN
        PERFORM hazecast.reject(attached.id, rejects);
    END IF;
    UPDATE hazecast.attachment AS a
    SET readings = a.readings + written, last_reading = greatest(a.last_reading, newest)
    WHERE a.id = attached.id AND written > 0;
END
$$;
COMMENT ON FUNCTION hazecast.settle_hours(hazecast.attachment, timestamptz, integer) IS
    'Computes the hours of an attached table whose time has come, at most so many, and writes those that are complete, or '
    'final and at least 75 % there; how many it looked at and how many readings it wrote.';

CREATE FUNCTION hazecast.note_rows(attached hazecast.attachment, kind text, since timestamptz) RETURNS bigint
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    noted bigint;
BEGIN
    EXECUTE format(
        'INSERT INTO hazecast.attachment_change (attachment, kind, station, observed, rows)
        SELECT $1, $2, station, observed, count(*)
        FROM (SELECT %s AS station, %s AS observed, row.%3$I AS moment FROM %4$s AS row WHERE %5$s >= %6$s) AS key
        GROUP BY station, observed, moment ORDER BY moment',
        hazecast.key_sql(attached.columns ->> 'station'), hazecast.key_sql(attached.columns ->> 'observed_at'),
        attached.columns ->> 'observed_at', attached.source,
        format(
            CASE hazecast.type_family(hazecast.attached_type(attached.source, attached.columns ->> 'observed_at'))
                WHEN 'text' THEN '(row.%I)::text COLLATE "C"' ELSE 'row.%I' END,
            attached.columns ->> 'observed_at'),
        (hazecast.range_sql(attached, '$3', '$3'))[1])
    USING attached.id, kind, since;
    GET DIAGNOSTICS noted = ROW_COUNT;
    RETURN noted;
END
$$;
COMMENT ON FUNCTION hazecast.note_rows(hazecast.attachment, text, timestamptz) IS
    'Notes every row of an attached table since a time as a change; how many.';

CREATE FUNCTION hazecast.reject_one(attached integer, stage text, at timestamptz, reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rejects hazecast.rejected[];
BEGIN
    IF stage = 'changes' THEN
        WITH taken AS (
            DELETE FROM hazecast.attachment_change
            WHERE attachment = attached AND id = (SELECT max(id) FROM hazecast.attachment_change WHERE attachment = attached)
            RETURNING station, observed, rows
        )
        SELECT array_agg((station, observed, reason, rows, false)::hazecast.rejected) INTO rejects FROM taken;
    ELSE
        WITH taken AS (
            DELETE FROM hazecast.attachment_hour AS h
            USING (
                SELECT ctid FROM hazecast.attachment_hour
                WHERE attachment = attached AND look_at <= at ORDER BY look_at DESC, hour DESC LIMIT 1
            ) AS first
            WHERE h.ctid = first.ctid
            RETURNING h.station, h.hour
        )
        SELECT array_agg((station, hour::text, reason, 1, true)::hazecast.rejected) INTO rejects FROM taken;
    END IF;
    PERFORM hazecast.reject(attached, rejects);
END
$$;
COMMENT ON FUNCTION hazecast.reject_one(integer, text, timestamptz, text) IS
    'Gives up the one change, or the one hour, that is next and at which settling fails.';

CREATE FUNCTION hazecast.settle_attachments(
    at timestamptz DEFAULT clock_timestamp(), most integer DEFAULT 20000,
    OUT hours integer, OUT written integer, OUT failures text
)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
    SET row_security = off SET lock_timeout = '200ms' SET enable_seqscan = on SET enable_mergejoin = off
    SET plan_cache_mode = auto SET jit = off
AS $$
DECLARE
    attached hazecast.attachment;
    stage text;
    batch integer;
    done record;
    state text;
    message text;
BEGIN
    hours := 0;
    written := 0;
    FOR attached IN
        SELECT * FROM hazecast.attachment AS a WHERE hazecast.attachment_is_due(a, at) FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        state := NULL;
        FOREACH stage IN ARRAY '{changes,hours}'::text[] LOOP
            batch := most;
            WHILE batch > 0 LOOP
                BEGIN
                    IF NOT EXISTS (SELECT FROM pg_class WHERE oid = attached.source) THEN
                        RAISE EXCEPTION 'the table is gone' USING ERRCODE = 'undefined_table';
                    END IF;
                    -- Holds the table as it is, until its columns' types have been looked at and its rows read.
                    EXECUTE format('SELECT FROM %s LIMIT 0', attached.source);
                    IF stage = 'hours' THEN
                        done := hazecast.settle_hours(attached, at, batch);
                        hours := hours + done.hours;
                        written := written + done.written;
                    ELSE
                        IF attached.polled_at + attached.poll <= at THEN
                            PERFORM hazecast.note_rows(attached, 'poll', least(attached.polled_at, at) - interval '6 hours');
                            UPDATE hazecast.attachment SET polled_at = at WHERE id = attached.id;
                        END IF;
                        PERFORM hazecast.absorb_changes(attached, at, batch);
                    END IF;
                    batch := 0;
                EXCEPTION WHEN OTHERS THEN
                    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
                    IF left(state, 2) NOT IN ('22', '23', '54') THEN
                        batch := 0;
                    ELSIF batch > 1 THEN
                        -- Some row makes it fail in a way that was not thought of: the others must not wait for it.
                        state := NULL;
                        batch := greatest(batch / 8, 1);
                    ELSE
                        state := NULL;
                        batch := 0;
                        PERFORM hazecast.reject_one(attached.id, stage, at, message);
                    END IF;
                END;
            END LOOP;
            EXIT WHEN state IS NOT NULL;
        END LOOP;
        IF state IS NULL THEN
            UPDATE hazecast.attachment SET error = NULL, failures = 0, retry_at = '-infinity'
            WHERE id = attached.id AND error IS NOT NULL;
        ELSE
            UPDATE hazecast.attachment AS a
            SET error = message, failures = a.failures + 1,
                retry_at = at + least(interval '1 second' * 2 ^ least(a.failures, 12), interval '1 hour')
            WHERE a.id = attached.id;
            IF attached.error IS DISTINCT FROM message THEN
                failures := concat_ws('; ', failures, format('%s: %s', attached.source_name, message));
            END IF;
        END IF;
    END LOOP;
END
$$;
-- enable_mergejoin: it would sort rows by the station's text, which costs more than PostgreSQL thinks.
COMMENT ON FUNCTION hazecast.settle_attachments(timestamptz, integer) IS
    'Reads what changed in attached tables and writes the readings that come of it, for each table at most so many changes '
    'and hours: call it until nothing is due. Answers how many hours it looked at, how many readings it wrote, and which '
    'tables have failed anew. The daemon calls it.';

-- Attaching and detaching.

CREATE FUNCTION hazecast.register_attachment(
    source regclass, columns jsonb, station_name text, units jsonb, time_zone text, stamps text, step interval,
    correction text, poll interval, patience interval, follow_deletes boolean
) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- current_user is the owner of this function.
    caller constant text := CASE current_setting('role') WHEN 'none' THEN session_user::text ELSE current_setting('role') END;
    owner constant text := quote_ident(current_user);
    class record;
    wanted hazecast.attachment;
    name text;
    unit text;
    type regtype;
BEGIN
    SELECT c.relkind, c.relpersistence, c.relname, n.nspname INTO class
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = source;
    IF class.relkind IS NULL OR class.relkind NOT IN ('r', 'p', 'f', 'm') OR class.relpersistence = 't'
        OR class.nspname IN ('hazecast', 'pg_catalog', 'information_schema')
    THEN
        RAISE EXCEPTION '% cannot be attached: it must be a table, a foreign table or a materialized view of yours', source
            USING ERRCODE = 'wrong_object_type',
                HINT = 'A view would run its functions with the rights of the owner of schema hazecast.';
    END IF;
    IF NOT has_table_privilege(caller, source, 'SELECT') THEN
        RAISE EXCEPTION '"%" may not read %: GRANT SELECT ON % TO %', caller, source, source, quote_ident(caller)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF poll IS NULL AND class.relkind IN ('r', 'p') AND NOT has_table_privilege(caller, source, 'TRIGGER') THEN
        RAISE EXCEPTION '"%" may not make triggers on %: GRANT TRIGGER ON % TO %', caller, source, source, quote_ident(caller)
            USING ERRCODE = 'insufficient_privilege', HINT = 'A table that is attached with poll needs no triggers.';
    END IF;
    IF NOT has_schema_privilege(current_user, class.nspname, 'USAGE') THEN
        RAISE EXCEPTION 'the owner of schema hazecast may not use schema %: GRANT USAGE ON SCHEMA % TO %',
            quote_ident(class.nspname), quote_ident(class.nspname), owner
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT has_table_privilege(current_user, source, 'SELECT') THEN
        RAISE EXCEPTION 'the owner of schema hazecast may not read %: GRANT SELECT ON % TO %', source, source, owner
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF row_security_active(source) THEN
        RAISE EXCEPTION 'row security hides rows of % from the owner of schema hazecast: ALTER ROLE % BYPASSRLS', source, owner
            USING ERRCODE = 'insufficient_privilege';
    END IF;

    columns := jsonb_strip_nulls(columns);
    IF (columns ? 'station') = (station_name IS NOT NULL) THEN
        RAISE EXCEPTION 'say which station: station => a column, or station_name => the name of the one station'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF station_name IS NOT NULL AND (btrim(station_name) = '' OR length(station_name) > 200) THEN
        RAISE EXCEPTION 'station_name must have 1 to 200 characters' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF NOT columns ? 'observed_at' THEN
        RAISE EXCEPTION 'say when: observed_at => the column with the time' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF (columns ? 'wind_u') <> (columns ? 'wind_v') THEN
        RAISE EXCEPTION 'wind_u and wind_v go together' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF columns ? 'humidity' AND correction IS NULL AND NOT columns ? 'temperature' THEN
        RAISE EXCEPTION 'humidity gives the dew point only together with temperature' USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF correction IS NOT NULL AND (correction <> 'purpleair' OR NOT columns ?& '{pm25,humidity}') THEN
        RAISE EXCEPTION 'the only correction is purpleair, and it needs the columns pm25 (cf_1) and humidity'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF stamps IS NULL OR stamps NOT IN ('beginning', 'end') THEN
        RAISE EXCEPTION 'stamps is beginning or end: of the time that a row stands for'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF step IS NULL OR step < interval '1 second' OR step > interval '1 hour' THEN
        RAISE EXCEPTION 'step, the time between rows of a station, must be one second to one hour'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF patience IS NULL OR patience NOT BETWEEN interval '0' AND interval '1 day' OR poll < interval '1 second' THEN
        RAISE EXCEPTION 'patience must be at most a day, and poll at least a second'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    FOR name, unit IN SELECT * FROM jsonb_each_text(units) LOOP
        IF hazecast.unit_factor(name, unit) IS NULL THEN
            RAISE EXCEPTION '"%" is no unit of %', unit, name USING ERRCODE = 'invalid_parameter_value', HINT =
                'pm25: µg/m³, mg/m3; temperature, dew_point: C, F, K; pressure: hPa, Pa, kPa, inHg, mmHg, mbar; '
                'wind_speed: m/s, km/h, mph, kn; humidity: %, fraction; observed_at, a number since 1970: s, ms, us';
        END IF;
    END LOOP;
    IF time_zone ~ '^[+-](0\d|1[0-4])(:?[0-5]\d)?$' THEN
        -- PostgreSQL reads a bare offset with the sign that POSIX gives it, the other way round.
        time_zone := format(
            '<%s>%s%s', time_zone, translate(left(time_zone, 1), '+-', '-+'),
            regexp_replace(substr(time_zone, 2), '^(\d\d)(\d\d)$', '\1:\2'));
    ELSIF NOT EXISTS (SELECT FROM pg_timezone_names AS known WHERE known.name = time_zone) THEN
        RAISE EXCEPTION '"%" is no time zone; give an offset such as +05:30 or a name such as Europe/Berlin', time_zone
            USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF poll IS NULL AND class.relkind IN ('f', 'm') THEN
        poll := interval '1 minute';
    END IF;

    wanted.source := source;
    wanted.columns := columns;
    wanted.units := units;
    type := hazecast.attached_type(source, columns ->> 'observed_at');
    IF coalesce(hazecast.type_family(type), 'uuid') = 'uuid' THEN
        RAISE EXCEPTION 'column "%" of % is of type %: observed_at must be a timestamp, a number since 1970, or text',
            columns ->> 'observed_at', source, type USING ERRCODE = 'datatype_mismatch';
    END IF;
    IF station_name IS NULL THEN
        type := hazecast.attached_type(source, columns ->> 'station');
        IF coalesce(hazecast.type_family(type), 'instant') NOT IN ('text', 'number', 'uuid') THEN
            RAISE EXCEPTION 'column "%" of % is of type %: station must be text, a number or a uuid',
                columns ->> 'station', source, type USING ERRCODE = 'datatype_mismatch';
        END IF;
    END IF;
    FOR name IN SELECT jsonb_object_keys(columns - '{station,observed_at}'::text[]) LOOP
        PERFORM hazecast.measure_sql(wanted, name);
    END LOOP;
    IF cardinality(hazecast.attached_measures(wanted)) = 0 THEN
        RAISE EXCEPTION 'name at least one column with a measure, such as pm25' USING ERRCODE = 'invalid_parameter_value';
    END IF;

    INSERT INTO hazecast.attachment AS a (
        source, source_name, columns, station_name, units, time_zone, stamps, step, correction, poll, patience, follow_deletes,
        attached_by, polled_at
    ) VALUES (
        source, format('%I.%I', class.nspname, class.relname), columns, station_name, units, time_zone, stamps, step,
        correction, poll, patience, follow_deletes, caller, now() - poll
    )
    ON CONFLICT ON CONSTRAINT attachment_source_key DO UPDATE SET
        source_name = excluded.source_name, columns = excluded.columns, station_name = excluded.station_name,
        units = excluded.units, time_zone = excluded.time_zone, stamps = excluded.stamps, step = excluded.step,
        correction = excluded.correction, poll = excluded.poll, patience = excluded.patience,
        follow_deletes = excluded.follow_deletes, attached_by = excluded.attached_by, polled_at = excluded.polled_at,
        error = NULL, failures = 0, retry_at = '-infinity'
    RETURNING a.id INTO wanted.id;
    RETURN wanted.id;
END
$$;
COMMENT ON FUNCTION hazecast.register_attachment(
    regclass, jsonb, text, jsonb, text, text, interval, text, interval, interval, boolean
) IS 'What attach does with the rights of the owner of this schema: checks what the caller may and what was said, and keeps it.';

CREATE FUNCTION hazecast.note_history(attachment integer, history interval) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, YMD' SET extra_float_digits = 1
    SET row_security = off
AS $$
DECLARE
    noted bigint := 0;
BEGIN
    IF history IS NOT NULL THEN
        SELECT hazecast.note_rows(a, 'history', now() - history) INTO noted
        FROM hazecast.attachment AS a WHERE a.id = note_history.attachment;
    END IF;
    INSERT INTO hazecast.arrival DEFAULT VALUES ON CONFLICT DO NOTHING;
    RETURN noted;
END
$$;
COMMENT ON FUNCTION hazecast.note_history(integer, interval) IS
    'Notes the rows that an attached table has had for so long, and wakes the daemon; how many.';

CREATE FUNCTION hazecast.drop_attachment_triggers(attachment integer) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT tgname, tgrelid::regclass AS relation FROM pg_trigger
        WHERE tgfoid = 'hazecast.note_attached()'::regprocedure AND NOT tgisinternal
            AND tgargs = convert_to(attachment::text, 'UTF8') || '\x00'::bytea
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', found.tgname, found.relation);
    END LOOP;
END
$$;
COMMENT ON FUNCTION hazecast.drop_attachment_triggers(integer) IS 'Takes our triggers off an attached table and its partitions.';

CREATE FUNCTION hazecast.attach(
    source regclass, station text DEFAULT NULL, observed_at text DEFAULT NULL, pm25 text DEFAULT NULL,
    dew_point text DEFAULT NULL, temperature text DEFAULT NULL, pressure text DEFAULT NULL,
    wind_direction text DEFAULT NULL, wind_speed text DEFAULT NULL, humidity text DEFAULT NULL,
    wind_u text DEFAULT NULL, wind_v text DEFAULT NULL, station_name text DEFAULT NULL, units jsonb DEFAULT '{}',
    time_zone text DEFAULT 'UTC', stamps text DEFAULT 'beginning', step interval DEFAULT '1 hour',
    correction text DEFAULT NULL, poll interval DEFAULT NULL, patience interval DEFAULT '10 minutes',
    follow_deletes boolean DEFAULT true, backfill interval DEFAULT NULL
) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    attachment constant integer := hazecast.register_attachment(
        source,
        jsonb_build_object(
            'station', station, 'observed_at', observed_at, 'pm25', pm25, 'dew_point', dew_point,
            'temperature', temperature, 'pressure', pressure, 'wind_direction', wind_direction, 'wind_speed', wind_speed,
            'humidity', humidity, 'wind_u', wind_u, 'wind_v', wind_v),
        station_name, units, time_zone, stamps, step, correction, poll, patience, follow_deletes);
    polled constant boolean := (SELECT a.poll IS NOT NULL FROM hazecast.attachment AS a WHERE a.id = attachment);
    relation regclass;
    noted bigint;
BEGIN
    IF polled THEN
        PERFORM hazecast.drop_attachment_triggers(attachment);
    ELSE
        -- A partition has triggers of its own for what is written straight into it; those of the table see the rest.
        FOR relation IN
            SELECT attach.source
            UNION
            SELECT part.relid FROM pg_partition_tree(attach.source) AS part JOIN pg_class ON pg_class.oid = part.relid
            WHERE pg_class.relkind IN ('r', 'p')
        LOOP
            EXECUTE format(
                'CREATE OR REPLACE TRIGGER hazecast_insert AFTER INSERT ON %1$s REFERENCING NEW TABLE AS written
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L);
                CREATE OR REPLACE TRIGGER hazecast_update AFTER UPDATE ON %1$s
                    REFERENCING NEW TABLE AS written OLD TABLE AS removed
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L);
                CREATE OR REPLACE TRIGGER hazecast_delete AFTER DELETE ON %1$s REFERENCING OLD TABLE AS removed
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L);
                CREATE OR REPLACE TRIGGER hazecast_truncate AFTER TRUNCATE ON %1$s
                    FOR EACH STATEMENT EXECUTE FUNCTION hazecast.note_attached(%2$L)',
                relation, attachment);
        END LOOP;
        IF NOT EXISTS (
            SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
            WHERE indrelid = attach.source AND indpred IS NULL AND attname IN (attach.station, attach.observed_at)
        ) THEN
            RAISE WARNING 'no index of % begins with its station or its time: every change makes us read all of it', source
                USING HINT = format(
                    'CREATE INDEX ON %s (%s)', source, concat_ws(', ', quote_ident(station), quote_ident(observed_at)));
        END IF;
    END IF;
    noted := hazecast.note_history(attachment, backfill);
    RETURN format(
        '%s is attached%s', source, CASE WHEN backfill IS NOT NULL THEN format(', with %s times of history', noted) END);
END
$$;
COMMENT ON FUNCTION hazecast.attach(
    regclass, text, text, text, text, text, text, text, text, text, text, text, text, jsonb, text, text, interval, text,
    interval, interval, boolean, interval
) IS
    'Feeds hazecast.reading from a table of yours; called again, with what has changed. station, observed_at and the measures '
    'name its columns; station_name is for a table without a station column. units: {"temperature": "F", "wind_speed": '
    '"km/h"}. time_zone is the clock of times without an offset; stamps: beginning or end of what a row stands for; step: the '
    'time between rows, one hour at most. correction: purpleair. poll: how often to look where no trigger can tell. patience: '
    'how long an hour is waited for that lacks rows. follow_deletes: whether rows deleted within two days take their hour '
    'with them. backfill: history to take in now.';

CREATE FUNCTION hazecast.unregister_attachment(attachment integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM hazecast.drop_attachment_triggers(attachment);
    DELETE FROM hazecast.attachment_change AS change WHERE change.attachment = unregister_attachment.attachment;
    DELETE FROM hazecast.attachment WHERE id = unregister_attachment.attachment;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE EXCEPTION 'only the owner of % can take triggers off it: detach it as that role',
        (SELECT source_name FROM hazecast.attachment WHERE id = unregister_attachment.attachment)
        USING ERRCODE = 'insufficient_privilege';
END
$$;
COMMENT ON FUNCTION hazecast.unregister_attachment(integer) IS
    'What detach does with the rights of the owner of this schema: forgets an attached table.';

CREATE FUNCTION hazecast.detach_attachment(source text, attachment integer) RETURNS text
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF attachment IS NULL THEN
        RAISE EXCEPTION '% is not attached', source
            USING ERRCODE = 'undefined_object', HINT = 'SELECT source FROM hazecast.attachments';
    END IF;
    BEGIN
        PERFORM hazecast.drop_attachment_triggers(attachment);
    EXCEPTION WHEN insufficient_privilege THEN
        NULL; -- with the rights of the schema's owner, then
    END;
    PERFORM hazecast.unregister_attachment(attachment);
    RETURN format('%s is detached; its readings stay', source);
END
$$;
COMMENT ON FUNCTION hazecast.detach_attachment(text, integer) IS
    'What detach does when it knows which table is meant: triggers go with the rights of the caller.';

CREATE FUNCTION hazecast.detach(source text) RETURNS text
    LANGUAGE sql
BEGIN ATOMIC
    SELECT hazecast.detach_attachment(detach.source, (
        SELECT a.id FROM hazecast.attachment AS a
        WHERE a.source = to_regclass(detach.source) OR a.source_name = detach.source
        ORDER BY a.source = to_regclass(detach.source) DESC NULLS LAST LIMIT 1
    ));
END;
COMMENT ON FUNCTION hazecast.detach(text) IS
    'Ends what attach began: our triggers, what waited and what was rejected are gone, and the table is as it was. Its '
    'readings stay. PostgreSQL lets only the owner of a table take triggers off it, or a superuser who owns this schema.';

DO $$
DECLARE
    made regprocedure;
BEGIN
    FOREACH made IN ARRAY ARRAY(SELECT oid FROM pg_proc WHERE pronamespace = 'hazecast'::regnamespace AND proacl IS NULL) LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
    END LOOP;
END
$$;
REVOKE ALL ON TYPE hazecast.rejected FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    hazecast.attach(
        regclass, text, text, text, text, text, text, text, text, text, text, text, text, jsonb, text, text, interval, text,
        interval, interval, boolean, interval),
    hazecast.register_attachment(regclass, jsonb, text, jsonb, text, text, interval, text, interval, interval, boolean),
    hazecast.note_history(integer, interval), hazecast.drop_attachment_triggers(integer),
    hazecast.unregister_attachment(integer), hazecast.detach_attachment(text, integer), hazecast.detach(text)
    TO hazecast_operator;
GRANT EXECUTE ON FUNCTION
    hazecast.settle_attachments(timestamptz, integer), hazecast.attachment_is_due(hazecast.attachment, timestamptz)
    TO hazecast_daemon;
