"""The settings of training: schedules, several outputs, class weights, undo through the app."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from kerastui.models import shipped
from kerastui.models.catalogue import catalogue, check
from kerastui.models.experiment.schema import Experiment
from kerastui.tui.screens.train.settings import SettingsScreen, sections
from kerastui.tui.themes import OWN_VARIABLES
from kerastui.tui.type_ahead import TypeAheadApp
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_edit import Choose, EditValue
from kerastui.tui.widgets.form_fields import Field

from .pilots import until


class Host(TypeAheadApp):
    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = experiment

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return OWN_VARIABLES

    def on_mount(self) -> None:
        self.push_screen(SettingsScreen(self.experiment))


def a05() -> Experiment:
    return shipped.experiment("a05-ionosphere")


def two_outputs() -> Experiment:
    nodes: list[dict[str, Any]] = [
        {"name": name, "type": "Dense", "units": 1, "from": ["i"]} for name in ("price", "sold")
    ]
    model = {"kind": "graph", "inputs": [{"name": "i"}], "nodes": nodes,
             "outputs": ["price", "sold"]}  # fmt: skip
    return a05().changed({"model": model})


def fields(experiment: Experiment) -> dict[str, Field]:
    return {field.key: field for _, section in sections(experiment) for field in section}


def changed(experiment: Experiment, key: str, value: Any) -> Experiment:
    return experiment.changed(fields(experiment)[key].change(value))


async def settled(pilot: Pilot[None]) -> SettingsScreen:
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, SettingsScreen), "the settings")
    await until(pilot, lambda: app.screen.query_one(Form).rows.shown, "the form")
    await pilot.pause()
    return next(one for one in app.screen_stack if isinstance(one, SettingsScreen))


async def fill_in(pilot: Pilot[None], *values: str) -> None:
    """Answer the questions for values that follow each other."""
    before: object = None
    for value in values:
        await until(
            pilot,
            lambda b=before: pilot.app.screen is not b and isinstance(pilot.app.screen, EditValue),
            f"the question for {value}",
        )
        before = pilot.app.screen
        await until(pilot, lambda: pilot.app.screen.query(Input), "its line")
        pilot.app.screen.query_one(Input).value = value
        await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, SettingsScreen), "the settings")


async def test_the_learning_rate_can_follow_a_schedule_and_be_a_number_again() -> None:
    app = Host(a05())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        assert screen.query_one(Form).rows.move_to("compile.optimizer.schedule")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the choice")
        await until(pilot, lambda: isinstance(app.screen.focused, Input), "its line")
        await pilot.press(*"exponential", "enter")
        await fill_in(pilot, "0.1", "100", "0.9")
        schedule = {"type": "ExponentialDecay", "initial_learning_rate": 0.1,
                    "decay_steps": 100, "decay_rate": 0.9}  # fmt: skip
        optimizer = lambda: screen.experiment.compile.optimizer.parameters  # noqa: E731
        await until(pilot, lambda: optimizer() == {"learning_rate": schedule}, "the schedule")
        keys = fields(screen.experiment)
        assert "compile.optimizer.schedule" not in keys
        assert keys["compile.optimizer.learning_rate.decay_steps"].value == 100
        assert screen.query_one(Form).rows.move_to("compile.optimizer.learning_rate")
        await pilot.press("delete")
        await until(pilot, lambda: optimizer() == {}, "no schedule")
        await pilot.press("u", "u")
        await until(pilot, lambda: screen.experiment == a05(), "the beginning")
        await pilot.press("U")
        await until(pilot, lambda: screen.experiment != a05(), "the change again")


async def test_a_schedule_by_epochs_is_asked_for_piece_by_piece() -> None:
    app = Host(a05())
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await settled(pilot)
        assert screen.query_one(Form).rows.move_to("callbacks.0")
        await pilot.press("a")
        await until(pilot, lambda: isinstance(app.screen, Choose), "the callbacks")
        await until(pilot, lambda: isinstance(app.screen.focused, Input), "its line")
        callbacks = app.screen
        await pilot.press(*"learningrate", "enter")
        await until(
            pilot,
            lambda: app.screen is not callbacks and isinstance(app.screen, Choose),
            "the schedules",
        )
        await until(pilot, lambda: isinstance(app.screen.focused, Input), "its line")
        await pilot.press(*"inverse", "enter")
        await fill_in(pilot, "0.1", "5", "0.5")
        await until(pilot, lambda: screen.experiment.callbacks, "the callback")
        (callback,) = screen.experiment.callbacks
        assert callback.type == "LearningRateScheduler"
        assert callback.parameters["schedule"]["type"] == "InverseTimeDecay"


def test_each_output_has_a_loss_a_weight_and_metrics() -> None:
    start = two_outputs()
    both = changed(start, "compile.loss.price", "mse")
    assert both.compile.loss_of("price").type == "mse"  # type: ignore[union-attr]
    assert both.compile.loss_of("sold").type == "binary_crossentropy"  # type: ignore[union-attr]
    weighed = changed(both, "compile.loss_weights.price", 0.5)
    assert weighed.compile.loss_weights == {"price": 0.5, "sold": 1.0}
    assert changed(weighed, "compile.loss_weights.price", None).compile.loss_weights is None
    count = len(start.compile.metrics_of("price"))
    measured = changed(weighed, f"compile.metrics.price.{count}", "mae")
    assert [part.type for part in measured.compile.metrics_of("price")][-1] == "mae"
    assert measured.compile.metrics_of("sold") == start.compile.metrics_of("sold")


def test_one_output_has_one_loss() -> None:
    keys = fields(a05())
    assert "compile.loss" in keys
    assert not any(key.startswith("compile.loss_weights") for key in keys)


def test_classes_are_weighed_by_a_word_or_a_table() -> None:
    balanced = changed(a05(), "fit.class_weight", "balanced")
    assert balanced.fit.class_weight == "balanced"
    given = changed(balanced, "fit.class_weight", {"0": 1, "1": 2.5})
    assert given.fit.class_weight == {0: 1.0, 1: 2.5}
    assert changed(given, "fit.class_weight", None) == a05()


@pytest.mark.parametrize("kind", ["optimizers", "losses", "metrics", "callbacks", "schedules"])
def test_every_parameter_of_every_object_has_a_line_that_says_what_it_takes(kind: str) -> None:
    """A form is all there is: no parameter may be out of reach or without a word on it."""
    for entry in catalogue.entries(kind):
        for parameter in entry.parameters:
            words = check.describe(parameter)
            assert words, f"{entry.name}.{parameter.name}"
