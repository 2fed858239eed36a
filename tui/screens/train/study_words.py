"""What the Train screen says of a study: a line for each member, the spread, how far it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from kerastui.models.runs.figures import number
from kerastui.models.runs.store import ACTIVE
from kerastui.models.studies.store import SKIPPED
from kerastui.models.studies.view import Row
from kerastui.tui.widgets import words
from kerastui.tui.widgets.chart_scale import steady
from kerastui.tui.widgets.line_view import bar

if TYPE_CHECKING:
    from kerastui.tui.study_monitor import Picture

EPOCHS_WIDTH = 15


def name(row: Row, picture: Picture) -> str:
    """Return what tells a member from the others: its variant, its seed where it is repeated."""
    if not picture.repeated:
        return row.variant
    return f"seed {row.seed}" if len(picture.variants) == 1 else f"{row.variant}, seed {row.seed}"


def cells(row: Row, picture: Picture) -> tuple[Content | str, ...]:
    """Return a member's cells in the table."""
    colour = picture.variants.index(row.variant)
    mark = "── " if colour // 4 % 2 == 0 else "╌╌ "
    begun = bool(row.metric)
    epochs = f"{row.epoch:,}/{row.epochs:,}" if row.state in ACTIVE else f"{row.epoch:,}"
    if len(epochs) > EPOCHS_WIDTH:
        epochs = f"{row.epoch:,}"
    left = row.state in ACTIVE and row.left is not None
    return (
        Content.assemble((mark, f"$series-{colour % 4 + 1}"), name(row, picture)),
        words.state(row.state),
        epochs if row.epochs else "",
        steady(row.last) if begun else "",
        Content.assemble(steady(row.best), (f" @ {row.best_epoch:,}", "$muted")) if begun else "",
        Content.styled(words.duration(row.seconds) if row.run else "", "$muted"),
        Content.styled(words.duration(row.left) if left else "", "$muted"),
    )


def spread(picture: Picture, width: int) -> list[Content]:
    """Return mean, deviation, lowest and highest of the leading figure for each variant."""
    groups = [group for group in picture.overview.groups if group.runs > 1]
    if not groups:
        return []
    several = len(picture.variants) > 1
    rows = [
        (
            group.variant if several else "all seeds",
            str(group.runs),
            number(group.mean),
            f"± {number(group.deviation)}",
            number(group.low),
            number(group.high),
        )
        for group in groups
    ]
    heads = (groups[0].figure, "runs", "mean", "deviation", "min", "max")
    columns = [
        2 + max(len(cells[place]) for cells in (heads, *rows)) for place in range(1, len(heads))
    ]
    room = max(8, width - sum(columns))
    lines = []
    for place, (first, *rest) in enumerate((heads, *rows)):
        label = Content(first).truncate(room, ellipsis=True)
        text = "".join(cell.rjust(column) for cell, column in zip(rest, columns, strict=True))
        line = Content.assemble(label, " " * (room - label.cell_length), text)
        lines.append(line if place else line.stylize("$faint"))
    return lines


def status(picture: Picture, width: int) -> list[Content]:
    """Return how far the study is, or what came of it, in one line."""
    overview = picture.overview
    count = len(overview.rows)
    left_out = sum(row.state == SKIPPED for row in overview.rows)
    runs = f"{overview.done - left_out} of {count} run{'s' * (count != 1)}"
    if left_out:
        runs += (
            ", the rest is not needed" if overview.status == "finished" else ", the rest left out"
        )
    judged = [one for one in overview.verdicts if one.state in ("inside", "outside")]
    right = sum(one.state == "inside" for one in judged)
    verdict = Content("")
    if picture.over and judged:
        colour = "$good" if right == len(judged) else "$bad"
        verdict = Content.styled(f"   {right} of {len(judged)} figures as expected", colour)
    if picture.over:
        return [Content.assemble(words.state(overview.status), f"   {runs}", verdict)]
    if overview.status == "lost":
        text = f"? the study's runner is gone; what runs goes on   {runs}"
        return [Content.styled(text, "$warn")]
    running = sum(row.state in ACTIVE for row in overview.rows)
    parts = [f" {overview.share:4.0%}".replace("%", " %"), f"{running} running"]
    if overview.left is not None:
        parts.append(f"left {words.duration(overview.left)}")
    tail = "   ".join(parts)
    room = max(4, min(40, width - len(runs) - len(tail) - 2))
    return [Content.assemble(f"{runs}  ", bar(overview.share, room, "$run"), (tail, "$muted"))]


def siblings(picture: Picture, run: str, width: int, most: int) -> list[Content]:
    """Return a line for each other member, beside a member that is shown by itself."""
    lines: list[Content] = []
    for row in picture.overview.rows:
        if row.run == run or len(lines) == most:
            continue
        sign, colour = words.STATES.get(row.state, ("·", "$muted"))
        end = f"{row.metric} {number(row.last)}" if row.metric else row.state
        text = Content(name(row, picture)).truncate(max(4, width - len(end) - 4), ellipsis=True)
        room = max(1, width - 2 - text.cell_length - len(end))
        lines.append(Content.assemble((f"{sign} ", colour), text, " " * room, (end, "$muted")))
    return lines
