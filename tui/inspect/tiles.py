"""Many small pictures in a grid: kernels of a convolution, or what it makes of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content

from kerastui.tui.inspect.heat import Scale
from kerastui.tui.widgets.line_view import LineView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from kerastui.tui.labs.half_blocks import HalfBlocks

LARGEST = 4
"""Pixels of the screen, in each direction, that one number is drawn with at most."""

FEW, SMALLEST = 4, 12
"""Pictures are shrunk while fewer stand side by side, but not to fewer pixels than that."""

MOST = 512
"""Pictures that are shown; more would be a wall of noise."""


class TileView(Container):
    """The pictures below a line about them, with the legend of their colours above."""

    DEFAULT_CSS = """
    TileView { height: 1fr; width: 1fr; }
    TileView VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; margin-top: 1; }
    TileView HalfBlocks { height: auto; }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._shown: tuple[NDArray[Any], float, bool, str] | None = None

    def compose(self) -> ComposeResult:
        from kerastui.tui.labs.half_blocks import HalfBlocks

        yield LineView()
        with VerticalScroll(can_focus=True):
            picture = HalfBlocks()
            picture.can_focus = False
            yield picture

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self.call_later(self._draw))

    @property
    def scroll(self) -> VerticalScroll:
        """What scrolls."""
        return self.query_one(VerticalScroll)

    @property
    def picture(self) -> HalfBlocks:
        """All pictures as one."""
        from kerastui.tui.labs.half_blocks import HalfBlocks

        return self.query_one(HalfBlocks)

    def show(self, tiles: NDArray[Any], limit: float, told: str, *, signed: bool = True) -> None:
        """Show pictures.

        Args:
            tiles: Numbers (pictures, rows, columns).
            limit: The size at which the colours end.
            told: What they are.
            signed: Whether there are numbers below zero.
        """
        self._shown = tiles, limit, signed, told
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        width, height = self.scroll.size.width - 1, 2 * max(4, self.scroll.size.height)
        if self._shown is None or width < 1:
            return
        tiles, limit, signed, told = self._shown
        scale = Scale(self.app.theme_variables, limit)
        if len(tiles) > MOST:
            told += f" · the first {MOST:,}"
        self.query_one(LineView).show([Content.styled(told, "$muted"),
                                       scale.legend(signed=signed)])  # fmt: skip
        made = grid(tiles[:MOST], scale, width, height)
        self.picture.styles.height = -(-len(made) // 2)
        self.picture.show(made)


def grid(tiles: NDArray[Any], scale: Scale, width: int, height: int) -> NDArray[np.uint8]:
    """Return pictures side by side, a line of one pixel between.

    Args:
        tiles: Numbers (pictures, rows, columns).
        scale: Their colours.
        width: Pixels there are.
        height: Pixels that are seen at once; they are drawn larger where all fit into that.
    """
    import numpy as np

    from kerastui.models.saved.survey import shrunk

    count, rows, columns = tiles.shape
    wanted = min(columns, width)
    while count > 1 and wanted // 2 >= SMALLEST and (width + 1) // (wanted + 1) < min(count, FEW):
        wanted //= 2
    if wanted < columns:
        tiles = np.stack([shrunk(one, max(1, rows * wanted // columns), wanted) for one in tiles])
        count, rows, columns = tiles.shape
    times = 1
    for bigger in range(2, LARGEST + 1):
        across = (width + 1) // (columns * bigger + 1)
        if across and -(-count // across) * (rows * bigger + 1) <= height:
            times = bigger
    tiles = tiles.repeat(times, axis=1).repeat(times, axis=2)
    _, rows, columns = tiles.shape
    across = max(1, min(count, (width + 1) // (columns + 1)))
    down = -(-count // across)
    made = np.empty((down * (rows + 1), across * (columns + 1), 3), np.uint8)
    made[:] = scale.ground
    for place, one in enumerate(tiles):
        y, x = divmod(place, across)
        y, x = y * (rows + 1), x * (columns + 1)
        made[y : y + rows + 1, x : x + columns + 1] = scale.between
        made[y : y + rows, x : x + columns] = scale.paint(one)
    return made
