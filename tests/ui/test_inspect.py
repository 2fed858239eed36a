"""The Inspect screen: a run's figures, predictions and weights, and the network by hand."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.tui.app import KerasTui
from kerastui.tui.inspect.hand import HandView
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.screens.inspect import InspectScreen
from kerastui.tui.widgets.line_view import LineView

from .fakes import FakeLauncher, finished_run
from .inspect_screen import EVALUATION, NARROW, WIDE, go, launcher, opened, trained
from .keras_file import keras_file
from .pilots import HOSTILE, shows, text, until


async def test_without_a_run_a_key_is_named_that_brings_one() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        await pilot.press("I")
        await shows(pilot, "No run to look into")
        await shows(pilot, "R  choose a run")
        await pilot.press("enter", "escape", "e", "1", "down")
        await pilot.press("R")
        await until(pilot, lambda: pilot.app.current_mode == "runs", "the runs")


async def test_the_evaluation_stands_by_part_and_beside_what_was_published(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        await opened(pilot, trained(own_home, data={"substitute": "other [x]", "title": "T [/y]"}))
        await shows(pilot, "published beside obtained")
        lines = [line[44:].strip("│ ") for line in text(pilot).splitlines()]
        assert next(line for line in lines if line.startswith("train")).split() == ["train", "test"]
        assert next(line for line in lines if line.startswith("loss")).split()[1:] == [
            "0.01", "0.02"
        ]  # fmt: skip
        await shows(pilot, "there is no validation part")
        await shows(pilot, "not the real data: other [x] stands in")
        await shows(pilot, "T [/y]")


async def test_verdicts_are_those_of_the_run(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        await opened(pilot, trained(own_home))
        await shows(pilot, "3 of 4 ✓")
        for label, verdict in (("0 xor 0", "0.005 ✓"), ("1 xor 0", "0.5 ✗")):
            await until(
                pilot,
                lambda one=label, v=verdict: any(
                    one in line and v in line for line in text(pilot).splitlines()
                ),
                f"the verdict on {label}",
            )


async def test_predictions_stand_beside_the_truth(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "predictions")
        await shows(pilot, HOSTILE)
        line = next(line for line in text(pilot).splitlines() if HOSTILE in line)
        assert line.split(HOSTILE)[1].split()[:5] == ["2.75", "1", "1.75", "1", "1"]


async def test_as_formulas_every_weight_has_its_line(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=NARROW) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "formulas")
        assert "L0N0 ->" not in text(pilot)
        await pilot.press("enter")
        await shows(pilot, "0B -> L1N0: -1.25")
        await shows(pilot, "L1N1 -> L2N0 = 0.5")
        await pilot.press("escape")
        await until(pilot, lambda: "predictions" in text(pilot), "the list again")


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_by_hand_an_input_is_chosen_or_typed(own_home: Path, size: tuple[int, int]) -> None:
    app = KerasTui(launcher=launcher())
    async with app.run_test(size=size) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "hand")
        await pilot.press("enter")
        hand = screen.query_one(HandView)
        await until(pilot, lambda: len(hand.samples) == 3, "the inputs")
        await pilot.press("2")
        await until(pilot, lambda: hand.prediction == [2.75], "the second input")
        await shows(pilot, "Keras predicted 2.75 ✓ largest distance 0")
        await shows(pilot, HOSTILE)
        steps = _steps(hand)
        assert steps[1] == "L0N0 1 × 1.25 = 1.25 a"
        assert steps[3:6] == ["0B bias + −1.25", "sum = 1.25", "L1N0 relu(1.25) = 1.25"]
        assert steps[-2] == "L2N0 = 2.75"
        await pilot.press("3")
        await until(pilot, lambda: hand.values == [0.1, 1], "the third input")
        await until(pilot, lambda: "Keras predicted" not in text(pilot), "no prediction by Keras")
        # Digits type where the numbers are, and choose elsewhere.
        await pilot.press("e")
        await shows(pilot, "▌L0N0 a")
        await pilot.press("3", "enter", "down", "minus", "2", "enter")
        await until(pilot, lambda: hand.values == [3, -2], "what was typed")
        await until(pilot, lambda: hand.prediction == [0.25], "its prediction")
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the list")
        await until(pilot, lambda: "▌L0N" not in text(pilot), "no cursor among the numbers")
        await pilot.press("1")
        await until(pilot, lambda: hand.values == [0, 0], "the first input")
        await until(pilot, lambda: hand.prediction == [0.5], "its prediction")


def _steps(hand: HandView) -> list[str]:
    view = hand.steps
    return [" ".join(view.line(i, 0, 80).plain.split()) for i in range(view.count)]


async def test_an_input_is_chosen_with_the_mouse(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "hand")
        hand = screen.query_one(HandView)
        await until(pilot, lambda: len(hand.samples) == 3, "the inputs")
        await shows(pilot, "3 test 0")
        offered = hand.query_one("#hand-samples", LineView)
        place = offered.lines[0].plain.index("3 test 0")
        assert await pilot.click(offered, offset=(place + 2, 0))
        await until(pilot, lambda: hand.chosen == 2, "the choice")


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_a_focus_that_is_lost_comes_back(own_home: Path, size: tuple[int, int]) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=size) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "predictions")
        # As Textual does where what is hidden had the focus, after another one was given it.
        screen.set_focus(None)
        await until(pilot, lambda: screen.focused is screen.rows, "the list")
        await pilot.press("enter")
        await until(pilot, lambda: screen.detail.has_focus_within, "the pane")
        screen.set_focus(None)
        await until(pilot, lambda: screen.focused is not None, "it again")


async def test_narrow_the_detail_has_the_whole_width(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=NARROW) as pilot:
        await opened(pilot, trained(own_home))
        await pilot.press("enter")
        await shows(pilot, "evaluated 14 Nov 2023 by the run's worker, after 5 epochs")


async def test_a_short_screen_shows_input_prediction_and_steps(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=(40, 12)) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "hand")
        await pilot.press("enter")
        await shows(pilot, "Keras predicted 0.5 ✓")
        await pilot.press("2")
        await shows(pilot, "Keras predicted 2.75 ✓")
        await shows(pilot, "layer0  relu")
        await shows(pilot, "L0N0 a")


async def test_without_the_data_numbers_can_be_typed(own_home: Path) -> None:
    app = KerasTui(launcher=launcher(UserError("xor.csv is not here.")))
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "hand")
        await shows(pilot, "The data is not to be had: xor.csv is not here.")
        await pilot.press("e", "4", "enter")
        await until(pilot, lambda: screen.query_one(HandView).values == [4, 0], "the numbers")


async def test_inputs_that_come_late_leave_what_was_typed(own_home: Path) -> None:
    class Late(FakeLauncher):
        data = asyncio.Event()

        async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
            if name == "inputs":
                await self.data.wait()
            return await super().request(name, channel=channel, **payload)

    made = Late()
    made.answers = launcher().answers
    async with KerasTui(launcher=made).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "hand")
        await pilot.press("e", "4", "enter")
        hand = screen.query_one(HandView)
        await until(pilot, lambda: hand.values == [4, 0], "the numbers")
        made.data.set()
        await shows(pilot, "L0N0 a")
        await until(pilot, lambda: len(hand.samples) == 3, "the inputs")
        assert hand.values == [4, 0]


async def test_what_keras_did_not_say_is_shown_as_such(own_home: Path) -> None:
    run = trained(own_home)
    plain = {**EVALUATION, "predictions": [{"label": "x", "value": [0.3], "number": 1}]}
    (run.path / "evaluation.json").write_text(json.dumps(plain))
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await go(pilot, screen, "hand")
        await shows(pilot, "Keras predicted 0.3 ✗ largest distance 0.2")


async def test_a_run_without_a_model_says_so(own_home: Path) -> None:
    run = finished_run(own_home / "saved", "plain")
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await shows(pilot, "This run has no evaluation")
        for key in ("layers", "formulas", "hand"):
            await go(pilot, screen, key)
            await shows(pilot, "There is no model.keras here.")
        await pilot.press("e", "1", "enter", "escape")


async def test_damaged_files_get_a_sentence(own_home: Path) -> None:
    run = trained(own_home)
    whole = run.model.read_bytes()
    run.model.write_bytes(whole[: len(whole) // 2])
    (run.path / "evaluation.json").write_text("[1, {")
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run)
        await shows(pilot, "evaluation.json can't be read")
        await go(pilot, screen, "layers")
        await shows(pilot, "model.keras can't be read as a Keras model")


async def test_a_run_that_goes_on_is_looked_into_when_it_ended(own_home: Path) -> None:
    app = KerasTui(launcher=FakeLauncher(pace=0.02))
    async with app.run_test(size=WIDE) as pilot:
        endless = {"study": None, "fit.epochs": 1_000_000}
        app.start_run(shipped.experiment("b13-xor").changed(endless))
        await until(pilot, lambda: app.shown_run is not None, "a run")
        assert app.shown_run is not None
        await pilot.press("I")
        await shows(pilot, "layers")
        screen = app.screen
        assert isinstance(screen, InspectScreen)
        await go(pilot, screen, "layers")
        await shows(pilot, "The run goes on")
        keras_file(app.shown_run.model)
        app.shown_run.command("stop")
        await shows(pilot, "layer0 kernel")


async def test_lines_are_cut_with_an_ellipsis_and_scroll(own_home: Path) -> None:
    async with KerasTui(launcher=launcher()).run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot, trained(own_home))
        await go(pilot, screen, "layers")
        await pilot.press("enter")
        view = screen.query_one("#weight-lines", LinesView)
        await until(pilot, lambda: view.render_line(1).text.rstrip().endswith("…"), "a cut line")
        await until(pilot, lambda: view.has_focus, "the focus")
        await pilot.press(*["right"] * 60)
        await until(pilot, lambda: view.render_line(1).text.rstrip().endswith("%"), "its end")


async def test_a_model_of_a_stranger_is_opened_without_keras(own_home: Path) -> None:
    old = Path(__file__).parents[1] / "files" / "keras2" / "rnn.keras"
    async with KerasTui(launcher=launcher(), file=str(old)).run_test(size=WIDE) as pilot:
        await shows(pilot, "LSTM: time_major, which is gone, was left out")
        await shows(pilot, "rmsprop · MeanSquaredError")
        screen = pilot.app.screen
        assert isinstance(screen, InspectScreen)
        await go(pilot, screen, "layers")
        await shows(pilot, "lstm recurrent kernel")


async def test_a_damaged_model_of_a_stranger_gets_a_sentence(own_home: Path) -> None:
    (own_home / "cut.keras").write_bytes(keras_file(own_home / "whole.keras").read_bytes()[:900])
    app = KerasTui(launcher=launcher())
    async with app.run_test(size=WIDE) as pilot:
        app.open_model(own_home / "cut.keras")
        await shows(pilot, "it is a zip that is cut")
        app.show_run(trained(own_home), switch=False)
        await shows(pilot, "published beside obtained")


async def test_who_waits_for_keras_to_save_a_model_is_told_so(own_home: Path) -> None:
    class Starting(FakeLauncher):
        ready = asyncio.Event()

        async def start(self) -> None:
            await self.ready.wait()

    made = Starting()
    made.answers["look.formats"] = lambda: {
        "formats": [{"name": "keras", "suffix": ".keras", "about": "x", "missing": []}]
    }
    async with KerasTui(launcher=made).run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot, trained(own_home))
        await pilot.press("w")
        await shows(pilot, "Keras' process is asked")
        made.ready.set()
        await shows(pilot, "In which format?")


async def test_a_model_is_saved_in_another_format_with_its_card(own_home: Path) -> None:
    made = launcher()
    offered = [{"name": "keras", "suffix": ".keras", "about": "in HDF5", "missing": []},
               {"name": "onnx", "suffix": ".onnx", "about": "x", "missing": ["onnx"]}]  # fmt: skip
    made.answers["look.formats"] = lambda: {"formats": offered}
    asked: dict[str, Any] = {}

    def save(**arguments: Any) -> dict[str, Any]:
        asked.update(arguments)
        return {"path": f"{arguments['target']}.keras", "card": "", "size": 1234}

    made.answers["look.save"] = save
    async with KerasTui(launcher=made).run_test(size=WIDE) as pilot:
        await opened(pilot, trained(own_home))
        await pilot.press("w")
        await shows(pilot, "In which format?")
        await pilot.press("down")
        await shows(pilot, "Needs onnx, not installed here.")
        await pilot.press("up")
        await shows(pilot, "In HDF5")
        await pilot.press("1")
        await shows(pilot, "Where to:")
        await pilot.press("enter")
        await until(pilot, lambda: asked, "the request to save")
    assert asked["target"].endswith("saved/models/b13-xor")
    assert "# " in asked["card"]
