"""How strongly one batch pulls at every weight, and what that means."""

from __future__ import annotations

from typing import Any

from textual import work
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.activations import CHANNEL
from kerastui.tui.inspect.histogram import bar
from kerastui.tui.inspect.lines import aligned
from kerastui.tui.inspect.pane import LinesPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets import words
from kerastui.tui.widgets.row_list import Row

BAR, SHORTEST = 10, 3
"""Cells of a bar where there is room, and where there is none."""


class GradientsPane(LinesPane):
    """The gradients of the loss for the first training batch, weight by weight."""

    def __init__(self) -> None:
        super().__init__()
        self.answer: dict[str, Any] | UserError | None = None
        self._asked = False
        self._width = 40

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        return [Row("gradients", ("gradients", Content.styled("of a batch", "$muted")))]

    def set_found(self, found: Found) -> None:
        super().set_found(found)
        self.answer, self._asked = None, False

    def show(self, key: str, width: int) -> str:
        assert self.found is not None
        self._width = width
        if self.found.model is None:
            self.view.show(inspect_words.no_model(self.found, "model", width))
        elif self.answer is None:
            self.view.show([Content.styled("Asking Keras …", "$muted")])
            if not self._asked:
                self._asked = True
                self._ask()
        elif isinstance(self.answer, UserError):
            self.view.show(inspect_words.problem(self.answer, width))
        else:
            head, lines = told(self.answer, width)
            self.view.show(lines, head)
        return "gradients"

    @work(group="gradients", exclusive=True, exit_on_error=False)
    async def _ask(self) -> None:
        found = self.found
        assert found is not None
        answer: dict[str, Any] | UserError
        try:
            await self.kerastui.launcher.start()
            answer = await self.kerastui.launcher.request(
                "look.gradients", channel=CHANNEL, path=str(found.path),
                experiment=found.experiment.plain() if found.experiment else None,
            )  # fmt: skip
        except UserError as error:
            answer = error
        if found is self.found:
            self.answer = answer
            self.show("gradients", self._width)


def told(answer: dict[str, Any], width: int) -> tuple[Content, list[Content]]:
    """Return gradients as lines: headline, one line a weight, then what is remarkable."""
    weights = answer["weights"]
    most = max((_float(one["mean"]) for one in weights), default=0.0) or 1.0
    titles = ["", "shape", "norm", "mean |g|", "", "zeros", "g / weight"]

    def table(room: int) -> tuple[Content, list[Content]]:
        rows: list[list[Content | str]] = [
            [
                f"{one['layer']} {one['name']}", words.shape(one["shape"]) or "1",
                number(_float(one["norm"])), number(_float(one["mean"])),
                Content.styled(bar(min(1.0, _float(one["mean"]) / most), room), "$series-1"),
                f"{_float(one['zeros']):.0%}", number(_float(one["ratio"])),
            ]
            for one in weights
        ]  # fmt: skip
        return aligned(rows, titles, [False, True, True, True, False, True, True])

    head, lines = table(BAR)
    if (over := head.cell_length - width) > 0:
        head, lines = table(max(SHORTEST, BAR - over))
    lines.append(Content(""))
    for text in answer["words"]:
        lines += Content.styled(f"▲ {text}", "$warn").wrap(max(20, width))
    if not answer["words"]:
        lines.append(Content.styled("✓ neither vanishing nor exploding", "$good"))
    text = (f"loss {number(_float(answer['loss']))} and its gradients for the first "
            f"{answer['rows']:,} training rows, with the weights as they were saved; without "
            "dropout. Norm of all together: " + number(_float(answer["norm"])) + ".")  # fmt: skip
    return head, [*lines, *Content.styled(text, "$muted").wrap(max(20, width))]


def _float(value: float | None) -> float:
    return float("nan") if value is None else float(value)
