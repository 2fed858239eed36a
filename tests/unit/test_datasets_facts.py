"""The documents' figures on the real files; needs KERASTUI_DATA."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.datasets.prepare import prepare
from kerastui.datasets.prepared import Prepared
from kerastui.datasets.spec import Data

pytestmark = pytest.mark.skipif(
    not os.environ.get("KERASTUI_DATA"), reason="KERASTUI_DATA is not set"
)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))


def done(dataset: str, task: str, *steps: dict[str, Any], **split: Any) -> Prepared:
    if locate(card(dataset)) is None:
        pytest.skip(f"{dataset} is not in KERASTUI_DATA")
    fields = {"dataset": dataset, "task": task, "steps": list(steps), "split": split}
    return prepare(Data.model_validate(fields), seed=1)


THIRD = {"kind": "fraction", "test": 0.33}
ENCODE = {"step": "encode_label"}
OWN = {"kind": "own"}


@pytest.mark.parametrize("name", ["ionosphere", "iris", "housing", "car-sales", "reuters"])
def test_published_files_are_recognised(name: str) -> None:
    found = locate(card(name))
    if found is None:
        pytest.skip(f"{name} is not in KERASTUI_DATA")
    assert found.verified


def test_ionosphere() -> None:
    made = done("ionosphere", "binary", ENCODE, **THIRD)
    assert made.test is not None
    assert (made.train.x.shape, made.test.x.shape) == ((235, 34), (116, 34))
    assert made.class_names == ["b", "g"]
    assert made.source.verified


def test_iris() -> None:
    made = done("iris", "multiclass", ENCODE, **THIRD)
    assert made.test is not None
    assert (made.train.x.shape, made.test.x.shape) == ((100, 4), (50, 4))
    assert made.encode([5.1, 3.5, 1.4, 0.2]).dtype == np.float32


def test_housing_and_boston_hold_the_same_rows() -> None:
    third = done("housing", "regression", **THIRD)
    assert third.test is not None
    assert (third.train.x.shape, third.test.x.shape) == ((339, 13), (167, 13))
    table = done("housing", "regression", kind="keras_boston")
    assert table.test is not None
    assert (table.train.x.shape, table.test.x.shape) == ((404, 13), (102, 13))
    np.testing.assert_allclose(table.train.y[:3], [15.2, 42.3, 50.0])
    archive = done("boston", "regression", kind="keras_boston")
    np.testing.assert_array_equal(archive.train.x, table.train.x)
    np.testing.assert_array_equal(archive.train.y, table.train.y)


def test_boston_folds_cover_the_training_rows_in_order() -> None:
    folds = []
    for fold in range(4):
        validation = {"kind": "fold", "fold": fold, "folds": 4}
        made = done("boston", "regression", {"step": "scale"}, kind="keras_boston",
                    validation=validation)  # fmt: skip
        assert made.validation is not None
        np.testing.assert_allclose(made.train.x.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(made.train.x.std(axis=0), 1, atol=1e-5)
        folds.append(made.validation)
    whole = done("boston", "regression", kind="keras_boston")
    np.testing.assert_array_equal(np.concatenate([f.y for f in folds]), whole.train.y)


def test_car_sales() -> None:
    split = {"kind": "last", "count": 12, "validation": {"kind": "test"}}
    made = done("car-sales", "forecasting", {"step": "window", "length": 5}, **split)
    assert made.test is not None
    assert (made.train.x.shape, made.test.x.shape) == ((91, 5, 1), (12, 5, 1))
    assert made.test.y[-1] == 14577
    assert made.test.x[-1, :, 0].tolist() == [18024, 16722, 14385, 21342, 17180]
    assert made.test.names is not None
    assert made.test.names[-1] == "1968-12"


def test_mpg_fills_horsepower_with_its_median() -> None:
    fill = {"step": "missing", "strategy": "median", "columns": ["horsepower"]}
    made = done("auto-mpg", "regression", fill)
    assert made.train.x.shape == (398, 7)
    assert made.train.x[32, 2] == 93.5
    assert (made.train.names or [])[0] == "chevrolet chevelle malibu"
    assert made.train.y[:2].tolist() == [18, 15]


def test_iris_with_a_header_one_hot() -> None:
    split = {"kind": "fraction", "test": 0.25, "seed": 42}
    made = done("iris-t81", "multiclass", {"step": "one_hot"}, **split)
    assert made.test is not None
    assert (made.train.y.shape, made.test.y.shape) == ((112, 3), (38, 3))


def test_mnist() -> None:
    scale = {"step": "scale", "method": "constant", "divisor": 255}
    made = done("mnist", "multiclass", scale, {"step": "channel_axis"}, **OWN)
    assert made.test is not None
    assert (made.train.x.shape, made.test.x.shape) == ((60000, 28, 28, 1), (10000, 28, 28, 1))
    assert made.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert made.train.x.max() == 1
    assert made.output_shape == (10,)


def test_reuters() -> None:
    hot = ({"step": "multi_hot"}, {"step": "one_hot"})
    made = done("reuters", "multiclass", *hot, **OWN, validation={"kind": "first", "count": 1000})
    assert made.test is not None
    assert made.validation is not None
    assert (len(made.train.x), len(made.validation.x), len(made.test.x)) == (7982, 1000, 2246)
    assert made.train.y.shape == (7982, 46)
    assert made.validation.y[0].argmax() == 3
    assert made.class_names[3] == "earn"
    padded = done("reuters", "multiclass", {"step": "pad", "length": 100, "words": 50000}, **OWN)
    text = padded.decode_text(padded.train.x[0])
    assert text.startswith("? mcgrath rentcorp said as a result of its december acquisition")
    shuffled = np.random.default_rng(0).permutation(made.test.y.argmax(axis=1))
    assert 0.16 < (shuffled == made.test.y.argmax(axis=1)).mean() < 0.21


def test_imdb_reviews_decode() -> None:
    made = done("imdb", "binary", {"step": "pad", "length": 20, "where": "post"}, **OWN)
    assert made.test is not None
    assert (len(made.train.x), len(made.test.x)) == (25000, 25000)
    opening = "? this film was just brilliant casting location scenery story direction"
    starts = [made.decode_text(row[:11]) for row in made.train.x]
    assert starts.count(opening) == 1
    if made.source.verified:  # rebuilt archives hold the same reviews in another order
        assert starts[0] == opening
    assert made.class_names == ["negative", "positive"]
    assert made.train.y.mean() == made.test.y.mean() == 0.5
    row = made.train.x[starts.index(opening)]
    assert made.encode(made.decode_text(row[1:]))[0].tolist() == row.tolist()


def test_imdb_multi_hot_stays_small() -> None:
    """Both parts together peak below the float32 bytes of the training part alone."""
    if locate(card("imdb")) is None:
        pytest.skip("imdb is not in KERASTUI_DATA")
    if not Path("/proc/self/status").exists():
        pytest.skip("this system does not tell a process's own peak")
    program = """
from pathlib import Path
from kerastui.datasets.prepare import prepare
from kerastui.datasets.spec import Data
data = {"dataset": "imdb", "task": "binary", "steps": [{"step": "multi_hot"}],
        "split": {"kind": "own", "validation": {"kind": "first", "count": 10000}}}
made = prepare(Data.model_validate(data), seed=1)
assert made.train.x.shape == (15000, 10000) and made.test.x.shape == (25000, 10000)
assert made.train.x.dtype == "uint8"
made.train.x.sum(), made.test.x.sum()
peak = Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]
print(peak)
"""
    # Not getrusage: its peak is inherited from the process that starts this one.
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert int(told.stdout) * 1024 < 25_000 * 10_000 * 4, told.stderr
