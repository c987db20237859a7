"""What somebody who knows Python well would write instead of the daemon: psycopg and PyTorch, vectorised over the stations.

It does the same job on the same schema in the same transaction: claims the arrivals, reads what they wrote, moves the windows
in memory on by an hour, carries gaps forward, leaves out what cannot be, forecasts with the weights and bands of a model file,
appends to the ledger with a binary COPY, and commits. It is kinder to itself than the daemon is: no late or corrected reading, no
reload, no lock, no flags, no alerts. `Benchmarks/hour` runs it beside the daemon and compares what both have forecast.

    peer.py CONNINFO MODEL.json MODEL_ID
"""

import hashlib
import json
import sys

import numpy as np
import psycopg
import torch

MEASURES = "pm25, dew_point, temperature, pressure, wind_direction, wind_speed"
LOWEST = np.array([0, -100, -100, 300, 0, 0], np.float32)
HIGHEST = np.array([5000, 50, 70, 1100, 360, 150], np.float32)
HOURS, LEADS, PM25_HOURS, WEATHER_HOURS = 30, 24, 3, 6
COPY = """
COPY hazecast.forecast_ledger (station_id, origin, revision, model_id, pm25, lower80, upper80, lower95, upper95, digest)
FROM STDIN (FORMAT binary)
"""
TYPES = ["int4", "timestamptz", "int4", "int4"] + ["float4[]"] * 5 + ["int8"]


class Network:
    """The ensemble of a model file, and its bands."""

    def __init__(self, path):
        with open(path) as file:
            model = json.load(file)
        self.inputs = model["architecture"]["inputs"]
        scales = [model["normalisation"]["inputs"][name] for name in self.inputs]
        self.offset = np.array([scale["offset"] for scale in scales], np.float32)
        self.scale = np.array([scale["scale"] for scale in scales], np.float32)
        self.output = model["normalisation"]["output"]
        parameters = {
            name: torch.tensor(value["values"]).reshape(value["shape"]) for name, value in model["parameters"].items()}
        self.members = [self.member({name: value[index] for name, value in parameters.items()})
                        for index in range(model["architecture"]["members"])]
        self.edges = np.array(model["bands"]["edges"], np.float32)
        self.residuals = np.array(model["bands"]["residuals"], np.float32)

    @staticmethod
    def member(w):
        rnn = torch.nn.RNN(w["U"].shape[0], w["U"].shape[1], num_layers=2, batch_first=True)
        last = torch.nn.Linear(*w["V"].shape)
        with torch.no_grad():
            for parameter, value in (
                    (rnn.weight_ih_l0, w["U"].T), (rnn.weight_hh_l0, w["W1"].T), (rnn.weight_ih_l1, w["Q"].T),
                    (rnn.weight_hh_l1, w["W2"].T), (rnn.bias_ih_l0, w["b1"]), (rnn.bias_ih_l1, w["b2"]),
                    (last.weight, w["V"].T), (last.bias, w["c"])):
                parameter.copy_(value)
            rnn.bias_hh_l0.zero_()
            rnn.bias_hh_l1.zero_()
        return rnn, last

    def features(self, windows, hour, longitudes):
        """stations × 24 × inputs, scaled; windows: stations × 24 × measures, hour: of the day, UTC, of the last step."""
        pm25, dew, temperature, pressure, direction, speed = np.moveaxis(windows, 2, 0)
        calm = np.isnan(direction)
        radians = np.radians(np.where(calm, 0, direction))
        east, north = np.where(calm, 0, speed * np.sin(radians)), np.where(calm, 0, speed * np.cos(radians))
        steps = np.arange(LEADS) - (LEADS - 1)
        angle = (hour + np.nan_to_num(longitudes)[:, None] / 15 + steps) * (np.pi / 12)

        def change(values, hours):
            return values - values[:, np.maximum(np.arange(LEADS) - hours, 0)]

        def mean(values):
            total = np.cumsum(values, axis=1)
            total[:, 6:] -= total[:, :-6].copy()
            return total / np.minimum(np.arange(1, LEADS + 1), 6)

        known = {
            "pm25": pm25, "log_pm25": np.log(pm25 + 5), "dew_point": dew, "temperature": temperature, "pressure": pressure,
            "wind_east": east, "wind_north": north, "wind_east_6h": mean(east), "wind_north_6h": mean(north),
            "hour_sine": np.sin(angle), "hour_cosine": np.cos(angle), "wind_speed": speed,
            "pm25_change_1h": change(pm25, 1), "pm25_change_3h": change(pm25, 3),
            "temperature_change_1h": change(temperature, 1), "temperature_change_3h": change(temperature, 3),
            "dew_point_change_1h": change(dew, 1), "dew_point_change_3h": change(dew, 3),
            "pressure_change_3h": change(pressure, 3)}
        x = np.empty((*pm25.shape, len(self.inputs)), np.float32)
        for index, name in enumerate(self.inputs):
            x[:, :, index] = (known[name] - self.offset[index]) / self.scale[index]
            if "change" in name:
                np.clip(x[:, :, index], -4, 4, out=x[:, :, index])
        return x

    def forecast(self, windows, hour, longitudes):
        """pm25, lower80, upper80, lower95, upper95, stations × 24 each."""
        x = torch.from_numpy(self.features(windows, hour, longitudes))
        with torch.inference_mode():
            changes = sum(last(rnn(x)[1][1]) for rnn, last in self.members) / len(self.members)
        last = windows[:, -1, :1]
        pm25 = np.maximum(0, last + self.output["offset"] + changes.numpy() * self.output["scale"])
        bands = np.empty((4, *pm25.shape), np.float32)
        for lead in range(LEADS):
            level = np.searchsorted(self.edges[lead], pm25[:, lead], side="right")
            bands[:, :, lead] = pm25[:, lead] + self.residuals[lead][level].T
        lower95, lower80, upper80, upper95 = bands
        lower95 = np.maximum(0, np.minimum(lower95, pm25))
        lower80 = np.maximum(lower95, np.minimum(lower80, pm25))
        upper80 = np.maximum(upper80, pm25)
        return pm25, lower80, upper80, lower95, np.maximum(upper80, upper95)


