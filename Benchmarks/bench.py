"""What the benchmarks of the service share: a private PostgreSQL, the daemon on it, and the libpq client that measures."""

import datetime
import math
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psycopg

DEADLINE = 20  # seconds, for anything that should take milliseconds
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
HOUR = datetime.timedelta(hours=1)

# What only the benchmarks have: the floor's tables, of the same columns, keys, indexes and checks as ours but in one piece,
# and triggers that tell a session that readings or forecasts have come, on both sides alike.
SCHEMA = """
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_notify(TG_ARGV[0], ''); RETURN NULL; END $$;
CREATE TABLE floor_reading (LIKE hazecast.reading INCLUDING ALL);
CREATE TABLE floor_ledger (LIKE hazecast.forecast_ledger INCLUDING ALL);
CREATE TABLE peer_reading (LIKE hazecast.reading INCLUDING ALL);
CREATE TABLE peer_ledger (LIKE hazecast.forecast_ledger INCLUDING ALL);
CREATE FUNCTION tell_peer() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN PERFORM pg_notify('peer_arrival', pg_current_xact_id()::text); RETURN NULL; END $$;
CREATE TRIGGER tell AFTER INSERT ON peer_reading FOR EACH STATEMENT EXECUTE FUNCTION tell_peer();
CREATE TRIGGER tell AFTER INSERT ON peer_ledger FOR EACH STATEMENT EXECUTE FUNCTION tell('issued');
CREATE TRIGGER tell AFTER INSERT ON floor_reading FOR EACH STATEMENT EXECUTE FUNCTION tell('floor_arrival');
CREATE TRIGGER tell AFTER INSERT ON floor_ledger FOR EACH STATEMENT EXECUTE FUNCTION tell('issued');
CREATE TRIGGER tell AFTER INSERT ON hazecast.forecast_ledger FOR EACH STATEMENT EXECUTE FUNCTION tell('issued');
"""
# Without triggers and foreign keys, because this is not what is measured.
HISTORY = """
SET session_replication_role = replica;
SET synchronous_commit = off;
INSERT INTO hazecast.station (name, longitude) SELECT 'bench ' || n, n %% 360 - 180 FROM generate_series(1, %(stations)s) AS n;
INSERT INTO hazecast.reading (station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed)
SELECT n, h, 20 + 50 * random(), -10 + 5 * random(), 5 + 7 * random(), 1010 + 12 * random(), 360 * random(), 1 + 5 * random()
FROM generate_series(%(newest)s - make_interval(hours => %(hours)s - 1), %(newest)s, interval '1 hour') AS h,
    generate_series(1, %(stations)s) AS n;
"""


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

    def connect(self):
        return psycopg.connect(self.conninfo, autocommit=True)

    def prepare(self, binary, stations, newest, hours):
        """Schema, stations and the history that their windows need, up to the hour `newest`."""
        subprocess.run([binary, "migrate", "--database", self.conninfo], check=True, stdout=subprocess.DEVNULL)
        with self.connect() as connection:
            connection.execute(SCHEMA)
            with psycopg.ClientCursor(connection) as cursor:
                cursor.execute(HISTORY, {"stations": stations, "newest": newest, "hours": hours})
            connection.execute("SET session_replication_role = origin")
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def add_partitions(self, count):
        """Months beyond those that the schema has, until readings have so many partitions."""
        with self.connect() as connection:
            there = connection.execute(
                "SELECT count(*) FROM pg_inherits WHERE inhparent = 'hazecast.reading'::regclass").fetchone()[0]
            first = connection.execute("SELECT hazecast.partitions_end('hazecast.reading')").fetchone()[0]
            month = first.year * 12 + first.month - 1
            for number in range(month, month + count - there):
                bounds = [f"{n // 12}-{n % 12 + 1:02}-01 00:00Z" for n in (number, number + 1)]
                for table in ("reading", "forecast_ledger"):
                    connection.execute(
                        f"CREATE TABLE hazecast.{table}_{number} PARTITION OF hazecast.{table}"
                        f" FOR VALUES FROM ('{bounds[0]}') TO ('{bounds[1]}')")

    def close(self):
        if self.process:
            stop(self.process, signal.SIGINT)
        self.log.close()
        shutil.rmtree(self.directory)

    def show_log(self):
        self.log.flush()
        sys.stderr.write((self.directory / "log").read_text()[-2000:])


