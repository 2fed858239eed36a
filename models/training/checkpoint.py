"""The state of a training: everything that decides how it goes on, taken, put back, kept on disk.

Training is a function of this state and of what the experiment says (the order of an epoch
follows from the seed and the epoch's number), so a training that is taken up from a saved state
ends with the same weights, bit for bit, as one that was never interrupted.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerastui.datasets.errors import UserError
from kerastui.models.training.callback_files import PATHS

FILE = "state.npz"
_FORMAT = 1
_SETTINGS = {"params", "min_delta", "monitor_op", "append", "append_header", *PATHS}
"""Attributes of callbacks that are settings of this training. (Of `min_delta` Keras turns the
sign when it first uses it, and `monitor_op` it only sets then; paths are elsewhere where a run was
copied.)"""


@dataclass
class State:
    """A training between two batches.

    Attributes:
        epoch: Whole epochs trained so far.
        values: One value for each of `variables(model)`, as tensors of the device.
        callbacks: For each callback its plain attributes and its lists of arrays by name.
        step: Batches of the next epoch trained so far; as many as it has where only its
            validation is to come.
        metrics: Where `step` is above 0, the values of the metrics that are being added up.
        random: The generators from which Keras takes the orders of rows on other backends than
            TensorFlow: Python's, NumPy's and PyTorch's, the last one only there.
        path: How it is trained: "plain", "fast" or "fast+xla". Only the same path gives the
            same bits.
        ended: Why the training ended, by a word of `callbacks.Ending`; empty while it goes on.
    """

    epoch: int
    values: list[Any]
    callbacks: list[dict[str, Any]] = field(default_factory=list)
    step: int = 0
    metrics: list[Any] = field(default_factory=list)
    random: list[Any] = field(default_factory=list)
    path: str = ""
    ended: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """Where the training stands: whole epochs, and batches of the next one."""
        return self.epoch, self.step


def variables(model: keras.Model) -> list[Any]:
    """Return weights, random seeds of layers (dropout, noise) and the optimizer's variables."""
    found = [*model.variables, *(model.optimizer.variables if model.optimizer else [])]
    return list({id(variable): variable for variable in found}.values())


