"""Placing a drawing as the digits of MNIST are placed.

Its makers scaled each digit, keeping its proportions, until it fitted a box of 20 × 20 pixels, and
put it into the picture of 28 × 28 so that its centre of mass lies in the middle (LeCun, Cortes and
Burges, "The MNIST database of handwritten digits"). Here the box is 20/28 of the picture's side,
so that pictures of other sizes are placed alike.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.float32]
BOX = 20 / 28


def centred(pixels: Pixels, top: float) -> tuple[Pixels, str]:
    """Return a drawing scaled to the box and moved until its centre of mass is in the middle.

    Args:
        pixels: (height, width), 0 for paper.
        top: The value of ink; nothing gets brighter.

    Returns:
        The picture, and in words what was done; an empty drawing stays as it is.
    """
    from PIL import Image

    inked = pixels > 0.05 * top
    if not inked.any():
        return pixels, ""
    rows, columns = np.flatnonzero(inked.any(axis=1)), np.flatnonzero(inked.any(axis=0))
    cut = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = pixels.shape
    scale = BOX * min(height, width) / max(cut.shape)
    size = [max(1, round(side * scale)) for side in cut.shape]
    picture = Image.fromarray(np.ascontiguousarray(cut, dtype=np.float32), mode="F")
    drawn = np.asarray(
        picture.resize((size[1], size[0]), Image.Resampling.BILINEAR), dtype=np.float32
    )
    drawn = np.clip(drawn, 0, top)
    weights = drawn.sum()
    middle = [
        float((drawn.sum(axis=1 - axis) * np.arange(drawn.shape[axis])).sum() / weights)
        for axis in (0, 1)
    ]
    at = [round((side - 1) / 2 - mass) for side, mass in zip((height, width), middle, strict=True)]
    placed = np.zeros_like(pixels)
    # What would stand beyond an edge stays inside: the box is smaller than the picture.
    sides = zip(at, (height, width), drawn.shape, strict=True)
    at = [min(max(0, place), side - length) for place, side, length in sides]
    placed[at[0] : at[0] + drawn.shape[0], at[1] : at[1] + drawn.shape[1]] = drawn
    old = [(float(ends[0]) + float(ends[-1])) / 2 for ends in (rows, columns)]
    new = [place + (length - 1) / 2 for place, length in zip(at, drawn.shape, strict=True)]
    down, right = (round(after - before) for before, after in zip(old, new, strict=True))
    told = [] if abs(scale - 1) < 0.03 else [f"scaled ×{scale:.2g}"]
    told += [f"moved {abs(right)} {'right' if right > 0 else 'left'}"] if right else []
    told += [f"moved {abs(down)} {'down' if down > 0 else 'up'}"] if down else []
    return placed, ", ".join(told) or "already there"
