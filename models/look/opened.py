"""The model that is being looked into, loaded once, with the data it was trained on beside it.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse

if TYPE_CHECKING:
    import keras

    from kerastui.datasets.load import Source
    from kerastui.datasets.loaded import Loaded
    from kerastui.datasets.prepared import Prepared


@dataclass
class Opened:
    """A loaded model.

    Attributes:
        path: Its file.
        model: Compiled as its experiment says, where there is one.
        experiment: The experiment that it is of; None for a model that was merely opened.
        notes: What was repaired to load it, and what else is worth knowing, in words.
    """

    path: Path
    model: keras.Model
    experiment: Experiment | None
    notes: list[str]
    _loaded: tuple[Loaded, Source] | None = None
    _prepared: Prepared | None = None

    @property
    def loaded(self) -> Loaded:
        """The experiment's raw data, kept from the first use on.

        Whoever needs both asks for this first: `prepared` then loads nothing a second time.

        Raises:
            UserError: As for `prepared`.
        """
        experiment = self._with_data()
        if self._loaded is None:
            from kerastui.datasets.load import load

            self._loaded = load(experiment.data, seed=experiment.seed)
        return self._loaded[0]

    @property
    def prepared(self) -> Prepared:
        """The experiment's data, prepared at the first use.

        Raises:
            UserError: There is no experiment, or its data is not to be had.
        """
        experiment = self._with_data()
        if self._prepared is None:
            from kerastui.datasets.load import load
            from kerastui.datasets.prepare import prepare

            def read(*given: Any, **options: Any) -> tuple[Loaded, Source]:
                return self._loaded or load(*given, **options)

            self._prepared = prepare(experiment.data, seed=experiment.seed, read=read)
        return self._prepared

    def _with_data(self) -> Experiment:
        if self.experiment is None:
            raise UserError(
                "This model was opened without an experiment, so its data is not known.",
                "Open the run it is of, or an experiment whose data fits.",
            )
        return self.experiment


_last: tuple[tuple[Any, ...], Opened] | None = None


def opened(path: str, experiment: dict[str, Any] | None = None) -> Opened:
    """Return a model that is loaded; the last one is kept.

    Args:
        path: The model's file.
        experiment: The experiment that it is of, as plain values.

    Raises:
        UserError: The file is not there, or no model that can be loaded without executing code.
    """
    global _last
    file = Path(path)
    try:
        stat = file.stat()
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror}.") from None
    key = (str(file), stat.st_mtime_ns, stat.st_size, experiment)
    if _last is None or _last[0] != key:
        _last = None
        _last = (key, _load(file, parse(experiment) if experiment else None))
    return _last[1]


def _load(path: Path, experiment: Experiment | None) -> Opened:
    from kerastui.models.network.building import compile_model
    from kerastui.models.saved.load import load

    loaded = load(path)
    if experiment is not None:
        compile_model(loaded.model, experiment.compile)
    return Opened(path, loaded.model, experiment, [*loaded.changes, *loaded.notes])
