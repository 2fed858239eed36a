"""What all labs have in common: the head that says what there is to see, the way back, results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.tui.labs import Lab
from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.toast import say


@dataclass(frozen=True)
class Result:
    """A figure of the document beside the one that was just computed.

    Attributes:
        label: What it is.
        published: What the document prints.
        got: What came out here; empty while nobody knows.
        right: Whether they agree; None where the inputs are no longer the document's.
    """

    label: str
    published: str
    got: str
    right: bool | None = None


class LabScreen(SectionScreen):
    """A lab: a head, and below it what the lab composes. Escape leads back.

    A subclass composes itself with `compose_lab`, keeps `results` up to date, and puts the
    document's values back in `action_values`.

    Args:
        lab: Its entry in the registry.

    Attributes:
        COLUMNS: What is composed stands side by side also where it is narrow.
        results: The document's figures beside the computed ones.
    """

    SECTION = "learn"
    CSS_PATH = "labs.tcss"
    COLUMNS = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", key_display="Esc", tooltip="Back to the lessons"),
        Binding("v", "values", "as published", tooltip="Put the document's values back"),
    ]

    def __init__(self, lab: Lab) -> None:
        super().__init__()
        self.lab = lab
        self.results: tuple[Result, ...] = ()

    def compose_body(self) -> ComposeResult:
        yield Static(self._head(), id="lab-head")
        with Container(id="lab", classes="-columns" if self.COLUMNS else ""):
            yield from self.compose_lab()

    def compose_lab(self) -> ComposeResult:
        """Yield what the lab consists of."""
        yield from ()

    def _head(self) -> Content:
        lab = self.lab
        return Content.assemble(
            ("◇ ", "$primary"), (f"{lab.id}  ", "$muted"), (lab.title, "bold"),
            (f"  ·  {lab.source}\n", "$faint"), (lab.teaches, "$muted"),
        )  # fmt: skip

    async def ask(self, question: str, **arguments: Any) -> dict[str, Any]:
        """Ask the process that has Keras; it imports it first where nobody has asked before.

        Raises:
            UserError: It can't be answered.
        """
        return await self.kerastui.launcher.request(f"lab.{question}", **arguments)

    def action_back(self) -> None:
        """Back to the lessons."""
        self.dismiss(None)

    def action_values(self) -> None:
        """Put the document's values back."""

    def tell(self, error: UserError) -> None:
        """Show what could not be done, without taking the screen away."""
        say(self.app, f"{error.message} {error.hint}".strip(), "warning")


def beside(results: Sequence[Result], width: int) -> Content:
    """Return results as a table of `width` cells: what it is, published, computed, verdict."""
    if not results:
        return Content("")
    published = max(9, *(len(result.published) for result in results))
    got = max(4, *(len(result.got) for result in results))
    label = max(len(result.label) for result in results)
    if label + published + got + 7 <= width:
        lines = [
            Content.styled(f"{'':{label}}  {'published':>{published}}  {'here':>{got}}", "$faint")
        ]
        for result in results:
            lines.append(
                Content.assemble(
                    (result.label.ljust(label), "$muted"),
                    f"  {result.published:>{published}}  ",
                    (f"{result.got or '…':>{got}}", "bold"),
                    " ",
                    mark(result),
                )
            )
        return Content("\n").join(lines)
    lines = []
    for result in results:
        lines += [
            Content.styled(result.label, "$muted"),
            Content.assemble(("  published ", "$faint"), result.published),
            Content.assemble(
                ("  here      ", "$faint"), (result.got or "…", "bold"), " ", mark(result)
            ),
        ]
    return Content("\n").join(lines)


def mark(result: Result) -> Content:
    """Return the verdict as a sign: ✓ equal, ≠ not equal, nothing where neither can be said."""
    if result.right is None or not result.got:
        return Content(" ")
    return Content.styled("✓", "$good") if result.right else Content.styled("≠", "$warn")
