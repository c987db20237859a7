"""Reads what WorldWindows writes, and scores forecasts as `hazecast backtest --protocol live` does."""

import json
import pathlib

import numpy as np

LEADS = [1, 2, 4, 8, 12, 24]
LEAST = 1000  # scored hours that a station must have to count


class Folder:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        about = json.loads((self.path / "stations.json").read_text())
        self.features, self.groups, self.stations = about["features"], about["groups"], about["stations"]

    def rows(self, kind, group):
        """Station, origin, last, scale, inputs, labels, and weights or forecasts."""
        count = len(self.features)
        data = np.fromfile(self.path / f"{kind}-{group}.f32", np.float32).reshape(-1, 4 + count + 48)
        return Rows(data[:, 0].astype(int), data[:, 1].astype(int), data[:, 2], data[:, 3], data[:, 4:4 + count],
                    data[:, 4 + count:28 + count], data[:, 28 + count:])


class Rows:
    def __init__(self, station, origin, last, scale, x, labels, more):
        self.station, self.origin, self.last, self.scale = station, origin, last, scale
        self.x, self.labels, self.more = x, labels, more

    def part(self, rows):
        return Rows(*(values[rows] for values in (
            self.station, self.origin, self.last, self.scale, self.x, self.labels, self.more)))

    def persistence(self):
        """Origins × 24 in µg/m³."""
        return np.repeat(self.last[:, None], 24, axis=1)

    def from_changes(self, changes):
        """Origins × 24 in µg/m³ of changes in multiples of the scale."""
        return np.maximum(self.last[:, None] + self.scale[:, None] * changes, 0)


class Scores:
    """Squared errors by method, station and lead; means over stations of a country, then over countries."""

    def __init__(self, stations):
        self.stations = stations
        self.sums = {}  # method → stations × 24
        self.counts = np.zeros((len(stations), 24))
        self.reference = np.zeros((len(stations), 24))

    def add(self, rows, methods, count=True):
        """Methods are origins × 24 in µg/m³ by name, NaN where a lead is not forecast."""
        observed = rows.last[:, None] + rows.scale[:, None] * rows.labels
        known = ~np.isnan(observed)
        if count:
            np.add.at(self.counts, rows.station, known)
            np.add.at(self.reference, rows.station, np.where(known, (rows.last[:, None] - observed) ** 2, 0))
        for name, forecast in methods.items():
            sums = self.sums.setdefault(name, np.zeros((len(self.stations), 24)))
            np.add.at(sums, rows.station, np.where(known, (forecast - observed) ** 2, 0))

    def skill(self, name):
        """Skill at LEADS and their mean, over countries."""
        leads = [lead - 1 for lead in LEADS]
        with np.errstate(invalid="ignore", divide="ignore"):
            skill = (1 - self.sums[name] / self.reference)[:, leads]
        countries = {}
        for station, about in enumerate(self.stations):
            if self.counts[station, 0] >= self.least:
                countries.setdefault(about["country"], []).append(skill[station])
        by_country = np.array([np.mean(stations, axis=0) for _, stations in sorted(countries.items())])
        return by_country.mean(axis=0), by_country.mean()

    least = LEAST

    def table(self):
        print(f"{'':22}" + "".join(f"{lead:>6} h" for lead in LEADS) + "    mean")
        result = {}
        for name in self.sums:
            skill, mean = self.skill(name)
            print(f"{name:22}" + "".join(f"{value:8.3f}" for value in skill) + f"{mean:8.3f}", flush=True)
            result[name] = {"skill": dict(zip(map(str, LEADS), np.round(skill, 4).tolist())), "mean_skill": float(mean)}
        print(json.dumps(result))
