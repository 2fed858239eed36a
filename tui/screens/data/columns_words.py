"""The statistics of a column as text: a line of the list, and the detail. Pure."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from kerastui.models.runs.figures import number
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import NUMBERS, clean, shown
from kerastui.tui.widgets.key_values import Value
from kerastui.tui.widgets.line_view import bar
from kerastui.tui.widgets.row_list import Column, Row

Told = Mapping[str, Any]

HISTOGRAM = 12
"""Cells of the histogram in the list."""

COLUMNS = (
    Column("column"),
    Column("type", 6),
    Column("missing", 7, "right"),
    Column("unique", 8, "right"),
    Column("least", 10, "right", least=66),
    Column("most", 10, "right", least=66),
    Column("mean", 10, "right", least=84),
    Column("deviation", 10, "right", least=96),
    Column("", HISTOGRAM),
)
"""The list; what has no room stands in the detail."""

_MARKS = {
    "constant": ("=", "constant: one value in every row, which tells a model nothing"),
    "identifier": (
        "#",
        "identifier: another value in every row, which can only be learned by heart",
    ),
    "target": ("◆", "the target: what is to be predicted"),
}
_RELATIONS = {
    "pearson": "Pearson's correlation",
    "eta": "correlation ratio η",
    "cramer": "Cramér's V",
}
_QUANTILES = ("5 %", "25 %", "50 %", "75 %", "95 %")


def row(key: str, name: str, told: Told | None) -> Row:
    """Return the line of a column; `told` is None while nothing is known of it."""
    if told is None:
        return Row(key, (clean(name), Content.styled("…", "$faint")), found=name)
    mark, colour = marked(told)
    title = Content.assemble(clean(name), (f" {mark}" if mark else "", colour))
    if told["kind"] == "text":
        low = high = mean = deviation = ""
    else:
        low, high = (_end(told[end], told["kind"]) for end in ("low", "high"))
        mean, deviation = (_end(told[part], "number") for part in ("mean", "deviation"))
    gaps = told["missing"]
    return Row(
        key,
        (
            title,
            Content.styled(told["kind"], "$muted"),
            Content.styled(f"{gaps:,}", "$warn") if gaps else Content.styled("–", "$faint"),
            f"{told['unique']:,}",
            low,
            high,
            mean,
            deviation,
            Content.styled(_small_histogram(told), "$series-1"),
        ),
        found=f"{name} {told['kind']} {' '.join(told['marks'])}",
    )  # fmt: skip


def marked(told: Told) -> tuple[str, str]:
    """Return the sign of what is to be known of a column, and its colour; both may be empty."""
    if told["giveaway"]:
        return "!", "$bad"
    for mark in told["marks"]:
        return _MARKS[mark][0], "$primary" if mark == "target" else "$warn"
    return "", ""


def detail(told: Told, target: str) -> list[tuple[str, Value]]:
    """Return all that is known of a column.

    Args:
        told: Its statistics.
        target: Name of the target, or empty.
    """
    rows: list[tuple[str, Value]] = []
    for mark in told["marks"]:
        colour = "$primary" if mark == "target" else "$warn"
        rows.append(("", Content.assemble((f"{_MARKS[mark][0]} ", colour), _MARKS[mark][1])))
    if told["giveaway"]:
        rows.append(("", Content.assemble(("! ", "$bad"), f"{told['giveaway']}: it would be "
                     "learned in place of what can be known beforehand")))  # fmt: skip
    known = told["rows"] - told["missing"]
    share = told["missing"] / told["rows"] if told["rows"] else 0
    gaps = f"{told['missing']:,} of {told['rows']:,}" + (f", {share:.1%}" if share else "")
    rows += [("Type", told["kind"]), ("Missing", gaps)]
    if told["infinite"]:
        rows.append(("Infinite", Content.styled(f"{told['infinite']:,}", "$warn")))
    rows.append(("Unique", f"{told['unique']:,}"))
    if told["low"] is not None:
        low, high = (_end(told[end], told["kind"]) for end in ("low", "high"))
        ends = low if low == high else f"{low} to {high}"
        unit = "sign" if ends == "1" else "signs"
        rows.append(("Length", f"{ends} {unit}") if told["kind"] == "text" else ("Range", ends))
    if told["mean"] is not None:
        rows.append(("Mean", f"{number(told['mean'])}   deviation {number(told['deviation'])}"))
    if relation := told["relation"]:
        name, value = relation
        with_target = f"{number(value)}  {_RELATIONS[name]} with {clean(target)}"
        rows.append(("Target", with_target))
    if len(told["bins"]) > 1:
        rows += [("", functools.partial(histogram, told)), ("Quantiles", _quantiles(told))]
    if told["common"]:
        classes = "target" in told["marks"] and told["kind"] not in NUMBERS
        title = "Classes" if classes else "Most frequent"
        rows += [("", functools.partial(_common, told, known, title))]
    return rows


def _quantiles(told: Told) -> Content:
    pairs = zip(_QUANTILES, told["quantiles"], strict=True)
    return Content("\n").join(
        Content.assemble((f"{name:>5}  ", "$muted"), f"{number(value):>10}")
        for name, value in pairs
    )


def histogram(told: Told, width: int, height: int = 6) -> Content:
    """Return the counts of a column's parts as bars in blocks, least and most below them."""
    bins = merged(told["bins"], width)
    wide = max(1, min(2, width // len(bins)))
    top = max(bins) or 1
    lines: list[Content] = []
    for level in range(height - 1, -1, -1):
        line = ""
        for count in bins:
            # What is there is seen, however little it is.
            eighths = max(1, round(count / top * height * 8)) if count else 0
            line += " ▁▂▃▄▅▆▇█"[max(0, min(8, eighths - level * 8))] * wide
        lines.append(Content.styled(line[:width], "$series-1"))
    low, high = _end(told["low"], told["kind"]), _end(told["high"], told["kind"])
    room = min(width, wide * len(bins)) - len(low)
    lines.append(Content.styled(f"{low}{high:>{max(0, room)}}", "$muted"))
    return Content("\n").join(lines)


def _common(told: Told, known: int, title: str, width: int) -> Content:
    """Return the most frequent values with their shares as bars."""
    values = [(shown(value, told["kind"])[0], count) for value, count in told["common"]]
    digits = len(f"{values[0][1]:,}") + 2
    name = min(max(len(text) for text, _ in values), max(8, width - digits - 14))
    room = max(4, min(24, width - name - digits - 10))
    lines = [Content.styled(title, "$muted")]
    for text, count in values:
        share = count / known if known else 0
        length = count / values[0][1]
        lines.append(
            Content.assemble(
                Content(text).truncate(name, ellipsis=True, pad=True),
                "  ",
                bar(length, room, "$series-1"),
                f"{count:>{digits},}",
                (f"{_share(share):>7}", "$muted"),
            )
        )
    rest = told["unique"] - len(values)
    if rest > 0:
        lines.append(Content.styled(f"and {rest:,} other values", "$faint"))
    return Content("\n").join(lines)


def _share(share: float) -> str:
    return f"{share:.1%}" if share >= 0.0005 else "<0.1%"


def _small_histogram(told: Told) -> str:
    """Return the spread of numbers in one line; of other values, how often they are there."""
    counts: Sequence[float] = told["bins"]
    if len(counts) < 2:
        counts = [count for _, count in told["common"]]
    if len(counts) < 2:
        return ""
    # Beside a part without anything, the others stand as high as they are.
    return words.sparkline([0.0, *merged(counts, HISTOGRAM)], HISTOGRAM + 1)[1:]


def merged(counts: Sequence[float], width: int) -> list[float]:
    """Return counts in at most `width` parts: neighbours are added, none is left out."""
    step = -(-len(counts) // width)
    return [sum(counts[place : place + step]) for place in range(0, len(counts), step)]


def _end(value: Any, kind: str) -> str:
    return shown(value, kind if isinstance(value, int | float) else "text")[0]
