"""The daemon's job in Python, in one of two ways.

    peer.py torch|numpy CONNINFO MODEL STATIONS HOUR

torch  as somebody would write it who knows psycopg and PyTorch: rows are fetched and copied as Python objects, in PostgreSQL's
       binary format; features and bands are arrays over all stations; the members are torch.nn.RNN
numpy  by the fastest means that we know of: binary COPY both ways, parsed and made by NumPy in one piece, and the network as
       matrix products over 2,048 stations at once

Told of a transaction by NOTIFY peer_arrival, it reads the readings that this one wrote to peer_reading, moves the windows on by an
hour, forecasts with all members and bands, and writes peer_ledger. It has no quality control, gap rule, digest, revision, claim or
recovery: what the daemon does beyond arithmetic it is spared.
"""

import datetime
import json
import sys

import numpy as np
import psycopg

F = np.float32
CHUNK = 2048  # stations; whose steps stay in the cache
LEDGER = "station_id, origin, revision, issued_at, model_id, pm25, lower80, upper80, lower95, upper95, digest"
MEASURES = "pm25, dew_point, temperature, pressure, wind_direction, wind_speed"
ARRAYS = ("pm25", "lower80", "upper80", "lower95", "upper95")
EPOCH = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)
HOUR = 3_600_000_000  # µs
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)

READING = np.dtype([("fields", ">i2"), ("station_width", ">i4"), ("station", ">i4"), ("hour_width", ">i4"), ("hour", ">i8")]
                   + [part for n in range(6) for part in ((f"w{n}", ">i4"), (f"m{n}", ">f4"))])
ELEMENT = np.dtype([("width", ">i4"), ("value", ">f4")])
ROW = np.dtype(
    [("fields", ">i2"), ("a", ">i4"), ("station", ">i4"), ("b", ">i4"), ("origin", ">i8"), ("c", ">i4"), ("revision", ">i4"),
     ("d", ">i4"), ("issued", ">i8"), ("e", ">i4"), ("model", ">i4")]
    + [part for name in ARRAYS for part in ((f"{name}_head", ">i4", 6), (name, ELEMENT, 24))]
    + [("f", ">i4"), ("digest", ">i8")])


class Model:
    """An ensemble and its bands; the networks as products of NumPy's matrices."""

    def __init__(self, path):
        document = json.loads(open(path).read())
        parameters = {name: np.array(tensor["values"], F).reshape(tensor["shape"])
                      for name, tensor in document["parameters"].items()}
        self.members = [{name: tensor[n] for name, tensor in parameters.items()} for n in range(document["architecture"]["members"])]
        names = document["architecture"]["inputs"]
        scales = document["normalisation"]["inputs"]
        self.offset = np.array([scales[name]["offset"] for name in names], F)
        self.scale = np.array([scales[name]["scale"] for name in names], F)
        self.limit = np.array([4 if "change" in name else np.inf for name in names], F)
        self.names = names
        self.output = document["normalisation"]["output"]
        self.edges = [np.array(edges, F) for edges in document["bands"]["edges"]]
        self.residuals = [np.array(residuals, F) for residuals in document["bands"]["residuals"]]

    def inputs(self, w, hour, longitude):
        """24 × stations × inputs of windows 24 × stations × measures."""
        pm25, dew_point, temperature, pressure, direction, speed = (w[:, :, n] for n in range(6))
        angle = np.deg2rad(direction)
        wind = {"east": speed * np.sin(angle), "north": speed * np.cos(angle)}
        clock = np.deg2rad(((hour - np.arange(23, -1, -1)) % 24)[:, None].astype(F) * F(15) + longitude[None, :])

        def change(values, hours):
            return values - values[np.maximum(np.arange(24) - hours, 0)]

        def mean(values):
            sums = np.cumsum(values, axis=0)
            sums[6:] -= sums[:-6].copy()
            return sums / np.minimum(np.arange(1, 25), 6)[:, None].astype(F)

        features = {
            "pm25": pm25, "log_pm25": np.log(np.maximum(pm25, 0) + 5), "dew_point": dew_point, "temperature": temperature,
            "pressure": pressure, "wind_speed": speed, "wind_east": wind["east"], "wind_north": wind["north"],
            "wind_east_6h": mean(wind["east"]), "wind_north_6h": mean(wind["north"]), "hour_sine": np.sin(clock),
            "hour_cosine": np.cos(clock), "pm25_change_1h": change(pm25, 1), "pm25_change_3h": change(pm25, 3),
            "temperature_change_1h": change(temperature, 1), "temperature_change_3h": change(temperature, 3),
            "dew_point_change_1h": change(dew_point, 1), "dew_point_change_3h": change(dew_point, 3),
            "pressure_change_3h": change(pressure, 3)}
        x = np.stack([features[name] for name in self.names], axis=2).astype(F)
        return np.clip((x - self.offset) / self.scale, -self.limit, self.limit)

    def forecast(self, w, hour, longitude):
        """5 arrays of stations × 24."""
        changes = self.changes(self.inputs(w, hour, longitude))
        pm25 = np.maximum(w[23, :, :1] + changes * F(self.output["scale"]) + F(self.output["offset"]), 0)
        r = np.stack([self.residuals[lead][np.searchsorted(self.edges[lead], pm25[:, lead], side="right")]
                      for lead in range(24)], axis=1)
        lower95 = np.maximum(pm25 + np.minimum(r[:, :, 0], 0), 0)
        lower80 = np.maximum(pm25 + np.minimum(r[:, :, 1], 0), lower95)
        upper80 = pm25 + np.maximum(r[:, :, 2], 0)
        return pm25, lower80, upper80, lower95, np.maximum(pm25 + r[:, :, 3], upper80)

    def changes(self, x):
        """The members' mean output, stations × 24, of inputs 24 × stations × inputs."""
        total = 0
        for m in self.members:
            projected = x @ m["U"] + m["b1"]
            h1 = np.tanh(projected[0])
            h2 = np.tanh(h1 @ m["Q"] + m["b2"])
            for step in projected[1:]:
                h1 = np.tanh(step + h1 @ m["W1"])
                h2 = np.tanh(h1 @ m["Q"] + h2 @ m["W2"] + m["b2"])
            total = total + h2 @ m["V"] + m["c"]
        return total / len(self.members)


