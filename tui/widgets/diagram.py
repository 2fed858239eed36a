"""A model's diagram: where it is looked at, and how it is written to files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.content import Content

from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import ScrollPanel

if TYPE_CHECKING:
    from kerastui.models.diagram import Graph


class DiagramPanel(ScrollPanel):
    """A panel that shows a diagram and scrolls both ways."""

    DEFAULT_CSS = """
    DiagramPanel {
        overflow-x: auto;
        scrollbar-size-horizontal: 1;
        & > Static { width: auto; min-width: 100%; text-wrap: nowrap; content-align: center top; }
    }
    """

    def compose(self) -> ComposeResult:
        yield Static()

    def show(self, graph: Graph) -> None:
        """Draw a graph."""
        from kerastui.models.diagram import draw

        self.query_one(Static).update(Content("\n".join(draw(graph))))
        self.set_title("diagram", f"{len(graph.boxes)} boxes")
        self.scroll_home(animate=False)


def write(graph: Graph, path: Path, title: str) -> None:
    """Write a diagram as SVG and as text.

    Args:
        graph: The boxes and arrows.
        path: The files without their endings; the folder is made where it is not there.
        title: What the SVG document is called.

    Raises:
        OSError: A file can't be written.
    """
    from kerastui.models.diagram import draw, to_svg

    path.parent.mkdir(parents=True, exist_ok=True)
    texts = {".svg": to_svg(graph, title), ".txt": "\n".join(draw(graph)) + "\n"}
    for ending, text in texts.items():
        path.with_name(path.name + ending).write_text(text, encoding="utf-8")
