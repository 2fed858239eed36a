"""The columns of a diagram: where in its layer each box and each passing arrow stands."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

# Every upright line stands in an even column, so that two of them never touch: widths are
# multiples of four and one (a middle, and even halves), distances are even.
GAP = 3  # cells between neighbours in a layer
ROUNDS = 4  # more change nothing in the networks people draw

# What a straight arrow is worth: between boxes (or where a box's only arrow passes layers), along
# an arrow that passes layers, and where such an arrow leaves the main way or comes back to it.
MAIN, ALONG, ASIDE = 4, 8, 1


@dataclass
class Item:
    """A box, or an arrow's place in a layer it passes."""

    layer: int
    box: int | None
    width: int = 1
    x: int = 0  # of its middle


def set_columns(
    items: Sequence[Item], layers: Sequence[Sequence[int]], chains: Sequence[Sequence[int]]
) -> None:
    """Set the middle of every item: order and distances kept, arrows as straight as may be."""
    for layer in layers:
        for i, x in zip(layer, _distances(items, layer), strict=True):
            items[i].x = x
    if max(map(len, layers)) == 1:
        return
    _settle(items, layers, _links(items, chains, along=ASIDE), rigid=False)
    _clear(items, layers, chains)
    _settle(items, layers, _links(items, chains, along=ALONG), rigid=True)


def _links(
    items: Sequence[Item], chains: Sequence[Sequence[int]], along: int
) -> list[tuple[int, int, int]]:
    """All neighbours in adjacent layers, with what it is worth that they stand in one column."""
    leaving = Counter(chain[0] for chain in chains)
    links = {}
    for chain in chains:
        alone = leaving[chain[0]] == 1
        for a, b in itertools.pairwise(chain):
            if items[b].box is None:
                links[a, b] = along if alone or items[a].box is None else ASIDE
            else:
                links[a, b] = MAIN if alone or items[a].box is not None else ASIDE
    return [(a, b, weight) for (a, b), weight in links.items()]


def _settle(
    items: Sequence[Item],
    layers: Sequence[Sequence[int]],
    links: Sequence[tuple[int, int, int]],
    rigid: bool,
) -> None:
    """Let every layer follow the one above, then the one below, several times.

    Rigid: arrows that pass layers look both ways at once, so that they keep their column.
    """
    up: list[list[tuple[int, int]]] = [[] for _ in items]
    down: list[list[tuple[int, int]]] = [[] for _ in items]
    for a, b, weight in links:
        down[a].append((b, weight))
        up[b].append((a, weight))

    if rigid:
        for i, item in enumerate(items):
            if item.box is None:
                up[i] = down[i] = up[i] + down[i]

    def follow(layer: Sequence[int], neighbours: Sequence[Sequence[tuple[int, int]]]) -> None:
        wishes = [[(items[j].x, w) for j, w in neighbours[i]] or [(items[i].x, 1)] for i in layer]
        for i, x in zip(layer, spread(wishes, _distances(items, layer)), strict=True):
            items[i].x = x

    for _ in range(ROUNDS):
        for layer in layers[1:]:
            follow(layer, up)
        for layer in reversed(layers[:-1]):
            follow(layer, down)
    for layer in layers[1:]:
        follow(layer, up)


def _clear(
    items: Sequence[Item], layers: Sequence[Sequence[int]], chains: Sequence[Sequence[int]]
) -> None:
    """Make arrows that pass layers straight, as far out as their widest layer demands."""
    place = {i: n for layer in layers for n, i in enumerate(layer)}
    done: set[int] = set()
    for chain in chains:
        passing = [i for i in chain[1:-1] if i not in done]
        done.update(passing)
        if passing:
            left = sum(place[i] for i in passing)
            right = sum(len(layers[items[i].layer]) - 1 - place[i] for i in passing)
            columns = [items[i].x for i in passing]
            x = max(columns) if left >= right else min(columns)
            for i in passing:
                items[i].x = x


def _distances(items: Sequence[Item], layer: Sequence[int]) -> list[int]:
    """How far each item's middle is at least from the middle of the first one."""
    distances = [0]
    for a, b in itertools.pairwise(layer):
        distances.append(distances[-1] + items[a].width // 2 + items[b].width // 2 + 1 + GAP)
    return distances


def spread(wishes: Iterable[Sequence[tuple[int, int]]], distances: Sequence[int]) -> list[int]:
    """Place items in a row as near as may be to where each wishes to be.

    Items that get in each other's way move together, to the median of their wishes.

    Args:
        wishes: For each item places with weights.
        distances: How far each item is at least from the first one.
    """
    blocks: list[tuple[list[tuple[int, int]], int, int]] = []  # wishes, items, place
    for wish, distance in zip(wishes, distances, strict=True):
        points, count = sorted((place - distance, weight) for place, weight in wish), 1
        at = _median(points)
        while blocks and blocks[-1][2] > at:
            others, more, _ = blocks.pop()
            points, count = sorted(others + points), more + count
            at = _median(points)
        blocks.append((points, count, at))
    flat = [at for _, count, at in blocks for _ in range(count)]
    return [at + distance for at, distance in zip(flat, distances, strict=True)]


def _median(points: Sequence[tuple[int, int]]) -> int:
    """The weighted median, an even place; in the middle where a whole stretch is one."""
    total, run = sum(weight for _, weight in points), 0
    for n, (place, weight) in enumerate(points):
        run += weight
        if 2 * run == total:
            return (place + points[n + 1][0]) // 4 * 2
        if 2 * run > total:
            return place
    raise AssertionError("a median of nothing")


def ports_of(origins: Sequence[int], item: Item) -> list[int]:
    """Where arrows reach a box: straight below where they come from, or as near as they can.

    A single one that has to turn anyway reaches the middle.
    """
    room = item.width - 5
    low = item.x - item.width // 2 + 2
    if len(origins) == 1:
        return [origins[0] if low <= origins[0] <= low + room else item.x]
    found = []
    for step in (4, 2):
        distances = [step * n for n in range(len(origins))]
        high = low + room - distances[-1]
        if high < low:
            continue
        wished = spread([[(origin, 1)] for origin in origins], distances)
        ports = [
            min(max(x - distance, low), high) + distance
            for x, distance in zip(wished, distances, strict=True)
        ]
        bent = sum(
            port != origin and low <= origin <= low + room
            for port, origin in zip(ports, origins, strict=True)
        )
        found.append((bent, ports))
    return min(found, key=lambda pair: pair[0])[1]
