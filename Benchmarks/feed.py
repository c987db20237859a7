"""What it costs a writer that readings feed a daemon: single INSERTs and a COPY into hazecast.reading, beside the same table
without one part of it or another, and a plain table.

all           hazecast.reading as it is
no triggers   without those that tell the daemon of what was written
no key        without the foreign key to station
plain         a table of the same columns, checks and primary key, and nothing else: no written_by, no triggers, no key

Each with one partition and with 84, and there also a COPY of readings a year old, for which the daemon has to look into all partitions. No commit waits for the disk (synchronous_commit = off). Times are the writing server process's own processor time, which other programs on the machine cannot lengthen by much.
"""

import os
import signal
import sys
import time

import bench

ROWS = 100_000
SINGLE = 2_000
ROUNDS = 5
PARTITIONS = 84
MEASURES = "pm25, dew_point, temperature, pressure, wind_direction, wind_speed"
PLAIN = """
CREATE TABLE plain (station_id integer, observed_at timestamptz, pm25 real, dew_point real, temperature real, pressure real,
    wind_direction real, wind_speed real, received_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (station_id, observed_at),
    CHECK (isfinite(observed_at) AND date_bin('1 hour', observed_at, '0001-01-01 00:00Z') = observed_at))
"""
WITHOUT = {
    "all": "",
    "no triggers": "ALTER TABLE hazecast.reading DISABLE TRIGGER USER; ALTER TABLE hazecast.arrival DISABLE TRIGGER USER",
    "no key": "ALTER TABLE hazecast.reading DROP CONSTRAINT reading_station_id_fkey",
    "plain": PLAIN,
}


class Writer:
    """A session, and the processor time of the server's process that works for it."""

    def __init__(self, server):
        self.connection = bench.psycopg.connect(server.conninfo, autocommit=True)
        self.clock = ~self.connection.info.backend_pid << 3 | 2

    def seconds(self, work):
        began = time.clock_gettime(self.clock)
        work()
        return time.clock_gettime(self.clock) - began


def insert(connection, table, hour):
    sql = (f"INSERT INTO {table} (station_id, observed_at, {MEASURES}) VALUES (%s, %s, 12.5, 1, 2, 1013, 90, 3)")
    for station in range(1, SINGLE + 1):
        with connection.transaction():
            connection.execute(sql, (station, hour), prepare=True)


def copy(connection, table, hour):
    text = "".join(f"{station}\t{hour}\t12.5\t1\t2\t1013\t90\t3\n" for station in range(1, ROWS + 1))
    with connection.cursor().copy(f"COPY {table} (station_id, observed_at, {MEASURES}) FROM STDIN") as out:
        out.write(text)


def measure(server, case, works):
    """Processor µs a row of each kind of work, the best of the rounds."""
    table = "plain" if case == "plain" else "hazecast.reading"
    with server.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS plain")
        connection.execute(WITHOUT[case])
    best = {}
    for _ in range(ROUNDS):
        for name, work, rows, hour in works:
            writer = Writer(server)
            writer.connection.execute("SET synchronous_commit = off")
            took = writer.seconds(lambda: work(writer.connection, table, hour)) / rows * 1e6
            best[name] = min(took, best.get(name, took))
            writer.connection.close()
            with server.connect() as connection:
                connection.execute(f"TRUNCATE {table}, hazecast.arrival" if case == "plain" else "TRUNCATE hazecast.reading, hazecast.arrival")
    with server.connect() as connection:
        connection.execute("ALTER TABLE hazecast.reading ENABLE TRIGGER USER; ALTER TABLE hazecast.arrival ENABLE TRIGGER USER")
        if case == "no key":
            connection.execute("ALTER TABLE hazecast.reading ADD CONSTRAINT reading_station_id_fkey "
                               "FOREIGN KEY (station_id) REFERENCES hazecast.station")
    return best


def partition(server, count, hour):
    """As many partitions as there are to be: one is that of the hour."""
    if count > 1:
        return server.add_partitions(count)
    with server.connect() as connection:
        for name, in connection.execute(
                "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE inhparent = "
                "'hazecast.reading'::regclass AND NOT coalesce(pg_get_expr(relpartbound, oid) LIKE %s, false)",
                (f"%FROM ('{hour:%Y-%m}-01%",)).fetchall():
            connection.execute(f"DROP TABLE {name}")


def main(binary):
    bench.forget_pg_variables()
    hour = bench.this_hour()
    print(f"processor µs a row: an INSERT of its own transaction / a COPY of {ROWS} rows / one of a year ago; "
          f"load {os.getloadavg()[0]:.1f}")
    for count in (PARTITIONS, 1):
        server = bench.Server()
        try:
            server.prepare(binary, ROWS, hour, 0)
            partition(server, count, hour)
            floor = None
            works = [("INSERT", insert, SINGLE, hour), ("COPY", copy, ROWS, hour)]
            if count > 1:
                works.append(("COPY of a year ago", copy, ROWS, hour - 365 * 24 * bench.HOUR))
            for case in reversed(WITHOUT):
                best = measure(server, case, works)
                floor = floor or best
                print(f"{count:3} partitions, {case:12} " + " / ".join(
                    f"{best[name]:6.2f} ({best[name] / floor[name]:.2f} × plain)" for name in best), flush=True)
        finally:
            server.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(sys.argv[1])
