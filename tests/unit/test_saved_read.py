"""Weights of saved models: what is read, its statistics, and files that are none."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.saved import read as weights
from kerastui.models.saved import statistics

from ..ui.keras_file import keras_file


def test_layers_and_weights_are_read_in_order_without_the_optimizer(tmp_path: Path) -> None:
    model = weights.read(keras_file(tmp_path / "model.keras"))
    assert [(one.name, one.kind) for one in model.layers] == [
        ("input_layer", "InputLayer"), ("layer0", "Dense"), ("layer1", "Dense"),
    ]  # fmt: skip
    assert [w.name for one in model.layers for w in one.weights] == ["kernel", "bias"] * 2
    assert model.layers[2].weights[0].values.tolist() == [[2.0], [0.5]]
    assert model.parameters == 9


def test_what_keras_saved_is_read_as_keras_has_it(tmp_path: Path) -> None:
    import keras

    keras.utils.clear_session()  # names of layers count on from test to test
    keras.utils.set_random_seed(1)
    inputs = keras.Input((8, 8, 1))
    first = keras.layers.Conv2D(3, 3, name="pictures")(inputs)
    first = keras.layers.BatchNormalization(scale=False)(first)
    first = keras.layers.Dropout(0.5)(keras.layers.Flatten()(first))
    inner = keras.Sequential([keras.layers.Dense(4), keras.layers.Dense(2)], name="inner")
    second = keras.layers.LSTM(2)(keras.layers.Reshape((8, 8))(inputs))
    third = keras.layers.Bidirectional(keras.layers.GRU(2))(keras.layers.Reshape((8, 8))(inputs))
    merged = keras.layers.Concatenate()([inner(first), second, third])
    model = keras.Model(inputs, keras.layers.Dense(3, use_bias=False, name="last")(merged))
    model.compile("adam", "mse")
    model.fit(np.ones((4, 8, 8, 1)), np.ones((4, 3)), verbose=0)
    model.save(tmp_path / "model.keras")

    found = weights.read(tmp_path / "model.keras")
    assert found.parameters == model.count_params()
    ours = {(one.name, w.name): w.values for one in found.layers for w in one.weights}
    theirs = {
        ("pictures", "kernel"): model.get_layer("pictures").kernel,
        ("batch_normalization", "beta"): model.get_layer("batch_normalization").beta,
        ("batch_normalization", "moving variance"):
            model.get_layer("batch_normalization").moving_variance,
        ("lstm", "recurrent kernel"): model.get_layer("lstm").cell.recurrent_kernel,
        ("bidirectional", "backward_layer bias"):
            model.get_layer("bidirectional").backward_layer.cell.bias,
        (f"inner/{inner.layers[1].name}", "kernel"): inner.layers[1].kernel,
        ("last", "kernel"): model.get_layer("last").kernel,
    }  # fmt: skip
    for place, variable in theirs.items():
        np.testing.assert_array_equal(ours[place], variable.numpy(), str(place))
    last = next(one for one in found.layers if one.name == "last")
    assert len(last.inbound) == 1
    assert len(next(one for one in found.layers if one.kind == "Concatenate").inbound) == 3


def test_statistics_leave_out_what_is_no_number() -> None:
    found = statistics.statistics(np.array([[0, 2, np.nan], [4, np.inf, 0]], np.float32))
    assert (found.shape, found.count, found.zeros) == ((2, 3), 6, 2)
    assert (found.mean, found.low, found.high) == (1.5, 0.0, 4.0)
    assert found.deviation == pytest.approx(np.std([0, 2, 4, 0]))
    assert found.nan_share == pytest.approx(1 / 6)
    assert np.isnan(statistics.statistics(np.full(3, np.nan)).mean)
    assert statistics.statistics(np.zeros((0, 2), np.float32)).nan_share == 0


def zipped(path: Path, **files: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "."), text)
    return path


def test_files_that_are_none_get_a_sentence(tmp_path: Path) -> None:
    whole = keras_file(tmp_path / "whole.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "empty.keras").write_bytes(b"")
    config = json.dumps({"config": {"layers": []}})
    odd = json.dumps({"config": {"layers": [1, 2]}})
    flipped = bytearray(whole)
    flipped[whole.index(b"\x89HDF") + 600] ^= 255
    (tmp_path / "flipped.keras").write_bytes(bytes(flipped))
    for path in (
        tmp_path / "missing.keras",
        tmp_path / "cut.keras",
        tmp_path / "text.keras",
        tmp_path / "empty.keras",
        tmp_path / "flipped.keras",
        tmp_path,
        zipped(tmp_path / "other.keras", readme="a zip of something else"),
        zipped(tmp_path / "half.keras", config__json=config),
        zipped(tmp_path / "nojson.keras", config__json="{", model__weights__h5=b""),
        zipped(tmp_path / "list.keras", config__json="[]", model__weights__h5=b""),
        zipped(tmp_path / "noh5.keras", config__json=config, model__weights__h5=b"abc"),
        zipped(tmp_path / "odd.keras", config__json=odd, model__weights__h5=_h5()),
    ):
        with pytest.raises(UserError) as caught:
            weights.read(path)
        assert path.name in caught.value.message
        assert caught.value.hint


def _h5() -> bytes:
    block = io.BytesIO()
    with h5py.File(block, "w") as file:
        file["vars/0"] = np.zeros(2)
    return block.getvalue()


def test_links_into_other_files_are_not_followed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["numbers"] = np.arange(3)
    link = h5py.ExternalLink(str(tmp_path / "secret.h5"), "numbers")
    path = keras_file(tmp_path / "linked.keras", **{"layers.dense.vars.2": link})
    assert weights.read(path).parameters == 9

    layout = h5py.VirtualLayout((3,), np.int64)
    layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "numbers", (3,))
    block = io.BytesIO()
    with h5py.File(block, "w") as file:
        file.create_virtual_dataset("layers/dense/vars/0", layout)
    config = json.dumps({"config": {"layers": []}})
    path = zipped(tmp_path / "v.keras", config__json=config, model__weights__h5=block.getvalue())
    with pytest.raises(UserError, match="another file"):
        weights.read(path)


def test_more_than_any_model_holds_is_refused_before_it_is_read(tmp_path: Path) -> None:
    block = io.BytesIO()
    with h5py.File(block, "w") as file:
        file.create_dataset("layers/dense/vars/0", (10**6, 10**6), "f4", chunks=True)
    config = json.dumps({"config": {"layers": []}})
    path = zipped(tmp_path / "big.keras", config__json=config, model__weights__h5=block.getvalue())
    with pytest.raises(UserError, match="GB of weights"):
        weights.read(path)
