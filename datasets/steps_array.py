"""Steps that make arrays: windows over series, numbers from texts, shapes of pictures."""

from __future__ import annotations

import numpy as np

from kerastui.datasets import spec
from kerastui.datasets.errors import UserError
from kerastui.datasets.fitted import FittedStep, numbers_of, table_of
from kerastui.datasets.loaded import Array, Sequences
from kerastui.datasets.rows import Inputs, Rows, shape_of
from kerastui.datasets.text import UNKNOWN

_CHUNK = 1000


class Window(FittedStep):
    name = "window"

    def __init__(self, step: spec.Window) -> None:
        self.length = step.length
        self.words = f"Windows of {step.length} values, each with the value that follows"

    def apply(self, rows: Rows) -> Rows:
        series = self._stacked(rows.x, rows.index)
        if len(series) <= self.length:
            raise UserError(
                f"A window of {self.length} needs more than {self.length} values; there are "
                f"{len(series)}.",
                hint="Choose a shorter window.",
            )
        windows = np.lib.stride_tricks.sliding_window_view(series[:-1], self.length, axis=0)
        x = np.ascontiguousarray(windows.transpose(0, 2, 1))
        return Rows(x, rows.y[self.length :], rows.index[self.length :])

    def inputs(self, x: Inputs) -> Inputs:
        window = self._stacked(x, np.arange(self.length))
        if len(window) != self.length:
            raise UserError(
                f"{len(window)} values were given.", hint=f"The window takes {self.length}."
            )
        return window[np.newaxis]

    def _stacked(self, x: Inputs, index: Array) -> Array:
        table = table_of(x, self.name)
        columns = [numbers_of(name, column, self.name, index) for name, column in table.items()]
        return np.column_stack(columns).astype(np.float32)


def _texts(x: Inputs, step: str) -> Sequences:
    if isinstance(x, Sequences):
        return x
    raise UserError(
        f"The step {step} is for texts, but the inputs have shape {shape_of(x)}.",
        hint="Remove the step.",
    )


class MultiHot(FittedStep):
    name = "multi_hot"

    def __init__(self, step: spec.MultiHot) -> None:
        self.size = step.words
        self.words = f"Which of the {step.words:,} most frequent words occur, as zeros and ones"

    def inputs(self, x: Inputs) -> Inputs:
        texts = _texts(x, self.name)
        # One byte a cell; a batch becomes float32 only when it is formed.
        hot = np.zeros((len(texts), self.size), dtype=np.uint8)
        for start in range(0, len(texts), _CHUNK):
            some = texts.slice(start, min(start + _CHUNK, len(texts)))
            words = some.values[some.offsets[0] : some.offsets[-1]]
            rows = start + np.repeat(np.arange(len(some)), some.lengths)
            hot[rows, np.where(words < self.size, words, UNKNOWN)] = 1
        return hot


class Pad(FittedStep):
    name = "pad"

    def __init__(self, step: spec.Pad) -> None:
        self.step = step
        side = "front" if step.where == "pre" else "end"
        self.words = f"Cut or filled with zeros at the {side} to {step.length} words"

    def inputs(self, x: Inputs) -> Inputs:
        texts, length = _texts(x, self.name), self.step.length
        padded = np.zeros((len(texts), length), dtype=np.int32)
        for row, words in enumerate(texts):
            if self.step.where == "pre":
                kept = words[-length:]
                padded[row, length - len(kept) :] = kept
            else:
                kept = words[:length]
                padded[row, : len(kept)] = kept
        padded[padded >= self.step.words] = UNKNOWN
        return padded


class ChannelAxis(FittedStep):
    name = "channel_axis"
    words = "A last axis of one channel"

    def inputs(self, x: Inputs) -> Inputs:
        if not isinstance(x, np.ndarray) or x.ndim != 3:
            raise UserError(
                f"The step channel_axis is for pictures (rows, height, width), but the inputs "
                f"have shape {shape_of(x)}.",
                hint="Remove the step, or put it before flatten.",
            )
        return x[..., np.newaxis]


class Flatten(FittedStep):
    name = "flatten"
    words = "Each becomes one row of numbers"

    def inputs(self, x: Inputs) -> Inputs:
        if not isinstance(x, np.ndarray):
            raise UserError(
                f"The step flatten is for pictures and windows, but the inputs have shape "
                f"{shape_of(x)}.",
                hint="Remove the step.",
            )
        return x.reshape(len(x), -1)
