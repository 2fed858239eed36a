"""What a run would do: the settings of an experiment, before it is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.content import Content

from kerastui.models.runs.figures import number

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment, Part


def settings(experiment: Experiment) -> list[tuple[str, Content | str]]:
    """Return the settings that decide how an experiment is trained, for a table."""
    compile_, fit = experiment.compile, experiment.fit
    losses = compile_.loss if isinstance(compile_.loss, dict) else {"": compile_.loss}
    batch = "all rows at once" if fit.batch_size == "all" else f"{fit.batch_size:,}"
    rows: list[tuple[str, Content | str]] = [
        ("experiment", Content.styled(experiment.title or experiment.name, "bold")),
        ("data", _data(experiment)),
        ("optimizer", part(compile_.optimizer)),
        ("loss", " · ".join(f"{name} {part(loss)}".strip() for name, loss in losses.items())),
        ("metrics", ", ".join(part(metric) for _, metric in compile_.metric_paths) or "none"),
        ("epochs", f"{fit.epochs:,}"),
        ("batch size", batch + ("" if fit.shuffle else ", not shuffled")),
        ("callbacks", ", ".join(part(entry) for entry in experiment.callbacks) or "none"),
        ("seed", f"{experiment.seed}"),
        ("execution", experiment.execution),
    ]
    if study := experiment.study:
        members = [study.base, *(variant.name for variant in study.variants)]
        times = f", each with {study.repeats} seeds" if study.repeats > 1 else ""
        rows.append(("study", f"{', '.join(members)}{times}"))
    for figure in experiment.published:
        value = figure.value
        text = number(value) if isinstance(value, int | float) else value or ""
        if figure.band:
            text += f"   expected {number(figure.band[0])} – {number(figure.band[1])}"
        head = "published" if figure is experiment.published[0] else " "
        rows.append((head, f"{figure.label or figure.figure}  {text}"))
    return rows


def part(entry: Part) -> str:
    """Return a Keras object in words: its name, and the parameters that are set."""
    inner = ", ".join(f"{name} {_value(value)}" for name, value in entry.parameters.items())
    return f"{entry.type} ({inner})" if inner else entry.type


def _data(experiment: Experiment) -> str:
    data = experiment.data
    return f"{data.dataset}, the substitute" if data.substitute else data.dataset


def _value(value: Any) -> str:
    if isinstance(value, dict) and "type" in value:
        return str(value["type"])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return str(value)
    return number(value)
