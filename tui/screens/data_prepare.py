"""Prepare: what is predicted from what, and every step on the way to the network."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from kerastui.datasets.advice_columns import including, plain_steps, without
from kerastui.datasets.advice_words import split_words, step_words
from kerastui.datasets.errors import UserError
from kerastui.tui.screens import data_prepare_fields as fields
from kerastui.tui.screens import data_prepare_look as look
from kerastui.tui.screens.data_prepare_dialogs import CHANNEL, Concerns, Proposed
from kerastui.tui.screens.two_pane import ENTER, ESCAPE, TwoPaneScreen
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.form_fields import Changes, Field, Option
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import Panel, ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.spec import Task
    from kerastui.models.experiment import Experiment
    from kerastui.tui.app import KerasTui

STEP = "step "
QUESTION = ("target", "task", "features", "split")


class PrepareScreen(TwoPaneScreen):
    """The preparation of the current experiment as a list, the form of one entry, what it does.

    Attributes:
        told: What the inspector said of the preparation; of an earlier one while `stale`.
        stale: The preparation was changed since.
        concerns: What may be wrong.
    """

    SECTION = "data"
    LIST_TITLE = "preparation"
    CSS_PATH = "data_prepare.tcss"
    HELP = """What is done to the data of the current experiment before training. On top what is \
