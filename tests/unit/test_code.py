"""Exported scripts: they run, they prepare the very arrays, and nothing breaks out of a string."""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.datasets.prepare import prepare
from kerastui.models import catalogue, shipped
from kerastui.models.applications import UNNAMED
from kerastui.models.code import script
from kerastui.models.code.layout import docstring, identifier, literal, one_line
from kerastui.models.code.notebook import notebook
from kerastui.models.code.sources import AS_IN_SKLEARN
from kerastui.models.experiment import Experiment

EXAMPLES = [entry.name for entry in shipped.index()]
LIBRARIES = {"keras", "math", "numpy", "os", "pandas", "re", "sklearn"}
ROOT = Path(__file__).parents[2]


def experiment(data: dict[str, Any], **rest: Any) -> Experiment:
    """An experiment whose model is of no importance."""
    model = {"kind": "sequential", "layers": [{"type": "Dense", "units": 1}]}
    return Experiment.model_validate({"data": data, "model": model, **rest})


def located(data_set: str) -> Path | None:
    """The data file; skips the test where the data are not here."""
    found = locate(card(data_set))
    if found is None:
        pytest.skip(f"{data_set} is not here; set KERASTUI_DATA")
    return found.path


def arrays_of(source: str) -> dict[str, Any]:
    """Run the data section of a script and return its variables."""
    names: dict[str, Any] = {}
    exec(compile(source.split("# Build the model.")[0], "script", "exec"), names)
    return names


def assert_same_arrays(chosen: Experiment, path: Path | None) -> None:
    """The script's arrays are those of `prepare`: values, types and shapes."""
    prepared = prepare(chosen.data, seed=chosen.seed)
    names = arrays_of(script(chosen, path))
    parts = {"train": prepared.train, "test": prepared.test, "val": prepared.validation}
    if prepared.validation is not None and prepared.validation is prepared.test:
        del parts["val"]
    if chosen.data.split.validation.kind == "test":
        del parts["val"]
    for suffix, part in parts.items():
        x, y = names.get(f"x_{suffix}"), names.get(f"y_{suffix}")
        if suffix == "train" and x is None:
            x, y = names["x"], names["y"]
        if part is None:
            assert x is None, suffix
            continue
        assert (x.dtype, x.shape) == (part.x.dtype, part.x.shape), suffix
        assert (y.dtype, y.shape) == (part.y.dtype, part.y.shape), suffix
        np.testing.assert_array_equal(x, part.x)
        np.testing.assert_array_equal(y, part.y)


# --- the shipped examples --------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_a_clean_script_of_its_own(name: str, tmp_path: Path) -> None:
    source = script(shipped.experiment(name))
    tree = ast.parse(source)
    compile(tree, name, "exec")
    assert "kerastui" not in source
    assert ast.get_docstring(tree)
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert imported <= LIBRARIES
    assert "keras.utils.set_random_seed(SEED)" in source


