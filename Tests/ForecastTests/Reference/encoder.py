"""Writes encoder.json: what the network `world` sees of some windows, in float64, from made-up readings.

It shares nothing with the Swift code. Every number follows from its definition over plain lists of hours; nothing is
added up by day or carried from one hour to the next.

    python3 encoder.py > encoder.json        needs numpy
"""

import json

import numpy as np

HOURS = 24 * 33
nan = float("nan")


def place(seed, first, latitude, longitude, level, missing):
    """Hours of a station from the UTC hour `first` since 1970 on; PM2.5 is missing in some, and 9 hours in a row."""
    random = np.random.default_rng(seed)
    t = np.arange(HOURS)
    wave = lambda period, size: size * np.sin(2 * np.pi * (t / period + random.random()))
    pm25 = level * np.exp(wave(24, 0.35) + wave(12, 0.15) + wave(97, 0.4) + wave(7, 0.1))
    temperature = 12 + wave(24, 6) + wave(200, 5)
    weather = {
        "temperature": temperature, "dew_point": temperature - 3 - np.abs(wave(60, 4)),
        "pressure": 1008 + wave(130, 9), "wind_speed": np.maximum(2.5 + wave(24, 1.2) + wave(77, 1.6), 0),
    }
    pm25[random.random(HOURS) < missing] = nan
    pm25[500:509] = nan
    return {
        "first": first, "latitude": latitude, "longitude": longitude, "pm25": np.round(pm25, 1),
        "weather": {name: np.round(values, 1) for name, values in weather.items()},
    }


def memory(station, origin, days):
    """What at most 30 whole UTC days before the origin's say, where nothing is known of more than `days` days."""
    midnight = origin - (station["first"] + origin) % 24
    first, known = max(0, midnight - 24 * min(days, 30)), max(0, midnight - 24 * days)
    pm25 = station["pm25"]
    result = {"changes": []}
    for lag in (1, 4, 12, 24):
        changes = [pm25[row] - pm25[row - lag] for row in range(first, midnight) if row - lag >= known]
        changes = [change for change in changes if not np.isnan(change)]
        if not changes:
            return None
        result["changes"].append(0.5 * np.log(np.mean(np.square(changes)) + 0.05))
        result["pairs"] = len(changes)
    if result["pairs"] < 20:
        return None
    result["mean"] = np.nanmean(pm25[first:midnight])
    deviations = [[] for _ in range(24)]
    for row in range(first, midnight):
        recent = pm25[max(known, row - 23) : row + 1]
        recent = recent[~np.isnan(recent)]
        if not np.isnan(pm25[row]) and len(recent) >= 18:
            deviation = (pm25[row] - recent.mean()) / (recent.mean() + 3)
            deviations[(station["first"] + row) % 24].append(min(max(deviation, -1), 2))
    result["profile"] = [sum(d) / (len(d) + 4) for d in deviations]
    return result


