"""Layers are edited on the Model screen: typed, moved, cured, and answered for."""

from __future__ import annotations

import asyncio
from typing import Any

from kerastui.models import shipped
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.model.words import Place, found, layer_from, split
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.row_list import RowList

from .model_screen import NARROW, WIDE, add, launcher, layers, opened, settled, typed
from .pilots import shows, text, until


async def test_a_layer_is_typed_with_its_values_and_its_shape_comes() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await add(pilot, "dense 77 relu")
        assert layers(pilot) == ["Dense 10", "Dense 77", "Dense 8", "Dense 1"]
        await shows(pilot, "1,077")
        await shows(pilot, "2  Dense")  # the cursor is on it, and the form shows it
        await pilot.press("u")
        await until(
            pilot, lambda: layers(pilot) == ["Dense 10", "Dense 8", "Dense 1"], "the layers"
        )
        await pilot.press("U")
        await until(pilot, lambda: layers(pilot)[1] == "Dense 77", "the layers")


async def test_what_a_layer_needs_is_asked_for_with_a_usual_value() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("a")
        await shows(pilot, "receives 10")
        await pilot.press("enter")
        await shows(pilot, "Dense: units")
        await pilot.press("x", "enter")
        await shows(pilot, "must be a whole number")
        await pilot.press("backspace", "6", "enter")
        await until(pilot, lambda: layers(pilot)[1] == "Dense 6", "the layer")


async def test_layers_are_moved_copied_switched_and_removed_by_keys() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=NARROW) as pilot:
        await opened(pilot)
        await pilot.press("shift+down")
        await until(
            pilot, lambda: layers(pilot) == ["Dense 8", "Dense 10", "Dense 1"], "the layers"
        )
        await pilot.press("d")
        await until(
            pilot,
            lambda: layers(pilot) == ["Dense 8", "Dense 10", "Dense 10", "Dense 1"],
            "the layers",
        )
        await pilot.press("x")
        await until(pilot, lambda: layers(pilot)[2] == "-Dense 10", "the layers")
        await shows(pilot, "off")
        await pilot.press("up", "space", "space", "delete")  # marks this and the next
        await until(pilot, lambda: layers(pilot) == ["Dense 8", "Dense 1"], "the layers")
        for _ in range(4):
            await pilot.press("u")
        begin = shipped.experiment("a05-ionosphere")
        await until(pilot, lambda: pilot.app.current == begin, "the beginning")  # type: ignore[attr-defined]


async def test_a_value_is_changed_in_the_form_and_checked_while_typed() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await pilot.press("e", "down", "enter")
        await shows(pilot, "Positive integer")
        await pilot.press("0", "enter")
        await shows(pilot, "at least 1")
        await pilot.press("backspace", "9", "enter")
        await until(pilot, lambda: layers(pilot)[0] == "Dense 9", "the value")
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the focus on the table")
        assert pilot.app.edits.undoable == "units of layer 1, Dense"  # type: ignore[attr-defined]


async def test_the_model_is_trained_from_where_it_is_edited() -> None:
    answering = launcher()
    async with KerasTui(launcher=answering).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, "b13-xor")
        await pilot.press("e", "down", "enter", "backspace", "9", "enter")
        await until(pilot, lambda: layers(pilot)[0] == "Dense 9", "the value")
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the list")
        await pilot.press("r")
        await until(pilot, lambda: answering.ran, "the run")
        assert "units = 9" in (answering.ran[0].path / "experiment.toml").read_text("utf-8")


async def test_a_problem_is_told_where_it_is_and_cured_by_its_number() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await add(pilot, "conv2d 4 3")
        await shows(pilot, "✗ Needs rows × columns × channels")
        await shows(pilot, "1 use Flatten instead")
        # Nothing is known of what comes behind.
        await until(
            pilot,
            lambda: any("3 Dense" in line and "–" in line for line in text(pilot).splitlines()),
            "a layer without a shape",
        )
        assert screen.check_action("cure", (2,)) is False
        await pilot.press("1")
        await until(
            pilot,
            lambda: layers(pilot) == ["Dense 10", "Flatten", "Dense 8", "Dense 1"],
            "the layers",
        )
        await settled(pilot)
        await until(pilot, lambda: "✗" not in text(pilot), "no problem")


async def test_a_cure_is_taken_with_the_mouse() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await add(pilot, "conv2d 4 3")
        await shows(pilot, "1 use Flatten instead")
        await pilot.pause()
        await pilot.click("#findings", offset=(6, 1))
        await until(pilot, lambda: layers(pilot)[1] == "Flatten", "the cure")


