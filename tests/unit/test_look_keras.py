"""What Keras is asked about a trained model: outputs of all layers, dead units, gradients."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import by_hand, shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.look import embedding, worker
from kerastui.models.look.gradients import words
from kerastui.models.saved.difference import between
from kerastui.models.saved.read import read

keras = pytest.importorskip("keras")

from kerastui.models.look.opened import Opened  # noqa: E402
from kerastui.models.network.building import build_model, compile_model  # noqa: E402

needs_data = pytest.mark.skipif(not os.environ.get("KERASTUI_DATA"), reason="no data files here")


@pytest.fixture(scope="module")
def xor(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """XOR with one hidden neuron dead and one output that is saturated."""
    experiment = shipped.experiment("b13-xor")
    model = build_model(experiment.model, (2,), seed=experiment.seed)
    path = tmp_path_factory.mktemp("xor") / "model.keras"
    compile_model(model, experiment.compile)
    first = model.layers[0]
    first.set_weights([np.array([[1.0, -1.0], [0.5, -1.0]]), np.array([0.25, -0.5])])
    model.save(path)
    return {"path": str(path), "experiment": experiment.plain()}


def ask(question: str, **arguments: Any) -> dict[str, Any]:
    return worker.answer(f"look.{question}", arguments)


def test_a_sample_goes_through_every_layer(xor: dict[str, Any], tmp_path: Path) -> None:
    found = ask("activations", **xor, folder=str(tmp_path), part="predict", index=1)
    assert found["label"] == "1 xor 0"
    assert (found["samples"], found["unseen"]) == (4, [])
    first, last = found["layers"]
    assert (first["kind"], first["activation"], first["shape"]) == ("Dense", "relu", [2])
    np.testing.assert_allclose(np.load(first["file"]), [1.25, 0])
    # The second neuron is −x0 − x1 − 0.5, which is below zero for all four rows.
    assert first["dead"] == [1]
    assert first["saturated"] is None
    assert first["statistics"]["mean"] == 0.625
    assert sum(first["counts"]) == 2
    assert last["activation"] == "linear"
    with pytest.raises(UserError, match="no input 4"):
        ask("activations", **xor, folder=str(tmp_path), part="predict", index=4)
    with pytest.raises(UserError, match="no sample 9"):
        ask("activations", **xor, folder=str(tmp_path), part="train", index=9)
    with pytest.raises(UserError, match="no validation part"):
        ask("activations", **xor, folder=str(tmp_path), part="validation", index=0)
    with pytest.raises(UserError, match="without an experiment"):
        ask("activations", path=xor["path"], folder=str(tmp_path))


def test_saturated_units_are_those_at_the_ends_of_their_range(tmp_path: Path) -> None:
    experiment = shipped.experiment("b13-xor").changed(
        {"model.layers.0.activation": "tanh", "model.layers.1.activation": "sigmoid"}
    )
    model = build_model(experiment.model, (2,), seed=1)
    model.layers[0].set_weights([np.array([[9.0, 0.1], [9.0, 0.1]]), np.zeros(2)])
    model.layers[1].set_weights([np.zeros((2, 1)), np.array([20.0])])
    model.save(tmp_path / "model.keras")
    plain = experiment.plain()
    found = ask("activations", path=str(tmp_path / "model.keras"), experiment=plain,
                folder=str(tmp_path))  # fmt: skip
    first, last = found["layers"]
    assert first["saturated"] == 3 / 8  # of the four rows, all but 0 xor 0, in one of two units
    assert last["saturated"] == 1
    assert first["dead"] == []


def test_a_graph_and_maps_are_seen(tmp_path: Path) -> None:
    layers = keras.layers
    picture = keras.Input((6, 6, 1))
    maps = layers.Conv2D(3, 3, activation="relu", name="conv")(picture)
    beside = layers.Conv2D(3, 3, name="beside")(picture)
    twice = layers.Dense(3, name="twice")
    both = layers.Add(name="both")([twice(maps), twice(beside)])
    model = keras.Model(picture, layers.Flatten(name="flat")(both))
    model.save(tmp_path / "model.keras")
    found = ask("outputs", path=str(tmp_path / "model.keras"), values=list(range(36)))["layers"]
    assert set(found) == {"conv", "beside", "both", "flat"}
    x = np.arange(36, dtype=np.float32).reshape(1, 6, 6, 1)
    np.testing.assert_allclose(found["flat"], model.predict(x, verbose=0)[0], rtol=1e-6)
    assert len(found["conv"]) == 4 * 4 * 3
    with pytest.raises(UserError, match="takes 36 numbers, 2 were given"):
        ask("outputs", path=str(tmp_path / "model.keras"), values=[1, 2])


def test_gradients_are_those_of_the_formula(xor: dict[str, Any]) -> None:
    found = ask("gradients", **xor)
    assert found["rows"] == 4
    names = [(one["layer"].split("/")[-1], one["name"]) for one in found["weights"]]
    assert [name for _, name in names] == ["kernel", "bias"] * 2
    model = keras.models.load_model(xor["path"], compile=False)
    x = np.array([[0, 0], [1, 0], [0, 1], [1, 1]], np.float32)
    y = np.array([0, 1, 1, 0])
    hidden = np.maximum(x @ [[1.0, -1.0], [0.5, -1.0]] + [0.25, -0.5], 0)
    kernel, bias = model.layers[1].get_weights()
    off = (hidden @ kernel + bias)[:, 0] - y
    assert found["loss"] == pytest.approx(float((off**2).mean()), rel=1e-5)
    wanted = 2 * (hidden * off[:, None]).mean(axis=0)
    by_name = dict(zip(names, found["weights"], strict=True))
    last = by_name[names[2]]
    assert last["norm"] == pytest.approx(float(np.linalg.norm(wanted)), rel=1e-5)
    assert last["zeros"] == 0.5  # nothing comes from the dead neuron
    assert found["weights"][0]["zeros"] >= 0.5


def test_twice_the_same_and_the_model_is_left_as_it_was(xor: dict[str, Any]) -> None:
    first = ask("gradients", **xor)
    assert ask("gradients", **xor) == first


@pytest.mark.parametrize(("means", "said"), [
    ([1e-7, 1.0], "Vanishing: in layer0 the mean gradient is 1/10,000,000 of that in layer1."),
    ([0.0, 1.0], "No gradient reaches layer0 kernel"),
    ([1000.0, 1.0], "Exploding"),
    ([float("nan"), 1.0], "NaN or infinite"),
    ([0.0, 0.0], "No gradient at all"),
])  # fmt: skip
def test_what_is_remarkable_is_said(means: list[float], said: str) -> None:
    weights = [{"layer": f"layer{place}", "name": "kernel", "shape": [2, 2], "norm": mean,
                "mean": mean, "zeros": 0.0, "ratio": 1.0}
               for place, mean in enumerate(means)]  # fmt: skip
    told = words(weights, float(np.linalg.norm(means)))
    assert any(text.startswith(said) or said in text for text in told)
    usual = [{**one, "norm": 0.5, "mean": 0.1} for one in weights]
    assert words(usual, 0.7) == []


def test_the_weights_it_began_with_follow_from_the_seed(
    xor: dict[str, Any], tmp_path: Path
) -> None:
    experiment = Experiment.model_validate(xor["experiment"])
    ask("initial", **xor, target=str(tmp_path / "initial.keras"))
    wanted = build_model(experiment.model, (2,), seed=experiment.seed)
    wanted.save(tmp_path / "wanted.keras")
    found = between(read(tmp_path / "initial.keras"), read(tmp_path / "wanted.keras"))
    assert all(one.same == one.count for one in found)


def hold(name: str, epochs: int, tmp_path: Path, inputs: int) -> None:
    """Train an example, and hold every neuron by hand against Keras for its inputs."""
    from kerastui.models.processes.inspector import Inspector

    experiment = shipped.experiment(name)
    model = build_model(experiment.model, (inputs,), seed=experiment.seed)
    compile_model(model, experiment.compile)
    from kerastui.datasets.prepare import prepare

    prepared = prepare(experiment.data, seed=experiment.seed)
    model.fit(prepared.train.x, prepared.train.y, epochs=epochs, verbose=0)
    path = tmp_path / "model.keras"
    model.save(path)
    network = by_hand.network(read(path))
    plain = experiment.plain()
    rows = Inspector().inputs(plain, 512, 9)["rows"]
    assert len(rows) >= 4
    for row in rows:
        said = ask("outputs", path=str(path), values=row["values"], experiment=plain)["layers"]
        for one in by_hand.calculate(network, row["values"]):
            np.testing.assert_allclose(one.outputs, said[one.step.name], rtol=1e-5, atol=1e-6)


def test_every_neuron_of_xor_by_hand_is_what_keras_computes(tmp_path: Path) -> None:
    hold("b13-xor", 20, tmp_path, 2)


@needs_data
def test_every_neuron_of_ionosphere_by_hand_is_what_keras_computes(tmp_path: Path) -> None:
    hold("a05-ionosphere", 5, tmp_path, 34)


@needs_data
def test_the_rows_of_an_embedding_have_the_words_of_the_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = shipped.experiment("d02-imdb")
    model = keras.Sequential([keras.Input((10,)), keras.layers.Embedding(50, 4)])
    model.save(tmp_path / "model.keras")
    monkeypatch.setattr(embedding, "opened", lambda path, plain=None: Opened(
        Path(path), model, experiment, []))  # fmt: skip
    found = embedding.words(str(tmp_path / "model.keras"), 50, experiment.plain())["words"]
    assert found[:6] == ["(fill)", "(start)", "(unknown)", "", "the", "and"]
    assert len(found) == 50