def stop(process, how):
    """Asks, and insists after the deadline."""
    process.send_signal(how)
    try:
        process.wait(DEADLINE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Daemon:
    """`hazecast run`, and what the system knows of it."""

    def __init__(self, binary, server, deadline=600):
        self.log = open(server.directory / "daemon.log", "w")
        self.lines = open(server.directory / "daemon.log")
        address = str(server.directory / "notify")
        self.status = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.status.bind(address)
        self.status.settimeout(1)
        environment = os.environ | {"NOTIFY_SOCKET": address}
        began = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "run", "--database", server.conninfo, "--log-level", "debug"], stderr=self.log, env=environment)
        try:
            while not self.is_ready():
                if self.process.poll() is not None or time.monotonic() > began + deadline:
                    raise RuntimeError("the daemon did not start: " + self.lines.read())
            # Somebody has to listen on, as systemd does: a full socket holds the sender up.
            threading.Thread(target=self.listen, daemon=True).start()
        except BaseException:
            self.stop()
            raise
        self.seconds_to_ready = time.monotonic() - began

    def is_ready(self):
        try:
            return b"READY=1" in self.status.recv(4096)
        except TimeoutError:
            return False

    def listen(self):
        self.status.settimeout(None)
        try:
            while self.status.recv(4096):
                pass
        except OSError:
            pass  # closed

    def memory_mb(self, name):
        """VmRSS: what it holds now; RssAnon: what of it is no page of a file; VmHWM: the most that it ever held."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+)", text)[1]) / 1024

    def processor_seconds(self):
        return time.clock_gettime(~self.process.pid << 3 | 2)  # as clock_getcpuclockid has it, for all of its threads

    def seconds_until_idle(self, server):
        """Waits until it asks for nothing: after a start it settles the days that are over, some stations between two turns."""
        began = time.monotonic()
        with server.connect() as connection:
            seen = 0
            while seen < 20:
                busy = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'hazecast' AND state <> 'idle'").fetchone()[0]
                seen = 0 if busy else seen + 1
                time.sleep(0.05)
        return time.monotonic() - began - 1

    def turns(self):
        """What each turn since the last call took, by step in ms."""
        lines = [line for line in self.lines.read().splitlines() if "turn_ms=" in line]
        return [{key: float(value) for key, value in re.findall(r"(\w+)_ms=([\d.]+)", line)} for line in lines]

    def stop(self):
        stop(self.process, signal.SIGTERM)
        self.status.close()
        os.unlink(Path(self.log.name).parent / "notify")
        self.log.close()
        self.lines.close()


class Peer:
    """peer.py at work."""

    def __init__(self, means, server, model, stations, newest):
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).parent / "peer.py", means, server.conninfo, model, str(stations), str(hours_since_2000(newest))],
            stdout=subprocess.PIPE, text=True, env=os.environ | {"OPENBLAS_NUM_THREADS": "2"})
        if self.process.stdout.readline() != "ready\n":
            raise RuntimeError("the peer did not start")

    memory_mb = Daemon.memory_mb
    processor_seconds = Daemon.processor_seconds


class Client:
    """client.c at work: commands in, seconds out."""

    def __init__(self, program, server, *arguments):
        self.process = subprocess.Popen(
            [program, server.conninfo, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.answer()

    @staticmethod
    def compile(server):
        program = server.directory / "client"
        source = Path(__file__).parent / "client.c"
        include = subprocess.check_output(["pg_config", "--includedir"], text=True).strip()
        subprocess.run(["cc", "-O2", f"-I{include}", source, "-o", program, "-lpq"], check=True)
        return program

    def answer(self):
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the measuring client has failed")
        return line

    def ask(self, *words):
        self.tell(*words)
        return [float(word) for word in self.answer().split()]

    def tell(self, *words):
        print(*words, file=self.process.stdin, flush=True)

    def stop(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE)


def hours_since_2000(time):
    return round((time - EPOCH) / HOUR)


def this_hour():
    return datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)


def forget_pg_variables():
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]


def percentile(values, share):
    return sorted(values)[math.ceil(share * len(values)) - 1]
