"""A saved model as the start of an experiment: what is built, what is told, what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.errors import UserError
from kerastui.models.code.model import model_lines
from kerastui.models.editing.file import cut_from, frozen_in, toggle_frozen
from kerastui.models.editing.file_cures import head_for
from kerastui.models.experiment.schema import Experiment, FileModel
from kerastui.models.experiment.toml import dumps, loads, parse
from kerastui.models.file_data import card_fits, experiment_with
from kerastui.models.preflight.facts import Facts, TargetFacts
from kerastui.models.saved import start, start_copy

OLD = Path(__file__).parents[1] / "files" / "keras2"
HEAD = {"type": "Dense", "units": 3, "activation": "softmax"}
DATA = {"dataset": "sklearn-iris", "task": "multiclass"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def mlp(folder: Path) -> dict[str, Any]:
    return start_copy.told(str(OLD / "mlp.h5"), str(folder))


def model(told: dict[str, Any], **more: Any) -> FileModel:
    return FileModel.model_validate({"path": told["path"], "sha256": told["sha256"], **more})


def experiment(told: dict[str, Any], **more: Any) -> Experiment:
    file = {"kind": "file", "path": told["path"], "sha256": told["sha256"], **more}
    return parse({"format": 1, "name": "on", "data": DATA, "model": file})


# --- the file ------------------------------------------------------------------------------


def test_an_old_file_is_repaired_on_a_copy_that_is_taken_again(
    mlp: dict[str, Any], folder: Path
) -> None:
    assert Path(mlp["path"]).parent == folder
    assert mlp["inputs"] == [[4]]
    assert next(layer["name"] for layer in mlp["layers"]) == "dense"
    assert any("decay" in change for change in mlp["changes"])
    again = start_copy.told(str(OLD / "mlp.h5"), str(folder))
    assert (again["path"], again["sha256"]) == (mlp["path"], mlp["sha256"])
    of_today = start_copy.told(mlp["path"], str(folder))
    assert of_today["changes"] == []
    assert of_today["path"] == mlp["path"]


def test_a_fixed_number_of_rows_is_opened_and_the_predictions_stay(folder: Path) -> None:
    import keras

    told = start_copy.told(str(OLD / "rnn.keras"), str(folder))
    assert any("any number of rows" in change for change in told["changes"])
    with np.load(OLD / "expected.npz") as stored:
        x, wanted = stored["rnn_x"], stored["rnn"]
    loaded = keras.saving.load_model(told["path"])
    got = loaded.predict(np.concatenate([x, x[:1]]), verbose=0)
    np.testing.assert_allclose(got[:2], wanted, rtol=1e-5, atol=1e-6)


def test_a_file_that_was_changed_or_is_gone_is_told(mlp: dict[str, Any], tmp_path: Path) -> None:
    other = tmp_path / "other.keras"
    other.write_bytes(Path(mlp["path"]).read_bytes())
    mine = model(mlp).model_copy(update={"path": str(other)})
    assert start.checked(mine) == other
    other.write_bytes(other.read_bytes() + b"\0")
    with pytest.raises(UserError, match="no longer the file"):
        start.checked(mine)
    other.unlink()
    with pytest.raises(UserError, match="can't be read"):
        start.checked(mine)


# --- the model -----------------------------------------------------------------------------


def test_layers_are_cut_frozen_and_put_on_top_with_the_files_weights(mlp: dict[str, Any]) -> None:
    import keras

    from kerastui.models.network.building import build_model

    mine = model(mlp, cut=1, trainable_from="dropout", layers=[HEAD])
    built = build_model(mine, (4,), seed=1)
    assert [layer.name for layer in built.layers] == [
        "dense", "batch_normalization", "dropout", "new_dense",
    ]  # fmt: skip
    assert [v.path.split("/", 1)[-1] for v in built.trainable_variables] == [
        "new_dense/kernel", "new_dense/bias",
    ]  # fmt: skip
    whole = keras.saving.load_model(mlp["path"])
    for old, new in zip(whole.layers[:3], built.layers[:3], strict=True):
        for a, b in zip(old.get_weights(), new.get_weights(), strict=True):
            assert (a == b).all()
    again = build_model(mine, (4,), seed=1)
    assert all((a == b).all() for a, b in zip(built.get_weights(), again.get_weights(),
                                              strict=True))  # fmt: skip


def test_the_script_builds_the_same_weights(mlp: dict[str, Any]) -> None:
    import keras

    from kerastui.models.network.building import build_model

    for more in (
        {}, {"frozen": ["batch_normalization"]},
        {"cut": 1, "trainable_from": 2, "layers": [{"type": "Dropout", "rate": 0.5}, HEAD]},
    ):  # fmt: skip
        mine = model(mlp, **more)
        lines = ["keras.utils.set_random_seed(5)", *model_lines(mine, "(4,)")]
        scope: dict[str, Any] = {"keras": keras, "layers": keras.layers}
        exec("\n".join(lines), scope)  # the script is what is tested
        built = build_model(mine, (4,), seed=5)
        for a, b in zip(built.weights, scope["model"].weights, strict=True):
            assert (np.asarray(a) == np.asarray(b)).all()
        told = [layer.trainable for layer in built.layers]
        assert told == [layer.trainable for layer in scope["model"].layers]


def test_a_graph_is_cut_only_where_one_layer_follows_another(folder: Path) -> None:
    import keras

    from kerastui.models.network.building import build_model
    from kerastui.models.network.summary import shapes

    inputs = keras.Input((4,))
    wide = keras.layers.Dense(5, name="wide")(inputs)
    sides = [keras.layers.Dense(5, name=name)(wide) for name in ("left", "right")]
    ends = keras.layers.Dense(2, name="end")(keras.layers.Add(name="sum")(sides))
    file = folder / "graph.keras"
    keras.Model(inputs, ends).save(file)
    told = start_copy.told(str(file), str(folder))
    built = build_model(model(told, cut=1, frozen=["left"], layers=[HEAD]), (4,), seed=1)
    assert built.output_shape == (None, 3)
    assert not built.get_layer("left").trainable
    lines = model_lines(model(told, cut=1, frozen=["left"], layers=[HEAD]), "(4,)")
    assert "x = base.layers[-1].input" in lines
    found = shapes(model(told, cut=1, layers=[HEAD]), (4,))
    assert {row.name: row.inputs for row in found.rows} == {
        "wide": ["input"], "left": ["wide"], "right": ["wide"], "sum": ["left", "right"],
        "new_dense": ["sum"],
    }  # fmt: skip
    assert "does not simply follow" in shapes(model(told, cut=2), (4,)).problem
    two = start_copy.told(str(OLD / "two.json"), str(folder))
    assert "2 inputs" in shapes(model(two), (6,)).problem


def test_names_of_new_layers_are_never_those_of_the_file() -> None:
    layers = experiment({"path": "/m.keras", "sha256": "0" * 64}, layers=[HEAD, HEAD]).model.layers
    assert start.new_names(layers, ["new_dense"]) == ["new_dense_1", "new_dense_2"]
    named = [layers[0].model_copy(update={"name": "dense"})]
    with pytest.raises(UserError, match="has the name of a layer"):
        start.new_names(named, ["dense"])


# --- what is said before training ----------------------------------------------------------


def check(one: Experiment, target: TargetFacts, shape: tuple[int, ...] = (4,)) -> list[Any]:
    from kerastui.models.preflight.checks import check as preflight

    return preflight(one, Facts(shape, (target,), one.data.task, 100))


def test_another_end_is_offered_where_the_target_asks_for_it(mlp: dict[str, Any]) -> None:
    target = TargetFacts(shape=(), minimum=0, maximum=2, whole=True, one_hot=False)
    one = experiment(mlp).changed({"compile.loss": "sparse_categorical_crossentropy"})
    problem = next(found for found in check(one, target) if found.level == "problem")
    cure = problem.cures[0]
    assert cure.words == "cut dense_1, and put Dense 3 softmax on top"
    assert not [found for found in check(one.changed(cure.changes), target)
                if found.level == "problem"]  # fmt: skip


def test_a_sample_of_another_shape_is_refused_with_a_preparation_that_helps(
    mlp: dict[str, Any],
) -> None:
    target = TargetFacts(shape=(), minimum=0, maximum=1, whole=True, one_hot=False)
    found = check(experiment(mlp), target, (2, 2))
    assert "takes 4 numbers, but a sample of the data is 2 × 2" in found[0].sentence
    assert found[0].cures[0].changes == {"data.steps": [{"step": "flatten"}]}


@pytest.mark.parametrize(("task", "one_hot", "units", "activation"), [
    ("multiclass", False, 3, "softmax"), ("multiclass", True, 1, "softmax"),
    ("binary", False, 1, "sigmoid"), ("regression", False, 1, None),
])  # fmt: skip
def test_the_last_layer_suits_the_task(
    task: Any, one_hot: bool, units: int, activation: str | None
) -> None:
    target = TargetFacts(shape=(1,) if one_hot else (), minimum=0, maximum=2, whole=True,
                         one_hot=one_hot)  # fmt: skip
    layer, _ = head_for(task, target)
    assert (layer["units"], layer.get("activation")) == (units, activation)


# --- the experiment ------------------------------------------------------------------------


def test_an_experiment_with_a_file_is_kept_as_it_is(mlp: dict[str, Any]) -> None:
    one = experiment(mlp, cut=1, frozen=["dense"], layers=[HEAD])
    assert loads(dumps(one)) == one
    assert isinstance(one.model, FileModel)
    other = one.changed({"model.sha256": "0" * 64})
    assert other.fingerprint() != one.fingerprint()


@pytest.mark.parametrize(("field", "value", "words"), [
    ("path", "m.keras", "from the root on"), ("sha256", "abc", "64 hexadecimal"),
    ("cut", -1, "greater than or equal to 0"), ("trainable_from", -2, "number from 0"),
    ("nodes", [], "not a field"),
])  # fmt: skip
def test_what_is_wrong_with_a_file_is_said_in_words(field: str, value: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        experiment({"path": "/m.keras", "sha256": "0" * 64}, **{field: value}) if field not in (
            "path", "sha256",
        ) else experiment({"path": "/m.keras", "sha256": "0" * 64, field: value})  # fmt: skip


def test_going_on_takes_data_and_training_but_neither_study_nor_figures(
    mlp: dict[str, Any],
) -> None:
    from kerastui.models import shipped

    base = shipped.experiment("b13-xor")
    one = experiment_with(base, mlp, "last", "a name: with signs/")
    assert one.name == "a-name-with-signs"
    assert one.data == base.data
    assert one.fit == base.fit
    assert one.study is None
    assert not one.published
    assert one.lesson is None
    assert isinstance(one.model, FileModel)
    assert one.model.trainable_from == "dense_1"


@pytest.mark.parametrize(("name", "wanted", "fits"), [
    ("mnist", [28, 28, 1], True), ("mnist", [784], True), ("mnist", [32, 32, 3], False),
    ("iris", [4], True), ("iris", [4, 1], False), ("imdb", [256], None), ("imdb", [8, 8], False),
    ("car-sales", [5, 1], True),
])  # fmt: skip
def test_data_are_held_against_what_a_model_takes(
    name: str, wanted: list[int | None], fits: bool | None
) -> None:
    assert card_fits(card(name), wanted)[0] is fits


LAYERS = {0: ("conv", 40), 1: ("flatten", 0), 2: ("hidden", 90), 3: ("last", 30)}


def test_layers_of_a_file_are_frozen_one_by_one() -> None:
    one = experiment({"path": "/m.keras", "sha256": "0" * 64}, trainable_from="last")
    assert isinstance(one.model, FileModel)
    assert frozen_in(one.model, LAYERS) == ["conv", "hidden"]
    thawed, words = toggle_frozen(one, 2, LAYERS)
    assert isinstance(thawed.model, FileModel)
    assert (thawed.model.frozen, thawed.model.trainable_from) == (["conv"], None)
    assert words == "thawing hidden"
    with pytest.raises(UserError, match="no weights"):
        toggle_frozen(one, 1, LAYERS)


def test_the_end_of_a_file_is_cut_but_not_all_of_it() -> None:
    one = experiment({"path": "/m.keras", "sha256": "0" * 64}, frozen=["conv", "hidden"])
    less, words = cut_from(one, 2, LAYERS)
    assert isinstance(less.model, FileModel)
    assert (less.model.cut, less.model.frozen) == (2, ["conv"])
    assert words == "cutting hidden and 1 behind it"
    with pytest.raises(UserError, match="Nothing of the file"):
        cut_from(one, 0, LAYERS)
