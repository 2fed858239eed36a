"""Widgets whose height follows what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from textual.geometry import Region
from textual.widgets import Static as TextualStatic

if TYPE_CHECKING:
    from textual.widget import Widget as Base
else:
    Base = object  # Textual takes the style sheet of the first base that is a widget


class Measured(Base):
    """Put before a widget's class: every layout measures the widget as it is then.

    Textual keeps the size that it measured until a layout is asked for by a widget for which none
    is due yet. A layout for another widget may come in between: it measures this one, and what
    this one shows after that, before it had its turn, would be cut to that height for ever.
    """

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        if layout:
            self.styles.merge_rules({})  # a size is kept only as long as the styles are the same
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)


class Static(Measured, TextualStatic):
    """Text whose height follows it."""
