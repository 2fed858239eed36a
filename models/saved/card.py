"""The card of a model: what it is, what it was trained on, how good it is, in Markdown."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerastui.models.runs.figures import number

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.figures import Verdict
    from kerastui.models.runs.store import RunInfo


def card(
    info: RunInfo, experiment: Experiment, verdicts: Sequence[Verdict] = (), licence: str = ""
) -> str:
    """Return the card of a run's model.

    Args:
        info: What the run's record says.
        experiment: What was run.
        verdicts: The published figures beside the obtained ones.
        licence: That of the data; empty where it is not known.
    """
    data = info.data
    source = [
        ("data", data.get("title") or data.get("dataset") or experiment.data.dataset),
        ("rows", f"{data['rows']:,}" if data.get("rows") else ""),
        ("parts", ", ".join(f"{k} {v:,}" for k, v in (data.get("parts") or {}).items())),
        ("SHA-256", data.get("sha256") or ""),
        ("licence of the data", licence or "unknown"),
    ]
    trained = [
        ("task", experiment.data.task),
        ("parameters", f"{info.parameters:,}" if info.parameters else ""),
        ("optimizer", experiment.compile.optimizer.type),
        ("epochs", f"{info.epoch:,} of {info.epochs:,}"),
        ("batch size", str(experiment.fit.batch_size)),
        ("seed", str(info.seed)),
        ("execution", " ".join(filter(None, (info.execution, info.device)))),
        ("versions", ", ".join(f"{k} {v}" for k, v in info.versions.items())),
        ("run", info.id),
        ("experiment", info.fingerprint),
        ("trained", _moment(info.ended)),
    ]
    lines = [f"# {info.title or info.name}", ""]
    if info.substitute:
        lines += [f"**Not the real data:** {info.substitute} stood in for it.", ""]
    lines += ["## Data", "", *_table(source), "## Training", "", *_table(trained)]
    figures = [(path, number(v) if isinstance(v, float | int) else v)
               for path, v in info.figures.items()]  # fmt: skip
    lines += ["## Figures", "", *_table(figures)]
    if verdicts:
        lines += ["## Published beside obtained", "", "| figure | published | here |",
                  "| --- | --- | --- |"]  # fmt: skip
        for one in verdicts:
            cells = (one.label, _value(one.figure.value),
                     _value(one.got))  # fmt: skip
            lines.append("| " + " | ".join(_plain(cell) for cell in cells) + " |")
        lines.append("")
    return "\n".join(lines)


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    told = [f"| {_plain(name)} | {_plain(str(value))} |" for name, value in rows if value]
    return ["| | |", "| --- | --- |", *told, ""]


def _plain(text: str) -> str:
    """Return text that can't break out of its cell."""
    return "".join(c if c.isprintable() else " " for c in text).replace("|", "\\|")


def _value(value: float | str | None) -> str:
    return "–" if value is None else value if isinstance(value, str) else number(value)


def _moment(when: float | None) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(when)) if when else ""
