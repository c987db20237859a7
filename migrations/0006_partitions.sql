-- Partitions: yearly for the past since 2000, monthly from this year to the end of the year after next. Readings of any
-- other time go to reading_default. The ledger has no such partition: no forecast has an origin before 2000 or in the
-- future, and without it the newest forecast of a station is found by walking the partitions backwards.

CREATE FUNCTION hazecast.partitions_end(parent regclass) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
    SELECT max(substring(pg_get_expr(partition.relpartbound, partition.oid) FROM $bound$TO \('(.*)'\)$bound$)::timestamptz)
    FROM pg_inherits JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = parent
$$;
COMMENT ON FUNCTION hazecast.partitions_end(regclass) IS
    'The first instant that no partition of a table holds but its default one.';

CREATE FUNCTION hazecast.add_months(parent regclass, key name) RETURNS integer
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET lock_timeout = '500ms'
AS $$
DECLARE
    last_month constant timestamptz := date_trunc('year', now()) + interval '2 years 11 months';
    fallback regclass := (SELECT nullif(partdefid, 0) FROM pg_partitioned_table WHERE partrelid = parent);
    month timestamptz;
    partition text;
    made integer := 0;
BEGIN
    IF hazecast.partitions_end(parent) > last_month THEN
        RETURN 0;
    END IF;
    LOCK TABLE hazecast.station IN SHARE ROW EXCLUSIVE MODE;
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', parent);
    IF fallback IS NOT NULL THEN
        EXECUTE format('LOCK TABLE ONLY %s IN ACCESS EXCLUSIVE MODE', fallback);
    END IF;
    FOR month IN SELECT generate_series(hazecast.partitions_end(parent), last_month, interval '1 month') LOOP
        partition := format('%s_%s', parent, to_char(month, 'YYYY_MM'));
        EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
        IF fallback IS NOT NULL THEN
            EXECUTE format(
                'WITH moved AS (DELETE FROM %s WHERE %I >= $1 AND %2$I < $2 RETURNING *) INSERT INTO %s SELECT * FROM moved',
                fallback, key, partition
            ) USING month, month + interval '1 month';
        END IF;
        EXECUTE format(
            'ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)',
            parent, partition, month, month + interval '1 month'
        );
        made := made + 1;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION hazecast.add_months(regclass, name) IS
    'Adds the missing monthly partitions of one table, up to the end of the year after next, and moves rows there from the '
    'default partition.';

CREATE FUNCTION hazecast.maintain_partitions() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT hazecast.add_months('hazecast.reading', 'observed_at') + hazecast.add_months('hazecast.forecast_ledger', 'origin')
$$;
COMMENT ON FUNCTION hazecast.maintain_partitions() IS
    'Makes the monthly partitions up to the end of the year after next and returns how many. The daemon calls it; without '
    'anything to do it takes no lock. Rows that were waiting in reading_default move on and raise no arrival. While it works, '
    'new stations and queries over all hours wait, and so do readings of hours beyond all partitions, which may fail with '
    'check_violation and are then to be sent again; everything else goes on. It waits for no lock longer than half a second, '
    'less than the server takes to look for deadlocks, so that it never costs others theirs: it then fails with '
    'lock_not_available, has changed nothing, and is to be called again later.';
REVOKE ALL ON FUNCTION
    hazecast.partitions_end(regclass), hazecast.add_months(regclass, name), hazecast.maintain_partitions()
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.maintain_partitions() TO hazecast_daemon;

DO $$
DECLARE
    year integer;
    parent text;
BEGIN
    FOREACH parent IN ARRAY ARRAY['reading', 'forecast_ledger'] LOOP
        FOR year IN 2000 .. extract(year FROM now() AT TIME ZONE 'UTC')::integer - 1 LOOP
            EXECUTE format(
                'CREATE TABLE hazecast.%I PARTITION OF hazecast.%I FOR VALUES FROM (%L) TO (%L)',
                parent || '_' || year, parent, year || '-01-01 00:00:00+00', year + 1 || '-01-01 00:00:00+00'
            );
        END LOOP;
    END LOOP;
END
$$;
SELECT hazecast.maintain_partitions();
CREATE TABLE hazecast.reading_default PARTITION OF hazecast.reading DEFAULT;
COMMENT ON TABLE hazecast.reading_default IS 'Readings before 2000 or beyond the last monthly partition.';
REVOKE ALL ON hazecast.reading_default FROM PUBLIC;
