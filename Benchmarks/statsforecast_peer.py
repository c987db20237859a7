"""StatsForecast as a library, in the protocol of `hazecast backtest --protocol live`, and what a station's forecast costs.

    statsforecast_peer.py beijing-pm25-2010-2014.csv

Univariate methods, which see the last weeks of pm25 and neither weather nor the other years; every STEP-th hour of 2014 is an
origin, each forecast from the HISTORY hours up to it, gaps carried forward; only observed hours count. Nothing is learnt
beforehand: a method is fit to each window, which is what it costs in service as well. Prints a table, and JSON in the last line.
"""

import json
import sys
import time
import warnings

import numpy as np
import pandas
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, DynamicOptimizedTheta, SeasonalNaive

warnings.filterwarnings("ignore")
LEADS = [1, 2, 4, 8, 12, 24]
HISTORY = 14 * 24
YEAR = 8760
STEP = 13  # hours; with 24 it has no divisor in common, so that every hour of the day is an origin
BATCH = 100  # origins that are stations to the library
METHODS = [SeasonalNaive(24), DynamicOptimizedTheta(24), AutoETS(24)]


def frame(series, origins):
    """An origin's history as the series of a station of its own."""
    return pandas.concat([
        pandas.DataFrame({"unique_id": number, "ds": np.arange(HISTORY), "y": series[origin - HISTORY + 1:origin + 1]})
        for number, origin in enumerate(origins)])


def forecast(method, series, origins):
    """Origins × 24, and seconds."""
    library = StatsForecast([method], freq=1, n_jobs=1)
    rows, took = [], 0
    library.forecast(df=frame(series, origins[:2]), h=24, level=[80, 95])  # compiles
    for start in range(0, len(origins), BATCH):
        data = frame(series, origins[start:start + BATCH])
        began = time.perf_counter()
        answer = library.forecast(df=data, h=24, level=[80, 95])
        took += time.perf_counter() - began
        rows.append(answer[str(method)].to_numpy().reshape(-1, 24))
    return np.concatenate(rows), took


def main():
    observed = pandas.read_csv(sys.argv[1])["pm2.5"]
    series = observed.ffill().bfill().to_numpy(float)
    observed = observed.to_numpy()
    origins = np.arange(len(series) - YEAR, len(series) - 24, STEP)
    results = {}
    print(f"{len(origins)} origins; skill against persistence at leads {', '.join(map(str, LEADS))}")
    for method in METHODS:
        predicted, took = forecast(method, series, origins)
        skill = {}
        for lead in range(1, 25):
            target = observed[origins + lead]
            known = ~np.isnan(target)
            error, persistence = (np.sum((values[known] - target[known]) ** 2) for values in
                                  (np.maximum(predicted[:, lead - 1], 0), series[origins]))
            skill[lead] = 1 - error / persistence
        results[str(method)] = {"ms": took / len(origins) * 1000, "mean_skill": float(np.mean(list(skill.values()))),
                                "skill": {lead: round(float(skill[lead]), 4) for lead in LEADS}}
        print(f"{str(method):22} {took / len(origins) * 1000:8.2f} ms a station and hour, one core; skill "
              + " ".join(f"{skill[lead]:.3f}" for lead in LEADS) + f", mean of all 24 {results[str(method)]['mean_skill']:.3f}", flush=True)
    print(json.dumps(results))


main()
