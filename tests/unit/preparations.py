"""Preparations of data of every kind: of those that are always here, and of published ones."""

from __future__ import annotations

from typing import Any

from .scripts import HOT, LABEL, MEDIAN, MINMAX, STANDARD

SMALL_TEXTS = {"n_train": 60, "n_test": 20, "length": 12, "random_state": 3}

PREPARATIONS: dict[str, dict[str, Any]] = {
    "plain table": {"dataset": "diabetes", "task": "regression"},
    "standardised, many rows": {
        "dataset": "make_regression", "task": "regression", "steps": [STANDARD],
        "parameters": {"n_samples": 20_011, "n_features": 3, "n_informative": 2},
        "split": {"kind": "fraction", "test": 0.2},
    },
    "range": {
        "dataset": "breast_cancer", "task": "binary", "steps": [LABEL, MINMAX],
        "split": {"kind": "fraction", "test": 0.25, "seed": 3, "stratify": True,
                  "validation": {"kind": "last", "fraction": 0.2}},
    },
    "stratified one-hot": {
        "dataset": "wine", "task": "multiclass", "steps": [STANDARD, HOT],
        "split": {"kind": "fraction", "test": 0.3, "stratify": True},
    },
    "chosen columns": {
        "dataset": "sklearn-iris", "task": "regression",
        "target": ["petal_w"], "features": ["petal_l", "sepal_l"],
        "steps": [{**STANDARD, "columns": ["sepal_l"]}],
        "split": {"kind": "first", "count": 100},
    },
    "chosen range": {
        "dataset": "diabetes", "task": "regression",
        "steps": [{**MINMAX, "columns": ["bmi", "age"]}],
        "split": {"kind": "last", "count": 42, "validation": {"kind": "first", "count": 50}},
    },
    "categories": {
        "dataset": "diabetes", "task": "regression",
        "steps": [{"step": "one_hot", "columns": ["sex"]}, STANDARD],
        "split": {"kind": "fraction", "test": 0.2},
    },
    "category as target": {
        "dataset": "sklearn-iris", "task": "regression", "target": ["sepal_l"],
        "features": ["species", "petal_l"], "steps": [{"step": "one_hot", "columns": ["species"]}],
        "split": {"kind": "fraction", "test": 0.4},
    },
    "several targets": {
        "dataset": "sklearn-iris", "task": "regression", "target": ["petal_l", "petal_w"],
        "features": ["sepal_l", "sepal_w"], "split": {"kind": "fraction", "test": 0.2},
    },
    "missing constant": {
        "dataset": "diabetes", "task": "regression",
        "steps": [{"step": "missing", "strategy": "constant", "value": -1.5, "columns": ["bp"]}],
        "split": {"kind": "fraction", "test": 0.2},
    },
    "missing dropped": {
        "dataset": "wine", "task": "multiclass", "steps": [{"step": "missing"}, LABEL, STANDARD],
        "split": {"kind": "fraction", "test": 0.2},
    },
    "dropped after scaling": {
        "dataset": "wine", "task": "multiclass", "steps": [STANDARD, {"step": "missing"}, LABEL],
        "split": {"kind": "fraction", "test": 0.2},
    },
    "fold": {
        "dataset": "diabetes", "task": "regression", "steps": [STANDARD],
        "split": {"kind": "fraction", "test": 0.2,
                  "validation": {"kind": "fold", "fold": 1, "folds": 4}},
    },
    "fold of a table": {
        "dataset": "diabetes", "task": "regression", "steps": [{**STANDARD, "columns": ["bp"]}],
        "split": {"validation": {"kind": "fold", "fold": 3, "folds": 4}},
    },
    "Boston's shuffle": {
        "dataset": "diabetes", "task": "regression", "split": {"kind": "keras_boston"},
    },
    "validation by count": {
        "dataset": "make_moons", "task": "binary",
        "split": {"validation": {"kind": "last", "count": 100}},
    },
    "validation first": {
        "dataset": "make_circles", "task": "binary",
        "split": {"validation": {"kind": "first", "fraction": 0.3}},
    },
    "blobs": {"dataset": "make_blobs", "task": "multiclass", "steps": [LABEL]},
    "blobs one-hot": {"dataset": "make_blobs", "task": "multiclass", "steps": [HOT]},
    "exclusive or": {"dataset": "xor", "task": "binary"},
    "wave": {
        "dataset": "sine", "task": "forecasting", "steps": [{"step": "window", "length": 7}],
        "split": {"kind": "last", "count": 20, "validation": {"kind": "test"}},
    },
    "standardised windows": {
        "dataset": "sine", "task": "forecasting",
        "steps": [{"step": "window", "length": 7}, STANDARD, {"step": "flatten"}],
        "split": {"kind": "last", "count": 20},
    },
    "pictures": {
        "dataset": "digits", "task": "multiclass",
        "steps": [{"step": "channel_axis"}, {**STANDARD, "method": "constant", "divisor": 16.0}],
        "split": {"kind": "fraction", "test": 0.2, "stratify": True},
    },
    "pictures standardised": {
        "dataset": "digits", "task": "multiclass", "steps": [STANDARD, {"step": "flatten"}, HOT],
        "split": {"kind": "fraction", "test": 0.2},
    },
    "pictures by range": {
        "dataset": "digits", "task": "multiclass", "steps": [MINMAX, LABEL],
        "split": {"kind": "fraction", "test": 0.2},
    },
    "texts": {
        "dataset": "token-reviews", "task": "binary", "parameters": SMALL_TEXTS,
        "steps": [{"step": "multi_hot", "words": 500}], "split": {"kind": "own"},
    },
    "padded texts": {
        "dataset": "token-newswires", "task": "multiclass", "parameters": SMALL_TEXTS,
        "steps": [{"step": "pad", "length": 9, "words": 300, "where": "post"}],
        "split": {"kind": "own", "validation": {"kind": "first", "count": 10}},
    },
    "texts, other split": {
        "dataset": "token-reviews", "task": "binary", "parameters": SMALL_TEXTS,
        "steps": [{"step": "pad", "length": 9, "words": 300}, LABEL],
        "split": {"kind": "fraction", "test": 0.25},
    },
    "stand-in table": {
        "dataset": "ionosphere", "task": "binary", "substitute": True, "steps": [LABEL],
        "split": {"kind": "fraction", "test": 0.33},
    },
    "stand-in with names": {
        "dataset": "auto-mpg", "task": "regression", "substitute": True, "steps": [MEDIAN],
        "split": {"kind": "fraction", "test": 0.33},
    },
    "stand-in pictures": {
        "dataset": "mnist", "task": "multiclass", "substitute": True,
        "steps": [{"step": "channel_axis"}], "split": {"kind": "own"},
    },
    "stand-in series": {
        "dataset": "car-sales", "task": "forecasting", "substitute": True,
        "steps": [{"step": "window", "length": 5}], "split": {"kind": "last", "count": 12},
    },
}  # fmt: skip

