"""LightGBM in the protocol of `hazecast backtest --protocol live`, tuned as fairly as we know.

    lightgbm_peer.py beijing-pm25-2010-2014.csv

Direct: one model a lead, which predicts the change of pm25 from the origin, from the same 24 hours that the network sees:
values, lags, differences, means and extremes, wind as components, the hour of the day. Every hour of a year is an origin;
gaps are carried forward, without limit; only observed hours count. Parameters and rounds are chosen for each lead on 2013
with trees fit on 2010-2012; then 2010-2013 are fit with them, three seeds averaged, and 2014 is scored, once. Prints a table,
and JSON in the last line.
"""

import json
import sys

import lightgbm
import numpy as np
import pandas

LEADS = [1, 2, 4, 8, 12, 24]
WINDOW = 24
YEAR = 8760
SEEDS = [1, 2, 3]
CANDIDATES = 40  # sets of parameters tried for each lead
MOST_ROUNDS, PATIENCE = 1500, 60
THREADS = 1  # two wait for each other wherever the machine has other work
DEGREES = {"NE": 45.0, "SE": 135.0, "NW": 315.0}


def read(path):
    """Hourly measures; Iws, summed while the direction stays, becomes the hour's speed."""
    raw = pandas.read_csv(path)
    before = raw.shift(1)
    same = (raw["cbwd"] == before["cbwd"]) & (raw["Iws"] >= before["Iws"])
    speed = raw["Iws"].where(~same, raw["Iws"] - before["Iws"])
    angle = np.radians(raw["cbwd"].map(DEGREES))
    hours = pandas.DataFrame({
        "pm25": raw["pm2.5"], "dew": raw["DEWP"], "temperature": raw["TEMP"], "pressure": raw["PRES"], "speed": speed,
        "east": (speed * np.sin(angle)).fillna(0), "north": (speed * np.cos(angle)).fillna(0)}).astype(float)
    return raw["hour"], hours["pm25"].to_numpy(), hours.ffill().bfill()


def features(clock, hours):
    """One row an origin: nothing reaches further back than the window."""
    columns = {"hour": clock, "hour_sine": np.sin(clock * np.pi / 12), "hour_cosine": np.cos(clock * np.pi / 12),
               "log_pm25": np.log(hours["pm25"].clip(lower=0) + 5)}
    for name, values in hours.items():
        columns[name] = values
        for lag in (1, 2, 3, 4, 6, 8, 12, 18, 23):
            columns[f"{name}-{lag}"] = values.shift(lag)
        for lag in (1, 3, 6, 12, 23):
            columns[f"{name}_change_{lag}"] = values - values.shift(lag)
        for span in (3, 6, 12, WINDOW):
            columns[f"{name}_mean_{span}"] = values.rolling(span).mean()
    for span in (6, 12, WINDOW):
        rolling = hours["pm25"].rolling(span)
        columns[f"pm25_least_{span}"], columns[f"pm25_most_{span}"] = rolling.min(), rolling.max()
        columns[f"pm25_spread_{span}"] = rolling.std()
    return pandas.DataFrame(columns).to_numpy(np.float32)


def candidates():
    random = np.random.default_rng(2013)
    for _ in range(CANDIDATES):
        yield {
            "num_leaves": int(random.choice([5, 7, 11, 15, 23, 31, 47, 63])),
            "min_data_in_leaf": int(random.choice([20, 50, 100, 200, 400])),
            "feature_fraction": float(random.choice([0.15, 0.3, 0.5, 0.8])),
            "bagging_fraction": float(random.choice([0.5, 0.7, 0.9])), "bagging_freq": 1,
            "lambda_l2": float(random.choice([0, 1, 10, 100])),
            "learning_rate": float(random.choice([0.02, 0.03, 0.05])),
        }


def train(parameters, data, rounds, seed, **more):
    return lightgbm.train(
        {"objective": "regression", "metric": "rmse", "verbosity": -1, "num_threads": THREADS, "seed": seed, **parameters},
        data, rounds, **more)


class Lead:
    def __init__(self, lead, x, observed, carried):
        self.x, self.carried = x, carried
        self.observed = np.full(len(x), np.nan)
        self.observed[:-lead] = observed[lead:]
        self.change = self.observed - carried
        self.lead = lead

    def origins(self, first, end, before):
        """Origins from first to end whose lead is before an hour and was observed."""
        rows = np.arange(first, min(end, before - self.lead))
        return rows[~np.isnan(self.change[rows])]

    def data(self, rows, reference=None):
        return lightgbm.Dataset(self.x[rows], self.change[rows], reference=reference, free_raw_data=False)

    def tune(self, fit_end, end):
        """The parameters and rounds that were best on the year before `end`."""
        fit = self.data(self.origins(WINDOW - 1, fit_end, fit_end))
        check = self.data(self.origins(fit_end, end, end), fit)
        tried = []
        for parameters in candidates():
            # min_data_in_leaf shapes what a Dataset keeps, unless it is told not to look.
            model = train(
                {"feature_pre_filter": False, **parameters}, fit, MOST_ROUNDS, SEEDS[0], valid_sets=[check],
                callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)])
            tried.append((model.best_score["valid_0"]["rmse"], model.best_iteration, parameters))
            print(f"lead {self.lead}, {len(tried)} of {CANDIDATES}: {tried[-1]}", file=sys.stderr, flush=True)
        return min(tried, key=lambda entry: entry[0])

    def score(self, rounds, parameters, end):
        fit = self.data(self.origins(WINDOW - 1, end, end))
        rows = self.origins(end, len(self.x), len(self.x))
        models = [train({"feature_pre_filter": False, **parameters}, fit, rounds, seed) for seed in SEEDS]
        change = np.mean([model.predict(self.x[rows]) for model in models], axis=0)
        observed = self.observed[rows]
        predicted = np.maximum(self.carried[rows] + change, 0)
        rmse, persistence = (float(np.sqrt(np.mean((p - observed) ** 2))) for p in (predicted, self.carried[rows]))
        return {"n": len(rows), "rmse": rmse, "persistence_rmse": persistence, "skill": 1 - rmse ** 2 / persistence ** 2}


def main():
    clock, observed, hours = read(sys.argv[1])
    x = features(clock, hours)
    carried = hours["pm25"].to_numpy()
    end = len(x) - YEAR  # the test year begins
    leads = {}
    print(f"{'lead':>4}{'n':>7}{'RMSE':>8}{'persistence':>13}{'skill':>8}{'RMSE 2013':>11}  parameters", flush=True)
    for number in LEADS:
        lead = Lead(number, x, observed, carried)
        rmse_2013, rounds, parameters = lead.tune(end - YEAR, end)
        result = lead.score(rounds, parameters, end)
        leads[number] = {**result, "tuning_rmse": rmse_2013, "rounds": rounds, "parameters": parameters}
        print(f"{number:4}{result['n']:7}{result['rmse']:8.1f}{result['persistence_rmse']:13.1f}{result['skill']:8.3f}"
              f"{rmse_2013:11.1f}  {rounds} rounds, {parameters['num_leaves']} leaves, "
              f"{parameters['min_data_in_leaf']} in a leaf", flush=True)
    mean = float(np.mean([leads[lead]["skill"] for lead in LEADS]))
    print(f"mean skill: {mean:.3f}")
    print(json.dumps({"protocol": "live", "leads": leads, "mean_skill": mean}))


main()
