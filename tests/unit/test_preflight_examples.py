"""No shipped example raises an alarm, on its real data."""

from __future__ import annotations

from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.datasets.prepare import prepare
from kerastui.models.preflight import checks as preflight
from kerastui.models.shipped import experiment as shipped_experiment
from kerastui.models.shipped import index


def shipped() -> list[Any]:
    """The examples; IMDB takes seconds to prepare, so one of those is enough in the fast tests."""
    large = [entry.name for entry in index() if entry.dataset == "imdb"][1:]
    return [
        pytest.param(entry.name, marks=[pytest.mark.slow] if entry.name in large else [])
        for entry in index()
    ]


@pytest.mark.parametrize("name", shipped())
def test_no_shipped_example_raises_an_alarm(name: str) -> None:
    one = shipped_experiment(name)
    try:
        prepared = prepare(one.data, seed=one.seed)
    except UserError as error:
        pytest.skip(str(error))
    rows = len(prepared.validation.x) if prepared.validation else 0
    facts = preflight.facts(prepared.train.x, prepared.train.y, one.data.task, rows)
    assert preflight.check(one, facts) == []
