"""What retraining makes of `world` at stations of countries that it has not seen, by days of history.

    finetune.py HAZECAST DATA FOLDER [WINDOWS [MEMBERS [EPOCHS]]]

Twenty stations, one a country, in two halves; a `world` is trained without the countries of each half. For each length of history
a database gets that many days of each station, up to the year that is scored, and `hazecast train --activate` lets fine-tuned models
serve where they win. The model that serves each station and `world` as it came are then scored on the year that follows.
Prints a table, and JSON in the last line.
"""

import csv
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from bench import Server

DAYS = [30, 90, 365]
YEAR = 365
STATIONS = 20


def choose(folder):
    """One station a country: the first with two years of hours of which two thirds have PM2.5, spread over the list."""
    chosen = {}
    for station in json.loads((folder / "index.json").read_text()):
        with (gzip.open if station["file"].endswith(".gz") else open)(folder / station["file"], "rt") as file:
            header, *rows = csv.reader(file)
        pm25 = header.index("pm25")
        wanted = rows[-(YEAR + max(DAYS)) * 24:]
        full = len(wanted) == (YEAR + max(DAYS)) * 24 and sum(row[pm25] != "" for row in wanted) > len(wanted) * 2 / 3
        if full and station["country"] not in chosen:
            chosen[station["country"]] = station | {"header": header, "rows": rows}
    countries = sorted(chosen)
    return [chosen[countries[n * len(countries) // STATIONS]] for n in range(STATIONS)]


def write(path, station, days, year):
    """The days before the scored year, and that year if asked for. A training run compares models on the last weeks up to
    today, so those days are moved by whole days to end today."""
    end = datetime.fromisoformat(station["rows"][-1][0]) - timedelta(days=YEAR)
    shift = timedelta(days=0 if year else (datetime.now(UTC) - end).days)
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["observed_at", *station["header"][1:]])
        for row in station["rows"]:
            time = datetime.fromisoformat(row[0])
            if end - timedelta(days=days) < time and (year or time <= end):
                writer.writerow([(time + shift).isoformat(), *row[1:]])


def skill(hazecast, model, data, station):
    place = [f"--{name}={station[name]}" for name in ("latitude", "longitude") if station.get(name) is not None]
    scored = subprocess.check_output(
        [hazecast, "backtest", "--protocol", "live", "--model", model, "--data", data, "--json", *place])
    return json.loads(scored)["mean_skill"]


def main():
    hazecast, data, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    plan = [f"--{name}={value}" for name, value in zip(("windows", "members", "epochs"), sys.argv[4:])]
    folder.mkdir(parents=True, exist_ok=True)
    stations = choose(data)
    results = {}
    for half in (stations[::2], stations[1::2]):
        countries = ",".join(station["country"] for station in half)
        base = folder / f"without-{countries}.json"
        if not base.exists():
            subprocess.run(
                [hazecast, "train", "--preset", "world", "--leave-out", countries, "--data", data, "--out", base, *plan],
                check=True, stdout=subprocess.DEVNULL)
        for days in DAYS:
            server = Server()
            try:
                fine_tune(hazecast, server, base, half, days, folder, results)
            finally:
                server.close()
    table(stations, results)


def fine_tune(hazecast, server, base, stations, days, folder, results):
    database = ["--database", server.conninfo]
    quiet = {"check": True, "stdout": subprocess.DEVNULL}
    subprocess.run([hazecast, "migrate", *database], **quiet)
    with server.connect() as connection:
        connection.execute("UPDATE hazecast.model SET document = %s::jsonb WHERE name = 'world'", [base.read_text()])
        for station in stations:
            place = [f"--{name}={station[name]}" for name in ("latitude", "longitude") if station.get(name) is not None]
            with tempfile.NamedTemporaryFile(suffix=".csv") as file:
                write(file.name, station, days, year=False)
                subprocess.run(
                    [hazecast, "import", "--format", "csv", file.name, "--station", station["id"], *place, *database], **quiet)
        subprocess.run([hazecast, "train", "--activate", *database], **quiet)
        for station in stations:
            name, document = connection.execute(
                "SELECT name, document::text FROM hazecast.model WHERE id = coalesce((SELECT model_id FROM hazecast.active_model"
                " WHERE station_id = (SELECT id FROM hazecast.station WHERE name = %s)),"
                " (SELECT model_id FROM hazecast.active_model WHERE station_id IS NULL))", [station["id"]]).fetchone()
            scored, model = folder / "scored.csv", folder / "serving.json"
            write(scored, station, max(DAYS), year=True)
            model.write_text(document)
            before = skill(hazecast, base, scored, station)
            after = before if name == "world" else skill(hazecast, model, scored, station)
            results[station["id"], days] = (before, after, name != "world")
            print(station["id"], days, f"{before:.3f} {after:.3f} {name}", file=sys.stderr, flush=True)


def table(stations, results):
    print("| days of history | promoted | as it came | what serves | worst change |")
    print("|---|---|---|---|---|")
    for days in DAYS:
        rows = [results[station["id"], days] for station in stations]
        changes = [after - before for before, after, _ in rows]
        print(f"| {days} | {sum(row[2] for row in rows)} of {len(rows)} | {statistics.mean(row[0] for row in rows):.3f} | "
            f"{statistics.mean(row[1] for row in rows):.3f} | {min(changes):+.3f} |")
    print(json.dumps([{"station": key[0], "days": key[1], "before": value[0], "after": value[1]} for key, value in results.items()]))


main()
