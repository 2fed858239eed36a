"""What judging computes, held against scikit-learn, NumPy and definitions."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from kerastui.models import shipped
from kerastui.models.look import judge_numbers as numbers
from kerastui.models.look import judge_reasons
from kerastui.models.look.judge_kinds import kinds
from kerastui.models.runs.store import RunInfo

ROWS = st.integers(1, 60)


@st.composite
def classes(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, int]:
    """True and predicted classes; some classes may not occur."""
    n, k = draw(ROWS), draw(st.integers(2, 6))
    numbers_ = st.lists(st.integers(0, k - 1), min_size=n, max_size=n)
    return np.array(draw(numbers_)), np.array(draw(numbers_)), k


@st.composite
def ranked(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Answers of both kinds with scores that are often equal."""
    n = draw(st.integers(2, 60))
    positive = draw(st.lists(st.booleans(), min_size=n, max_size=n))
    positive[0], positive[-1] = True, False
    scores = draw(st.lists(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.75, 1.0]) | st.floats(0, 1),
                           min_size=n, max_size=n))  # fmt: skip
    return np.array(positive), np.array(scores)


@given(classes())
def test_matrix_and_figures_by_class_are_those_of_scikit_learn(
    drawn: tuple[np.ndarray, np.ndarray, int],
) -> None:
    truth, told, k = drawn
    matrix = numbers.confusion(truth, told, k)
    assert (matrix == metrics.confusion_matrix(truth, told, labels=range(k))).all()
    floats = matrix.astype(float)
    expected = metrics.precision_recall_fscore_support(
        truth, told, labels=range(k), zero_division=0
    )
    for ours, theirs in zip(numbers.by_class(floats), expected, strict=False):
        assert ours == pytest.approx(theirs)
    assert numbers.accuracy(floats) == pytest.approx(metrics.accuracy_score(truth, told))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert numbers.macro(floats, 2) == pytest.approx(
            metrics.f1_score(truth, told, average="macro", zero_division=0)
        )


@given(ranked())
def test_areas_and_curves_are_those_of_scikit_learn(
    drawn: tuple[np.ndarray, np.ndarray],
) -> None:
    positive, scores = drawn
    found = numbers.Ranked(positive, scores)
    area, average = found.areas()
    assert area == pytest.approx(metrics.roc_auc_score(positive, scores))
    assert average == pytest.approx(metrics.average_precision_score(positive, scores))
    right, wrong = found.counted()
    fallout, recall, thresholds = metrics.roc_curve(positive, scores, drop_intermediate=False)
    assert right / right[-1] == pytest.approx(recall)
    assert wrong / wrong[-1] == pytest.approx(fallout)
    assert found.thresholds == pytest.approx(thresholds[1:])


@given(ranked(), st.floats(0, 1))
def test_a_threshold_counts_what_is_above_it(
    drawn: tuple[np.ndarray, np.ndarray], threshold: float
) -> None:
    positive, scores = drawn
    right, wrong = numbers.Ranked(positive, scores).at(np.array([threshold]))
    assert right[0] == (positive & (scores > threshold)).sum()
    assert wrong[0] == (~positive & (scores > threshold)).sum()


@given(ranked())
@settings(max_examples=20)
def test_intervals_of_areas_hold_their_figures(drawn: tuple[np.ndarray, np.ndarray]) -> None:
    positive, scores = drawn
    found = numbers.Ranked(positive, scores)
    for (low, high), value in zip(found.intervals(50), found.areas(), strict=True):
        assert 0 <= low <= high <= 1 or np.isnan(low)
        assert np.isnan(low) or low - 0.5 <= value <= high + 0.5


def test_weights_are_repeated_rows() -> None:
    rng = np.random.default_rng(3)
    positive, scores = rng.random(40) > 0.4, np.round(rng.random(40), 1)
    found = numbers.Ranked(positive, scores)
    weights = rng.integers(0, 4, 40).astype(float)
    again = np.repeat(np.arange(40), weights.astype(int))
    area, average = found.areas(weights)
    assert area == pytest.approx(metrics.roc_auc_score(found.positive[again], found.scores[again]))
    assert average == pytest.approx(
        metrics.average_precision_score(found.positive[again], found.scores[again])
    )


def test_the_interval_of_a_mean_is_that_of_its_standard_error() -> None:
    values = np.random.default_rng(1).normal(5, 2, 2000)
    low, high = numbers.of_means(values.reshape(-1, 1), lambda means: means[:, 0])
    error = 1.96 * values.std() / np.sqrt(len(values))
    assert low == pytest.approx(values.mean() - error, abs=0.3 * error)
    assert high == pytest.approx(values.mean() + error, abs=0.3 * error)


def test_the_interval_of_an_accuracy_is_that_of_the_binomial() -> None:
    low, high = numbers.of_matrix(np.array([[80, 20], [10, 90]]), numbers.accuracy)
    error = 1.96 * np.sqrt(0.85 * 0.15 / 200)
    assert (low, high) == pytest.approx((0.85 - error, 0.85 + error), abs=0.012)