predicted from what, and which rows test; below every step, in order. At the right the form of the \
entry under the cursor, and what it does to the shapes and to a few rows. Steps that learn (means, \
ranges, categories) learn from the rows that train, and from no others. w says what may be wrong, \
with cures, and what would be proposed."""
    BINDINGS: ClassVar[list[BindingType]] = [
        ESCAPE,
        ENTER,
        Binding("e", "enter", "edit", show=False, tooltip="Edit the entry under the cursor"),
        Binding("a", "add", "add a step", tooltip="Add a step below the cursor"),
        Binding("w", "words", "in words", tooltip="What may be wrong, with cures, and what would "
                "be proposed"),
        Binding("space", "switch", "use or not", tooltip="Use the column as a feature, or not"),
        Binding("d", "duplicate", "duplicate", show=False, tooltip="The step once more"),
        Binding("delete,backspace", "remove", "remove", key_display="Del",
                tooltip="Take the step out; u brings it back"),
        Binding("left_square_bracket,shift+up", "move(-1)", "move", key_display="[ ]",
                tooltip="Do the step earlier"),
        Binding("right_square_bracket,shift+down", "move(1)", "later", show=False,
                tooltip="Do the step later"),
        Binding("u", "undo", "undo", tooltip="Take the last change back"),
        Binding("U", "redo", "redo", show=False, tooltip="Do again what was taken back"),
        Binding("n", "new", "new experiment", tooltip="Propose a whole experiment for this target "
                "and task"),
        Binding("r", "run", "run", tooltip="Train the current experiment"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.told: dict[str, Any] = {}
        self.stale = True
        self.concerns: list[dict[str, Any]] = []
        self._asked: object = None
        self._wanted = ""

    def make_list(self) -> RowList:
        return RowList([Column(width=14), Column(), Column(width=11, align="right", least=40)])

    def compose_detail(self) -> ComposeResult:
        with Vertical(classes="pane-detail"):
            with Panel(id="entry"):
                yield Form(self._check, labels=18)
                yield RowList([Column(width=2), Column(width=20), Column()], id="features")
            with ScrollPanel(title="what it does", id="does"):
                yield KeyValues()

    def on_mount(self) -> None:
        self.rows.focus()

    @property
    def rows(self) -> RowList:
        return self.query_one(".pane-list", Panel).query_one(RowList)

    @property
    def feature_rows(self) -> RowList:
        """The raw columns, which Space switches on and off."""
        return self.query_one("#features", RowList)

    @property
    def form(self) -> Form:
        """The form of the entry under the cursor."""
        return self.query_one(Form)

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

    # What is asked

    def experiment_changed(self, experiment: Experiment | None) -> None:
        if experiment is None:
            return
        asked = (experiment.data, experiment.seed)
        if asked != self._asked:
            self._asked, self.stale = asked, True
            self._trace(experiment)
        self._show()

    @work(group="trace", exclusive=True, exit_on_error=False)
    async def _trace(self, experiment: Experiment) -> None:
        """Ask what the preparation does; then, without haste, what may be wrong."""
        plain = experiment.plain()
        launcher = self.kerastui.launcher
        try:
            told = await launcher.request("prepare.trace", channel=CHANNEL, experiment=plain)
        except UserError as error:
            told = {"records": [], "ready": None, "columns": self.told.get("columns", []),
                    "error": {"message": error.message, "hint": error.hint,
                              "where": "load"}}  # fmt: skip
        self.told, self.stale = told, False
        self._show()
        try:
            found = await launcher.request("prepare.concerns", channel=CHANNEL, experiment=plain)
        except UserError:
            found = {"concerns": []}
        self.concerns = found["concerns"]
        self._show_concerns()

    # What is shown

    def _show(self) -> None:
        if self.kerastui.current is None:
            return
        title = f"preparation of {self.experiment.name}"
        self.query_one(".pane-list", Panel).set_title(title)
        self.rows.set_rows(self._list())
        if self._wanted and self.rows.move_to(self._wanted):
            self._wanted = ""
        self.set_class(self.stale, "-stale")
        self._show_concerns()
        self._show_entry()

    def _show_concerns(self) -> None:
        grave = sum(entry["level"] != "note" for entry in self.concerns)
        count = len(self.concerns)
        note = f"w  {count} thing{'s' * (count != 1)} to know" if count else ""
        if grave:
            note = f"w  {grave} warning{'s' * (grave != 1)}"
        panel = self.query_one(".pane-list", Panel)
        panel.set_title(f"preparation of {self.experiment.name}", note)
        panel.set_class(bool(grave), "-warned")

    def _list(self) -> list[Row]:
        data = self.experiment.data
        left = len(data.features) or None
        target = self._target()
        columns = self._columns()
        total = sum(1 for name in columns if name not in target)
        used = f"{left} of {total}" if left and columns else "all but the target"
        rows = [
            self._row("target", "target", ", ".join(target) or "its own"),
            self._row("task", "task", data.task),
            self._row("features", "features", used if columns else "its own"),
            self._row("split", "split", split_words(data.split)),
            Row("steps", (Content.styled("steps", "bold"),), group=True),
        ]
        for number, step in enumerate(data.steps):
            label = f"{number + 1} {step.step}"
            rows.append(self._row(f"{STEP}{number}", label, step_words(step)))
        rows.append(Row("add", (Content.styled("+ add a step", "$primary"),), level=1))
        rows.append(self._row("ready", "→ network", self._network()))
        return rows

    def _row(self, key: str, label: str, text: str) -> Row:
        error = self.told.get("error")
        failed = error is not None and not self.stale and _key(error["where"]) == key
        mark = Content.styled("✗ ", "$bad") if failed else Content("")
        record = self._record(key)
        shape = ""
        if record is not None:
            after = record["after"].get("train") or record["after"].get("all") or {}
            shape = words.shape(after.get("x", ()))
        elif error is not None and key.startswith((STEP, "split")) and not failed:
            shape = "not reached"
        return Row(
            key,
            (
                Content.assemble(mark, label),
                Content.styled(clean(text), "$muted"),
                Content.styled(shape, "$faint" if self.stale or record is None else ""),
            ),
            level=int(key.startswith(STEP)),
            found=f"{label} {text}",
        )

    def _network(self) -> str:
        ready = self.told.get("ready")
        if ready is None:
            return "cannot be trained yet" if self.told.get("error") else "preparing …"
        parts = " · ".join(f"{count:,} {part}" for part, count in ready["parts"].items())
        return (
            f"{words.shape(ready['input_shape'])} → {words.shape(ready['output_shape'])}, {parts}"
        )

    def _record(self, key: str) -> Mapping[str, Any] | None:
        records: list[dict[str, Any]] = self.told.get("records", [])
        return next((entry for entry in records if _key(entry["where"]) == key), None)

    def _columns(self) -> dict[str, dict[str, Any]]:
        return {entry["name"]: entry for entry in self.told.get("columns", [])}

    def _target(self) -> list[str]:
        return self.experiment.data.target or list(self.told.get("target", []))

    def _features(self) -> list[str]:
        """The features as they are now, all named."""
        data, target = self.experiment.data, self._target()
        names = self.told.get("names", "")
        others = [name for name in self._columns() if name not in target and name != names]
        return list(data.features) or others

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        if event.rows is self.rows:
            self._show_entry()
        elif event.rows is self.feature_rows:
            self._show_does()
        self.refresh_bindings()

    def _show_entry(self) -> None:
        key = self.rows.key
        if self.kerastui.current is None:
            return
        entry = self.query_one("#entry", Panel)
        columns = key == "features" and bool(self._columns())
        sections = self._form_of(key)
        entry.display = bool(columns or sections)
        self.form.display, self.feature_rows.display = not columns, columns
        if columns:
            self._fill_features()
        else:
            self.form.show([("", sections)])
        entry.set_title(self._title(key))
        self._show_does()

    def _title(self, key: str) -> str:
        number = self.number
        if number is None:
            return key
        return f"{number + 1}  {self.experiment.data.steps[number].step}"

    def _form_of(self, key: str) -> list[Field]:
        experiment, number = self.experiment, self.number
        if number is not None:
            return fields.step_fields(experiment, number, self._columns_before(number))
        if key == "target" and self._columns():
            briefs = {name: look.brief(entry) for name, entry in self._columns().items()}
            return fields.target_fields(experiment, briefs, self._target())
        if key == "task":
            return fields.task_fields(experiment)
        if key == "split":
            return fields.split_fields(experiment, int(self.told.get("rows", 0)))
        return []

    def _columns_before(self, number: int) -> Sequence[str]:
        """The columns that a step is given, as far as that is known."""
        record = self._record(f"{STEP}{number}")
        if record is None or len(record["sample"]) < 2:
            return self._features()
        names: list[str] = record["sample"][0]["columns"][:-1]
        return names if names != ["input"] else []

    def _fill_features(self) -> None:
        used, target = set(self._features()), set(self._target())
        rows = []
        for name, entry in self._columns().items():
            mark = Content.styled("✓", "$good") if name in used else Content.styled("·", "$muted")
            note = look.brief(entry)
            if name in target:
                mark, note = Content.styled("→", "$primary"), f"the target · {note}"
            style = "" if name in used else "$muted"
            rows.append(Row(name, (mark, Content.styled(clean(name), style),
                                   Content.styled(note, "$muted"))))  # fmt: skip
        self.feature_rows.set_rows(rows)

    def _show_does(self) -> None:
        self.query_one("#does KeyValues", KeyValues).show(self._does())

    def _does(self) -> list[tuple[str, Value]]:
        key, columns = self.rows.key, self._columns()
        rows: list[tuple[str, Value]] = []
        error = self.told.get("error")
        if error is not None and not self.stale and key in (_key(error["where"]), "ready"):
            rows.append(("", Content.styled(clean(error["message"]), "$bad")))
            rows.append(("", Content.assemble(("→ ", "$primary"), clean(error["hint"]))))
        number = self.number
        if number is not None:
            model = fields.STEPS[self.experiment.data.steps[number].step]
            if (record := self._record(key)) is None:
                return [*rows, ("", Content.styled(fields.about(model), "$muted"))]
            return [*rows, *look.step(record)]
        if key == "split" and (record := self._record(key)):
            return [*rows, *look.step(record)]
        if key == "features":
            name = self.feature_rows.key
            found = look.column(columns[name]) if name in columns else []
            return [*rows, *([("", Content.styled(clean(name), "bold")), *found] if found else [])]
        if key == "target":
            for name in self._target():
                if name in columns:
                    rows += [("", Content.styled(clean(name), "bold")), *look.column(columns[name])]
            return rows
        if key == "task":
            return [*rows, ("", f"{fields.TASKS[self.experiment.data.task]}.".capitalize())]
        if key == "add":
            told = [f"{name}  {fields.about(model)}" for name, model in fields.STEPS.items()]
            return [("", "\n".join(told))]
        return [*rows, *self._ready()]

    def _ready(self) -> list[tuple[str, Value]]:
        ready = self.told.get("ready")
        if ready is None:
            return []
        parts = "\n".join(f"{count:>9,}  {part}" for part, count in ready["parts"].items())
        rows: list[tuple[str, Value]] = [
            ("One input", words.shape(ready["input_shape"])),
            ("One output", words.shape(ready["output_shape"])),
            ("Rows", parts),
        ]
        if ready["features"]:
            rows.append(("Inputs", ", ".join(map(clean, ready["features"][:40]))))
        if ready["classes"]:
            rows.append(("Classes", ", ".join(map(clean, ready["classes"]))))
        after = Content.assemble(("M", "$primary"), " the model that takes them   ",
                                 ("r", "$primary"), " train it")  # fmt: skip
        return [*rows, ("", after)]

    # Changes

    def _check(self, changes: Changes) -> str:
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
        self._wanted, before = f"{STEP}{number}", self.experiment
        self._edit({"data.steps": steps}, told)
        if self.experiment is before:  # equal steps have changed places
            self.rows.move_to(self._wanted)
            self._wanted = ""

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
        steps, features = self.experiment.data.steps, self._features()
        coded = {name for one in steps if one.step in ("one_hot", "ordinal")
                 for name in getattr(one, "columns", ())}  # fmt: skip
        kinds = {name: entry["kind"] for name, entry in self._columns().items()}
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
        name, columns, features = self.feature_rows.key, self._columns(), self._features()
        if name not in columns or name in self._target():
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
                target=self._target() or None, task=self.experiment.data.task,
            )  # fmt: skip
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

    # Moving about

    def action_enter(self) -> None:
        """Edit what the cursor is on."""
        if self.rows.key == "add":
            self.action_add()
        elif self.rows.on_group:
            self.rows.action_open()
        else:
            self.go_to_detail()

    @on(RowList.Opened)
    def _feature_opened(self, event: RowList.Opened) -> None:
        if event.rows is self.feature_rows:
            event.stop()
            event.prevent_default()
            self.action_switch()

    def go_to_detail(self) -> None:
        """Put the focus into the form, or where there is none on what the entry does."""
        self.add_class("-detail")
        if self.feature_rows.display and self.query_one("#entry").display:
            self.feature_rows.focus()
        elif self.query_one("#entry").display:
            self.form.rows.focus()
        else:
            self.query_one(ScrollPanel).focus()
        self.refresh_bindings()

    def action_back(self) -> None:
        """Back to the list; then to the data."""
        if self.in_detail or self.detail.has_focus_within:
            super().action_back()
        else:
            self.app.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or self.kerastui.current is None:
            return action == "back"
        if action == "back":
            return True
        if action == "switch":
            return self.feature_rows.has_focus
        if action in ("remove", "duplicate"):
            return self.number is not None and not self.detail.has_focus_within
        if action == "move":
            return self.number is not None
        if action in ("undo", "redo"):
            edits = self.kerastui.edits
            return True if (edits.undoable if action == "undo" else edits.redoable) else None
        return True


def _key(where: str | int) -> str:
    """The row of the list that a place of the trace belongs to."""
    if isinstance(where, int):
        return f"{STEP}{where}"
    return {"load": "features", "end": "ready"}.get(where, where)


def which(experiment: Experiment) -> dict[str, Any]:
    """Which data an experiment has, without what is done to them."""
    chosen = {"dataset", "file", "parameters", "substitute"}
    return experiment.data.model_dump(mode="json", include=chosen, exclude_defaults=True)


async def start_new(
    app: KerasTui, data: Mapping[str, Any], title: str, target: Sequence[str] = (),
    task: Task | None = None,
) -> bool:  # fmt: skip
    """Show what is proposed for data, and make it the current experiment if it is taken.

    Args:
        app: The app; to be awaited in a worker.
        data: Which data: `dataset`, and `file` or `parameters` where it has such.
        title: What the data are called.
        target: What is to be predicted, where that is settled.
        task: The task, where that is settled.

    Returns:
        Whether there is a new current experiment.
    """
    from kerastui.models.experiment_file import parse

    plain = await app.push_screen_wait(Proposed(data, title, target, task))
    if plain is None:
        return False
    app.set_current(parse(plain), new=True)
    say(app, "Everything can be changed: D data, M model. T trains it.", title="A new experiment")
    return True


async def begin(app: KerasTui, card: Card, *, new: bool) -> None:
    """Open the preparation of a data set; with `new` of a new experiment, if one is wanted.

    Args:
        app: The app; to be awaited in a worker.
        card: The data set.
        new: Propose a new experiment first.
    """
    if new:
        data: dict[str, Any] = {"dataset": card.name}
        if card.recipe is not None:
            data["file"] = card.recipe.model_dump(mode="json", exclude_defaults=True)
        if not await start_new(app, data, card.name):
            return
    await app.push_screen(PrepareScreen())
