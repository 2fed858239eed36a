"""Judging a model in Inspect: figures, matrix, curves, threshold, residuals, forecast."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import Run
from kerastui.tui.app import KerasTui
from kerastui.tui.inspect.confusion import ConfusionPane, verdict
from kerastui.tui.inspect.confusion_grid import ConfusionGrid
from kerastui.tui.inspect.judge import JudgePane
from kerastui.tui.inspect.threshold import counted
from kerastui.tui.screens.inspect import InspectScreen

from .fakes import FakeLauncher, finished_run
from .keras_file import keras_file
from .pilots import HOSTILE, paste, shows, text, until

WIDE, NARROW = (120, 40), (80, 24)

NAMES = ["b", HOSTILE]
MATRIX = [[29, 9], [1, 77]]
ROC = [[0.0, 0.1, 1.0], [0.0, 0.9, 1.0], ["Infinity", 0.6, 0.01]]


def run_of(own_home: Path, example: str, **fields: Any) -> Run:
    run = finished_run(own_home / "saved", example, **fields)
    save(shipped.experiment(example).changed({"study": None}), run.path / "experiment.toml")
    keras_file(run.model)
    return run


class Judge(FakeLauncher):
    """Answers the questions about a model's predictions.

    Args:
        kind: What the model predicts.
        outputs: Names of the outputs.
        steps: How many answers the prediction of a part takes.
    """

    def __init__(self, kind: str = "classes", outputs: tuple[str, ...] = ("",),
                 steps: int = 1) -> None:  # fmt: skip
        super().__init__()
        self.kind, self.outputs, self.steps, self.done = kind, outputs, steps, 0
        self.failure_of: dict[str, UserError] = {}
        for name in ("predict", "figures_of", "confusion", "curves", "thresholds", "numbers",
                     "samples", "sample", "forecast"):  # fmt: skip
            self.answers[f"look.judge_{name}"] = getattr(self, f"_{name}")

    async def request(self, name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
        if name in self.failure_of:
            raise self.failure_of[name]
        if name == "look.judge_predict":
            await asyncio.sleep(0.01)  # as if it took its time
        return await super().request(name, channel=channel, **payload)

    def asked(self, question: str) -> list[dict[str, Any]]:
        return [given for name, given in self.requests if name == f"look.judge_{question}"]

    def _predict(self, **_: Any) -> dict[str, Any]:
        self.done += 1
        done = 116 if self.done >= self.steps else 58
        choices = [{"name": name, "kind": self.kind} for name in self.outputs]
        return {"done": done, "rows": 116, "parts": {"train": 235, "test": 116}, "notes": [],
                "choices": choices}  # fmt: skip

    def _figures_of(self, **_: Any) -> dict[str, Any]:
        return {"rows": 116, "left_out": 3, "resamples": 1000, "figures": [
            {"name": "accuracy", "value": 0.914, "low": 0.853, "high": 0.957,
             "keys": ["accuracy"], "about": "the share that is told right"},
            {"name": "loss", "value": "NaN", "low": "NaN", "high": "NaN", "keys": ["loss"],
             "about": "the loss"},
        ]}  # fmt: skip

    def _confusion(self, **_: Any) -> dict[str, Any]:
        bins = [{"low": 0.0, "high": 0.1, "rows": 30, "said": 0.04, "so": 0.1},
                {"low": 0.9, "high": 1.0, "rows": 86, "said": 0.97, "so": 0.5}]  # fmt: skip
        return {"matrix": MATRIX, "names": NAMES, "precision": [0.967, 0.895],
                "recall": [0.763, 0.987], "f1": [0.853, 0.939], "support": [38, 78],
                "bins": bins, "error": 0.36, "positive": 1, "left_out": 0, "confidence": 0.73,
                "share": 0.4}  # fmt: skip

    def _curves(self, number: int, **_: Any) -> dict[str, Any]:
        return {"names": NAMES, "number": number, "positives": 78, "negatives": 38, "roc": ROC,
                "pr": [[0.5, 0.9, 1.0], [1.0, 0.95, 0.67], [0.9, 0.6, 0.01]],
                "auc": [0.98, [0.96, 0.996]], "ap": [0.99, [None, None]]}  # fmt: skip

    def _thresholds(self, **_: Any) -> dict[str, Any]:
        right = [78 - place // 2 for place in range(101)]
        wrong = [38 - place * 38 // 100 for place in range(101)]
        return {"right": right, "wrong": wrong, "positives": 78, "negatives": 38,
                "names": NAMES, "best": 77, "f1": 50}  # fmt: skip

    def _numbers(self, **_: Any) -> dict[str, Any]:
        return {"truth": [1.0, 2.0, 3.0], "predicted": [1.5, 2.0, 9.0], "rows": 3, "left_out": 0,
                "target": "medv", "counts": [2, 0, 1], "edges": [0.0, 2.0, 4.0, 6.0],
                "mean": 2.2, "deviation": 2.7, "middle": [0.0, 0.5, 6.0]}  # fmt: skip

    def _samples(self, **_: Any) -> dict[str, Any]:
        if self.kind == "numbers":
            return {"total": 2, "rows": [[97, "test 97", 21.9, 48.9, 27.0],
                                         [62, HOSTILE, 27.5, 13.5, -14.0]]}  # fmt: skip
        return {"total": 2, "rows": [[20, "test 20", "b", HOSTILE, 0.95],
                                     [33, HOSTILE, "b", HOSTILE, 0.91]]}  # fmt: skip

    def _sample(self, place: int, **_: Any) -> dict[str, Any]:
        likely = [] if self.kind == "numbers" else [["b", 0.05], [HOSTILE, 0.95]]
        return {"kind": "row", "names": ["rooms", HOSTILE], "values": [6.5, f"v{place}"],
                "more": 3, "likely": likely, "index": place + 100}  # fmt: skip

    def _forecast(self, steps: int, **_: Any) -> dict[str, Any]:
        return {"values": [float(i % 12) for i in range(60)], "first": 0, "names": [],
                "at": list(range(48, 60)), "predicted": [5.0] * 12,
                "future": [5.5 + place for place in range(steps)], "why": "", "target": "Sales",
                "mae": 2.5, "naive": 3.5}  # fmt: skip


async def opened(pilot: Pilot[Any], run: Run, key: str) -> InspectScreen:
    """Show a run in Inspect, go to a row and enter it."""
    app = pilot.app
    assert isinstance(app, KerasTui)
    app.show_run(run, switch=False)
    await pilot.press("I")
    await shows(pilot, "judge")
    screen = app.screen
    assert isinstance(screen, InspectScreen)
    await until(pilot, lambda: screen.rows.move_to(key), f"a row {key}")
    await pilot.press("enter")
    return screen


async def answered(pilot: Pilot[Any], screen: InspectScreen, words: str) -> None:
    """Wait for words of an answer, and until what shows it has the focus."""
    await shows(pilot, words)

    def in_it() -> bool:
        return isinstance(screen.pane, JudgePane) and screen.pane.answer_focus.has_focus

    await until(pilot, in_it, "the focus on the answer")


async def test_figures_stand_with_their_intervals_and_the_reasons(own_home: Path) -> None:
    run = run_of(own_home, "a05-ionosphere",
                 figures={"last.accuracy": 0.95, "test.accuracy": 0.914})  # fmt: skip
    judge = Judge()
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run, "figures")
        for told in ("0.853 – 0.957", "n = 116 rows", "1,000 resamples", "3 rows left out"):
            await answered(pilot, screen, told)
        assert judge.asked("predict")[0]["part"] == "test"
        await pilot.press("t")
        await answered(pilot, screen, "while the weights still change")
        assert judge.asked("figures_of")[-1]["part"] == "train"
        asked = len(judge.asked("figures_of"))
        await pilot.press("t")
        await shows(pilot, "not looked at while")
        assert len(judge.asked("figures_of")) == asked, "answers are kept"


async def test_progress_is_told_until_all_is_predicted(own_home: Path) -> None:
    judge = Judge(steps=1_000_000)
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "figures")
        await shows(pilot, "Predicting 116 rows")
        await shows(pilot, "50%")
        # Elsewhere nothing is asked any more.
        screen.rows.move_to("file")
        await until(pilot, lambda: not screen.rows.key.startswith("figures"), "another row")
        await pilot.pause(0.3)
        count = len(judge.asked("predict"))
        await pilot.pause(0.3)
        assert len(judge.asked("predict")) == count


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_the_rows_behind_a_cell_are_listed_the_surest_first(
    own_home: Path, size: tuple[int, int]
) -> None:
    judge = Judge()
    async with KerasTui(launcher=judge).run_test(size=size) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "confusion")
        await shows(pilot, "b taken for")
        await answered(pilot, screen, "9 rows")  # the cursor is on the most frequent mistake
        await pilot.press("enter")
        await shows(pilot, "row 120 of the data")
        assert judge.asked("samples")[-1]["truth"] == 0
        assert judge.asked("samples")[-1]["predicted"] == 1
        await shows(pilot, "rooms")
        await pilot.press("down")
        await shows(pilot, "v33")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.focused, ConfusionGrid), "the matrix")
        pane = pilot.app.screen.query_one(ConfusionPane)
        assert not pane.listing
        await pilot.press("left")
        await shows(pilot, "b told right")
        await pilot.press("v")
        await shows(pilot, "76%")
        await pilot.press("v")
        await shows(pilot, "97%")
        await pilot.press("n")
        await shows(pilot, "taken for")


async def test_pictures_are_drawn_in_half_blocks(own_home: Path, tmp_path: Path) -> None:
    judge = Judge()
    np.save(tmp_path / "sample.npy", np.eye(28, dtype=np.uint8) * 255)
    judge.answers["look.judge_sample"] = lambda **_: {
        "kind": "picture", "file": str(tmp_path / "sample.npy"), "likely": [["b", 1.0]],
        "index": 3,
    }  # fmt: skip
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "confusion")
        await answered(pilot, screen, "taken for")
        await pilot.press("enter")
        await shows(pilot, "▀" * 28)


async def test_a_matrix_of_many_classes_scrolls_under_its_headings(own_home: Path) -> None:
    judge = Judge()
    matrix = np.diag(np.arange(1, 201))
    matrix[150, 180] = 1234
    answer = {**judge._confusion(), "matrix": matrix.tolist(),
              "names": [f"class{i}" for i in range(200)]}  # fmt: skip
    judge.answers["look.judge_confusion"] = lambda **_: answer
    async with KerasTui(launcher=judge).run_test(size=NARROW) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "confusion")
        await answered(pilot, screen, "class150 taken for class180")
        for name, more in (("class180", "true"), ("class150", "1,234")):
            await until(
                pilot,
                lambda both=(name, more): any(
                    all(one in line for one in both) for line in text(pilot).splitlines()
                ),
                f"{name} beside {more}",
            )
        await pilot.press("home", *["pageup"] * 15)
        await shows(pilot, "class0 told right")


async def test_classes_and_calibration_in_words(own_home: Path) -> None:
    async with KerasTui(launcher=Judge()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "classes")
        await answered(pilot, screen, "106 of 116 rows are told right")
        await shows(pilot, "98.7%")
        await pilot.press("v", "escape")
        await until(pilot, lambda: screen.rows.has_focus, "the list")
        screen.rows.move_to("calibration")
        await shows(pilot, "They mislead")
        await shows(pilot, "true less often than they say")


def test_the_verdict_on_probabilities_follows_their_error() -> None:
    base = {"bins": [{}], "confidence": 0.5, "share": 0.5}
    assert "at their word" in verdict({**base, "error": 0.01}, "x")
    assert "too low" in verdict({**base, "error": 0.05, "share": 0.6}, "x")
    assert "no rows" in verdict({**base, "bins": []}, "x")


async def test_curves_are_read_by_a_cursor(own_home: Path) -> None:
    judge = Judge()
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "curves")
        await answered(pilot, screen, "ROC  area 0.98")
        await shows(pilot, "found 90.0%")
        await shows(pilot, "0.96 – 0.996")
        await pilot.press("home")
        await shows(pilot, "false alarms 0.0%")
        await pilot.press("n")
        await until(pilot, lambda: judge.asked("curves")[-1]["number"] == 0, "the other class")
        await answered(pilot, screen, "ROC  area 0.98")
        judge.answers["look.judge_curves"] = lambda **_: {
            "names": NAMES, "number": 1, "positives": 116, "negatives": 0
        }  # fmt: skip
        await pilot.press("t")
        await shows(pilot, "There are no curves")


async def test_the_threshold_moves_matrix_and_figures(own_home: Path) -> None:
    async with KerasTui(launcher=Judge()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "threshold")
        await answered(pilot, screen, "above 0.50")
        await pilot.press("right")
        await shows(pilot, "above 0.51")
        await pilot.press("b")
        await shows(pilot, "above 0.77")
        await pilot.press("b")
        await shows(pilot, "above 0.50")


def test_a_threshold_that_tells_nobody_divides_by_nothing() -> None:
    answer = {"right": [0], "wrong": [0], "positives": 0, "negatives": 0}
    assert counted(answer, 0)["F1"] == 0.0
    assert counted({**answer, "right": [3], "wrong": [1], "positives": 4, "negatives": 5}, 0) == {
        "right": 3, "wrong": 1, "missed": 1, "kept": 4, "rows": 9, "errors": 2,
        "accuracy": 7 / 9, "precision": 0.75, "recall": 0.75, "F1": 0.75,
    }  # fmt: skip


async def test_residuals_and_the_worst_rows_with_their_inputs(own_home: Path) -> None:
    async with KerasTui(launcher=Judge("numbers")).run_test(size=WIDE) as pilot:
        run = run_of(own_home, "d14-boston-final")
        screen = await opened(pilot, run, "numbers")
        await shows(pilot, "residuals: predicted")
        await shows(pilot, "On average 2.2 too high")
        await shows(pilot, "•")
        assert not screen.rows.move_to("confusion"), "there is no matrix of numbers"
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the list")
        screen.rows.move_to("worst")
        await shows(pilot, "row 197 of the data")
        await shows(pilot, "v97")
        await pilot.press("enter", "down")
        await shows(pilot, "v62")


async def test_a_forecast_goes_on_as_far_as_one_likes(own_home: Path) -> None:
    judge = Judge("numbers")
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a10-car-sales"), "forecast")
        await answered(pilot, screen, "continued 12 steps")
        await shows(pilot, "better than that")
        await shows(pilot, "Continued recursively")
        await pilot.press("plus")
        await answered(pilot, screen, "continued 24 steps")
        await pilot.press("minus", "z")
        await shows(pilot, "continued 12 steps")


async def test_another_output_is_chosen(own_home: Path) -> None:
    judge = Judge(outputs=("price", "sold"))
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "figures")
        await answered(pilot, screen, "price  1 of 2")
        await pilot.press("m")
        await shows(pilot, "sold  2 of 2")
        await until(pilot, lambda: judge.asked("figures_of")[-1]["choice"] == 1, "asked")


async def test_a_labelled_file_judges(own_home: Path, tmp_path: Path) -> None:
    judge = Judge()
    file = tmp_path / "new [rows].csv"
    file.write_text("a,b\n1,2\n")
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, run_of(own_home, "a05-ionosphere"), "figures")
        await answered(pilot, screen, "n = 116")
        await pilot.press("a")
        await shows(pilot, "Which file?")
        await pilot.press(*"/nowhere", "enter")
        await shows(pilot, "There is no nowhere")
        await pilot.press("ctrl+u", *"~nobodyx/a", "enter")
        await shows(pilot, "That is no path")
        await pilot.press("ctrl+u")
        await paste(pilot, str(file))
        await pilot.press("enter")
        await shows(pilot, "● new [rows].csv")
        await until(pilot, lambda: judge.asked("figures_of")[-1]["file"] == str(file), "asked")
        assert judge.asked("figures_of")[-1]["part"] == "file"
        asked = len(judge.asked("figures_of"))
        await answered(pilot, screen, "n = 116")
        await pilot.press("a")
        await shows(pilot, "Which file?")
        await pilot.press("enter")
        await until(pilot, lambda: len(judge.asked("figures_of")) > asked, "the same file again")
        assert judge.asked("predict")[-1]["afresh"]


async def test_what_fails_for_the_output_that_a_pane_chose_is_told(own_home: Path) -> None:
    judge = Judge(outputs=("price", "sold"))
    judge.answers["look.judge_predict"] = lambda **_: {
        "done": 116, "rows": 116, "parts": {"test": 116}, "notes": [],
        "choices": [{"name": "price", "kind": "numbers"}, {"name": "sold", "kind": "classes"}],
    }  # fmt: skip
    judge.failure_of["look.judge_confusion"] = UserError("All of it is NaN.")
    async with KerasTui(launcher=judge).run_test(size=WIDE) as pilot:
        await opened(pilot, run_of(own_home, "a05-ionosphere"), "confusion")
        await shows(pilot, "All of it is NaN.")


async def test_what_cannot_be_judged_says_why(own_home: Path) -> None:
    judge = Judge()
    judge.failure_of["look.judge_predict"] = UserError("The data is [gone].", "Fetch it [/now].")
    async with KerasTui(launcher=judge).run_test(size=NARROW) as pilot:
        await opened(pilot, run_of(own_home, "a05-ionosphere"), "confusion")
        await shows(pilot, "The data is [gone].")
        await shows(pilot, "Fetch it [/now].")
        del judge.failure_of["look.judge_predict"]
        await pilot.press("escape", "enter")
        await shows(pilot, "taken for")


async def test_a_model_without_data_says_how_to_give_it(own_home: Path, tmp_path: Path) -> None:
    path = tmp_path / "stranger.keras"
    keras_file(path)
    judge = Judge()
    app = KerasTui(launcher=judge)
    async with app.run_test(size=WIDE) as pilot:
        app.set_current(shipped.experiment("a05-ionosphere"))
        app.opened_model = path
        await pilot.press("I")
        await shows(pilot, "figures ± chance")
        screen = app.screen
        assert isinstance(screen, InspectScreen)
        assert screen.rows.move_to("figures")
        await shows(pilot, "its data is not known")
        await shows(pilot, "current experiment, a05-ionosphere")
        await pilot.press("enter", "t")
        await shows(pilot, "data of a05-ionosphere")
        await shows(pilot, "0.853 – 0.957")
        await until(pilot, lambda: screen.rows.move_to("confusion"), "the other rows")


def test_no_interval_is_told_for_what_has_none() -> None:
    from kerastui.tui.inspect.judge import told_interval

    assert told_interval([None, None]) == ""
    assert told_interval(None) == ""
    assert told_interval([0.1, math.inf]) == "0.1 – ∞"