def assert_laid_out(scripts: list[str], mode: list[str], folder: Path) -> None:
    """Ruff finds nothing to say about scripts, or nothing to move."""
    ruff = shutil.which(
        "ruff", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    )
    assert ruff, "ruff belongs to the development tools"
    place = folder / "scripts"
    place.mkdir(exist_ok=True)
    for number, source in enumerate(scripts):
        (place / f"script_{number}.py").write_text(source)
    settings_file = place / "ruff.toml"
    settings_file.write_text(
        'line-length = 100\ntarget-version = "py311"\n'
        'lint.select = ["A", "B", "C4", "E", "F", "I", "N", "PIE", "RET", "RUF", "SIM", "UP"]\n'
        'lint.ignore = ["RUF001", "RUF002", "RUF003"]\n'
    )
    done = subprocess.run(
        [ruff, *mode, "--no-cache", "--config", str(settings_file), str(place)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def _assert_clean(source: str, folder: Path) -> None:
    for mode in (["check"], ["format", "--check"]):
        assert_laid_out([source], mode, folder)


@pytest.mark.parametrize("mode", [["check"], ["format", "--check"]])
def test_scripts_are_laid_out_as_ruff_does(mode: list[str], tmp_path: Path) -> None:
    predicted = {"predict": [{"values": [1.0, 0.25, -3.5]}, {"part": "train", "count": 40}]}
    scripts = [script(shipped.experiment(name)) for name in EXAMPLES]
    for data in [*PREPARATIONS.values(), *PUBLISHED.values()]:
        scripts += [script(experiment(data, afterwards=predicted))]
        scripts += [script(experiment(data), Path("/a/folder/with a file.csv"))]
    assert_laid_out(scripts, mode, tmp_path)


def one_a_preparation() -> list[Any]:
    """Examples that differ in their data; those of a gigabyte are slow."""
    found: dict[str, str] = {}
    for name in EXAMPLES:
        found.setdefault(shipped.experiment(name).data.model_dump_json(), name)
    large = ("imdb", "mnist")
    return [
        pytest.param(name, marks=pytest.mark.slow)
        if shipped.experiment(name).data.dataset in large
        else name
        for name in found.values()
    ]


@pytest.mark.parametrize("name", one_a_preparation())
def test_an_example_prepares_the_very_arrays(name: str) -> None:
    chosen = shipped.experiment(name)
    assert_same_arrays(chosen, located(chosen.data.dataset))


# --- other preparations ----------------------------------------------------------------------

LABEL = {"step": "encode_label"}
HOT = {"step": "one_hot"}
STANDARD = {"step": "scale", "method": "standard"}
MINMAX = {"step": "scale", "method": "minmax"}
MEDIAN = {"step": "missing", "strategy": "median"}
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


@pytest.mark.parametrize("name", PREPARATIONS)
def test_data_that_are_always_here_give_the_very_arrays(name: str) -> None:
    assert_same_arrays(experiment(PREPARATIONS[name], seed=5), None)


# --- own files -------------------------------------------------------------------------------

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
    _assert_clean(script(chosen, path), tmp_path)


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
    _assert_clean(script(chosen, folder), tmp_path)


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
    _assert_clean(script(chosen, path), tmp_path)


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
    _assert_clean(script(experiment(data), path), tmp_path)


def test_an_own_array_gives_the_very_arrays(tmp_path: Path) -> None:
    path = tmp_path / "held.npy"
    np.save(path, np.random.default_rng(3).random((20, 3), dtype="float32"))
    data = {"dataset": "held", "file": {"path": str(path), "format": "npy"}, "task": "regression",
            "target": ["column 2"], "steps": [STANDARD]}  # fmt: skip
    assert_same_arrays(experiment(data), path)


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


LARGE = ("all digits", "reviews")


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[pytest.mark.slow] * (name in LARGE)) for name in PUBLISHED],
)
def test_published_data_give_the_very_arrays(name: str) -> None:
    chosen = experiment(PUBLISHED[name], seed=5)
    assert_same_arrays(chosen, located(chosen.data.dataset))


@pytest.mark.parametrize("name", AS_IN_SKLEARN)
def test_what_a_script_leaves_out_is_the_default_of_scikit_learn(name: str) -> None:
    import sklearn.datasets

    defaults = inspect.signature(getattr(sklearn.datasets, name)).parameters
    ours = {parameter.name: parameter.default for parameter in card(name).parameters}
    for left_out in AS_IN_SKLEARN[name]:
        assert defaults[left_out].default == ours[left_out]


# --- anything a person can type --------------------------------------------------------------

NASTY = ['"""', "'''", '\\"', "\\", "a'b\"c", "x\ny", "\x1b[2J", "print", "model", "x", "keras"]
WORDS = st.text(max_size=40) | st.sampled_from(NASTY)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@given(PLAIN)
def test_a_literal_is_read_back_as_it_was(value: Any) -> None:
    assert eval(one_line(literal(value)), {"float": float}) == value


@given(WORDS, st.lists(WORDS, max_size=3))
def test_a_docstring_holds_any_words(title: str, paragraphs: list[str]) -> None:
    tree = ast.parse("\n".join(docstring(title, paragraphs)))
    assert len(tree.body) == 1
    assert isinstance(tree.body[0], ast.Expr)


@given(st.lists(WORDS, max_size=6))
def test_variables_are_identifiers_and_differ(names: list[str]) -> None:
    taken: list[str] = []
    for name in names:
        taken.append(identifier(name, taken))
        assert taken[-1].isidentifier()
        assert not hasattr(builtins, taken[-1])
    assert len(set(taken)) == len(taken)


