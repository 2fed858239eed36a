"""How a run goes, or how it ended: the same words on wide and on narrow screens."""

from __future__ import annotations

from dataclasses import dataclass, field

from textual.content import Content

from kerastui.models.runs.figures import Verdict, number
from kerastui.models.runs.folder import here
from kerastui.models.runs.history import History
from kerastui.models.runs.store import RunInfo
from kerastui.tui.widgets import words
from kerastui.tui.widgets.line_view import bar, spread


@dataclass
class Progress:
    """What the progress panel speaks of.

    Attributes:
        history: What the events say.
        info: What `run.json` says, None before it was read.
        status: The state, as the monitor sees it.
        asked: What the user asked for that has not happened yet, in words.
        verdicts: The published figures beside the obtained ones.
        usage: Load of the machine in words.
        killed: Whether its worker is gone because it was killed on request.
        problem: Why the run can't be read any more, empty where it can.
    """

    history: History
    info: RunInfo | None
    status: str
    asked: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    usage: str = ""
    killed: bool = False
    problem: str = ""


def wide(progress: Progress, width: int) -> list[Content]:
    """Return the lines of the panel while the run goes on, `width` cells wide."""
    history = progress.history
    colour = "$warn" if progress.status == "paused" else "$run"
    lines = []
    if history.epochs:
        count = f"{history.epoch:,}/{history.epochs:,}"
        lines.append(_bar_line("epoch", count, history.epoch / history.epochs, colour, width))
    if history.steps > 1:
        batch = history.batch or (history.steps if history.epoch else 0)
        count = f"{batch:,}/{history.steps:,}"
        lines.append(_bar_line("batch", count, batch / history.steps, colour, width))
    seconds = history.seconds_left()
    left = [f"left {words.duration(seconds)}"] if seconds is not None else []
    left += [pace(history)] if pace(history) else []
    if left or execution(progress):
        lines.append(
            spread(Content("   ".join(left)), Content.styled(execution(progress), "$muted"), width)
        )
    if progress.info and progress.info.silent:
        lines += Content.styled(silence(progress.info), "$warn").wrap(width)
    elif progress.asked:
        lines += Content.styled(progress.asked, "$warn").wrap(width)
    elif history.stage:
        lines.append(Content.styled(f"{history.stage} …", "$run"))
    elif progress.status in ("queued", "starting"):
        lines.append(Content.styled("the worker is starting …", "$run"))
    elif progress.status == "paused":
        lines.append(Content.styled("paused, all stays in memory; p goes on", "$warn"))
    if host := elsewhere(progress.info):
        lines.append(Content.styled(f"on {host}", "$faint"))
    elif progress.usage:
        lines.append(Content.styled(progress.usage, "$faint"))
    return lines


def narrow(progress: Progress, width: int) -> Content:
    """Return the progress in one line of `width` cells: what matters least goes first."""
    history = progress.history
    if progress.info and progress.info.silent:
        return Content.styled(silence(progress.info), "$warn").truncate(width, ellipsis=True)
    if progress.asked:
        return Content.styled(progress.asked, "$warn").truncate(width, ellipsis=True)
    if history.stage and not history.epoch and not history.batch:
        return Content.styled(f"{history.stage} …", "$run")
    share = history.epoch / history.epochs if history.epochs else 0.0
    colour = "$warn" if progress.status == "paused" else "$run"
    batch = history.batch or (history.steps if history.epoch else 0)
    optional = [
        f"batch {batch:,}/{history.steps:,}" if history.steps > 1 else "",
        pace(history),
        execution(progress),
    ]
    optional = [part for part in optional if part]
    while True:
        head = Content(f"epoch {history.epoch:,}/{history.epochs:,} ")
        tail = "   ".join([f" {share:4.0%}".replace("%", " %"), *optional])
        room = width - head.cell_length - len(tail)
        if room >= 8 or not optional:
            return Content.assemble(
                head, bar(share, max(0, min(room, 24)), colour), (tail, "$muted")
            )
        optional.pop()


def first_epoch(history: History) -> str:
    """Return what goes on while no epoch has ended yet."""
    if history.stage:
        return f"{history.stage} …"
    if history.status in ("queued", "starting"):
        return "the worker is starting …"
    return "the first epoch is under way"


def silence(info: RunInfo) -> str:
    """Return since when the worker gives no sign of life, and where it should be."""
    host = elsewhere(info)
    return f"no sign of life{f' from {host}' if host else ''} for {words.duration(info.silent)}"


def elsewhere(info: RunInfo | None) -> str:
    """Return the host of a worker that is not on this one, else nothing."""
    return info.host if info and info.host and info.host != here() else ""


def pace(history: History) -> str:
    """Return the time an epoch takes, in words."""
    seconds = history.seconds_per_epoch
    if not seconds:
        return ""
    return f"{seconds * 1000:.3g} ms/epoch" if seconds < 0.9995 else f"{seconds:.3g} s/epoch"


def execution(progress: Progress) -> str:
    """Return which way the run is executed: `fast path`."""
    path = str(progress.history.started.get("execution") or "")
    path = path or (progress.info.execution if progress.info else "")
    return f"{path} path" if path in ("fast", "plain") else path


