"""A model as a diagram of boxes and arrows: for a terminal, and as SVG.

    graph = from_model(experiment.model, preflight.shapes(experiment.model, (8,)))
    print("\\n".join(draw(graph)))

A box names the layer in its border, then its class and key parameters, then its output's shape
at the left and its number of weights at the right. Where two lines cross, the upright one runs
through and the level one stops on both sides of it; a line only branches at a junction sign.
"""

from __future__ import annotations

from kerastui.models.diagram.graph import Box, Graph, from_model, from_summary, layer_text
from kerastui.models.diagram.layout import Arrow, Place, layout
from kerastui.models.diagram.svg import to_svg
from kerastui.models.diagram.text import as_ascii, cells, clusters

__all__ = ["Box", "Graph", "draw", "from_model", "from_summary", "layer_text", "to_svg"]

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = {
    _UP | _DOWN: "│", _LEFT | _RIGHT: "─",
    _DOWN | _RIGHT: "╭", _DOWN | _LEFT: "╮", _UP | _RIGHT: "╰", _UP | _LEFT: "╯",
    _UP | _DOWN | _RIGHT: "├", _UP | _DOWN | _LEFT: "┤",
    _DOWN | _LEFT | _RIGHT: "┬", _UP | _LEFT | _RIGHT: "┴",
    _UP | _DOWN | _LEFT | _RIGHT: "┼",
}  # fmt: skip
_PLAIN = str.maketrans("│─╭╮╰╯├┤┬┴┼▼", "|-+++++++++v")

# A grid holds one string for each cell; the second cell of a wide sign is empty.
_Grid = list[list[str]]
# For each cell, by source, to which sides its line goes on.
_Sides = dict[tuple[int, int], dict[str, int]]


def draw(graph: Graph, width: int | None = None, ascii: bool = False) -> list[str]:  # noqa: A002
    """Draw a graph with the signs of a terminal.

    Args:
        graph: The boxes and arrows.
        width: Cells to centre the drawing in; it stays as wide as it is where that is too few.
        ascii: Use ASCII signs alone, also in the texts.

    Returns:
        The lines, all equally many cells wide; none for a graph without boxes.
    """
    plan = layout(graph)
    margin = max(0, ((width or 0) - plan.width) // 2)
    rest = max(0, (width or 0) - plan.width - margin)
    grid: _Grid = [[" "] * plan.width for _ in range(plan.height)]
    ends = {name for name, _ in graph.edges}
    outputs = sum(place.box.output for place in plan.places)
    for place in plan.places:
        # One output at the end needs no word; several, or one in the middle, do.
        marked = place.box.output and (outputs > 1 or place.box.name in ends)
        _box(grid, place, marked, leaves=place.box.name in ends, ascii=ascii)
    _wires(grid, plan.arrows)
    lines = [" " * margin + "".join(row) + " " * rest for row in grid]
    return [line.translate(_PLAIN) for line in lines] if ascii else lines


def _box(grid: _Grid, place: Place, marked: bool, leaves: bool, ascii: bool) -> None:  # noqa: A002
    left, right, y = place.x, place.x + place.width - 1, place.y
    for row, (start, end) in ((y, "╭╮"), (y + place.height - 1, "╰╯")):
        grid[row][left : right + 1] = [start, *"─" * (place.width - 2), end]
    for row in range(y + 1, y + place.height - 1):
        grid[row][left] = grid[row][right] = "│"
    _write(grid[y], left + 2, f" {place.name} ", ascii)
    for row, (first, last) in enumerate(place.lines, y + 1):
        _write(grid[row], left + 2, first, ascii)
        _write(grid[row], right - 1 - cells(last), last, ascii)
    if marked:
        _write(grid[y + place.height - 1], right - 7, " out ", ascii)
    if leaves:
        grid[y + place.height - 1][place.exit] = "┬"


def _write(row: list[str], x: int, text: str, ascii: bool) -> None:  # noqa: A002
    if text.isascii():
        row[x : x + len(text)] = text
        return
    for sign, width in clusters(as_ascii(text) if ascii else text):
        row[x : x + width] = [sign, *[""] * (width - 1)]
        x += width


def _wires(grid: _Grid, arrows: list[Arrow]) -> None:
    sides: _Sides = {}
    for arrow in arrows:
        for (x, y), (to_x, to_y) in zip(arrow.points, arrow.points[1:], strict=False):
            step_x, step_y = (to_x > x) - (to_x < x), (to_y > y) - (to_y < y)
            out, back = {
                (0, 1): (_DOWN, _UP), (1, 0): (_RIGHT, _LEFT), (-1, 0): (_LEFT, _RIGHT)
            }[step_x, step_y]  # fmt: skip
            while (x, y) != (to_x, to_y):
                _mark(sides, x, y, arrow.source, out)
                x, y = x + step_x, y + step_y
                _mark(sides, x, y, arrow.source, back)
    exits = {arrow.points[0] for arrow in arrows}
    for (x, y), nets in sides.items():
        if (x, y) not in exits:
            # Two nets in one cell cross at a right angle: the upright one runs through.
            grid[y][x] = "│" if len(nets) > 1 else _LINES.get(max(nets.values()), "│")
    for arrow in arrows:
        x, y = arrow.points[-1]
        grid[y][x] = "▼"


def _mark(sides: _Sides, x: int, y: int, net: str, side: int) -> None:
    cell = sides.setdefault((x, y), {})
    cell[net] = cell.get(net, 0) | side
