"""How long a reading takes to become a forecast, beside what PostgreSQL alone takes for the same way.

forecast  from sending the INSERT of one reading until another session has read the forecast made of it
floor     from sending the INSERT of one reading until another session has read one row as wide as a forecast, written
          with COPY by a bare Python process that LISTENs: no claim, no window, no network

Both run in the same rounds, by turns, on one private server with PostgreSQL's own settings (fsync on). The reading session
does not poll: triggers that only this benchmark makes tell it that a row has come, on both sides alike.
"""

import datetime
import json
import math
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg

ROUNDS = 3
SAMPLES = 200  # a round and side
WARM_UP = 50
DEADLINE = 20  # seconds, for anything that should take milliseconds
NEWEST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)  # hour of the history's last reading
HOUR = datetime.timedelta(hours=1)

SCHEMA = """
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_notify(TG_ARGV[0], ''); RETURN NULL; END $$;
CREATE TABLE floor_reading (LIKE hazecast.reading INCLUDING ALL);
CREATE TABLE floor_ledger (LIKE hazecast.forecast_ledger INCLUDING ALL);
CREATE TRIGGER tell AFTER INSERT ON floor_reading FOR EACH STATEMENT EXECUTE FUNCTION tell('floor_arrival');
CREATE TRIGGER tell AFTER INSERT ON floor_ledger FOR EACH STATEMENT EXECUTE FUNCTION tell('issued');
CREATE TRIGGER tell AFTER INSERT ON hazecast.forecast_ledger FOR EACH STATEMENT EXECUTE FUNCTION tell('issued');
INSERT INTO hazecast.station (name) VALUES ('bench');
"""
INSERT = """
INSERT INTO {} (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
VALUES (1, %s, %s, -9.5, 1.2, 1027, 315, 3.1)
"""
COPY = "COPY floor_ledger (station_id, origin, revision, model_id, pm25, digest) FROM STDIN"
READ = "SELECT pm25 FROM {} WHERE station_id = 1 AND origin = %s"


class Server:
    """A private PostgreSQL in a temporary directory, on a unix socket only."""

    def __init__(self):
        is_root = os.geteuid() == 0  # as which PostgreSQL refuses to run
        account = pwd.getpwnam("postgres") if is_root else pwd.getpwuid(os.geteuid())
        identity = {"user": account.pw_uid, "group": account.pw_gid} if is_root else {}
        self.directory = Path(tempfile.mkdtemp(prefix="hazecast-bench-", dir="/tmp"))
        os.chown(self.directory, account.pw_uid, account.pw_gid)
        binaries = Path(subprocess.check_output(["pg_config", "--bindir"], text=True).strip())
        data = self.directory / "data"
        self.process = None
        self.conninfo = f"host={self.directory} user=postgres dbname=postgres"
        self.log = open(self.directory / "log", "w")
        try:
            options = ["-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale", "C"]
            subprocess.run([binaries / "initdb", *options], check=True, stdout=self.log, cwd="/", **identity)
            self.process = subprocess.Popen(
                [binaries / "postgres", "-D", data, "-c", "listen_addresses=", "-k", self.directory],
                stdout=self.log, stderr=self.log, cwd="/", **identity)
            self.wait_until_ready()
        except BaseException:
            self.close()
            raise

    def wait_until_ready(self):
        deadline = time.monotonic() + DEADLINE
        while True:
            try:
                return psycopg.connect(self.conninfo).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    def close(self):
        if self.process:
            stop(self.process, signal.SIGINT)
        self.log.close()
        shutil.rmtree(self.directory)


def stop(process, how):
    """Asks, and insists after the deadline."""
    process.send_signal(how)
    try:
        process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Side:
    """One of the two ways: into which table readings go, and where the rows come out."""

    def __init__(self, conninfo, readings, ledger):
        self.insert, self.read = INSERT.format(readings), READ.format(ledger)
        self.writer = psycopg.connect(conninfo, autocommit=True)
        self.reader = psycopg.connect(conninfo, autocommit=True)
        self.hour = NEWEST

    def step(self):
        """Milliseconds of one reading's way. Ends when its own row is read, whatever else the channel told."""
        self.hour += HOUR
        began = time.perf_counter()
        self.writer.execute(self.insert, (self.hour, 30 + self.hour.hour))
        while True:
            hear(self.reader)
            if self.reader.execute(self.read, (self.hour,)).fetchone():
                return (time.perf_counter() - began) * 1000


