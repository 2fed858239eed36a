"""The adviser: made curves with a known fault, figures beside each sentence, cures that fit."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.models import shipped
from kerastui.models.adviser import Advice, advise, describe
from kerastui.models.adviser.curves import curve
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.history import History


def history(**series: Iterable[float]) -> History:
    made = History()
    made.apply({"event": "epochs", "first": 1, "logs": {k: list(v) for k, v in series.items()}})
    made.apply({"event": "finished"})
    return made


def experiment(task: str = "regression", loss: str = "mse", **changes: Any) -> Experiment:
    made = Experiment.model_validate(
        {
            "data": {
                "dataset": "x",
                "task": task,
                "split": {"validation": {"kind": "last", "fraction": 0.3}},
            },
            "model": {"layers": [
                {"type": "Dense", "units": 50, "activation": "relu"},
                {"type": "Dense", "units": 1},
            ]},
            "compile": {"optimizer": "sgd", "loss": loss},
            "fit": {"epochs": 100},
        }
    )  # fmt: skip
    return made.changed(changes) if changes else made


BINARY = experiment("binary", "binary_crossentropy")


def made(shape: Callable[[int], float], count: int = 100, noise: float = 0.0) -> list[float]:
    dice = random.Random(1)
    return [shape(epoch) + dice.gauss(0, noise) for epoch in range(1, count + 1)]


def falling(epoch: int, speed: float = 0.1, floor: float = 0.3) -> float:
    return floor + math.exp(-speed * epoch)


def kinds(found: list[Advice]) -> list[str]:
    return [advice.kind for advice in found]


def only(found: list[Advice], kind: str) -> Advice:
    return next(advice for advice in found if advice.kind == kind)


def test_a_loss_at_chance_is_not_learnt() -> None:
    flat = made(lambda e: 0.6931, noise=0.001)
    found = advise(history(loss=flat, val_loss=flat), BINARY)
    assert kinds(found) == ["not_learning"]
    assert "blind guessing among equal classes has a loss of 0.6931" in found[0].evidence
    assert found[0].techniques[0].name == "Scaled inputs"


def test_a_loss_that_jumps_about_gets_smaller_steps_first() -> None:
    wild = made(lambda e: 0.74, noise=0.03)
    names = [t.name for t in advise(history(loss=wild), BINARY)[0].techniques]
    assert names.index("A lower learning rate: 0.001") < names.index("A higher learning rate: 0.1")


def test_a_flat_loss_that_was_learnt_before_has_converged() -> None:
    flat = made(lambda e: 0.05, noise=0.001)
    assert kinds(advise(history(loss=flat, val_loss=flat), BINARY)) == ["converged"]


def test_falling_to_chance_is_no_learning_either() -> None:
    loss = made(lambda e: 0.6931 + 2 * math.exp(-e), noise=0.001)
    assert "not_learning" in kinds(advise(history(loss=loss, val_loss=loss), BINARY))


def test_overfitting_is_dated_and_its_cures_are_those_of_the_lessons() -> None:
    loss = made(lambda e: falling(e, floor=0.0), noise=0.003)
    val = made(lambda e: falling(e) + 0.01 * max(0, e - 30), noise=0.01)
    found = advise(history(loss=loss, val_loss=val), BINARY)
    assert kinds(found) == ["overfitting"]
    epoch = int(found[0].sentence.split("epoch ")[1].split(":")[0])
    assert 24 <= epoch <= 36
    assert [t.name.split(" (")[0] for t in found[0].techniques] == [
        "Early stopping", "Weight decay", "Noise between the layers", "Dropout", "Narrower layers",
    ]  # fmt: skip


def test_a_restored_run_says_so() -> None:
    stop = {"type": "EarlyStopping", "restore_best_weights": True}
    val = made(lambda e: falling(e) + 0.01 * max(0, e - 30), noise=0.01)
    loss = made(lambda e: falling(e, floor=0.0))
    found = advise(history(loss=loss, val_loss=val), experiment(**{"callbacks.0": stop}))
    assert "went back to the best weights" in found[0].sentence
    assert "Early stopping" not in [technique.name for technique in found[0].techniques]


def test_a_gap_without_a_rise() -> None:
    loss = made(lambda e: falling(e, floor=0.1), noise=0.003)
    val = made(lambda e: falling(e, floor=0.4), noise=0.003)
    assert kinds(advise(history(loss=loss, val_loss=val), BINARY)) == ["gap"]
    same = made(lambda e: 0.95 - 0.4 * math.exp(-0.1 * e))
    both = history(loss=loss, val_loss=val, accuracy=same, val_accuracy=same)
    assert kinds(advise(both, BINARY)) == ["converged"]


def test_noise_against_gain_is_unstable() -> None:
    loss = made(falling, noise=0.15)
    found = advise(history(loss=loss, val_loss=loss), experiment())
    assert found[0].kind == "unstable"
    assert found[0].techniques[0].changes == {"compile.optimizer.learning_rate": 0.001}
    calm = made(falling, noise=0.02)
    assert "unstable" not in kinds(advise(history(loss=calm, val_loss=calm), experiment()))


def test_a_shaky_validation_loss_alone_is_unstable() -> None:
    run = history(loss=made(falling, noise=0.01), val_loss=made(falling, noise=0.1))
    found = only(advise(run, experiment()), "unstable")
    assert [line.split()[0] for line in found.evidence] == ["val_loss"]


def test_single_spikes_are_seen_and_one_is_forgiven() -> None:
    loss = made(falling, noise=0.005)
    loss[80] = 3.0
    assert "unstable" not in kinds(advise(history(loss=loss, val_loss=loss), experiment()))
    loss[90] = 2.0
    found = only(advise(history(loss=loss, val_loss=loss), experiment()), "unstable")
    assert "2 epochs lost half of the gain, the last one epoch 91" in found.evidence


def test_a_training_loss_that_rises_has_too_large_steps() -> None:
    loss = made(lambda e: falling(e) + 0.02 * max(0, e - 50), noise=0.005)
    assert kinds(advise(history(loss=loss, val_loss=loss), experiment()))[0] == "rising"


def test_still_improving_asks_for_epochs() -> None:
    loss = made(lambda e: falling(e, speed=0.02), noise=0.003)
    found = advise(history(loss=loss, val_loss=loss), experiment())
    assert kinds(found) == ["improving"]
    assert found[0].techniques[0].changes == {"fit.epochs": 200}


def test_stopped_too_early_asks_for_patience() -> None:
    loss = made(lambda e: falling(e, speed=0.02), noise=0.003)
    run = history(loss=loss, val_loss=loss)
    run.apply({"event": "note", "kind": "early_stopping", "epoch": 100, "text": "Stopped."})
    found = advise(run, experiment(**{"callbacks.0": "EarlyStopping"}))
    assert found[0].techniques[0].changes == {"callbacks.0.patience": 10}


def test_a_calm_run_has_converged() -> None:
    loss = made(falling, noise=0.005)
    found = advise(history(loss=loss, val_loss=loss), experiment())
    assert kinds(found) == ["converged"]
    assert found[0].area == "fine"


def test_without_validation_nothing_is_known_of_others() -> None:
    plain = experiment(**{"data.split.validation": {"kind": "none"}})
    found = advise(history(loss=made(falling)), plain)
    assert kinds(found) == ["no_validation", "converged"]
    assert plain.changed(found[0].techniques[0].changes).data.split.validation.fraction == 0.2


def test_stuck_at_a_poor_level() -> None:
    loss = made(lambda e: falling(e, floor=0.55), noise=0.002)
    accuracy = made(lambda e: 0.66 - 0.3 * math.exp(-0.1 * e))
    three = experiment(
        "multiclass", "sparse_categorical_crossentropy", **{"model.layers.1.units": 3}
    )
    run = history(loss=loss, val_loss=loss, accuracy=accuracy, val_accuracy=accuracy)
    assert kinds(advise(run, three)) == ["stuck"]


def test_better_on_validation_is_explained_by_dropout() -> None:
    run = history(
        loss=made(lambda e: falling(e, floor=0.5), noise=0.003),
        val_loss=made(lambda e: falling(e, floor=0.3), noise=0.003),
    )
    assert "easier" in only(advise(run, experiment()), "validation_better").sentence
    dropping = experiment(**{"model.layers": [
        {"type": "Dense", "units": 5},
        {"type": "Dropout", "rate": 0.5},
        {"type": "Dense", "units": 1},
    ]})  # fmt: skip
    found = only(advise(run, dropping), "validation_better")
    assert "dropout" in found.sentence
    assert found.techniques[0].changes == {"model.layers.1.rate": 0.25}


def test_nan_is_dated() -> None:
    found = advise(history(loss=[1.0, 0.9, math.nan, math.nan]), experiment())
    assert found[0].kind == "not_finite"
    assert found[0].sentence == "The loss stopped being a number in epoch 3."
    at_once = advise(history(loss=[math.inf]), experiment())[0]
    assert "look at the data too" in at_once.sentence


@pytest.mark.parametrize("count", range(5))
def test_few_epochs_say_nothing(count: int) -> None:
    found = advise(history(loss=made(falling, count)), experiment())
    assert kinds(found) == ["too_short"]
    assert found[0].techniques[0].changes == {"fit.epochs": 1000}


def runs(*ends: float) -> list[History]:
    return [
        history(loss=made(falling), val_loss=made(lambda e, end=end: falling(e, floor=end)))  # type: ignore[misc]
        for end in ends
    ]


def test_repeats_that_differ_are_luck() -> None:
    first, *others = runs(0.3, 0.5, 0.31, 0.45)
    found = only(advise(first, experiment(), others), "variance")
    assert found.area == "prediction"
    assert found.techniques[0].changes == {"study.repeats": 10}
    assert found.evidence[0].startswith("val_loss of 4 runs: 0.3901 ± 0.1003, 0.3001 to 0.5001")


def test_repeats_that_agree_are_steady_and_two_say_nothing() -> None:
    first, *others = runs(0.3, 0.301, 0.302)
    assert "steady" in kinds(advise(first, experiment(), others))
    assert kinds(advise(first, experiment(), others[:1])) == kinds(advise(first, experiment()))


def test_repeats_that_never_learnt_are_counted() -> None:
    flat = made(lambda e: 0.693, noise=0.001)
    others = [*runs(0.3), history(loss=flat, val_loss=flat)]
    found = only(advise(runs(0.3)[0], BINARY, others), "variance")
    assert "1 of 3 runs did not learn at all" in found.evidence


def test_areas_come_in_order() -> None:
    loss = made(lambda e: falling(e, floor=0.0), noise=0.15)
    val = made(lambda e: falling(e) + 0.05 * max(0, e - 30), noise=0.01)
    others = runs(0.3, 0.9)
    areas = [a.area for a in advise(history(loss=loss, val_loss=val), experiment(), others)]
    assert areas == ["learning", "generalization", "prediction"]


# --- what holds for all curves -------------------------------------------------------------

ANY = st.lists(st.floats(width=64), max_size=60)
PLAIN = st.lists(st.floats(0.001, 1000), min_size=5, max_size=60)


@given(ANY, ANY, ANY, st.lists(ANY, max_size=3))
def test_nothing_crashes_it(
    loss: list[float], val: list[float], accuracy: list[float], others: list[list[float]]
) -> None:
    run = history(loss=loss, val_loss=val, accuracy=accuracy)
    found = advise(run, BINARY, [history(loss=other, val_loss=other) for other in others])
    assert found
    for advice in found:
        assert advice.sentence.endswith(".")
        assert advice.evidence
        for technique in advice.techniques:
            assert BINARY.changed(technique.changes) != BINARY
    assert describe(run)


@given(PLAIN, PLAIN, st.sampled_from([2.0**-8, 0.5, 4.0, 2.0**20]))
def test_the_unit_of_the_loss_does_not_matter(
    loss: list[float], val: list[float], unit: float
) -> None:
    scaled = history(loss=[unit * v for v in loss], val_loss=[unit * v for v in val])
    same = advise(history(loss=loss, val_loss=val), experiment())
    assert kinds(advise(scaled, experiment())) == kinds(same)


@given(st.lists(PLAIN, min_size=2, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_repeats_and_series_does_not_matter(
    losses: list[list[float]], dice: random.Random
) -> None:
    first = history(loss=made(falling), val_loss=made(falling))
    turned = history(val_loss=made(falling), loss=made(falling))
    others = [history(loss=loss, val_loss=loss) for loss in losses]
    shuffled = dice.sample(others, len(others))
    assert advise(first, experiment(), others) == advise(turned, experiment(), shuffled)


@given(PLAIN)
def test_smoothing_stays_between_the_values(values: list[float]) -> None:
    found = curve(history(loss=values), "loss")
    assert found is not None
    assert found.noise >= 0
    for epoch, value in found.smooth:
        assert min(values) <= value <= max(values)
        assert 1 <= epoch <= len(values)
    epochs = [epoch for epoch, _ in found.smooth]
    assert epochs == sorted(set(epochs))


def test_long_curves_are_cut_into_stretches() -> None:
    found = curve(history(loss=made(lambda e: abs(e - 30_000), 60_000)), "loss")
    assert found is not None
    assert len(found.smooth) == 200
    assert abs(found.best[0] - 30_000) <= 300


GRAPH = {
    "data": {"dataset": "x", "task": "regression"},
    "model": {
        "kind": "graph",
        "inputs": [{"name": "a"}],
        "nodes": [
            {"name": "h", "type": "Dense", "units": 8, "activation": "relu", "from": ["a"]},
            {"name": "h2", "type": "Dense", "from": ["h"], "shares": "h"},
            {"name": "sum", "type": "Add", "from": ["h", "h2"]},
            {"name": "out", "type": "Dense", "units": 1, "from": ["sum"]},
        ],
        "outputs": ["out"],
    },
}


def faulty() -> list[History]:
    """Runs that between them call for every technique."""
    down, flat = made(lambda e: falling(e, floor=0.0), noise=0.003), made(lambda e: 0.7)
    late = made(lambda e: falling(e, speed=0.02), noise=0.003)
    worse = made(lambda e: falling(e) + 0.05 * max(0, e - 30), noise=0.01)
    poor = made(lambda e: 0.6 - 0.3 * math.exp(-0.1 * e))
    return [
        history(loss=flat), history(loss=late, val_loss=late), history(loss=down, val_loss=worse),
        history(loss=worse, val_loss=worse), history(loss=[math.nan]), history(loss=[1.0]),
        history(loss=made(falling, noise=0.2)), history(loss=worse, val_loss=down),
        history(loss=made(falling), val_loss=made(falling), accuracy=poor),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "subject",
    [*(pytest.param(shipped.experiment(e.name), id=e.name) for e in shipped.index()),
     pytest.param(Experiment.model_validate(GRAPH), id="graph")],
)  # fmt: skip
def test_every_technique_fits_every_experiment(subject: Experiment) -> None:
    for run in faulty():
        for advice in advise(run, subject, runs(0.3, 0.9)):
            for technique in advice.techniques:
                assert subject.changed(technique.changes) != subject, technique.name


def test_a_layer_put_into_a_graph_feeds_what_its_source_fed() -> None:
    subject = Experiment.model_validate(GRAPH)
    found = only(advise(faulty()[3], subject, runs(0.3, 0.9)), "variance")
    change = next(t for t in found.techniques if t.name == "Batch normalization")
    model = subject.changed(change.changes).model
    assert model.kind == "graph"
    assert {node.name: node.inputs for node in model.nodes} == {
        "h": ["a"], "h_batchnormalization": ["h"], "h2": ["h_batchnormalization"],
        "sum": ["h_batchnormalization", "h2"], "out": ["sum"],
    }  # fmt: skip


# --- in words ------------------------------------------------------------------------------


def test_the_curve_in_words() -> None:
    run = history(
        loss=made(lambda e: max(0.41, 2.5 - 0.06 * e), 40),
        val_loss=made(lambda e: 1 + abs(e - 31) / 10, 40),
        learning_rate=[0.01] * 20 + [0.001] * 20,
    )
    assert describe(run) == (
        "Finished after 40 epochs: loss fell from 2.44 to 0.41, best 0.41 at epoch 35, flat for "
        "the last 6 epochs; val_loss fell from 4 to 1.9, best 1 at epoch 31, rising since about "
        "31; learning_rate went from 0.01 to 0.001."
    )


def test_words_before_and_at_the_beginning() -> None:
    assert describe(History()) == "No epoch has ended yet."
    run = History()
    run.apply({"event": "started", "epochs": 10})
    run.apply({"event": "epochs", "first": 1, "logs": {"loss": [2.0]}})
    assert describe(run) == "Running after 1 epoch of 10: loss is 2."


def test_words_for_what_is_no_number() -> None:
    assert "loss fell from 2 to 1, no number since epoch 3" in describe(
        history(loss=[2.0, 1.0, math.nan, math.nan])
    )
    assert "loss was never a number" in describe(history(loss=[math.nan]))


def test_words_for_what_happened() -> None:
    run = history(loss=[2.0, 1.0])
    run.apply({"event": "note", "kind": "early_stopping", "epoch": 2, "text": "stopped early"})
    assert describe(run).endswith("Epoch 2: stopped early.")
