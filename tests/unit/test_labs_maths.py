"""What the labs calculate: the documents' printed digits, derivatives, pictures, variances."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.models.labs import initializers, mandelbrot, neuron, softmax
from kerastui.models.labs.activations import ACTIVATIONS, BY_NAME, Activation, sigmoid_neuron
from kerastui.models.labs.mandelbrot import View, colours, shrunk

NUMBERS = st.floats(-30, 30, allow_nan=False)


# One neuron


def test_the_documents_neuron() -> None:
    got = neuron.neuron([*neuron.INPUTS, neuron.BIAS], neuron.WEIGHTS)
    assert got.products == pytest.approx((0.1, 0.4, 0.3))
    assert got.total == neuron.PUBLISHED_SUM


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=8))
def test_a_neuron_is_a_dot_product(pairs: list[tuple[float, float]]) -> None:
    inputs, weights = zip(*pairs, strict=True)
    assert neuron.neuron(inputs, weights).total == pytest.approx(np.dot(inputs, weights), abs=1e-9)


def test_a_neuron_wants_as_many_weights_as_inputs() -> None:
    with pytest.raises(ValueError, match="shorter"):
        neuron.neuron([1, 2], [0.1])


# Softmax


def test_softmax_to_the_documents_digits() -> None:
    got = softmax.softmax(softmax.LOGITS)
    assert got.total == pytest.approx(softmax.PUBLISHED_SUM, rel=4e-16)
    assert got.shares == pytest.approx(softmax.PUBLISHED, rel=4e-16)


@given(st.lists(st.floats(-900, 900), min_size=1, max_size=6), st.floats(-50, 50))
def test_shares_are_probabilities_and_only_distances_count(logits: list[float], by: float) -> None:
    shares = softmax.softmax(logits).shares
    assert math.fsum(shares) == pytest.approx(1)
    assert all(0 <= share <= 1 for share in shares)
    assert softmax.softmax([x + by for x in logits]).shares == pytest.approx(shares, abs=1e-9)


@pytest.mark.parametrize("logits", [[1e4, 0.0], [-1e4, -1e4 + 1]])
def test_softmax_survives_what_exp_does_not(logits: list[float]) -> None:
    got = softmax.softmax(logits)
    assert math.fsum(got.shares) == pytest.approx(1)
    assert got.total in (0, math.inf)


# Activations


def smooth_at(activation: Activation, x: float) -> bool:
    return all(abs(x - kink) > 1e-3 for kink in activation.kinks())


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
@given(x=st.floats(-8, 8))
def test_each_slope_is_the_derivative(activation: Activation, x: float) -> None:
    if not smooth_at(activation, x):
        return
    h = 1e-5
    measured = (activation.value(x + h) - activation.value(x - h)) / (2 * h)
    # Where the slope itself has a corner (elu, softsign at 0) the difference is off by up to h.
    assert float(activation.slope(x)) == pytest.approx(float(measured), rel=1e-6, abs=2 * h)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
@given(data=st.data())
def test_each_slope_is_the_derivative_for_all_parameters(
    activation: Activation, data: st.DataObject
) -> None:
    values = {p.name: data.draw(st.floats(p.low, p.high)) for p in activation.parameters}
    x = data.draw(st.floats(-6, 6))
    if any(abs(x - kink) <= 1e-3 for kink in activation.kinks(values)) or abs(x) < 1e-3:
        return
    h = 1e-5
    measured = (activation.value(x + h, values) - activation.value(x - h, values)) / (2 * h)
    assert float(activation.slope(x, values)) == pytest.approx(float(measured), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.name)
def test_nothing_overflows_into_nan(activation: Activation) -> None:
    x = np.array([-1e6, -745.0, -40.0, 0.0, 40.0, 709.0])
    with np.errstate(all="raise", under="ignore"):
        assert not np.isnan(activation.value(x)).any()
        assert not np.isnan(activation.slope(x)).any()


def test_the_documents_formulas() -> None:
    x = np.linspace(-8, 8, 101)
    phi = BY_NAME["sigmoid"].value(x)
    np.testing.assert_allclose(BY_NAME["sigmoid"].slope(x), phi * (1 - phi), rtol=1e-13)
    assert BY_NAME["relu"].slope(np.array([-1.0, 0.0, 2.0])).tolist() == [0, 0, 1]
    assert BY_NAME["step"].value(np.array([0.49, 0.5, 0.51])).tolist() == [0, 1, 1]


def test_softmax_drawn_is_softmax() -> None:
    drawn = BY_NAME["softmax"].value(0.9, {"second": 0.2, "third": 0.4})
    assert float(drawn) == pytest.approx(softmax.PUBLISHED[0])


@given(st.floats(-4, 4))
def test_without_a_bias_all_sigmoid_neurons_meet(weight: float) -> None:
    assert float(sigmoid_neuron(0.0, weight, 0.0)) == 0.5


@given(st.floats(0.1, 4), st.floats(-6, 6))
def test_a_bias_moves_the_switch(weight: float, bias: float) -> None:
    assert float(sigmoid_neuron(-bias / weight, weight, bias)) == pytest.approx(0.5)


# Mandelbrot


def test_the_documents_grid() -> None:
    columns, rows = View().axes(640, 480)
    assert (columns[0], rows[0]) == (-2.5, -1.5)
    assert (len(columns), len(rows)) == (640, 480)
    assert columns[1] - columns[0] == pytest.approx(4 / 640)
    assert 0.0 in rows


def test_zooming_keeps_the_middle_and_stays_in_what_numbers_can_tell_apart() -> None:
    view = View()
    for _ in range(100):
        view = view.zoomed(0.5)
    assert (view.real, view.imaginary, view.span) == (-0.5, 0.0, mandelbrot.DEEPEST)
    columns, _ = view.axes(640, 480)
    assert len(np.unique(columns)) == 640
    assert View().zoomed(100).span == 8.0


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_moving_there_and_back(right: float, down: float) -> None:
    view = View(span=0.5)
    back = view.moved(right, down).moved(-right, -down)
    assert (back.real, back.imaginary) == pytest.approx((view.real, view.imaginary))


def test_numbers_that_never_leave_are_black() -> None:
    picture = colours(np.array([[0, 5], [199, 200]]), 200)
    assert picture.shape == (2, 2, 3)
    assert picture[1, 1].tolist() == [0, 0, 0]
    assert picture[0, 0].any()
    assert picture[1, 0].any()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 60), st.integers(1, 60))
def test_a_picture_of_any_size_fits_any_pane(rows: int, columns: int, high: int, wide: int) -> None:
    plain = np.full((rows, columns, 3), 77, np.uint8)
    assert (shrunk(plain, wide, high) == 77).all()
    assert shrunk(plain, wide, high).shape == (high, wide, 3)


def test_shrinking_takes_means() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:2, :2] = [[10], [20]]
    assert shrunk(picture, 2, 2)[..., 0].tolist() == [[15, 0], [0, 0]]


# Initial weights


@pytest.mark.parametrize("entry", initializers.INITIALIZERS, ids=lambda e: e.name)
def test_the_curve_over_the_histogram_has_the_promised_variance(
    entry: initializers.Initializer,
) -> None:
    n_in, n_out = 100, 60
    promised = entry.variance(n_in, n_out)
    if not promised:
        return
    reach = min(entry.limit(n_in, n_out), 8 * math.sqrt(promised))
    if entry.shape == "orthogonal":
        reach = 8 * math.sqrt(promised)
    x = np.linspace(-reach, reach, 200_001)
    curve = initializers.density(entry, x, n_in, n_out)
    area = np.trapezoid(curve, x)
    assert area == pytest.approx(1, rel=1e-3)
    assert np.trapezoid(curve * x * x, x) == pytest.approx(promised, rel=1e-3)


def test_the_documents_variance() -> None:
    assert initializers.BY_NAME["glorot_normal"].variance(30, 70) == 2 / 100


def test_measuring() -> None:
    got = initializers.measure(np.array([[1, 2], [3, 6]], np.float32))
    assert got == initializers.Measured(4, 3.0, 3.5, 1.0, 6.0)


def test_few_weights_may_lie_farther_off_than_many() -> None:
    assert initializers.tolerance(10, "normal") > initializers.tolerance(10_000, "normal")
    assert initializers.tolerance(100, "uniform") < initializers.tolerance(100, "normal")
