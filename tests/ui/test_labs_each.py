"""The labs one by one: what their keys and the mouse change, and what they ask for."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from textual.widgets import Input

from kerastui.models.labs.mandelbrot import View
from kerastui.tui.labs.activations import ActivationsScreen
from kerastui.tui.labs.algebra import AlgebraScreen
from kerastui.tui.labs.function_chart import FunctionChart
from kerastui.tui.labs.half_blocks import HalfBlocks
from kerastui.tui.labs.initializers import InitializersScreen
from kerastui.tui.labs.mandelbrot import MandelbrotScreen
from kerastui.tui.labs.neuron import NeuronScreen
from kerastui.tui.labs.number_grid import NumberGrid
from kerastui.tui.labs.slider import Chooser, Slider
from kerastui.tui.labs.softmax import SoftmaxScreen
from kerastui.tui.labs.structures import StructuresScreen
from kerastui.tui.labs.versions import VersionsScreen
from kerastui.tui.labs.weight_bias import WeightBiasScreen
from kerastui.tui.widgets.row_list import RowList

from .lab_screens import FakeWorker, no_doctor, opened, reads, text
from .pilots import shows, until

__all__ = ["no_doctor"]


async def test_versions_stand_beside_the_documents() -> None:
    async with opened("a01") as (pilot, screen):
        assert isinstance(screen, VersionsScreen)
        assert (screen.results[0].published, screen.results[0].got) == ("2.2.0", "2.99.0")
        await shows(pilot, "/physical_device:CPU:0")


async def test_a_summary_counts_and_its_diagram_is_written(own_home: Path) -> None:
    async with opened("a03") as (pilot, screen):
        assert isinstance(screen, StructuresScreen)
        assert [r.got for r in screen.results] == [
            "900", "8,080", "2,430", "310", "55", "6", "11,781"
        ]  # fmt: skip
        assert all(result.right for result in screen.results)
        await pilot.press("down")
        await reads(pilot, screen, "8 inputs × 100 neurons + 100 biases = 900")
        await pilot.press("w")
        saved = own_home / "saved"
        await until(pilot, (saved / "a03-deep-mlp.txt").is_file, "the files")
        assert "<svg" in (saved / "a03-deep-mlp.svg").read_text()
        assert "▼" in (saved / "a03-deep-mlp.txt").read_text()


async def test_a_folder_that_can_not_be_written_is_said(own_home: Path) -> None:
    (own_home / "saved").write_text("a file where the folder should be")
    async with opened("a12") as (pilot, screen):
        await pilot.press("w")
        await pilot.pause(0.1)
        assert pilot.app.screen is screen


async def test_two_ways_to_write_one_model_are_equal() -> None:
    async with opened("d01") as (pilot, screen):
        assert [(r.label, r.got, r.right) for r in screen.results] == [
            ("Sequential", "25,450", True), ("functional", "25,450", True),
            ("summaries", "equal", True),
        ]  # fmt: skip
        assert screen.structure.name == "Sequential"
        await pilot.press("f")
        await until(pilot, lambda: screen.structure.name == "functional", "the other way")


async def test_where_it_is_narrow_table_and_diagram_take_turns() -> None:
    async with opened("a04", (80, 24)) as (pilot, screen):
        table, diagram = screen.query_one("#summary"), screen.query_one("#diagram")
        assert table.display
        assert not diagram.display
        await pilot.press("g")
        await until(pilot, lambda: diagram.display and diagram.has_focus, "the diagram")
        assert not table.display


async def test_a_neuron_is_typed_over_and_put_back() -> None:
    async with opened("b01") as (pilot, screen):
        assert isinstance(screen, NeuronScreen)
        assert screen.results[0].got == "0.8"
        await pilot.press("5", "enter")
        await until(pilot, lambda: screen.inputs == [5.0, 2.0], "another input")
        assert screen.results[0] == (screen.results[0].__class__("sum", "0.8", "1.2", None))
        await pilot.press("down", "right", "-", ".", "5", "enter")
        await until(pilot, lambda: screen.weights == [0.1, -0.5, 0.3], "another weight")
        await pilot.press("minus", "7", "escape")
        assert screen.weights == [0.1, -0.5, 0.3]
        assert pilot.app.screen is screen
        await pilot.press("a")
        await until(pilot, lambda: len(screen.weights) == 4, "one more")
        await pilot.press("delete", "v")
        both = ([1.0, 2.0], [0.1, 0.2, 0.3])
        await until(pilot, lambda: (screen.inputs, screen.weights) == both, "the values again")


async def test_what_is_no_number_is_not_taken() -> None:
    async with opened("b01") as (pilot, screen):
        await pilot.press("1", "e", "e", "enter")
        assert screen.inputs == [1.0, 2.0]
        await pilot.press("9", "e", "9", "enter")
        assert screen.inputs == [1.0, 2.0]
        await pilot.press("0", ",", "5", "enter")
        await until(pilot, lambda: screen.inputs == [0.5, 2.0], "a number")


async def test_the_activation_of_a_neuron_is_chosen() -> None:
    async with opened("b01") as (pilot, screen):
        before = text(screen)
        await pilot.press("f")
        await until(pilot, lambda: screen.query_one(Chooser).value == "tanh", "the choice")
        await reads(pilot, screen, "tanh x")
        assert text(screen) != before


async def test_every_activation_is_drawn_with_its_parameters() -> None:
    async with opened("b02") as (pilot, screen):
        assert isinstance(screen, ActivationsScreen)
        await pilot.press("down", "down", "down")
        await until(pilot, lambda: screen.activation.name == "step", "the step")
        await until(pilot, lambda: screen.values == {"threshold": 0.5}, "its slider")
        slider = screen.query_one(Slider)
        slider.focus()
        await until(pilot, lambda: slider.has_focus, "the focus")
        await pilot.press("left")
        await until(pilot, lambda: screen.values == {"threshold": 0.4}, "another threshold")
        chart = screen.query_one(FunctionChart)
        chart.focus()
        await pilot.press("home")
        await until(pilot, lambda: screen.x == -6.0, "the left end")
        await pilot.press("right")
        await until(pilot, lambda: screen.x == -5.9, "a step")


async def test_the_mouse_moves_sliders_and_cursors() -> None:
    async with opened("b03") as (pilot, screen):
        assert isinstance(screen, WeightBiasScreen)
        slider = screen.query_one("#weight", Slider)
        await pilot.click(slider, offset=(slider.size.width - 10, 0))
        await until(pilot, lambda: slider.value > 2, "another weight")
        await pilot.click(FunctionChart, offset=(60, 5))
        await until(pilot, lambda: screen.x > 2, "another place")
        await pilot.press("f")
        curves = [(1.0, 0.5), (1.0, 1.0), (1.0, 1.5), (1.0, 2.0)]
        await until(pilot, lambda: screen.curves() == curves, "the curves of the document")
        await pilot.press("v")
        await until(pilot, lambda: slider.value == 1.0, "the values again")
        assert screen.curves()[0] == (0.5, 0.0)


async def test_softmax_to_the_documents_digits_then_ones_own() -> None:
    async with opened("b04") as (pilot, screen):
        assert isinstance(screen, SoftmaxScreen)
        assert [r.label for r in screen.results] == [
            "sum of exp", "setosa", "versicolor", "virginica"
        ]  # fmt: skip
        assert all(result.right for result in screen.results)
        await pilot.press("f")
        await until(pilot, lambda: screen.logits == [1.9, 1.2, 1.4], "other logits")
        await reads(pilot, screen, "47.5%")
        await pilot.press("1", "0", "0", "0", "enter")
        await reads(pilot, screen, "out of range")
        await reads(pilot, screen, "100.0%")


async def test_algebra_is_computed_line_by_line() -> None:
    async with opened("b05") as (pilot, screen):
        assert isinstance(screen, AlgebraScreen)
        assert [r.got for r in screen.results] == ["[[12]]", "[−2, −1]", "[1, 3]"]
        await pilot.press("a", *"y", "space", "equals_sign", "space", *"x", "enter")
        await until(pilot, lambda: screen.variables.get("y") == [4.0, 6.0], "y")
        await pilot.press(*"oops", "enter")
        await reads(pilot, screen, "'oops' can't be read.")
        await reads(pilot, screen, "Check [brackets] and commas.")
        await pilot.press("up")
        await until(pilot, lambda: screen.query_one(Input).value == "oops", "the line again")
        await pilot.press("escape")
        await pilot.pause()
        assert pilot.app.screen is screen
        await pilot.press("delete")
        await until(pilot, lambda: "y" not in screen.variables, "y is gone")
        await pilot.press("u")
        await until(pilot, lambda: screen.variables.get("y") == [4.0, 6.0], "y again")


async def test_lines_are_computed_one_after_the_other_however_fast_they_are_typed() -> None:
    worker = FakeWorker()
    async with opened("b05", worker=worker) as (pilot, screen):
        worker.hold.clear()
        await pilot.press("a", *"y", "space", "equals_sign", "space", *"x", "enter")
        await pilot.press(*"oops", "enter")
        await until(pilot, lambda: worker.asked("lab.algebra")[-1]["line"] == "y = x", "the first")
        worker.hold.set()
        await reads(pilot, screen, "'oops' can't be read.")
        assert screen.variables["y"] == [4.0, 6.0]
        assert worker.asked("lab.algebra")[-1]["variables"]["y"] == [4.0, 6.0]


async def test_matrices_are_typed_over() -> None:
    async with opened("b05") as (pilot, screen):
        screen.query_one(RowList).move_to("A")
        await pilot.pause()
        await pilot.press("e")
        await until(pilot, lambda: isinstance(screen.focused, NumberGrid), "the numbers")
        await pilot.press("right", "7", "enter")
        await until(pilot, lambda: screen.variables["A"] == [[3.0, 7.0]], "another number")


async def test_a_number_goes_to_its_own_variable_also_where_the_cursor_went_on() -> None:
    async with opened("b05") as (pilot, screen):
        rows, grid = screen.query_one(RowList), screen.query_one(NumberGrid)
        rows.move_to("A")
        await until(pilot, lambda: grid.cells == [[3.0, 3.0]], "its numbers")
        grid.post_message(NumberGrid.Changed(grid, 0, 1, 7.0, grid.subject))
        rows.cursor += 1
        assert rows.key == "B"
        await until(pilot, lambda: grid.cells == [[2.0], [2.0]], "the numbers of the next one")
        await until(pilot, lambda: screen.variables["A"] == [[3.0, 7.0]], "the number of A")
        assert screen.variables["B"] == [[2.0], [2.0]]


async def test_the_picture_comes_coarse_then_in_slices() -> None:
    worker = FakeWorker()
    async with opened("b06", worker=worker) as (pilot, screen):
        assert isinstance(screen, MandelbrotScreen)
        await until(pilot, lambda: len(worker.asked("lab.mandelbrot")) == 11, "all slices")
        await until(pilot, lambda: screen.share == 1, "the whole picture")
        asked = worker.asked("lab.mandelbrot")
        assert (asked[0]["width"], asked[0]["height"]) == (80, 60)
        assert [slice_["first"] for slice_ in asked[1:]] == list(range(0, 480, 48))
        assert {slice_["width"] for slice_ in asked[1:]} == {640}
        assert screen.counts[479, 0] == 479 * 200 // 480
        blocks = screen.query_one(HalfBlocks)
        await until(pilot, lambda: blocks.pixels[1], "room for it")
        await until(
            pilot,
            lambda: blocks.pixels[0] / blocks.pixels[1] == pytest.approx(4 / 3, abs=0.03),
            "four to three",
        )


async def test_zooming_and_moving_ask_for_another_view() -> None:
    worker = FakeWorker()
    async with opened("b06", worker=worker) as (pilot, screen):
        await pilot.press("plus")
        await until(pilot, lambda: screen.view.span == 2.0, "half of it")
        await pilot.press("right")
        await until(pilot, lambda: screen.view.real == pytest.approx(-0.1), "a step")
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: screen.view.cycles == 400, "more cycles")
        await pilot.click(HalfBlocks, offset=(0, 0))
        await until(pilot, lambda: screen.view.real < -0.8, "the place that was clicked")
        await pilot.press("v")
        await until(pilot, lambda: screen.view == View(), "the first view again")


async def test_a_view_that_is_left_asks_for_nothing_more() -> None:
    worker = FakeWorker()
    async with opened("b06", worker=worker) as (pilot, screen):
        worker.hold.clear()
        await pilot.press("plus")
        await pilot.pause()
        await pilot.press("plus")
        await pilot.pause()
        await until(pilot, lambda: screen.view.span == 1.0, "the last view")
        worker.requests.clear()
        worker.hold.set()
        await until(pilot, lambda: worker.asked("lab.mandelbrot") and screen.share == 1, "it")
        assert {slice_["span"] for slice_ in worker.asked("lab.mandelbrot")} == {1.0}


async def test_pictures_leave_no_files_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with opened("b06") as (pilot, _):
        assert os.listdir(tmp_path)
        await pilot.press("escape")
        await pilot.pause()
    assert os.listdir(tmp_path) == []


async def test_weights_are_drawn_anew_for_another_layer() -> None:
    worker = FakeWorker()
    async with opened("b12", worker=worker) as (pilot, screen):
        assert isinstance(screen, InitializersScreen)
        assert (screen.results[0].published, screen.results[0].right) == ("0.01", True)
        screen.query_one("#outputs", Slider).value = 300
        await until(pilot, lambda: worker.asked("lab.weights")[-1]["n_out"] == 300, "a question")
        await until(pilot, lambda: screen.results[0].published == "0.005", "its answer")
        screen.query_one("#inputs", Slider).value = 2000
        await reads(pilot, screen, "too many weights")
        screen.query_one(RowList).move_to("zeros")
        screen.query_one("#inputs", Slider).value = 100
        # The stand-in draws no zeros, and is found out.
        await until(pilot, lambda: screen.results and screen.results[0].right is False, "that")