def hear(connection):
    """Waits for a notification and takes all that are there."""
    if not select.select([connection], [], [], DEADLINE)[0]:
        raise TimeoutError(f"nothing came within {DEADLINE} s")
    for _ in connection.notifies(timeout=0):
        pass


def floor_process(conninfo):
    """What stands in for the daemon on the floor's side; runs in a process of its own."""
    wide = "{" + ",".join(["12.5"] * 24) + "}"
    hour = NEWEST
    with psycopg.connect(conninfo, autocommit=True) as listener, psycopg.connect(conninfo) as writer:
        listener.execute("LISTEN floor_arrival")
        print("listening", flush=True)
        for _ in listener.notifies():
            hour += HOUR  # known without a query
            with writer.cursor() as cursor, cursor.copy(COPY) as copy:
                copy.write_row((1, hour, 1, 1, wide, 1))
            writer.commit()


def prepare(binary, conninfo):
    """Schema, one station and the history that its first window needs."""
    subprocess.run([binary, "migrate", "--database", conninfo], check=True, stdout=subprocess.DEVNULL)
    with psycopg.connect(conninfo) as connection:
        connection.execute(SCHEMA)
        hours = [NEWEST - HOUR * back for back in range(30)]
        connection.cursor().executemany(INSERT.format("hazecast.reading"), [(hour, 30 + hour.hour) for hour in hours])


def percentile(sorted_values, share):
    return sorted_values[math.ceil(share * len(sorted_values)) - 1]


def run_rounds(conninfo, processes, binary, log):
    forecast = Side(conninfo, "hazecast.reading", "hazecast.forecast_ledger")
    floor = Side(conninfo, "floor_reading", "floor_ledger")
    for side in (forecast, floor):
        side.reader.execute("LISTEN issued")
    processes.append(subprocess.Popen([binary, "run", "--database", conninfo], stderr=log))
    hear(forecast.reader)  # the forecast of the history
    processes.append(subprocess.Popen(
        [sys.executable, __file__, "--floor", conninfo], stdout=subprocess.PIPE, stderr=log, text=True))
    if processes[-1].stdout.readline() != "listening\n":
        raise RuntimeError("the floor's process did not start")
    rounds = []
    for number in range(ROUNDS + 1):
        samples = {"": [], "floor_": []}
        for _ in range(SAMPLES if number else WARM_UP):
            samples[""].append(forecast.step())
            hear(floor.reader)
            samples["floor_"].append(floor.step())
            hear(forecast.reader)
        if number:
            rounds.append({
                f"{name}p{percent}_ms": round(percentile(sorted(values), percent / 100), 3)
                for name, values in samples.items() for percent in (50, 90, 99)})
            print(line(f"round {number}", rounds[-1]), flush=True)
    return rounds


def line(title, result):
    def three(name):
        return " / ".join(f"{result[f'{name}p{percent}_ms']:.2f}" for percent in (50, 90, 99))

    ratio = result["p50_ms"] / result["floor_p50_ms"]
    return f"{title:8}  forecast {three('')} ms   floor {three('floor_')} ms   ratio of medians {ratio:.2f}"


def main(binary):
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    server = Server()
    processes = []
    try:
        prepare(binary, server.conninfo)
        print(f"{SAMPLES} readings a round and side, p50 / p90 / p99")
        rounds = run_rounds(server.conninfo, processes, binary, server.log)
        best = min(rounds, key=lambda result: result["p50_ms"])
        baseline = json.loads((Path(__file__).parent / "baseline.json").read_text())
        print(line("best", best))
        print(line("recorded", baseline))
        print(json.dumps(best))
    except BaseException:
        server.log.flush()
        sys.stderr.write((server.directory / "log").read_text()[-2000:])
        raise
    finally:
        for process in processes:
            stop(process, signal.SIGTERM)
        server.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if sys.argv[1] == "--floor":
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent cleans up
        floor_process(sys.argv[2])
    else:
        main(sys.argv[1])
