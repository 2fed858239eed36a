"""The metrics of a run: last, best, and the epoch of the best; and its figures beside others."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from kerastui.models.runs.figures import Verdict, number
from kerastui.models.runs.history import History
from kerastui.tui.widgets.chart_scale import steady


def lines(history: History, width: int, most: int = 12) -> list[Content]:
    """Return the table: a headline, a row for each metric, the learning rate last.

    Args:
        history: The run's history.
        width: Cells.
        most: Rows at most, the headline not counted.
    """
    metrics = [name for name in history.metrics if name != "learning_rate"]
    if not metrics:
        return []
    cut = metrics[: most - 1] if len(metrics) > most else metrics
    bests = {name: history.best(name) for name in cut}
    cells = [
        (
            name,
            steady(history.last(name)),
            steady(best.value) if best else "–",
            f"{best.epoch:,}" if best else "–",
        )
        for name, best in bests.items()
    ]
    column = max(10, *(1 + len(text) for row in cells for text in row[1:3]))
    epoch = max(7, *(2 + len(row[3]) for row in cells))
    room = max(8, width - 2 * column - epoch)
    rows = [_row("", "last", "best", f"{'at':>{epoch}}", room, column, "$faint")]
    rows += [_row(*row[:3], f"{row[3]:>{epoch}}", room, column) for row in cells]
    if len(cut) < len(metrics):
        rows.append(Content.styled(f"… {len(metrics) - len(cut)} more, t shows all", "$faint"))
    if rate := history.series.get("learning_rate"):
        rows.append(_row("learning rate", number(rate[-1]), "", "", room, column, "$muted"))
    return rows


def in_words(history: History, width: int) -> list[Content]:
    """Return the metrics one after the other, in as many lines as they need (at most two)."""
    parts = []
    for name in history.metrics:
        if name in ("loss", "val_loss", "learning_rate"):
            continue
        best = history.best(name)
        tail = f" (best {steady(best.value)} @ {best.epoch:,})" if best else ""
        parts.append(Content.assemble((name, "$muted"), f" {steady(history.last(name))}",
                                      (tail, "$muted")))  # fmt: skip
    rows = [Content("")]
    for part in parts:
        longer = Content.assemble(rows[-1], "   ", part) if rows[-1].plain else part
        if longer.cell_length <= width:
            rows[-1] = longer
        elif len(rows) < 2:
            rows.append(part)
        else:
            break
    return [row for row in rows if row.plain]


def published(verdicts: Sequence[Verdict], width: int, *, ended: bool) -> list[Content]:
    """Return the published figures beside those of this run, with what is right.

    Args:
        verdicts: The figures, judged.
        width: Cells.
        ended: Whether the run is over: what is missing then is missing.
    """
    if not verdicts:
        return []
    band = max(8, *(len(verdict.expected) for verdict in verdicts))
    value = max(6, *(len(_words(verdict.figure.value)) for verdict in verdicts))
    got = 3 + max(7, *(len(_words(verdict.got)) for verdict in verdicts))
    band = min(band, max(11, width - value - got - 14)) + 2
    room = max(8, width - value - got - band)
    heads = f"{'':<{room}}{'theirs':>{value}}{'yours':>{got - 2}}  {'expected':>{band}}"
    rows: list[Content] = []
    in_columns = False
    for verdict in verdicts:
        mark, colour = {
            "inside": (" ✓", "$good"),
            "outside": (" ✗", "$bad"),
            "shown": ("  ", ""),
            "missing": ("  ", "$muted"),
        }[verdict.state]
        known = _words(verdict.got) if verdict.got is not None else "–" if ended else "…"
        if len(verdict.label) >= room or len(verdict.expected) > band - 2:
            # Too long for its columns: the name, and below it what there is to say.
            rows.append(Content(verdict.label))
            theirs = f"published {_words(verdict.figure.value)}  " * (
                verdict.figure.value is not None
            )
            line = Content.assemble(
                "  ", (theirs, "$muted"), (f"{known}{mark.rstrip()}  ", colour),
                (verdict.expected, "$muted"),
            )  # fmt: skip
            rows += line.wrap(width)
            continue
        in_columns = True
        label = Content(verdict.label)
        rows.append(
            Content.assemble(
                label,
                " " * (room - label.cell_length),
                (f"{_words(verdict.figure.value):>{value}}", "$muted"),
                (f"{known:>{got - 2}}{mark}", colour),
                (f"{_fit(verdict.expected, band - 2):>{band}}", "$muted"),
            )
        )
    return [Content.styled(heads, "$faint"), *rows] if in_columns else rows


def _words(value: float | str | None) -> str:
    if value is None:
        return "–"
    return _fit(value if isinstance(value, str) else number(value), 11)


def _fit(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _row(
    name: str, last: str, best: str, at: str, room: int, column: int, colour: str = ""
) -> Content:
    label = Content(name).truncate(room - 1, ellipsis=True)
    return Content.assemble(
        (label.plain, colour or "$muted"),
        " " * (room - label.cell_length),
        (f"{last:>{column}}", colour),
        (f"{best:>{column}}{at}", colour or "$muted"),
    )
