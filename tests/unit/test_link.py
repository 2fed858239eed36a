"""What is known of the line to the terminal."""

from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.app import App
from textual.driver import Driver
from textual.message import Message

from kerastui.tui.link import ASK, LEAST, STALLED_AFTER, UNKNOWN_AFTER, Link, watched


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def link(clock: Clock) -> Link:
    return Link(clock)


MUCH = "x" * LEAST


def test_little_is_written_without_a_question(link: Link) -> None:
    assert link.outgoing("abc") == "abc"
    assert link.clear


def test_one_question_at_a_time_and_none_is_clear_before_its_answer(
    link: Link, clock: Clock
) -> None:
    assert link.outgoing(MUCH) == MUCH + ASK
    assert not link.clear
    assert link.outgoing(MUCH) == MUCH
    clock.now += 0.01
    link.answered()
    assert link.clear
    assert link.delay == pytest.approx(0.01)
    assert link.outgoing(MUCH) == MUCH + ASK
    assert link.written == 3 * LEAST


def test_a_slow_line_rests_as_long_as_it_took(link: Link, clock: Clock) -> None:
    link.outgoing(MUCH)
    clock.now += 0.6
    link.answered()
    assert not link.clear
    clock.now += 0.5
    assert not link.clear
    clock.now += 0.2
    assert link.clear


def test_a_terminal_that_never_answers_is_not_waited_for(link: Link, clock: Clock) -> None:
    link.outgoing(MUCH)
    assert not link.clear
    clock.now += UNKNOWN_AFTER
    assert link.clear
    assert link.outgoing(MUCH) == MUCH, "it is not asked again"


def test_a_terminal_that_stalls_is_asked_again(link: Link, clock: Clock) -> None:
    link.outgoing(MUCH)
    link.answered()
    link.outgoing(MUCH)
    clock.now += UNKNOWN_AFTER
    assert not link.clear
    clock.now += STALLED_AFTER
    assert link.clear
    assert link.outgoing(MUCH) == MUCH + ASK


class Plain(Driver):
    """A driver that keeps what is written."""

    def __init__(self, app: App[None]) -> None:
        super().__init__(app)
        self.data: list[str] = []
        self.sent: list[Message] = []

    def write(self, data: str) -> None:
        self.data.append(data)

    def send_message(self, message: Message) -> None:
        self.sent.append(message)

    def start_application_mode(self) -> None:
        self.write("start")

    def disable_input(self) -> None:
        pass

    def stop_application_mode(self) -> None:
        self.write("stop")


def test_the_driver_asks_and_swallows_the_answer(link: Link) -> None:
    async def drive() -> None:
        driver = watched(Plain, link)(App[None]())
        assert isinstance(driver, Plain)
        assert not link.send("early")
        driver.start_application_mode()
        driver.write("".join(f"\x1b[{row};1H{row:060}" for row in range(1, 9)))
        assert driver.data[-1].endswith(ASK)
        driver.process_message(events.CursorPosition(0, 0))
        driver.process_message(events.AppFocus())
        assert [type(message) for message in driver.sent] == [events.AppFocus]
        assert link.clear
        assert link.send("\a")
        driver.stop_application_mode()
        assert driver.data[-2:] == ["\a", "stop"]
        assert not link.send("late")

    asyncio.run(drive())
