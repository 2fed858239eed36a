"""Looking at a weight without Keras: slices, extremes, pictures, export, distance."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import by_hand
from kerastui.models.saved import export, statistics, survey
from kerastui.models.saved.difference import between
from kerastui.models.saved.model import Weight
from kerastui.models.saved.read import read
from kerastui.models.saved.survey import Cut
from kerastui.tui.inspect.embedding import nearest
from kerastui.tui.inspect.histogram import bar, bars

from ..ui.keras_file import keras_file


def weight(tmp_path: Path, values: Any) -> Weight:
    """Write a weight to a model's file, and read it as one."""
    values = np.asarray(values)
    place = "layers/odd/vars/0"
    path = keras_file(tmp_path / "model.keras", **{place.replace("/", "."): values})
    return Weight("odd", values.shape, values.dtype, path, place)


FOUR = np.arange(2 * 3 * 4 * 5, dtype=np.float32).reshape(2, 3, 4, 5)


def test_every_slice_of_four_axes_is_what_numpy_cuts(tmp_path: Path) -> None:
    found = weight(tmp_path, FOUR)
    cut = Cut.last(FOUR.shape)
    seen = set()
    for _ in range(6):
        for _ in range(cut.slices):
            index: list[Any] = list(cut.at)
            for axis in (cut.down, cut.across):
                index.insert(axis, slice(None))
            np.testing.assert_array_equal(
                cut.part(found, slice(None), slice(1, 3)), FOUR[tuple(index)][:, 1:3]
            )
            seen.add(str(cut))
            cut = cut.moved(1)
        assert set(cut.at) == {0}  # behind the last slice comes the first
        cut = cut.turned()
    assert cut == Cut.last(FOUR.shape)
    assert len(seen) == 6 + 8 + 10 + 12 + 15 + 20
    assert cut.moved(-1).at == (1, 2)


@pytest.mark.parametrize("values", [np.float32(3), np.arange(4.0), np.zeros((0, 3))])
def test_weights_of_few_axes_and_of_no_numbers(tmp_path: Path, values: Any) -> None:
    found, shape = weight(tmp_path, values), np.shape(values)
    cut = Cut.last(shape)
    part = cut.part(found, slice(0, 10), slice(0, 10))
    assert part.shape == (shape if len(shape) == 2 else (np.size(values), 1))
    assert cut.moved(1) == cut
    assert survey.picture(found, cut, 8, 8).shape == (part.shape if part.size else (0, 0))


def test_a_matrix_turns_round(tmp_path: Path) -> None:
    values = np.arange(6.0).reshape(2, 3)
    cut = Cut.last(values.shape).turned()
    found = cut.part(weight(tmp_path, values), slice(None), slice(0, 1))
    np.testing.assert_array_equal(found, values.T[:, :1])
    assert cut.cell((1, 2)) == (2, 1)


@pytest.mark.parametrize("block", [4, 2**22])
def test_extremes_are_found_whatever_the_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(statistics, "BLOCK", block)
    values = np.random.default_rng(1).normal(size=(7, 3, 2)).astype(np.float32)
    values[5, 1, 0], values[2, 2, 1] = 9, -9
    found = survey.extremes(weight(tmp_path, values))
    assert (found.high, found.low, found.broken) == ((5, 1, 0), (2, 2, 1), None)
    values[3, 0, 1], values[6, 0, 0] = np.inf, np.nan
    found = survey.extremes(weight(tmp_path, values))
    assert (found.high, found.low, found.broken) == ((5, 1, 0), (2, 2, 1), (3, 0, 1))
    found = survey.extremes(weight(tmp_path, np.full(3, np.nan)))
    assert (found.high, found.low, found.broken) == (None, None, (0,))


@pytest.mark.parametrize("block", [4, 2**22])
def test_the_histogram_counts_every_finite_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(statistics, "BLOCK", block)
    values = np.random.default_rng(2).normal(size=(50, 3))
    values[3, 1] = np.nan
    found = weight(tmp_path, values)
    told = survey.histogram(found, statistics.of_weight(found), 10)
    assert sum(told.counts) == 149
    assert told.counts == np.histogram(values[np.isfinite(values)], 10)[0].tolist()
    same = weight(tmp_path, np.zeros(5))
    assert survey.histogram(same, statistics.of_weight(same), 10).counts == [5]
    none = weight(tmp_path, np.full(5, np.nan))
    empty = survey.histogram(none, statistics.of_weight(none), 10)
    assert bars(empty, 40)[0].plain == "There is no finite number in it."


def test_bars_are_as_long_as_their_share() -> None:
    assert bar(1, 4) == "████"
    assert bar(0.5, 4) == "██"
    assert bar(1e-6, 4) == "▏"
    assert bar(0, 4) == ""


