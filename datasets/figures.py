"""Numbers in sentences."""

from __future__ import annotations


def figure(value: float) -> str:
    """A number with four significant digits, thousands apart, without an exponent up to 1e8."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e8 else f"{value:.4g}"
