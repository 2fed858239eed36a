"""What is known of a preparation and can be changed about it: the screen without its looks."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from textual import on, work

from kerastui.datasets.advice.columns import including, plain_steps, without
from kerastui.datasets.errors import UserError
from kerastui.tui.screens.data import prepare_fields as fields
from kerastui.tui.screens.data.prepare_dialogs import CHANNEL, Concerns
from kerastui.tui.screens.data.prepare_new import start_new, which
from kerastui.tui.screens.two_pane import TwoPaneScreen
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.form_fields import Changes, Option
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

STEP = "step "


class PreparationEdits(TwoPaneScreen):
    """A list of the entries of a preparation, with the actions that change them.

    Attributes:
        told: What the inspector said of the preparation.
        concerns: What may be wrong.
        looked: Whether that is known of the preparation as it is now.
        wanted: The row that the cursor goes to when the list is filled next.
    """

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, Any] = {}
        self.concerns: list[dict[str, Any]] = []
        self.looked = False
        self.wanted = ""

    @property
    def rows(self) -> RowList:
        return self.query_one(".pane-list", Panel).query_one(RowList)

    @property
    def feature_rows(self) -> RowList:
        """The raw columns, which Space switches on and off."""
        return self.query_one("#features", RowList)

    @property
    def experiment(self) -> Experiment:
        """The current experiment; the screen is left where there is none."""
        current = self.kerastui.current
        assert current is not None
        return current

    @property
    def number(self) -> int | None:
        """Number of the step under the cursor, from 0."""
        key = self.rows.key
        number = int(key.removeprefix(STEP)) if key.startswith(STEP) else None
        steps = len(self.experiment.data.steps) if self.kerastui.current else 0
        return number if number is not None and number < steps else None

    def record(self, key: str) -> Mapping[str, Any] | None:
        records: list[dict[str, Any]] = self.told.get("records", [])
        return next((entry for entry in records if row_of(entry["where"]) == key), None)

    def columns(self) -> dict[str, dict[str, Any]]:
        return {entry["name"]: entry for entry in self.told.get("columns", [])}

    def target(self) -> list[str]:
        return self.experiment.data.target or list(self.told.get("target", []))

    def features(self) -> list[str]:
        """The features as they are now, all named."""
        data, target = self.experiment.data, self.target()
        names = self.told.get("names", "")
        others = [name for name in self.columns() if name not in target and name != names]
        return list(data.features) or others

    # Changes

    def problem(self, changes: Changes) -> str:
        try:
            self.experiment.changed(changes)
        except UserError as error:
            return re.sub(r"^In the experiment: (?:[a-z]\S*: )?", "", error.message)
        return ""

    def _edit(self, changes: Changes, told: str) -> None:
        try:
            changed = self.experiment.changed(changes)
        except UserError as error:
            say(self.app, error.message, "error")
            return
        self.kerastui.edit(changed, told)

    @on(Form.Edited)
    def _edited(self, event: Form.Edited) -> None:
        field = event.form.field
        what = field.label if field else "the preparation"
        number = self.number
        if number is not None:
            what = f"{what} of {self.experiment.data.steps[number].step}"
        self._edit(event.changes, what)

    def _steps(self, steps: list[dict[str, Any]], told: str, number: int) -> None:
        # Under a dialog that closes, the list is filled only when the screen is seen again.
        self.wanted, before = f"{STEP}{number}", self.experiment
        self._edit({"data.steps": steps}, told)
        if self.experiment is before:  # equal steps have changed places
            self.rows.move_to(self.wanted)
            self.wanted = ""

    @work(group="add", exclusive=True, exit_on_error=False)
    async def action_add(self) -> None:
        """Add a step below the cursor."""
        options = [Option(name, fields.about(model)) for name, model in fields.STEPS.items()]
        chosen = await self.app.push_screen_wait(Choose("add a step", options, None))
        if chosen is None:
            return
        steps, number = plain_steps(self.experiment.data), self.number
        first = chosen in ("missing", "window")  # usually before all that learns
        place = number + 1 if number is not None else 0 if first else len(steps)
        new = {"step": chosen, **self._usual(chosen)}
        self._steps([*steps[:place], new, *steps[place:]], f"step {chosen}", place)

    def _usual(self, step: str) -> dict[str, Any]:
        """The columns that a new step is usually for, where that is not all of them."""
        steps, features = self.experiment.data.steps, self.features()
        coded = {name for one in steps if one.step in ("one_hot", "ordinal")
                 for name in getattr(one, "columns", ())}  # fmt: skip
        kinds = {name: entry["kind"] for name, entry in self.columns().items()}
        texts = [name for name in features if kinds.get(name) == "text"]
        if step in ("one_hot", "ordinal"):
            open_ = [name for name in texts if name not in coded]
            return {"columns": open_} if open_ else {}
        if step == "scale" and texts:
            return {"columns": [name for name in features if kinds.get(name) == "number"]}
        return {}

    def action_duplicate(self) -> None:
        """The step under the cursor once more, below it."""
        steps, number = plain_steps(self.experiment.data), self.number
        if number is not None:
            again = [*steps[: number + 1], dict(steps[number]), *steps[number + 1 :]]
            self._steps(again, f"step {steps[number]['step']} once more", number + 1)

    def action_remove(self) -> None:
        """Take the step under the cursor out."""
        steps, number = plain_steps(self.experiment.data), self.number
        if number is not None:
            told = f"step {steps[number]['step']} removed"
            self._steps([*steps[:number], *steps[number + 1 :]], told, max(0, number - 1))
            say(self.app, f"{told}; u brings it back.")

    def action_move(self, by: int) -> None:
        """Do the step under the cursor earlier or later."""
        steps, number = plain_steps(self.experiment.data), self.number
        if number is None or not 0 <= number + by < len(steps):
            return
        steps[number], steps[number + by] = steps[number + by], steps[number]
        self._steps(steps, f"step {steps[number + by]['step']} moved", number + by)

    def action_switch(self) -> None:
        """Use the column under the cursor as a feature, or no longer."""
        name, columns, features = self.feature_rows.key, self.columns(), self.features()
        if name not in columns or name in self.target():
            return
        data = self.experiment.data
        if name in features:
            if len(features) == 1:
                say(self.app, "At least one column must be a feature.", "warning")
                return
            self._edit(without(data, features, [name]), f"{name} left out")
            return
        now = [other for other in columns if other in features or other == name]
        self._edit(including(data, now, name, columns[name]["kind"]), f"{name} used")

    @work(group="words", exclusive=True, exit_on_error=False)
    async def action_words(self) -> None:
        """Say what may be wrong, and what would be proposed."""
        try:
            told = await self.kerastui.launcher.request(
                "prepare.start", channel=CHANNEL, data=which(self.experiment),
                target=self.target() or None, task=self.experiment.data.task,
            )  # fmt: skip
            if not self.looked:
                found = await self.kerastui.launcher.request(
                    "prepare.concerns", channel=CHANNEL, experiment=self.experiment.plain()
                )
                self.concerns = found["concerns"]
        except UserError as error:
            self.kerastui.tell_error(error)
            return
        cure = await self.app.push_screen_wait(Concerns(self.concerns, told["reasons"]))
        if cure is not None:
            self._edit(cure["changes"], cure["cure"])
            say(self.app, f"{clean(cure['cure'])}; u takes it back.", title="Mended")

    @work(group="new", exclusive=True, exit_on_error=False)
    async def action_new(self) -> None:
        """Propose a whole experiment for the target and the task that are chosen."""
        current = self.experiment
        await start_new(self.kerastui, which(current), current.data.dataset,
                        current.data.target, current.data.task)  # fmt: skip

    def action_undo(self) -> None:
        self.kerastui.undo_edit()

    def action_redo(self) -> None:
        self.kerastui.redo_edit()

    def action_run(self) -> None:
        """Train the current experiment."""
        self.kerastui.start_run(self.experiment)


def row_of(where: str | int) -> str:
    """The row of the list that a place of the trace belongs to."""
    if isinstance(where, int):
        return f"{STEP}{where}"
    return {"load": "features", "end": "ready"}.get(where, where)