@pytest.mark.parametrize("block", [64, 2**22])
def test_a_pixel_is_the_strongest_of_its_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(survey, "BLOCK", block)
    values = np.random.default_rng(3).normal(size=(37, 23))
    values[30, 20] = -50
    cut = Cut.last(values.shape)
    small = survey.picture(weight(tmp_path, values), cut, 5, 4)
    assert small.shape == (5, 4)
    assert small.min() == -50
    down, across = [i * 37 // 5 for i in range(6)], [i * 23 // 4 for i in range(5)]
    for y in range(5):
        for x in range(4):
            part = values[down[y] : down[y + 1], across[x] : across[x + 1]]
            assert abs(small[y, x]) == np.abs(part).max()
    values[0, 0] = np.nan
    again = survey.picture(weight(tmp_path, values), cut, 5, 4)
    assert np.isnan(again[0, 0])
    assert np.isfinite(again[1:]).all()
    np.testing.assert_array_equal(
        survey.picture(weight(tmp_path, values), cut, 99, 99), values
    )  # fmt: skip


@pytest.mark.parametrize("shape", [(), (5,), (4, 3), (2, 3, 4, 5)])
@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int32])
def test_exported_numbers_are_the_same_when_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: tuple[int, ...], kind: Any
) -> None:
    monkeypatch.setattr(statistics, "BLOCK", 7)
    values = (np.random.default_rng(4).normal(size=shape) * 1e3).astype(kind)
    found, told = weight(tmp_path, values), list[float]()
    export.weight(found, tmp_path / "w.npy", told.append)
    again = np.load(tmp_path / "w.npy")
    assert again.dtype == values.dtype
    np.testing.assert_array_equal(again, values)
    assert told[-1] == 1
    export.weight(found, tmp_path / "w.csv")
    lines = (tmp_path / "w.csv").read_text().splitlines()
    axes = max(1, len(shape) - 1) if shape else 0
    cells = np.array([line.split(",") for line in lines[1:]], float)
    np.testing.assert_array_equal(cells[:, axes:].astype(kind).reshape(shape), values)
    assert not list(tmp_path.glob(".w*"))


def test_what_can_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    found = weight(tmp_path, np.zeros((4, 4)))
    with pytest.raises(UserError, match="no file of numbers"):
        export.weight(found, tmp_path / "w.txt")

    def stop(share: float) -> None:
        raise KeyboardInterrupt

    (tmp_path / "w.csv").write_text("before")
    with pytest.raises(KeyboardInterrupt):
        export.weight(found, tmp_path / "w.csv", stop)
    assert (tmp_path / "w.csv").read_text() == "before"
    assert not list(tmp_path.glob(".w*"))
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't be written"):
        export.weight(found, tmp_path / "file" / "w.npy")


def test_the_listing_as_a_table(tmp_path: Path) -> None:
    listing = by_hand.formulas(read(keras_file(tmp_path / "model.keras")))
    export.formulas(listing, tmp_path / "f.csv")
    lines = (tmp_path / "f.csv").read_text().splitlines()
    assert lines[0] == "from,to,weight"
    assert lines[1:4] == ["0B,L1N0,-1.25", "0B,L1N1,0.5", "L0N0,L1N0,1.25"]
    assert len(lines) == 1 + len(listing)


def test_two_models_are_compared_weight_by_weight(tmp_path: Path) -> None:
    ours = read(keras_file(tmp_path / "a.keras", [("relu", [[3.0, 0.0], [4.0, 0.0]], [0, 0])]))
    theirs = read(keras_file(tmp_path / "b.keras", [("relu", [[0.0, 0.0], [0.0, 5.0]], [0, 0])]))
    kernel, bias = between(ours, theirs)
    assert kernel.distance == pytest.approx(math.sqrt(9 + 16 + 25))
    assert kernel.share == pytest.approx(math.sqrt(2))
    assert (kernel.largest, kernel.cosine, kernel.same, kernel.count) == (5, 0, 1, 4)
    assert (bias.distance, bias.same) == (0, 2)
    assert math.isnan(bias.share)
    other = read(keras_file(tmp_path / "c.keras"))
    with pytest.raises(UserError, match="other shapes"):
        between(ours, other)


def test_neighbours_are_sorted_by_cosine_and_zeros_have_none() -> None:
    vectors = np.array([[1, 0], [0, 2], [5, 5], [0, 0], [-1, 0], [9, 1]], np.float32)
    found = nearest(vectors, 0, 10)
    assert [row for row, _ in found] == [5, 2, 1, 4]
    assert found[1][1] == pytest.approx(math.sqrt(0.5))
    assert nearest(vectors, 0, 2) == found[:2]
    assert nearest(vectors, 3, 5) == []
    assert nearest(vectors[:1], 0, 5) == []
