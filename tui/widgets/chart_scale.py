"""The axes of a chart: limits that keep still, and ticks at 1, 2 or 5 times a power of ten."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kerastui.models.runs.figures import number


@dataclass(frozen=True)
class Tick:
    """A tick: where it stands, from 0 (low) to 1 (high), and what is written beside it."""

    position: float
    label: str


@dataclass(frozen=True)
class Scale:
    """The vertical axis. Values are placed between 0 and 1, so that what draws them never sees
    a number that it could choke on."""

    low: float
    high: float
    log: bool = False
    ticks: tuple[Tick, ...] = ()

    @classmethod
    def of(cls, low: float, high: float, *, log: bool = False, most: int = 6) -> Scale:
        """Return a scale that holds both limits.

        Args:
            low: The lowest value, finite, at least -1e300; positive where `log` is set.
            high: The highest value, finite, at most 1e300.
            log: Whether equal factors take equal room.
            most: About how many ticks there is room for.
        """
        return _log_scale(low, high, most) if log else _linear_scale(low, high, most)

    def place(self, value: float) -> float:
        """Return where a value stands, from 0 to 1; NaN where it has no place."""
        if value != value or (self.log and value <= 0):
            return math.nan
        if self.log:
            value = math.log10(value)
        return min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))


def steady(value: float) -> str:
    """Return a number that changes while one looks: its zeros are kept, so that it keeps still."""
    text = number(value)
    if not math.isfinite(value) or "e" in text or abs(value) >= 1000:
        return text
    return f"{value:#.4g}".rstrip(".").replace("-", "−")


def step_for(span: float, most: int) -> float:
    """Return the smallest of 1, 2, 5 times a power of ten that cuts `span` into at most `most`."""
    rough = span / max(1, most)
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * (1 - 1e-9))


def labels(values: Iterable[float], step: float) -> list[str]:
    """Return ticks in words: all with as many digits as tell neighbours apart."""
    values = list(values)
    largest = max((abs(value) for value in values), default=0.0)
    places = max(0, -math.floor(math.log10(step) + 1e-9))
    if largest >= 1e6 or places > 5:
        digits = math.floor(math.log10(max(largest, step))) - math.floor(math.log10(step) + 1e-9)
        texts = [_scientific(value, min(max(digits, 0), 9)) for value in values]
    else:
        texts = [f"{value:,.{places}f}" for value in values]
    return [text.replace("-", "−", 1) if text.startswith("-") else text for text in texts]


def epoch_limit(count: int, total: int) -> int:
    """Return the last epoch on the axis of a run that goes on.

    The whole plan where a good part of it is done or it is short; else a round number ahead, so
    that the beginning of a long run is not squeezed into one column.
    """
    if total <= 200 or count * 4 >= total:
        return max(count, total, 2)
    power = int(10.0 ** (len(str(max(count, 10))) - 1))
    ahead = next(n * power for n in (1, 2, 3, 5, 10, 20) if n * power >= count * 1.1)
    return min(total, max(ahead, 20))


def epoch_ticks(first: int, last: int, most: int) -> list[int]:
    """Return round epoch numbers between two epochs, the first epoch of all among them."""
    span = last - first
    if span <= 0:
        return [first]
    step = max(1, round(step_for(span, most)))
    ticks = list(range(-(-first // step) * step, last + 1, step))
    if first == 1 and ticks and ticks[0] > 1:
        ticks.insert(0, 1)
    return ticks


def _linear_scale(low: float, high: float, most: int) -> Scale:
    if high - low <= max(abs(low), abs(high)) * 1e-9 or high - low < 1e-290:
        # One value alone: some room around it, so that it stands in the middle.
        middle = (low + high) / 2 if abs(high) > 1e-280 else 0.0
        pad = abs(middle) * 0.1 or 0.5
        low, high = middle - pad, middle + pad
    step = step_for(high - low, most)
    # Limits lie on half steps: they keep still while a curve creeps, and still fit it closely.
    half = step / 2
    floor, ceiling = math.floor(low / half + 1e-9) * half, math.ceil(high / half - 1e-9) * half
    first, end = math.ceil(floor / step - 1e-9), math.floor(ceiling / step + 1e-9)
    values = [index * step for index in range(first, end + 1)]
    span = ceiling - floor
    return Scale(floor, ceiling, False, tuple(
        Tick((value - floor) / span, label)
        for value, label in zip(values, labels(values, step), strict=True)
    ))  # fmt: skip


def _log_scale(low: float, high: float, most: int) -> Scale:
    floor, ceiling = math.floor(math.log10(low) * 10) / 10, math.ceil(math.log10(high) * 10) / 10
    if ceiling - floor < 0.1:
        floor, ceiling = floor - 0.1, ceiling + 0.1
    first, end = math.floor(floor), math.ceil(ceiling)
    every = max(1, math.ceil((end - first) / max(1, most)))
    exponents = [n for n in range(first, end + 1) if n % every == 0]
    factors = (1, 2, 5) if (end - first) * 3 <= most and every == 1 else (1,)
    places = [
        (math.log10(factor) + n, factor, n) for n in exponents for factor in factors
    ]  # fmt: skip
    inside = [entry for entry in places if floor - 1e-9 <= entry[0] <= ceiling + 1e-9]
    if len(inside) < 2:
        linear = _linear_scale(10**floor, 10**ceiling, most)
        span = linear.high - linear.low
        ticks = [
            Tick((math.log10(value) - floor) / (ceiling - floor), tick.label)
            for tick in linear.ticks
            if (value := linear.low + tick.position * span) > 0
        ]
        # Too narrow for a round number: the ends say where they are.
        ends = (Tick(0.0, number(10**floor)), Tick(1.0, number(10**ceiling)))
        return Scale(floor, ceiling, True, tuple(t for t in ticks if 0 <= t.position <= 1) or ends)
    return Scale(floor, ceiling, True, tuple(
        Tick((place - floor) / (ceiling - floor), _power(factor, n)) for place, factor, n in inside
    ))  # fmt: skip


def _scientific(value: float, digits: int) -> str:
    """Return a number as 1.5e-7: no sign or zero in the exponent that says nothing."""
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if value else "0"


def _power(factor: int, exponent: int) -> str:
    """Return factor × 10^exponent as a tick says it."""
    if -4 <= exponent < 0:
        return f"{factor * 10.0**exponent:.{-exponent}f}"
    return f"{factor * 10**exponent:,}" if 0 <= exponent < 6 else f"{factor}e{exponent}"
