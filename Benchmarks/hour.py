"""An hour of readings of many stations, from their commit to the commit of the last forecast.

forecast  from the commit of the COPY that brought the hour until another session knows of the commit of all its forecasts
floor     the same with bare libpq: reads the readings of that transaction, writes a row as wide as a forecast for each by
          binary COPY, and commits; into one table, no partitions, no network
feed      what the COPY of the readings takes itself, beside that into the floor's table: foreign key, written_by, triggers and
          partitions

Both run in the same rounds, by turns, on one private server with PostgreSQL's own settings (fsync on), measured by client.c.
The rounds are preceded by a start from an empty ledger and a start with nothing to do, they begin when the daemon has settled what
it settles once a day, and are followed, where asked for, by hours that arrive at once (--catch-up) and by nothing to do (--idle).
"""

import argparse
import json
import math
import os
import signal
import sys
import time

import bench

HISTORY = 54  # hours that a window needs, with what quality control looks back to


def median(values):
    return bench.percentile(values, .5)


def rounds(client, daemon, peer, stations, hour, options):
    results = []
    for number in range(options.rounds + 1):
        hour += 1
        floor = client.ask("hour", "floor", stations, hour, 1)
        if peer:
            began = peer.processor_seconds()
            by_peer = client.ask("hour", "peer", stations, hour, 1)[1]
            peer_processor = peer.processor_seconds() - began
        daemon.turns()
        began = daemon.processor_seconds()
        feed, took = client.ask("hour", "hazecast", stations, hour, 1)
        processor = daemon.processor_seconds() - began
        time.sleep(0.1)  # for its line in the log
        steps = {}
        for turn in daemon.turns():
            for step, milliseconds in turn.items():
                steps[step] = steps.get(step, 0) + milliseconds
        if not number:
            continue  # warms both up
        results.append({
            "floor": floor[1], "hazecast": took, "ratio": took / floor[1], "feed": feed, "floor_feed": floor[0],
            "processor": processor, "floor_steps": floor[2:], "steps": steps, "rss": daemon.memory_mb("VmRSS")})
        if peer:
            results[-1] |= {"peer": by_peer, "peer_processor": peer_processor, "peer_rss": peer.memory_mb("VmRSS")}
        print(f"  round {number:2}: floor {floor[1]:.4f} s (read {floor[2]:.4f}, write {floor[3]:.4f}, commit {floor[4]:.4f}), "
              f"hazecast {took:.4f} s, ratio {took / floor[1]:.2f}; load {os.getloadavg()[0]:.1f}", flush=True)
    return results, hour


def report(stations, results, daemon, peer, options):
    def both(key):
        values = [result[key] for result in results]
        return f"{median(values):.4f} / {bench.percentile(values, .99):.4f}"

    print(f"  p50 / p99: floor {both('floor')} s, hazecast {both('hazecast')} s, ratio {both('ratio')}")
    if results[0]["steps"]:
        print("  where the time of a turn went, medians in ms: " + ", ".join(
            f"{step} {median([result['steps'].get(step, 0) for result in results]):.1f}" for step in results[0]["steps"]))
    print(f"  feed: COPY of the readings {both('feed')} s, into the floor's table {both('floor_feed')} s")
    print(f"  daemon: {median([result['processor'] for result in results]):.4f} s of processors an hour, "
          f"{daemon.memory_mb('VmRSS'):.0f} MB, {daemon.memory_mb('VmHWM'):.0f} MB at most", flush=True)
    if peer:
        took, processor, memory = (median([result[key] for result in results]) for key in ("peer", "peer_processor", "peer_rss"))
        ours = [median([result[key] for result in results]) for key in ("hazecast", "processor", "rss")]
        own, theirs = daemon.memory_mb("RssAnon"), peer.memory_mb("RssAnon")
        print(f"  peer ({options.peer}): {both('peer')} s, {processor:.4f} s of processors an hour, {memory:.0f} MB: "
              f"{took / ours[0]:.1f} times the time, {processor / ours[1]:.1f} times the processors, {memory / ours[2]:.1f} times the memory; "
              f"without pages of files {theirs:.0f} beside {own:.0f} MB, {theirs / own:.1f} times")
    # The best of each side: the fairest to both on a machine that others use.
    floor, took = (min(result[side] for result in results) for side in ("floor", "hazecast"))
    best = min(results, key=lambda result: result["ratio"])
    print(f"  best of each side: floor {floor:.4f} s, hazecast {took:.4f} s, ratio {took / floor:.2f}; best round {best['ratio']:.2f}")
    return {"stations": stations, "floor_s": round(best["floor"], 5), "hazecast_s": round(best["hazecast"], 5),
            "ratio": round(best["ratio"], 3), "rss_mb": round(max(result["rss"] for result in results), 1)}


