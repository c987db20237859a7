"""What training costs: how long a run takes for many stations, and what a forecast waits meanwhile.

interrupt  one run of a daemon's trainer over STATIONS simulated stations with a year of readings each is killed half-way, and
           what the next run takes over and does is counted
speed      such a run in one go
latency    as in latency.py, from the INSERT of a reading until its forecast is there, by turns with the trainer at work and
           with the trainer stopped (SIGSTOP)

Everything on a private server with PostgreSQL's own settings. The last line is JSON.
"""

import argparse
import datetime
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg

import bench

ROUNDS = 12
READINGS = 40  # a round and kind
WARM_UP = 50
NEWEST = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)  # hour of the last reading of the station that is measured


class Run:
    """A training run of the daemon, and the process that does it."""

    def __init__(self, connection, daemon):
        self.connection, self.daemon = connection, daemon
        self.id = connection.execute("SELECT training_run FROM hazecast.request_retrain('benchmark')").fetchone()[0]

    def row(self, columns):
        return self.connection.execute(
            f"SELECT {columns} FROM hazecast.training_run AS run WHERE id = %s", (self.id,)).fetchone()

    def results(self):
        return self.connection.execute(
            "SELECT count(*) FROM hazecast.training_result WHERE run_id = %s", (self.id,)).fetchone()[0]

    def wait(self, condition):
        """Until it is so, or the run has ended; returns the trainer's greatest memory in MB, and its processor time in s."""
        peak = processor = 0
        while not condition() and self.row("finished_at IS NULL")[0]:
            try:
                process = Path(f"/proc/{self.trainer()}")
                line = next(line for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM"))
                peak = max(peak, int(line.split()[1]) / 1024)
                times = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
                processor = sum(map(int, times)) / os.sysconf("SC_CLK_TCK")
            except (OSError, StopIteration):
                pass  # not there yet, or no more
            time.sleep(0.05)
        return peak, processor

    def trainer(self):
        """Its process id; None before it has begun and after its end."""
        for task in Path(f"/proc/{self.daemon.pid}/task").iterdir():
            children = (task / "children").read_text().split()
            if children:
                return int(children[0])
        return None


def interrupt(connection, daemon, stations):
    """A run that is killed half-way, and the next one, which goes on where it was."""
    run = Run(connection, daemon)
    run.wait(lambda: run.results() >= stations // 2)
    done = run.results()
    os.kill(run.trainer(), signal.SIGKILL)
    run.wait(lambda: False)
    rest = Run(connection, daemon)
    rest.wait(lambda: False)
    taken, state = rest.row("(SELECT count(*) FROM hazecast.training_result AS r WHERE r.run_id = run.id"
                            " AND r.recorded_at < run.started_at), state")
    print(f"killed after {done} of {stations} stations; the next run took over {taken} and ended {state}", flush=True)
    if taken < done or rest.results() != stations:
        raise RuntimeError("the second run did not go on where the first was cut off")


def speed(connection, daemon, stations):
    """All of it in one go, for the time."""
    whole = Run(connection, daemon)
    peak, processor = whole.wait(lambda: False)
    seconds = float(whole.row("extract(epoch FROM finished_at - started_at)")[0])
    print(f"{stations} stations in {seconds:.1f} s, {seconds / stations:.2f} s each, of processors {processor / stations:.2f} s; "
          f"{peak:.0f} MB at most; 1,000: {seconds / stations * 1000 / 60:.1f} min", flush=True)
    if whole.results() != stations:
        raise RuntimeError(f"{whole.results()} stations were trained")
    return {"stations": stations, "seconds": round(seconds, 1), "per_station_s": round(seconds / stations, 3),
            "processor_s": round(processor / stations, 3), "peak_mb": round(peak)}


def waits(connection, daemon, client):
    """Latencies in ms by turns."""
    hours = itertools.count(bench.hours_since_2000(NEWEST) + 1)

    def step():
        return client.ask("reading", "hazecast", next(hours))[0] * 1000

    # The first ones load what is loaded once.
    for _ in range(WARM_UP):
        step()
    samples = {"idle": [], "training": []}
    run = None
    for number in range(2 * ROUNDS):
        kind = "training" if number % 2 else "idle"
        trainer = run.trainer() if run else None
        if kind == "training" and trainer is None:
            run = Run(connection, daemon)
            run.wait(lambda: run.row("progress > 0")[0])
            trainer = run.trainer()
        if trainer:
            os.kill(trainer, signal.SIGCONT if kind == "training" else signal.SIGSTOP)
        for _ in range(READINGS):
            samples[kind].append(step())
            time.sleep(0.02)
            if kind == "training" and run.trainer() != trainer:
                break
    if run and run.trainer():
        os.kill(run.trainer(), signal.SIGCONT)
    result = {}
    for kind, values in samples.items():
        values.sort()
        result |= {f"{kind}_p{share}_ms": round(bench.percentile(values, share / 100), 2) for share in (50, 90, 99)}
        print(f"{kind:9} p50 / p90 / p99 " + " / ".join(
            f"{result[f'{kind}_p{share}_ms']:.2f}" for share in (50, 90, 99)) + f" ms of {len(values)} readings")
    for share in (50, 90, 99):
        result[f"p{share}_ratio"] = round(result[f"training_p{share}_ms"] / result[f"idle_p{share}_ms"], 2)
    return result


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--stations", type=int, default=40)
    parser.add_argument("--only", choices=["interrupt", "speed", "latency"])
    options = parser.parse_args()
    bench.forget_pg_variables()
    server = bench.Server()
    daemon = client = None
    try:
        server.prepare(options.binary, 1, NEWEST, 54)
        # To the last hour that is over.
        now = datetime.datetime.now(datetime.UTC).replace(minute=0, second=0, microsecond=0)
        start = (now - datetime.timedelta(hours=8760)).strftime("%Y-%m-%dT%H:00Z")
        subprocess.run([options.binary, "simulate", "--database", server.conninfo, "--stations", str(options.stations),
                        "--hours", "8760", "--start", start], check=True, stdout=subprocess.DEVNULL)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
        daemon = subprocess.Popen([options.binary, "run", "--database", server.conninfo], stderr=server.log)
        result = {}
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            # The reading session of latency.py has no deadline of its own for the first forecast.
            while not connection.execute("SELECT 1 FROM hazecast.forecast_ledger LIMIT 1").fetchone():
                time.sleep(0.1)
            if options.only in (None, "interrupt"):
                interrupt(connection, daemon, options.stations)
            if options.only in (None, "speed"):
                result |= speed(connection, daemon, options.stations)
            if options.only in (None, "latency"):
                client = bench.Client(bench.Client.compile(server), server)
                result |= waits(connection, daemon, client)
        print(json.dumps(result))
    except BaseException:
        server.show_log()
        raise
    finally:
        if client:
            client.stop()
        if daemon:
            bench.stop(daemon, signal.SIGTERM)
        server.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
