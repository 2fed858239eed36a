"""The small rails beside the nodes of a graph: which way the data takes through the list."""

from __future__ import annotations

from kerastui.models.experiment.schema import GraphModel


def rails(model: GraphModel) -> dict[str, str]:
    """Return a piece of rail for every input and node, by name.

    A node is a dot on its lane; lines that end in it come from the lanes of what it takes, and
    lanes of others run past it. `○` marks inputs, `●` nodes:

        ○     measured
        ├─●   left     takes measured
        ● │   right    takes measured
        ●─╯   joined   takes both
    """
    takes = {entry.name: () for entry in model.inputs} | {
        node.name: tuple(dict.fromkeys(node.inputs)) for node in model.nodes
    }
    order = list(takes)
    last = {source: index for index, name in enumerate(order) for source in takes[name]}
    lanes: list[str | None] = []
    drawn = {}
    for index, name in enumerate(order):
        sources = [source for source in takes[name] if source in lanes]
        ending = [lanes.index(source) for source in sources if last[source] == index]
        free = [lane for lane, owner in enumerate(lanes) if owner is None]
        lane = min(ending) if ending else free[0] if free else len(lanes)
        if lane == len(lanes):
            lanes.append(None)
        drawn[name] = _line(lanes, lane, sources, ending, dot="●" if takes[name] else "○")
        for ended in ending:
            lanes[ended] = None
        lanes[lane] = name if last.get(name, -1) > index else None
        while lanes and lanes[-1] is None:
            lanes.pop()
    return drawn


def _line(
    lanes: list[str | None], lane: int, sources: list[str], ending: list[int], dot: str
) -> str:  # fmt: skip
    """Draw one line: the dot in its lane, what joins it, what runs past."""
    joined = {lanes.index(source) for source in sources} - {lane}
    first, end = min({lane, *joined}), max({lane, *joined})
    line = []
    for here, owner in enumerate(lanes):
        inside = first < here < end
        if here == lane:
            sign = dot
        elif here in joined and here in ending:
            sign = ("┴" if inside else "╯") if here > lane else ("┴" if inside else "╰")
        elif here in joined:
            sign = ("┼" if inside else "┤") if here > lane else ("┼" if inside else "├")
        elif owner is None:
            sign = "─" if inside else " "
        else:
            sign = "│"  # runs past, above the line that crosses it
        line += [sign, "─" if first <= here < end else " "]
    return "".join(line).rstrip()
