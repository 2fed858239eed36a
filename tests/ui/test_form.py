"""The form: fields made from Keras' parameters, edited, checked, undone."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot
from textual.widgets import Input, Static

from kerastui.models import shipped
from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Experiment
from kerastui.tui.screens.train.settings import SettingsScreen, sections
from kerastui.tui.themes import OWN_VARIABLES
from kerastui.tui.type_ahead import TypeAheadApp
from kerastui.tui.widgets.form import MORE, Form
from kerastui.tui.widgets.form_edit import Choose, EditValue
from kerastui.tui.widgets.form_fields import Field, editable, part_fields, read, spelled

from .pilots import shows, until


class Host(TypeAheadApp):
    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = experiment
        self.results: list[Experiment | None] = []

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return OWN_VARIABLES

    def on_mount(self) -> None:
        self.push_screen(SettingsScreen(self.experiment), self.results.append)


def a05() -> Experiment:
    return shipped.experiment("a05-ionosphere")


def fields(experiment: Experiment) -> dict[str, Field]:
    return {field.key: field for _, section in sections(experiment) for field in section}


async def go_to(app: Host, pilot: Pilot[None], key: str) -> None:
    """Put the cursor on a field."""
    await settings(app, pilot)
    await until(pilot, lambda: app.screen.query_one(Form).rows.move_to(key), f"a row {key}")
    await pilot.pause()


async def settings(app: Host, pilot: Pilot[None]) -> SettingsScreen:
    """Wait until no question stands over the form."""
    await until(pilot, lambda: isinstance(app.screen, SettingsScreen), "the settings")
    await until(pilot, lambda: app.screen.query(Form), "the form")
    screen = app.screen
    assert isinstance(screen, SettingsScreen)
    return screen


async def fill_in(app: Host, pilot: Pilot[None], value: str) -> None:
    """Answer a question for a value."""
    await until(pilot, lambda: isinstance(app.screen, EditValue), "the question")
    await until(pilot, lambda: app.screen.query(Input), "its line")
    app.screen.query_one(Input).value = value
    await pilot.press("enter")


async def choose(app: Host, pilot: Pilot[None], typed: str) -> None:
    """Choose what is found first for what is typed."""
    await until(pilot, lambda: isinstance(app.screen, Choose), "the choice")
    await until(pilot, lambda: isinstance(app.screen.focused, Input), "its line")
    await pilot.press(*typed)
    line = app.screen.query_one(Input)
    await until(pilot, lambda: line.value == typed, "what was typed")
    await pilot.press("enter")


async def close(app: Host, pilot: Pilot[None]) -> None:
    """Leave the form with what was changed."""
    await settings(app, pilot)
    await pilot.press("escape")
    await until(pilot, lambda: app.results, "the result")


async def test_a_value_is_typed_checked_and_taken() -> None:
    app = Host(a05())
    async with app.run_test(size=(120, 40)) as pilot:
        await go_to(app, pilot, "fit.epochs")
        await pilot.press("enter")
        await fill_in(app, pilot, "0")
        await shows(pilot, "received 0")
        assert isinstance(app.screen, EditValue)
        assert "accepted" in str(app.screen.query_one("#problem", Static).render())
        await fill_in(app, pilot, "25")
        await close(app, pilot)
    assert app.results[0] is not None
    assert app.results[0].fit.epochs == 25
    assert app.results[0].changed({"fit.epochs": 150}) == a05()


async def test_an_optimizer_is_chosen_and_its_rate_set() -> None:
    app = Host(a05())
    async with app.run_test(size=(80, 24)) as pilot:
        await go_to(app, pilot, "compile.optimizer")
        await pilot.press("enter")
        await choose(app, pilot, "sgd")
        await go_to(app, pilot, "compile.optimizer.learning_rate")
        await pilot.press("enter")
        await fill_in(app, pilot, "0.5")
        await close(app, pilot)
    changed = app.results[0]
    assert changed is not None
    assert changed.compile.optimizer.type == "sgd"
    assert changed.compile.optimizer.parameters == {"learning_rate": 0.5}


async def test_callbacks_come_and_go_and_undo_brings_them_back() -> None:
    app = Host(a05())
    async with app.run_test(size=(120, 40)) as pilot:
        await go_to(app, pilot, "callbacks.0")
        await pilot.press("a")
        await choose(app, pilot, "early")
        await go_to(app, pilot, "callbacks.0.patience")
        await pilot.press("enter")
        await fill_in(app, pilot, "7")
        screen = await settings(app, pilot)

        def parameters() -> list[dict[str, Any]]:
            return [callback.parameters for callback in screen.experiment.callbacks]

        await until(pilot, lambda: parameters() == [{"patience": 7}], "the callback")
        await go_to(app, pilot, "callbacks.0")
        await pilot.press("delete")
        await until(pilot, lambda: parameters() == [], "it is gone")
        await pilot.press("u")
        await until(pilot, lambda: parameters() == [{"patience": 7}], "it is back")


async def test_what_an_object_can_not_do_without_is_asked_for() -> None:
    app = Host(a05())
    async with app.run_test(size=(120, 40)) as pilot:
        await go_to(app, pilot, "callbacks.0")
        await pilot.press("a")
        await choose(app, pilot, "modelche")
        await fill_in(app, pilot, "best.keras")
        screen = await settings(app, pilot)
        await until(pilot, lambda: screen.experiment.callbacks, "the callback")
        assert screen.experiment.callbacks[0].parameters == {"filepath": "best.keras"}


async def test_nothing_changed_is_nothing() -> None:
    app = Host(a05())
    async with app.run_test(size=(20, 5)) as pilot:
        await settings(app, pilot)
        await pilot.press("down", "down", "escape")
        await until(pilot, lambda: app.results, "the result")
    assert app.results == [None]


async def test_a_default_that_is_chosen_or_typed_again_stays_a_default() -> None:
    app = Host(a05())
    async with app.run_test(size=(120, 40)) as pilot:
        rows = (await settings(app, pilot)).query_one(Form).rows
        fold = next(r.key for r in rows.shown if r.key.startswith("compile.optimizer…"))
        await go_to(app, pilot, fold)
        await pilot.press("enter")
        for key, dialog in ("amsgrad", Choose), ("beta_1", EditValue):
            path = f"compile.optimizer.{key}"
            await until(pilot, lambda path=path: rows.move_to(path), key)
            await pilot.press("enter")
            await until(pilot, lambda dialog=dialog: isinstance(app.screen, dialog), "the dialog")
            await until(pilot, lambda: app.screen.query(Input), "its line")
            if dialog is EditValue:
                app.screen.query_one(Input).value = "0.9"
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, SettingsScreen), "the form")
        await pilot.press("escape")
        await until(pilot, lambda: app.results, "the end")
    assert app.results == [None]


async def test_parameters_at_their_defaults_are_folded() -> None:
    app = Host(a05())
    async with app.run_test(size=(120, 40)) as pilot:
        form = (await settings(app, pilot)).query_one(Form)
        await until(pilot, lambda: form.rows.shown, "its rows")
        keys = [row.key for row in form.rows.shown]
        assert "compile.optimizer.beta_1" not in keys
        await go_to(app, pilot, next(key for key in keys if key.startswith("compile.optimizer…")))
        await pilot.press("enter")
        await until(
            pilot,
            lambda: "compile.optimizer.beta_1" in [row.key for row in form.rows.shown],
            "the parameters",
        )


async def test_what_is_folded_stands_below_the_object_it_belongs_to() -> None:
    rate = {"type": "CosineDecay", "initial_learning_rate": 0.01, "decay_steps": 100}
    app = Host(a05().changed({"compile.optimizer.learning_rate": rate}))
    async with app.run_test(size=(120, 40)) as pilot:
        form = (await settings(app, pilot)).query_one(Form)
        await until(pilot, lambda: form.rows.shown, "its rows")
        folded = [row.key for row in form.rows.shown if row.key.endswith(MORE)]
        rate_key = f"compile.optimizer.learning_rate{MORE}"
        assert folded.index(rate_key) < folded.index(f"compile.optimizer{MORE}")


@pytest.mark.parametrize("name", [entry.name for entry in shipped.index()])
def test_every_example_has_fields_whose_values_can_be_put_back(name: str) -> None:
    experiment = shipped.experiment(name)
    for field in fields(experiment).values():
        if field.adds:
            continue
        value = field.value
        if value is not None and field.key != "compile.loss":
            assert experiment.changed(field.change(value)) == experiment, field.key


def test_a_parameter_taken_away_is_at_its_default() -> None:
    experiment = a05().changed({"compile.optimizer": {"type": "SGD", "momentum": 0.9}})
    field = fields(experiment)["compile.optimizer.momentum"]
    assert field.is_set
    assert experiment.changed(field.change(None)).compile.optimizer.parameters == {}


def test_truth_is_offered_shown_and_explained_in_the_same_words() -> None:
    table = {"type": "Dense", "units": 3}
    found = {one.label: one for one in part_fields("layers", table, "layer", "layer", lambda _: {})}
    assert found["use_bias"].accepts == "yes or no"
    assert [option.value for option in found["use_bias"].options] == ["yes", "no"]


def test_another_optimizer_keeps_what_both_have() -> None:
    table = {"type": "SGD", "learning_rate": 0.1, "momentum": 0.9}
    experiment = a05().changed({"compile.optimizer": table})
    changes = fields(experiment)["compile.optimizer"].change("adam")
    assert experiment.changed(changes).compile.optimizer.parameters == {"learning_rate": 0.1}


@pytest.mark.parametrize("kind", ["optimizers", "losses", "metrics", "activations", "callbacks"])
def test_names_are_spelled_as_keras_finds_them(kind: str) -> None:
    for entry in catalogue.entries(kind):
        assert catalogue.find(kind, spelled(entry)).name == entry.name


plain = st.one_of(
    st.booleans(), st.integers(-10**9, 10**9),
    st.floats(allow_nan=False, allow_infinity=False), st.lists(st.integers(), max_size=4),
    st.lists(st.text("ab[\\\"'", max_size=4), max_size=3),
    st.dictionaries(st.sampled_from(["type", "rate"]), st.integers(), min_size=1),
)  # fmt: skip


@given(plain)
def test_what_is_typed_is_what_is_read(value: Any) -> None:
    assert read(editable(value)) == value


@given(st.text(max_size=30))
def test_any_text_can_be_read(text: str) -> None:
    assert read(text) is None or isinstance(read(text), str | int | float | list | dict)


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), ("none", None), ("yes", True), ("1e-3", 0.001), ("val_loss", "val_loss"),
     ("[1, 2]", [1, 2]), (".5", 0.5), ("a = 1\nb = 2", "a = 1\nb = 2"), ("12:30:00", "12:30:00")],
)  # fmt: skip
def test_texts_stand_for_values(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("layer", "parameter", "text", "value"),
    [
        ("VGG16", "frozen", "block1, block2", ["block1", "block2"]),
        ("VGG16", "frozen", "block1", ["block1"]),
        ("VGG16", "frozen", '["block1"]', ["block1"]),
        ("Conv2D", "kernel_size", "3, 5", [3, 5]),
        ("Conv2D", "kernel_size", "3", 3),
    ],
)
def test_commas_make_a_list(layer: str, parameter: str, text: str, value: Any) -> None:
    table = (
        {"type": layer, "filters": 8, "kernel_size": 3} if layer == "Conv2D" else {"type": layer}
    )
    made = part_fields("layers", table, "layer", "layer", lambda new: {"layer": new})
    field = next(field for field in made if field.label == parameter)
    assert field.change(read(text))["layer"][parameter] == value
