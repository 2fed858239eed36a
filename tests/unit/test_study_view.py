"""What a study's view says: rows, time left, groups."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.models.runs.history import History
from kerastui.models.runs.store import RunInfo
from kerastui.models.studies import view as study_view
from kerastui.models.studies.members import Result
from kerastui.models.studies.store import MemberInfo, StudyInfo
from kerastui.models.studies.view import Row


def history(*losses: float, epochs: int = 10) -> History:
    found = History()
    found.apply({"event": "started", "epochs": epochs, "initial_epoch": 0, "steps": 1})
    for number, loss in enumerate(losses, start=1):
        logs = {"val_loss": [loss]}
        found.apply({"event": "epochs", "first": number, "logs": logs, "seconds": 1.0})
    return found


def test_a_row_of_a_running_member() -> None:
    info = RunInfo("r", "a", status="running", created=90.0, started=100.0, epochs=10)
    member = MemberInfo("without", 1, "r", "running")
    row = study_view.row(member, info, history(3.0, 1.0, 2.0), 104.0)
    assert (row.state, row.epoch, row.epochs, row.metric) == ("running", 3, 10, "val_loss")
    assert (row.last, row.best, row.best_epoch, row.seconds) == (2.0, 1.0, 2, 4.0)
    assert row.left == 7.0
    assert row.share == pytest.approx(0.3)


def test_a_row_of_a_member_that_waits() -> None:
    row = study_view.row(MemberInfo("without", 3), None, None, 0.0)
    assert (row.variant, row.seed, row.state, row.share) == ("without", 3, "waiting", 0.0)
    assert math.isnan(row.last)


def one(state: str, seconds: float = 0.0, left: float | None = None, epoch: int = 0) -> Row:
    return Row("v", 1, str(id(state)), state, epoch, 10, seconds=seconds, left=left)


def test_the_time_left_counts_the_slots() -> None:
    ended = one("finished", 10.0, epoch=10)
    rows = [ended, one("running", 4.0, 6.0, 4), one("waiting"), one("waiting"), one("waiting")]
    assert study_view.seconds_left(rows, 1) == 36.0
    assert study_view.seconds_left(rows, 2) == 20.0
    assert study_view.seconds_left(rows, 8) == 10.0
    assert study_view.seconds_left([one("waiting")], 2) is None
    assert study_view.seconds_left([ended], 2) == 0.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=30), st.integers(1, 16))
def test_the_time_left_lies_between_the_best_and_the_worst_order(
    loads: list[float], slots: int
) -> None:
    left = study_view.seconds_left([one("running", 0.0, load, 1) for load in loads], slots)
    assert left is not None
    assert max(max(loads), sum(loads) / slots) <= left * (1 + 1e-9) + 1e-9
    assert left <= sum(loads) * (1 + 1e-9)


def test_the_overview_counts_what_is_over() -> None:
    rows = [one("finished"), one("skipped"), one("failed"), one("running", 5.0, 5.0, 5)]
    view = study_view.overview(StudyInfo("s", "a", status="running", slots=1), rows)
    assert (view.done, view.left) == (3, 5.0)
    assert view.share == pytest.approx(0.875)


def test_groups_have_mean_deviation_and_range() -> None:
    results = [Result("a", 1, {"x": 1.0}), Result("a", 2, {"x": 3.0}), Result("b", 1, {"x": 5.0})]
    first, second = study_view.groups(results, "x")
    assert (first.runs, first.mean, first.low, first.high) == (2, 2.0, 1.0, 3.0)
    assert first.deviation == pytest.approx(math.sqrt(2))
    assert (second.runs, second.mean, second.deviation) == (1, 5.0, 0.0)
