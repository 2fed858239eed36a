"""The Data screen: a look into data sets of every kind, and the experiment's preparation."""

from __future__ import annotations

import asyncio
import math
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.color import Color

from kerastui.datasets import fetch
from kerastui.datasets.catalogue import Card
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import Located
from kerastui.models import shipped
from kerastui.models.preparation.preview import Preview
from kerastui.tui import visits
from kerastui.tui.app import KerasTui
from kerastui.tui.screens.data import look as data_look
from kerastui.tui.screens.data.pictures import PictureGrid, coloured, fitting, shrink
from kerastui.tui.screens.data.screen import DataScreen
from kerastui.tui.screens.data.series import SeriesChart
from kerastui.tui.screens.learn import LearnScreen

from .fakes import FakeLauncher, summary
from .pilots import HOSTILE, shows, text, until

WIDE, NARROW = (120, 40), (80, 24)
STEPS = [
    {"name": "load", "words": "351 rows", "before": {},
     "after": {"all": {"x": [351, 34], "y": [351]}}},
    {"name": "split", "words": "33% at random", "before": {"all": {"x": [351, 34], "y": [351]}},
     "after": {"train": {"x": [235, 34], "y": [235]}}},
]  # fmt: skip


class FakeInspector(FakeLauncher):
    """Looks at data sets as the inspector does, without a process of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.answers |= {"preview": Preview().look, "summary": self.summary}
        self.hold = asyncio.Event()
        self.hold.set()

    async def request(self, name: str, **payload: Any) -> dict[str, Any]:
        if name == "preview":
            await self.hold.wait()
        return await super().request(name, **payload)

    def summary(self, experiment: dict[str, Any]) -> dict[str, Any]:
        told = summary(experiment)
        return {**told, "data": {**told["data"], "steps": STEPS}}

    def asked(self) -> list[str]:
        return [payload["dataset"] for name, payload in self.requests if name == "preview"]


def app_at(launcher: FakeLauncher | None = None) -> KerasTui:
    return KerasTui(launcher=launcher or FakeInspector())


async def opened(pilot: Any, name: str) -> DataScreen:
    """Go to a data set, and wait until it was looked at."""
    await pilot.press("D")
    await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen), "the Data screen")
    screen: DataScreen = pilot.app.screen
    await until(pilot, lambda: screen.located, "where the data are")
    screen.visit(name)
    await looked_at(pilot, screen, name)
    return screen


async def looked_at(pilot: Any, screen: DataScreen, name: str) -> None:
    """Wait until a data set was looked at, if it is here: until the look is its own."""
    await until(
        pilot,
        lambda: (
            str(screen.detail.border_title) == name
            and (screen.look or (name in screen.located and not screen.located[name]))
        ),
        f"a look at {name}",
    )


# Each kind of data


async def test_a_table_shows_its_columns_and_first_rows() -> None:
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await opened(pilot, "sklearn-iris")
        await shows(pilot, "(150, 5)")
        # The whole look comes at once: the columns, their first rows, and what is below them.
        shown = text(pilot)
        assert "4.3" in shown
        assert "7.9" in shown
        assert any(line.split()[1:6] == ["1", "5.1", "3.5", "1.4", "0.2"] for line in _right(shown))
        assert [result.right for result in screen.results] == [True]


def _right(shown: str) -> list[str]:
    """Return the lines of the detail."""
    return ["│" + line.rpartition("││")[2] for line in shown.splitlines() if "││" in line]


async def test_pictures_stand_five_by_five_with_their_labels() -> None:
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await opened(pilot, "digits")
        await until(pilot, lambda: screen.query(PictureGrid), "the grid")
        grid = screen.query_one(PictureGrid)
        await until(pilot, lambda: grid.children, "the pictures")
        assert grid.across == 5
        assert len(grid.children) == 10
        assert grid.labels[:10] == tuple("0123456789")
        # The digits are 8 by 8 pixels: nothing is shrunk.
        assert grid.shrunk == 1
        assert grid.pictures.shape == (25, 8, 8)
        assert grid.pictures.max() == 255


async def test_texts_are_decoded_and_leafed_through() -> None:
    async with app_at().run_test(size=NARROW) as pilot:
        screen = await opened(pilot, "token-newswires")
        first = screen.look["text"]["words"]
        assert first.startswith("? word")
        await shows(pilot, "text 0")
        await pilot.press("right")
        await until(pilot, lambda: screen.look["text"]["number"] == 1, "the next text")
        await shows(pilot, "text 1")
        assert screen.look["text"]["words"] != first
        await pilot.press("left", "left")
        await until(pilot, lambda: screen.look["text"]["number"] == 11_227, "the last text")
        await shows(pilot, "text 11,227 of 0 to 11,227")


async def test_arrows_stay_with_the_search() -> None:
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await opened(pilot, "token-newswires")
        await pilot.press("slash", *"token", "left", "left", "x")
        await until(pilot, lambda: screen.rows.search == "tokxen", "the letter in its place")


async def test_a_series_is_drawn() -> None:
    async with app_at().run_test(size=WIDE) as pilot:
        screen = await opened(pilot, "sine")
        await until(pilot, lambda: screen.query(SeriesChart), "the chart")
        await shows(pilot, "value from 1 to 108")


async def test_generated_data_follow_the_experiment() -> None:
    launcher = FakeInspector()
    app = app_at(launcher)
    async with app.run_test(size=WIDE) as pilot:
        app.set_current(shipped.experiment("c05-weight-decay"))
        screen = await opened(pilot, "make_circles")
        assert screen.look["rows"] == 100
        await shows(pilot, "Preparation of c05-weight-decay")
        await shows(pilot, "x 351×34 → 235×34")


# States


async def test_waiting_says_what_is_done_and_errors_are_words() -> None:
    launcher = FakeInspector()
    launcher.hold.clear()

    def refuse(**_: Any) -> dict[str, Any]:
        raise UserError(f"wine is damaged {HOSTILE}.", "Fetch it again.")

    launcher.answers["preview"] = refuse
    async with app_at(launcher).run_test(size=WIDE) as pilot:
        await pilot.press("D")
        await until(pilot, lambda: isinstance(pilot.app.screen, DataScreen), "the Data screen")
        screen = pilot.app.screen
        assert isinstance(screen, DataScreen)
        await until(pilot, lambda: screen.located, "where the data are")
        screen.visit("wine")
        await shows(pilot, "Loading Italian wines")
        launcher.hold.set()
        await shows(pilot, HOSTILE)
        await shows(pilot, "Fetch it again.")
        assert screen.results == ()


async def test_data_that_are_not_here_are_not_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    launcher = FakeInspector()
    monkeypatch.setattr("kerastui.datasets.fetch.locate", lambda card: None)
    async with app_at(launcher).run_test(size=WIDE) as pilot:
        await opened(pilot, "mnist")
        await shows(pilot, "f downloads it")
        assert "mnist" not in launcher.asked()


async def test_passing_by_loads_nothing() -> None:
    launcher = FakeInspector()
    async with app_at(launcher).run_test(size=WIDE) as pilot:
        screen = await opened(pilot, "wine")
        screen.visit("digits")
        screen.visit("xor")
        await until(pilot, lambda: screen.look and screen.look["rows"] == 4, "xor")
        assert "digits" not in launcher.asked()


async def test_the_cursor_stays_where_somebody_went_while_the_data_were_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    goes_on, locate = threading.Event(), fetch.locate

    def late(card: Card) -> Located | None:
        goes_on.wait(10)
        return locate(card)

    async with app_at().run_test(size=WIDE) as pilot:
        screen = await opened(pilot, "wine")
        before = screen.located
        monkeypatch.setattr(fetch, "locate", late)
        screen.show_cards("xor")
        await shows(pilot, "─ xor ─")
        await pilot.press("up")
        await until(pilot, lambda: screen.rows.key != "xor", "the row above")
        there = screen.rows.key
        goes_on.set()
        await until(pilot, lambda: screen.located is not before, "where the data are")
        assert screen.rows.key == there


# From the lessons


async def test_the_lesson_of_the_digits_leads_here() -> None:
    app = app_at()
    async with app.run_test(size=NARROW) as pilot:
        await pilot.pause()
        learn = app.screen
        assert isinstance(learn, LearnScreen)
        assert learn.rows.move_to("a08-mnist-browse")
        await pilot.pause()
        learn.action_lab()
        await until(pilot, lambda: isinstance(app.screen, DataScreen), "the Data screen")
        await shows(pilot, "MNIST handwritten digits")
        assert app.screen.rows.key == "mnist"  # type: ignore[attr-defined]


async def test_the_adviser_wants_a_run() -> None:
    app = app_at()
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        visit = next(visit for visit in visits.VISITS if visit.id == "c01")
        with pytest.raises(UserError, match="no run"):
            await visit.go(app)
        assert isinstance(app.screen, LearnScreen)
        app.screen.rows.move_to("c01-framework")
        await pilot.pause()
        await pilot.press("enter")
        await shows(pilot, "There is no run whose curves could be read.")


# What is shown, as text


def test_wide_tables_are_turned_on_their_side() -> None:
    columns = [_number(f"column {place}", [1.0, 2.0]) for place in range(30)]
    shown = data_look.table({"columns": columns}, 60).plain.splitlines()
    assert max(map(len, shown)) <= 60
    assert sum(line.startswith("column 29") for line in shown) == 2


def test_missing_and_hostile_cells_are_shown_as_they_are() -> None:
    column = {
        "name": HOSTILE, "type": "text", "missing": 3, "different": 2,
        "common": [["a", 2], [HOSTILE, 1]], "first": [None, HOSTILE, "a"],
    }  # fmt: skip
    shown = data_look.table({"columns": [column]}, 80).plain
    assert HOSTILE in shown
    assert "3" in shown
    assert "–" in shown


def test_a_column_without_values_has_no_range() -> None:
    column = _number("empty", [], low=None, high=None, bins=[])
    assert "–" in data_look.table({"columns": [{**column, "first": [None]}]}, 80).plain


def test_a_column_keeps_its_name_where_its_classes_are_counted() -> None:
    column = {"name": "LSTAT", "type": "text", "different": 2, "common": [("low", 3), ("high", 1)]}
    (name, _), *_ = data_look.classes({"columns": [column]})
    assert name == "LSTAT"


def _number(name: str, first: list[float], **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "number", "missing": 0, "low": 1.0, "high": 2.0,
            "bins": [1, 2], "first": first, **more}  # fmt: skip


@pytest.mark.parametrize(
    ("width", "across", "shrunk"),
    [(75, 5, 2), (144, 5, 1), (143, 5, 2), (74, 5, 2), (73, 4, 2), (10, 1, 2)],
)
def test_as_many_pictures_as_fit(width: int, across: int, shrunk: int) -> None:
    assert fitting(width, 28) == (across, shrunk)


def test_pictures_are_shrunk_by_their_mean_and_drawn_in_the_themes_colours() -> None:
    picture = np.zeros((1, 4, 4), np.uint8)
    picture[0, :2, :2] = 200
    picture[0, 2, 2] = 100
    small = shrink(picture, 2)
    assert small.tolist() == [[[200, 0], [0, 25]]]
    drawn = coloured(np.array([[0, 255]], np.uint8), Color(0, 0, 0), Color(255, 250, 240))
    assert drawn.tolist() == [[[255, 250, 240], [0, 0, 0]]]


def test_a_series_with_gaps_and_a_test_part() -> None:
    chart = SeriesChart([1.0, None, 3.0], 1)
    assert math.isnan(chart.values[1])


# The inspector's side


def test_a_look_says_what_is_not_there(tmp_path: Path) -> None:
    look = Preview()
    with pytest.raises(UserError, match="no data set"):
        look.look("nothing", str(tmp_path))
    with pytest.raises(UserError, match="no text 99999"):
        look.look("token-newswires", str(tmp_path), number=99_999)
    with pytest.raises(UserError, match="handed over"):
        look.look("digits", str(tmp_path / "absent"))


def test_a_look_keeps_only_what_depends_on_nothing_else(tmp_path: Path) -> None:
    preview = Preview()
    folder = str(tmp_path)
    some = preview.look("make_circles", folder, parameters={"n_samples": 30})
    assert some["rows"] == 30
    assert preview.look("make_circles", folder, parameters={"n_samples": 40})["rows"] == 40
    one, other = (preview.look("make_circles", folder, seed=seed) for seed in (1, 2))
    assert one["columns"][0]["low"] != other["columns"][0]["low"]
