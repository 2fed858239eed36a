"""Lessons that train nothing and have no screen of their own: they are learned on a section."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.tui.labs import LABS, Lab

if TYPE_CHECKING:
    from kerastui.tui.app import KerasTui


@dataclass(frozen=True)
class Visit(Lab):
    """A lesson that leads to a section.

    Attributes:
        module: Not used; a visit has no screen.
        leads: Where it leads to, in words.
        dataset: The data set it needs, or empty.
        compared: Figures of the document are compared there, by the section's `results`.
        go: Goes there; raises `UserError` where that is not possible yet.
    """

    leads: str = ""
    dataset: str = ""
    compared: bool = False
    go: Callable[[KerasTui], Awaitable[None]] = field(kw_only=True)


async def _digits(app: KerasTui) -> None:
    from kerastui.tui.screens.data.screen import DataScreen

    await app.switch_mode("data")
    assert isinstance(app.screen, DataScreen)
    app.screen.visit("mnist")


async def _adviser(app: KerasTui) -> None:
    from kerastui.tui.screens.train.screen import TrainScreen

    nothing = "There is no run whose curves could be read."
    if app.monitor is None and app.study is None:
        raise UserError(nothing, "Run c02 or any other example first; then open this again.")
    await app.switch_mode("train")
    assert isinstance(app.screen, TrainScreen)
    if app.screen.check_action("words", ()) is not True:
        raise UserError(nothing, "As soon as this one has an epoch, w reads it.")
    app.screen.action_words()


VISITS: tuple[Visit, ...] = (
    Visit(
        "a08-mnist-browse", "Digits to look at", "A", "3.2 Convolutional networks",
        "tf.keras in one lab, 3.2",
        "Before a network sees pictures, look at them: 28 by 28 pixels each, and some digits "
        "that people misread too.",
        "(60000, 28, 28) to train, (10000, 28, 28) to test; 25 digits", "",
        "the Data screen, at mnist", "mnist", compared=True, go=_digits,
    ),
    Visit(
        "c01-framework", "Which problem is it?", "C", "Lesson 1 A framework",
        "Better deep learning crash course, lesson 1",
        "Problems of a network are of three kinds: it does not learn, it does not generalize, or "
        "its predictions vary. The curves of a run tell which, and that tells what to try.",
        "three kinds of problems, and techniques against each", "",
        "what the curves of the run on the Train screen say", go=_adviser,
    ),
)  # fmt: skip


def every() -> dict[str, Lab]:
    """Return labs and visits by name, in order."""
    return {lab.name: lab for lab in sorted((*LABS, *VISITS), key=lambda lab: lab.name)}
