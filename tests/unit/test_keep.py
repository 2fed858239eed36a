"""Saving a model in every format that is installed, with its card."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.look import keep
from kerastui.models.runs.figures import Verdict
from kerastui.models.runs.store import RunInfo
from kerastui.models.saved.card import card
from kerastui.models.saved.read import read

ONNX = find_spec("onnx") is not None and find_spec("tf2onnx") is not None


@pytest.fixture(scope="module")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    path = tmp_path_factory.mktemp("model") / "model.keras"
    model.save(path)
    return path


@pytest.mark.parametrize("name", ["keras", "h5", "weights", "json"])
def test_what_was_saved_is_read_again(model_file: Path, tmp_path: Path, name: str) -> None:
    done = keep.save(str(model_file), name, str(tmp_path / "deep" / "copy"), card="# copy")
    found = read(Path(done["path"]))
    assert done["size"] == Path(done["path"]).stat().st_size
    assert Path(done["card"]).read_text() == "# copy"
    assert found.format == name
    if name != "json":
        assert found.parameters == 19
        wanted = read(model_file).weights[0].values
        np.testing.assert_array_equal(found.weights[0].values, wanted)


def test_training_goes_on_from_a_copy(tmp_path: Path) -> None:
    import keras

    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.ones((8, 4)), np.ones((8, 1)), epochs=3, verbose=0)
    model.save(tmp_path / "trained.keras")
    keep.save(str(tmp_path / "trained.keras"), "keras", str(tmp_path / "copy"))
    copy = keras.saving.load_model(tmp_path / "copy.keras")
    assert int(copy.optimizer.iterations) == 3
    for kept, wanted in zip(copy.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(kept, wanted)


def test_exports_for_other_runtimes(model_file: Path, tmp_path: Path) -> None:
    done = keep.save(str(model_file), "savedmodel", str(tmp_path / "served"))
    assert (Path(done["path"]) / "saved_model.pb").is_file()
    lite = keep.save(str(model_file), "tflite", str(tmp_path / "phone"))
    assert Path(lite["path"]).read_bytes()[4:8] == b"TFL3"


@pytest.mark.skipif(not ONNX, reason="onnx and tf2onnx are not installed")
@pytest.mark.filterwarnings("ignore")  # the converter's own
def test_the_onnx_model_says_what_the_model_says(model_file: Path, tmp_path: Path) -> None:
    import keras
    from onnx import load
    from onnx.reference import ReferenceEvaluator

    graph = load(keep.save(str(model_file), "onnx", str(tmp_path / "other"))["path"])
    x = np.random.default_rng(1).random((5, 4), np.float32)
    said = ReferenceEvaluator(graph).run(None, {graph.graph.input[0].name: x})[0]
    wanted = keras.models.load_model(model_file).predict(x, verbose=0)
    np.testing.assert_allclose(said, wanted, atol=1e-6)


@pytest.mark.skipif(ONNX, reason="onnx is installed")
def test_only_the_converter_keeps_a_loaded_model_from_being_onnx(
    model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep, "find_spec", lambda package: True)
    with pytest.raises(UserError, match="No module named"):
        keep.save(str(model_file), "onnx", str(tmp_path / "other"))
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(ONNX, reason="onnx is installed")
def test_what_is_not_installed_is_named(model_file: Path, tmp_path: Path) -> None:
    offered = {one["name"]: one for one in keep.formats()["formats"]}
    assert offered["keras"]["missing"] == []
    assert "onnx" in offered["onnx"]["missing"]
    with pytest.raises(UserError, match="onnx") as caught:
        keep.save(str(model_file), "onnx", str(tmp_path / "other"))
    assert "pip install" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_what_stands_there_is_replaced_whole_or_not_at_all(
    model_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "copy.h5").write_text("old")
    keep.save(str(model_file), "h5", str(tmp_path / "copy"))
    assert read(tmp_path / "copy.h5").parameters == 19
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't be saved"):
        keep.save(str(model_file), "h5", str(tmp_path / "file" / "copy"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.h5", "file"]


def test_the_card_says_what_a_model_is() -> None:
    experiment = shipped.experiment("a06-iris")
    info = RunInfo(
        id="20260102-iris-0001", name="a06-iris", title="Iris | flowers", seed=1, epochs=150,
        epoch=150, parameters=131, figures={"test.accuracy": 0.98}, versions={"keras": "3.15.1"},
        data={"title": "Iris", "rows": 150, "sha256": "abc", "substitute": "sklearn-iris"},
    )  # fmt: skip
    verdict = Verdict(experiment.published[0], 0.98, "inside", "0.9 – 1")
    text = card(info, experiment, [verdict], "CC BY 4.0")
    for wanted in ("Not the real data", "| SHA-256 | abc |", "| test.accuracy | 0.98 |",
                   "| licence of the data | CC BY 4.0 |", "keras 3.15.1"):  # fmt: skip
        assert wanted in text
