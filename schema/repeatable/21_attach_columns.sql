-- Attached tables: how columns are read.
--
-- The SQL that reads a table is generated for it: the types of its columns decide how they are read. Only types of
-- PostgreSQL itself are allowed, because casts of others could run anybody's code with the rights of the owner of this
-- schema.

CREATE OR REPLACE FUNCTION hazecast.attached_type(source regclass, name text) RETURNS regtype
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
REVOKE ALL ON FUNCTION hazecast.attached_type(regclass, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.type_family(type regtype) RETURNS text
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off
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
REVOKE ALL ON FUNCTION hazecast.type_family(regtype) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.unit_factor(measure text, unit text) RETURNS double precision[]
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    -- The value in our unit is (value - [1]) * [2] / [3].
    SELECT known.factor
    FROM (VALUES
        ('pm25', 'µg/m³', ARRAY[0, 1, 1]::double precision[]), ('pm25', 'ug/m3', '{0,1,1}'),
        ('pm25', 'mg/m3', '{0,1000,1}'),
        ('temperature', 'C', '{0,1,1}'), ('temperature', 'F', '{32,5,9}'), ('temperature', 'K', '{273.15,1,1}'),
        ('pressure', 'hPa', '{0,1,1}'), ('pressure', 'mbar', '{0,1,1}'), ('pressure', 'Pa', '{0,1,100}'),
        ('pressure', 'kPa', '{0,10,1}'), ('pressure', 'inHg', '{0,33.86389,1}'), ('pressure', 'mmHg', '{0,1.333224,1}'),
        ('wind_speed', 'm/s', '{0,1,1}'), ('wind_speed', 'km/h', '{0,1000,3600}'),
        ('wind_speed', 'mph', '{0,0.44704,1}'),
        ('wind_speed', 'kn', '{0,1852,3600}'), ('wind_speed', 'knots', '{0,1852,3600}'),
        ('wind_speed', 'kt', '{0,1852,3600}'),
        ('humidity', '%', '{0,1,1}'), ('humidity', 'fraction', '{0,100,1}'),
        ('observed_at', 's', '{0,1,1}'), ('observed_at', 'ms', '{0,1,1e3}'), ('observed_at', 'us', '{0,1,1e6}')
    ) AS known (measure, unit, factor)
    WHERE known.measure = CASE unit_factor.measure WHEN 'dew_point' THEN 'temperature' ELSE unit_factor.measure END
        AND lower(known.unit) = lower(replace(unit_factor.unit, '°', ''));
END;
COMMENT ON FUNCTION hazecast.unit_factor(text, text) IS
    'How a measure comes from a unit to that of hazecast.reading: (value - [1]) * [2] / [3]; NULL for unknown units. '
    'inHg and mmHg at 0 °C; NIST SP 811, appendix B.8.';
REVOKE ALL ON FUNCTION hazecast.unit_factor(text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.ticks(attached hazecast.attachment) RETURNS double precision
    LANGUAGE sql IMMUTABLE
BEGIN ATOMIC
    SELECT (hazecast.unit_factor('observed_at', coalesce(attached.units ->> 'observed_at', 's')))[3];
END;
COMMENT ON FUNCTION hazecast.ticks(hazecast.attachment) IS 'Ticks to a second, where the time column is a number.';
REVOKE ALL ON FUNCTION hazecast.ticks(hazecast.attachment) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.number_sql(value text, family text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT CASE family
        WHEN 'text' THEN format(
            $sql$CASE WHEN %1$s ~ '^\s*[-+]?(\d{1,30}(\.\d{0,30})?|\.\d{1,30})([eE][-+]?\d{1,2})?\s*$' THEN
                CASE WHEN abs((%1$s)::float8) < 1e-20 THEN 0
                    WHEN (%1$s)::float8 BETWEEN -1e30 AND 1e30 THEN (%1$s)::float8 END END$sql$,
            value)
        ELSE format(
            'CASE WHEN abs(%1$s) < 1e-20 THEN 0::float8 WHEN %1$s BETWEEN -1e30 AND 1e30 THEN (%1$s)::float8 END',
            value)
    END
$$;
COMMENT ON FUNCTION hazecast.number_sql(text, text) IS
    'SQL for a value as a finite double precision, NULL where it is none; such SQL cannot fail.';
REVOKE ALL ON FUNCTION hazecast.number_sql(text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.range_sql(attached hazecast.attachment, low text, high text) RETURNS text[]
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
    'SQL for two instants as the bounds between which a time column has at least the rows between them, in its own '
    'type, so that an index can serve.';
REVOKE ALL ON FUNCTION hazecast.range_sql(hazecast.attachment, text, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.stamp_sql(attached hazecast.attachment) RETURNS text
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
REVOKE ALL ON FUNCTION hazecast.stamp_sql(hazecast.attachment) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.key_sql(name text) RETURNS text
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp
AS $$
    -- format uses a type's output function, where a cast to text could be anybody's function.
    SELECT CASE WHEN name IS NULL THEN 'NULL::text'
        ELSE format('CASE WHEN row.%1$I IS NOT NULL THEN format(''%%s'', row.%1$I) END', name) END
$$;
COMMENT ON FUNCTION hazecast.key_sql(text) IS 'SQL for a column as text.';
REVOKE ALL ON FUNCTION hazecast.key_sql(text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.attached_measures(attached hazecast.attachment) RETURNS text[]
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
REVOKE ALL ON FUNCTION hazecast.attached_measures(hazecast.attachment) FROM PUBLIC;
