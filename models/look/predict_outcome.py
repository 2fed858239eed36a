"""What the outputs of a model say: probabilities of classes, or numbers.

Plain arrays; for inspector processes and for whoever has the outputs of a model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from kerastui.models.look.opened import Opened

Floats = npt.NDArray[np.floating[Any]]

SURE = 1e-3
"""How far from 1 the sum of probabilities may be; else they are taken for logits."""


@dataclass(frozen=True)
class Output:
    """One output of a model.

    Attributes:
        name: Its name; empty where it is the only one.
        kind: `classes` (one of several), `labels` (each yes or no), `numbers`.
        names: Of the classes, the labels or the numbers.
        about: What a number is, with its unit, where that is known.
        guessed: Nobody says what it predicts; the activation does.
    """

    name: str
    kind: Literal["classes", "labels", "numbers"]
    names: tuple[str, ...]
    about: str = ""
    guessed: bool = False

    def plain(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def values(self, given: Floats) -> Floats:
        """Return probabilities, one column for each of `names`, or the numbers themselves.

        Args:
            given: What the model puts out, (rows, units).
        """
        given = np.asarray(given, dtype=np.float64)
        if self.kind == "numbers":
            return given
        if self.kind == "labels":
            return _yes(given)
        if given.shape[1] == 1:
            yes = _yes(given)
            return np.concatenate([1 - yes, yes], axis=1)
        return shares(given)


def shares(given: Floats) -> Floats:
    """Return probabilities: as they are where they add up to 1, else the softmax of logits."""
    given = np.asarray(given, dtype=np.float64)
    fine = (given >= 0).all(axis=1) & (np.abs(given.sum(axis=1) - 1) < SURE)
    if fine.all():
        return given
    powers = np.exp(given - given.max(axis=1, keepdims=True))
    return np.where(fine[:, None], given, powers / powers.sum(axis=1, keepdims=True))


def _yes(given: Floats) -> Floats:
    """Probabilities of yes; what lies outside 0 … 1 is a logit, before the sigmoid."""
    inside = (given >= 0) & (given <= 1)
    return np.where(inside, given, 1 / (1 + np.exp(-np.clip(given, -700, 700))))


def outputs_of(found: Opened) -> list[Output]:
    """Say what each output of a model predicts; without an experiment its activation does."""
    units = _units(found)
    if found.experiment is None:
        activations = _activations(found)
        return [_guessed(found, place, count, activations) for place, count in enumerate(units)]
    from kerastui.models.look.judge_kinds import kinds

    prepared = found.prepared
    names = _names(found, len(units))
    made = []
    for place, (count, kind) in enumerate(zip(units, kinds(found.experiment), strict=False)):
        targets = _targets(found, place, prepared.target_names)
        own = list(prepared.class_names) if place == 0 or len(units) == 1 else []
        about = ""
        if kind == "classes":
            wanted = 2 if count == 1 else count
            told = own if len(own) == wanted else [str(number) for number in range(wanted)]
        else:
            told = targets if len(targets) == count else _numbered(count, targets)
            about = _about(found, told) if kind == "numbers" else ""
        made.append(Output(names[place], kind, tuple(told), about))
    return made


def _units(found: Opened) -> list[int]:
    """Numbers that each output has for one sample."""
    tensors = found.model.outputs
    return [int(np.prod([axis or 1 for axis in tensor.shape[1:]])) for tensor in tensors]


def _names(found: Opened, count: int) -> list[str]:
    names = list(getattr(found.model, "output_names", ()))
    return names if count > 1 and len(names) == count else [""] * count


def _targets(found: Opened, place: int, every: Sequence[str]) -> list[str]:
    from kerastui.models.experiment.schema import GraphModel

    assert found.experiment is not None
    model = found.experiment.model
    if isinstance(model, GraphModel) and place < len(model.outputs):
        return list(model.targets.get(model.outputs[place], every))
    return list(every)


def _numbered(count: int, targets: Sequence[str]) -> list[str]:
    if count == 1:
        return [targets[0] if targets else "output"]
    return [f"output {number}" for number in range(count)]


def _about(found: Opened, names: Sequence[str]) -> str:
    """What the card says of the only number that is predicted, mostly its unit."""
    from kerastui.datasets.catalogue import card_of
    from kerastui.datasets.errors import UserError

    assert found.experiment is not None
    if len(names) != 1:
        return ""
    try:
        columns = card_of(found.experiment.data).columns
    except UserError:
        return ""
    return next((column.meaning for column in columns if column.name == names[0]), "")


def _activations(found: Opened) -> list[str]:
    from kerastui.models.look.probe import activation

    layers = {id(layer): layer for layer in found.model.layers}
    told = []
    for tensor in found.model.outputs:
        maker = getattr(tensor, "_keras_history", (None,))[0]
        layer = layers.get(id(maker), found.model.layers[-1])
        told.append(activation(layer))
    return told


def _guessed(found: Opened, place: int, count: int, activations: Sequence[str]) -> Output:
    name = _names(found, len(activations))[place]
    if activations[place] == "softmax" and count > 1:
        return Output(name, "classes", tuple(f"class {n}" for n in range(count)), guessed=True)
    if activations[place] == "sigmoid":
        if count == 1:
            return Output(name, "classes", ("class 0", "class 1"), guessed=True)
        return Output(name, "labels", tuple(f"label {n}" for n in range(count)), guessed=True)
    return Output(name, "numbers", tuple(_numbered(count, ())), guessed=True)
