"""Prepare: what is predicted from what, and every step on the way to the network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content

from kerastui.datasets.advice.words import split_words, step_words
from kerastui.datasets.errors import UserError
from kerastui.tui.screens.data import prepare_fields as fields
from kerastui.tui.screens.data import prepare_look as look
from kerastui.tui.screens.data.prepare_dialogs import CHANNEL
from kerastui.tui.screens.data.prepare_edits import STEP, PreparationEdits, row_of
from kerastui.tui.screens.two_pane import ENTER, ESCAPE
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_fields import Field
from kerastui.tui.widgets.key_values import KeyValues, Value
from kerastui.tui.widgets.panel import Panel, ScrollPanel
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment


WITHOUT_COLUMNS = {
    "target": "The data bring it along: each sample has one, and there are no columns to choose "
    "from.",
    "features": "A whole sample is one input: there are no columns to choose from.",
}
"""What there is to say of target and features where the data are no table."""


class PrepareScreen(PreparationEdits):
    """The preparation of the current experiment as a list, the form of one entry, what it does.

    Attributes:
        stale: The preparation was changed since the inspector told what it does.
    """

    SECTION = "data"
    LIST_TITLE = "preparation"
    CSS_PATH = "prepare.tcss"
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
        Binding("space", "switch", "use or not", key_display="Space",
                tooltip="Use the column as a feature, or not"),
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
        self.stale = True
        self._asked: object = None

    def make_list(self) -> RowList:
        return RowList([Column(width=14), Column(), Column(width=11, align="right", least=40)])

    def compose_detail(self) -> ComposeResult:
        with Vertical(classes="pane-detail"):
            with Panel(id="entry"):
                yield Form(self.problem, labels=18)
                yield RowList([Column(width=2), Column(width=20), Column()], id="features")
            with ScrollPanel(title="what it does", id="does"):
                yield KeyValues()

    def on_mount(self) -> None:
        self.rows.focus()

    @property
    def form(self) -> Form:
        """The form of the entry under the cursor."""
        return self.query_one(Form)

    # What is asked

    def experiment_changed(self, experiment: Experiment | None) -> None:
        if experiment is None:
            return
        asked = (experiment.data, experiment.seed)
        if asked != self._asked:
            self._asked, self.stale, self.looked = asked, True, False
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
            found = None
        self.concerns, self.looked = found["concerns"] if found else [], found is not None
        self._show_concerns()

    # What is shown

    def _show(self) -> None:
        if self.kerastui.current is None:
            return
        title = f"preparation of {self.experiment.name}"
        self.query_one(".pane-list", Panel).set_title(title)
        self.rows.set_rows(self._list())
        if self.wanted and self.rows.move_to(self.wanted):
            self.wanted = ""
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
        self._show_does()

    def _list(self) -> list[Row]:
        data = self.experiment.data
        left = len(data.features) or None
        target = self.target()
        columns = self.columns()
        total = sum(1 for name in columns if name not in target)
        used = f"{left} of {total}" if left and columns else "all but the target"
        own = "its own" if self.told.get("records") else "…"
        rows = [
            self._row("target", "target", ", ".join(target) or own),
            self._row("task", "task", data.task),
            self._row("features", "features", used if columns else own),
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
        failed = error is not None and not self.stale and row_of(error["where"]) == key
        mark = Content.styled("✗ ", "$bad") if failed else Content("")
        record = self.record(key)
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
        columns = key == "features" and bool(self.columns())
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
        if key == "target" and self.columns():
            briefs = {name: look.brief(entry) for name, entry in self.columns().items()}
            return fields.target_fields(experiment, briefs, self.target())
        if key == "task":
            return fields.task_fields(experiment)
        if key == "split":
            return fields.split_fields(experiment, int(self.told.get("rows", 0)))
        return []

    def _columns_before(self, number: int) -> Sequence[str]:
        """The columns that a step is given, as far as that is known."""
        record = self.record(f"{STEP}{number}")
        if record is None or len(record["sample"]) < 2:
            return self.features()
        names: list[str] = record["sample"][0]["columns"][:-1]
        return names if names != ["input"] else []

    def _fill_features(self) -> None:
        used, target = set(self.features()), set(self.target())
        rows = []
        for name, entry in self.columns().items():
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
        key, columns = self.rows.key, self.columns()
        rows: list[tuple[str, Value]] = []
        error = self.told.get("error")
        if error is not None and not self.stale and key in (row_of(error["where"]), "ready"):
            rows.append(("", Content.styled(clean(error["message"]), "$bad")))
            rows.append(("", Content.assemble(("→ ", "$primary"), clean(error["hint"]))))
        if key in ("target", "task", "ready"):
            rows = [*look.misfits(self.concerns), *rows]
        number = self.number
        if number is not None:
            model = fields.STEPS[self.experiment.data.steps[number].step]
            if (record := self.record(key)) is None:
                return [*rows, ("", Content.styled(fields.about(model), "$muted"))]
            return [*rows, *look.step(record)]
        if key == "split" and (record := self.record(key)):
            return [*rows, *look.step(record)]
        if key in WITHOUT_COLUMNS and self.told.get("records") and not columns:
            return [*rows, ("", Content.styled(WITHOUT_COLUMNS[key], "$muted"))]
        if key == "features":
            name = self.feature_rows.key
            found = look.column(columns[name]) if name in columns else []
            return [*rows, *([("", Content.styled(clean(name), "bold")), *found] if found else [])]
        if key == "target":
            for name in self.target():
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
