"""A run in words, and whether it overfits."""

from __future__ import annotations

from typing import Any

import pytest

from kerastui.models.adviser import overfit
from kerastui.models.experiment.schema import Figure
from kerastui.models.runs import words as run_words
from kerastui.models.runs.figures import judge
from kerastui.models.runs.history import History
from kerastui.models.runs.store import RunInfo


def history(*events: dict[str, Any]) -> History:
    found = History()
    found.apply_all({"v": 1, "t": 10.0 + place, **event} for place, event in enumerate(events))
    return found


STARTED = {"event": "started", "epochs": 150, "steps": 8}


def trained(count: int, first: int = 1) -> dict[str, Any]:
    values = [1 / (first + place) for place in range(count)]
    return {"event": "epochs", "first": first, "seconds": 3.0,
            "logs": {"loss": values, "val_loss": [value + 0.1 for value in values]}}  # fmt: skip


def info(status: str, **fields: Any) -> RunInfo:
    return RunInfo("id", "iris", status=status, epochs=150, **fields)


def test_a_finished_run() -> None:
    past = history(STARTED, trained(150),
                   {"event": "evaluation", "figures": {"test.accuracy": 0.96, "test.loss": 0.1}},
                   {"event": "finished", "epoch": 150})  # fmt: skip
    data = {"parts": {"train": 100, "test": 50}}
    text = run_words.summary(info("finished", parameters=83, data=data), past)
    assert text == (
        "iris trained for 150 epochs on 100 rows in 3.0 s (83 parameters). "
        "Accuracy 0.96 on 50 test rows. Best val_loss 0.1067 at epoch 150."
    )
    headline = run_words.headline(info("finished", data=data), past)
    assert headline == "iris finished: accuracy 0.96 on 50 test rows"


def test_published_figures_are_judged_in_words() -> None:
    past = history(STARTED, trained(150), {"event": "finished", "epoch": 150})
    inside = judge(Figure(figure="a", label="accuracy", value=0.9, band=(0.8, 1.0)), {"a": 0.96})
    outside = judge(Figure(figure="b", label="error", value=0.9, band=(0.8, 1.0)), {"b": 2.0})
    missing = judge(Figure(figure="c", label="sum", value=0.9, band=(0.8, 1.0)), {})
    text = run_words.summary(info("finished"), past, [inside, outside, missing])
    assert (
        "Accuracy 0.96, inside the published band 0.8 – 1; 1 of 2 published figures agree" in text
    )
    assert "Accuracy" not in run_words.summary(info("finished"), past, [inside], beside=True)
    going = history(STARTED, trained(20))
    assert "published" not in run_words.summary(info("running"), going, [outside])


def test_an_early_stop_is_told_once() -> None:
    past = history(
        STARTED, trained(43),
        {"event": "note", "kind": "early_stopping", "epoch": 43, "text": "no progress"},
        {"event": "finished", "epoch": 43},
    )  # fmt: skip
    assert "At epoch 43: no progress." in run_words.summary(info("finished"), past)
    # The result in front of the paragraph says it.
    assert "no progress" not in run_words.summary(info("finished"), past, beside=True)


def test_what_happened_on_the_way() -> None:
    past = history(
        STARTED, trained(40),
        {"event": "note", "kind": "learning_rate", "epoch": 20, "text": "rate set to 0.1."},
        {"event": "note", "kind": "plateau", "epoch": 30, "text": "rate halved"},
        {"event": "note", "kind": "plateau", "epoch": 35, "text": "rate halved"},
        {"event": "note", "kind": "warning", "epoch": 35, "text": "never mind"},
        {"event": "rewound", "epoch": 38, "batch": 0, "text": "going on after epoch 38"},
        {"event": "started", "epochs": 150, "steps": 8, "initial_epoch": 38}, trained(22, 39),
        {"event": "stopped", "epoch": 60, "text": "stopped on request"},
    )  # fmt: skip
    text = run_words.summary(info("stopped"), past, overfits_since=12)
    for sentence in (
        "trained for 60 epochs of 150", "then it was stopped", "At epoch 20: rate set to 0.1.",
        "The rate was reduced once more.", "taken up again after epoch 38.",
        "It overfits since about epoch 12.", "The model is kept.",
    ):  # fmt: skip
        assert sentence in text
    assert "never mind" not in text
    assert text.count("rate halved") == 1


