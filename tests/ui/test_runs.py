"""The Runs screen: what is there, what goes on, what was removed."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import Run, RunInfo, Workspace
from kerastui.tui.app import KerasTui
from kerastui.tui.run_index import RunIndex, best_figure
from kerastui.tui.screens.runs import screen as runs_screen
from kerastui.tui.screens.runs.rows import COLUMNS, row
from kerastui.tui.screens.runs.screen import RunsScreen
from kerastui.tui.trash import Trash
from kerastui.tui.widgets.row_list import RowList

from .fakes import FakeLauncher, append, change, finished_run
from .pilots import HOSTILE, shows, text, until

WIDE = (120, 40)


def make(own_home: Path, count: int = 3) -> list[Run]:
    """Write some runs; the newest last."""
    root = own_home / "saved"
    return [
        finished_run(root, f"exp{place}", day=f"2026010{place % 9 + 1}-0000{place // 9:02}")
        for place in range(count)
    ]


def runs(app: KerasTui) -> RunsScreen:
    screen = app.screen
    assert isinstance(screen, RunsScreen)
    return screen


async def test_an_empty_workspace_says_what_to_do() -> None:
    async with KerasTui(launcher=FakeLauncher()).run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "No runs yet")
        await shows(pilot, "pick an example on the Learn screen")


async def test_runs_stand_there_with_figures_and_curves(own_home: Path) -> None:
    first, second, third = make(own_home)
    change(first, status="failed")
    change(second, name=HOSTILE, variant="with [x]", data={"substitute": "digits"})
    change(third, status="running", host="elsewhere", pid=1, epoch=3)
    append(third, "epochs", first=6, logs={"loss": [float("nan"), 0.1]}, seconds=1)
    async with KerasTui(launcher=FakeLauncher()).run_test(size=(160, 40)) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs · 1 active")
        await shows(pilot, "█")
        await shows(pilot, f"{HOSTILE}  with [x]  ≈ digits")
        for words in (
            ("● running", "3/5"),
            ("✗ failed", "accuracy 0.9"),
            (f"{HOSTILE}  with [x]  ≈ digits",),
        ):
            await until(
                pilot,
                lambda some=words: any(
                    all(word in line for word in some) for line in text(pilot).splitlines()
                ),
                f"{words} in one line",
            )


async def test_the_list_follows_what_happens_on_disk(own_home: Path) -> None:
    (run,) = make(own_home, 1)
    change(run, status="running", host="elsewhere", pid=1, epoch=1)
    async with KerasTui(launcher=FakeLauncher()).run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "● running")
        change(run, status="finished", epoch=5)
        await shows(pilot, "✓ finished")
        finished_run(own_home / "saved", "another", day="20270101-000000")
        await shows(pilot, "another")


async def test_a_look_at_a_slow_disk_comes_to_its_end(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(own_home)
    looks: list[int] = []
    refresh, free = RunIndex.refresh, threading.Event()

    def slow(index: RunIndex) -> bool:
        looks.append(1)
        assert free.wait(60)
        return refresh(index)

    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.pause()
        monkeypatch.setattr(RunIndex, "refresh", slow)
        monkeypatch.setattr(runs_screen, "AGAIN", 0.02)
        await pilot.press("R")
        await until(pilot, lambda: isinstance(app.screen, RunsScreen) and looks, "a look")
        await pilot.pause(0.3)  # in which many more are due
        assert len(looks) < 6  # as the screen is made and comes to be seen, not every time
        free.set()
        await shows(pilot, "3 runs")


async def test_nothing_is_looked_at_while_the_screen_is_hidden(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(own_home)
    async with KerasTui(launcher=FakeLauncher()).run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("D")
        await pilot.pause(0.5)
        looked: list[int] = []
        monkeypatch.setattr(RunIndex, "refresh", lambda self: looked.append(1))
        await pilot.pause(2.2)
        assert looked == []
        await pilot.press("R")
        await until(pilot, lambda: looked, "a look")


async def test_enter_shows_the_run_on_the_train_screen(own_home: Path) -> None:
    make(own_home)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("down", "enter")
        await until(pilot, lambda: app.current_mode == "train", "the Train screen")
        assert app.shown_run
        assert "exp1" in app.shown_run.id
        await until(pilot, lambda: app.monitor and app.monitor.ready, "the run")
        await shows(pilot, "finished")


async def test_a_removed_run_comes_back_and_is_gone_only_at_the_end(own_home: Path) -> None:
    _, second, third = make(own_home)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        app.show_run(third, switch=False)
        await pilot.press("delete")
        await shows(pilot, "2 runs")
        await until(pilot, lambda: not third.path.exists(), "the run in the trash")
        await until(pilot, lambda: app.shown_run is None, "no run is shown")
        await shows(pilot, "undo")
        await pilot.press("u")
        await shows(pilot, "3 runs")
        assert third.info().status == "finished"
        await until(pilot, lambda: runs(app).query_one(RowList).key == third.id, "the cursor")
        await pilot.press("down", "delete")
        await shows(pilot, "2 runs")
        trash = own_home / "saved" / ".trash"
        await until(pilot, lambda: len(list(trash.glob(f"*/{second.id}"))) == 1, "the other one")
    assert not (own_home / "saved" / ".trash").exists()
    assert not second.path.exists()
    assert third.path.exists()


async def test_a_run_that_goes_on_is_not_removed(own_home: Path) -> None:
    (run,) = make(own_home, 1)
    change(run, status="running", host="elsewhere", pid=1)
    async with KerasTui(launcher=FakeLauncher()).run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("R")
        await shows(pilot, "● running")
        await pilot.press("delete")
        await shows(pilot, "Stop it first")
        assert run.path.exists()


async def test_a_damaged_run_is_told_from_the_others(own_home: Path) -> None:
    first, _ = make(own_home, 2)
    (first.path / "run.json").write_text("{")
    async with KerasTui(launcher=FakeLauncher()).run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "damaged")
        await pilot.press("end", "enter")
        await pilot.pause(0.3)  # whatever that does, the list is still there
        await pilot.press("R")
        await shows(pilot, "damaged")
        await pilot.press("delete")
        await shows(pilot, " 1 run ")


async def test_a_search_finds_runs_by_name_and_state(own_home: Path) -> None:
    first, *_ = make(own_home)
    change(first, status="failed")
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("slash", *"failed")
        await until(
            pilot,
            lambda: [row.key for row in runs(app).query_one(RowList).shown] == [first.id],
            "the failed one",
        )
        await pilot.press("escape")
        await until(pilot, lambda: len(runs(app).query_one(RowList).shown) == 3, "all runs")


async def test_a_run_comes_back_though_a_search_hides_it(own_home: Path) -> None:
    made = make(own_home)
    app = KerasTui(launcher=FakeLauncher())
    async with app.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await shows(pilot, "3 runs")
        await pilot.press("delete")
        await shows(pilot, "2 runs")
        await pilot.press("slash", *"exp0", "enter", "u")
        await until(pilot, made[2].path.exists, "the run")
        await shows(pilot, "3 runs")
        await until(pilot, lambda: not list(app.workers), "the end of all work")
        assert not app.told


# The index


def test_only_what_changed_is_read_again(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = make(own_home, 40)
    index = RunIndex(Workspace(own_home / "saved"))
    assert index.refresh()
    assert len(index.records) == 40
    read: list[str] = []
    original = Run.info

    def counted(self: Run) -> RunInfo:
        read.append(self.id)
        return original(self)

    monkeypatch.setattr(Run, "info", counted)
    before = index.records
    assert not index.refresh()
    assert index.records is before
    assert read == []
    change(made[7], epoch=4)
    read.clear()
    assert index.refresh()
    assert read == [made[7].id]


def test_a_worker_that_is_gone_is_noticed_though_no_file_changed(own_home: Path) -> None:
    (run,) = make(own_home, 1)
    change(run, status="running", pid=os.getpid())
    index = RunIndex(Workspace(own_home / "saved"))
    index.refresh()
    assert index.records[0].status == "running"
    info = run.info()
    info.pid_started = 5.0  # the pid belongs to somebody else by now
    run.write_info(info)
    os.utime(run.path / "run.json", (1, 1))
    index.refresh()
    assert index.records[0].status == "lost"


def test_losses_are_read_for_those_who_ask_and_once(
    own_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = make(own_home, 2)
    append(first, "epochs", first=6, logs={"val_loss": [0.5] * 500}, seconds=1)
    index = RunIndex(Workspace(own_home / "saved"))
    index.refresh()
    assert index.read_losses([first.id])
    by_id = {record.run.id: record for record in index.records}
    assert 0 < len(by_id[first.id].loss) <= 60
    assert by_id[second.id].loss == ()
    assert not index.read_losses([first.id])
    assert index.read_losses(["no such run"]) is False


@pytest.mark.parametrize(
    ("figures", "best", "expected"),
    [
        ({"test.loss": 0.3, "test.accuracy": 0.9, "train.accuracy": 1}, {}, ("accuracy", 0.9)),
        ({"test.loss": 9.0, "test.mse": 9.0, "test.rmse": 3.0}, {}, ("mse", 9.0)),
        ({"prediction.1.class": "setosa"}, {"loss": [0.2, 3], "val_loss": [0.4, 2]},
         ("val_loss", 0.4)),
        ({}, {"learning_rate": [0.1, 1]}, None),
        ({}, {}, None),
    ],
)  # fmt: skip
def test_the_figure_that_tells_most_is_chosen(
    figures: dict[str, float | str],
    best: dict[str, list[float]],
    expected: tuple[str, float] | None,
) -> None:
    assert best_figure(RunInfo("id", "name", figures=figures, best=best)) == expected


def test_every_kind_of_run_makes_a_row(own_home: Path) -> None:
    index = RunIndex(Workspace(own_home / "saved"))
    for status in ("queued", "starting", "running", "paused", "finished", "failed", "unheard-of"):
        finished_run(own_home / "saved", f"run-{status}", status=status, started=None, ended=None)
    index.refresh()
    assert all(len(row(record).cells) == len(COLUMNS) for record in index.records)


@pytest.mark.parametrize(
    ("epoch", "epochs", "shown"),
    [(3, 150, "3/150"), (11_159, 100_000, "11,159/100k"), (99_999, 100_001, "99,999/100,001"),
     (123_456, 2_000_000, "123,456/2M")],
)  # fmt: skip
def test_epochs_of_long_runs_fit_their_column(
    own_home: Path, epoch: int, epochs: int, shown: str
) -> None:
    home = Workspace(own_home / "saved")
    finished_run(home.root, "long", status="paused", epoch=epoch, epochs=epochs, pid=os.getpid())
    index = RunIndex(home)
    index.refresh()
    change(index.records[0].run, epoch=epoch)
    index.refresh()
    assert str(row(index.records[0]).cells[5]) == shown


# The trash


def test_the_trash_of_a_session_that_crashed_is_emptied_by_the_next(own_home: Path) -> None:
    import socket

    (run,) = make(own_home, 1)
    root = own_home / "saved" / ".trash"
    dead, other = root / f"{socket.gethostname()}-{2**22 + 1}", root / "another-host-1"
    dead.mkdir(parents=True)
    other.mkdir()
    trash = Trash(Workspace(own_home / "saved"))
    assert trash.restore() is None
    trash.put(run)
    trash.empty()
    assert not dead.exists()
    assert other.exists()
    assert not run.path.exists()


def test_what_cannot_be_moved_stays_and_says_so(own_home: Path) -> None:
    (run,) = make(own_home, 1)
    (own_home / "saved" / ".trash").write_text("a file in the way")
    with pytest.raises(UserError, match="can't be removed"):
        Trash(Workspace(own_home / "saved")).put(run)
    assert run.info().status == "finished"
