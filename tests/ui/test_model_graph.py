"""A graph on the Model screen: branched, joined, wired, and drawn beside its nodes."""

from __future__ import annotations

from kerastui.models.experiment.schema import GraphModel
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.model.rails import rails
from kerastui.tui.widgets.form_edit import ChooseSeveral

from .model_screen import WIDE, add, launcher, opened
from .pilots import shows, until


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
