"""What every layer makes of one sample, and which units never answer."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.histogram import bar
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.pane import InspectPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.inspect.tiles import TileView
from kerastui.tui.scratch import Scratch
from kerastui.tui.screens.dialogs import AskText
from kerastui.tui.widgets import words
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHANNEL = "look"
PARTS = ("train", "validation", "test")

_SATURATED = 0.5
"""Share of outputs at the ends of their range from which on a layer is marked."""

_WANTED = re.compile(r"(?:(train|validation|test|predict)\s+)?(\d[\d,]*)", re.IGNORECASE)


class ActivationsPane(InspectPane):
    """The layers in a list, with what they make of the sample; Enter shows one of them."""

    DEFAULT_CSS = """
    ActivationsPane #activation-head { margin-bottom: 1; }
    ActivationsPane #activation-one { height: auto; margin-bottom: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", key_display="Enter", tooltip="Show the layer's outputs"),
        Binding("escape", "close", "back", key_display="Esc", tooltip="Back to all layers"),
        Binding("N,left_square_bracket", "sample(-1)", "sample before", show=False,
                tooltip="The sample before"),
        Binding("n,right_square_bracket", "sample(1)", "next sample", key_display="n",
                tooltip="The next sample of the data"),
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.answer: dict[str, Any] = {}
        self.problem: UserError | None = None
        self.opened = -1
        """Number of the layer that is shown alone; -1 while all of them are."""
        self._scratch = Scratch()
        self._part, self._index = "", 0
        self._asked = False
        self._width = 40

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        return [Row("activations", ("activations", Content.styled("of a sample", "$muted")))]

    def compose(self) -> ComposeResult:
        yield LineView(id="activation-head")
        yield RowList(
            [Column("layer"), Column("shape", 11, "right"), Column("mean", 10, "right"),
             Column("max", 10, "right", 98), Column("zeros", 6, "right", 82),
             Column("values", 12, "left", 66), Column("", 18, "left", 50)]
        )  # fmt: skip
        yield LineView(id="activation-one")
        yield LinesView(id="activation-lines")
        yield TileView(id="activation-tiles")

    def on_unmount(self) -> None:
        self._scratch.remove()

    @property
    def list(self) -> RowList:
        """The layers."""
        return self.query_one(RowList)

    @property
    def lines(self) -> LinesView:
        """The outputs of one layer, line by line; or why there are none."""
        return self.query_one("#activation-lines", LinesView)

    @property
    def tiles(self) -> TileView:
        """Its feature maps."""
        return self.query_one(TileView)

    @property
    def to_focus(self) -> Widget:
        if self.opened < 0:
            return self.list if self.answer else self.lines
        return self.tiles.scroll if self.tiles.display else self.lines

    # Asking

    def set_found(self, found: Found) -> None:
        super().set_found(found)
        self.answer, self.opened, self._asked, self.problem = {}, -1, False, None
        self._part, self._index = "", 0

    def show(self, key: str, width: int) -> str:
        assert self.found is not None
        before, self._width = self._width, width
        if self.found.model is None:
            self._show_only(self.lines)
            self.lines.show(inspect_words.no_model(self.found, "model", width))
        elif not self._asked:
            self._asked = True
            self._show_only(self.lines)
            self.lines.show([Content.styled("Asking Keras …", "$muted")])
            self._ask()
        elif self.problem is not None:
            self._show_only(self.lines)
            self.lines.show(inspect_words.problem(self.problem, width))
        elif self.opened >= 0 and width != before:
            self._open(self.opened)
        return "activations"

    @work(group="activations", exclusive=True, exit_on_error=False)
    async def _ask(self) -> None:
        found, wanted = self.found, (self._part, self._index)
        assert found is not None
        try:
            await self.kerastui.launcher.start()
            answer = await self.kerastui.launcher.request(
                "look.activations", channel=CHANNEL, path=str(found.path),
                folder=str(self._scratch.path), part=self._part, index=self._index,
                experiment=found.experiment.plain() if found.experiment else None,
            )  # fmt: skip
        except UserError as error:
            if found is not self.found:
                return
            if self.answer:
                self._part, self._index = self.answer["part"], self.answer["index"]
                self.kerastui.tell_error(error, "That sample can't be followed")
            else:
                self.problem = error
                self.show("activations", self._width)
            return
        if found is not self.found or wanted != (self._part, self._index):
            return
        self.answer = {**answer, "index": self._index}
        self._part = answer["part"]
        self._fill()

    def _fill(self) -> None:
        answer = self.answer
        told = [Content.assemble(("sample  ", "$muted"), (str(answer["label"]), "bold"))]
        if answer["rows"]:
            told.append(Content.styled(f"of {answer['rows']:,} in {answer['part']}", "$muted"))
        note = f"dead and saturated units are judged by {answer['samples']:,} samples"
        lines = [Content("   ").join(told), Content.styled(note, "$faint")]
        if answer["unseen"]:
            text = f"used in several places, not shown: {', '.join(answer['unseen'])}"
            lines.append(Content.styled(text, "$faint"))
        self.query_one("#activation-head", LineView).show(lines)
        self.list.set_rows([_row(place, one) for place, one in enumerate(answer["layers"])])
        focus = self.has_focus_within
        if self.opened >= 0 and self.opened < len(answer["layers"]):
            self._open(self.opened)
        else:
            self.opened = -1
            self._show_only(self.list)
            if focus:
                self.list.focus()
        self.screen.refresh_bindings()

    def _show_only(self, *shown: Widget) -> None:
        for widget in (self.list, self.lines, self.tiles):
            widget.display = widget in shown
        self.query_one("#activation-one").display = self.opened >= 0
        self.query_one("#activation-head").display = bool(self.answer)

    # One layer

    @work(group="layer", exclusive=True, exit_on_error=False)
    async def _open(self, place: int) -> None:
        """Show the outputs of one layer."""
        import numpy as np

        answer, one = self.answer, self.answer["layers"][place]
        self.opened = place
        values: NDArray[Any] | None = None
        if one["file"]:
            try:
                values = await asyncio.to_thread(np.load, Path(one["file"]))
            except (OSError, ValueError):
                return  # another sample is being written over it
        if answer is not self.answer or self.opened != place:
            return
        width = self._width
        name = Content.assemble((str(one["name"]), "bold"), f"  {one['kind']}  ",
                                (f"{one['activation']}  ", "$muted"), *_marks(one))  # fmt: skip
        lines = [name, *inspect_words.weight(_statistics(one), width)]
        self.query_one("#activation-one", LineView).show(lines)
        if values is None:
            self._show_only(self.lines)
            self.lines.show(["The output is too large to be shown number by number."])
        elif values.ndim in (2, 3):
            self._show_only(self.tiles)
            told_of, shape = _statistics(one), values.shape
            told = f"{shape[0]:,} places down, {shape[1]:,} units across"
            tiles = values[None]
            if values.ndim == 3:
                told = f"{shape[2]:,} feature maps of {shape[0]}×{shape[1]}, row by row"
                tiles = values.transpose(2, 0, 1)
            limit = max(abs(told_of.low), abs(told_of.high)) or 1.0
            self.tiles.show(tiles, limit, told, signed=told_of.low < 0)
        else:
            self._show_only(self.lines)
            dead = frozenset(one["dead"] or ())
            self.lines.show(_units(values.reshape(-1).tolist(), dead, width),
                            Content.styled(" unit       output", "$faint"))  # fmt: skip
        if self.has_focus_within or self.screen.focused is None:
            self.take_focus()
        self.screen.refresh_bindings()

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()

    @on(RowList.Opened)
    def _opened_row(self, event: RowList.Opened) -> None:
        event.stop()
        self.action_open()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "open":
            return bool(self.answer) and self.opened < 0
        if action == "close":
            return self.opened >= 0
        if action == "sample":
            return bool(self.answer)
        if action == "edit":
            return self.found is not None and self.found.experiment is not None
        return super().check_action(action, parameters)

    def action_open(self) -> None:
        """Show the layer under the cursor."""
        if self.answer and self.list.key:
            self._open(int(self.list.key))

    def action_close(self) -> None:
        """Back to all layers."""
        self.opened = -1
        self._show_only(self.list)
        self.list.focus()
        self.screen.refresh_bindings()

    def action_sample(self, step: int) -> None:
        """Follow the sample before or after."""
        rows = self.answer.get("rows") or 0
        index = self._index + step
        if self._part == "predict" or rows:
            self._index = index % rows if rows else max(0, index)
            self._ask()

    @work(group="ask sample", exclusive=True, exit_on_error=False)
    async def action_edit(self) -> None:
        """Ask for the sample by its number."""
        typed = await self.kerastui.push_screen_wait(
            AskText("the sample", "Its number, such as 12, train 3, or predict 0 for the first "
                    "input that the experiment predicts:",
                    f"{self._part or 'test'} {self._index}", check=_wrong)
        )  # fmt: skip
        if typed and (match := _WANTED.fullmatch(typed)):
            self._part = (match[1] or self._part).lower()
            self._index = int(match[2].replace(",", ""))
            self._ask()


