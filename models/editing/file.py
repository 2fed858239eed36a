"""Changes of a model that begins with a file: its layers frozen, or cut from its end."""

from __future__ import annotations

from collections.abc import Mapping

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment, FileModel


def toggle_frozen(
    experiment: Experiment, place: int, layers: Mapping[int, tuple[str, int]]
) -> tuple[Experiment, str]:
    """Freeze a layer of the file, or let it be trained again.

    Args:
        experiment: An experiment whose model is of a file.
        place: The layer's place in the file.
        layers: Place in the file -> name and number of parameters, of all layers that are left.

    Returns:
        The changed experiment, and what was done, as it stands after "undo".

    Raises:
        UserError: The layer has no weights, or the model is of no file.
    """
    model = _of_file(experiment)
    name, parameters = layers[place]
    if not parameters:
        raise UserError(f"{name} has no weights: there is nothing to freeze.")
    frozen = frozen_in(model, layers)
    held = [one for one in frozen if one != name] if name in frozen else [
        one for one, count in layers.values() if count and (one in frozen or one == name)
    ]  # fmt: skip
    words = f"{'thawing' if name in frozen else 'freezing'} {name}"
    return experiment.changed({"model.frozen": held, "model.trainable_from": None}), words


def frozen_in(model: FileModel, layers: Mapping[int, tuple[str, int]]) -> list[str]:
    """Return the names of the layers with weights that are not trained; `layers` as above."""
    first = model.trainable_from
    if isinstance(first, str):
        # A layer that was cut stood behind all that are left.
        first = next((p for p, (name, _) in layers.items() if name == first), max(layers) + 1)
    return [name for p, (name, count) in layers.items()
            if count and (name in model.frozen or p < (first or 0))]  # fmt: skip


def cut_from(
    experiment: Experiment, place: int, layers: Mapping[int, tuple[str, int]]
) -> tuple[Experiment, str]:
    """Leave out a layer of the file and all that follow it; arguments as of `toggle_frozen`.

    Raises:
        UserError: Nothing would be left.
    """
    model = _of_file(experiment)
    more = [p for p in layers if p >= place]
    if len(more) == len(layers):
        raise UserError(
            "Nothing of the file would be left.", "t begins with a template in its place."
        )
    gone = [layers[p][0] for p in more]
    frozen = [name for name in frozen_in(model, layers) if name not in gone]
    changed = experiment.changed(
        {"model.cut": model.cut + len(more), "model.frozen": frozen, "model.trainable_from": None}
    )
    several = f"{gone[0]} and {len(gone) - 1} behind it" if len(gone) > 1 else gone[0]
    return changed, f"cutting {several}"


def _of_file(experiment: Experiment) -> FileModel:
    if not isinstance(experiment.model, FileModel):
        raise UserError("This model does not begin with a file.")
    return experiment.model
