"""The predictions of one choice as classes, labels or numbers, beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerastui.datasets.errors import UserError
from kerastui.models.look import judge_numbers as numbers
from kerastui.models.look.judge_predictions import Choice, Predictions, predictions

if TYPE_CHECKING:
    from kerastui.models.look.judge_numbers import Floats, Ints


@dataclass(frozen=True)
class Classes:
    """Rows of classes or of one label.

    Attributes:
        truth, predicted: (n,) class numbers.
        shares: (n, k) the probability of each class.
        names: Of the classes.
        places: (n,) place of each row in its part: rows without a finite output are left out.
        positive: Number of the class that a threshold decides; None for more than two.
        left_out: Rows without a finite output.
    """

    truth: Ints
    predicted: Ints
    shares: Floats
    names: list[str]
    places: Ints
    positive: int | None
    left_out: int

    def ranked(self, number: int) -> numbers.Ranked:
        """Return the question whether a row is of a class, with the answers sorted."""
        return numbers.Ranked(self.truth == number, self.shares[:, number])

    @property
    def matrix(self) -> Ints:
        """The confusion matrix."""
        return numbers.confusion(self.truth, self.predicted, len(self.names))


@dataclass(frozen=True)
class Numbers:
    """Rows of numbers.

    Attributes:
        truth, predicted: (n, m).
        places: (n,) place of each row in its part.
        left_out: Rows without a finite output.
    """

    truth: Floats
    predicted: Floats
    places: Ints
    left_out: int


@dataclass(frozen=True)
class Judged:
    """The predictions of a part, and one choice of what is judged."""

    predictions: Predictions
    choice: Choice
    number: int

    @property
    def classes(self) -> Classes:
        """The rows as classes.

        Raises:
            UserError: Numbers are predicted here.
        """
        found = self._rows()
        if not isinstance(found, Classes):
            raise UserError("Numbers are predicted here, not classes.", "Choose another output.")
        return found

    @property
    def numbers(self) -> Numbers:
        """The rows as numbers.

        Raises:
            UserError: Classes are predicted here.
        """
        found = self._rows()
        if not isinstance(found, Numbers):
            raise UserError("Classes are predicted here, not numbers.", "Choose another output.")
        return found

    def _rows(self) -> Classes | Numbers:
        kept = self.predictions.kept
        if ("rows", self.number) not in kept:
            kept["rows", self.number] = _rows(self.predictions, self.choice)
        found: Classes | Numbers = kept["rows", self.number]
        return found


def judged(path: str, experiment: dict[str, Any], part: str, file: str, choice: int) -> Judged:
    """Return the predictions of a part for one choice.

    Raises:
        UserError: As `predictions`; or there is no such choice.
    """
    found = predictions(path, experiment, part, file)
    choices = found.choices()
    if not 0 <= choice < len(choices):
        raise UserError(f"There is no output {choice}.", f"There are {len(choices)}.")
    return Judged(found, choices[choice], choice)


def _rows(found: Predictions, choice: Choice) -> Classes | Numbers:
    output = np.asarray(found.outputs[choice.output], np.float64)
    truth = found.truths[choice.output]
    n = len(truth)
    flat = output.reshape(n, -1) if n else output.reshape(0, max(1, output.shape[-1]))
    fine = np.isfinite(flat).all(axis=1)
    places = np.flatnonzero(fine)
    left_out = n - len(places)
    if choice.kind == "numbers":
        known = np.asarray(truth, np.float64).reshape(n, -1)
        if known.shape != flat.shape:
            raise UserError(f"The model says {flat.shape[1]} numbers a row, the data "
                            f"{known.shape[1]}.", "Open the experiment that fits.")  # fmt: skip
        if choice.column is not None:
            known, flat = known[:, [choice.column]], flat[:, [choice.column]]
        return Numbers(known[fine], flat[fine], places, left_out)
    if choice.kind == "labels":
        column = choice.column or 0
        right = np.asarray(truth).reshape(n, -1)[:, column].astype(np.int64)
        shares = shares_of(flat[:, [column]][fine])
        return _classes(right[fine], shares, ["no", "yes"], places, left_out)
    right = np.asarray(truth)
    right = right.reshape(n, -1)
    right = right.argmax(1) if right.shape[1] > 1 else right[:, 0].astype(np.int64)
    shares = shares_of(flat[fine])
    prepared = found.opened.prepared
    known_names = prepared.class_names
    count = max(shares.shape[1], len(known_names), int(right.max()) + 1 if n else 0)
    if shares.shape[1] < count:  # the data has classes the model knows nothing of
        shares = np.pad(shares, ((0, 0), (0, count - shares.shape[1])))
    names = [known_names[i] if i < len(known_names) else str(i) for i in range(count)]
    return _classes(right[fine], shares, names, places, left_out)


def _classes(truth: Ints, shares: Floats, names: list[str], places: Ints, left_out: int) -> Classes:
    two = shares.shape[1] == 2
    # Of two classes the second one must be more likely, as Keras' own 0.5 has it.
    said = (shares[:, 1] > 0.5).astype(np.int64) if two else shares.argmax(1)
    return Classes(truth.astype(np.int64), said, shares, names, places, 1 if two else None,
                   left_out)  # fmt: skip


def shares_of(output: NDArray[Any]) -> Floats:
    """Return probabilities (n, k) of outputs (n, 1) of a sigmoid, or (n, k) of a softmax.

    Outputs that are no probabilities are logits, before the sigmoid or softmax.
    """
    output = np.asarray(output, np.float64)
    if output.shape[1] == 1:
        p = output[:, 0]
        if len(p) and (p.min() < 0 or p.max() > 1):
            p = 1 / (1 + np.exp(-np.clip(p, -700, 700)))
        return np.stack([1 - p, p], axis=1)
    if len(output) and ((output < 0).any() or (np.abs(output.sum(1) - 1) > 1e-2).any()):
        powers = np.exp(output - output.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))
    return output
