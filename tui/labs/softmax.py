"""b04: softmax step by step."""

from __future__ import annotations

import math
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content

from kerastui.models.labs import softmax as maths
from kerastui.tui.labs import Lab
from kerastui.tui.labs.base import LabScreen, Result, beside
from kerastui.tui.labs.number_grid import GridColumn, NumberGrid
from kerastui.tui.widgets.line_view import LineView, bar
from kerastui.tui.widgets.panel import Panel

MOST_NEURONS = 6
EXACT = 4e-16
"""How far, as a part of it, a figure may lie from the printed one: its last digit."""


class SoftmaxScreen(LabScreen):
    """Logits that can be typed over, and every step from them to probabilities."""

    HELP = """Softmax in three steps. Type over the outputs of the neurons; + and _ change one by \
0.1. Adding the same number to all of them changes no probability: try it."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "add", "add a neuron", tooltip="One more class"),
        Binding("delete", "remove", "remove", key_display="Del", tooltip="Remove this neuron"),
        Binding("f", "shift", "all 1 more", tooltip="Add 1 to all outputs: no share changes"),
    ]

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.logits = list(maths.LOGITS)
        self.names = list(maths.NAMES)

    def compose_lab(self) -> ComposeResult:
        with Panel(title="steps", classes="lab-main", id="steps"):
            yield NumberGrid([GridColumn("1 output x", 11, True), GridColumn("2 exp(x)", 20),
                              GridColumn("3 exp(x) / sum", 22)], 10)  # fmt: skip
            yield LineView(id="sum")
        with Panel(title="shares, and the document's", classes="lab-side", id="shares"):
            yield LineView(id="bars")

    def on_mount(self) -> None:
        self.query_one(NumberGrid).focus()
        self._compute()

    def on_resize(self) -> None:
        if self.is_mounted:
            self.call_after_refresh(self._compute)

    def _compute(self) -> None:
        steps = maths.softmax(self.logits)
        self.query_one(NumberGrid).show_rows(
            self.names,
            [
                [x, Content(_digits(e)), Content.styled(_digits(share), "bold")]
                for x, e, share in zip(self.logits, steps.exponentials, steps.shares, strict=True)
            ],
        )
        add = Content.styled(
            f" {'sum':<10} {sum(self.logits):>11.6g} {_digits(steps.total):>20} "
            f"{_digits(math.fsum(steps.shares)):>22}",
            "bold",
        )
        lines: list[Content | str] = [add]
        if not math.isfinite(steps.total) or steps.total == 0:
            lines.append(
                Content.styled(
                    f" exp is out of range: x − {steps.shift:g} is taken instead; the shares are "
                    "the same.", "$warn",
                )
            )  # fmt: skip
        self.query_one("#sum", LineView).show(lines)
        self._judge(steps)
        self._bars(steps)

    def _judge(self, steps: maths.Softmax) -> None:
        theirs = tuple(self.logits) == maths.LOGITS
        pairs = [("sum of exp", maths.PUBLISHED_SUM, steps.total)]
        shares = zip(maths.NAMES, maths.PUBLISHED, steps.shares, strict=False)
        pairs += list(shares) if theirs else []
        self.results = tuple(
            Result(label, repr(printed), repr(got),
                   math.isclose(printed, got, rel_tol=EXACT) if theirs else None)
            for label, printed, got in pairs
        )  # fmt: skip

    def _bars(self, steps: maths.Softmax) -> None:
        view = self.query_one("#bars", LineView)
        width = view.size.width
        if not width:
            return
        results = beside(self.results, width) if tuple(self.logits) == maths.LOGITS else None
        label = max(map(len, self.names)) + 1
        lines: list[Content | str] = []
        for index, (name, share) in enumerate(zip(self.names, steps.shares, strict=True)):
            filled = bar(share, max(4, width - label - 9), f"$series-{index % 4 + 1}")
            lines.append(Content.assemble((name.ljust(label), "$muted"), filled, f"{share:>8.1%}"))
        if results is not None:
            lines += [*([""] if self.has_class("-tall") else []), *results.split("\n")]
        view.show(lines)

    @on(NumberGrid.Changed)
    def _typed(self, event: NumberGrid.Changed) -> None:
        self.logits[event.row] = event.value
        self._compute()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "add":
            return len(self.logits) < MOST_NEURONS or None
        if action == "remove":
            return len(self.logits) > 1 or None
        return super().check_action(action, parameters)

    def action_add(self) -> None:
        """Add a neuron."""
        self.logits.append(0.0)
        free = next(n for n in range(1, MOST_NEURONS + 2) if f"class {n}" not in self.names)
        self.names.append(f"class {free}")
        self._compute()
        self.refresh_bindings()

    def action_remove(self) -> None:
        """Remove the neuron under the cursor."""
        row = self.query_one(NumberGrid).row
        del self.logits[row], self.names[row]
        self._compute()
        self.refresh_bindings()

    def action_shift(self) -> None:
        """Add 1 to every output."""
        self.logits = [round(x + 1, 10) for x in self.logits]
        self._compute()

    def action_values(self) -> None:
        self.logits, self.names = list(maths.LOGITS), list(maths.NAMES)
        self._compute()
        self.refresh_bindings()


def _digits(value: float) -> str:
    """Return all digits of a number, as the document prints them."""
    return repr(value) if math.isfinite(value) else "∞"


def make(lab: Lab) -> LabScreen:
    """Return the lab's screen."""
    return SoftmaxScreen(lab)
