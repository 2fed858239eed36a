"""What the Inspect screen says of a run's figures, its predictions and its weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from kerastui.models.runs.figures import number
from kerastui.tui.inspect.lines import aligned, plain
from kerastui.tui.widgets import metrics_table, words

if TYPE_CHECKING:
    from kerastui.datasets.errors import UserError
    from kerastui.models.runs.store import RunInfo
    from kerastui.models.saved.model import SavedModel
    from kerastui.models.saved.statistics import Statistics
    from kerastui.models.saved.survey import Cut
    from kerastui.tui.inspect.subject import Found

PARTS = ("train", "validation", "test")
STATISTICS = ("shape", "count", "mean", "deviation", "min", "max", "L2", "zeros", "NaN")
MOST_OUTPUTS = 6
"""Numbers of one prediction that are written out; of a class the most probable is."""


def problem(error: UserError, width: int) -> list[Content]:
    """Return why something is not there, and what can be done."""
    lines = Content.styled(error.message, "$warn").wrap(max(8, width))
    if error.hint:
        lines += Content.styled(error.hint, "$muted").wrap(max(8, width))
    return lines


def evaluation(found: Found, width: int) -> list[Content]:
    """Return the figures by part, the published ones beside, and where they come from."""
    lines: list[Content] = []
    if error := found.problems.get("evaluation"):
        lines += [*problem(error, width), Content("")]
    parts = [part for part in PARTS if any(path.startswith(f"{part}.") for path in found.figures)]
    metrics: dict[str, None] = {}
    for path in found.figures:
        part, _, metric = path.partition(".")
        if part in parts:
            metrics[metric] = None
    if parts:
        rows: list[list[Content | str]] = [
            [Content.styled(metric, "$muted"),
             *(_figure(found.figures.get(f"{part}.{metric}")) for part in parts)]
            for metric in metrics
        ]  # fmt: skip
        head, table = aligned(rows, ["", *parts], [False, *[True] * len(parts)])
        lines += [head, *table]
    reread = {
        path.partition(".")[2]: value
        for path, value in found.figures.items()
        if path.startswith("reload.")
    }
    if reread:
        lines += [Content(""), Content.styled("saved and read again", "$faint")]
        table_rows: list[list[Content | str]] = [
            [Content.styled(name, "$muted"), plain(v)] for name, v in reread.items()
        ]
        lines += aligned(table_rows, ["", ""], [False, True])[1]
    if found.verdicts:
        ended = found.info is None or found.info.ended is not None
        lines += [Content(""), Content.styled("published beside obtained", "$faint")]
        lines += metrics_table.published(found.verdicts, min(width, 76), ended=ended)
        notes = [one.figure.note for one in found.verdicts if one.figure.note]
        for note in dict.fromkeys(notes):
            lines += Content.styled(note, "$muted").wrap(max(8, width))
    for warning in found.warnings:
        lines += Content.styled(f"▲ {warning}", "$warn").wrap(max(8, width))
    return [*lines, Content(""), *_origin(found, width)]


def _figure(value: float | str | None) -> str:
    return "" if value is None else plain(value)


def _origin(found: Found, width: int) -> list[Content]:
    """Return what was evaluated: the data, its parts, when."""
    info = found.info
    if info is None:
        return []
    lines: list[Content] = []
    data = info.data
    if info.substitute:
        lines += Content.styled(
            f"▲ not the real data: {info.substitute} stands in", "$warn"
        ).wrap(width)  # fmt: skip
    told = [str(data.get("title") or data.get("dataset") or "")]
    if rows := data.get("rows"):
        told.append(f"{rows:,} rows")
    if sizes := data.get("parts"):
        told.append(", ".join(f"{name} {count:,}" for name, count in sizes.items()))
    if told[0]:
        check = "" if data.get("verified", True) else " · not verified by a checksum"
        lines += Content.styled(" · ".join(told) + check, "$muted").wrap(max(8, width))
    if info.ended:
        text = f"evaluated {words.moment(info.ended)} by the run's worker, after {info.epoch:,} "
        lines += Content.styled(f"{text}epochs; all in evaluation.json", "$muted").wrap(
            max(8, width)
        )
    return lines


def predictions(found: Found) -> tuple[Content, list[Content]]:
    """Return the predictions as an aligned table: headline and rows."""
    rows: list[list[Content | str]] = []
    for one in found.predictions:
        values = one.get("value") or []
        says, truth = str(one.get("class", "")), one.get("truth")
        known = _values(truth) if truth is not None else ""
        if says:
            right = truth is None or truth == says
            mark = "" if truth is None else " ✓" if right else " ✗"
            colour = "" if truth is None else "$good" if right else "$bad"
            said: Content | str = Content.styled(f"{says}{mark}", colour) if colour else says
        else:
            said = _values(values)
        probability = one.get("probability")
        off = ""
        if not says and isinstance(truth, list) and len(truth) == len(values) == 1:
            off = number(float(values[0]) - float(truth[0]))
        rows.append(
            [
                Content(str(one.get("label") or "–")),
                said,
                Content.styled(known, "$muted"),
                off or (number(probability) if isinstance(probability, float | int) else ""),
                Content.styled(_values(values) if says else "", "$muted"),
                Content.styled(_values(one.get("input") or []), "$faint"),
            ]
        )
    titles = ["what", "predicted", "truth", "", "outputs", "input"]
    classes = any(one.get("class") for one in found.predictions)
    titles[3] = "probability" if classes else "off by"
    used = [
        place
        for place in range(len(titles))
        if place < 2 or any(str(row[place]).strip() for row in rows)
    ]
    return aligned(
        [[row[place] for place in used] for row in rows],
        [titles[place] for place in used],
        [place in (1, 2, 3) and not (classes and place < 3) for place in used],
    )


def _values(values: Any) -> str:
    """Return some numbers one after the other, cut off with an ellipsis where they are many."""
    if not isinstance(values, list):
        return str(values)
    shown = [plain(one) if isinstance(one, float | int | str) else "NaN"
             for one in values[:MOST_OUTPUTS]]  # fmt: skip
    return "  ".join(shown) + (f"  … {len(values):,}" if len(values) > MOST_OUTPUTS else "")


def layers(model: SavedModel, statistics: list[Statistics]) -> tuple[Content, list[Content]]:
    """Return all weights with their statistics: headline and rows."""
    told = iter(statistics)
    rows = [
        [f"{layer.name} {weight.name}", *_cells(next(told))]
        for layer in model.layers
        for weight in layer.weights
    ]
    return aligned(rows, ["", *STATISTICS], [False, *[True] * len(STATISTICS)])


def _cells(one: Statistics) -> list[Content | str]:
    return [
        words.shape(one.shape) or "1", f"{one.count:,}", number(one.mean), number(one.deviation),
        number(one.low), number(one.high), number(one.norm), f"{one.zeros:,}",
        _share(one.nan_share),
    ]  # fmt: skip


def _share(share: float) -> Content:
    return Content.styled(f"{100 * share:.3g} %", "$bad" if share else "$muted")


def weight(one: Statistics, width: int) -> list[Content]:
    """Return the statistics of one weight, in as many lines as they need."""
    lines = [Content("")]
    for name, value in zip(STATISTICS, _cells(one), strict=True):
        part = Content.assemble((f"{name} ", "$muted"), value)
        if lines[-1] and lines[-1].cell_length + 3 + part.cell_length > width:
            lines.append(part)
        else:
            lines[-1] = Content.assemble(lines[-1], "   " if lines[-1] else "", part)
    return lines


def element(cut: Cut, row: int, column: int, digits: str) -> Content:
    """Return where the cursor stands in a slice, and the number there with all its digits."""
    place = f"{row:,}, {column:,}" if cut.across >= 0 else f"{row:,}"
    parts: list[Any] = [(f"{place} = ", "$muted"), digits]
    if cut.slices > 1:
        parts = [(f"slice {cut}  ", "$faint"), *parts]
    return Content.assemble(*parts)


def no_model(found: Found, name: str, width: int) -> list[Content]:
    """Return why a part of a model is not there: `model`, `formulas` or `network`."""
    return not_there(found.info, found.problems.get(name) or found.problems.get("model"), width)


def not_there(info: RunInfo | None, error: UserError | None, width: int) -> list[Content]:
    """Return why a run has no model, or none that can be read."""
    from kerastui.models.runs.store import ACTIVE

    if info is not None and info.status in ACTIVE:
        return Content.styled(
            "The run goes on. Its model is saved when it ends, and stands here then.", "$muted"
        ).wrap(max(8, width))
    return problem(error, width) if error else []