class TorchModel(Model):
    """The same with torch.nn.RNN."""

    def __init__(self, path):
        import torch
        super().__init__(path)
        self.torch = torch
        self.networks = [self.network({name: torch.from_numpy(value) for name, value in m.items()}) for m in self.members]

    def network(self, w):
        torch = self.torch
        rnn = torch.nn.RNN(w["U"].shape[0], w["U"].shape[1], num_layers=2)
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

    def changes(self, x):
        with self.torch.inference_mode():
            x = self.torch.from_numpy(x)
            return sum(last(rnn(x)[1][1]) for rnn, last in self.networks).numpy() / len(self.networks)


def copy_out(connection, query):
    """Readings by binary COPY, in one array: no value may be NULL."""
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT (FORMAT binary)") as copy:
        data = b"".join(copy)
    return np.frombuffer(data, READING, offset=len(HEADER), count=(len(data) - len(HEADER) - 2) // READING.itemsize)


def measures(rows):
    return np.stack([rows[f"m{n}"] for n in range(6)], axis=1).astype(F)


def template(stations):
    rows = np.zeros(stations, ROW)
    rows["fields"] = 11
    for name, width in zip("abcdef", (4, 8, 4, 8, 4, 8)):
        rows[name] = width
    rows["revision"] = rows["model"] = 1
    for name in ARRAYS:
        rows[f"{name}_head"] = (20 + 8 * 24, 1, 0, 700, 24, 1)
        rows[name]["width"] = 4
    return rows


def read_arrays(connection, writer):
    """Stations, hour and measures of a transaction's readings."""
    rows = copy_out(connection, f"SELECT station_id, observed_at, {MEASURES} FROM peer_reading WHERE written_by = '{writer}'")
    return rows["station"], int(rows["hour"][0]) // HOUR, measures(rows)


def read_rows(connection, writer):
    rows = connection.cursor(binary=True).execute(
        f"SELECT station_id, observed_at, {MEASURES} FROM peer_reading WHERE written_by = %s::text::xid8", (str(writer),)).fetchall()
    stations = np.array([row[0] for row in rows])
    return stations, (rows[0][1] - EPOCH) // datetime.timedelta(hours=1), np.array([row[2:] for row in rows], F)


def write_arrays(connection, model, windows, hour, longitude):
    row = template(len(longitude))
    row["station"] = np.arange(1, len(longitude) + 1)
    row["origin"] = row["issued"] = hour * HOUR
    with connection.cursor().copy(f"COPY peer_ledger ({LEDGER}) FROM STDIN (FORMAT binary)") as copy:
        copy.write(HEADER)
        for first in range(0, len(longitude), CHUNK):
            part = slice(first, first + CHUNK)
            for name, values in zip(ARRAYS, model.forecast(windows[:, part], hour, longitude[part])):
                row[name]["value"][part] = values
            copy.write(row[part].tobytes())
        copy.write(b"\xff\xff")


def write_rows(connection, model, windows, hour, longitude):
    origin = EPOCH + datetime.timedelta(hours=hour)
    with connection.cursor().copy(f"COPY peer_ledger ({LEDGER}) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "timestamptz", "int4", "timestamptz", "int4", *["float4[]"] * 5, "int8"])
        arrays = (values.tolist() for values in model.forecast(windows, hour, longitude))
        for station, forecast in enumerate(zip(*arrays), 1):
            copy.write_row((station, origin, 1, origin, 1, *forecast, 0))


def main(means, conninfo, path, stations, hour):
    model, read, write = {
        "torch": (TorchModel, read_rows, write_rows), "numpy": (Model, read_arrays, write_arrays)}[means]
    model = model(path)
    with psycopg.connect(conninfo, autocommit=True) as listener, psycopg.connect(conninfo) as connection:
        listener.execute("LISTEN peer_arrival")
        connection.execute("SET enable_seqscan = off")
        longitude = np.array(connection.execute("SELECT coalesce(longitude, 0) FROM hazecast.station ORDER BY id").fetchall(), F)[:, 0]
        rows = copy_out(connection, f"SELECT station_id, observed_at, {MEASURES} FROM hazecast.reading "
                        f"WHERE observed_at > timestamptz '2000-01-01Z' + interval '{hour - 24} hours' ORDER BY 2, 1")
        windows = measures(rows).reshape(24, stations, 6)
        connection.commit()
        del rows
        print("ready", flush=True)
        for notification in listener.notifies():
            station, hour, values = read(connection, int(notification.payload))
            windows[:-1] = windows[1:]
            windows[-1][station - 1] = values
            write(connection, model, windows, hour, longitude)
            connection.commit()


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]))