def test_what_a_stopped_run_left() -> None:
    early = history({"event": "stopped", "epoch": 0, "text": "stopped on request"})
    text = run_words.summary(info("stopped"), early)
    assert "Its training had not begun." in text
    killed = {
        "event": "stopped",
        "epoch": 3,
        "text": "killed on request; the last checkpoint remains",
    }
    text = run_words.summary(info("stopped"), history(STARTED, trained(3), killed))
    assert "The last checkpoint remains." in text
    assert "model" not in text


def test_runs_that_went_wrong() -> None:
    ended = {"event": "failed", "epoch": 3, "message": "There was not enough memory."}
    failed = history(STARTED, trained(3), {"event": "checkpoint", "epoch": 2}, ended)
    text = run_words.summary(info("failed"), failed)
    assert "failed after 3 epochs of 150: There was not enough memory." in text
    assert "The checkpoint of epoch 2 remains." in text
    lost = history(STARTED, trained(3))
    assert "lost its worker after 3 epochs" in run_words.summary(info("lost"), lost)
    assert "No checkpoint was written." in run_words.summary(info("lost"), lost)
    assert run_words.headline(info("lost"), lost) == "iris lost its worker"
    nan = history(STARTED, trained(3),
                  {"event": "note", "kind": "nan", "epoch": 4, "text": "the loss became NaN"},
                  {"event": "stopped", "epoch": 3, "text": "the loss became NaN"})  # fmt: skip
    text = run_words.summary(info("stopped"), nan)
    assert "The loss became NaN." in text
    assert "it was stopped" not in text
    assert nan.broke
    # Taken up again and stopped by hand, it is one that was stopped.
    again = {"event": "stopped", "epoch": 5, "text": "stopped on request"}
    nan.apply_all([{"event": "queued"}, again])
    assert not nan.broke
    assert "then it was stopped" in run_words.summary(info("stopped"), nan)


def test_runs_that_go_on() -> None:
    past = history(STARTED, trained(3))
    assert "has trained 3 epochs of 150" in run_words.summary(info("running"), past)
    silent = info("running", silent=14.0, host="gpu7")
    assert "worker on gpu7 has given no sign of life for 14 s" in run_words.summary(silent, past)
    assert run_words.headline(silent, past).startswith("iris gives no sign of life")
    assert run_words.summary(info("queued"), History()).startswith("iris is queued.")


@pytest.mark.parametrize("count", [0, 1, 5, 9])
def test_too_few_epochs_tell_nothing_of_overfitting(count: int) -> None:
    past = history(STARTED, trained(count)) if count else history(STARTED)
    assert overfit.since(past) is None


def curves(val: list[float], loss: list[float] | None = None) -> History:
    loss = loss or [1 / (1 + place / 10) for place in range(len(val))]
    return history(
        STARTED, {"event": "epochs", "first": 1, "logs": {"loss": loss, "val_loss": val}}
    )


def test_overfitting_is_a_lasting_rise_while_the_loss_falls() -> None:
    falls = [1 / (1 + place / 10) + 0.1 for place in range(30)]
    assert overfit.since(curves(falls)) is None
    rises = falls + [falls[-1] + 0.02 * place for place in range(1, 31)]
    since = overfit.since(curves(rises))
    assert since is not None
    assert 25 <= since <= 36
    assert overfit.since(curves([*falls, falls[-1] + 0.1])) is None, "one epoch may be bad luck"
    both = curves(rises, [1 / (1 + p / 10) for p in range(30)] + [0.3 + p / 20 for p in range(30)])
    assert overfit.since(both) is None, "it does not learn its rows either"