def values_of(wanted: Iterable[Any]) -> list[Any]:
    """Return the present values of Keras variables; later training does not change them."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        # Reading shares the memory; the variable gets new memory when it is next written.
        return [tf.convert_to_tensor(variable.value) for variable in wanted]
    return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in wanted]


def capture(
    model: keras.Model,
    epoch: int,
    callbacks: Sequence[Any] = (),
    *,
    step: int = 0,
    metrics: Sequence[Any] | None = None,
) -> State:
    """Take the state of a training between two batches.

    Args:
        model: The model.
        epoch: Whole epochs trained so far.
        callbacks: What they remember belongs to the state.
        step: Batches of the next epoch trained so far.
        metrics: The metrics' values after them; None takes the present ones.
    """
    if step and metrics is None:
        metrics = values_of(model.metrics_variables)
    return State(
        epoch,
        values_of(variables(model)),
        [_attributes(one) for one in callbacks],
        step=step,
        metrics=list(metrics or ()),
        random=_generators(),
    )


def restore(model: keras.Model, state: State, callbacks: Sequence[Any] = ()) -> None:
    """Put a state back, in place.

    Raises:
        UserError: The state is of another model, optimizer or list of callbacks.
    """
    wanted = variables(model)
    shapes = [tuple(variable.shape) for variable in wanted]
    if shapes != [tuple(value.shape) for value in state.values] or (
        callbacks and len(callbacks) != len(state.callbacks)
    ):
        raise UserError(
            "The checkpoint is of another model, optimizer or list of callbacks.",
            "Go on with the experiment the checkpoint was written by.",
        )
    for variable, value in zip(wanted, state.values, strict=True):
        variable.assign(value)
    restore_metrics(model, state)
    for callback, attributes in zip(callbacks, state.callbacks, strict=bool(callbacks)):
        vars(callback).update(attributes)
    if state.random:
        _set_generators(state.random)


def restore_metrics(model: keras.Model, state: State) -> None:
    """Put the metrics of a half-trained epoch back; does nothing between two epochs."""
    if state.step:
        for variable, value in zip(model.metrics_variables, state.metrics, strict=True):
            variable.assign(value)


def save_state(folder: Path, state: State) -> None:
    """Write a state to `folder`, replacing the one before in one step.

    A crash at any moment, of the machine too, leaves the old one or the new one.

    Raises:
        UserError: The folder can't be written or the disk is full.
    """
    arrays = {f"value.{i}": _portable(value) for i, value in enumerate(state.values)}
    plain: list[dict[str, Any]] = []
    for i, attributes in enumerate(state.callbacks):
        plain.append({name: v for name, v in attributes.items() if not isinstance(v, list)})
        for name, parts in attributes.items():
            if isinstance(parts, list):
                plain[i][name] = {"arrays": len(parts)}
                for j, part in enumerate(parts):
                    arrays[f"callback.{i}.{name}.{j}"] = _portable(part)
    arrays |= {f"metric.{i}": _portable(value) for i, value in enumerate(state.metrics)}
    arrays |= {f"random.{i}": words for i, words in enumerate(state.random)}
    head = {
        "format": _FORMAT,
        "epoch": state.epoch,
        "values": len(state.values),
        "step": state.step,
        "metrics": len(state.metrics),
        "random": len(state.random),
        "path": state.path,
        "ended": state.ended,
    }
    text = json.dumps({**head, "callbacks": plain})
    arrays["head"] = np.frombuffer(text.encode(), np.uint8)
    try:
        folder.mkdir(exist_ok=True)
        for left in folder.glob(f".{FILE}.*"):  # by a worker that was killed while it wrote
            left.unlink(missing_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=f".{FILE}.")
        try:
            with os.fdopen(handle, "wb") as stream:
                np.savez(stream, **arrays)
                stream.flush()
                os.fsync(handle)
            os.replace(name, folder / FILE)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise UserError(
            f"The checkpoint can't be written to {folder}: {error.strerror}.",
            "Check the permissions and the free space.",
        ) from None


def load_state(folder: Path) -> State:
    """Read the state that `save_state` wrote.

    Raises:
        UserError: There is none, or it is damaged.
    """
    try:
        with (folder / FILE).open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            head = json.loads(stored["head"].tobytes())
            values = [stored[f"value.{i}"] for i in range(head["values"])]
            callbacks = head["callbacks"]
            for i, attributes in enumerate(callbacks):
                for name, value in attributes.items():
                    if isinstance(value, dict):
                        attributes[name] = [
                            stored[f"callback.{i}.{name}.{j}"] for j in range(value["arrays"])
                        ]
            return State(
                head["epoch"],
                values,
                callbacks,
                step=head.get("step", 0),
                metrics=[stored[f"metric.{i}"] for i in range(head.get("metrics", 0))],
                random=[stored[f"random.{i}"] for i in range(head.get("random", 0))],
                path=head.get("path", ""),
                ended=head.get("ended", ""),
            )
    except FileNotFoundError:
        raise UserError(f"{folder} holds no checkpoint.", "Start the run anew.") from None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise UserError(f"The checkpoint in {folder} is damaged: {error}.",
                        "Start the run anew.") from None  # fmt: skip


def _attributes(callback: Any) -> dict[str, Any]:
    """Return what a callback remembers: plain values and lists of arrays (best weights)."""
    kept: dict[str, Any] = {}
    for name, value in vars(callback).items():
        if name in _SETTINGS:
            continue
        # Of what is private only switches matter, such as which weights an average has swapped.
        if name.startswith("_") and not isinstance(value, bool):
            continue
        if isinstance(value, np.generic) or (hasattr(value, "numpy") and hasattr(value, "dtype")):
            value = value.numpy().item() if hasattr(value, "numpy") else value.item()
        if value is None or isinstance(value, bool | int | float | str):
            kept[name] = value
        elif isinstance(value, list) and value and all(isinstance(v, np.ndarray) for v in value):
            kept[name] = list(value)
    return kept


def _generators() -> list[Any]:
    """Return the states of the generators as arrays of whole numbers.

    Python's and NumPy's are Mersenne Twisters: 624 words and a position.
    """
    _, words, _ = random.getstate()
    _, key, position, *_ = np.random.get_state()
    twister = np.append(np.asarray(key, np.uint32), np.uint32(position))
    states = [np.array(words, np.uint32), twister]
    if keras.backend.backend() == "torch":
        torch = importlib.import_module("torch")
        states.append(torch.get_rng_state().numpy())
    return states


def _set_generators(states: Sequence[Any]) -> None:
    random.setstate((3, tuple(int(word) for word in states[0]), None))
    np.random.set_state(("MT19937", states[1][:-1], int(states[1][-1]), 0, 0.0))
    if len(states) > 2:
        torch = importlib.import_module("torch")
        torch.set_rng_state(torch.from_numpy(states[2]))


def _portable(value: Any) -> Any:
    array = np.asarray(value)
    # NumPy's files know no bfloat16; every bfloat16 is a float32.
    return array.astype(np.float32) if array.dtype.kind == "V" else array
