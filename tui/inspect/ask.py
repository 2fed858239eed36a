"""What the panes share that ask a trained model."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.keeps_focus import KeepsFocus
from kerastui.tui.widgets.measured import Static

CHANNEL = "look"
"""Short questions; long work has a process of its own."""
LONG = "predict"


class AskNote(KeepsFocus, Static, can_focus=True):
    """What is said above a pane; it has the focus while there is nothing else to have it."""


class AskPane(InspectPane):
    """A pane that asks the model.

    Attributes:
        form: What `look.predict_form` says of it; empty until it is known.
        CHANNEL: The process that is asked.
    """

    CHANNEL: ClassVar[str] = CHANNEL
    DEFAULT_CSS = """
    AskPane > .ask-note { height: auto; max-height: 12; color: $muted; }
    AskPane > .ask-body { height: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.form: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        yield AskNote(classes="ask-note")
        yield from self.compose_body()

    def compose_body(self) -> ComposeResult:
        """Yield what is below the note."""
        yield from ()

    def set_found(self, found: Found) -> None:
        super().set_found(found)
        self.form = {}
        self.forget()
        if found.model is None:
            error = found.problems.get("model")
            self.note(error or UserError("There is no model yet.", "It is saved at the end."))
            return
        self.note("loading the model …")
        self._learn(found)

    def forget(self) -> None:
        """Another model is asked: what stood there goes."""

    @work(group="form", exclusive=True, exit_on_error=False)
    async def _learn(self, found: Found) -> None:
        try:
            form = await self.ask("predict_form", **model_of(found))
            await self.prepare(form)
        except UserError as error:
            if found is self.found:
                self.note(error)
            return
        if found is self.found:
            self.form = form
            within = self.has_focus_within  # the note, which takes the focus along
            self.note("")
            self.opened()
            if within:
                self.take_focus()
            self.screen.refresh_bindings()

    async def prepare(self, form: dict[str, Any]) -> None:
        """Make what the form needs before anything can be done with it; raises `UserError`."""

    def opened(self) -> None:
        """The model is known now (`form`)."""

    @property
    def to_focus(self) -> Widget:
        return self.query_one(AskNote) if not self.form else self.asked

    @property
    def asked(self) -> Widget:
        """What is typed into, or looked at, once the model is known."""
        raise NotImplementedError

    async def ask(self, question: str, **payload: Any) -> dict[str, Any]:
        """Ask; raises `UserError`."""
        await self.kerastui.launcher.start()
        return await self.kerastui.launcher.request(
            f"look.{question}", channel=self.CHANNEL, **payload
        )

    def note(self, told: str | UserError | Content) -> None:
        """Say something above the pane; nothing takes no room."""
        note = self.query_one(AskNote)
        if isinstance(told, UserError):
            told = Content.assemble(
                (clean(told.message), "$warn"), "\n" if told.hint else "", clean(told.hint)
            )
        note.display = bool(told)
        note.update(Content(told) if isinstance(told, str) else told)


def model_of(found: Found) -> dict[str, Any]:
    """Return which model a question is about, as plain values."""
    return {
        "path": str(found.path),
        "experiment": found.experiment.plain() if found.experiment else None,
    }
