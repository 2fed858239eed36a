"""Rows at the left, the one under the cursor as what it is at the right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.lines import aligned
from kerastui.tui.scratch import Scratch
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.line_view import LineView, bar
from kerastui.tui.widgets.row_list import Column, Row, RowList

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from kerastui.tui.inspect.judge import JudgePane

LONGEST_TEXT = 4000


class SamplesView(Horizontal):
    """The rows behind a figure. The pane asks for them; one is asked for when the cursor rests.

    Args:
        pane: Knows part and output.
        error: Whether the last column is an error, not a probability.
    """

    DEFAULT_CSS = """
    SamplesView { width: 1fr; height: 1fr; }
    SamplesView > RowList { width: 42%; height: 1fr; }
    SamplesView > VerticalScroll { width: 1fr; height: 1fr; padding-left: 2;
        scrollbar-size-vertical: 1; }
    """
    PAUSE: ClassVar[float] = 0.1

    class Told(Message):
        """Another row is shown."""

    def __init__(self, pane: JudgePane, *, error: bool) -> None:
        super().__init__()
        self.pane = pane
        self.error = error
        self.places: dict[str, list[Any]] = {}
        self._scratch = Scratch()
        self._draw: Callable[[], None] | None = None
        self._drawn_in = 0

    def compose(self) -> ComposeResult:
        if self.error:
            columns = [Column("row"), Column("truth", 9, "right"),
                       Column("told", 9, "right", 34), Column("off by", 9, "right")]  # fmt: skip
        else:
            columns = [Column("row"), Column("truth", 11, least=40),
                       Column("told", 11, least=27), Column("sure", 6, "right")]  # fmt: skip
        yield RowList(columns)
        with VerticalScroll():
            yield LineView(id="sample-name")
            yield LineView(id="sample-lines")

    @property
    def row_list(self) -> RowList:
        """The rows."""
        return self.query_one(RowList)

    def on_unmount(self) -> None:
        self._scratch.remove()

    def show_rows(self, rows: list[list[Any]]) -> None:
        """Show rows, as `judge_samples` returns them."""
        self.places = {str(row[0]): row for row in rows}
        self.row_list.set_rows(Row(key, self._cells(row)) for key, row in self.places.items())
        self.row_list.cursor, self._draw = 0, None
        if rows:
            self._ask()
        else:
            self._tell([Content.styled("No row is here.", "$muted")])

    def _cells(self, row: list[Any]) -> tuple[Content | str, ...]:
        _, name, truth, told, last = row
        if self.error:
            return (clean(str(name)), number(float(truth)), number(float(told)),
                    Content.styled(f"{'+' if float(last) > 0 else ''}{number(float(last))}",
                                   "$warn"))  # fmt: skip
        right = truth == told
        return (clean(str(name)), clean(str(truth)),
                Content.styled(clean(str(told)), "$good" if right else "$warn"),
                f"{float(last):.0%}")  # fmt: skip

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        if event.key:
            self._ask()

    @on(RowList.Opened)
    def _opened(self, event: RowList.Opened) -> None:
        event.stop()

    @work(group="sample", exclusive=True, exit_on_error=False)
    async def _ask(self) -> None:
        key = self.row_list.key
        if key not in self.places:
            return
        await asyncio.sleep(self.PAUSE)
        try:
            shared = self.pane.judging
            answer = await self.pane.kerastui.launcher.request(
                "look.judge_sample", channel="look", path=str(self.pane.path),
                experiment=self.pane.plain, part=shared.part,
                file=shared.file if shared.part == "file" else "", choice=shared.choice,
                folder=str(self._scratch.path), place=int(key),
            )  # fmt: skip
            picture = await asyncio.to_thread(_read, answer)
        except UserError as error:
            problem = error
            if key == self.row_list.key:
                self._fit(lambda: self._tell(inspect_words.problem(problem, self._room)))
            return
        if key == self.row_list.key and self.is_attached:
            self._fit(lambda: self._show(self.places[key], answer, picture))

    def _fit(self, draw: Callable[[], None]) -> None:
        """Draw what is at the right, and again when there is other room for it."""
        self._draw, self._drawn_in = draw, self._room
        draw()

    def on_resize(self) -> None:
        if self._draw is not None and self._room != self._drawn_in:
            self._fit(self._draw)

    @property
    def _room(self) -> int:
        return max(12, self.query_one(VerticalScroll).size.width - 1)

    def _show(self, row: list[Any], answer: dict[str, Any], picture: NDArray[Any] | None) -> None:
        from kerastui.tui.screens.data.pictures import Pictured

        self.query(Pictured).remove()
        lines = self._head(row, answer)
        if picture is not None:
            below = self.query_one("#sample-lines")
            self.query_one(VerticalScroll).mount(Pictured(self._paint(picture)), before=below)
        else:
            lines += [Content(""), *_body(answer, self._room)]
        self._tell(lines, self._where(row, answer))
        self.query_one(VerticalScroll).scroll_home(animate=False)
        self.post_message(self.Told())

    def _paint(self, picture: NDArray[Any]) -> NDArray[Any]:
        from textual.color import Color

        from kerastui.tui.screens.data.pictures import coloured, shrink

        factor = -(-picture.shape[1] // self._room)
        small = shrink(picture[None], factor) if factor > 1 else picture[None]
        colours = self.app.theme_variables
        ink, paper = (Color.parse(colours[name]) for name in ("foreground", "background"))
        found: NDArray[Any] = coloured(small, ink, paper)[0]
        return found

    def _head(self, row: list[Any], answer: dict[str, Any]) -> list[Content]:
        room = self._room
        _, name, truth, told, last = row
        lines: list[Content] = []
        if self.error:
            lines.append(Content.assemble(
                ("truth ", "$muted"), number(float(truth)), ("   told ", "$muted"),
                number(float(told)), ("   off by ", "$muted"),
                (number(float(last)), "$warn"),
            ))  # fmt: skip
            return lines
        lines += Content.assemble(("truth  ", "$muted"), clean(str(truth))).wrap(room)
        likely = answer.get("likely") or []
        wide = max((len(clean(str(name))) for name, _ in likely), default=0)
        wide = min(wide, max(6, room - 18))
        for name, share in likely:
            short = Content(clean(str(name))).truncate(wide, ellipsis=True)
            colour = "$good" if name == truth else "$warn"
            lines.append(Content.assemble(
                short, " " * (wide - short.cell_length), " ", bar(float(share), 8, colour),
                f" {float(share):6.1%}",
            ))  # fmt: skip
        return lines

    def _where(self, row: list[Any], answer: dict[str, Any]) -> list[Content]:
        source = "file" if self.pane.judging.part == "file" else "data"
        where = f"  row {int(answer['index']):,} of the {source}"
        return Content.assemble((clean(str(row[1])), "bold"), (where, "$faint")).wrap(self._room)

    def _tell(self, lines: list[Content], name: Sequence[Content] = ()) -> None:
        self.query_one("#sample-name", LineView).show(name)
        self.query_one("#sample-lines", LineView).show(lines)


def _read(answer: dict[str, Any]) -> NDArray[Any] | None:
    import numpy as np

    if answer.get("kind") != "picture":
        return None
    try:
        picture: NDArray[Any] = np.load(Path(str(answer["file"])), allow_pickle=False)
    except (OSError, ValueError) as error:
        raise UserError(f"The picture can't be read: {error}.") from None
    return picture


def _body(answer: dict[str, Any], room: int) -> list[Content]:
    """Return a row as words, as names and values, or as a window of a series."""
    kind = answer.get("kind")
    if kind == "text":
        text = clean(str(answer["words"])[:LONGEST_TEXT])
        cut = len(str(answer["words"])) > LONGEST_TEXT
        lines = Content(text + (" …" if cut else "")).wrap(room)
        told = f"{int(answer.get('length', 0)):,} words; ? is a mark or an unknown word"
        return [*Content.styled(told, "$faint").wrap(room), *lines]
    values = list(answer.get("values") or ())
    if kind == "window":
        lines = []
        for name, column in zip(answer["names"], values, strict=True):
            lines += Content.assemble(
                (f"{clean(str(name))}  ", "$muted"), ", ".join(map(_cell, column)),
            ).wrap(room)  # fmt: skip
        return [Content.styled("the values before, the last one latest", "$faint"), *lines]
    if kind == "row":
        rows: list[list[Content | str]] = [
            [Content.styled(clean(str(name)), "$muted"), _cell(value)]
            for name, value in zip(answer["names"], values, strict=True)
        ]
        lines = aligned(rows, ["", ""], [False, True])[1]
    else:
        lines = Content(", ".join(map(_cell, values))).wrap(room)
    if answer.get("prepared"):
        lines = [Content.styled("as the model is given it", "$faint"), *lines]
    if more := int(answer.get("more") or 0):
        lines.append(Content.styled(f"… and {more:,} more", "$faint"))
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return number(value) if isinstance(value, int | float) else clean(str(value))
