"""Computes the scores of the last 30 days from the ledger and the readings as they are, and compares hazecast.skill().

Nothing of the SQL behind skill() is used: whole tables are fetched, and the rules of docs/sql.md are followed here in
Python, with exactly rounded sums. The last line says the greatest difference, relative to the score or to 1 where that is
smaller; more than 1e-9 fails.
"""

import datetime
import math
import sys
from collections import defaultdict

import psycopg

TOLERANCE = 1e-9
LEADS = 24
HOUR = datetime.timedelta(hours=1)
ARRAYS = ("pm25", "lower80", "upper80", "lower95", "upper95")
SCORES = ("n", "rmse", "mae", "bias", "r2", "persistence_rmse", "skill", "coverage80", "coverage95")


def observations(connection):
    """What was observed and when it was received, by station and hour, without what was flagged."""
    flagged = set(connection.execute(
        "SELECT station_id, observed_at FROM hazecast.reading_flag WHERE measure IN ('pm25', 'observed_at')"))
    # A real as it is, and not as the shortest decimal that it is printed as.
    rows = connection.execute(
        "SELECT station_id, observed_at, pm25::double precision, received_at FROM hazecast.reading")
    return {
        (station, hour): (pm25, received)
        for station, hour, pm25, received in rows
        if pm25 is not None and math.isfinite(pm25) and (station, hour) not in flagged
    }


def pairs(connection, since, until):
    """Forecast and observation of every scored hour, by station and lead."""
    seen = observations(connection)
    revisions = defaultdict(list)
    for station, origin, *issue in connection.execute(
            f"SELECT station_id, origin, revision, issued_at, {', '.join(f'{array}::double precision[]' for array in ARRAYS)}"
            " FROM hazecast.forecast_ledger"):
        revisions[station, origin].append(issue)
    scored = defaultdict(list)
    for (station, origin), issues in revisions.items():
        for lead in range(1, LEADS + 1):
            hour = origin + lead * HOUR
            if not since <= hour < until or (station, hour) not in seen:
                continue
            observed, received = seen[station, hour]
            in_time = [issue for issue in issues if issue[1] < received]
            if not in_time:
                continue
            _, issued, pm25, *bands = max(in_time, key=lambda issue: issue[0])
            held = [
                value for value, known in (seen.get((station, origin - back * HOUR), (None, None)) for back in range(4))
                if value is not None and known <= issued
            ]
            edges = None if None in bands else [band[lead - 1] for band in bands]
            scored[station, lead].append((pm25[lead - 1], observed, held[0] if held else None, edges))
    return scored


def mean(values):
    values = list(values)
    return math.fsum(values) / len(values) if values else None


def scores(scored):
    """The columns of SCORES."""
    errors = [forecast - observed for forecast, observed, _, _ in scored]
    average = mean(observed for _, observed, _, _ in scored)
    spread = math.fsum((observed - average) ** 2 for _, observed, _, _ in scored)
    held = [(forecast - observed, last - observed) for forecast, observed, last, _ in scored if last is not None]
    baseline = mean(last**2 for _, last in held)
    inside = [
        (lower80 <= observed <= upper80, lower95 <= observed <= upper95)
        for _, observed, _, edges in scored if edges is not None
        for lower80, upper80, lower95, upper95 in [edges]
    ]
    return (
        len(scored),
        math.sqrt(mean(error**2 for error in errors)),
        mean(map(abs, errors)),
        mean(errors),
        1 - math.fsum(error**2 for error in errors) / spread if spread else None,
        math.sqrt(baseline) if held else None,
        1 - mean(error**2 for error, _ in held) / baseline if baseline else None,
        mean(within80 for within80, _ in inside),
        mean(within95 for _, within95 in inside),
    )


def main(conninfo):
    with psycopg.connect(conninfo) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        since, until = connection.execute("SELECT now() - interval '30 days', now()").fetchone()
        expected = pairs(connection, since, until)
        found = {
            (station, lead): values
            for station, lead, *values in connection.execute(
                f"SELECT station.id, lead, {', '.join(SCORES)}"
                " FROM hazecast.skill(%s, %s) AS skill JOIN hazecast.station ON station.name = skill.station",
                (since, until))
        }
    if found.keys() != expected.keys():
        sys.exit(f"skill() has other stations and leads: {sorted(found.keys() ^ expected.keys())}")
    greatest = 0.0
    for key, scored in expected.items():
        for name, ours, theirs in zip(SCORES, scores(scored), found[key], strict=True):
            if ours is None or theirs is None:
                difference = 0.0 if ours is theirs else math.inf
            else:
                difference = abs(ours - theirs) / max(1, abs(ours))
            if difference > max(TOLERANCE, greatest):
                print(f"station {key[0]} lead {key[1]} {name}: {ours} here, {theirs} in skill()")
            greatest = max(greatest, difference)
    print(f"{len(expected)} stations and leads, {sum(map(len, expected.values()))} hours: greatest difference {greatest:.1e}")
    return greatest > TOLERANCE or not expected


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: Benchmarks/skill 'host=… dbname=…'")
    sys.exit(main(sys.argv[1]))
