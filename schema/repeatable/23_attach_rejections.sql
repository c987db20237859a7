-- Attached tables: rows that cannot be used.

CREATE OR REPLACE FUNCTION hazecast.reject(attached integer, rejects hazecast.rejected[]) RETURNS void
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
    'Takes down what could not be used: adds to what is there already, or replaces the number of rows where they were '
    'counted again; adds up the oldest when there are many.';
REVOKE ALL ON FUNCTION hazecast.reject(integer, hazecast.rejected[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION hazecast.reject_one(attached integer, stage text, at timestamptz, reason text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    rejects hazecast.rejected[];
BEGIN
    IF stage = 'changes' THEN
        WITH taken AS (
            DELETE FROM hazecast.attachment_change
            WHERE attachment = attached
                AND id = (SELECT max(id) FROM hazecast.attachment_change WHERE attachment = attached)
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
REVOKE ALL ON FUNCTION hazecast.reject_one(integer, text, timestamptz, text) FROM PUBLIC;
