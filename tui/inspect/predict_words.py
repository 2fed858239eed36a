"""What is said of a prediction: classes with bars, numbers with their unit, what lies outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textual.content import Content

from kerastui.models.runs.figures import number
from kerastui.tui.widgets.data_grid_cells import clean, fitted
from kerastui.tui.widgets.line_view import bar

LONGEST_NAME = 24
LONGEST_BAR = 40
SHARE = 9
"""Cells of a probability."""


def rows(count: int) -> str:
    """A number of rows: `1 row`, `2,000 rows`."""
    return f"{count:,} row{'' if count == 1 else 's'}"


def answers(
    outputs: Sequence[dict[str, Any]], values: Sequence[Sequence[float]], width: int
) -> list[Content]:
    """Return what the outputs say, a line for each class, label or number.

    Args:
        outputs: As `look.predict_form` describes them.
        values: What each says.
        width: Cells there are.
    """
    lines: list[Content] = []
    for output, given in zip(outputs, values, strict=True):
        if output["name"]:
            lines += [Content(""), Content.styled(clean(output["name"]), "$faint")]
        if output["kind"] == "numbers":
            lines += _numbers(output, given, width)
        else:
            lines += _shares(output, given, width)
    return lines


def _numbers(output: dict[str, Any], given: Sequence[float], width: int) -> list[Content]:
    names = [clean(name) for name in output["names"]]
    room = min(LONGEST_NAME, max(map(len, names)))
    lines = [
        Content.assemble((f"{fitted(name, room)}  ", "$muted"), (number(value), "bold $series-1"))
        for name, value in zip(names, given, strict=True)
    ]
    if output["about"] and lines:
        lines[0] = Content.assemble(lines[0], (f"  {clean(output['about'])}", "$muted"))
    return lines


def _shares(output: dict[str, Any], given: Sequence[float], width: int) -> list[Content]:
    """Classes, the most probable first."""
    pairs = sorted(
        zip(output["names"], given, strict=True), key=lambda pair: -pair[1]
    )  # fmt: skip
    room = max(4, min(LONGEST_NAME, max(len(clean(name)) for name, _ in pairs), width - SHARE - 10))
    length = max(4, min(LONGEST_BAR, width - room - SHARE - 3))
    lines = []
    for place, (name, share) in enumerate(pairs):
        first = place == 0 if output["kind"] == "classes" else share > 0.5
        lines.append(
            Content.assemble(
                (fitted(clean(name), room), "bold" if first else "$muted"), " ",
                bar(share, length, "$series-1" if first else "$muted"),
                (f"{_share(share):>{SHARE}}", "bold" if first else "$muted"),
            )
        )  # fmt: skip
    return lines


def _share(share: float) -> str:
    """A probability as it is read: never 1 or 0 where it is not."""
    told = f"{100 * share:.1f} %"
    if told == "100.0 %" and share < 1:
        return "> 99.9 %"
    return "< 0.1 %" if told == "0.0 %" and share > 0 else told


def short(outputs: Sequence[dict[str, Any]], values: Sequence[Sequence[float]]) -> str:
    """Return a prediction in a few words: the most probable class, or the numbers."""
    told = []
    for output, given in zip(outputs, values, strict=True):
        pairs = list(zip(output["names"], given, strict=True))
        if output["kind"] == "classes":
            name, share = max(pairs, key=lambda pair: pair[1])
            told.append(f"{clean(name)}  {_share(share)}")
        elif output["kind"] == "labels":
            told.append(", ".join(clean(name) for name, share in pairs if share > 0.5) or "none")
        else:
            told.append("  ".join(number(value) for value in given[:6]))
    return "  ·  ".join(told)


def beside(
    outputs: Sequence[dict[str, Any]], values: Sequence[Sequence[float]], truth: Any
) -> Content:
    """Return the truth beside a prediction: right or wrong, or how far it is off."""
    if truth is None:
        return Content("")
    if isinstance(truth, str):
        names, given = outputs[0]["names"], values[0]
        said = names[max(range(len(given)), key=lambda place: given[place])]
        if outputs[0]["kind"] == "labels":
            said = ", ".join(n for n, p in zip(names, given, strict=True) if p > 0.5) or "none"
        right = said == truth
        mark = (" ✓ right", "$good") if right else (" ✗ wrong", "$bad")
        return Content.assemble(("truth ", "$muted"), clean(truth), mark)
    told = "  ".join(number(value) for value in truth[:6])
    off = ""
    if len(truth) == len(values[0]) == 1:
        off = f"  off by {number(values[0][0] - truth[0])}"
    return Content.assemble(("truth ", "$muted"), told, (off, "$muted"))
