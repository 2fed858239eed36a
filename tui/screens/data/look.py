"""What a look at a data set shows, in words. Pure: the inspector's answer in, text out."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content

from kerastui.datasets.recipe import DELIMITERS, MARKS
from kerastui.models.runs.figures import number
from kerastui.tui.labs.base import Result
from kerastui.tui.widgets import words
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.form_fields import shown
from kerastui.tui.widgets.key_values import Value

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.recipe import FileRecipe

SIGNS = {sign: name for name, sign in DELIMITERS.items()}
Look = Mapping[str, Any]

_UNITS = {"pictures": "pictures", "texts": "texts", "table": "rows", "series": "values"}


def results(card: Card, look: Look) -> tuple[Result, ...]:
    """Return the shapes of the parts beside the published ones; none for others."""
    if card.kind == "generator" or card.recipe is not None:
        return ()
    published = {"train": card.train, "test": card.test, "all": card.rows}
    found = []
    for part, shape in look["parts"].items():
        whole = look["kind"] == "table"
        # A table's columns are its inputs and its target.
        inside = (len(card.columns),) if whole and card.columns else tuple(card.shape)
        if look["kind"] in ("series", "texts"):
            inside = ()
        known = [entry for entry in shape[1:] if entry is not None]
        printed, got = _tuple((published[part], *inside)), _tuple((shape[0], *known))
        label = f"{_UNITS[look['kind']]} to {part}" if part != "all" else _UNITS[look["kind"]]
        found.append(Result(label, printed, got, printed == got))
    return tuple(found)


def _tuple(shape: Sequence[int]) -> str:
    """Return a shape as Python writes it; one number alone stands without brackets."""
    return f"{shape[0]:,}" if len(shape) == 1 else f"({', '.join(map(str, shape))})"


def classes(look: Look) -> list[tuple[str, Value]]:
    """Return how often each class is there; of a table, each value of a column of text."""
    rows: list[tuple[str, Value]] = []
    for column in look.get("columns", []):
        if column["type"] == "text" and column["different"] == len(column["common"]):
            told = [f"{clean(name)} {count:,}" for name, count in column["common"]]
            rows.append((clean(column["name"]), functools.partial(_flow, told)))
    if counts := look.get("classes"):
        told = [f"{clean(name)} {count:,}" for name, count in counts.items()]
        rows.append(("Classes", functools.partial(_flow, told)))
    return rows


def lengths(look: Look) -> list[tuple[str, Value]]:
    """Return how long texts are; nothing for other data."""
    if "lengths" not in look:
        return []
    least, median, most = look["lengths"]
    return [("Length", f"{least:,} to {most:,} words, half of them up to {median:,}")]


def _flow(parts: Sequence[str], width: int) -> Content:
    """Return parts one after the other, never broken within one."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return Content("\n".join(lines))


def table(look: Look, width: int) -> Content:
    """Return what is in each column of a table, and its first rows.

    Where the columns do not fit beside each other, the rows do: one line for each column, so that
    a table of any width is read by scrolling down.
    """
    parts = [*_columns(look["columns"], width)]
    if (more := look.get("width", 0) - len(look["columns"])) > 0:
        parts.append(Content.styled(f"… and {more:,} columns more; t shows all", "$faint"))
    return Content("\n").join([*parts, Content(""), *_rows(look, width)])


def _columns(columns: Sequence[Look], width: int) -> list[Content]:
    name = _names(columns)
    gaps = any(column["missing"] for column in columns)
    spread = min(16, width - name - (39 if gaps else 30))
    head = f"{'column':{name}} {'type':<6}" + (f"{'missing':>9}" if gaps else "")
    lines = [
        Content.styled(f"{head}{'least':>10}{'most':>10}" + "  spread" * (spread > 5), "$faint")
    ]
    for column in columns:
        line = Content.assemble(
            Content(clean(column["name"])).truncate(name, ellipsis=True, pad=True),
            (f" {column['type']:<6}", "$muted"),
            (f"{column['missing'] or '–':>9}" if gaps else "", "$warn"),
        )
        if column["type"] in ("text", "date"):
            told = f"{column['different']:,} different"
            line = Content.assemble(line, f"{told:>20}")
        else:
            line = Content.assemble(line, f"{_cell(column['low'], 10)}{_cell(column['high'], 10)}")
            if spread > 5:
                bars = words.sparkline(column["bins"], spread)
                line = Content.assemble(line, "  ", (bars, "$series-1"))
        lines.append(line)
    return lines


