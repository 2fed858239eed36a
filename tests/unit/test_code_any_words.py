"""Whatever a person types stays text in a script or a notebook: nothing breaks out of a string."""

from __future__ import annotations

import ast
import builtins
import json
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kerastui.models import shipped
from kerastui.models.catalogue import catalogue
from kerastui.models.code import script
from kerastui.models.code.layout import docstring, identifier, literal, one_line
from kerastui.models.code.notebook import notebook
from kerastui.models.experiment.schema import Experiment
from kerastui.models.network.applications import UNNAMED

from .preparations import PREPARATIONS, PUBLISHED

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
