"""Where the boxes of a diagram stand: layers, their order, and columns in cells of a terminal.

The steps are those of layered graph drawing: the longest path gives each box its layer, arrows
that pass layers get a place of one cell in each, the order within a layer follows the mean place
of the neighbours to avoid crossings, and columns follow the median of the neighbours, so that
chains are straight. Everything is in whole numbers and the same on every machine.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from kerastui.models.diagram.columns import Item, ports_of, set_columns
from kerastui.models.diagram.graph import Box, Graph
from kerastui.models.diagram.routes import Point, route
from kerastui.models.diagram.text import cells, clean, shortened

COMMON_WIDTH = 33  # boxes up to this width are all drawn as wide as the widest of them
SWEEPS = 8  # more change nothing in the networks people draw


@dataclass(frozen=True)
class Place:
    """A box with its texts, top left corner and size, in cells."""

    box: Box
    name: str
    lines: tuple[tuple[str, str], ...]
    """Rows inside the box, each with what stands left and what stands right."""
    x: int
    y: int
    width: int
    height: int

    @property
    def exit(self) -> int:
        """The column where arrows leave at the bottom."""
        return self.x + self.width // 2


@dataclass(frozen=True)
class Arrow:
    """An arrow as the corners of its way, from the row of its source's lower border to the row
    over its target. Arrows of one source share their first part."""

    source: str
    target: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Layout:
    """A diagram ready to be drawn, with its size in cells."""

    places: list[Place]
    arrows: list[Arrow]
    width: int
    height: int


def layout(graph: Graph) -> Layout:
    """Place the boxes of a graph and find the ways of its arrows."""
    if not graph.boxes:
        return Layout([], [], 0, 0)
    index = {box.name: i for i, box in enumerate(graph.boxes)}
    edges = [(index[source], index[target]) for source, target in graph.edges]
    levels = _levels([index[name] for name in graph.order()], edges)
    arriving = [0] * len(index)
    for _, target in edges:
        arriving[target] += 1
    texts = [_texts(box) for box in graph.boxes]
    tall = 2 + max(len(lines) for _, lines in texts)
    widths = _widths(graph.boxes, texts, arriving)
    items = [
        Item(level, i, width) for i, (level, width) in enumerate(zip(levels, widths, strict=True))
    ]
    chains = _chains(items, edges)
    links = sorted({link for chain in chains for link in itertools.pairwise(chain)})
    layers = _ordered(items, links)
    set_columns(items, layers, chains)

    hops: list[list[tuple[int, int, int]]] = [[] for _ in layers]
    for e, chain in enumerate(chains):
        for a, b in itertools.pairwise(chain):
            hops[items[a].layer].append((e, a, b))
    y, below, places = 0, [], {}
    ways: list[dict[int, list[Point]]] = []
    for number, layer in enumerate(layers):
        for i in layer:
            if (box := items[i].box) is not None:
                name, lines = texts[box]
                left = items[i].x - items[i].width // 2
                places[box] = Place(graph.boxes[box], name, lines, left, y, items[i].width, tall)
        y += tall
        below.append(y)
        if number + 1 < len(layers):
            found, rows = _channel(items, hops[number], y)
            ways.append(found)
            y += rows
    arrows = []
    for e, (source, target) in enumerate(edges):
        points = [(items[source].x, below[items[source].layer] - 1)]
        for level in range(items[source].layer, items[target].layer):
            points += ways[level][e]
        arrows.append(Arrow(graph.boxes[source].name, graph.boxes[target].name, _corners(points)))
    return _shifted([places[i] for i in range(len(index))], arrows, y)


# --- texts ---------------------------------------------------------------------------------


def _texts(box: Box) -> tuple[str, tuple[tuple[str, str], ...]]:
    words = shortened(" ".join(filter(None, (clean(box.type), clean(box.text)))))
    count = "" if box.parameters is None or box.type == "Input" else f"{box.parameters:,}"
    rows = [(words, "")]
    if box.shape or count:
        rows.append((shortened(clean(box.shape)), count))
    return shortened(clean(box.name)), tuple(rows)


def _widths(
    boxes: Sequence[Box],
    texts: Sequence[tuple[str, tuple[tuple[str, str], ...]]],
    arriving: Sequence[int],
) -> list[int]:
    widths = []
    for box, (name, rows), count in zip(boxes, texts, arriving, strict=True):
        inner = max(cells(left) + cells(right) + (2 if right else 0) for left, right in rows)
        width = max(inner + 4, cells(name) + 6, 2 * count + 3, 17 if box.output else 9)
        widths.append(width + (1 - width) % 4)
    common = max((width for width in widths if width <= COMMON_WIDTH), default=0)
    return [max(width, common) for width in widths]


# --- layers --------------------------------------------------------------------------------


def _levels(order: Sequence[int], edges: Sequence[tuple[int, int]]) -> list[int]:
    """The layer of each box: its longest way from an input; side inputs come late."""
    before: list[list[int]] = [[] for _ in order]
    after: list[list[int]] = [[] for _ in order]
    for source, target in edges:
        before[target].append(source)
        after[source].append(target)
    levels = [0] * len(order)
    for i in order:
        levels[i] = max((levels[source] + 1 for source in before[i]), default=0)
    free = [False] * len(order)  # nothing else hangs on it and on what leads to it
    for i in order:
        free[i] = all(free[source] and len(set(after[source])) == 1 for source in before[i])
    for i in reversed(order):
        if free[i] and after[i]:
            levels[i] = min(levels[target] for target in after[i]) - 1
    return levels


def _chains(items: list[Item], edges: Sequence[tuple[int, int]]) -> list[list[int]]:
    """For each arrow the items it runs through; arrows of one source share the places they pass."""
    passing: dict[tuple[int, int], int] = {}
    chains = []
    for source, target in edges:
        chain = [source]
        for level in range(items[source].layer + 1, items[target].layer):
            if (source, level) not in passing:
                passing[source, level] = len(items)
                items.append(Item(level, None))
            chain.append(passing[source, level])
        chains.append([*chain, target])
    return chains


# --- order within the layers ---------------------------------------------------------------


def _ordered(items: Sequence[Item], links: Sequence[tuple[int, int]]) -> list[list[int]]:
    """The items of each layer from left to right, with few crossings."""
    up: list[list[int]] = [[] for _ in items]
    down: list[list[int]] = [[] for _ in items]
    for a, b in links:
        down[a].append(b)
        up[b].append(a)
    layers: list[list[int]] = [[] for _ in range(1 + max(item.layer for item in items))]
    seen: set[int] = set()
    for start in range(len(items)):
        stack = [start] if not up[start] else []
        while stack:  # along the arrows, so that a branch stays together
            i = stack.pop()
            if i not in seen:
                seen.add(i)
                layers[items[i].layer].append(i)
                stack += reversed(down[i])
    if max(map(len, layers)) == 1:
        return layers
    best, fewest = [layer.copy() for layer in layers], _crossings(layers, down)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        forward = sweep % 2 == 0
        neighbours = up if forward else down
        for number in range(1, len(layers)) if forward else range(len(layers) - 2, -1, -1):
            other = layers[number - 1 if forward else number + 1]
            place = {i: n for n, i in enumerate(other)}
            own = {i: n for n, i in enumerate(layers[number])}
            key = {
                i: sum(place[j] for j in neighbours[i]) / len(neighbours[i])
                if neighbours[i]
                else own[i] * len(other) / len(own)
                for i in layers[number]
            }
            layers[number].sort(key=key.__getitem__)
        if (count := _crossings(layers, down)) < fewest:
            best, fewest = [layer.copy() for layer in layers], count
    return best


def _crossings(layers: Sequence[Sequence[int]], down: Sequence[Sequence[int]]) -> int:
    total = 0
    for upper, lower in itertools.pairwise(layers):
        place = {i: n for n, i in enumerate(lower)}
        seen: list[int] = []
        for i in upper:
            ends = sorted(place[j] for j in down[i])
            total += sum(len(seen) - bisect.bisect_right(seen, end) for end in ends)
            for end in ends:
                bisect.insort(seen, end)
    return total


# --- ways ----------------------------------------------------------------------------------


def _channel(
    items: Sequence[Item], hops: Sequence[tuple[int, int, int]], top: int
) -> tuple[dict[int, list[Point]], int]:
    """The ways of all arrows from one layer to the next, and the rows they need.

    Args:
        hops: Number of the arrow, the item it leaves and the item it reaches.
        top: The first row below the upper layer.
    """
    ports: dict[int, int] = {}
    arriving: dict[int, list[int]] = {}
    seen: dict[tuple[int, int], int] = {}
    for e, a, b in hops:
        if items[b].box is None:
            if (a, b) in seen:  # arrows of one source pass as one line
                ports[e] = seen[a, b]
                continue
            seen[a, b] = ports[e] = items[b].x
        else:
            arriving.setdefault(b, []).append(e)
    origin = {e: items[a].x for e, a, _ in hops}
    for b, arrows in arriving.items():
        arrows.sort(key=lambda e: (origin[e], e))
        places = ports_of([origin[e] for e in arrows], items[b])
        ports.update(zip(arrows, places, strict=True))
    return route([(e, origin[e], ports[e]) for e, _, _ in hops], top)


def _corners(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points without those in the middle of a straight line."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        while len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _shifted(places: Sequence[Place], arrows: Sequence[Arrow], height: int) -> Layout:
    """The layout with its leftmost cell in column 0."""
    columns = [place.x for place in places] + [x for arrow in arrows for x, _ in arrow.points]
    left = min(columns)
    moved = [Place(p.box, p.name, p.lines, p.x - left, p.y, p.width, p.height) for p in places]
    drawn = [Arrow(a.source, a.target, tuple((x - left, y) for x, y in a.points)) for a in arrows]
    right = max([p.x + p.width for p in moved] + [x + 1 for a in drawn for x, _ in a.points])
    return Layout(moved, drawn, right, height)
