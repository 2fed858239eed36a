"""The ways of arrows between two layers of a diagram: vertical, then one row across, vertical.

All arrows that leave one box are one net. Nets share no cell but where one crosses another at a
right angle. A net whose box stands over another net's arrival must turn in a higher row than that
one; where such demands run in a circle, one net makes a second turn in a column of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

Point = tuple[int, int]
"""Column and row."""


@dataclass
class _Net:
    """A line from one column above to some columns below."""

    origin: int
    ends: set[int]
    row: int = -1
    then: _Net | None = field(default=None, repr=False)
    """The second half of a net that turns twice."""

    @property
    def span(self) -> tuple[int, int]:
        return min(self.origin, *self.ends), max(self.origin, *self.ends)

    @property
    def eager(self) -> tuple[int, int]:
        """Sorts nets so that those that go the same way do not cross."""
        low, high = self.span
        if self.origin == low:
            return 1, -self.origin
        return 0 if self.origin == high else 2, self.origin


def route(hops: Sequence[tuple[int, int, int]], top: int) -> tuple[dict[int, list[Point]], int]:
    """Find the ways of all arrows between two layers.

    Args:
        hops: For each arrow its number, the column it comes from and the column it goes to.
            No column is the goal of arrows from different columns.
        top: The first row below the upper layer.

    Returns:
        For each arrow its points from that row to the row over the lower layer, and how many
        rows there are.
    """
    nets: dict[int, _Net] = {}
    for _, origin, end in hops:
        nets.setdefault(origin, _Net(origin, set())).ends.add(end)
    rows = _assign(list(nets.values()))
    bottom = top + rows
    ways = {}
    for number, origin, end in hops:
        net: _Net | None = nets[origin]
        points = [(origin, top)]
        while net is not None and net.row >= 0:
            x = net.then.origin if net.then else end
            points += [(points[-1][0], top + net.row), (x, top + net.row)]
            net = net.then
        ways[number] = [*points, (end, bottom)]
    return ways, rows + 1


def _assign(nets: list[_Net]) -> int:
    """Give each net its row; returns how many rows that takes."""
    taken = {net.origin for net in nets}.union(*(net.ends for net in nets))
    waiting = sorted((n for n in nets if n.ends != {n.origin}), key=lambda net: net.eager)
    row = 0
    while waiting:
        origins = {net.origin for net in waiting}
        placed: list[_Net] = []
        for net in waiting:
            low, high = net.span
            blocked = any(end in origins and end != net.origin for end in net.ends)
            if not blocked and all(high + 1 < o.span[0] or o.span[1] + 1 < low for o in placed):
                net.row = row
                placed.append(net)
        if placed:
            halves = [net.then for net in placed if net.then]
            waiting = [net for net in waiting if net.row < 0] + halves
            row += 1
        else:
            net = next(n for n in waiting if any(n.origin in o.ends for o in waiting if o is not n))
            column = _free(net.origin, taken)
            taken.add(column)
            net.then = _Net(column, net.ends)
            net.ends = {column}
    return row


def _free(near: int, taken: set[int]) -> int:
    """The nearest column that no line uses; lines stand in even columns."""
    distance = 2
    while True:
        for column in (near + distance, near - distance):
            if column not in taken:
                return column
        distance += 2
