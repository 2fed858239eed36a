"""A run in words: one paragraph for a message, a log, or whoever cannot see the screen."""

from __future__ import annotations

from collections.abc import Sequence

from kerastui.models.figures import Verdict, duration, number
from kerastui.models.history import History
from kerastui.models.runs import ACTIVE, RunInfo

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
) -> str:
    """Return one paragraph: what was trained, how far, what it reached, what happened on the way.

    Args:
        info: What `run.json` says, brought up to date.
        history: What the events say.
        verdicts: The published figures beside the obtained ones.
        overfits_since: The epoch since which it overfits (`adviser.overfit.since`).
    """
    sentences = [
        _how_far(info, history),
        _result(info, history, verdicts),
        _best(info, history),
        *_on_the_way(history),
        f"It overfits since about epoch {overfits_since:,}." if overfits_since else "",
        _kept(info, history),
        f"Not the real data: {info.substitute} stood in." if info.substitute else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _how_far(info: RunInfo, history: History) -> str:
    name = (info.title or info.name) + (f" ({info.variant})" if info.variant else "")
    status = history.status if history.ended else info.status
    epochs = f"{_epochs(history.epoch)}" + (
        f" of {history.epochs:,}" if history.epochs > history.epoch else ""
    )
    rows = (info.data.get("parts") or {}).get("train") if info.data else None
    on = f" on {rows:,} rows" if isinstance(rows, int) else ""
    took = f" in {duration(history.seconds)}" if history.seconds else ""
    size = f", {info.parameters:,} parameters" if info.parameters else ""
    if status == "failed":
        error = info.error or {}
        message = str(history.ended.get("message") or error.get("message") or "").rstrip(".")
        return f"{name}{size}, failed after {epochs}{': ' + message if message else ''}."
    if status == "lost":
        return (
            f"{name}{size}, lost its worker after {epochs}: it was killed, or the machine went "
            "down."
        )
    if status in ACTIVE:
        if info.silent:
            where = f" on {info.host}" if info.host else ""
            return (
                f"{name}{size}, has trained {epochs}{on}; its worker{where} has given no sign of "
                f"life for {duration(info.silent)}."
            )
        state = {"paused": "is paused after", "running": "has trained"}.get(status)
        return f"{name}{size}, {state} {epochs}{on}." if state else f"{name} is {status}."
    ending = ""
    if status == "stopped" and not _note(history, "nan"):
        ending = ", stopped on request" if info.status == "stopped" else ", stopped"
    return f"{name}{size}, trained for {epochs}{on}{took}{ending}."


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


def _best(info: RunInfo, history: History) -> str:
    names = [name for name in history.metrics if name != "learning_rate"]
    watched = [name for name in names if name.startswith("val_")] or names
    found = [(name, best) for name in watched[:2] if (best := history.best(name))]
    if not found or history.epoch < 2:
        return ""
    parts = [f"{name} {number(best.value)} at epoch {best.epoch:,}" for name, best in found]
    return f"Best {' and '.join(parts)}."


def _on_the_way(history: History) -> list[str]:
    """Return what happened, in the order of time; what happened often only as a count."""
    told: list[tuple[float, str]] = []
    kinds: dict[str, int] = {}
    for note in history.notes:
        if note.kind in ("warning", "rewound"):
            continue
        kinds[note.kind] = kinds.get(note.kind, 0) + 1
        if note.kind == "plateau" and kinds[note.kind] > 1:
            continue
        at = f"At epoch {note.epoch:,} " if note.epoch else "At the start "
        text = note.text.rstrip(".")
        told.append((note.time, f"{at}{text}." if note.kind != "nan" else _sentence(text)))
    if (more := kinds.get("plateau", 0)) > 1:
        told.append((told[-1][0], f"The rate was reduced {more - 1} more times."))
    if history.resumed:
        after = ", ".join(f"{epoch:,}" for epoch in history.resumed[:5])
        told.append((0.0, f"It was taken up again after epoch {after}."))
    return [text for _, text in told][:6]


def _kept(info: RunInfo, history: History) -> str:
    status = history.status if history.ended else info.status
    if status == "stopped":
        return "" if "checkpoint" in str(history.ended.get("text")) else "The model is kept."
    if status in ("failed", "lost"):
        if history.checkpoint_epoch:
            return f"The checkpoint of epoch {history.checkpoint_epoch:,} remains."
        return "No checkpoint was written."
    return ""


def _note(history: History, kind: str) -> bool:
    return any(note.kind == kind for note in history.notes)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count:,} epochs"