PUBLISHED: dict[str, dict[str, Any]] = {
    "names dropped": {
        "dataset": "auto-mpg", "task": "regression", "steps": [{"step": "missing"}, STANDARD],
        "split": {"kind": "fraction", "test": 0.3, "validation": {"kind": "last", "fraction": 0.2}},
    },
    "mean": {
        "dataset": "auto-mpg", "task": "regression",
        "steps": [{"step": "missing", "strategy": "mean"}, {**MINMAX, "columns": ["weight"]}],
        "split": {"kind": "first", "count": 300},
    },
    "scaled, then filled": {
        "dataset": "auto-mpg", "task": "regression", "steps": [STANDARD, MEDIAN],
        "split": {"kind": "fraction", "test": 0.3},
    },
    "constant column": {
        "dataset": "ionosphere", "task": "binary", "steps": [LABEL, STANDARD],
        "split": {"kind": "fraction", "test": 0.33},
    },
    "named column without a header": {
        "dataset": "ionosphere", "task": "binary", "features": ["pulse1_real", "pulse3_imag"],
        "steps": [LABEL], "split": {"kind": "fraction", "test": 0.33},
    },
    "Boston, columns": {
        "dataset": "boston", "task": "regression", "steps": [{**STANDARD, "columns": ["rm"]}],
        "split": {"kind": "keras_boston"},
    },
    "Boston, own order": {
        "dataset": "boston", "task": "regression", "split": {"kind": "last", "count": 100},
    },
    "all digits": {
        "dataset": "mnist", "task": "multiclass", "split": {"kind": "last", "count": 69_000},
    },
    "reviews": {
        "dataset": "imdb", "task": "binary", "steps": [{"step": "pad", "length": 8, "words": 5000}],
        "split": {"kind": "own", "validation": {"kind": "first", "count": 10_000}},
    },
    "newswires": {
        "dataset": "reuters", "task": "multiclass",
        "steps": [{"step": "multi_hot", "words": 1000}, HOT],
        "split": {"kind": "own", "validation": {"kind": "first", "count": 1000}},
    },
    "newswires, other split": {
        "dataset": "reuters", "task": "multiclass",
        "steps": [{"step": "multi_hot", "words": 100}, HOT],
        "split": {"kind": "fraction", "test": 0.9, "stratify": False},
    },
}  # fmt: skip