def keras_objects(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    """Objects of the catalogue with some of their parameters, whatever they mean."""
    entries = catalogue.entries(kind)

    @st.composite
    def one(draw: st.DrawFn) -> dict[str, Any]:
        entry = draw(st.sampled_from(entries))
        given_values: dict[str, Any] = {"type": entry.name}
        for parameter in entry.parameters:
            if parameter.required or draw(st.integers(0, 5)) == 0:
                given_values[parameter.name] = draw(_value(parameter))
        return given_values

    return one()


def _value(parameter: catalogue.Parameter) -> st.SearchStrategy[Any]:
    low, high = parameter.minimum, parameter.maximum
    numbers = st.floats(low if low is not None else -5, high if high is not None else 5)
    whole = st.integers(int(low) if low is not None else 1, int(high) if high is not None else 20)
    return {
        "int": whole,
        "float": numbers,
        "bool": st.booleans(),
        "str": WORDS,
        "choice": st.sampled_from(parameter.choices or ("x",)),
        "list": st.lists(whole, min_size=1, max_size=3),
        "any": WORDS | whole,
        "part": st.sampled_from(PARTS.get(parameter.part, ["zeros"])),
        "parts": st.lists(st.sampled_from(PARTS["layers"]), min_size=1, max_size=2),
    }[parameter.value]


PARTS: dict[str, list[Any]] = {
    "layers": [{"type": "LSTM", "units": 2}, {"type": "Dense", "units": 3, "activation": "relu"}],
    "initializers": ["he_normal", {"type": "RandomNormal", "stddev": 0.5, "seed": 3}],
    "regularizers": ["l2", {"type": "L2", "l2": 0.01}],
    "constraints": ["non_neg", {"type": "MaxNorm", "max_value": 2}],
    "activations": ["relu", "softmax"],
    "optimizers": ["sgd"],
    "schedules": [{"type": "CosineDecay", "initial_learning_rate": 0.1, "decay_steps": 10}],
}


@st.composite
def experiments(draw: st.DrawFn) -> dict[str, Any]:
    """Experiments as plain values: any objects of Keras, any words in them."""
    data = draw(st.sampled_from([*PREPARATIONS.values(), *PUBLISHED.values()]))
    layers = draw(st.lists(keras_objects("layers"), min_size=1, max_size=4))
    for layer in layers:
        layer["name"] = draw(WORDS)
    model: dict[str, Any] = {"kind": "sequential", "layers": layers}
    if draw(st.booleans()):
        word = st.sampled_from(NASTY) | st.text(min_size=1, max_size=12)
        names = draw(st.lists(word, min_size=2, max_size=5, unique=True))
        nodes = [
            {**draw(keras_objects("layers")), "name": name, "from": [names[place]]}
            for place, name in enumerate(names[1:])
        ]
        model = {"kind": "graph", "inputs": [{"name": names[0]}], "nodes": nodes,
                 "outputs": [names[-1]]}  # fmt: skip
    values = draw(st.lists(st.floats(-9, 9) | WORDS, min_size=1, max_size=60))
    return {
        "data": data,
        "title": draw(WORDS),
        "seed": draw(st.integers(0, 2**32 - 1)),
        "backend": draw(st.sampled_from(["tensorflow", "jax", "torch"])),
        "precision": draw(st.sampled_from(["float32", "mixed_bfloat16"])),
        "model": model,
        "compile": {
            "optimizer": draw(keras_objects("optimizers")),
            "loss": draw(keras_objects("losses")),
            "metrics": draw(st.lists(keras_objects("metrics"), max_size=3)),
        },
        "fit": {
            "epochs": draw(st.integers(1, 10**6)),
            "batch_size": draw(st.integers(1, 4096) | st.just("all")),
            "shuffle": draw(st.booleans()),
            "class_weight": draw(st.none() | st.dictionaries(st.integers(0, 5), st.floats(0, 9))),
        },
        "callbacks": draw(st.lists(keras_objects("callbacks"), max_size=2)),
        "afterwards": {
            "predict": [
                {"label": draw(WORDS), "values": values},
                {"label": draw(WORDS), "part": "train", "index": 3, "count": 40},
            ]
        },
        "lesson": {"document": "A", "section": "1", "teaches": "", "source": draw(WORDS)},
    }


@settings(max_examples=60)
@given(experiments())
def test_any_experiment_gives_a_script_that_parses_and_says_what_it_says(
    plain: dict[str, Any],
) -> None:
    chosen = Experiment.model_validate(plain)
    tree = ast.parse(script(chosen))
    strings = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    for asked in chosen.afterwards.predict[:1]:
        assert (asked.label or "new input") in strings
    layers = plain["model"].get("layers", plain["model"].get("nodes"))
    # An empty name is as good as none, and some networks take no name but their own.
    named = {layer["name"] for layer in layers if not layer["type"].startswith(UNNAMED)}
    assert named - {"", None} <= strings
    # What a person typed is never a name, a call or a statement.
    allowed = {"keras", "layers", "np", "pd", "math", "re", "os"} | _assigned(tree)
    loaded = {node.id for node in ast.walk(tree)
              if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}  # fmt: skip
    assert loaded <= allowed | set(dir(builtins))


def _assigned(tree: ast.AST) -> set[str]:
    names = {node.id for node in ast.walk(tree)
             if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            names |= {argument.arg for argument in node.args.args}
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names}
    return names


@settings(max_examples=30)
@given(experiments())
def test_a_notebook_holds_the_lines_of_the_script_in_their_order(plain: dict[str, Any]) -> None:
    chosen = Experiment.model_validate(plain)
    held = json.loads(notebook(chosen))
    assert (held["nbformat"], held["nbformat_minor"]) == (4, 5)
    cells = held["cells"]
    assert cells[0]["cell_type"] == "markdown"
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert all(re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", cell["id"]) for cell in cells)
    code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    for source in code:
        ast.parse(source)
    lines = sorted(line for line in "\n".join(code).splitlines() if line)
    tree = ast.parse("\n".join(code))
    assert not ast.get_docstring(tree)
    steps = [line for line in script(chosen).splitlines() if line and line in set(lines)]
    assert sorted(steps) == lines
    calls = [line for line in "\n".join(code).splitlines() if line.startswith("model.fit(")]
    assert len(calls) == 1


# --- models ----------------------------------------------------------------------------------


def model_of(plain: dict[str, Any], **rest: Any) -> str:
    """The lines of a script from the model to its compilation."""
    data = {"dataset": "diabetes", "task": "regression"}
    chosen = Experiment.model_validate({"data": data, "model": plain, **rest})
    return script(chosen).split("set_random_seed(SEED)\n")[1].split("model.summary")[0]


def test_a_graph_with_branches_a_shared_layer_and_two_outputs() -> None:
    lines = model_of(
        {
            "kind": "graph",
            "inputs": [{"name": "in"}, {"name": "extra", "shape": [4]}],
            "nodes": [
                {"name": "a", "type": "Dense", "units": 4, "from": ["in"]},
                {"name": "off", "type": "Dropout", "rate": 0.5, "from": ["a"], "disabled": True},
                {"name": "b", "type": "Dense", "shares": "a", "from": ["extra"]},
                {"name": "class", "type": "Concatenate", "from": ["off", "b"]},
                {"name": "out", "type": "Dense", "units": 1, "from": ["class"]},
            ],
            "outputs": ["out", "b"],
        },
        compile={"loss": "mse", "loss_weights": {"out": 1.0, "b": 0.5}},
    )
    assert lines == (
        'x_in = keras.Input(shape=x["in"].shape[1:], name="in")\n'
        'extra = keras.Input(shape=(4,), name="extra")\n'
        'a_layer = layers.Dense(4, name="a")\n'
        "a = a_layer(x_in)\n"
        "b = a_layer(extra)\n"
        'x_class = layers.Concatenate(name="class")([a, b])\n'
        'out = layers.Dense(1, name="out")(x_class)\n'
        'b_output = layers.Identity(name="b")(b)\n'
        "model = keras.Model([x_in, extra], [out, b_output])\n"
        "model.compile(\n"
        '    optimizer="adam", loss={"out": "mse", "b": "mse"}, '
        'loss_weights={"out": 1.0, "b": 0.5}\n'
        ")\n"
    )


def test_attention_takes_its_inputs_one_by_one() -> None:
    node = {"name": "att", "type": "MultiHeadAttention", "num_heads": 2, "key_dim": 3}
    plain = {"kind": "graph", "inputs": [{"name": "x"}], "outputs": ["att"]}
    lines = model_of({**plain, "nodes": [{**node, "from": ["x"]}]})
    # `x` is taken: it holds the data.
    assert 'layers.MultiHeadAttention(2, 3, name="att")(x_2, x_2)' in lines


def test_names_stay_names_and_tables_become_objects() -> None:
    lines = model_of(
        {"kind": "sequential", "layers": [
            {"type": "Conv2D", "filters": 8, "kernel_size": [3, 3], "activation": "relu",
             "kernel_initializer": {"type": "HeNormal", "seed": 3}},
            {"type": "Dropout", "rate": 0.5, "disabled": True},
            {"type": "Bidirectional", "layer": {"type": "LSTM", "units": 10}},
        ]},
        compile={"optimizer": {"type": "sgd", "learning_rate": 0.1}, "metrics": ["acc"]},
    )  # fmt: skip
    assert "layers.Bidirectional(layers.LSTM(10))" in lines
    assert "kernel_initializer=keras.initializers.HeNormal(seed=3)" in lines
    assert "(3, 3), " in lines or "(3, 3)," in lines
    assert "Dropout" not in lines
    assert 'optimizer=keras.optimizers.SGD(learning_rate=0.1), loss="mse", metrics=["acc"]' in lines


def test_the_module_loads_neither_keras_nor_pandas() -> None:
    program = (
        "import sys\nfrom kerastui.models import shipped\nfrom kerastui.models.code import script\n"
        "script(shipped.experiment(shipped.index()[0].name))\n"
        "heavy = {'keras', 'tensorflow', 'pandas', 'sklearn', 'numpy'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or None)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
