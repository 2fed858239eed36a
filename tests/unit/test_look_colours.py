"""The colours of heat maps: told apart in 256 colours too, on a dark and on a light ground."""

from __future__ import annotations

import numpy as np
import pytest
from rich.color import Color, ColorSystem

from kerastui.tui.inspect.heat import STEPS, Scale, enlarged
from kerastui.tui.inspect.tiles import grid

DARK = {"background": "#121212", "series-1": "#87afff", "series-2": "#ffaf5f",
        "error": "#ff8787", "line": "#444444"}  # fmt: skip
LIGHT = {"background": "#ffffff", "series-1": "#005fd7", "series-2": "#d75f00",
         "error": "#d70000", "line": "#bcbcbc"}  # fmt: skip


def in_256(pixel: np.ndarray) -> int:  # type: ignore[type-arg]
    """Return the colour that a terminal of 256 colours shows, as `HalfBlocks` draws it."""
    red, green, blue = (int(one) & 0xF8 for one in pixel)
    number = Color.from_rgb(red, green, blue).downgrade(ColorSystem.EIGHT_BIT).number
    assert number is not None
    return number


@pytest.mark.parametrize("colours", [DARK, LIGHT])
def test_signs_and_sizes_are_told_apart_in_256_colours(colours: dict[str, str]) -> None:
    scale = Scale(colours, 1.0)
    below, above = (
        [in_256(scale.paint(np.array([[sign * step / STEPS]]))[0, 0]) for step in range(STEPS + 1)]
        for sign in (-1, 1)
    )
    assert below[0] == above[0]
    for side in (below, above):
        assert len(set(side)) >= 5
        # Never back to a colour that was left: larger numbers do not look smaller.
        assert [one for place, one in enumerate(side) if one not in side[:place]] == list(
            dict.fromkeys(side)
        )
    assert not set(below[STEPS // 2 :]) & set(above[STEPS // 2 :])


def test_what_is_beyond_the_limit_has_the_last_colour_and_nan_its_own() -> None:
    scale = Scale(DARK, 0.5)
    found = scale.paint(np.array([[0.5, 99, np.inf, -99, np.nan]]))[0]
    assert (found[0] == found[1]).all()
    assert (found[1] == found[2]).all()
    assert tuple(found[3]) == scale.colour(-STEPS).rgb
    assert tuple(found[4]) == (0xFF, 0x87, 0x87)


def test_tiles_stand_in_rows_and_are_drawn_larger_where_there_is_room() -> None:
    scale = Scale(DARK, 1.0)
    tiles = np.ones((5, 3, 3))
    small = grid(tiles, scale, width=11, height=8)
    assert small.shape == (8, 12, 3)  # three of 3 + 1 beside each other, in two rows
    assert tuple(small[5, 9]) == scale.ground  # there is no sixth
    assert tuple(small[3, 0]) == scale.between
    large = grid(tiles, scale, width=100, height=100)
    assert large.shape == (13, 5 * 13, 3)
    wide = grid(np.ones((2, 10, 400)), scale, width=50, height=50)
    assert wide.shape[1] <= 51


def test_a_narrow_matrix_is_drawn_wider_but_not_endlessly() -> None:
    assert enlarged(np.zeros((34, 2, 3), np.uint8), 70, 60).shape == (34, 8, 3)
    assert enlarged(np.zeros((2, 2, 3), np.uint8), 70, 60).shape == (12, 12, 3)
    assert enlarged(np.zeros((0, 2, 3), np.uint8), 70, 60).shape == (0, 2, 3)
