"""How fast a ledger of many stations is asked, and whether one of the ten questions of docs/sql.md reads too much of it.

Fills a private PostgreSQL with made-up readings and forecasts, in the order in which a daemon would have written them: every
hour of the last 31 days, and of the days before one hour in --thin. Then it asks, says the medians, and fails where a
statement takes more processor time than it may take time, or where a plan has a sequential scan over a partition of the ledger that the question does
not need: any, where it is about one station; one that ends more than a week ago, where it is about all of them.

fsync is off while it is filled and on while it is asked.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from bench import Server

STATION = "s17"
FULL_DAYS = 31
LIMITS = {  # statement: (milliseconds that it may take, how often it is asked)
    f"SELECT * FROM hazecast.latest_forecast WHERE station = '{STATION}'": (2, 200),
    "SELECT count(*), sum(pm25) FROM hazecast.latest_forecast": (2000, 5),
    f"SELECT * FROM hazecast.skill(now() - interval '30 days', station => '{STATION}')": (100, 20),
}

STATIONS = """
INSERT INTO hazecast.station (name, latitude, longitude)
SELECT 's' || i, 39.9, 116.4 FROM generate_series(1, {stations}) AS i
"""
READINGS = """
INSERT INTO {partition} (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed, received_at)
SELECT i, h, 60 + 50 * sin(extract(epoch FROM h) / 40000 + i) + i %% 7, -9, 3, 1021, 315, 2.5, h + interval '62 min'
FROM generate_series(%(first)s::timestamptz, %(last)s, %(step)s) AS h, generate_series(1, {stations}) AS i
"""
LEDGER = """
INSERT INTO {partition} (station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95, digest)
SELECT i, h, 1, h + interval '63 min', 1, p.a, l8.a, u8.a, l9.a, u9.a, i
FROM generate_series(%(first)s::timestamptz, %(last)s, %(step)s) AS h, generate_series(1, {stations}) AS i,
    LATERAL (SELECT 60 + 50 * sin(extract(epoch FROM h) / 40000 + i)) AS v (x),
    LATERAL (SELECT array_fill(v.x::real, ARRAY[24])) AS p (a),
    LATERAL (SELECT array_fill((v.x * .7)::real, ARRAY[24])) AS l8 (a),
    LATERAL (SELECT array_fill((v.x * 1.3)::real, ARRAY[24])) AS u8 (a),
    LATERAL (SELECT array_fill((v.x * .5)::real, ARRAY[24])) AS l9 (a),
    LATERAL (SELECT array_fill((v.x * 1.5)::real, ARRAY[24])) AS u9 (a)
"""


def partitions(connection, parent):
    """The partitions that have begun and end after a time, as (name, begin, end)."""
    return connection.execute(
        r"""
        SELECT c.oid::regclass::text, (b.bound)[1]::timestamptz, (b.bound)[2]::timestamptz
        FROM pg_inherits JOIN pg_class AS c ON c.oid = inhrelid,
            LATERAL (SELECT regexp_match(pg_get_expr(c.relpartbound, c.oid), $$FROM \('(.*)'\) TO \('(.*)'\)$$)) AS b (bound)
        WHERE inhparent = %s::regclass AND b.bound IS NOT NULL ORDER BY 2
        """, (parent,)).fetchall()


def fill(connection, arguments):
    connection.execute("ALTER SYSTEM SET fsync = off")
    connection.execute("ALTER SYSTEM SET max_wal_size = '8GB'")
    connection.execute("SELECT pg_reload_conf()")
    # No triggers, no foreign keys: what they would do is not what is measured.
    connection.execute("SET session_replication_role = replica")
    connection.execute("SET synchronous_commit = off")
    connection.execute(STATIONS.format(stations=arguments.stations))
    now, = connection.execute("SELECT date_trunc('hour', now(), 'UTC') - interval '1 hour'").fetchone()
    hour, = connection.execute("SELECT interval '1 hour'").fetchone()
    full = now - hour * 24 * min(FULL_DAYS, arguments.days)
    for parent, statement in (("hazecast.reading", READINGS), ("hazecast.forecast_ledger", LEDGER)):
        rows = 0
        for name, begin, end in partitions(connection, parent):
            for first, last, step in ((now - hour * 24 * arguments.days, full - hour, arguments.thin), (full, now, 1)):
                first, last = max(first, begin), min(last, end - hour)
                if first > last:
                    continue
                # A day at a time, so that it can be watched and stopped.
                while first <= last:
                    until = min(last, first + hour * 23)
                    rows += connection.execute(
                        statement.format(partition=name, stations=arguments.stations),
                        {"first": first, "last": until, "step": hour * step}).rowcount
                    first += hour * 24
        print(f"{parent}: {rows:,} rows", flush=True)
    connection.execute("VACUUM (ANALYZE)")
    # As autovacuum leaves it, which analyses partitions and never the table that they are of.
    connection.execute("DELETE FROM pg_statistic WHERE starelid IN (SELECT partrelid FROM pg_partitioned_table)")
    connection.execute("UPDATE pg_class SET reltuples = -1 WHERE relkind = 'p'")
    connection.execute("ALTER SYSTEM RESET fsync")
    connection.execute("SELECT pg_reload_conf()")
    connection.execute("CHECKPOINT")
    connection.execute("RESET session_replication_role")


def processor(connection):
    """Milliseconds of processor time that the server's process has used."""
    fields = Path(f"/proc/{connection.info.backend_pid}/stat").read_text(encoding="ascii").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def milliseconds(connection, statement, times):
    """Median and greatest time of a statement, and the mean of the server's processor time, which others cannot lengthen."""
    connection.execute(statement, prepare=False).fetchall()  # fills caches
    took = []
    used = processor(connection)
    for _ in range(times):
        began = time.perf_counter()
        connection.execute(statement, prepare=False).fetchall()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took), max(took), (processor(connection) - used) / times


