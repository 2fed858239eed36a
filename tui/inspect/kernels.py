"""The kernels of a convolution as small pictures, one for each filter."""

from __future__ import annotations

import asyncio
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.widget import Widget

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect.heat import limit
from kerastui.tui.inspect.looked import Looked, WeightView
from kerastui.tui.inspect.tiles import TileView


class KernelsView(WeightView):
    """All filters, for the channel of the input that is chosen."""

    NAME: ClassVar[str] = "filters"

    @classmethod
    def suits(cls, looked: Looked) -> bool:
        return "Conv" in looked.layer.kind and len(looked.weight.shape) in (3, 4)

    def compose(self) -> ComposeResult:
        yield TileView()

    @property
    def tiles(self) -> TileView:
        """The pictures."""
        return self.query_one(TileView)

    def fill(self) -> None:
        self._read()

    @work(group="kernels", exclusive=True, exit_on_error=False)
    async def _read(self) -> None:
        looked = self.looked
        assert looked is not None
        shape = looked.weight.shape
        # Keras' kernels are (height, width, channels, filters) or (steps, channels, filters).
        channel = looked.cut.at[-1] if looked.cut.at else 0
        try:
            values = await asyncio.to_thread(
                looked.weight.part,
                (slice(None), slice(None), min(channel, shape[2] - 1)) if len(shape) == 4 else (),
            )
        except UserError as error:
            self.kerastui.tell_error(error, "The filters can't be shown")
            return
        if looked is not self.looked:
            return
        told = f"{shape[-1]:,} filters of {shape[0]}×{shape[1]}, row by row"
        if len(shape) == 4 and shape[2] > 1:
            told += f" · channel {min(channel, shape[2] - 1)} of {shape[2]:,}, n and N for others"
        self.tiles.show(values.transpose(2, 0, 1), limit(looked.statistics), told)

    @property
    def to_focus(self) -> Widget:
        return self.tiles.scroll
