"""All labs: opened from the lessons at every size, used with any key, left again."""

from __future__ import annotations

from typing import Any

import pytest

from kerastui.datasets.errors import UserError
from kerastui.tui import labs
from kerastui.tui.app import KerasTui
from kerastui.tui.labs import LABS
from kerastui.tui.labs.softmax import SoftmaxScreen
from kerastui.tui.screens.learn import LearnScreen
from kerastui.tui.widgets.row_list import RowList

from .lab_screens import FakeWorker, no_doctor, opened, text
from .pilots import shows, until

__all__ = ["no_doctor"]


@pytest.mark.parametrize("size", [(20, 5), pytest.param((80, 24), marks=pytest.mark.slow)], ids=str)
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
async def test_every_lab_opens_at_every_size_and_is_left_again(
    lab: labs.Lab, size: tuple[int, int]
) -> None:
    async with opened(lab.id, size) as (pilot, screen):
        assert pilot.app.screen is screen
        assert screen.HELP
        assert not [result for result in screen.results if result.right is False]
        await pilot.resize_terminal(90, 28)
        await pilot.pause()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, LearnScreen), "the lessons")


@pytest.mark.slow
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)
async def test_every_lab_bears_any_key(lab: labs.Lab) -> None:
    async with opened(lab.id, (80, 24)) as (pilot, screen):
        for key in (
            "down",
            "right",
            "plus",
            "minus",
            "tab",
            "left",
            "up",
            "end",
            "home",
            "f",
            "a",
            "delete",
            "u",
            "tab",
            "5",
            "enter",
            "g",
            "w",
            "right_square_bracket",
            "v",
        ):
            await pilot.press(key)
        await pilot.pause(0.1)
        assert pilot.app.screen is screen


async def test_a_lab_has_help() -> None:
    async with opened("b04") as (pilot, screen):
        await pilot.press("question_mark")
        await until(pilot, lambda: pilot.app.screen is not screen, "the help")
        await shows(pilot, screen.HELP.split()[0])


def test_the_registry_names_every_row_once() -> None:
    assert [lab.id for lab in LABS] == [
        "a01", "a02", "a03", "a04", "a11", "a12", "b01", "b02", "b03", "b04", "b05", "b06", "b12",
        "d01",
    ]  # fmt: skip
    with pytest.raises(UserError, match="no lab 'zz'"):
        labs.find("zz")


async def test_a_lab_is_opened_from_its_lesson() -> None:
    app = KerasTui(launcher=FakeWorker())
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, LearnScreen), "the lessons")
        rows = app.screen.query_one(RowList)
        await until(pilot, lambda: rows.move_to("b04-softmax"), "the lesson")
        await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, SoftmaxScreen), "the lab")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, LearnScreen), "the lessons again")
        assert rows.key == "b04-softmax"


async def test_a_lab_that_nobody_answers_says_so() -> None:
    class Silent(FakeWorker):
        async def request(self, name: str, **payload: Any) -> dict[str, Any]:
            raise UserError("The [Keras] process can't be started.", "See: kerastui doctor")

    says = "The [Keras] process can't be started."
    for name in ("a02", "b05", "b06", "b12"):
        async with opened(name, worker=Silent(), says=says) as (_, screen):
            assert says in text(screen)