def questions():
    page = Path("docs/sql.md").read_text(encoding="utf-8")
    chapter = page.split("\n## Ten questions\n")[1].split("\n## ")[0]
    for section in chapter.split("\n### ")[1:]:
        for statement in re.findall(r"```sql\n(.*?)```", section, re.DOTALL):
            yield section.splitlines()[0], statement.replace("'Dongsi'", f"'{STATION}'")


def plans(connection, statement):
    """The plans of a statement and of what its functions run."""
    found = []
    connection.add_notice_handler(lambda notice: found.append(notice.message_primary))
    with connection.cursor() as cursor:
        for setting in ("LOAD 'auto_explain'", "SET auto_explain.log_min_duration = 0",
                        "SET auto_explain.log_nested_statements = on", "SET client_min_messages = log"):
            cursor.execute(setting)
        found.clear()
        began = time.perf_counter()
        cursor.execute(statement)
        took = (time.perf_counter() - began) * 1000
    return took, [plan for plan in found if plan.startswith("duration")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("hazecast")
    parser.add_argument("--stations", type=int, default=10_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--thin", type=int, default=6, help="of the days before the last 31 only one hour in so many is there")
    parser.add_argument("--no-questions", action="store_true", help="only the statements with a limit; plans of 100,000 take long")
    arguments = parser.parse_args()
    server = Server()
    failures = []
    try:
        subprocess.run([arguments.hazecast, "migrate", "--database", server.conninfo], check=True, stdout=subprocess.DEVNULL)
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            began = time.perf_counter()
            fill(connection, arguments)
            size, = connection.execute("SELECT pg_size_pretty(pg_database_size(current_database()))").fetchone()
            print(f"{arguments.stations:,} stations, {arguments.days} days: {size}, filled in {time.perf_counter() - began:.0f} s")
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            connection.execute("SET max_parallel_workers_per_gather = 0")  # so that all of the processor time is seen
            for statement, (limit, times) in LIMITS.items():
                median, worst, used = milliseconds(connection, statement, times)
                print(f"{median:9.2f} ms, {worst:9.2f} at most, {used:9.2f} of processor time, may be {limit}: {statement}", flush=True)
                if used > limit:
                    failures.append(f"{statement}: {used:.1f} ms of processor time")
            week, = connection.execute("SELECT now() - interval '7 days'").fetchone()
            old = {name.split(".")[-1] for name, _, end in partitions(connection, "hazecast.forecast_ledger") if end < week}
        for question, statement in [] if arguments.no_questions else questions():
            with psycopg.connect(server.conninfo, autocommit=True) as connection:
                took, explained = plans(connection, statement)
            scanned = {
                name for plan in explained for name in re.findall(r"Seq Scan on (?:hazecast\.)?(forecast_ledger_\w+)", plan)}
            needless = scanned if f"'{STATION}'" in statement else scanned & old
            print(f"{took:9.1f} ms, {len(explained)} plans, sequential scans: {sorted(scanned) or 'none'}: {question}")
            if needless:
                failures.append(f"{question} reads all of {sorted(needless)}")
            if not explained:
                failures.append(f"{question}: no plan was seen")
    finally:
        server.close()
    for failure in failures:
        print(f"FAILED: {failure}")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
