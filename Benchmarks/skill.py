"""Computes the scores of the last 30 days from the ledger and the readings as they are, and compares hazecast.skill().

Nothing of the SQL behind skill() is used: whole tables are fetched, and the rules of docs/sql.md are followed here in
Python, with exactly rounded sums. The last line says the greatest difference, relative to the score or to 1 where that is
smaller; more than 1e-9 fails.
"""

import csv
import math
import subprocess
import sys
from collections import defaultdict

TOLERANCE = 1e-9
LEADS = 24
HOUR = 3_600_000_000
ARRAYS = ("pm25", "lower80", "upper80", "lower95", "upper95")
SCORES = ("n", "rmse", "mae", "bias", "r2", "persistence_rmse", "skill", "coverage80", "coverage95")


def tables(conninfo, since, until):
    """What is compared, as lists of rows, from one snapshot; instants are microseconds since 1970."""
    def instant(column):
        return f"(extract(epoch FROM {column}) * 1000000)::bigint"

    queries = (
        f"SELECT {instant(since)}, {instant(until)}",
        f"SELECT station_id, {instant('observed_at')} FROM hazecast.reading_flag WHERE measure IN ('pm25', 'observed_at')",
        # A real as it is, and not as the shortest decimal that it is printed as.
        f"SELECT station_id, {instant('observed_at')}, pm25::double precision, {instant('received_at')}"
        " FROM hazecast.reading WHERE isfinite(observed_at)",
        f"SELECT station_id, {instant('origin')}, revision, {instant('issued_at')},"
        f" {', '.join(f'{array}::double precision[]' for array in ARRAYS)} FROM hazecast.forecast_ledger",
        f"SELECT station.id, lead, {', '.join(SCORES)} FROM hazecast.skill({since}, {until}) AS skill"
        " JOIN hazecast.station ON station.name = skill.station",
    )
    script = "BEGIN ISOLATION LEVEL REPEATABLE READ;\n" + "\\echo ;\n".join(
        f"COPY ({query}) TO STDOUT (FORMAT csv);\n" for query in queries)
    answer = subprocess.run(
        ["psql", "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--dbname", conninfo],
        input=script, stdout=subprocess.PIPE, text=True, check=True).stdout
    parts = [[]]
    for line in answer.splitlines():
        if line == ";":
            parts.append([])
        else:
            parts[-1].append(line)
    return [list(csv.reader(part)) for part in parts]


def observations(flags, readings):
    """What was observed and when it was received, by station and hour, without what was flagged."""
    flagged = {(station, int(hour)) for station, hour in flags}
    seen = {}
    for station, hour, pm25, received in readings:
        if pm25 and math.isfinite(float(pm25)) and (station, int(hour)) not in flagged:
            seen[station, int(hour)] = float(pm25), int(received)
    return seen


def pairs(flags, readings, ledger, since, until):
    """Forecast and observation of every scored hour, by station and lead."""
    seen = observations(flags, readings)
    revisions = defaultdict(list)
    for station, origin, revision, issued, *arrays in ledger:
        values = [[float(value) for value in array[1:-1].split(",")] if array else None for array in arrays]
        revisions[station, int(origin)].append((int(revision), int(issued), *values))
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


def main(conninfo, since="now() - interval '30 days'", until="now()"):
    bounds, flags, readings, ledger, rows = tables(conninfo, since, until)
    expected = pairs(flags, readings, ledger, *map(int, bounds[0]))
    found = {
        (station, int(lead)): [float(value) if value else None for value in values] for station, lead, *values in rows
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
    if len(sys.argv) not in (2, 4):
        sys.exit("usage: Benchmarks/skill.py 'host=… dbname=…' [SINCE UNTIL], both SQL such as \"now() - interval '7 days'\"")
    sys.exit(main(*sys.argv[1:]))