def sizes(server):
    """MB of a million rows, and those of indexes among them."""
    with server.connect() as connection:
        for table in ("reading", "forecast_ledger"):
            rows = connection.execute(f"SELECT count(*) FROM hazecast.{table}").fetchone()[0]
            whole, indexes = connection.execute(
                "SELECT sum(pg_total_relation_size(inhrelid)), sum(pg_indexes_size(inhrelid)) FROM pg_inherits "
                f"WHERE inhparent = 'hazecast.{table}'::regclass AND pg_relation_size(inhrelid) > 0").fetchone()
            yield f"{table} {float(whole) / rows:.0f} MB a million rows, {float(indexes) / rows:.0f} MB of it indexes"


def measure(binary, stations, options):
    hours = options.rounds + 1 + (options.catch_up or 0)
    newest = bench.this_hour() - bench.HOUR * hours
    server = bench.Server()
    daemon = client = peer = None
    try:
        began = time.monotonic()
        server.prepare(binary, stations, newest, HISTORY)
        if options.sql:
            with server.connect() as connection:
                connection.execute(options.sql)
        print(f"{stations} stations (set up in {time.monotonic() - began:.0f} s), load {os.getloadavg()[0]:.1f} on "
              f"{os.cpu_count()} processors", flush=True)
        daemon = bench.Daemon(binary, server)
        print(f"  start: {daemon.seconds_to_ready:.3f} s from exec to READY with nothing forecast yet", flush=True)
        daemon.stop()
        daemon = None
        daemon = bench.Daemon(binary, server)
        print(f"  start: {daemon.seconds_to_ready:.3f} s with everything forecast, {daemon.memory_mb('VmRSS'):.0f} MB", flush=True)
        print(f"  yesterday settled: {daemon.seconds_until_idle(server):.1f} s", flush=True)
        client = bench.Client(bench.Client.compile(server), server)
        if options.peer:
            peer = bench.Peer(options.peer, server, options.model, stations, newest)
        results, hour = rounds(client, daemon, peer, stations, bench.hours_since_2000(newest), options)
        result = report(stations, results, daemon, peer, options)
        if peer:
            with server.connect() as connection:
                # The bands of a value on the edge of two bins are those of the one or the other.
                apart, greatest, values = connection.execute(
                    "SELECT count(*) FILTER (WHERE abs(a - b) > .01), max(abs(a - b)) FILTER (WHERE abs(a - b) <= .01), count(*) "
                    "FROM hazecast.forecast_ledger AS ours JOIN peer_ledger AS peer USING (station_id, origin), "
                    "unnest(ours.pm25 || ours.lower80 || ours.upper95, peer.pm25 || peer.lower80 || peer.upper95) AS u (a, b)").fetchone()
            print(f"  its forecasts are ours to {greatest:.2g} µg/m³, but for {apart} of {values} values", flush=True)
        if options.catch_up:
            hour += options.catch_up
            feed, took = client.ask("hour", "hazecast", stations, hour, options.catch_up)
            print(f"  catch-up: {options.catch_up} hours at once (COPY {feed:.2f} s): every station's newest forecast after "
                  f"{took:.2f} s, {daemon.memory_mb('VmHWM'):.0f} MB at most", flush=True)
        print("  size: " + ", ".join(sizes(server)), flush=True)
        if options.idle:
            time.sleep(2)
            began = daemon.processor_seconds()
            time.sleep(options.idle)
            share = (daemon.processor_seconds() - began) / options.idle
            print(f"  idle: {share:.3%} of a processor over {options.idle} s, {daemon.memory_mb('VmRSS'):.0f} MB", flush=True)
        return result
    except BaseException:
        server.show_log()
        raise
    finally:
        if client:
            client.stop()
        if peer:
            bench.stop(peer.process, signal.SIGTERM)
        if daemon:
            daemon.stop()
        server.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--stations", default="10000", help="one number, or several with commas between them")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--catch-up", type=int, metavar="HOURS")
    parser.add_argument("--peer", choices=["torch", "numpy"], help="beside peer.py, which does the same job in Python")
    parser.add_argument("--model", default="models/operational.json", help="what the peer forecasts with")
    parser.add_argument("--sql", help="another design: what changes the schema before anything is measured")
    parser.add_argument("--idle", type=float, metavar="SECONDS")
    options = parser.parse_args()
    bench.forget_pg_variables()
    results = [measure(options.binary, int(stations), options) for stations in options.stations.split(",")]
    for result in results:
        print("{stations:>7} stations: floor {floor_s:.4f} s, hazecast {hazecast_s:.4f} s, ratio {ratio:.2f}, {rss_mb} MB".format(**result))
    for smaller, larger in zip(results, results[1:]):
        exponent = math.log(larger["hazecast_s"] / smaller["hazecast_s"]) / math.log(larger["stations"] / smaller["stations"])
        print(f"time grows with stations to the power of {exponent:.2f} from {smaller['stations']} to {larger['stations']}")
    print(json.dumps(results[-1]))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
