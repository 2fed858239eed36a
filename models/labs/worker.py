"""What the labs ask of the process that has Keras; the inspector passes `lab.*` on to here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.labs import algebra, initializers, mandelbrot, structures

_ANSWERS: dict[str, Callable[..., dict[str, Any]]] = {
    "lab.structure": structures.look,
    "lab.algebra": algebra.evaluate,
    "lab.mandelbrot": mandelbrot.compute,
    "lab.weights": initializers.draw,
}


def answer(request: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a lab's request.

    Raises:
        UserError: There is no such request, or it can't be answered.
    """
    if request not in _ANSWERS:
        raise UserError(f"{request!r} is no question of a lab.", f"Known: {', '.join(_ANSWERS)}.")
    return _ANSWERS[request](**arguments)
