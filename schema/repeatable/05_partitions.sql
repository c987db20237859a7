-- Making and dropping partitions.

CREATE OR REPLACE FUNCTION hazecast.partitions_end(parent regclass) RETURNS timestamptz
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO'
AS $$
    SELECT max(substring(
        pg_get_expr(partition.relpartbound, partition.oid) FROM $bound$TO \('(.*)'\)$bound$)::timestamptz)
    FROM pg_inherits JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
    WHERE pg_inherits.inhparent = parent
$$;
COMMENT ON FUNCTION hazecast.partitions_end(regclass) IS
    'The first instant that no partition of a table holds but its default one.';
REVOKE ALL ON FUNCTION hazecast.partitions_end(regclass) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.add_months(parent regclass, key name) RETURNS integer
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET lock_timeout = '500ms'
AS $$
DECLARE
    last_month constant timestamptz := date_trunc('year', now()) + interval '2 years 11 months';
    fallback regclass := (SELECT nullif(partdefid, 0) FROM pg_partitioned_table WHERE partrelid = parent);
    columns text := (
        SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
        WHERE attrelid = parent AND attnum > 0 AND NOT attisdropped
    );
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
        -- Not the text of the regclass, which is quoted where quote_all_identifiers is on.
        partition := (
            SELECT format('%I.%I', nspname, relname || to_char(month, '"_"YYYY_MM'))
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace WHERE pg_class.oid = parent
        );
        EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
        IF fallback IS NOT NULL THEN
            EXECUTE format(
                'WITH moved AS (DELETE FROM %s WHERE %I >= $1 AND %2$I < $2 RETURNING *) '
                'INSERT INTO %s (%s) SELECT %4$s FROM moved',
                fallback, key, partition, columns
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
    'Adds the missing monthly partitions of one table, up to the end of the year after next, and moves rows there '
    'from the default partition.';
REVOKE ALL ON FUNCTION hazecast.add_months(regclass, name) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.maintain_partitions() RETURNS integer
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT hazecast.add_months('hazecast.reading', 'observed_at')
        + hazecast.add_months('hazecast.forecast_ledger', 'origin')
$$;
COMMENT ON FUNCTION hazecast.maintain_partitions() IS
    'Makes the monthly partitions up to the end of the year after next and returns how many. The daemon calls it; '
    'without anything to do it takes no lock. Rows that were waiting in reading_default move on and raise no arrival. '
    'While it works, new stations and queries over all hours wait, and so do readings of hours beyond all partitions, '
    'which may fail with check_violation and are then to be sent again; everything else goes on. It waits for no lock '
    'longer than half a second, less than the server takes to look for deadlocks, so that it never costs others '
    'theirs: it then fails with lock_not_available, has changed nothing, and is to be called again later.';
REVOKE ALL ON FUNCTION hazecast.maintain_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.maintain_partitions() TO hazecast_daemon;

CREATE OR REPLACE FUNCTION hazecast.drop_expired_partitions() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' SET lock_timeout = '500ms'
AS $$
DECLARE
    expired record;
    dropped integer := 0;
BEGIN
    FOR expired IN
        SELECT retention.history, partition.oid::regclass AS name, bound.upper
        FROM hazecast.retention
        JOIN pg_inherits ON pg_inherits.inhparent = ('hazecast.' || quote_ident(retention.history))::regclass
        JOIN pg_class AS partition ON partition.oid = pg_inherits.inhrelid
        CROSS JOIN LATERAL (
            SELECT substring(
                pg_get_expr(partition.relpartbound, partition.oid) FROM $bound$TO \('(.*)'\)$bound$
            )::timestamptz AS upper
        ) AS bound
        WHERE bound.upper <= now() - retention.keep
        ORDER BY bound.upper
    LOOP
        IF expired.history = 'reading' THEN
            DELETE FROM hazecast.reading_flag AS flag
            WHERE flag.observed_at < expired.upper AND flag.observed_at >= '2000-01-01 00:00:00+00';
        END IF;
        EXECUTE format('DROP TABLE %s', expired.name);
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
END
$$;
COMMENT ON FUNCTION hazecast.drop_expired_partitions() IS
    'Drops the partitions in which everything is older than hazecast.retention says, with the flags of their '
    'readings, and returns how many. The daemon calls it daily. Readings of hours so old that are written later go to '
    'reading_default. Like maintain_partitions() it waits for no lock longer than half a second, has changed nothing '
    'when it fails with lock_not_available, and is then to be called again later.';
REVOKE ALL ON FUNCTION hazecast.drop_expired_partitions() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION hazecast.drop_expired_partitions() TO hazecast_daemon;

-- The first months; the daemon adds later ones.
SELECT hazecast.maintain_partitions() WHERE hazecast.partitions_end('hazecast.reading') <= now();
