"""Exported scripts: they run, they prepare the very arrays, and nothing breaks out of a string."""

from __future__ import annotations

import ast
import builtins
import inspect
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.datasets.catalogue import card
from kerastui.models import shipped
from kerastui.models.catalogue import catalogue
from kerastui.models.code import script
from kerastui.models.code.layout import docstring, identifier, literal, one_line
from kerastui.models.code.notebook import notebook
from kerastui.models.code.sources import AS_IN_SKLEARN
from kerastui.models.experiment.schema import Experiment
from kerastui.models.network.applications import UNNAMED

from .scripts import (
    HOT,
    LABEL,
    MEDIAN,
    MINMAX,
    STANDARD,
    assert_laid_out,
    assert_same_arrays,
    experiment,
    located,
)

EXAMPLES = [entry.name for entry in shipped.index()]
LIBRARIES = {"keras", "math", "numpy", "os", "pandas", "re", "sklearn"}


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
    assert _defined(tree) == _defined(ast.parse(script(chosen)))
    steps = [line for line in script(chosen).splitlines() if line and line in set(lines)]
    assert sorted(steps) == lines
    calls = [line for line in "\n".join(code).splitlines() if line.startswith("model.fit(")]
    assert len(calls) == 1


def _defined(tree: ast.Module) -> set[str]:
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_a_notebook_holds_the_functions_that_its_functions_use() -> None:
    chosen = shipped.experiment("a05-ionosphere").changed(
        {
            "data": {
                "dataset": "own",
                "task": "binary",
                "target": ["left"],
                "file": {"path": "/own.csv", "format": "csv"},
                "steps": [{"step": "one_hot", "columns": ["city"]}],
            }
        }
    )
    source = [cell["source"] for cell in json.loads(notebook(chosen))["cells"]]
    text = "\n".join("".join(lines) for lines in source)
    assert text.index("def category(") < text.rindex("= one_hot(")