def encode(station, case):
    """24 steps by the features' names."""
    origin = case["origin"]
    rows = range(origin - 23, origin + 1)
    p = np.array([nan if 23 - (origin - row) in case["withheld"] else station["pm25"][row] for row in rows])
    known = p[~np.isnan(p)]
    n, m = len(known), known.mean()
    prior = 4 * (1 - n / 24)
    s = np.sqrt((((known - m) ** 2).sum() + prior * (0.3 * m) ** 2) / (n + prior)) + 0.15 * m + 1
    back = lambda a, hours: np.array([a[j] - a[max(j - hours, 0)] for j in range(24)])
    clip = lambda a: np.clip(np.nan_to_num(np.asarray(a, float), nan=0), -4, 4)
    x = {
        "pm25_relative": clip((p - m) / s), "log_pm25_relative": clip(1.5 * np.log((p + 5) / (m + 5))),
        "pm25_relative_change_1h": clip(3 * back(p, 1) / s), "pm25_relative_change_3h": clip(2 * back(p, 3) / s),
        "log_pm25_mean": np.log(m + 5) - 3.2, "pm25_absent": np.isnan(p).astype(float),
    }
    hour = station["first"] + np.array(rows)
    if case["clock"]:
        angle = 2 * np.pi * (hour % 24 + station["longitude"] / 15) / 24
        x |= {"solar_hour_sine": np.sin(angle), "solar_hour_cosine": np.cos(angle), "clock_present": 1}
    if case["season"]:
        share = (hour[-1] // 24) / 365.25 + (0.5 if station["latitude"] < 0 else 0)
        angle = 2 * np.pi * (share % 1)
        x |= {"season_sine": 0.7 * np.sin(angle), "season_cosine": 0.7 * np.cos(angle), "season_present": 1}
    w = {name: station["weather"][name][list(rows)] for name in case["weather"]}
    if "temperature" in w:
        t = w["temperature"]
        x |= {
            "temperature_relative": clip((t - t.mean()) / 4), "temperature_mean": (t.mean() - 12) / 12,
            "temperature_change_1h": clip(back(t, 1) / 1.5), "temperature_change_3h": clip(back(t, 3) / 3.5),
            "temperature_present": 1,
        }
    if "temperature" in w and "dew_point" in w:
        t, d = w["temperature"], w["dew_point"]
        x |= {
            "dew_point_depression": clip((t - d - 6) / 6), "dew_point_relative": clip((d - d.mean()) / 4),
            "dew_point_change_3h": clip(back(d, 3) / 2.5), "dew_point_present": 1,
        }
    if "pressure" in w:
        a = w["pressure"]
        x |= {
            "pressure_relative": clip((a - a.mean()) / 4), "pressure_change_3h": clip(back(a, 3) / 2),
            "pressure_present": 1,
        }
    if "wind_speed" in w:
        a = np.log(1 + w["wind_speed"])
        x |= {
            "log_wind_speed": clip(a - 1.1), "log_wind_speed_relative": clip(1.5 * (a - a.mean())),
            "wind_speed_present": 1,
        }
    known = memory(station, origin, case["days"])
    if known:
        q1, q4, q12, q24 = known["changes"]
        x |= {
            "memory_change_1h": clip(1.5 * (q1 - q24 + 1.1)), "memory_change_4h": clip(2 * (q4 - q24 + 0.45)),
            "memory_change_12h": clip(3 * (q12 - q24)),
            "memory_change_24h": clip(1.5 * (q24 - np.log(known["mean"] + 2) + 0.45)),
            "memory_level": clip(1.5 * np.log((known["mean"] + 5) / (m + 5))),
            "memory_length": clip(0.6 * np.log(min(known["pairs"] + 1, 720) / 200)),
            "memory_profile": np.array([2 * known["profile"][(hour[-1] + 1 + j) % 24] for j in range(24)]),
            "memory_present": 1,
        }
    return s, x


def plain(value):
    """Rounded, None for NaN, and a whole number without its point."""
    value = round(float(value), 6)
    return None if np.isnan(value) else int(value) if value == int(value) else value


def main():
    everything = ["temperature", "dew_point", "pressure", "wind_speed"]
    places = [
        place(1, 466_061, 52.4, 13.05, 14, 0), place(2, 466_061, -12.1, -77, 40, 0.1),
        place(3, 481_464, 28.6, 77.2, 180, 0.2),
    ]
    cases = [
        ("complete", 0, 770, everything, 31, True, True, []),
        ("PM2.5 alone of a station not seen before", 0, 775, [], 0, True, True, []),
        ("gaps and no pressure, south of the equator", 1, 747, ["temperature", "dew_point", "wind_speed"], 14, True,
         True, [0, 2, 5, 8, 11, 14, 17, 20]),
        ("three hours", 2, 785, ["wind_speed"], 3, False, True, list(range(21))),
        ("a stretch that is missing", 1, 515, ["temperature", "pressure"], 7, True, False, []),
        ("a dew point without a temperature", 2, 781, ["dew_point"], 30, False, False, [21, 22]),
        ("one day of memory", 0, 780, [], 1, True, False, []),
    ]
    result = []
    for name, number, origin, weather, days, clock, season, withheld in cases:
        station = places[number]
        while np.isnan(station["pm25"][origin]):
            origin += 1
        case = {
            "name": name, "place": number, "origin": origin, "weather": weather, "days": days, "clock": clock,
            "season": season, "withheld": withheld,
        }
        scale, x = encode(station, case)
        rows = range(origin - 23, origin + 1)
        case["weather"] = {key: [plain(station["weather"][key][row]) for row in rows] for key in weather}
        case["scale"] = plain(scale)
        # What is the same at each step is there once, and what is 0 throughout is not.
        steps = {key: [plain(v) for v in np.broadcast_to(value, 24)] for key, value in x.items()}
        case["x"] = {key: v if len(set(v)) > 1 else v[:1] for key, v in steps.items() if any(v)}
        result.append(case)
    for station in places:
        station["pm25"] = [plain(value) for value in station["pm25"]]
        del station["weather"]
    print(json.dumps({"places": places, "cases": result}, separators=(",", ":")))


main()