async def test_old_figures_stay_until_the_answer_and_keys_are_not_held_up() -> None:
    fake = launcher()
    app = KerasTui(launcher=fake)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await shows(pilot, "1,008")
        gate = asyncio.Event()
        real = fake.request

        async def slow(name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
            await gate.wait()
            return await real(name, channel=channel, **payload)

        fake.request = slow  # type: ignore[method-assign]
        asked = len(fake.requests)
        await pilot.press("d", "d", "d")
        await until(pilot, lambda: layers(pilot).count("Dense 10") == 4, "three copies")
        assert screen.stale
        assert "1,008" in text(pilot)
        gate.set()
        await settled(pilot)
        await shows(pilot, "fits task: binary ✓")
        last = {str(payload) for _, payload in fake.requests[asked:]}
        assert any("'units': 10" in payload for payload in last)
        assert screen.known.experiment is app.current


async def test_an_answer_that_came_while_another_state_was_the_current_one_is_asked_for() -> None:
    fake = launcher()
    app = KerasTui(launcher=fake)
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await settled(pilot)
        gate, real = asyncio.Event(), fake.request

        async def slow(name: str, *, channel: str = "", **payload: Any) -> dict[str, Any]:
            await gate.wait()
            return await real(name, channel=channel, **payload)

        fake.request = slow  # type: ignore[method-assign]
        await pilot.press("d")
        await until(pilot, lambda: screen.stale, "a question")
        asked = app.current
        await pilot.press("D")
        await until(pilot, lambda: app.screen is not screen, "another screen")
        assert asked is not None
        app.edit(asked.changed({"fit.epochs": 9}), "the epochs")
        gate.set()
        await until(pilot, lambda: app.known_summary(asked), "the answer to what is not asked now")
        await until(pilot, lambda: not screen.under_way("summary"), "nobody who waits for it")
        app.undo_edit()
        await pilot.press("M")
        await until(pilot, lambda: app.screen is screen, "the Model screen")
        await settled(pilot)
        assert screen.known.experiment is asked


async def test_names_wrappers_and_refusals() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("shift+up")
        await shows(pilot, "first layer already")
        await pilot.press("n")
        await shows(pilot, "rename")
        await typed(pilot, "hidden")
        await pilot.press("enter")
        await until(
            pilot,
            lambda: pilot.app.current.model.layers[0].name == "hidden",  # type: ignore[attr-defined]
            "the name",
        )
        await pilot.press("f")
        await shows(pilot, "frozen  10 relu")
        await add(pilot, "lstm 5")
        await pilot.press("W")
        await until(pilot, lambda: isinstance(pilot.app.screen, Choose), "the wrappers")
        await pilot.press("enter")
        await shows(pilot, "LSTM 5")
        await until(pilot, lambda: layers(pilot)[1] == "Bidirectional", "the wrapper")


async def test_an_empty_model_says_how_to_begin_and_a_template_fills_it() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await pilot.press("space", "space", "space", "delete")
        await until(pilot, lambda: layers(pilot) == [], "the layers")
        await shows(pilot, "No layer yet")
        await settled(pilot)
        screen.known.summary = {
            **screen.known.summary,
            "data": {"task": "binary", "input_shape": [34], "output_shape": [1],
                     "feature_names": [], "parts": {"train": {"x": [235, 34], "y": [235, 1]}}},
        }  # fmt: skip
        await pilot.press("t")
        await shows(pilot, "what any other model must beat")
        await pilot.press("enter")
        await until(pilot, lambda: layers(pilot) == ["Dense 1"], "the template")
        await pilot.press("u")
        await until(pilot, lambda: layers(pilot) == [], "the layers")


async def test_the_mouse_chooses_a_layer_and_opens_its_form() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await pilot.click(RowList, offset=(8, 3))
        await until(pilot, lambda: screen.place == 1, "the layer")
        await pilot.click(RowList, offset=(8, 3))
        await until(pilot, lambda: screen.form.rows.has_focus, "its form")


def test_a_layer_is_read_from_one_line() -> None:
    def made(line: str) -> tuple[dict[str, Any], str]:
        wanted, values = split(line)
        return layer_from(found(wanted)[0], values)

    assert made("conv2d 32 3x3 relu same")[0] == {
        "type": "Conv2D", "filters": 32, "kernel_size": [3, 3], "activation": "relu",
        "padding": "same",
    }  # fmt: skip
    assert made("bidirectional lstm 64")[0]["layer"] == {"type": "LSTM", "units": 64}
    assert made("lstm 8 return_sequences=true")[0]["return_sequences"] is True
    assert made("reshape (28,28,1)")[0]["target_shape"] == [28, 28, 1]
    assert made("dropout 1.5")[1]
    assert made("flatten 3")[1] == "Flatten has no place for 3."
    assert found(["lstm"])[0].name == "LSTM"
    assert found(["nothing like it"]) == []
    assert found(["averagep"], Place((28, 28, 1)))[0].name == "AveragePooling2D"
    assert found(["averagep"], Place((28, 1)))[0].name == "AveragePooling1D"