def why_lost(progress: Progress) -> tuple[str, str]:
    """Return why a run failed, is lost or was stopped, and what can be done; empty for others."""
    history, info = progress.history, progress.info
    kept = _kept(history)
    if progress.status == "failed":
        error = (info.error if info else None) or {}
        message = str(history.ended.get("message") or error.get("message") or "It failed.")
        hint = str(history.ended.get("hint") or error.get("hint") or "")
        return message, " ".join(part for part in (hint, kept) if part)
    if progress.status == "lost" and progress.problem:
        return progress.problem, "r runs it anew."
    if progress.status == "lost":
        return (
            "Its worker was killed on request."
            if progress.killed
            else "The worker is gone without a word: it was killed, or the machine went down.",
            f"{kept} a goes on, r runs it anew.".strip(),
        )
    return "", ""


def outcome(progress: Progress, width: int) -> list[Content]:
    """Return what came of an ended run: one plain sentence, in lines of at most `width` cells."""
    history, status = progress.history, progress.status
    if status in ("failed", "lost"):
        message, _ = why_lost(progress)
        return Content.styled(message, "$bad" if status == "failed" else "$warn").wrap(width)
    parts = []
    if history.broke:
        parts.append(Content.styled(f"{str(history.ended['text']).rstrip('.')}.", "$bad"))
    if judged := [v for v in progress.verdicts if v.got is not None][:1]:
        parts += _judged(judged[0], _rows(progress, judged[0].figure.figure))
    else:
        parts.append(_plain_outcome(progress))
    if status == "stopped" and history.started:
        where = f"after epoch {history.epoch:,}" if history.epoch else "in the first epoch"
        at = f"stopped {where} of {history.epochs:,}; {history.kept}"
        parts.append(Content.styled(f"– {at}", "$muted"))
    elif status == "stopped":
        parts.append(Content.styled("– stopped before the training began", "$muted"))
    elif history.epochs and history.epoch < history.epochs:
        stop = next((note for note in history.notes if note.kind == "early_stopping"), None)
        text = stop.text if stop else f"ended after epoch {history.epoch:,} of {history.epochs:,}"
        parts.append(Content.styled(f"– {text}", "$muted"))
    lines: list[Content] = []
    for part in parts:
        if lines and lines[-1].cell_length + 1 + part.cell_length <= width:
            lines[-1] = Content.assemble(lines[-1], " ", part)
        else:
            lines += part.wrap(width)
    return lines


def _judged(verdict: Verdict, rows: str) -> list[Content]:
    got = verdict.got
    assert got is not None
    value = number(got) if isinstance(got, int | float) else got
    text = f"{verdict.label} {value}{rows}"
    if verdict.state in ("shown", "missing") or not verdict.expected:
        return [Content.styled(text, "bold")]
    good = verdict.state == "inside"
    if verdict.figure.band is not None:
        place = f"{'inside' if good else 'outside'} the band {verdict.expected}"
    elif verdict.figure.compare is not None:
        place = verdict.expected if good else f"not {verdict.expected}"
    else:
        place = f"{'as' if good else 'not as'} published"
    return [
        Content.assemble((text, "bold"), ","),
        Content.styled(place, "$good" if good else "$bad"),
    ]


def _rows(progress: Progress, figure: str) -> str:
    """Return ` on 116 test rows` for a figure of an evaluated part."""
    part = figure.partition(".")[0]
    rows = (progress.info.data if progress.info else {}).get("parts")
    count = rows.get(part) if isinstance(rows, dict) else None
    return f" on {count:,} {part} rows" if isinstance(count, int) else ""


def _plain_outcome(progress: Progress) -> Content:
    """Return the best of what there is to say of a run without published figures."""
    history = progress.history
    figures = history.figures
    for part in ("test", "validation", "train"):
        names = [name for name in figures if name.startswith(f"{part}.")]
        chosen = next((name for name in names if "loss" not in name), names[0] if names else "")
        value = figures.get(chosen)
        if isinstance(value, int | float):
            metric = chosen.partition(".")[2]
            text = f"{metric} {number(value)}{_rows(progress, chosen) or f' on the {part} part'}"
            return Content.styled(text, "bold")
    metrics = [name for name in history.metrics if name != "learning_rate"]
    if not metrics:
        return Content.styled("It ended before the first epoch.", "$muted")
    name = metrics[-1]
    return Content.styled(f"{name} {number(history.last(name))} after epoch {history.epoch:,}",
                          "bold")  # fmt: skip


def _kept(history: History) -> str:
    if history.checkpoint_epoch:
        return f"The checkpoint of epoch {history.checkpoint_epoch:,} remains."
    if history.epoch:
        return "The figures up to here remain, no checkpoint was written yet."
    return ""


def _bar_line(name: str, count: str, share: float, colour: str, width: int) -> Content:
    head = Content.assemble((f"{name}  ", "$muted"), f"{count:<11} ")
    tail = f"{min(share, 1.0):5.0%}".replace("%", " %")
    room = max(0, width - head.cell_length - len(tail))
    return Content.assemble(head, bar(share, room, colour), tail)
