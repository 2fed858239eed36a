"""The six sections. Each screen is imported when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from textual.screen import Screen


def _learn() -> Screen[None]:
    from kerastui.tui.screens.learn import LearnScreen

    return LearnScreen()


def _data() -> Screen[None]:
    from kerastui.tui.screens.data.screen import DataScreen

    return DataScreen()


def _model() -> Screen[None]:
    from kerastui.tui.screens.model.screen import ModelScreen

    return ModelScreen()


def _train() -> Screen[None]:
    from kerastui.tui.screens.train.screen import TrainScreen

    return TrainScreen()


def _inspect() -> Screen[None]:
    from kerastui.tui.screens.inspect import InspectScreen

    return InspectScreen()


def _runs() -> Screen[None]:
    from kerastui.tui.screens.runs.screen import RunsScreen

    return RunsScreen()


SECTIONS: Mapping[str, Callable[[], Screen[Any]]] = {
    "learn": _learn,
    "data": _data,
    "model": _model,
    "train": _train,
    "inspect": _inspect,
    "runs": _runs,
}
