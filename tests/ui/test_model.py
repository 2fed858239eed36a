"""The Model screen: the layers as a table and as a diagram, and what is wrong with them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.schema import GraphModel
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.model.add import AddLayer
from kerastui.tui.screens.model.rails import rails
from kerastui.tui.screens.model.screen import ModelScreen
from kerastui.tui.screens.model.words import Place, found, layer_from, split
from kerastui.tui.widgets.diagram import DiagramPanel
from kerastui.tui.widgets.form_edit import Choose, ChooseSeveral
from kerastui.tui.widgets.row_list import RowList

from .fakes import FakeLauncher, summary
from .pilots import HOSTILE, shows, text, until
from .train_screen import make_run

WIDE, NARROW = (120, 40), (80, 24)


async def opened(pilot: Any, name: str = "a05-ionosphere") -> ModelScreen:
    app = pilot.app
    app.set_current(shipped.experiment(name))
    await pilot.press("M")
    await until(pilot, lambda: isinstance(app.screen, ModelScreen), "the Model screen")
    screen: ModelScreen = app.screen
    await until(pilot, lambda: screen.rows.shown, "the layers")
    await pilot.pause()
    return screen


@pytest.mark.parametrize("size", [WIDE, NARROW])
async def test_g_swaps_the_table_for_the_diagram(size: tuple[int, int]) -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=size) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        assert not screen.query_one(DiagramPanel).display
        await pilot.press("g")
        await shows(pilot, "╭─ dense_1 ─")
        await until(
            pilot,
            lambda: any("(10) " in line and " 350 │" in line for line in text(pilot).splitlines()),
            "the first layer",
        )
        await until(pilot, lambda: not screen.rows.has_focus, "the focus on the diagram")
        await pilot.press("g")
        await shows(pilot, "8 relu he_normal")
        await until(pilot, lambda: "╭─ dense_1 ─" not in text(pilot), "no diagram")
        await until(pilot, lambda: screen.rows.has_focus, "the focus on the table")


async def test_where_it_is_narrow_enter_leads_on_and_escape_back() -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=NARROW) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("enter")
        await shows(pilot, "kernel_initializer")
        await pilot.press("g")
        await shows(pilot, "╭─ dense_1 ─")
        await pilot.press("enter")
        await shows(pilot, "kernel_initializer")
        await pilot.press("escape")
        await until(pilot, lambda: screen.rows.has_focus, "the focus on the table")


async def test_the_diagram_is_written_to_files(own_home: Path) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE, notifications=True) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("w")
        path = app.workspace.root / "a05-ionosphere"
        await shows(pilot, "Written")
        assert "dense_1" in path.with_suffix(".svg").read_text("utf-8")
        assert "Dense 8 relu" in path.with_suffix(".txt").read_text("utf-8")


async def test_a_diagram_that_cannot_be_written_says_why(own_home: Path) -> None:
    app = KerasTui(workspace=own_home / "a file" / "workspace", launcher=FakeLauncher())
    (own_home / "a file").write_text("")
    async with app.run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("w")
        await shows(pilot, "The diagram can't be written")


async def test_problems_and_warnings_stay_beside_the_diagram() -> None:
    launcher = FakeLauncher()
    finding = {"level": "warning", "where": "", "sentence": f"Odd {HOSTILE}.", "cure": "Scale."}
    launcher.answers["summary"] = lambda experiment: {**summary(experiment), "findings": [finding]}
    async with KerasTui(launcher=launcher).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: screen.drawn, "the graph")
        await pilot.press("g")
        await shows(pilot, "╭─ dense_1 ─")
        await shows(pilot, f"Odd {HOSTILE}. Scale.")


async def test_without_data_it_says_so_and_what_would_help() -> None:
    launcher = FakeLauncher()

    def refuse(experiment: dict[str, Any]) -> dict[str, Any]:
        raise UserError("The data are gone.", "Look for them.")

    launcher.answers["summary"] = refuse
    app = KerasTui(launcher=launcher)
    async with app.run_test(size=WIDE) as pilot:
        app.set_current(shipped.experiment("a05"))
        await pilot.press("M")
        await shows(pilot, "The data are gone.")
        await pilot.press("up")
        await shows(pilot, "The data are gone. Look for them.")
        await shows(pilot, "! shapes are not known")


@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_without_an_experiment_it_says_where_to_find_one(size: tuple[int, int]) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=size) as pilot:
        await pilot.press("M")
        await shows(pilot, "No experiment yet")
        await until(pilot, lambda: isinstance(app.screen, ModelScreen), "the Model screen")
        assert app.screen.check_action("diagram", ()) is False
        assert app.screen.check_action("enter", ()) is False
        app.set_current(shipped.experiment("a05"))
        await until(pilot, lambda: app.screen.rows.has_focus, "the focus on the layers")
        await until(pilot, lambda: "No experiment yet" not in text(pilot), "the layers")


@pytest.mark.parametrize("size", [WIDE, (80, 24)])
async def test_the_model_of_the_run_that_is_shown_can_be_taken(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=size) as pilot:
        app.show_run(make_run(tmp_path), switch=False)
        await pilot.press("M")
        await shows(pilot, "Enter  take the model of a05-ionosphere, the run that is shown")
        await pilot.press("enter")
        await shows(pilot, "model of a05-ionosphere")
        assert app.current is not None
        assert not app.edits.changed


# --- editing -------------------------------------------------------------------------------


def said(experiment: dict[str, Any]) -> dict[str, Any]:
    """Follow a model in the simplest way: every layer gives its units, or what it receives.

    A `Conv2D` fits nowhere, and Flatten before it is offered as the cure.
    """
    model = experiment["model"]
    graph = model["kind"] == "graph"
    layers = model.get("nodes" if graph else "layers", [])
    begin = f"model.{'nodes' if graph else 'layers'}"
    names = [entry["name"] for entry in model["inputs"]] if graph else ["input"]
    rows: list[dict[str, Any]] = []
    answer = {**summary(experiment), "inputs": {name: [None, 34] for name in names}}
    size, problem = 34, {}
    for place, layer in enumerate(layers):
        where = f"{begin}.{place}"
        if layer.get("disabled"):
            continue
        if layer["type"] == "Conv2D":
            sentence = f"layer {place + 1}, Conv2D: needs rows × columns × channels"
            cured = [*layers[:place], {"type": "Flatten"}, *layers[place + 1 :]]
            cure = {"words": "use Flatten instead", "changes": {begin: cured}}
            problem = {"problem": sentence, "where": where, "findings": [
                {"level": "problem", "where": where, "sentence": sentence, "cure": "",
                 "cures": [cure]}]}  # fmt: skip
            break
        size = layer.get("units", size)
        rows.append({"name": layer.get("name", f"l{place}"), "type": layer["type"], "text": "",
                     "output_shape": [None, size], "parameters": 1000 + size,
                     "trainable": size, "inputs": [], "where": where})  # fmt: skip
    return {**answer, "rows": rows, "parameters": sum(row["parameters"] for row in rows),
            "outputs": [], **problem}  # fmt: skip


def launcher() -> FakeLauncher:
    fake = FakeLauncher()
    fake.answers["summary"] = said
    return fake


def layers(pilot: Any) -> list[str]:
    """The layers of the current experiment: `Dense 10`, with a minus where they are off."""
    model = pilot.app.current.model
    return [
        f"{'-' if layer.disabled else ''}{layer.type} {layer.parameters.get('units', '')}".strip()
        for layer in (model.layers if model.kind == "sequential" else model.nodes)
    ]


async def typed(pilot: Any, words: str) -> None:
    for sign in words:
        await pilot.press("space" if sign == " " else sign)


async def add(pilot: Any, words: str, key: str = "a") -> None:
    """Add a layer as it is typed in one line."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, AddLayer), "the catalogue")
    before = pilot.app.current
    await typed(pilot, words)
    await pilot.press("enter")
    await until(pilot, lambda: pilot.app.current is not before, "the layer")
    await until(pilot, lambda: isinstance(pilot.app.screen, ModelScreen), "the Model screen")
    await pilot.pause()


