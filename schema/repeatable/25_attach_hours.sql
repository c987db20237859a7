-- Attached tables: the SQL that computes hours from rows. The one place where rows of a table become readings: a
-- function of the table and of nothing else.

CREATE OR REPLACE FUNCTION hazecast.measure_sql(
    attached hazecast.attachment, measure text, OUT number text, OUT fault text
)
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
            USING ERRCODE = 'datatype_mismatch',
                HINT = 'A generated column, or a materialized view, can hold a number.';
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
REVOKE ALL ON FUNCTION hazecast.measure_sql(hazecast.attachment, text) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.derived_sql(measure text, purpleair boolean) RETURNS text
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
    'SQL for a measure that may come from others: PurpleAir corrected, dew point from humidity, wind from its '
    'components.';
REVOKE ALL ON FUNCTION hazecast.derived_sql(text, boolean) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.hours_sql(attached hazecast.attachment) RETURNS text
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
        SELECT unnest(
            '{pm25,dew_point,temperature,pressure,wind_direction,wind_speed,humidity,wind_u,wind_v}'::text[]) AS name
    LOOP
        one := hazecast.measure_sql(attached, measure.name);
        numbers := numbers || format(', %s AS %I', one.number, measure.name);
        faults := faults || ', ' || one.fault;
    END LOOP;
    IF purpleair THEN
        more_faults := more_faults || $sql$, CASE
            WHEN NOT (pm25 >= 0 AND pm25 < 570) THEN 'pm25 is outside of 0 to 570, where the correction holds'
            WHEN pm25 IS NOT NULL AND (humidity BETWEEN 0 AND 100) IS NOT TRUE
                THEN 'no humidity of 0 to 100 % to correct pm25 by'
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
                ', CASE WHEN %1$I BETWEEN %2$s AND %3$s THEN %1$I END AS %1$I',
                measure.name, measure.low, measure.high);
            shortages := shortages || format(
                $sql$, CASE WHEN %1$L <> 'wind_direction' AND sum(weight) FILTER (WHERE %1$I IS NOT NULL) < 2699
                    THEN '%1$s: values of less than 75 %% of the hour' END$sql$, measure.name);
        END IF;
        averages := averages || format(', avg(%1$I) AS %1$I', measure.name);
        IF measure.name = 'wind_direction' THEN
            averages := averages || format(
                ', avg(%1$s * sind(wind_direction)) AS east, avg(%1$s * cosd(wind_direction)) AS north',
                CASE WHEN 'wind_speed' = ANY(hazecast.attached_measures(attached))
                    THEN 'coalesce(wind_speed, 1)' ELSE '1' END);
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
                    date_part('epoch', least(beginning + %20$s, hour + interval '1 hour') - greatest(beginning, hour))
                        AS weight
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
        CASE WHEN station IS NULL THEN 'text' ELSE hazecast.attached_type(attached.source, station)::text END,
        around[1], around[2],
        hazecast.stamp_sql(attached), faults, numbers, attached.source,
        CASE WHEN station IS NULL THEN 'true' ELSE format('row.%I = wanted.key', station) END,
        observed, within[1], within[2], grid, shift, more_faults,
        hazecast.derived_sql('pm25', purpleair), hazecast.derived_sql('dew_point', purpleair),
        hazecast.derived_sql('wind_direction', purpleair), hazecast.derived_sql('wind_speed', purpleair), ranged, step,
        averages, shortages, means);
END
$$;
COMMENT ON FUNCTION hazecast.hours_sql(hazecast.attachment) IS
    'The common table expressions that compute hours of an attached table, of which "computed" is the last. '
    'Parameters: stations, hours, whether rows were removed, when an incomplete hour is final, first and last hour, '
    'now, the attachment, and the places of the hours in hazecast.attachment_hour. A row stands for the step from its '
    'stamp on, rounded to the step or to a quarter of an hour; an hour is the mean of what overlaps it, weighted by '
    'how much, a measure of it missing where less than 75 % have a value.';
REVOKE ALL ON FUNCTION hazecast.hours_sql(hazecast.attachment) FROM PUBLIC;
