-- Makes a database one of several that are gathered in another: psql -v first=1000001 -v last=2000000 -f source.sql
-- See docs/scaling.md.
\set ON_ERROR_STOP on
BEGIN;

-- Stations and models keep their ids where they are gathered, so no two databases may give the same.
SELECT
    greatest(:first, (SELECT max(id) + 1 FROM hazecast.station)) AS station,
    greatest(:first, (SELECT max(id) + 1 FROM hazecast.model)) AS model \gset
ALTER TABLE hazecast.station ALTER COLUMN id
    SET START :first SET MINVALUE :first SET MAXVALUE :last RESTART WITH :station;
ALTER TABLE hazecast.model ALTER COLUMN id
    SET START :first SET MINVALUE :first SET MAXVALUE :last RESTART WITH :model;

-- By the root, because the gathered tables have partitions of their own. Without TRUNCATE, which would empty them of every
-- other database's rows. The gathered database has the models that came with the binary.
CREATE PUBLICATION hazecast
    FOR TABLE
        hazecast.station, hazecast.model WHERE (id >= :first), hazecast.reading, hazecast.reading_flag,
        hazecast.forecast_ledger
    WITH (publish = 'insert, update, delete', publish_via_partition_root = true);

CREATE ROLE gather LOGIN REPLICATION IN ROLE hazecast_reader;

COMMIT;