async def settled(pilot: Any) -> None:
    await until(pilot, lambda: not pilot.app.screen.stale, "an answer")
    await pilot.pause()


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


async def test_a_graph_is_branched_joined_and_wired_by_keys() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        assert screen.check_action("branch", ()) is False
        await pilot.press("G", "home", "down")
        await until(pilot, lambda: screen.graph and screen.place == 0, "the first node")
        await add(pilot, "dense 6", key="b")
        await shows(pilot, "├─● dense_3")
        await shows(pilot, "leads to no output")
        await pilot.press("space", "space")  # this one and the next
        await add(pilot, "concat")
        await shows(pilot, "●─╯ concatenate")
        model = pilot.app.current.model  # type: ignore[attr-defined]
        join = next(node for node in model.nodes if node.type == "Concatenate")
        assert join.inputs == ["dense_3", "dense_1"]
        assert next(node for node in model.nodes if node.name == "dense_2").inputs == [join.name]
        await pilot.press("o")
        await until(
            pilot,
            lambda: pilot.app.current.model.outputs == ["concatenate", "dense_2"],  # type: ignore[attr-defined]
            "both outputs",
        )
        await pilot.press("i")
        await shows(pilot, "add an input")
        await pilot.press("enter")
        await shows(pilot, "○")
        await until(pilot, lambda: len(pilot.app.current.model.inputs) == 2, "the input")  # type: ignore[attr-defined]
        await pilot.press("e", "down", "enter")
        await shows(pilot, "input_2")


