"""Univariate peers of `world`: StatsForecast's methods at some stations, an origin a day, and `world` at the same origins.

    univariate.py FOLDER DATA [METHOD…]

FOLDER is what WorldWindows writes, DATA the folder of series that it read. The stations are STATIONS countries' first ones, spread
over the alphabet. Each forecast is from the HISTORY hours up to the origin, gaps carried forward, fit anew. METHODs are AutoETS,
DynamicOptimizedTheta and SeasonalNaive; all by default. Prints a table, and JSON in the last line.
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import pandas
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, DynamicOptimizedTheta, SeasonalNaive
from windows import Folder, Scores

warnings.filterwarnings("ignore")
STATIONS = 12
HISTORY = 14 * 24
STEP = 25  # hours: about a day, so that every hour of the day is an origin
METHODS = {"SeasonalNaive": SeasonalNaive(24), "DynamicOptimizedTheta": DynamicOptimizedTheta(24), "AutoETS": AutoETS(24)}


def chosen(stations):
    """The first station of each of STATIONS countries."""
    first = {}
    for index, station in enumerate(stations):
        first.setdefault(station["country"], index)
    countries = sorted(first)
    return [first[countries[place * len(countries) // STATIONS]] for place in range(STATIONS)]


def series(data, name):
    files = {entry.get("id", entry["file"]): entry["file"] for entry in json.loads((data / "index.json").read_text())}
    pm25 = pandas.read_csv(data / files[name])["pm25"].to_numpy(float)
    pm25[pm25 < -10] = np.nan
    return np.maximum(pandas.Series(pm25).ffill().bfill().to_numpy(), 0)


def forecast(method, values, origins):
    frame = pandas.concat([
        pandas.DataFrame({"unique_id": number, "ds": np.arange(HISTORY), "y": values[origin - HISTORY + 1:origin + 1]})
        for number, origin in enumerate(origins)])
    answer = StatsForecast([method], freq=1, n_jobs=1).forecast(df=frame, h=24)
    return np.maximum(answer[str(method)].to_numpy().reshape(-1, 24), 0)


def main():
    folder, data = Folder(sys.argv[1]), pathlib.Path(sys.argv[2])
    methods = sys.argv[3:] or list(METHODS)
    scores = Scores(folder.stations)
    scores.least = 1
    picked = chosen(folder.stations)
    for group in range(folder.groups):
        rows = folder.rows("scored", group)
        for station in picked:
            own = rows.part((rows.station == station) & (rows.origin % STEP == 0) & (rows.origin >= HISTORY))
            if len(own.origin) == 0:
                continue
            values = series(data, folder.stations[station]["id"])
            found = {"persistence": own.persistence(), "world": own.more}
            for name in methods:
                found[name] = forecast(METHODS[name], values, own.origin)
            scores.add(own, found)
            print(f"{folder.stations[station]['id']}: {len(own.origin)} origins", file=sys.stderr, flush=True)
    scores.table()


main()
