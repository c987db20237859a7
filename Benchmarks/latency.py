"""How long a reading takes to become a forecast, beside what PostgreSQL alone takes for the same way.

forecast  from sending the INSERT of one reading until another session has read the forecast made of it
floor     from sending the INSERT of one reading until another session has read one row as wide as a forecast, written
          with COPY by a bare process that LISTENs: no claim, no window, no network, no partitions

Both run in the same rounds, by turns, on one private server with PostgreSQL's own settings (fsync on). Everything but the
daemon is client.c, on both sides the same. Its reading session does not poll: triggers that only this benchmark makes tell it
that a row has come.
"""

import json
import os
import signal
import sys
from pathlib import Path

import bench

ROUNDS = 5
SAMPLES = 120  # a round and side
WARM_UP = 40
PARTITIONS = 84  # of the readings, and about as many of the ledger


def line(title, result):
    def three(name):
        return " / ".join(f"{result[f'{name}p{percent}_ms']:.2f}" for percent in (50, 90, 99))

    ratios = " / ".join(f"{result[f'p{percent}_ms'] / result[f'floor_p{percent}_ms']:.2f}" for percent in (50, 90, 99))
    return f"{title:8}  forecast {three('')} ms   floor {three('floor_')} ms   ratios {ratios}"


def run_rounds(client, hour, daemon):
    rounds = []
    for number in range(ROUNDS + 1):
        samples = {"": [], "floor_": []}
        daemon.turns()
        for _ in range(SAMPLES if number else WARM_UP):
            hour += 1
            samples[""] += client.ask("reading", "hazecast", hour)
            samples["floor_"] += client.ask("reading", "floor", hour)
        if not number:
            continue
        rounds.append({
            f"{name}p{percent}_ms": round(bench.percentile(values, percent / 100) * 1000, 3)
            for name, values in samples.items() for percent in (50, 90, 99)})
        print(line(f"round {number}", rounds[-1]), flush=True)
        turns = daemon.turns()
        if turns:
            print("          a turn, medians in ms: " + ", ".join(
                f"{step} {bench.percentile([turn.get(step, 0) for turn in turns], .5):.2f}" for step in turns[0]))
    return rounds


def main(binary):
    bench.forget_pg_variables()
    newest = bench.this_hour() - bench.HOUR * (ROUNDS * SAMPLES + WARM_UP + 1)
    server = bench.Server()
    daemon, clients = None, []
    try:
        server.prepare(binary, 1, newest, 54)
        server.add_partitions(PARTITIONS)
        print(f"{SAMPLES} readings a round and side, p50 / p90 / p99; {PARTITIONS} partitions; "
              f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors", flush=True)
        daemon = bench.Daemon(binary, server)
        program = bench.Client.compile(server)
        hour = bench.hours_since_2000(newest)
        clients.append(bench.Client(program, server, "answer"))
        clients[0].tell(hour)
        clients.append(bench.Client(program, server))
        rounds = run_rounds(clients[1], hour, daemon)
        # The round whose p50 and p90 stand best beside the floor's.
        best = min(rounds, key=lambda result: max(result[f"p{p}_ms"] / result[f"floor_p{p}_ms"] for p in (50, 90)))
        print(line("best", best))
        print(line("recorded", json.loads((Path(__file__).parent / "baseline.json").read_text())))
        print(f"load {os.getloadavg()[0]:.1f}")
        print(json.dumps(best))
    except BaseException:
        server.show_log()
        raise
    finally:
        for client in clients:
            client.stop()
        if daemon:
            daemon.stop()
        server.close()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main(sys.argv[1])
