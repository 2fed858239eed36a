"""A run in words: one paragraph for a message, a log, or whoever cannot see the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerastui.models.runs.figures import Verdict, duration, number
from kerastui.models.runs.history import History
from kerastui.models.runs.store import ACTIVE, RunInfo

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

_PARTS = ("test", "validation", "train")


def headline(info: RunInfo, history: History) -> str:
    """Return the state of a run in a few words: `ionosphere finished: accuracy 0.922`."""
    name = info.name + (f" {info.variant}" if info.variant else "")
    result = _figure(info, history)
    state = history.status if history.ended else info.state
    return f"{name} {_STATES.get(state, state)}" + (f": {result}" if result else "")


_STATES = {
    "lost": "lost its worker",
    "failed": "failed",
    "silent": "gives no sign of life",
    "stopped": "was stopped",
}


def summary(
    info: RunInfo,
    history: History,
    verdicts: Sequence[Verdict] = (),
    overfits_since: int | None = None,
    *,
    beside: bool = False,
) -> str:
    """Return one paragraph: what was trained, how far, what it reached, what happened on the way.

    Args:
        info: What `run.json` says, brought up to date.
        history: What the events say.
        verdicts: The published figures beside the obtained ones.
        overfits_since: The epoch since which it overfits (`adviser.overfit.since`).
        beside: Whether the name and the result stand beside it already.
    """
    told = _how_far(info, history, beside=beside)
    # What it has reached so far is no result, and its figures "at the end" are not there yet.
    active = not history.ended and info.status in ACTIVE
    sentences = [
        _sentence(told) if beside else f"{_name(info)} {told}.",
        "" if beside or active else _result(info, history, verdicts),
        _best(history),
        *_on_the_way(history, beside=beside),
        f"It overfits since about epoch {overfits_since:,}." if overfits_since else "",
        "" if beside else _kept(info, history),
        f"Not the real data: {info.substitute} stood in." if info.substitute else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def in_words(
    info: RunInfo, history: History, experiment: Experiment | None, *, beside: bool = False
) -> str:
    """Return the paragraph with everything that can be found out; takes up to 0.1 s.

    Args:
        info: What `run.json` says, brought up to date.
        history: What the events say.
        experiment: What was run, None where that can't be read.
        beside: Whether the name and the result stand beside it already.
    """
    from kerastui.models.adviser import overfit
    from kerastui.models.studies import members as studies

    verdicts: Sequence[Verdict] = ()
    if not beside and experiment is not None and experiment.published:
        reached = studies.reached(info, history, studies.wanted(experiment))
        verdicts = studies.verdicts(experiment, [reached])
    return summary(info, history, verdicts, overfit.since(history), beside=beside)


def _name(info: RunInfo) -> str:
    return info.name + (f" ({info.variant})" if info.variant else "")


def _how_far(info: RunInfo, history: History, *, beside: bool) -> str:
    """Return what was trained and how far, as it stands behind the name."""
    status = history.status if history.ended else info.status
    epochs = _epochs(history.epoch) + (
        f" of {history.epochs:,}" if history.epochs > history.epoch else ""
    )
    rows = (info.data.get("parts") or {}).get("train") if info.data else None
    on = f" on {rows:,} rows" if isinstance(rows, int) else ""
    took = f" in {duration(history.seconds)}" if history.seconds else ""
    size = f" ({info.parameters:,} parameters)" if info.parameters else ""
    if status == "failed":
        error = info.error or {}
        message = str(history.ended.get("message") or error.get("message") or "").rstrip(".")
        return f"failed after {epochs}{': ' + message if message else ''}"
    if status == "lost":
        return f"lost its worker after {epochs}: it was killed, or the machine went down"
    if status in ACTIVE:
        if info.silent:
            where = f" on {info.host}" if info.host else ""
            return (
                f"has trained {epochs}{on}; its worker{where} has given no sign of life for "
                f"{duration(info.silent)}"
            )
        if status not in ("paused", "running"):
            return f"is {status}"
        return f"{'is paused after' if status == 'paused' else 'has trained'} {epochs}{on}{size}"
    stopped = status == "stopped" and not history.broke
    how = f"trained for {epochs}{on}{took}{size}"
    return f"{how}, then it was stopped" if stopped and not beside else how


def _result(info: RunInfo, history: History, verdicts: Sequence[Verdict]) -> str:
    judged = [verdict for verdict in verdicts if verdict.got is not None]
    if judged:
        first = judged[0]
        got = number(first.got) if isinstance(first.got, int | float) else str(first.got)
        text = f"{first.label} {got}{_rows(info, first.figure.figure)}"
        if first.state in ("inside", "outside") and first.expected:
            band = "the published band " if first.figure.band else ""
            text += f", {first.state} {band}{first.expected}" if band else (
                f", {'as' if first.state == 'inside' else 'not as'} published ({first.expected})"
            )  # fmt: skip
        right = sum(verdict.state == "inside" for verdict in judged)
        told = sum(verdict.state in ("inside", "outside") for verdict in judged)
        if told > 1:
            text += f"; {right} of {told} published figures agree"
        return f"{text[0].upper()}{text[1:]}."
    figure = _figure(info, history)
    return f"{figure[0].upper()}{figure[1:]}." if figure else ""


def _figure(info: RunInfo, history: History) -> str:
    """Return the figure that says most: evaluated on rows it never saw, rather no loss."""
    figures = history.figures or info.figures
    for part in _PARTS:
        names = [name for name in figures if name.startswith(f"{part}.")]
        for name in sorted(names, key=lambda name: name.endswith("loss")):
            value = figures[name]
            if isinstance(value, int | float):
                metric = name.partition(".")[2]
                return f"{metric} {number(value)}{_rows(info, name) or f' on the {part} part'}"
    return ""


def _rows(info: RunInfo, figure: str) -> str:
    part = figure.partition(".")[0]
    count = (info.data.get("parts") or {}).get(part) if info.data else None
    return f" on {count:,} {part} rows" if isinstance(count, int) else ""


def _best(history: History) -> str:
    names = [name for name in history.metrics if name != "learning_rate"]
    watched = [name for name in names if name.startswith("val_")] or names
    found = [(name, best) for name in watched[:2] if (best := history.best(name))]
    if not found or history.epoch < 2:
        return ""
    parts = [f"{name} {number(best.value)} at epoch {best.epoch:,}" for name, best in found]
    return f"Best {' and '.join(parts)}."


def _on_the_way(history: History, *, beside: bool) -> list[str]:
    """Return what happened, in the order of time; what happened often only as a count."""
    told: list[tuple[float, str]] = []
    kinds: dict[str, int] = {}
    passed_over = {"warning", "rewound", "kept"}
    if beside and history.status == "finished" and history.epoch < history.epochs:
        # The result says why training ended before its time.
        passed_over.add("early_stopping")
    for note in history.notes:
        if note.kind in passed_over:
            continue
        kinds[note.kind] = kinds.get(note.kind, 0) + 1
        if note.kind == "plateau" and kinds[note.kind] > 1:
            continue
        at = f"At epoch {note.epoch:,}: " if note.epoch else "At the start: "
        text = note.text.rstrip(".")
        told.append((note.time, f"{at}{text}." if note.kind != "nan" else _sentence(text)))
    if (more := kinds.get("plateau", 0)) > 1:
        often = "once more" if more == 2 else f"{more - 1} more times"
        told.append((told[-1][0], f"The rate was reduced {often}."))
    if history.resumed:
        after = [f"{epoch:,}" for epoch in history.resumed[-5:]]
        listed = f"epochs {', '.join(after[:-1])} and {after[-1]}" if len(after) > 1 else (
            f"epoch {after[0]}"
        )  # fmt: skip
        told.append((0.0, f"It was taken up again after {listed}."))
    return [text for _, text in told][:6]


def _kept(info: RunInfo, history: History) -> str:
    status = history.status if history.ended else info.status
    if status == "stopped":
        return _sentence(history.kept)
    if status in ("failed", "lost"):
        if history.checkpoint_epoch:
            return f"The checkpoint of epoch {history.checkpoint_epoch:,} remains."
        return "No checkpoint was written."
    return ""


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count:,} epochs"