def _rows(look: Look, width: int) -> list[Content]:
    columns = look["columns"]
    shown = len(columns[0]["first"])
    widths = [
        2 + max(len(column["name"]), *(len(_cell(value)) for value in column["first"]))
        for column in columns
    ]
    if 6 + sum(widths) <= width:
        heads = "".join(f"{clean(c['name']):>{w}}" for c, w in zip(columns, widths, strict=True))
        lines = [Content.styled(f"{'row':<6}{heads}", "$faint")]
        for place in range(shown):
            cells = (_cell(c["first"][place], w) for c, w in zip(columns, widths, strict=True))
            lines.append(Content.assemble((f"{place + 1:<6}", "$muted"), "".join(cells)))
        return lines
    name = _names(columns)
    shown = max(1, min(shown, (width - name) // 10))
    heads = "".join(f"{f'row {place}':>10}" for place in range(1, shown + 1))
    lines = [Content.styled(f"{'column':{name}}{heads}", "$faint")]
    for column in columns:
        label = Content(clean(column["name"])).truncate(name, ellipsis=True, pad=True)
        cells = (_cell(value, 10) for value in column["first"][:shown])
        lines.append(Content.assemble(label.stylize("$muted"), "".join(cells)))
    return lines


def _names(columns: Sequence[Look]) -> int:
    """Return the width of the column of names."""
    return min(24, max(6, *(len(column["name"]) for column in columns)))


def _cell(value: float | str | None, width: int = 0) -> str:
    """Return a value at the right of a cell, with a space before it."""
    text = "–" if value is None else clean(value) if isinstance(value, str) else number(value)
    cut = text if not width or len(text) < width else text[: width - 2] + "…"
    return f"{cut:>{width}}" if width else cut


def text(look: Look) -> Content:
    """Return a decoded text under its number and its label."""
    told = look["text"]
    return Content.assemble(
        (f"text {told['number']:,}", "bold"), (f" of 0 to {look['rows'] - 1:,}", "$muted"),
        (f" · {told['length']:,} words · ", "$muted"), (clean(told["label"]), "$series-2"),
        "\n\n", clean(told["words"]),
        ("\n\n? marks the start, and words that are not in the index.", "$faint"),
    )  # fmt: skip


def preparation(steps: Sequence[Look]) -> Content:
    """Return the steps of an experiment's preparation with the shapes before and after each."""
    lines: list[Content] = []
    for place, step in enumerate(steps, 1):
        lines.append(
            Content.assemble(
                (f"{place}  ", "$muted"), (step["name"], "bold"), (f"  {step['words']}", "")
            )
        )
        lines += [
            Content.styled(f"   {line}", "$muted")
            for line in _changes(step["before"], step["after"])
        ]
    return Content("\n").join(lines)


def _changes(before: Look, after: Look) -> list[str]:
    """Return what became of the shapes, a line for each part."""
    lines = []
    for part, shapes in after.items():
        old = before.get(part) or before.get("all")
        told = []
        for kind in ("x", "y"):
            new = _shape(shapes[kind])
            was = _shape(old[kind]) if old else ""
            told.append(f"{kind} {was} → {new}" if was and was != new else f"{kind} {new}")
        lines.append(f"{part:<11}{' · '.join(told)}")
    return lines


def _shape(shape: Sequence[int | None]) -> str:
    return words.shape(shape)


def more(card: Card) -> list[tuple[str, Value]]:
    """Return what is known of a data set besides what it holds."""
    rows: list[tuple[str, Value]] = []
    if card.target:
        rows.append(("Target", clean(", ".join(card.target))))
    if card.parameters:
        rows.append(("Parameters", "\n".join(f"{p.name}  {p.about}" for p in card.parameters)))
    if card.columns:
        meanings = "\n".join(f"{column.name}  {column.meaning}" for column in card.columns)
        rows.append(("Columns", meanings))
    if card.examples:
        rows.append(("Used by", ", ".join(card.examples)))
    if card.licence:
        rows.append(("Licence", card.licence))
    if card.recipe is not None:
        rows.append(("Read as", "\n".join(map(clean, recipe(card.recipe)))))
    if card.stand_in:
        rows.append(("Substitute", f"{card.stand_in}, without a network; marked everywhere"))
    return rows


def recipe(recipe: FileRecipe) -> list[str]:
    """How an own file is read: what is not usual, a line each."""
    plain = recipe.model_dump(exclude_defaults=True, exclude={"path", "size", "sha256"})
    extra = [mark for mark in recipe.missing if mark not in MARKS]
    if "missing" in plain:
        plain["missing"] = extra
    if len(plain.get("names", ())) > 20:
        plain["names"] = f"{len(plain['names']):,} of its own"
    if "delimiter" in plain:
        plain["delimiter"] = SIGNS.get(recipe.delimiter, recipe.delimiter)
    lines = [f"{name.replace('_', ' ')}  {shown(value)}" for name, value in plain.items()]
    return lines or ["commas between the cells, names in the first line"]
