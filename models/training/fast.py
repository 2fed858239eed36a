"""Training on the fast path: what `Model.fit` computes, with the loops compiled (`fast_graph`).

Epochs run in bundles of K, K chosen so that a bundle takes about 70 ms: the log gets every
epoch's figures, the screen moves, a command waits at most one bundle. Afterwards the callbacks
are replayed epoch by epoch on the recorded figures. Where one of them stops the training or
changes the learning rate, the state at the bundle's start is put back and exactly that many
epochs are trained again, so callbacks keep their meaning to the epoch. An epoch that takes long
is itself cut into runs of batches.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from kerastui.models.training.callbacks import RunLog
from kerastui.models.training.checkpoint import restore, values_of, variables
from kerastui.models.training.fast_graph import Graph, XlaAdvance

BUNDLE = 0.07
"""Seconds that one call of a compiled function should take."""

LONG_EPOCH = 0.15
"""Seconds from which on an epoch is cut into runs of batches."""

FIRST_STEPS = 4
"""Batches trained one by one at the start, for an early first figure and a measure of a step."""

PROBE_STEPS = 64
"""Batches by which the pace of a program of XLA is measured."""

XLA_STEPS = 15_000
"""Batches from which on compiling with XLA (1 to 2 s) is won back on a CPU."""

EPOCH_STEPS = 3
"""What an epoch costs by itself, for its metrics, in batches."""

STOPPED_AFTER = 4
"""The part of the epochs, one in so many, that early stopping is expected to leave."""

XLA_WORK = 2_000_000
"""Multiplications a batch up to which overhead, not arithmetic, is what a step takes."""

XLA_LAYERS = frozenset(
    {"Activation", "ActivityRegularization", "BatchNormalization", "Dense", "Dropout", "ELU",
     "Flatten", "GaussianDropout", "GaussianNoise", "InputLayer", "LayerNormalization",
     "LeakyReLU", "ReLU", "Rescaling", "Reshape", "Softmax"}
)  # fmt: skip
"""Layers whose XLA programs compile quickly and run well on a CPU."""

READS_LOGS = (
    keras.callbacks.EarlyStopping,
    keras.callbacks.ReduceLROnPlateau,
    keras.callbacks.CSVLogger,
    keras.callbacks.TerminateOnNaN,
    keras.callbacks.History,
    keras.callbacks.RemoteMonitor,
)
"""Callbacks that look at an epoch's figures only, so that they can be replayed after a bundle.
(`EarlyStopping` also takes the weights of its best epoch; they are fetched for it.)"""

Advance = Callable[..., tuple[np.ndarray[Any, Any], bool]]


def order(seed: int, epoch: int, rows: int, *, shuffle: bool = True) -> np.ndarray[Any, Any]:
    """Return the order of the rows in an epoch, int32.

    It depends on nothing but its arguments: `numpy.random.Generator(PCG64([seed, epoch]))
    .permutation(rows)`, so a training that is taken up again meets the same order.

    Args:
        seed: The experiment's seed.
        epoch: Number of the epoch, from 0.
        rows: Number of training rows.
        shuffle: False gives 0, 1, 2 …
    """
    if not shuffle:
        return np.arange(rows, dtype=np.int32)
    generator = np.random.Generator(np.random.PCG64([seed, epoch]))
    return generator.permutation(rows).astype(np.int32)


def unsuitable(callbacks: Sequence[keras.callbacks.Callback]) -> str:
    """Say which callback needs the plain path, since it acts batch by batch; empty if none."""
    base = keras.callbacks.Callback
    hooks = [name for name in vars(base) if "batch" in name]
    hooks += ["on_test_begin", "on_test_end"]
    for callback in callbacks:
        kind = type(callback)
        if isinstance(callback, keras.callbacks.TerminateOnNaN):
            continue  # its question is asked here anyway, for every batch
        if isinstance(callback, keras.callbacks.ModelCheckpoint) and callback.save_freq == "epoch":
            continue
        if any(getattr(kind, name) is not getattr(base, name) for name in hooks):
            return f"{kind.__name__} acts batch by batch"
    return ""


class FastFit:
    """One training on the fast path.

    Args:
        graph: The model and its data.
        callbacks: The experiment's callbacks, without batch hooks (`unsuitable`).
        log: The run's own callback.
        seed: Seed of the orders.
        shuffle: Whether the rows are shuffled.
        xla: None decides by size; True and False force it.
    """

    def __init__(
        self,
        graph: Graph,
        callbacks: Sequence[keras.callbacks.Callback],
        log: RunLog,
        *,
        seed: int,
        shuffle: bool = True,
        xla: bool | None = None,
    ) -> None:
        self.graph = graph
        self.model = graph.model
        self.log = log
        self.compiled = "TensorFlow graph"
        """How the loops are compiled, in words, for the run's record."""
        self._seed = seed
        self._shuffle = shuffle
        self._xla = xla
        self._advance: Advance = graph.advance
        self._loss = graph.names.index("loss")
        self._run_length = 1
        self._begun = -1
        self._stoppers = [
            callback
            for callback in callbacks
            if isinstance(callback, keras.callbacks.EarlyStopping) and callback.restore_best_weights
        ]
        self._one_by_one = any(not isinstance(one, READS_LOGS) for one in callbacks)
        self._may_stop = any(isinstance(one, keras.callbacks.EarlyStopping) for one in callbacks)
        self._may_change_rate = self._one_by_one or any(
            isinstance(one, keras.callbacks.ReduceLROnPlateau) for one in callbacks
        )
        # Not replayed: it asks about every batch, and so does this path itself.
        replayed = [one for one in callbacks if not isinstance(one, keras.callbacks.TerminateOnNaN)]
        self._list = keras.callbacks.CallbackList(
            [*replayed, log],
            model=self.model,
            epochs=0,
            steps=graph.steps,
            validation_steps=graph.test_steps,
            verbose=0,
        )

    def run(self) -> None:
        """Train until the log's epochs are done or something stops it."""
        self._list.set_params({**self._list.params, "epochs": self.log.epochs})
        self.model.stop_training = False
        self.log.bundled = True
        self._list.on_train_begin()
        if not self.log.over:
            self._run(self.log.initial_epoch)
        # As `fit` does: an optimizer that averages weights puts the average in place.
        self.model.optimizer.finalize_variable_values(self.model.trainable_variables)
        self._list.on_train_end()

    # --- the loop --------------------------------------------------------------------------

    def _run(self, epoch: int) -> None:
        first, seconds = self._start(epoch)
        if seconds > LONG_EPOCH:
            # A program of XLA is compiled already, and validates at the end of an epoch.
            self.graph.inside = isinstance(self._advance, XlaAdvance)
            while epoch < self.log.epochs and not self.model.stop_training:
                self._long_epoch(epoch, first)
                epoch, first = epoch + 1, 0
            return
        size, measured = 1, False
        while epoch < self.log.epochs and not self.model.stop_training:
            count = 1 if self._one_by_one else min(size, self.log.most_epochs(epoch))
            began = time.perf_counter()
            done = self._bundle(epoch, count, first)
            seconds = max(time.perf_counter() - began, 1e-6) / count
            # The first call compiles and measures nothing; a first measurement can be far off.
            size = max(1, min(int(BUNDLE / seconds), 8 * size, self._capacity)) if measured else 2
            epoch, first, measured = epoch + done, 0, True

    def _start(self, epoch: int) -> tuple[int, float]:
        """Train the first batches one by one, of those that are not trained yet.

        Returns:
            How many batches of the epoch are done, and the estimated seconds of an epoch.
        """
        rows = self._order(epoch)
        first = self.log.initial_step
        stop = min(first + FIRST_STEPS, self.graph.steps)
        self._begin(epoch)
        seconds, running = 0.0, [0.0]
        for step in range(first, stop):
            began = time.perf_counter()
            running = self.graph.first_step(rows, step)
            seconds = time.perf_counter() - began
            self.log.on_train_batch_end(step, self._logs(running))
            if self.model.stop_training:
                return first, 0.0
        # A run that goes on stays with its program: only the same one gives the same bits.
        begun = self.log.path
        pays = begun == "fast+xla" if begun else self._xla_pays(self.log.epochs)
        xla = pays and self._agrees(rows, first, stop, running)
        self.log.path = "fast+xla" if xla else "fast"
        if xla:
            probe = min(PROBE_STEPS, self.graph.steps)
            began = time.perf_counter()
            self._advance(rows[None], 1, 0, probe)
            seconds = (time.perf_counter() - began) / probe
            self._rewind(rows[None], 0)
            return first, seconds * (self.graph.steps + self.graph.test_steps / 3)
        # One step alone was also the first, which compiles.
        pace = seconds if stop - first > 1 else 0.0
        return stop, pace * (self.graph.steps + self.graph.test_steps / 3)

    def _bundle(self, epoch: int, count: int, first: int) -> int:
        """Train `count` epochs in one call, then replay the callbacks on their figures.

        Returns:
            After how many epochs the training stands; fewer where a callback changed something.
        """
        if count == 1:
            self._begin(epoch)
        orders = np.stack([self._order(epoch + i) for i in range(count)])
        table, whole = self._advance(orders, count, first)
        good = count if whole else self._whole_epochs(orders, count)
        broken = np.flatnonzero(~np.isfinite(table[:, self._loss]))
        good = min([good, *broken[:1]])
        with self._weights_kept_back() as kept:
            done = self._replay(epoch, table[:good])
        rate = self.log.rate() if self._may_change_rate else 0.0
        if done < count:
            self._rewind(orders, done)
            if self._may_change_rate and done and self.log.rate() != rate:
                self.model.optimizer.learning_rate = rate
        for stopper, best in kept:
            if epoch <= best < epoch + done:
                stopper.best_weights = self._weights_after(orders, best - epoch + 1, done)
        if done:
            self.log.between_epochs(epoch + done)
        if done == good < count and not self.model.stop_training:
            begin = first if good == 0 else 0
            self.log.broke(epoch + good + 1, self._broken_batch(orders[good], begin))
        return done

    def _replay(self, epoch: int, table: np.ndarray[Any, Any]) -> int:
        """Call the callbacks for each epoch; returns after how many something changed."""
        names = self.graph.columns
        before = self.log.rate() if self._may_change_rate else 0.0
        for number, row in enumerate(table.tolist()):
            self._begin(epoch + number)
            logs = dict(zip(names, row, strict=True))
            self.log.bundle_rate = logs.pop("learning_rate")
            self._list.on_epoch_end(epoch + number, logs)
            changed = self._may_change_rate and self.log.rate() != before
            if self.model.stop_training or changed:
                return number + 1
        return len(table)

    def _long_epoch(self, epoch: int, first: int) -> None:
        """Train one epoch in runs of batches, then validate in runs of batches."""
        self._begin(epoch)
        orders = self._order(epoch)[None]
        steps, step = self.graph.steps, first
        running: list[float] = []
        whole = True
        while step < steps or not running:
            stop = min(step + self._run_length, steps)
            began = time.perf_counter()
            table, whole = self._advance(orders, 1, step, stop)
            self._pace(stop - step, time.perf_counter() - began)
            running = table[0].tolist()
            self.log.on_train_batch_end(stop - 1, self._logs(running))
            if self.model.stop_training:
                return
            step = stop
        if not whole:
            self.log.broke(epoch + 1)
            return
        figures = dict(zip(self.graph.columns, running, strict=True))
        self.log.bundle_rate = figures.pop("learning_rate")
        logs = figures if self.graph.inside else self._logs(running)
        done, length = 0, 1
        while done < self.graph.test_steps and not self.graph.inside:
            stop = min(done + length, self.graph.test_steps)
            began = time.perf_counter()
            values = self.graph.validate(done, stop)
            length = _length(stop - done, time.perf_counter() - began)
            self.log.validating(stop, self.graph.test_steps)
            if self.model.stop_training:
                return
            done = stop
            if done == self.graph.test_steps:
                logs |= {f"val_{name}": v for name, v in self._logs(values).items()}
        self._list.on_epoch_end(epoch, logs)
        self.log.between_epochs(epoch + 1)

    # --- parts -----------------------------------------------------------------------------

    def _order(self, epoch: int) -> np.ndarray[Any, Any]:
        return order(self._seed, epoch, self.graph.rows, shuffle=self._shuffle)

    def _begin(self, epoch: int) -> None:
        """Call the callbacks' start of an epoch, once."""
        if self._begun != epoch:
            self._begun = epoch
            self._list.on_epoch_begin(epoch)

    def _logs(self, running: Sequence[float]) -> dict[str, float]:
        return dict(zip(self.graph.names, running, strict=False))

    def _pace(self, steps: int, seconds: float) -> None:
        self._run_length = _length(steps, seconds)

    def _rewind(self, orders: np.ndarray[Any, Any], epochs: int) -> None:
        """Put back the state before the bundle and train its first epochs again."""
        assert self.log.good is not None
        restore(self.model, self.log.good)
        if epochs:
            self._advance(orders, epochs, self.log.good.step)

    def _weights_after(self, orders: np.ndarray[Any, Any], epochs: int, now: int) -> list[Any]:
        """Return the weights after some epochs of a bundle that stands after `now` epochs."""
        if epochs == now:
            return list(self.model.get_weights())
        wanted = variables(self.model)
        present = values_of(wanted)
        self._rewind(orders, epochs)
        weights = list(self.model.get_weights())
        for variable, value in zip(wanted, present, strict=True):
            variable.assign(value)
        return weights

    @contextlib.contextmanager
    def _weights_kept_back(self) -> Iterator[list[tuple[Any, int]]]:
        """Let early stopping be replayed without copying weights of every better epoch.

        Yields:
            A list that holds, afterwards, each callback that wants new best weights, with the
            number of their epoch (from 0).
        """
        kept: list[tuple[Any, int]] = []
        before = [(one.best, one.best_epoch) for one in self._stoppers]
        first = self.log.good.epoch if self.log.good else 0
        for stopper in self._stoppers:
            stopper.restore_best_weights = False
        try:
            yield kept
        finally:
            for stopper, was in zip(self._stoppers, before, strict=True):
                stopper.restore_best_weights = True
                if (stopper.best, stopper.best_epoch) != was:
                    kept.append((stopper, stopper.best_epoch))
                elif stopper.best_weights is None:
                    # As Keras does: before any improvement the first weights seen are the best.
                    stopper.best_epoch = max(first, stopper.start_from_epoch)
                    kept.append((stopper, stopper.best_epoch))

    def _whole_epochs(self, orders: np.ndarray[Any, Any], count: int) -> int:
        """Return after how many epochs of a bundle all weights are still finite."""
        self._rewind(orders, 0)
        for done in range(count):
            first = self.log.good.step if self.log.good and not done else 0
            if not self._advance(orders[done : done + 1], 1, first)[1]:
                return done
        return count

    def _broken_batch(self, rows: np.ndarray[Any, Any], first: int) -> int | None:
        """Return the batch (from 1) at which the loss of an epoch stops being finite."""
        for step in range(first, self.graph.steps):
            table, _ = self._advance(rows[None], 1, step, step + 1)
            if not np.isfinite(table[0, self._loss]):
                return step + 1
        return None

    # --- XLA -------------------------------------------------------------------------------

    @property
    def _capacity(self) -> int:
        return self._advance.capacity if isinstance(self._advance, XlaAdvance) else 1 << 16

    def _xla_pays(self, epochs: int) -> bool:
        """Decide by sizes alone, never by a clock, so that equal runs decide equally."""
        if self._xla is not None:
            return self._xla
        graph = self.graph
        if self._may_stop:
            epochs //= STOPPED_AFTER
        return (
            not self._one_by_one
            and epochs * (graph.steps + graph.test_steps + EPOCH_STEPS) >= XLA_STEPS
            and graph.batch_size * self.model.count_params() <= XLA_WORK
            and all(type(layer).__name__ in XLA_LAYERS for layer in _layers(self.model))
        )

    def _agrees(
        self, rows: np.ndarray[Any, Any], first: int, stop: int, running: Sequence[float]
    ) -> bool:
        """Compile with XLA, and take it if the first batches come out as they did before."""
        capacity = max(1, min((1 << 18) // self.graph.rows, 4096, self.log.epochs))
        xla = XlaAdvance(self.graph, capacity)
        self.log.stage("compile", "Compiling the training")
        self._rewind(rows[None], 0)
        try:
            table, _ = xla(rows[None], 1, first, stop)
            fits = self.log.path == "fast+xla" or np.allclose(
                table[0, : len(running)], running, rtol=1e-4, atol=1e-6
            )
            reason = "its first figures differ"
        except Exception as error:  # whatever XLA can't compile runs without it
            fits, reason = False, f"it can't compile this model ({type(error).__name__})"
        self._rewind(rows[None], 0)
        if fits:
            self._advance = xla
            self.compiled = "XLA"
            return True
        self.compiled += f"; not XLA, since {reason}"
        for step in range(first, stop):
            self.graph.first_step(rows, step)
        return False


def _length(steps: int, seconds: float) -> int:
    """Return how many batches the next call should hold, after one of known duration."""
    return max(1, min(int(BUNDLE * steps / max(seconds, 1e-6)), 8 * steps))


def _layers(model: keras.Model) -> Iterator[keras.layers.Layer]:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _layers(layer)
        else:
            yield layer
