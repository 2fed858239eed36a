"""Asking a trained model on the Inspect screen: a form, a drawing, words, rows, a file, a part."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs.store import Run
from kerastui.tui.app import KerasTui
from kerastui.tui.inspect.ask_form import AskForm
from kerastui.tui.inspect.draw import DrawPad
from kerastui.tui.inspect.words_in import AskArea
from kerastui.tui.screens.inspect import InspectScreen
from kerastui.tui.widgets.data_grid import DataGrid

from .fakes import FakeLauncher, finished_run
from .keras_file import keras_file
from .pilots import HOSTILE, paste, shows, text, until

WIDE, NARROW = (120, 40), (80, 24)
CLASSES = {"name": "", "kind": "classes", "names": ["setosa", HOSTILE], "about": "",
           "guessed": False}  # fmt: skip
FIELDS = [
    {"name": "sepal", "kind": "number", "low": 4.3, "high": 7.9, "choices": [],
     "meaning": "Sepal length, cm"},
    {"name": "colour", "kind": "text", "low": None, "high": None, "choices": ["blue", "red"],
     "meaning": ""},
]  # fmt: skip
FORM: dict[str, Any] = {
    "kind": "table", "fields": FIELDS, "count": 2, "outputs": [CLASSES], "shape": [2],
    "parts": {"test": 3, "train": 5}, "dataset": "iris", "words": 0, "drawn": False,
    "centred": False, "top": 255.0, "guessed": False,
}  # fmt: skip
PICTURE = FORM | {"kind": "picture", "fields": [], "count": 0, "shape": [28, 28], "drawn": True,
                  "centred": True}  # fmt: skip
TEXT = FORM | {"kind": "text", "fields": [], "count": 0, "shape": [], "words": 1000}


def launcher(form: dict[str, Any]) -> FakeLauncher:
    """A model that finds everything above 6 to be of the second class."""
    made = FakeLauncher()
    rows: dict[str, list[Any]] = {
        "table": [[5.1, "red"], [6.5, "blue"], [7.0, "red"]],
        "picture": [[[0.0] * 28] * 28] * 3, "text": ["the film"] * 3,
    }  # fmt: skip

    def row(part: str, row: int, **_: Any) -> dict[str, Any]:
        return {"values": rows[form["kind"]][row], "truth": "setosa", "label": f"{part} {row}"}

    def one(values: Any, centre: bool, **_: Any) -> dict[str, Any]:
        outside, words = [], []
        if form["kind"] == "table":
            outside = ["" if 4.3 <= (values[0] or 5) <= 7.9 else "outside", ""]
            share = float((values[0] or 0) > 6)
        elif form["kind"] == "text":
            words = [[word, "unknown" if word == "zx" else "known"] for word in values.split()]
            share = float("good" in values)
        else:
            share = min(1.0, sum(map(sum, values)) / 255 / 40)
        return {"answers": [[1 - share, share]], "outside": outside, "words": words,
                "moved": "moved 3 left" if centre else "", "seconds": 0.01}  # fmt: skip

    def pasted(text: str, **_: Any) -> dict[str, Any]:
        if "?" in text:
            raise UserError("The first row has 1 cell.", "Needed: 2.")
        cells = [line.split(",") for line in text.splitlines()]
        return {"names": ["sepal", "colour"], "rows": [
            {"cells": one, "answers": [[0.25, 0.75]] if len(one) == 2 else None,
             "notes": [] if len(one) == 2 else ["1 cell instead of 2"]} for one in cells
        ]}  # fmt: skip

    made.answers |= {
        "look.predict_form": lambda **_: form, "look.predict_row": row, "look.predict_one": one,
        "look.predict_pasted": pasted,
    }  # fmt: skip
    return made


def with_part(made: FakeLauncher) -> FakeLauncher:
    """Let a part be predicted in three looks."""
    looks = iter([0.3, 0.7])
    table = [[2, "setosa", "setosa", 0.9, "yes"], [0, "setosa", HOSTILE, 0.6, "no"]]
    result = {"rows": 2, "right": 1, "part": "test", "columns": [
        {"name": name, "kind": kind, "signs": 9} for name, kind in (
            ("row", "whole"), ("true", "text"), ("predicted", "text"), ("probability", "number"),
            ("right", "yes/no"))
    ]}  # fmt: skip
    shown = [table]

    def progress() -> dict[str, Any]:
        share = next(looks, None)
        return {"words": "predicting", "share": share or 1.0, "rows": 2,
                "result": None if share else result}  # fmt: skip

    def page(first: int, count: int, columns: list[int]) -> dict[str, Any]:
        some = shown[0][first : first + count]
        return {"ids": list(range(len(some))),
                "cells": [[row[column] for row in some] for column in columns]}  # fmt: skip

    def filtered(expression: str) -> dict[str, Any]:
        if "nonsense" in expression:
            raise UserError("There is no column nonsense.")
        shown[0] = table[1:] if expression else table
        return {"rows": len(shown[0])}

    def sort(columns: list[int], descending: bool) -> dict[str, Any]:
        order = sorted(table, key=lambda row: row[columns[0]], reverse=descending)
        shown[0] = order if columns else table
        return {"rows": 2}

    made.answers |= {
        "look.predict_part": lambda **_: progress(), "look.predict_progress": progress,
        "look.predict_page": page, "look.predict_filter": filtered, "look.predict_sort": sort,
    }  # fmt: skip
    return made


def trained(own_home: Path) -> Run:
    """Write a run with a model."""
    run = finished_run(own_home / "saved", "b13-xor")
    save(shipped.experiment("b13-xor").changed({"study": None}), run.path / "experiment.toml")
    (run.path / "evaluation.json").write_text('{"figures": {}, "predictions": []}')
    keras_file(run.model)
    return run


async def opened(pilot: Pilot[Any], run: Run, key: str) -> InspectScreen:
    """Show a run, go to Inspect, and open a pane."""
    app = pilot.app
    assert isinstance(app, KerasTui)
    app.show_run(run, switch=False)
    await pilot.press("I")
    await until(pilot, lambda: isinstance(app.screen, InspectScreen), "Inspect")
    screen = app.screen
    assert isinstance(screen, InspectScreen)
    await until(pilot, lambda: screen.rows.move_to(key), f"the row {key}")
    await pilot.press("enter")
    return screen


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_every_change_of_the_form_is_predicted(own_home: Path, size: tuple[int, int]) -> None:
    async with KerasTui(launcher=launcher(FORM)).run_test(size=size) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, "truth setosa ✓ right")
        await shows(pilot, "Sepal length, cm")
        form = screen.query_one(AskForm)
        await until(pilot, lambda: form.has_focus, "the form has the focus")
        await pilot.press("6", ".", "5", "enter")
        await until(pilot, lambda: form.values == [6.5, "red"], "the number")
        await shows(pilot, HOSTILE)
        await shows(pilot, "100.0 %")
        await shows(pilot, "changed, so the truth is not known")
        await pilot.press("9", "enter")
        await shows(pilot, "▲ outside: seen 4.3 – 7.9")
        await shows(pilot, "1 value lies outside")
        await pilot.press("left")
        await until(pilot, lambda: form.values[0] == pytest.approx(8.9), "the values")
        await pilot.press("4")
        await until(pilot, lambda: form.typing.text == "4", "what is being typed")
        await pilot.click(form, offset=(3, 2))  # another row, while a number is being typed
        await until(pilot, lambda: form.values == [4.0, "red"], "the number where it was typed")
        await pilot.press("up")
        await pilot.press("down", "right")
        await until(pilot, lambda: form.values[1] == "blue", "the values")
        await pilot.press("x")
        await until(pilot, lambda: form.values == [5.1, "red"], "the row again")
        await pilot.press("n")
        await until(pilot, lambda: form.values == [6.5, "blue"], "the next row")
        await shows(pilot, "✗ wrong")
        await pilot.press("g", "backspace", "2", "enter")
        await until(pilot, lambda: form.values == [7.0, "red"], "row 2")


async def test_wrong_numbers_and_rows_are_refused(own_home: Path) -> None:
    async with KerasTui(launcher=launcher(FORM)).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, "truth setosa")
        form = screen.query_one(AskForm)
        await until(pilot, lambda: form.has_focus, "the form has the focus")
        await pilot.press("1", "e", "minus", "enter")
        await until(pilot, lambda: form.typing.text is None, "the end of typing")
        assert form.values == [5.1, "red"]
        await pilot.press("3", "escape")
        await until(pilot, lambda: form.values == [5.1, "red"], "the values")
        await pilot.press("g", "9", "9", "enter")
        await shows(pilot, "Accepted: test 0 – 2")
        await pilot.press("escape", "escape")
        await until(pilot, lambda: screen.rows.has_focus, "the list")


async def test_a_choice_is_taken_from_a_list(own_home: Path) -> None:
    async with KerasTui(launcher=launcher(FORM)).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, "truth setosa")
        await until(pilot, lambda: screen.query_one(AskForm).has_focus, "the form has the focus")
        await pilot.press("down", "enter")
        await shows(pilot, "choose")
        await pilot.press("up", "enter")
        await until(pilot, lambda: screen.query_one(AskForm).values[1] == "blue", "blue")
        await pilot.press("delete")
        await shows(pilot, "no value")


async def test_a_digit_is_drawn_with_keys_and_mouse(own_home: Path) -> None:
    made = launcher(PICTURE)
    async with KerasTui(launcher=made).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, "truth setosa")
        pad = screen.query_one(DrawPad)
        await until(pilot, lambda: pad.has_focus, "the pad has the focus")
        await pilot.press("space", "right", "right", "right", "down")
        await until(pilot, lambda: tuple(pad.at) == (15, 17), "the brush there")
        drawn = pad.pixels_drawn
        assert (drawn[14, 14:18] == 255).all()
        assert 0 < drawn[13, 15] < 255  # the edge of the brush is soft
        assert drawn[10, 15] == 0
        await shows(pilot, "as MNIST: moved 3 left")
        await pilot.press("m")
        await shows(pilot, "given as it is drawn")
        await pilot.press("delete")
        await until(pilot, lambda: pad.pixels_drawn[15, 17] == 0, "the brush away")
        await pilot.press("x")
        await until(pilot, lambda: not pad.pixels_drawn.any(), "another sheet")
        await pilot.mouse_down(pad, offset=(5, 5))
        await pilot.hover(pad, offset=(12, 5))
        await pilot.mouse_up(pad, offset=(12, 5))

        def across() -> Any:  # also between the two places
            return pad.pixels_drawn[8:10, 4:12].max(axis=0)

        await until(pilot, lambda: (across() > 200).all(), "a line")
        drawn = pad.pixels_drawn.round(2).tolist()

        def asked() -> list[Any]:
            return [one["values"] for name, one in made.requests if name == "look.predict_one"]

        await until(pilot, lambda: asked()[-1] == drawn, "the question about it")


async def test_words_are_marked_while_they_are_typed(own_home: Path) -> None:
    async with KerasTui(launcher=launcher(TEXT)).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, "read as the film")
        area = screen.query_one(AskArea)
        await until(pilot, lambda: area.has_focus, "the text has the focus")
        await pilot.press("f7", "backspace", *"good", "space", *"zx")
        await shows(pilot, "1 unknown: never seen")
        await until(pilot, lambda: "setosa" in text(pilot).partition(HOSTILE)[2], "good")
        await pilot.press("f7", "backspace")
        await shows(pilot, "Write something")
        await pilot.press("escape", "n")
        await shows(pilot, "test 1")
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the list")


async def test_a_long_text_leaves_room_for_the_answer(own_home: Path) -> None:
    async with KerasTui(launcher=launcher(TEXT)).run_test(size=NARROW) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, "read as the film")
        area = screen.query_one(AskArea)
        await until(pilot, lambda: area.has_focus, "the text has the focus")
        area.load_text("the long film " * 120 + "zx good")
        await shows(pilot, "1 unknown: never seen")
        await until(pilot, lambda: "100.0 %" in text(pilot), "the answer is seen")


async def test_rows_are_pasted(own_home: Path) -> None:
    async with KerasTui(launcher=launcher(FORM)).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask rows")
        await shows(pilot, "Paste rows of 2 values")
        area = screen.query_one(AskArea)
        await until(pilot, lambda: area.has_focus, "the rows have the focus")
        # A key that the text takes does nothing else, so the footer doesn't name it.
        await until(pilot, lambda: "search" not in text(pilot).splitlines()[-1], "the footer")
        area.post_message(events.Paste(f"5,red\n{HOSTILE}\n6,blue"))
        await shows(pilot, "1 cell instead of 2")
        assert text(pilot).count("75.0 %") == 2
        await pilot.press("f7", "backspace", "?")
        await shows(pilot, "The first row has 1 cell.")
        await pilot.press("escape", "x")
        await until(pilot, lambda: area.text == "", "an empty area")
        await until(pilot, lambda: "/ search" in text(pilot).splitlines()[-1], "the footer again")


async def test_pictures_can_not_be_pasted(own_home: Path) -> None:
    async with KerasTui(launcher=launcher(PICTURE)).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask rows")
        await shows(pilot, "Pictures can't be pasted")
        await until(
            pilot, lambda: "edit" not in {
                one.binding.action for one in screen.active_bindings.values()
            }, "no key that does nothing",
        )  # fmt: skip


async def test_a_file_is_predicted_with_its_progress(own_home: Path) -> None:
    made = launcher(FORM)
    watched = [False]  # it goes on until that was seen
    asked: list[dict[str, Any]] = []

    def state() -> dict[str, Any]:
        done = {"path": HOSTILE, "rows": 4000, "bad": 3, "outside": 0}
        return {"words": "predicting", "share": 1.0 if watched[0] else 0.5, "rows": 1000,
                "result": done if watched[0] else None}  # fmt: skip

    def start(**payload: Any) -> dict[str, Any]:
        asked.append(payload)
        return state()

    made.answers |= {"look.predict_file": start, "look.predict_progress": state}
    given, target = own_home / "in.csv", own_home / "in-predicted.csv"
    given.write_text("x")
    target.write_text("old")
    async with KerasTui(launcher=made).run_test(size=WIDE) as pilot:
        await opened(pilot, trained(own_home), "ask file")
        await shows(pilot, "columns sepal, colour")
        await pilot.press("a", *"/no/such", "enter")
        await shows(pilot, "There is no file /no/such.")
        await pilot.press(*["backspace"] * 8)
        await paste(pilot, str(given))
        await pilot.press("enter")
        await shows(pilot, "Where to write")
        await pilot.press("enter")
        await shows(pilot, "Replace it")
        await pilot.press("y")
        await shows(pilot, "1,000 rows")
        watched[0] = True
        await shows(pilot, f"4,000 rows in {HOSTILE}")
        await shows(pilot, "3 rows can't be predicted")
        assert (asked[0]["given"], asked[0]["target"]) == (str(given), str(target))


async def test_all_rows_of_a_part_are_sorted_filtered_and_opened(own_home: Path) -> None:
    async with KerasTui(launcher=with_part(launcher(FORM))).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask part")
        await shows(pilot, "1 right · 1 wrong · 50.00%")
        grid = screen.query_one(DataGrid)
        await until(pilot, lambda: grid.has_focus, "the table has the focus")
        await shows(pilot, HOSTILE[:8])
        await pilot.press("m")
        await shows(pilot, "right=no: 1")
        await pilot.press("m")
        await until(pilot, lambda: grid.source is not None and grid.source.rows == 2, "all rows")
        await pilot.press("o")
        await shows(pilot, "row ▲")
        await pilot.press("f", *"nonsense=1", "enter")
        await shows(pilot, "There is no column nonsense.")
        await pilot.press("escape", "down")
        await pilot.press("enter")
        await until(pilot, lambda: screen.rows.key == "ask one", "one input")
        await until(
            pilot, lambda: screen.query_one(AskForm).values == [7.0, "red"], "the row of the part"
        )


async def test_what_can_not_be_asked_says_why(own_home: Path) -> None:
    made = launcher(FORM)

    def fails(**_: Any) -> dict[str, Any]:
        raise UserError(f"The data is gone {HOSTILE}.", "Fetch it.")

    made.answers["look.predict_form"] = fails
    async with KerasTui(launcher=made).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, f"The data is gone {HOSTILE}.")
        await shows(pilot, "Fetch it.")
        for key in ("ask rows", "ask file", "ask part"):
            assert screen.rows.move_to(key)
            await pilot.pause()
            await shows(pilot, "The data is gone")
        await pilot.press("n", "g", "x", "a", "e", "escape")


async def test_more_values_than_can_be_typed_are_left_to_a_file(own_home: Path) -> None:
    async with KerasTui(launcher=launcher(FORM | {"count": 5000})).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, trained(own_home), "ask one")
        await shows(pilot, "5,000 values. So many are not typed.")
        assert screen.rows.move_to("ask file")
        await shows(pilot, "and 4,988 more")
