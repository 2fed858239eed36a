"""Undo and redo of the current experiment."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.tui.edits import Edits

IRIS = shipped.experiment("a06-iris")


def with_epochs(epochs: int) -> Experiment:
    return IRIS.changed({"fit.epochs": epochs})


def test_a_change_can_be_taken_back_and_done_again() -> None:
    edits = Edits(IRIS)
    edits.change(with_epochs(7), "epochs")
    assert edits.changed
    assert edits.undo() == "epochs"
    assert edits.current == IRIS
    assert not edits.changed
    assert edits.redo() == "epochs"
    assert edits.current == with_epochs(7)
    assert edits.redo() == ""


def test_what_changes_nothing_is_no_change() -> None:
    edits = Edits(IRIS)
    edits.change(IRIS.changed({}), "nothing")
    assert edits.undoable == ""


def test_saving_ends_the_mark_and_undoing_past_it_brings_it_back() -> None:
    edits = Edits(IRIS)
    edits.change(with_epochs(7), "epochs")
    edits.mark_saved(edits.current, None)
    assert not edits.changed
    edits.undo()
    assert edits.changed


@given(st.lists(st.sampled_from(["undo", "redo", 3, 4, 5]), max_size=30))
def test_undo_and_redo_agree_with_a_plain_list(steps: list[int | str]) -> None:
    edits, now = Edits(IRIS), IRIS.fit.epochs
    past: list[int] = []
    future: list[int] = []
    for step in steps:
        if step == "undo":
            edits.undo()
            if past:
                future.append(now)
                now = past.pop()
        elif step == "redo":
            edits.redo()
            if future:
                past.append(now)
                now = future.pop()
        elif step != now:
            edits.change(with_epochs(int(step)), "epochs")
            past.append(now)
            future.clear()
            now = int(step)
        assert edits.current is not None
        assert edits.current.fit.epochs == now
