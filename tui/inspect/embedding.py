"""An embedding: its rows by word, and the nearest neighbours of one of them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import ComposeResult
from textual.content import Content
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import number
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.activations import CHANNEL
from kerastui.tui.inspect.histogram import bar
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.looked import Looked, WeightView
from kerastui.tui.screens.dialogs import AskText

if TYPE_CHECKING:
    from numpy.typing import NDArray

LARGEST = 2**26
"""Numbers of an embedding up to which neighbours are searched."""

NEIGHBOURS = 40


def nearest(vectors: NDArray[Any], row: int, count: int) -> list[tuple[int, float]]:
    """Return the rows whose direction is the most like that of a row, with the cosine.

    Args:
        vectors: (rows, numbers).
        row: The row, which is not among the found ones.
        count: How many are wanted.
    """
    import numpy as np

    with np.errstate(invalid="ignore", divide="ignore"):
        sizes = np.linalg.norm(vectors, axis=1)
        cosines = vectors @ vectors[row] / (sizes * sizes[row])
    cosines = np.where(np.isfinite(cosines), cosines, -np.inf)
    cosines[row] = -np.inf
    count = min(count, len(cosines) - 1)
    if count < 1:
        return []
    best = np.argpartition(-cosines, count - 1)[:count]
    best = best[np.argsort(-cosines[best], kind="stable")]
    return [(int(one), float(cosines[one])) for one in best if np.isfinite(cosines[one])]


class NeighboursView(WeightView):
    """The neighbours of a row; `e` asks for another one, by its word or number."""

    NAME: ClassVar[str] = "neighbours (e: of which word)"

    def __init__(self) -> None:
        super().__init__()
        self.row = 0
        self._words: tuple[Looked, list[str], str] | None = None

    def compose(self) -> ComposeResult:
        yield LinesView()

    @classmethod
    def suits(cls, looked: Looked) -> bool:
        shape = looked.weight.shape
        return "Embedding" in looked.layer.kind and len(shape) == 2 and shape[0] > 1

    def fill(self) -> None:
        self._search()

    @property
    def to_focus(self) -> Widget:
        return self.query_one(LinesView)

    @work(group="neighbours", exclusive=True, exit_on_error=False)
    async def _search(self) -> None:
        looked, view = self.looked, self.query_one(LinesView)
        assert looked is not None
        if looked.weight.count > LARGEST:
            view.show(["This embedding is too large to be searched here."])
            return
        view.show([Content.styled("Searching …", "$muted")])
        names, note = await self._names(looked)
        rows = looked.weight.shape[0]
        self.row = self.row if self.row < rows else 0
        row = self.row
        try:
            vectors = await asyncio.to_thread(lambda: looked.weight.values)
            found = await asyncio.to_thread(nearest, vectors, row, NEIGHBOURS)
        except UserError as error:
            view.show(inspect_words.problem(error, max(20, self.size.width)))
            return
        if looked is self.looked and row == self.row:
            head = Content.assemble(
                ("nearest to ", "$muted"), (_called(names, row), "bold"),
                (f"  row {row:,} of {rows:,}, by cosine  {note}", "$muted"),
            )  # fmt: skip
            view.show([_line(names, *one) for one in found], head)

    async def _names(self, looked: Looked) -> tuple[list[str], str]:
        """Return the words of the rows, and why there are none."""
        if self._words is None or self._words[0].found is not looked.found:
            found, note, words = looked.found, "", list[str]()
            if found.experiment is not None:
                try:
                    await self.kerastui.launcher.start()
                    answer = await self.kerastui.launcher.request(
                        "look.words", channel=CHANNEL, path=str(found.path),
                        rows=looked.weight.shape[0], experiment=found.experiment.plain(),
                    )  # fmt: skip
                    words = answer["words"]
                except UserError as error:
                    note = f"without words: {error.message}"
            self._words = looked, words, note
        return self._words[1:]

    async def ask(self) -> None:
        """Ask for a word or for the number of a row."""
        names = self._words[1] if self._words is not None else []
        rows = self.looked.weight.shape[0] if self.looked is not None else 0

        def place(typed: str) -> int:
            if typed.lower() in names:
                return names.index(typed.lower())
            plain = typed.replace(",", "")
            return int(plain) if plain.isdecimal() and int(plain) < rows else -1

        def wrong(typed: str) -> str:
            if place(typed) >= 0:
                return ""
            return f"No word of this embedding, and no row from 0 to {rows - 1:,}."

        typed = await self.kerastui.push_screen_wait(
            AskText("nearest neighbours", "Of which word, or row number:",
                    _called(names, self.row), check=wrong)
        )  # fmt: skip
        if typed:
            self.row = place(typed)
            self._search()


def _called(names: list[str], row: int) -> str:
    name = names[row] if row < len(names) else ""
    return name or str(row)


def _line(names: list[str], row: int, cosine: float) -> Content:
    return Content.assemble(
        (f"{row:>9,}  ", "$muted"), f"{_called(names, row)[:24]:<24}  ", f"{number(cosine):>8}  ",
        (bar(max(0.0, cosine), 24), "$series-1"),
    )  # fmt: skip
