"""Scripts of own files give the very arrays that are prepared here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.models.code import script

from .scripts import (
    HOT,
    LABEL,
    MINMAX,
    STANDARD,
    assert_clean,
    assert_same_arrays,
    experiment,
)

HOUSES = """city;rooms;built;price;sold;note
Ulm;3;01.05.1999;210,5;yes;a
Bonn;4;13.07.2004;320,25;no;b
Ulm;;02.01.2010;250,125;yes;a
Kiel;2;24.12.1985;180,75;no;
Bonn;5;30.06.2015;411,1;yes;b
Kiel;3;17.03.1992;205,3;no;a
Ulm;6;08.08.2020;505,9;yes;b
Bonn;;11.11.2001;300,0;no;a
"""
TABLE = {"delimiter": ";", "decimal": ",", "dates": {"built": "%d.%m.%Y"}}
OWN: dict[str, dict[str, Any]] = {
    "everything": {
        "target": ["price"], "task": "regression",
        "steps": [
            {"step": "missing", "strategy": "most_frequent", "columns": ["rooms", "note"]},
            {"step": "dates", "parts": ["year", "month", "day", "weekday", "day_of_year", "hour",
                                        "days"]},
            {"step": "one_hot", "columns": ["city"]},
            {"step": "ordinal"}, STANDARD,
        ],
        "split": {"kind": "last", "count": 3, "validation": {"kind": "first", "count": 1}},
    },
    "classes": {
        "target": ["sold"], "features": ["rooms", "city"], "task": "binary",
        "steps": [{"step": "missing", "strategy": "constant", "value": 1.5, "text": "none",
                   "columns": ["rooms", "city"]},
                  {"step": "ordinal", "columns": ["city"]}, LABEL, MINMAX],
        "split": {"kind": "fraction", "test": 0.25},
    },
    "numbers": {
        "target": ["price"], "features": ["rooms"], "task": "regression",
        "steps": [{"step": "missing", "strategy": "constant"}, STANDARD],
    },
    "dropped": {
        "target": ["price", "rooms"], "features": ["city"], "task": "regression",
        "steps": [{"step": "missing"}, {"step": "one_hot", "columns": ["city"]}],
        "split": {"kind": "first", "count": 4},
    },
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_own_tables_give_the_very_arrays(name: str, kind: str, tmp_path: Path) -> None:
    import io

    import pandas as pd

    path = tmp_path / f"houses.{kind}"
    recipe: dict[str, Any] = {"path": str(path), "format": kind}
    if kind == "csv":
        path.write_text(HOUSES)
        recipe |= TABLE
    else:
        table = pd.read_csv(io.StringIO(HOUSES), sep=";", decimal=",")
        if kind == "jsonl":
            recipe["dates"] = TABLE["dates"]
            table.to_json(path, orient="records", lines=True)
        else:
            table["built"] = pd.to_datetime(table["built"], format="%d.%m.%Y")
            table.to_parquet(path)
    data = {"dataset": "houses", "file": recipe, **OWN[name]}
    chosen = experiment(data, seed=3)
    assert_same_arrays(chosen, path)
    assert_clean(script(chosen, path), tmp_path)


def test_an_own_series_gives_the_very_windows(tmp_path: Path) -> None:
    path = tmp_path / "rain.csv"
    lines = [f"2020-01-{day:02}, {day * 1.37 % 5:.3f}" for day in range(1, 31)]
    path.write_text("\n".join(["day, rain", *lines]))
    recipe = {"path": str(path), "dates": {"day": "%Y-%m-%d"}}
    data = {
        "dataset": "rain", "file": recipe, "task": "forecasting", "target": ["rain"],
        "steps": [{"step": "window", "length": 4}, STANDARD],
        "split": {"kind": "last", "count": 5},
    }  # fmt: skip
    assert_same_arrays(experiment(data), path)


@pytest.mark.parametrize("kind", ["pictures", "texts"])
@pytest.mark.parametrize("steps", [[], [LABEL], [HOT]])
def test_own_folders_give_the_very_arrays(
    kind: str, steps: list[dict[str, Any]], tmp_path: Path
) -> None:
    from PIL import Image

    random = np.random.default_rng(1)
    folder = tmp_path / "things"
    for name in ("cats", "Dogs", "birds"):
        (folder / name / "deep").mkdir(parents=True)
        for number in range(4):
            place = folder / name / ("deep" if number == 2 else ".") / f"{number}"
            if kind == "pictures":
                pixels = random.integers(0, 255, (9 + number, 12, 3)).astype("uint8")
                Image.fromarray(pixels).save(place.with_suffix(".png"))
            else:
                words = " ".join(f"Word{n}" for n in random.integers(0, 9, 12))
                place.with_suffix(".txt").write_text(f"{words} don't {name}.")
    recipe: dict[str, Any] = {"path": str(folder), "format": kind}
    first: list[dict[str, Any]] = [{"step": "pad", "length": 8, "words": 10}]
    if kind == "pictures":
        recipe |= {"height": 8, "width": 10}
        first = [STANDARD]
    chosen = experiment({
        "dataset": "things", "file": recipe, "task": "multiclass", "steps": [*first, *steps],
        "split": {"kind": "fraction", "test": 0.25},
    })  # fmt: skip
    assert_same_arrays(chosen, folder)
    assert_clean(script(chosen, folder), tmp_path)


def test_texts_of_an_own_table_give_the_very_arrays(tmp_path: Path) -> None:
    path = tmp_path / "reviews.csv"
    rows = [f'"{"good " * n}day, it\'s no {n}",{n % 2}' for n in range(12)]
    path.write_text("\n".join(["what,stars", *rows, ",1"]))
    recipe = {"path": str(path), "format": "texts", "text": "what", "label": "stars"}
    chosen = experiment({
        "dataset": "reviews", "file": recipe, "task": "binary",
        "steps": [{"step": "multi_hot", "words": 12}], "split": {"kind": "fraction", "test": 0.25},
    })  # fmt: skip
    assert_same_arrays(chosen, path)
    assert_clean(script(chosen, path), tmp_path)


ARRAYS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "table": ({"x": (20, 3), "y": (20,)}, {"arrays": ["x", "y"]}),
    "several targets": ({"x": (20, 3), "y": (20, 2)}, {"arrays": ["x", "y"]}),
    "columns": ({"a": (20,), "b": (20,), "c": (20,)}, {}),
    "blocks": ({"x": (20, 4, 4), "y": (20, 1)}, {"arrays": ["x", "y"]}),
    "both parts": (
        {"a": (20, 4, 4), "b": (20,), "c": (6, 4, 4), "d": (6,)},
        {"arrays": ["a", "b", "c", "d"]},
    ),
    "one": ({"x": (20, 3)}, {"arrays": ["x"], "names": ["a", "b", "c"]}),
}


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("kind", ["float32", "float64", "uint8"])
def test_own_arrays_give_the_very_arrays(name: str, kind: str, tmp_path: Path) -> None:
    shapes, recipe = ARRAYS[name]
    random = np.random.default_rng(2)
    path = tmp_path / "held.npz"
    np.savez(path, **{n: (random.random(shape) * 9).astype(kind) for n, shape in shapes.items()})
    target = {"table": ["target"], "several targets": ["target 1", "target 2"],
              "columns": ["b"], "one": ["c"]}.get(name, [])  # fmt: skip
    data: dict[str, Any] = {
        "dataset": "held", "file": {"path": str(path), "format": "npz", **recipe},
        "task": "regression", "target": target, "steps": [STANDARD],
        "split": {"kind": "own" if name == "both parts" else "none"},
    }  # fmt: skip
    assert_same_arrays(experiment(data), path)
    assert_clean(script(experiment(data), path), tmp_path)


def test_an_own_array_gives_the_very_arrays(tmp_path: Path) -> None:
    path = tmp_path / "held.npy"
    np.save(path, np.random.default_rng(3).random((20, 3), dtype="float32"))
    data = {"dataset": "held", "file": {"path": str(path), "format": "npy"}, "task": "regression",
            "target": ["column 2"], "steps": [STANDARD]}  # fmt: skip
    assert_same_arrays(experiment(data), path)
