"""A diagram as an SVG file that stands alone: any browser or editor shows it, light or dark."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from kerastui.models.diagram.graph import Graph
from kerastui.models.diagram.layout import Place, layout
from kerastui.models.diagram.routes import Point
from kerastui.models.diagram.text import clean

COLUMN, ROW = 8.5, 20.0  # pixels of one cell of the layout
MARGIN = 16.0
BEND = 7.0  # radius of the lines' corners
HEAD = 7.0  # length of an arrow's head

_STYLE = """
svg { background: #ffffff; font: 13px ui-monospace, Menlo, Consolas, monospace; }
rect { fill: #f7f8fa; stroke: #9aa4b2; }
path { fill: none; stroke: #697586; stroke-width: 1.2; stroke-linejoin: round; }
path.head { fill: #697586; stroke: none; }
text { fill: #20262e; }
.name { font-weight: 600; }
.dim { fill: #697586; }
@media (prefers-color-scheme: dark) {
  svg { background: #16191d; }
  rect { fill: #1f242a; stroke: #566070; }
  path { stroke: #8d98a7; }
  path.head { fill: #8d98a7; }
  text { fill: #e6e9ee; }
  .dim { fill: #9aa4b2; }
}
"""


def to_svg(graph: Graph, title: str = "Model") -> str:
    """Return the diagram as an SVG document.

    Args:
        graph: The boxes and arrows.
        title: What the document is called, for readers that cannot see it too.
    """
    plan = layout(graph)
    width = plan.width * COLUMN + 2 * MARGIN
    height = plan.height * ROW + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{escape(clean(title))}</title>",
        f"<style>{_STYLE}</style>",
    ]
    parts += [_arrow(arrow.points) for arrow in plan.arrows]
    ends = {name for name, _ in graph.edges}
    outputs = sum(place.box.output for place in plan.places)
    for place in plan.places:
        parts.append(_box(place, place.box.output and (outputs > 1 or place.box.name in ends)))
    return "\n".join([*parts, "</svg>", ""])


def _box(place: Place, marked: bool) -> str:
    x, y = MARGIN + place.x * COLUMN, MARGIN + place.y * ROW
    width, height = place.width * COLUMN, place.height * ROW
    left, right = x + 1.5 * COLUMN, x + width - 1.5 * COLUMN
    texts = [_text(left, y + 0.95 * ROW, place.name, "name")]
    if marked:
        texts.append(_text(right, y + 0.95 * ROW, "out", "dim", end=True))
    lines = place.lines
    pitch = (height - 1.6 * ROW) / len(lines)
    for number, (first, last) in enumerate(lines):
        base = y + 0.95 * ROW + (number + 1) * pitch
        texts.append(_text(left, base, first, "dim" if number else ""))
        texts.append(_text(right, base, last, "dim", end=True))
    rect = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6"/>'
    return "\n".join(["<g>", rect, *filter(None, texts), "</g>"])


def _text(x: float, y: float, text: str, kind: str, end: bool = False) -> str:
    if not text:
        return ""
    style = f' class="{kind}"' if kind else ""
    anchor = ' text-anchor="end"' if end else ""
    return f'<text x="{x:g}" y="{y:g}"{style}{anchor}>{escape(text)}</text>'


def _arrow(points: Sequence[Point]) -> str:
    at = [(MARGIN + (x + 0.5) * COLUMN, MARGIN + (y + 0.5) * ROW) for x, y in points]
    at[0] = (at[0][0], at[0][1] + 0.5 * ROW)  # the lower edge of the source
    x, y = at[-1][0], at[-1][1] + 0.5 * ROW  # the upper edge of the target
    at[-1] = (x, y - HEAD)
    way = [f"M{at[0][0]:g} {at[0][1]:g}"]
    for before, corner, after in zip(at, at[1:], at[2:], strict=False):
        come, go = _toward(corner, before), _toward(corner, after)
        way.append(f"L{come[0]:g} {come[1]:g}Q{corner[0]:g} {corner[1]:g} {go[0]:g} {go[1]:g}")
    way.append(f"L{at[-1][0]:g} {at[-1][1]:g}")
    head = f"M{x:g} {y:g}l{-HEAD / 2:g} {-HEAD:g}h{HEAD:g}z"
    return f'<path d="{"".join(way)}"/><path class="head" d="{head}"/>'


def _toward(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """A point of the line that leads from a corner, at most a bend and half of it away."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = abs(dx) + abs(dy)  # lines are level or upright
    part = min(BEND, length / 2) / length if length else 0.0
    return corner[0] + dx * part, corner[1] + dy * part