async def test_the_inputs_of_a_join_are_chosen_in_the_form() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await pilot.press("G")
        await until(pilot, lambda: screen.graph, "the graph")
        await add(pilot, "add")
        await pilot.press("e")
        await until(pilot, lambda: screen.form.rows.has_focus, "the form")
        await until(pilot, lambda: screen.form.rows.move_to("from"), "the inputs of the node")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChooseSeveral), "the choice")
        await pilot.press("up", "space", "enter")
        await until(
            pilot,
            lambda: pilot.app.current.model.nodes[-1].inputs == ["dense_2", "dense_1"],  # type: ignore[attr-defined]
            "both inputs",
        )


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


async def test_without_data_a_shape_is_assumed() -> None:
    fake = launcher()

    def refuse(experiment: dict[str, Any]) -> dict[str, Any]:
        raise UserError("The data are gone.", "Look for them.")

    fake.answers["summary"] = refuse
    fake.answers["model.shapes"] = lambda experiment, input_shape: (
        {key: value for key, value in said(experiment).items() if key != "data"}
        | {"inputs": {"input": [None, *input_shape]}}
    )
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await shows(pilot, "shapes are not known")
        await pilot.press("up", "e", "enter")
        await typed(pilot, "7x5")
        await pilot.press("enter")
        await shows(pilot, "7×5")
        await shows(pilot, "the shape of the input is assumed")
        await until(pilot, lambda: "fits task" not in text(pilot), "no word about the task")


async def test_without_data_the_substitute_is_one_key_away() -> None:
    fake = launcher()

    def refuse(experiment: dict[str, Any]) -> dict[str, Any]:
        if experiment["data"].get("substitute"):
            return said(experiment)
        raise UserError("No network.")

    fake.answers["summary"] = refuse
    async with KerasTui(launcher=fake).run_test(size=WIDE) as pilot:
        await opened(pilot, "a09-mnist-cnn")
        await shows(pilot, "1 go on with digits in its place")
        await pilot.press("1")
        await until(pilot, lambda: pilot.app.current.data.substitute, "the substitute")  # type: ignore[attr-defined]


async def test_a_wide_terminal_shows_list_and_diagram_together() -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=(170, 40)) as pilot:
        screen = await opened(pilot)
        await shows(pilot, "╭─ dense_1 ─")
        await shows(pilot, "3 Dense")
        await pilot.press("g")
        await until(pilot, lambda: screen.query_one(DiagramPanel).has_focus, "the diagram")
        await pilot.press("g")
        await until(pilot, lambda: screen.rows.has_focus, "the table")


async def test_the_mouse_chooses_a_layer_and_opens_its_form() -> None:
    async with KerasTui(launcher=launcher()).run_test(size=WIDE) as pilot:
        screen = await opened(pilot)
        await pilot.click(RowList, offset=(8, 3))
        await until(pilot, lambda: screen.place == 1, "the layer")
        await pilot.click(RowList, offset=(8, 3))
        await until(pilot, lambda: screen.form.rows.has_focus, "its form")


def test_rails_show_branches_joins_and_what_runs_past() -> None:
    plain = {
        "kind": "graph",
        "inputs": [{"name": "a"}, {"name": "b"}],
        "nodes": [
            {"name": "c", "type": "Dense", "units": 1, "from": ["a"]},
            {"name": "d", "type": "Dense", "units": 1, "from": ["a"]},
            {"name": "e", "type": "Add", "from": ["c", "d", "b"]},
            {"name": "f", "type": "Add", "from": ["e"]},
        ],
        "outputs": ["f"],
    }
    drawn = rails(GraphModel.model_validate(plain))
    assert list(drawn.values()) == ["○", "│ ○", "├─│─●", "● │ │", "●─┴─╯", "●"]


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
