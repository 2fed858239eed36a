"""What a preparation does, in words. Pure: the inspector's answer in, text out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.content import Content

from kerastui.models.runs.figures import number
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.key_values import Value

Record = Mapping[str, Any]

_CELL = 10
_LINES = 24
_LEARNED = 12
LEVELS = {"problem": ("✗", "$bad"), "warning": ("▲", "$warn"), "note": ("·", "$muted")}
"""Level of a concern -> its mark and its colour."""


def misfits(concerns: Sequence[Mapping[str, Any]]) -> list[tuple[str, Value]]:
    """What does not go with the target, and the key that offers what mends it."""
    rows: list[tuple[str, Value]] = []
    for concern in concerns:
        if concern["level"] == "problem" and concern["where"] == "target" and concern["changes"]:
            rows.append(("", Content.styled(clean(concern["sentence"]), "$bad")))
            cure = Content.assemble(("w", "$primary"), f" offers: {clean(concern['cure'])}")
            rows.append(("", cure))
    return rows


def step(record: Record) -> list[tuple[str, Value]]:
    """What one step did: in words, to the shapes, what it learned, to a few rows."""
    rows: list[tuple[str, Value]] = [("", clean(record["words"]) + ".")]
    if record["name"] not in ("load", "split"):
        rows.append(("Looks at", record["on"]))
    rows.append(("Shapes", shapes(record)))
    if record["learned"]:
        rows.append(("Learned", learned(record["learned"])))
    rows.append(("", lambda width: samples(record["sample"], width)))
    return rows


def shapes(record: Record) -> Content:
    """The shapes of inputs and targets, a line for each part, before and after."""
    lines = []
    for part, after in record["after"].items():
        before = record["before"].get(part) or record["before"].get("all")
        told = [f"{part:<11}"]
        for kind in ("x", "y"):
            new = words.shape(after[kind])
            old = words.shape(before[kind]) if before else new
            told.append(f"{kind} {new}" if new == old else f"{kind} {old} → {new}")
        lines.append(told[0] + "   ".join(told[1:]))
    return Content("\n".join(lines))


def learned(entries: Sequence[Sequence[str]]) -> Content:
    """What a step knows, a line for each column or class."""
    name = min(20, max(len(entry[0]) for entry in entries))
    lines = [
        Content.assemble(
            Content(clean(key)).truncate(name, ellipsis=True, pad=True), "  ", clean(value)
        )
        for key, value in entries[:_LEARNED]
    ]
    if len(entries) > _LEARNED:
        lines.append(Content.styled(f"… {len(entries) - _LEARNED} more", "$faint"))
    return Content("\n").join(lines)


def samples(sample: Sequence[Record], width: int) -> Content:
    """A few rows: a line for each column, the rows before and after beside each other."""
    before, after = (sample[0] if len(sample) == 2 else None), sample[-1]
    if any(entry["columns"][0] == "input" for entry in sample):
        return _listed(before, after)
    names = _merged(before["columns"] if before else [], after["columns"])
    longest = min(20, max(len(clean(name)) for name in names) + 1)
    halves = 2 if before else 1
    shown = max(1, min(len(after["rows"]), (width - longest - 3) // (halves * (_CELL + 1))))
    lines = []
    if before:
        half = shown * (_CELL + 1)
        lines.append(Content.styled(f"{'':{longest}}{'before':>{half}}   {'after':>{half}}",
                                    "$faint"))  # fmt: skip
    heads = Content.styled(f"{'':{longest}}", "$faint") + _heads(before or after, shown)
    lines.append(heads + Content("   ") + _heads(after, shown) if before else heads)
    rows = [(name, _cells(before, name, shown), _cells(after, name, shown)) for name in names]
    # What changed comes first where there is not room for all.
    if before and len(rows) > _LINES:
        rows = [row for row in rows if row[1] != row[2]] or rows
    for name, old, new in rows[:_LINES]:
        label = Content(clean(name)).truncate(longest - 1, ellipsis=True, pad=True) + " "
        changed = old != new
        line = label.stylize("" if changed or not before else "$muted")
        if before:
            line += _line(old, "$muted") + Content("   ")
        lines.append(line + _line(new, "" if changed or not before else "$muted"))
    hidden = len(names) - min(len(rows), _LINES) + after["more"]
    if hidden > 0:
        lines.append(Content.styled(f"… {hidden:,} more columns", "$faint"))
    return Content("\n").join(lines)


def _heads(sample: Record, shown: int) -> Content:
    cells = "".join(f" {f'row {row:,}':>{_CELL}}" for row in sample["rows"][:shown])
    return Content.styled(cells, "$faint")


def _merged(before: Sequence[str], after: Sequence[str]) -> list[str]:
    """All names: those that went stand where they were."""
    names = list(after)
    for place, name in enumerate(before):
        if name not in names:
            follower = next((other for other in before[place + 1 :] if other in names), None)
            names.insert(names.index(follower) if follower else len(names), name)
    return names


def _cells(sample: Record | None, name: str, shown: int) -> list[str]:
    if sample is None or name not in sample["columns"]:
        return [""] * (shown if sample else 0)
    place = sample["columns"].index(name)
    return ["left out" if row is None else cell(row[place]) for row in sample["cells"][:shown]]


def _line(cells: Sequence[str], style: str) -> Content:
    return Content("").join(
        Content.assemble(
            " " * (1 + max(0, _CELL - len(text))),
            Content.styled(text, style) if text != "–" else Content.styled(text, "$warn"),
        )
        for text in (cut if len(cut) <= _CELL else cut[: _CELL - 1] + "…" for cut in cells)
    )


def cell(value: float | str | None) -> str:
    """A cell as it is shown."""
    if value is None:
        return "–"
    return clean(value) if isinstance(value, str) else number(value)


def _listed(before: Record | None, after: Record) -> Content:
    """Rows that are no rows of numbers: pictures, texts, windows, a line for each."""
    lines: list[Content] = []
    for title, sample in (("before", before), ("after", after)):
        if sample is None:
            continue
        if before:
            lines.append(Content.styled(title, "$faint"))
        for row, cells in zip(sample["rows"], sample["cells"], strict=True):
            shown = "left out"
            if cells is not None:
                inputs = "  ".join(cell(value) for value in cells[:-1][:12])
                shown = f"{inputs}  → {cell(cells[-1])}"
            lines.append(Content.assemble((f"row {row:<7,}", "$muted"), shown))
    return Content("\n").join(lines)


def column(facts: Record) -> list[tuple[str, Value]]:
    """What is known of a raw column."""
    kind = facts["kind"]
    if kind == "number" and facts["whole"]:
        kind = "whole number"
    rows: list[tuple[str, Value]] = [
        ("Holds", f"{kind}, {facts['different']:,} different"),
    ]
    if facts["missing"]:
        rows.append(("Missing", Content.styled(f"{facts['missing']:,} cells", "$warn")))
    if facts["kind"] == "number" and facts["low"] is not None:
        rows.append(("Range", f"{number(facts['low'])} … {number(facts['high'])}"))
        rows.append(("Mean", f"{number(facts['mean'])} ± {number(facts['deviation'])}"))
    if facts["common"] and (facts["kind"] == "text" or facts["different"] <= 20):
        told = [f"{clean(value)} {count:,}" for value, count in facts["common"]]
        more = facts["different"] - len(facts["common"])
        rows.append(("Values", " · ".join(told) + (f" · {more:,} more" if more > 0 else "")))
    return rows


def brief(facts: Record) -> str:
    """A raw column in a few words, for a list."""
    if facts["constant"]:
        return "the same everywhere"
    if facts["identifier"]:
        return "names the rows"
    told = f"{facts['different']:,} different"
    if facts["kind"] == "number" and facts["low"] is not None and facts["different"] > 2:
        told = f"{number(facts['low'])} … {number(facts['high'])}"
    elif facts["different"] <= 4 and facts["common"]:
        told = ", ".join(clean(value) for value, _ in facts["common"][:4])
    return told + (f" · {facts['missing']:,} missing" if facts["missing"] else "")