def _wrong(typed: str) -> str:
    if _WANTED.fullmatch(typed):
        return ""
    return "A number from 0, with train, validation, test or predict before it."


def _statistics(one: dict[str, Any]) -> Any:
    from kerastui.models.saved.statistics import Statistics

    told: dict[str, Any] = {
        name: float("nan") if value is None else value for name, value in one["statistics"].items()
    }
    told["shape"] = tuple(one["shape"])
    return Statistics(**told)


def _row(place: int, one: dict[str, Any]) -> Row:
    known = _statistics(one)
    pairs = one["counts"] if len(one["counts"]) > 1 else [0, 0]
    spread = words.sparkline([0.0, *map(float, pairs)], len(pairs) + 1)[1:]
    name = Content.assemble(str(one["name"]), (f"  {one['activation']}", "$faint"))
    return Row(
        str(place),
        (name, Content.styled(words.shape(one["shape"]) or "1", "$muted"), number(known.mean),
         number(known.high), f"{known.zeros / max(1, known.count):.0%}",
         Content.styled(spread, "$series-1"), Content.assemble(*_marks(one))),
        found=f"{one['name']} {one['kind']}",
    )  # fmt: skip


def _marks(one: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is to be worried about in a layer."""
    marks = []
    if one["statistics"].get("nan_share"):
        marks.append(("✗ NaN ", "$bad"))
    if one["dead"]:
        marks.append((f"▲ {len(one['dead']):,} of {one['units']:,} dead ", "$warn"))
    if (share := one["saturated"]) is not None and share >= _SATURATED:
        marks.append((f"▲ {share:.0%} saturated", "$warn"))
    return marks


def _units(values: list[float], dead: frozenset[int], width: int) -> list[Content]:
    most = max((abs(value) for value in values), default=0.0) or 1.0
    return [
        Content.assemble(
            (f"{place:>5,}", "$muted"), f"  {number(value):>11}  ",
            (bar(abs(value) / most, max(4, width - 30)), "$series-1" if value < 0 else "$series-2"),
            ("dead" if place in dead else "", "$warn"),
        )
        for place, value in enumerate(values)
    ]  # fmt: skip