def carry_forward(hours):
    """The last 24 of 30 hours, gaps filled, and whether every one of them could be; hours: stations × 30 × measures."""
    filled = hours.copy()
    age = np.zeros(hours.shape[::2], np.int32)
    holds = np.ones(len(hours), bool)
    limits = np.array([PM25_HOURS] + [WEATHER_HOURS] * 5)
    limits[4] = HOURS  # a direction may be missing: calm
    for t in range(HOURS):
        missing = np.isnan(filled[:, t])
        missing[:, 4] &= np.isnan(hours[:, t, 5])
        if t:
            filled[:, t] = np.where(missing, filled[:, t - 1], filled[:, t])
        age = np.where(missing, age + 1, 0)
        if t >= HOURS - LEADS:
            holds &= (age <= limits).all(axis=1) & ~np.isnan(filled[:, t][:, [0, 1, 2, 3, 5]]).any(axis=1)
    return filled[:, -LEADS:], holds


class Daemon:
    def __init__(self, conninfo, model, model_id):
        self.network, self.model_id = Network(model), model_id
        self.listener = psycopg.connect(conninfo, autocommit=True)
        self.connection = psycopg.connect(conninfo)
        self.load()
        self.listener.execute("LISTEN hazecast_arrival")
        print("ready", flush=True)

    def load(self):
        stations = self.connection.execute("SELECT id, longitude FROM hazecast.station ORDER BY id").fetchall()
        self.ids = np.array([id for id, _ in stations])
        self.longitudes = np.array([longitude for _, longitude in stations], float)
        self.newest = self.connection.execute("SELECT max(observed_at) FROM hazecast.reading").fetchone()[0]
        self.hours = np.full((len(stations), HOURS, 6), np.nan, np.float32)
        cursor = self.connection.cursor(binary=True)
        cursor.execute(
            f"SELECT station_id, extract(epoch FROM %(newest)s - observed_at)::int4 / 3600, {MEASURES} FROM hazecast.reading "
            "WHERE observed_at > %(newest)s - make_interval(hours => %(hours)s)", {"newest": self.newest, "hours": HOURS})
        while rows := cursor.fetchmany(50_000):
            rows = np.array(rows, float)
            place = np.searchsorted(self.ids, rows[:, 0].astype(int)), HOURS - 1 - rows[:, 1].astype(int)
            self.hours[place] = self.checked(rows[:, 2:])
        self.connection.commit()

    @staticmethod
    def checked(measures):
        measures = measures.astype(np.float32)
        measures[(measures < LOWEST) | (measures > HIGHEST)] = np.nan
        return measures

    def turn(self):
        """One transaction; whether there was anything to do."""
        connection = self.connection
        with connection.transaction():
            writers = [row[0] for row in connection.execute("DELETE FROM hazecast.arrival RETURNING written_by::text")]
            if not writers:
                return False
            rows = connection.cursor(binary=True).execute(
                f"SELECT station_id, observed_at, {MEASURES} FROM hazecast.reading "
                "WHERE written_by = ANY(%s::text[]::xid8[])", (writers,)).fetchall()
            hour = rows[0][1]
            readings = np.array([row[:1] + row[2:] for row in rows], float)
            if hour > self.newest:
                self.newest = hour
                self.hours[:, :-1] = self.hours[:, 1:]
                self.hours[:, -1] = np.nan
            place = np.searchsorted(self.ids, readings[:, 0].astype(int))
            self.hours[place, -1] = self.checked(readings[:, 1:])
            windows, holds = carry_forward(self.hours[place])
            place, windows = place[holds], windows[holds]
            values = self.network.forecast(windows, hour.hour, self.longitudes[place])
            digests = [int.from_bytes(hashlib.blake2b(window.tobytes(), digest_size=8).digest(), "big", signed=True)
                       for window in windows]
            with connection.cursor().copy(COPY) as copy:
                copy.set_types(TYPES)
                for station, digest, *arrays in zip(self.ids[place].tolist(), digests, *(value.tolist() for value in values)):
                    copy.write_row((station, hour, 1, self.model_id, *arrays, digest))
        return True

    def run(self):
        while True:
            for _ in self.listener.notifies(timeout=0.5, stop_after=1):
                pass
            while self.turn():
                pass


if __name__ == "__main__":
    Daemon(sys.argv[1], sys.argv[2], int(sys.argv[3])).run()
