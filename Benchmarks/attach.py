"""What a long history costs that is attached, and what a forecast waits meanwhile.

A table of ROWS rows, one in ten minutes of STATIONS stations, is attached with all of its history. Until it is settled:

rows/s and core  rows by the processor time of everything that settling needs: the daemon, the sessions of its upkeep and of
                 the readers. The turns' session and the other processes of the server are left out; the daemon's own turns
                 are in it.
latency          as in latency.py, from the INSERT of a reading of another station until its forecast is there, beside the
                 time that it takes before the table is attached

Everything on a private server with PostgreSQL's own settings. The last line is JSON.
"""

import itertools
import json
import os
import signal
import sys
import threading
import time

import bench

ROWS = 1_000_000
STATIONS = 40
SAMPLES = 200
WARM_UP = 40
PAUSE = 0.05
TABLE = """
CREATE TABLE logged (site text, at timestamptz, pm25 real, temperature real, dew_point real, pressure real, wd real, ws real,
    PRIMARY KEY (site, at));
INSERT INTO logged
SELECT 'logger ' || s, date_trunc('hour', now()) - n * interval '10 minutes', 20 + 50 * random(), 5 + 7 * random(),
    -10 + 5 * random(), 1010 + 12 * random(), 360 * random(), 1 + 5 * random()
FROM generate_series(1, %(rows)s / %(stations)s) AS n, generate_series(1, %(stations)s) AS s;
VACUUM ANALYZE logged;
"""
ATTACH = """
SELECT hazecast.attach('logged', 'site', 'at', pm25 => 'pm25', temperature => 'temperature', dew_point => 'dew_point',
    pressure => 'pressure', wind_direction => 'wd', wind_speed => 'ws', step => '10 minutes', backfill => '10 years')
"""
SESSIONS = """
SELECT pid, application_name FROM pg_stat_activity
WHERE application_name IN ('hazecast reader', 'hazecast upkeep', 'hazecast attachments')
"""


class Processors:
    """The processor time of processes that come and go."""

    def __init__(self, server, daemon):
        self.server, self.daemon, self.seen = server, daemon, {}
        self.began = daemon.processor_seconds()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self):
        with self.server.connect() as connection:
            while not self.is_over.wait(0.01):
                for pid, name in connection.execute(SESSIONS).fetchall():
                    try:
                        now = time.clock_gettime(~pid << 3 | 2)
                    except OSError:
                        continue  # it has ended
                    # A reader is there for one reading, the session of upkeep has been there before.
                    first, _, _ = self.seen.get(pid, (0 if name == "hazecast reader" else now, 0, name))
                    self.seen[pid] = (first, now, name)

    def seconds(self):
        """Of the daemon, of the sessions that read the table, and of the one that writes readings."""
        self.is_over.set()
        self.thread.join()
        of_server = {True: 0, False: 0}
        for first, last, name in self.seen.values():
            of_server[name == "hazecast reader"] += last - first
        return self.daemon.processor_seconds() - self.began, of_server[True], of_server[False]


def ask(client, hours, seconds):
    seconds.append(client.ask("reading", "hazecast", next(hours))[0] * 1000)
    time.sleep(PAUSE)


def measure(server, daemon, client, hours):
    usual, meanwhile = [], []
    for _ in range(WARM_UP):
        ask(client, hours, [])
    for _ in range(SAMPLES):
        ask(client, hours, usual)
    daemon.seconds_until_idle(server)
    with server.connect() as connection:
        processors = Processors(server, daemon)
        daemon.turns()
        time.sleep(0.5)
        began = time.monotonic()
        connection.execute(ATTACH)
        while connection.execute("SELECT EXISTS (SELECT FROM hazecast.attachment_change)").fetchone()[0]:
            ask(client, hours, meanwhile)
        wall = time.monotonic() - began
        own, reading, writing = processors.seconds()
        turns = [turn["turn"] for turn in daemon.turns()]
        error, readings = connection.execute("SELECT error, readings FROM hazecast.attachments").fetchone()
        there = connection.execute(
            "SELECT count(*) FROM hazecast.reading JOIN hazecast.station ON id = station_id WHERE name LIKE 'logger%'").fetchone()[0]
        if error or there != readings or there < ROWS / 6 - 2 * STATIONS:
            raise RuntimeError(f"{there} readings came of {ROWS} rows, {readings} are told: {error}")
    result = {
        "rows": ROWS, "readings": there, "wall_s": round(wall, 2), "daemon_s": round(own, 2),
        "reading_s": round(reading, 2), "writing_s": round(writing, 2),
        "rows_per_core_s": round(ROWS / (own + reading + writing)),
        "rows_per_wall_s": round(ROWS / wall)}
    for name, values in (("usual", usual), ("meanwhile", meanwhile)):
        for share in (50, 90, 99, 100):
            result[f"{name}_p{share}_ms"] = round(bench.percentile(values, share / 100), 2)
        print(f"{name:9} p50 / p90 / p99 / most " + " / ".join(
            f"{result[f'{name}_p{share}_ms']:.2f}" for share in (50, 90, 99, 100)) + f" ms of {len(values)} readings")
    print(f"the longest turns {', '.join(f'{turn:.0f}' for turn in sorted(turns)[-5:])} ms")
    for share in (50, 90, 99):
        result[f"p{share}_more_ms"] = round(result[f"meanwhile_p{share}_ms"] - result[f"usual_p{share}_ms"], 2)
    return result


def main(binary):
    bench.forget_pg_variables()
    newest = bench.this_hour() - bench.HOUR * 3_000
    server = bench.Server()
    daemon = client = None
    try:
        server.prepare(binary, 1, newest, 54)
        with bench.psycopg.connect(server.conninfo, autocommit=True) as connection:
            for statement in (TABLE % {"rows": ROWS, "stations": STATIONS}).split(";\n"):
                if statement.strip():
                    connection.execute(statement)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
        daemon = bench.Daemon(binary, server)
        client = bench.Client(bench.Client.compile(server), server)
        result = measure(server, daemon, client, itertools.count(bench.hours_since_2000(newest) + 1))
        print(f"{ROWS} rows settled in {result['wall_s']} s, {result['rows_per_core_s']} rows/s and core "
              f"(daemon {result['daemon_s']} s, the server's readers {result['reading_s']} s, its writer "
              f"{result['writing_s']} s); load {os.getloadavg()[0]:.1f}")
        print(json.dumps(result))
    except BaseException:
        server.show_log()
        raise
    finally:
        if client:
            client.stop()
        if daemon:
            daemon.stop()
        server.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(sys.argv[1])
