"""What came of a run: as JSON, and as the table of published and obtained figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from rich.console import Console
from rich.text import Text

from kerastui.models.runs.figures import Value, Verdict, number
from kerastui.models.runs.store import Run, RunInfo
from kerastui.models.studies.members import Result
from kerastui.tui.commands.follow import console_tail, duration
from kerastui.tui.commands.output import print_table, table

_WORDS = {"inside": "✓ inside", "outside": "✗ outside", "missing": "– missing", "shown": ""}
_STYLES = {"inside": "green", "outside": "yellow", "missing": "dim", "shown": ""}

_EVALUATED = ("train.", "validation.", "test.")
_SHOWN = 4


def as_json(run: Run, info: RunInfo, result: Result, verdicts: Iterable[Verdict]) -> dict[str, Any]:
    """Return one run's outcome as plain values."""
    plain: dict[str, Any] = {
        "run": info.id,
        "status": info.status,
        "metrics": dict(result.figures),
        "published": [published(verdict) for verdict in verdicts],
        "predictions": predictions(run),
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


def predictions(run: Run) -> list[dict[str, Any]]:
    """Return what the run predicted, as its worker wrote it; nothing where it did not get there."""
    try:
        plain = json.loads((run.path / "evaluation.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = plain.get("predictions", []) if isinstance(plain, dict) else []
    return [entry for entry in found if isinstance(entry, dict)]


def print_outcome(
    console: Console, run: Run, info: RunInfo, result: Result, verdicts: Sequence[Verdict]
) -> None:
    """Print how a run ended, where its data came from, its figures and predictions."""
    console.print(_sentence(info))
    _print_error(console, info)
    if info.status == "lost":
        _print_console(console, run)
    for line in data_lines(info):
        console.print(line)
    published = {verdict.figure.figure for verdict in verdicts}
    evaluated = "  ".join(
        f"{path} {shown(value)}"
        for path, value in result.figures.items()
        if path.startswith(_EVALUATED) and path not in published
    )
    if evaluated:
        console.print(Text(evaluated, style="dim"))
    if predicted := predictions(run):
        _print_predictions(predicted)


def print_verdicts(infos: Iterable[RunInfo], verdicts: Sequence[Verdict]) -> None:
    """Print the table published / obtained / right / verdict, if any of the runs got somewhere."""
    if not verdicts or not any(info.epoch for info in infos):
        return
    grid = table("figure", "published", "obtained", "", "right is", right=("published", "obtained"))
    for verdict in verdicts:
        grid.add_row(
            Text(verdict.label),
            Text(shown(verdict.figure.value)),
            Text(shown(verdict.got)),
            Text(_WORDS[verdict.state], style=_STYLES[verdict.state]),
            Text(verdict.expected),
        )
    print_table(grid)


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


def _print_console(console: Console, run: Run) -> None:
    """Print what the worker said last, for a run that ended without a word of its own."""
    for line in console_tail(run):
        console.print(Text(f"  {line}", style="dim"), soft_wrap=True)
    console.print(Text(f"The whole log: {run.console}"), soft_wrap=True)


def _print_predictions(predicted: Iterable[dict[str, Any]]) -> None:
    grid = table("prediction", "predicted", "probability", "truth", right=("probability",))
    for entry in predicted:
        probability = entry.get("probability")
        grid.add_row(
            Text(str(entry.get("label", ""))),
            Text(str(entry.get("class") or _numbers(entry.get("value")))),
            Text("" if probability is None else shown(probability)),
            Text(_numbers(entry.get("truth"))),
        )
    print_table(grid)


def _numbers(value: Any) -> str:
    """Return a truth or an output as text: a name as it is, the first few numbers of a list."""
    if not isinstance(value, list):
        return "" if value is None else str(value)
    text = " ".join(shown(entry) for entry in value[:_SHOWN])
    return f"{text} …" if len(value) > _SHOWN else text
