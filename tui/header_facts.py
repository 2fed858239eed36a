"""What the header line says of the app's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastui.tui.widgets import words
from kerastui.tui.widgets.header import HeaderState

if TYPE_CHECKING:
    from kerastui.models.machine.hardware import Snapshot
    from kerastui.tui.app import KerasTui


def header_state(app: KerasTui, section: str) -> HeaderState:
    """Return what the header of a section says now: experiment, data, size, run, device."""
    name, facts = _experiment(app)
    status = progress = left = run = ""
    if app.study is not None:
        if info := app.study_info:
            done = sum(member.ended for member in info.members)
            status, progress = info.status, f"{done}/{len(info.members)} runs"
            run = info.name
    elif app.monitor is not None:
        history = app.monitor.history
        status = app.monitor.state
        if history.epochs and app.monitor.active:
            progress = f"{history.epoch}/{history.epochs}"
            if (seconds := history.seconds_left()) and status == "running":
                left = f"left {words.duration(seconds)}"
        if app.monitor.info:
            run = app.monitor.info.name
    # Whose state it is goes without saying where that is what is worked on.
    name = name or run
    run = run if run != name else ""
    changed = app.edits.changed and app.current is not None
    device = _device(app.hardware)
    return HeaderState(section, name, facts, status, progress, left, device, changed, run)


def _experiment(app: KerasTui) -> tuple[str, tuple[str, ...]]:
    """Return the name of the current experiment, and the size of its data and its model."""
    if app.current is None:
        return "", ()
    facts = []
    summary = app.known_summary(app.current) or {}
    if data := summary.get("data"):
        count = sum(part["x"][0] for part in data["parts"].values())
        facts.append(words.shape([count, *data["input_shape"]]))
    if parameters := summary.get("parameters"):
        facts.append(f"{parameters:,} params")
    return app.current.name, tuple(facts)


def _device(machine: Snapshot | None) -> str:
    if machine is None:
        return ""
    if gpus := machine.gpus:
        return f"GPU {gpus[0].name}" if len(gpus) == 1 else f"{len(gpus)} GPUs"
    cores = machine.cpu.usable_cores
    return f"CPU {cores} core{'s' * (cores != 1)}"
