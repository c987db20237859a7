"""What importing a large file costs beside \\copy of the hours that it holds.

A file of SIZE megabytes, a row per STEP minutes of STATIONS stations with PM2.5 and weather, is imported into an empty schema. The
hours that come of it are written to a file, and \\copy loads them into another empty schema, as the owner of readings would who has
hours. Everything on a private server with PostgreSQL's own settings.

MB/s     megabytes of the file by the time that import takes, parsing included
hours/s  hours by that time, and by the time of \\copy
memory   the most that import held, in MB, also for a file of a tenth of the size

The last line is JSON.
"""

import argparse
import json
import os
import random
import subprocess
import time
from datetime import datetime, timedelta

import bench

OPTIONS = ["--format", "csv", "--time-zone", "UTC"]
COLUMNS = "station_id, observed_at, pm25, dew_point, temperature, pressure, wind_direction, wind_speed"


def write(path, megabytes, stations, step):
    """By station and time, as loggers have it."""
    chance = random.Random(1)
    texts = [
        f"{chance.uniform(2, 90):.1f},{chance.uniform(-5, 12):.1f},{chance.uniform(12, 30):.1f},"
        f"{chance.uniform(990, 1030):.1f},{chance.randrange(360)},{chance.uniform(0.5, 9):.1f}\n" for _ in range(1 << 16)]
    rows = megabytes * 1_000_000 // (len(texts[0]) + len("station 00,2020-01-01 00:00,")) // stations
    times = [(datetime(2000, 1, 1) + timedelta(minutes=step * n)).strftime("%Y-%m-%d %H:%M") for n in range(rows)]
    with open(path, "w", buffering=1 << 20) as file:
        file.write("station,observed_at,pm25,dew_point,temperature,pressure,wind_direction,wind_speed\n")
        for station in range(stations):
            file.writelines(f"station {station:02},{at},{texts[(n * 31 + station) & 0xFFFF]}" for n, at in enumerate(times))
    return os.path.getsize(path) / 1e6


def imported(binary, server, path, step):
    """Seconds and MB of an import into a new database."""
    subprocess.run([binary, "migrate", "--database", server.conninfo], check=True, stdout=subprocess.DEVNULL)
    start = time.monotonic()
    process = subprocess.Popen(
        [binary, "import", "--database", server.conninfo, *OPTIONS, "--step", f"{step}min", path], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit("import failed")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("binary")
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--stations", type=int, default=20)
    parser.add_argument("--step", type=int, default=10, help="minutes")
    options = parser.parse_args()
    figures = {}
    server = bench.Server()
    try:
        path = str(server.directory / "rows.csv")
        write(path, options.megabytes // 10, options.stations, options.step)
        _, figures["memory_mb_of_a_tenth"] = imported(options.binary, server, path, options.step)
        with server.connect() as connection:
            connection.execute("DROP SCHEMA hazecast CASCADE")
        size = write(path, options.megabytes, options.stations, options.step)
        seconds, figures["memory_mb"] = imported(options.binary, server, path, options.step)
        os.remove(path)
        with server.connect() as connection:
            with open(path, "wb") as file, connection.cursor().copy(
                    f"COPY (SELECT {COLUMNS} FROM hazecast.reading ORDER BY 1, 2) TO STDOUT (FORMAT csv)") as copy:
                for chunk in copy:
                    file.write(chunk)
            hours = connection.execute("SELECT count(*) FROM hazecast.reading").fetchone()[0]
            connection.execute("DROP SCHEMA hazecast CASCADE")
        subprocess.run([options.binary, "migrate", "--database", server.conninfo], check=True, stdout=subprocess.DEVNULL)
        with server.connect() as connection:
            connection.execute(f"INSERT INTO hazecast.station (name) SELECT 's' || n FROM generate_series(1, {options.stations}) n")
        start = time.monotonic()
        subprocess.run(
            ["psql", "-X", "-q", server.conninfo, "-c", f"\\copy hazecast.reading ({COLUMNS}) FROM '{path}' (FORMAT csv)"],
            check=True)
        copied = time.monotonic() - start
    finally:
        server.close()
    figures |= {"file_mb": size, "hours": hours, "mb_per_second": size / seconds, "import_hours_per_second": hours / seconds,
                "copy_hours_per_second": hours / copied, "ratio": copied / seconds}
    print(f"import: {size:.0f} MB in {seconds:.1f} s, {size / seconds:.1f} MB/s; {hours} hours, {hours / seconds:.0f} per second")
    print(f"\\copy of the hours: {copied:.1f} s, {hours / copied:.0f} per second; import has {copied / seconds:.2f} of its speed")
    print(f"memory: {figures['memory_mb']:.0f} MB, of a tenth of the file {figures['memory_mb_of_a_tenth']:.0f} MB")
    print(json.dumps(figures))


main()
