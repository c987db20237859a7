-- Attached tables: times.

-- The offset from UTC at a local time is that of an instant nearby; only where clocks change can there be none or two.
CREATE OR REPLACE FUNCTION hazecast.local_instant(local timestamp, zone text) RETURNS timestamptz
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
REVOKE ALL ON FUNCTION hazecast.local_instant(timestamp, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.is_time(text text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT CASE WHEN text ~ '^(19|2\d)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])'
            '([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,9})?)?( ?(Z|UTC|[+-](0\d|1[0-4])(:?[0-5]\d)?))?)?$'
        THEN substr(text, 9, 2)::integer <= extract(day FROM
            make_date(substr(text, 1, 4)::integer, substr(text, 6, 2)::integer, 1) + interval '1 month - 1 day')
        ELSE false
    END;
END;
COMMENT ON FUNCTION hazecast.is_time(text) IS
    'Whether a text is a time in ISO 8601, such as 2026-01-05T07:10 or 2026-01-05 07:10:00+05:30: what can be cast.';
REVOKE ALL ON FUNCTION hazecast.is_time(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.text_instant(text text, zone text) RETURNS timestamptz
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
REVOKE ALL ON FUNCTION hazecast.text_instant(text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.number_instant(text text, ticks double precision) RETURNS timestamptz
    LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT CASE WHEN text ~ '^-?\d{1,20}(\.\d{1,20})?(e[+-]\d{1,2})?$' AND abs(text::double precision / ticks) < 1e10
        THEN to_timestamp(text::double precision / ticks)
    END;
END;
COMMENT ON FUNCTION hazecast.number_instant(text, double precision) IS
    'The instant of a number of ticks since 1970, so many to a second; NULL when that is not within some centuries.';
REVOKE ALL ON FUNCTION hazecast.number_instant(text, double precision) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.time_fault(stamp timestamptz, text text, zone text, at timestamptz) RETURNS text
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
            format(
                'the clock of %s shows this time twice: a time with an offset, or timestamptz, would tell which', zone)
    END;
END;
COMMENT ON FUNCTION hazecast.time_fault(timestamptz, text, text, timestamptz) IS
    'Why a row''s time cannot be used; NULL when it can.';
REVOKE ALL ON FUNCTION hazecast.time_fault(timestamptz, text, text, timestamptz) FROM PUBLIC;