def test_intervals_are_the_same_each_time() -> None:
    values = np.random.default_rng(1).random((300, 1))
    once, again = (numbers.of_means(values, lambda m: m[:, 0]) for _ in range(2))
    assert once == again


def test_of_nothing_there_is_no_interval() -> None:
    assert np.isnan(numbers.of_means(np.zeros((0, 1)), lambda m: m[:, 0])[0])
    assert np.isnan(numbers.of_matrix(np.zeros((2, 2), np.int64), numbers.accuracy)[0])
    empty = numbers.Ranked(np.array([], bool), np.array([]))
    assert not empty.judgeable
    assert empty.at(np.array([0.5]))[0].tolist() == [0]
    assert not numbers.Ranked(np.array([True, True]), np.array([0.2, 0.4])).judgeable


def test_calibration_by_its_definition() -> None:
    confidence = np.array([0.05, 0.05, 0.95, 1.0])
    right = np.array([False, True, True, True])
    bins, error = numbers.calibration(confidence, right)
    assert [(one["low"], one["rows"]) for one in bins] == [(0.0, 2), (0.9, 2)]
    assert bins[0]["so"] == 0.5
    assert error == pytest.approx((2 * abs(0.05 - 0.5) + 2 * abs(0.975 - 1)) / 4)
    assert numbers.calibration(np.array([]), np.array([], bool)) == ([], 0.0)


@given(st.integers(2, 5000))
@settings(max_examples=20)
def test_thinning_keeps_both_ends(n: int) -> None:
    x = np.linspace(0, 1, n)
    y, more = x**2, x * 3
    thin = numbers.thinned(x, y, more)
    assert len(thin[0]) <= 402
    assert thin[0][0] == 0.0
    assert thin[0][-1] == 1.0
    assert thin[1] == pytest.approx(thin[0] ** 2)
    assert thin[2] == pytest.approx(thin[0] * 3)


# What is predicted, and why figures differ


def test_kinds_follow_task_and_loss() -> None:
    assert kinds(shipped.experiment("a05-ionosphere")) == ["classes"]
    assert kinds(shipped.experiment("d14-boston-final")) == ["numbers"]
    assert kinds(shipped.experiment("a10-car-sales")) == ["numbers"]
    base = shipped.experiment("d14-boston-final").plain()
    base["model"] = {
        "kind": "graph", "inputs": [{"name": "x"}],
        "nodes": [{"name": "price", "type": "Dense", "units": 1, "from": ["x"]},
                  {"name": "sold", "type": "Dense", "units": 1, "from": ["x"]},
                  {"name": "back", "type": "Dense", "units": 13, "from": ["x"]}],
        "outputs": ["price", "sold", "back"], "targets": {"back": ["x"]},
    }  # fmt: skip
    base["compile"] = {"loss": {"price": "mse", "sold": "binary_crossentropy", "back": "mse"}}
    from kerastui.models.experiment.toml import parse

    assert kinds(parse(base)) == ["numbers", "classes", "numbers"]


def test_only_reasons_that_apply_are_given() -> None:
    plain = " ".join(judge_reasons.of_log(shipped.experiment("a05-ionosphere"), "train"))
    assert "weights still change" in plain
    assert "Dropout" not in plain
    dropout = " ".join(judge_reasons.of_log(shipped.experiment("a16-dropout"), "train"))
    assert "Dropout switches units off" in dropout
    norm = " ".join(judge_reasons.of_log(shipped.experiment("a17-batchnorm"), "train"))
    assert "running mean" in norm
    weighed = shipped.experiment("a05-ionosphere").changed({"fit.class_weight": "balanced"})
    assert "Class weights" in " ".join(judge_reasons.of_log(weighed, "train"))
    whole = shipped.experiment("a05-ionosphere").changed({"fit.batch_size": "all"})
    assert "one step" in judge_reasons.of_log(whole, "train")[0]
    stopped = shipped.experiment("a05-ionosphere").changed(
        {"callbacks": [{"type": "EarlyStopping", "restore_best_weights": True}]}
    )
    info = RunInfo(id="x", name="x", status="finished", created=0.0,
                   best={"val_loss": [0.1, 7]})  # fmt: skip
    told = judge_reasons.of_log(stopped, "validation", info)
    assert told == ["EarlyStopping put the best weights of epoch 7 back; the log's last epoch is "
                    "of later ones."]  # fmt: skip
    assert "says nothing" in judge_reasons.of_log(stopped, "test")[0]


def test_reasons_beside_published_figures() -> None:
    experiment = shipped.experiment("a05-ionosphere")
    assert judge_reasons.of_published(experiment, None, 116, False) == []
    info = RunInfo(id="x", name="x", status="stopped", created=0.0, epoch=3,
                   data={"substitute": "digits"})  # fmt: skip
    told = " ".join(judge_reasons.of_published(experiment, info, 116, True))
    assert "digits stands in" in told
    assert "after 3 of 150 epochs" in told
    assert "116 rows" in told
