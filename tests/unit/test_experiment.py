"""The experiment: TOML both ways, changes by path, messages a person can act on."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models.experiment import toml
from kerastui.models.experiment.lines import line_of
from kerastui.models.experiment.schema import Experiment, Layer, Part
from kerastui.models.experiment.toml import ChangedOutsideError

TEXT = """
# My first experiment.
format = 1
name = "first"
seed = 7

[data]
dataset = "iris"
task = "multiclass"

[model]
kind = "sequential"  # a stack

[[model.layers]]
type = "Dense"  # the hidden layer
units = 10
activation = "relu"

[[model.layers]]
type = "Dense"
name = "last"
units = 3
activation = "softmax"

[compile]
optimizer = "adam"
loss = "sparse_categorical_crossentropy"
metrics = ["accuracy"]

[fit]
epochs = 20  # short
"""


@pytest.fixture
def experiment() -> Experiment:
    return toml.loads(TEXT)


def test_reads_names_and_tables_as_parts(experiment: Experiment) -> None:
    assert experiment.compile.optimizer == Part(type="adam")
    assert experiment.model.kind == "sequential"
    assert experiment.model.layers[0].parameters == {"units": 10, "activation": "relu"}


def test_toml_round_trip_is_the_same_experiment(experiment: Experiment) -> None:
    again = toml.loads(toml.dumps(experiment))
    assert again == experiment
    assert again.fingerprint() == experiment.fingerprint()


def test_saving_keeps_comments_and_hand_written_defaults(tmp_path: Path) -> None:
    path = tmp_path / "first.toml"
    path.write_text(TEXT)
    experiment = toml.load(path)
    toml.save(experiment.changed({"fit.epochs": 30, "fit.batch_size": 8}), path)
    text = path.read_text()
    assert "# My first experiment." in text
    assert "# the hidden layer" in text
    assert "epochs = 30 # short" in text.replace("  ", " ")
    assert "kind = " in text
    assert toml.load(path).fit.batch_size == 8


def test_changes_by_path(experiment: Experiment) -> None:
    changed = experiment.changed(
        {
            "compile.optimizer.learning_rate": 0.01,
            "model.layers.last.units": 5,
            "model.layers.0.disabled": True,
            "callbacks.0": {"type": "EarlyStopping", "patience": 3},
        }
    )
    assert changed.compile.optimizer.parameters == {"learning_rate": 0.01}
    assert changed.model.kind == "sequential"
    assert [layer.parameters["units"] for layer in changed.model.active] == [5]
    assert changed.callbacks[0].parameters == {"patience": 3}
    assert experiment.callbacks == []


def test_taking_a_field_away_restores_the_default(experiment: Experiment) -> None:
    assert experiment.changed({"fit.epochs": None}).fit.epochs == 10


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fit.epochs": 0}, ["fit.epochs", "0", "greater than or equal to 1"]),
        ({"fit.batch_size": "few"}, ["fit.batch_size", "few"]),
        ({"fit.epoch": 3}, ["fit.epoch", "not a field"]),
        ({"model.layers.0.units": "many"}, ["model.layers.0.units", "many", "whole number"]),
        ({"model.layers.9.units": 3}, ["model.layers.9.units", "0 to 1"]),
        ({"model.layers.0.type": "Dens"}, ["Dens", "Dense"]),
        ({"compile.optimizer": "adan"}, ["adan", "Adam"]),
        ({"name": "../../etc"}, ["name"]),
        ({"seed": -1}, ["seed", "-1"]),
    ],
)
def test_refusals_name_the_field_and_what_is_accepted(
    experiment: Experiment, changes: dict[str, object], words: list[str]
) -> None:
    with pytest.raises(UserError) as caught:
        experiment.changed(changes)
    for word in words:
        assert word in str(caught.value)


def test_broken_toml_is_told_with_its_place() -> None:
    with pytest.raises(UserError, match="no valid TOML"):
        toml.loads("name = ")


def test_a_graph_must_name_what_exists() -> None:
    plain = {
        "data": {"dataset": "iris", "task": "multiclass"},
        "model": {
            "kind": "graph",
            "inputs": [{"name": "x"}],
            "nodes": [{"name": "a", "type": "Dense", "units": 2, "from": ["y"]}],
            "outputs": ["a"],
        },
    }
    with pytest.raises(UserError, match="not defined before it"):
        toml.parse(plain)
    plain["model"]["nodes"][0]["from"] = ["x"]  # type: ignore[index]
    graph = toml.parse(plain)
    assert toml.loads(toml.dumps(graph)) == graph


def test_the_fingerprint_ignores_labels_but_not_settings(experiment: Experiment) -> None:
    assert experiment.changed({"title": "x", "name": "y"}).fingerprint() == experiment.fingerprint()
    assert experiment.changed({"seed": 8}).fingerprint() != experiment.fingerprint()


plain_values = st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5)
wild = st.recursive(
    plain_values,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
fields = st.sampled_from([*Experiment.model_fields, "nonsense"])


@given(st.dictionaries(fields, wild, max_size=6))
def test_wild_files_are_refused_in_words_never_with_a_traceback(plain: dict[str, object]) -> None:
    with contextlib.suppress(UserError):
        toml.parse(plain)


@given(st.text(max_size=40), st.floats(allow_nan=False, allow_infinity=False), st.integers())
def test_any_plain_value_survives_toml(text: str, number: float, whole: int) -> None:
    layer = Layer(type="Dense", units=3, activation="relu")
    experiment = Experiment.model_validate(
        {
            "title": text,
            "data": {"dataset": "iris", "task": "multiclass"},
            "model": {"layers": [layer]},
            "published": [{"figure": text, "value": number, "note": str(whole)}],
        }
    )
    assert toml.loads(toml.dumps(experiment)) == experiment


def test_everything_wrong_is_told_with_its_line() -> None:
    text = TEXT.replace("epochs = 20", "epochs = -1").replace('"softmax"', '"softmix"')
    text = text.replace("seed = 7", 'seed = "x"')
    with pytest.raises(UserError) as caught:
        toml.loads(text, where="first.toml")
    message = caught.value.message
    assert "first.toml 2 things are wrong" in message
    assert f"line {line(text, 'seed')}: seed: received 'x'" in message
    assert f"line {line(text, 'epochs')}: fit.epochs: received -1" in message
    with pytest.raises(UserError) as caught:
        toml.loads(TEXT.replace('"softmax"', '"softmix"'))
    last = line(TEXT, 'activation = "softmax"')
    assert f"line {last}: " in caught.value.message


def line(text: str, start: str) -> int:
    """The number of the first line that begins so."""
    return next(n for n, one in enumerate(text.splitlines(), 1) if one.startswith(start))


@given(st.text(max_size=60), st.lists(st.text(max_size=5) | st.integers(0, 3), max_size=4))
def test_a_line_is_looked_for_in_any_text(text: str, place: list[str | int]) -> None:
    assert 0 <= line_of(text, place) <= len(text.splitlines())


def test_a_gigabyte_and_a_binary_are_refused_without_being_read(tmp_path: Path) -> None:
    large = tmp_path / "large.toml"
    with large.open("wb") as stream:
        stream.truncate(2**30)
    with pytest.raises(UserError, match=r"too large for an experiment: 1,073,741,824 bytes"):
        toml.load(large)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(bytes(range(256)))
    with pytest.raises(UserError, match="not a text file"):
        toml.load(binary)
    with pytest.raises(UserError, match="can't be read"):
        toml.load(tmp_path)


def test_comments_of_layers_stay_with_their_layers(tmp_path: Path) -> None:
    path = tmp_path / "first.toml"
    path.write_text(TEXT)
    experiment = toml.load(path)
    plain = experiment.plain()
    plain["model"]["layers"].insert(0, {"type": "Dropout", "rate": 0.1})
    plain["model"]["layers"][1]["units"] = 12
    changed = toml.parse(plain)
    toml.save(changed, path)
    assert toml.load(path) == changed
    plain["model"]["layers"].pop(0)
    toml.save(toml.parse(plain), path)
    assert "# the hidden layer" in path.read_text()
    assert toml.load(path) == toml.parse(plain)


def test_saving_over_a_file_that_was_changed_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "first.toml"
    path.write_text(TEXT)
    experiment, known = toml.open_file(path, tmp_path)
    path.write_text(TEXT + "# mine\n")
    with pytest.raises(ChangedOutsideError):
        toml.save_over(experiment.changed({"fit.epochs": 3}), path, known)
    assert path.read_text() == TEXT + "# mine\n"
    aside = toml.set_aside(path)
    assert aside.name == "first.1.toml"
    saved = toml.save_over(experiment.changed({"fit.epochs": 3}), path, known)
    assert "# My first experiment." in saved.text
    again = toml.save_over(experiment.changed({"fit.epochs": 4}), path, saved)
    assert path.read_text() == again.text
