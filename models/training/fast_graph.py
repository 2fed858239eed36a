"""Training compiled into few calls: many batches, or many whole epochs, a call.

`Model.fit` builds an iterator for every epoch and returns to Python after every batch; on small
models that is nearly all of its time. Here the data lies on the device, a batch is a gather by
the epoch's order, and loops over batches and epochs run inside one `tf.function`. The arithmetic
is Keras' own: `Model.train_step`, `Model.test_step`, `Model.reset_metrics` and
`Model.get_metrics_result`, all public, with the batches that `fit` would form, the last short
one included.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf


class UnsuitableError(Exception):
    """Why a model can't be trained here, in words; nothing has been changed yet."""


class Graph:
    """The compiled functions of one model on one set of data.

    Args:
        model: A compiled model.
        data: (x, y) or (x, y, sample_weight), nests of arrays with the rows first.
        validation: The same for validation, or None.
        batch_size: Rows a batch.

    Attributes:
        inside: Whether `advance` validates too; set it before the first call.
        names: The metrics, as `fit` names them in its logs.
        steps: Batches an epoch; `test_steps` those of a validation.

    Raises:
        UnsuitableError: The model can't be trained this way.
    """

    def __init__(
        self, model: keras.Model, data: Any, validation: Any | None, batch_size: int
    ) -> None:
        self.model = model
        self.batch_size = batch_size
        self.inside = True
        self._data = _place(data)
        self._validation = None if validation is None else _place(validation)
        self.rows = _rows(self._data)
        self._full, self._rest = divmod(self.rows, batch_size)
        self.steps = self._full + bool(self._rest)
        self.test_steps = 0
        if self._validation is not None:
            self.test_steps = -(-_rows(self._validation) // batch_size)
        self.names = self._build()
        self._train = self._step(model.train_step, self._data)
        self._test = None
        if self._validation is not None:
            self._test = self._step(model.test_step, self._validation)
        self._advance: Any = None
        self._validate: Any = None

    @property
    def columns(self) -> list[str]:
        """The names of an epoch's figures: metrics, the learning rate, validation metrics."""
        validation = [f"val_{name}" for name in self.names] if self._has_validation else []
        return [*self.names, "learning_rate", *validation]

    def first_step(self, order: np.ndarray[Any, Any], step: int) -> list[float]:
        """Train on one batch and return the running metrics. Needs the least compilation.

        Args:
            order: Row numbers of the epoch, int32.
            step: Number of the batch in the epoch, from 0; 0 resets the metrics.
        """
        if step == 0:
            self.model.reset_metrics()
        begin = step * self.batch_size
        rows = tf.constant(order[begin : begin + self.batch_size])
        self._train(*[tf.gather(part, rows) for part in tf.nest.flatten(self._data)])
        return [float(value) for value in self._results()]

    def advance(
        self, orders: np.ndarray[Any, Any], count: int, first: int = 0, stop: int | None = None
    ) -> tuple[np.ndarray[Any, Any], bool]:
        """Train `count` epochs.

        Args:
            orders: Row numbers of each epoch, int32, shape (at least count, rows).
            count: How many of them to train.
            first: Batch to begin the first epoch with; above 0 its metrics go on, and the number
                of batches itself leaves only the figures and the validation to do.
            stop: Batch to end before; None is the epoch's end, and only there the validation.

        Returns:
            The figures, shape (count, columns), float32 (with `inside` off, without validation:
            zeros), and whether all weights are finite.
        """
        if self._advance is None:
            self._advance = self._compile_advance(jit=False)
        return self._call(self._advance, orders, count, first, stop)

    def validate(self, first: int, stop: int) -> list[float]:
        """Evaluate batches `first` to `stop` of the validation data; returns running metrics."""
        if self._validate is None:
            scalar = tf.TensorSpec([], tf.int32)

            def validate(first: Any, stop: Any) -> Any:
                _when(tf.equal(first, 0), self.model.reset_metrics)
                self._test_loop(first, stop)
                return tf.stack(self._results())

            self._validate = tf.function(
                validate, input_signature=[scalar, scalar], autograph=False
            )
        return [float(value) for value in self._validate(first, stop).numpy()]

    # --- parts -----------------------------------------------------------------------------

    @property
    def _has_validation(self) -> bool:
        return self._validation is not None

    def _build(self) -> list[str]:
        """Make optimizer and metric variables, which must exist before functions are traced."""
        if self.model.optimizer is None:
            raise UnsuitableError("the model is not compiled")
        self.model.optimizer.build(self.model.trainable_variables)
        self.model.reset_metrics()
        # Without training nothing but metrics changes, so one evaluated batch leaves no trace.
        size = min(self.batch_size, self.rows)
        parts = [part[:size] for part in tf.nest.flatten(self._data)]
        results = self.model.test_step(self._packed(self._data, parts))
        self.model.reset_metrics()
        for name, value in results.items():
            if tf.rank(value) != 0:
                raise UnsuitableError(f"the metric {name} gives several numbers")
        return list(results)

    def _packed(self, like: Any, parts: list[Any]) -> Any:
        """Return a batch as Keras takes it; bytes become numbers only here, batch by batch."""
        x, *others = tf.nest.pack_sequence_as(like, parts)
        floats = keras.config.floatx()

        def number(part: Any) -> Any:
            return tf.cast(part, floats) if part.dtype in (tf.uint8, tf.bool) else part

        return (tf.nest.map_structure(number, x), *others)

    def _step(self, step: Any, data: Any) -> Any:
        """Trace one step with an open number of rows, once for full and short batches."""
        parts = tf.nest.flatten(data)
        specs = [tf.TensorSpec([None, *part.shape[1:]], part.dtype) for part in parts]

        def run(*batch: Any) -> None:
            step(self._packed(data, list(batch)))

        return tf.function(run, input_signature=specs, autograph=False)

    def _results(self) -> list[Any]:
        results = self.model.get_metrics_result()
        return [tf.cast(results[name], tf.float32) for name in self.names]

    def _compile_advance(self, *, jit: bool, orders: int | None = None) -> Any:
        scalar = tf.TensorSpec([], tf.int32)
        signature = [tf.TensorSpec([orders, self.rows], tf.int32), scalar, scalar, scalar]
        return tf.function(
            self._epochs,
            input_signature=signature,
            autograph=False,
            # None leaves the choice to the functions inside; False would forbid XLA there too.
            jit_compile=True if jit else None,
        )

    def _call(
        self, function: Any, orders: Any, count: int, first: int, stop: int | None
    ) -> tuple[np.ndarray[Any, Any], bool]:
        stop = self.steps if stop is None else stop
        table, whole = function(tf.constant(orders), count, first, stop)
        return table.numpy()[:count], bool(whole)

    def _epochs(self, orders: Any, count: Any, first: Any, stop: Any) -> Any:
        size = orders.shape[0] or tf.shape(orders)[0]
        width = len(self.columns)
        table = tf.TensorArray(tf.float32, size=size, element_shape=[width])

        def epoch(number: Any, table: Any) -> Any:
            begin = tf.where(tf.equal(number, 0), first, 0)
            return number + 1, table.write(number, self._epoch(orders[number], begin, stop))

        _, table = tf.while_loop(lambda number, _: number < count, epoch, [0, table])
        whole = [
            tf.reduce_all(tf.math.is_finite(tf.convert_to_tensor(weight.value)))
            for weight in self.model.weights
            if "float" in str(weight.dtype)
        ]
        return table.stack(), tf.reduce_all(tf.stack(whole) if whole else tf.constant(True))

    def _epoch(self, order: Any, begin: Any, stop: Any) -> Any:
        _when(tf.equal(begin, 0), self.model.reset_metrics)
        parts = tf.nest.flatten(self._data)

        def train(start: Any, size: int) -> None:
            rows = tf.slice(order, [start], [size])
            self._train(*[tf.gather(part, rows) for part in parts])

        def body(step: Any) -> Any:
            train(step * self.batch_size, self.batch_size)
            return step + 1

        if self._full:
            last = tf.minimum(stop, self._full)
            tf.while_loop(lambda step: step < last, body, [begin])
        if self._rest:
            start = self._full * self.batch_size
            due = tf.logical_and(tf.equal(stop, self.steps), begin < self.steps)
            _when(due, lambda: train(start, self._rest))
        rate = keras.ops.convert_to_tensor(self.model.optimizer.learning_rate)
        figures = [*self._results(), tf.cast(rate, tf.float32)]
        if not self._has_validation:
            return tf.stack(figures)
        nothing = tf.zeros([len(self.names)])
        if not self.inside:
            return tf.concat([tf.stack(figures), nothing], 0)

        def validate() -> Any:
            self.model.reset_metrics()
            self._test_loop(0, self.test_steps)
            return tf.stack(self._results())

        watched = tf.cond(tf.equal(stop, self.steps), validate, lambda: nothing)
        return tf.concat([tf.stack(figures), watched], 0)

    def _test_loop(self, first: Any, stop: Any) -> None:
        parts = tf.nest.flatten(self._validation)
        full, rest = divmod(_rows(self._validation), self.batch_size)

        def test(start: Any, size: int) -> None:
            assert self._test is not None
            self._test(*[_rows_from(part, start, size) for part in parts])

        def body(step: Any) -> Any:
            test(step * self.batch_size, self.batch_size)
            return step + 1

        if full:
            last = tf.minimum(stop, full)
            tf.while_loop(lambda step: step < last, body, [tf.convert_to_tensor(first)])
        if rest:
            _when(tf.equal(stop, full + 1), lambda: test(full * self.batch_size, rest))


class XlaAdvance:
    """`Graph.advance` as one XLA program; compiling it takes a second or more.

    Args:
        graph: The graph.
        capacity: Orders a call takes; fewer epochs may be asked for.
    """

    def __init__(self, graph: Graph, capacity: int = 1) -> None:
        self._graph = graph
        self.capacity = capacity
        self._function = graph._compile_advance(jit=True, orders=capacity)

    def __call__(
        self, orders: np.ndarray[Any, Any], count: int, first: int = 0, stop: int | None = None
    ) -> tuple[np.ndarray[Any, Any], bool]:
        """As `Graph.advance`, with the orders filled up to the capacity."""
        padded = np.zeros((self.capacity, orders.shape[1]), np.int32)
        padded[:count] = orders[:count]
        return self._graph._call(self._function, padded, count, first, stop)


def _place(data: Any) -> Any:
    """Put arrays on the device once: floats in Keras' precision, everything else as it is."""

    def place(array: Any) -> Any:
        array = np.asarray(array)
        if array.dtype.kind == "f":
            array = array.astype(keras.config.floatx(), copy=False)
        return tf.constant(array)

    return tf.nest.map_structure(place, data)


def _rows(data: Any) -> int:
    return int(tf.nest.flatten(data)[0].shape[0])


def _rows_from(part: Any, start: Any, size: int) -> Any:
    begin = [start, *[0] * (part.shape.rank - 1)]
    return tf.slice(part, begin, [size, *part.shape[1:]])


def _when(condition: Any, action: Any) -> None:
    """Do something inside a graph if a condition holds there."""

    def yes() -> Any:
        action()
        return tf.constant(True)

    tf.cond(condition, yes, lambda: tf.constant(False))
