"""Published figures beside obtained ones."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.models.experiment.schema import Figure
from kerastui.models.runs.figures import at_epochs, judge, number, of_history
from kerastui.models.runs.history import History


def figure(**fields: object) -> Figure:
    return Figure.model_validate({"figure": "test.accuracy", **fields})


@pytest.mark.parametrize(
    ("got", "state"),
    [(0.86, "inside"), (0.97, "inside"), (0.8599, "outside"), (math.nan, "outside")],
)
def test_bands_include_their_ends(got: float, state: str) -> None:
    assert judge(figure(band=(0.86, 0.97)), {"test.accuracy": got}).state == state


def test_a_figure_that_the_run_lacks_is_missing() -> None:
    verdict = judge(figure(band=(0, 1)), {})
    assert (verdict.state, verdict.got) == ("missing", None)


def test_classes_are_compared_by_name() -> None:
    published = Figure(figure="prediction.1.class", equals="setosa")
    assert judge(published, {"prediction.1.class": "setosa"}).state == "inside"
    assert judge(published, {"prediction.1.class": "virginica"}).state == "outside"


def test_comparison_with_a_variant_waits_for_it() -> None:
    published = figure(compare={"relation": "above", "variant": "without"})
    assert judge(published, {"test.accuracy": 0.9}).state == "missing"
    others = {"without": {"test.accuracy": 0.8}}
    assert judge(published, {"test.accuracy": 0.9}, others).state == "inside"
    assert judge(published, {"test.accuracy": 0.7}, others).state == "outside"


def test_comparison_within_a_run() -> None:
    published = Figure.model_validate(
        {"figure": "last.val_loss", "compare": {"relation": "above", "figure": "last.loss"}}
    )
    assert judge(published, {"last.val_loss": 0.4, "last.loss": 0.3}).state == "inside"


def test_figures_of_a_history() -> None:
    history = History()
    history.apply({"event": "epochs", "first": 1, "logs": {"loss": [3.0, 1.0, 2.0]}})
    assert of_history(history) == {
        "epochs": 3.0,
        "last.loss": 2.0,
        "best.loss": 1.0,
        "best_epoch.loss": 2.0,
    }
    assert at_epochs(history, ["epoch.2.loss", "epoch.9.loss", "epoch.x.loss", "test.mae"]) == {
        "epoch.2.loss": 1.0
    }


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.9404, "0.9404"), (0.98765, "0.9877"), (12755421.0, "12,755,421"), (3e12, "3.000e+12"),
     (2856.3, "2,856"),
     (60.751, "60.75"), (3.0, "3"), (-0.5, "−0.5"), (0.0, "0"), (math.nan, "NaN"),
     (math.inf, "∞"), (1e-7, "1.000e-07"), (-4e-8, "−4.000e-08"), (-3e12, "−3.000e+12")],
)  # fmt: skip
def test_numbers_have_four_significant_digits(value: float, shown: str) -> None:
    assert number(value) == shown


@given(st.floats())
def test_every_number_fits_a_column(value: float) -> None:
    assert 1 <= len(number(value)) <= 11
