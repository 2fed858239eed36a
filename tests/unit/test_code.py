"""Exported scripts: they are clean, they run, and they prepare the very arrays."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.catalogue import card
from kerastui.models import shipped
from kerastui.models.code import script
from kerastui.models.code.sources import AS_IN_SKLEARN

from .preparations import PREPARATIONS, PUBLISHED
from .scripts import assert_laid_out, assert_same_arrays, experiment, located

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


@pytest.mark.parametrize("name", PREPARATIONS)
def test_data_that_are_always_here_give_the_very_arrays(name: str) -> None:
    assert_same_arrays(experiment(PREPARATIONS[name], seed=5), None)


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
