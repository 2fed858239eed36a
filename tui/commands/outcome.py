"""What came of a run: as JSON, and as the table of published and obtained figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from kerastui.models.figures import Value, Verdict, number
from kerastui.models.runs import Run, RunInfo
from kerastui.models.studies import Result
from kerastui.tui.commands.follow import console_tail, duration
from kerastui.tui.commands.output import print_table, table

_WORDS = {"inside": "✓ inside", "outside": "✗ outside", "missing": "– missing", "shown": ""}
_STYLES = {"inside": "green", "outside": "yellow", "missing": "dim", "shown": ""}

_EVALUATED = ("train.", "validation.", "test.")


def as_json(info: RunInfo, result: Result, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Return one run's outcome as plain values."""
    plain: dict[str, Any] = {
        "run": info.id,
        "status": info.status,
        "metrics": dict(result.figures),
        "published": [published(verdict) for verdict in verdicts],
        "epochs": info.epoch or int(float(result.figures.get("epochs", 0))),
        "seconds": info.seconds,
        "execution": info.execution,
        "device": info.device,
        "backend": info.backend,
        "seed": info.seed,
        "data": info.data,
    }
    if info.error:
        plain["error"] = info.error
    return plain


def published(verdict: Verdict) -> dict[str, Any]:
    """Return one published figure beside the obtained one as plain values."""
    figure = verdict.figure
    return {
        "figure": figure.figure,
        "label": verdict.label,
        "published": figure.value,
        "got": verdict.got,
        "band": list(figure.band) if figure.band else None,
        "expected": verdict.expected,
        "state": verdict.state,
    }


def print_outcome(
    console: Console, info: RunInfo, result: Result, verdicts: Sequence[Verdict]
) -> None:
    """Print how a run ended, its figures and where its data came from."""
    console.print(_sentence(info))
    _print_error(console, info)
    for line in data_lines(info):
        console.print(line)
    if not result.figures:
        return
    if verdicts:
        print_verdicts(verdicts)
    evaluated = {
        path: value
        for path, value in result.figures.items()
        if path.startswith(_EVALUATED)
        and path not in {verdict.figure.figure for verdict in verdicts}
    }
    if evaluated:
        text = "  ".join(f"{path} {shown(value)}" for path, value in evaluated.items())
        console.print(Text(text, style="dim"))


def print_verdicts(verdicts: Iterable[Verdict]) -> None:
    """Print the table published / obtained / right / verdict."""
    grid = table("figure", "published", "obtained", "right is", "", right=("published", "obtained"))
    for verdict in verdicts:
        grid.add_row(
            Text(verdict.label),
            Text(shown(verdict.figure.value)),
            Text(shown(verdict.got)),
            Text(verdict.expected),
            Text(_WORDS[verdict.state], style=_STYLES[verdict.state]),
        )
    print_table(grid)


def print_lost(console: Console, run: Run) -> None:
    """Print what the worker said last, for a run that ended without a word of its own."""
    for line in console_tail(run):
        console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
    console.print(Text(f"The whole log: {run.console}"), soft_wrap=True)


def data_lines(info: RunInfo) -> list[Text]:
    """Return what must be said about the data: substitutes, and files that aren't the published."""
    if info.substitute:
        return [
            Text(
                f"SUBSTITUTE DATA: {info.substitute} stood in for {info.data.get('dataset')}; "
                "the published figures do not apply.",
                style="bold yellow",
            )
        ]
    if info.data and info.data.get("verified") is False:
        return [
            Text(
                f"Data not verified: {info.data.get('path')} "
                "(no published SHA-256 agrees with it).",
                style="yellow",
            )
        ]
    return []


def shown(value: Value | None) -> str:
    """Return a figure as it is shown in a table."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else number(value)


def _sentence(info: RunInfo) -> Text:
    total = info.seconds.get("total")
    facts = [
        f"{info.status} after {info.epoch} epochs",
        f"{duration(info.seconds['fit'])} of training" if "fit" in info.seconds else "",
        f"{duration(total)} in all" if total is not None else "",
        f"{info.execution} path" if info.execution else "",
        f"{info.parameters:,} parameters" if info.parameters else "",
    ]
    style = {"finished": "green", "failed": "red", "lost": "red"}.get(info.status, "yellow")
    name = f"{info.name} · {info.variant}" if info.variant else info.name
    return Text(f"{name}: ").append(" · ".join(fact for fact in facts if fact), style=style)


def _print_error(console: Console, info: RunInfo) -> None:
    if info.error:
        console.print(Text(str(info.error.get("message", "")), style="red"))
        if hint := info.error.get("hint"):
            console.print(Text(str(hint)))
