"""What the comparison of runs says, laid out for a width: nothing is cut, long values stack."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from kerastui.models.experiment.differences import Difference
from kerastui.models.runs.comparing import Comparison, FigureRow
from kerastui.models.runs.figures import number
from kerastui.tui.widgets import words

BEST = "◆"
_GAP = 2
_COLOURS = 4


def colour(place: int) -> str:
    """Return the colour of a run's curve; from the fifth on they are shared."""
    return f"$series-{place % _COLOURS + 1}"


def runs(comparison: Comparison, width: int) -> list[Content]:
    """Return a line or two for each run: its letter, what tells it apart, its state."""
    lines = []
    for place, (one, label) in enumerate(zip(comparison.runs, comparison.labels, strict=True)):
        state = Content.assemble(
            words.state(one.info.state),
            (f"  {words.moment(one.info.started or one.info.created)}", "$muted"),
        )
        name = Content.assemble((one.letter, f"bold {colour(place)}"), "  ", label)
        room = width - name.cell_length - state.cell_length
        if room >= _GAP:
            lines.append(Content.assemble(name, " " * room, state))
        else:
            lines += [*name.wrap(width), Content.assemble("   ", state)]
        if one.problem:
            lines += Content.styled(f"   {one.problem}", "$bad").wrap(width)
    if comparison.caution:
        lines += Content.styled(comparison.caution, "$warn").wrap(width)
    return lines


def figures(comparison: Comparison, width: int) -> list[Content]:
    """Return the table of figures; a mark and a colour tell the best of each."""
    rows = comparison.figures
    names = max((len(row.words) for row in rows), default=0)
    places = range(len(comparison.runs))
    for with_epochs in (True, False):
        cells = [[_cell(row, place, with_epochs) for place in places] for row in rows]
        columns = [max([1, *(line[place].cell_length for line in cells)]) for place in places]
        if names + sum(column + _GAP for column in columns) <= width:
            break
    else:
        return _stacked_figures(comparison)
    head = [
        Content.styled(one.letter.rjust(column), f"bold {colour(place)}")
        for place, (one, column) in enumerate(zip(comparison.runs, columns, strict=True))
    ]
    lines = [Content.assemble(" " * names, *(Content.assemble("  ", cell) for cell in head))]
    for row, line in zip(rows, cells, strict=True):
        placed = (
            Content.assemble(" " * (_GAP + column - cell.cell_length), cell)
            for cell, column in zip(line, columns, strict=True)
        )
        lines.append(Content.assemble((row.words.ljust(names), "$muted"), *placed))
    return lines


def differences(comparison: Comparison, width: int) -> list[Content]:
    """Return what differs: in columns where there is room, else one value a line."""
    if any(one.experiment is None for one in comparison.runs):
        return Content.styled("A run's experiment can't be read.", "$bad").wrap(width)
    rows = (*comparison.settings, *comparison.circumstances)
    if not rows:
        return Content.styled("Nothing: every setting is the same.", "$muted").wrap(width)
    letters = [one.letter for one in comparison.runs]
    names = min(max(len(row.words) for row in rows), width // 2)
    narrow = [
        row for row in rows if len(row.words) <= names and _fits(row, names, len(letters), width)
    ]
    columns = [
        max([1, *(len(row.values[place]) for row in narrow)]) for place in range(len(letters))
    ]
    if names + sum(column + _GAP for column in columns) > width:
        narrow = []
    lines: list[Content] = []
    if narrow:
        head = (
            Content.assemble("  ", (letter.ljust(column), f"bold {colour(place)}"))
            for place, (letter, column) in enumerate(zip(letters, columns, strict=True))
        )
        lines.append(Content.assemble(" " * names, *head))
    for row in rows:
        if row in narrow:
            values = (
                Content.styled("  " + value.ljust(column), "$muted" if value == "–" else "$text")
                for value, column in zip(row.values, columns, strict=True)
            )
            lines.append(Content.assemble((row.words.ljust(names), "$muted"), *values))
        else:
            lines += _stacked(row, letters, width)
    return lines


def _fits(row: Difference, names: int, count: int, width: int) -> bool:
    """Say whether a row's values keep to their share of the width."""
    share = (width - names) // count - _GAP
    return all(len(value) <= share for value in row.values)


def _stacked(row: Difference, letters: Sequence[str], width: int) -> list[Content]:
    """Return a setting over its values; runs that have the same share a line."""
    lines = Content.styled(row.words, "$muted").wrap(width)
    for value in dict.fromkeys(row.values):
        which = [place for place, one in enumerate(row.values) if one == value]
        head = Content.assemble(
            "  ", *((f"{letters[place]} ", f"bold {colour(place)}") for place in which)
        )
        wrapped = Content(value).wrap(max(8, width - head.cell_length - 1))
        for number_, line in enumerate(wrapped):
            lines.append(Content.assemble(" " * head.cell_length if number_ else head, " ", line))
    return lines


def _stacked_figures(comparison: Comparison) -> list[Content]:
    lines: list[Content] = []
    for row in comparison.figures:
        lines.append(Content.styled(row.words, "$muted"))
        lines += [
            Content.assemble("  ", (one.letter, f"bold {colour(place)}"), "  ", _cell(row, place))
            for place, one in enumerate(comparison.runs)
        ]
    return lines


def _cell(row: FigureRow, place: int, with_epochs: bool = True) -> Content:
    value = row.values[place]
    if value is None:
        return Content.styled("–", "$faint")
    text = number(value) if isinstance(value, int | float) else value
    at = row.at[place] if row.at and with_epochs else None
    return Content.assemble(
        (f"{BEST} " if place in row.best else "", "$good"),
        (text, "bold $good" if place in row.best else "$text"),
        (f" @ {at:,}" if at is not None else "", "$faint"),
    )
