"""Calling the user: what is written to the terminal, which command is started, by whom."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.runs.store import Workspace
from kerastui.tui import notify, settings
from kerastui.tui.notify import Call, Wishes

CALL = Call("ended", "20260101-iris", "iris finished: accuracy 0.98", "Trained for 150 epochs.")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"TERM": "xterm-256color"}, "\a"),
        ({"TERM": "xterm-kitty"}, "\a\x1b]9;iris finished: accuracy 0.98\x1b\\"),
        ({"TERM": "xterm", "LC_TERMINAL": "iTerm2"}, "\a\x1b]9;iris finished: accuracy 0.98\x1b\\"),
        ({"TERM": "foot"},
         "\a\x1b]777;notify;iris finished: accuracy 0.98;Trained for 150 epochs.\x1b\\"),
        ({"TERM_PROGRAM": "WezTerm"},
         "\a\x1b]777;notify;iris finished: accuracy 0.98;Trained for 150 epochs.\x1b\\"),
        ({"TERM": "tmux-256color", "TERM_PROGRAM": "tmux", "KITTY_WINDOW_ID": "1", "TMUX": "/x"},
         "\a\x1bPtmux;\x1b\x1b]9;iris finished: accuracy 0.98\x1b\x1b\\\x1b\\"),
        ({"TERM": "tmux-256color", "LC_TERMINAL": "iTerm2", "SSH_TTY": "/dev/pts/1"},
         "\a\x1bPtmux;\x1b\x1b]9;iris finished: accuracy 0.98\x1b\x1b\\\x1b\\"),
        ({"TERM": "screen", "KITTY_WINDOW_ID": "1", "STY": "1.x"},
         "\a\x1bP\x1b]9;iris finished: accuracy 0.98\a\x1b\\"),
    ],
)  # fmt: skip
def test_a_terminal_gets_what_it_knows(environment: dict[str, str], expected: str) -> None:
    assert notify.sequences(CALL, Wishes(), environment) == expected


def test_wishes_decide_what_is_written() -> None:
    kitty = {"TERM": "xterm-kitty"}
    assert notify.sequences(CALL, Wishes(bell=False, desktop="off"), kitty) == ""
    assert notify.sequences(CALL, Wishes(desktop="off"), kitty) == "\a"
    assert "]777;" in notify.sequences(CALL, Wishes(desktop="osc 777"), {})


def test_text_can_not_leave_its_sequence() -> None:
    bad = Call("ended", "x", "a\x1b\\b\ac;d\x9d\u202e", "e" * 5000)
    text = notify.sequences(bad, Wishes(bell=False, desktop="osc 777"), {})
    assert text.count("\x1b") == 2
    assert "\a" not in text
    assert text.count(";") == 3
    assert len(text) < 500


def test_wishes_survive_the_settings_and_nonsense_there() -> None:
    assert Wishes.load() == Wishes()
    wishes = Wishes(("failed", "nan"), bell=False, desktop="osc 9", command="true")
    wishes.save()
    assert Wishes.load() == wishes
    settings.save(notify={"when": "ended", "bell": 3, "desktop": "smoke", "command": None})
    assert Wishes.load() == Wishes()
    settings.save(notify=["ended"])
    assert Wishes.load() == Wishes()
    settings.save(notify={"when": ["overfit", "weather", 4]})
    assert Wishes.load().when == ("overfit",)


def test_a_command_gets_the_words_and_no_shell(tmp_path: Path) -> None:
    target = tmp_path / "got"
    program = tmp_path / "program.py"
    program.write_text(
        "import json, os, sys\n"
        f"json.dump([sys.argv[1:], sys.stdin.read(), {{k: v for k, v in os.environ.items() "
        f"if k.startswith('KERASTUI_')}}], open({str(target)!r} + '.new', 'w'))\n"
        f"os.rename({str(target)!r} + '.new', {str(target)!r})\n"
    )
    hostile = Call("nan", "r", "$(touch bad); `x` \"'", "two\nlines")
    notify.run_command(hostile, f"{sys.executable} {program} {{title}} 'a b' {{event}}")
    end = time.monotonic() + 30
    while not target.exists():
        assert time.monotonic() < end, "the command never ran"
        time.sleep(0.02)
    words, text, names = json.loads(target.read_text())
    assert words == ["$(touch bad); `x` \"'", "a b", "nan"]
    assert text == "two\nlines\n"
    assert names["KERASTUI_SUMMARY"] == "two\nlines"
    assert names["KERASTUI_EVENT"] == "nan"


@pytest.mark.parametrize("command", ["no-such-program-anywhere {title}", "'open quote", "/"])
def test_a_command_that_can_not_start_is_told(command: str) -> None:
    with pytest.raises(UserError, match="command for notifications"):
        notify.run_command(CALL, command)


def test_a_command_that_can_not_start_keeps_nobody_from_the_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Workspace(tmp_path).create(shipped.experiment("a05"))
    info = run.stored()
    info.status, info.started, info.ended = "finished", 1.0, 60.0
    run.write_info(info)
    Wishes(command="/nonexistent/program {title}").save()
    notify.call_from_terminal(run)
    assert "/nonexistent/program" in capsys.readouterr().err


def test_an_empty_command_is_none() -> None:
    notify.run_command(CALL, "   ")


def test_only_the_first_watcher_runs_the_command(tmp_path: Path) -> None:
    assert notify.claim(tmp_path, CALL, 12.5)
    assert not notify.claim(tmp_path, CALL, 12.5)
    assert notify.claim(tmp_path, CALL, 13.5), "it ended once more"
    assert notify.claim(tmp_path, Call("nan", "r", "t", "s"), 12.5)
    assert notify.claim(tmp_path / "gone", CALL, 1.0), "rather twice than never"
