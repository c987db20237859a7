"""Pooled peers of `world`: ridge regression and LightGBM from the same windows, in the same folds, at the same origins.

    pooled.py FOLDER [ROUNDS]

FOLDER is what WorldWindows writes; at most ROUNDS rounds of trees, 0 for ridge alone. Both learn from all stations outside of a group of countries and are scored on the group:
changes in multiples of the window's scale, weighted as the network's loss is, one model a lead. The penalty of ridge and the
number of LightGBM's rounds are chosen on a sixth of the training's countries that the trees or coefficients being compared have
not seen. Prints a table, and JSON in the last line.
"""

import sys

import lightgbm
import numpy as np
from windows import LEADS, Folder, Scores

PENALTIES = [1e-4, 1e-3, 1e-2, 1e-1]
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 600
PATIENCE = 20
PARAMETERS = {
    "objective": "regression", "verbosity": -1, "num_threads": 1, "seed": 1, "num_leaves": 31, "min_data_in_leaf": 200,
    "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10, "learning_rate": 0.1}


def design(x):
    return np.concatenate([x, np.ones((len(x), 1), np.float32)], axis=1).astype(np.float64)


def ridge(x, y, w, penalty):
    """Coefficients of weighted ridge regression; the constant is not penalised."""
    known = w > 0
    x, y, w = x[known], y[known], w[known] / w[known].mean()
    penalties = np.full(x.shape[1], penalty * len(x))
    penalties[-1] = 0
    return np.linalg.solve(x.T @ (x * w[:, None]) + np.diag(penalties), x.T @ (w * y))


def error(changes, y, w):
    known = w > 0
    return np.sum(w[known] * (changes[known] - y[known]) ** 2)


def boosted(train, check, y, w, scored, changes):
    """Writes what LightGBM says of the scored windows into `changes`, and gives its rounds."""
    known = w > 0
    fit, held = (lightgbm.Dataset(train.x[rows], y[rows], weight=w[rows]) for rows in (known & ~check, known & check))
    tried = lightgbm.train(
        PARAMETERS, fit, ROUNDS, valid_sets=[held], callbacks=[lightgbm.early_stopping(PATIENCE, verbose=False)])
    model = lightgbm.train(PARAMETERS, lightgbm.Dataset(train.x[known], y[known], weight=w[known]), tried.best_iteration)
    changes[:] = model.predict(scored)
    return tried.best_iteration


def main():
    folder = Folder(sys.argv[1])
    countries = np.array([station["country"] for station in folder.stations])
    scores = Scores(folder.stations)
    for group in range(folder.groups):
        train, scored = folder.rows("train", group), folder.rows("scored", group)
        seen = sorted(set(countries[train.station]))
        check = np.isin(countries[train.station], seen[::6])
        x, scored_x = design(train.x), design(scored.x)
        linear = np.full((len(scored.x), 24), np.nan)
        trees = linear.copy()
        for lead in LEADS:
            y, w = train.labels[:, lead - 1], train.more[:, lead - 1].astype(np.float64)
            best = min(PENALTIES, key=lambda p: error(x[check] @ ridge(x[~check], y[~check], w[~check], p), y[check], w[check]))
            linear[:, lead - 1] = scored_x @ ridge(x, y, w, best)
            rounds = boosted(train, check, y, w, scored.x, trees[:, lead - 1]) if ROUNDS else 0
            print(f"group {group + 1}, lead {lead}: penalty {best}, {rounds} rounds", file=sys.stderr, flush=True)
        methods = {"persistence": scored.persistence(), "pooled ridge": scored.from_changes(linear), "world": scored.more}
        if ROUNDS:
            methods["pooled LightGBM"] = scored.from_changes(trees)
        scores.add(scored, methods)
    scores.table()


main()
