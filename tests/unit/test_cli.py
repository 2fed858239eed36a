"""The command line: wrong usage, pure JSON, options, and following a run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.library import Library, OwnFile
from kerastui.models import shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs.events import encode
from kerastui.models.runs.store import CommandReader, Run, Workspace
from kerastui.tui import cli
from kerastui.tui.commands import follow, options, runs
from kerastui.tui.commands.output import UsageError, write_json

ESCAPE = "\x1b"


class Outcome:
    """What a command left: its exit code and what it wrote."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def kerastui(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run `kerastui` in this process, without a terminal."""

    def call(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["kerastui", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        assert ESCAPE not in out + err
        return Outcome(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that waits for a worker; the tests play the worker."""
    return Workspace(tmp_path / "lab").create(shipped.experiment("a13-learning-curves"))


def write(run: Run, event: str, **fields: Any) -> None:
    with run.events.open("ab") as stream:
        stream.write(encode(event, **fields))


def finish(run: Run, epochs: int) -> None:
    """Write what a worker writes at the end."""
    info = run.info()
    info.status, info.epoch, info.execution = "finished", epochs, "fast"
    info.figures = {"train.loss": 0.35, "validation.loss": 0.44}
    run.write_info(info)
    write(run, "finished", epoch=epochs, seconds=0.2)


# --- wrong usage ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exampels"], "Did you mean kerastui examples?"),
        (["run", "a05-ionosfere"], "Did you mean a05-ionosphere"),
        (["run", "nowhere.toml"], "can't be read"),
        (["run", "a13", "--set", "fit.epochs"], "--set takes PATH=VALUE"),
        (["run", "a13", "--set", "fit.epochs=many"], "fit.epochs"),
        (["run", "a13", "--set", "fit.epoch=3"], "fit.epoch"),
        (["run", "a13", "--set", "model.layers.7.units=3"], "model.layers.7.units"),
        (["run", "a13", "--execution", "quick"], "execution"),
        (["run", "a13", "--backend", "theano"], "backend"),
        (["run", "a13", "--seed", "-1"], "seed"),
        (["run"], "NAME|FILE"),
        (["run", "--colour"], "No such option"),
        (["a05"], "kerastui run a05"),
        (["--nonsense"], "There is no option --nonsense"),
        (["--workspace"], "--workspace needs a directory"),
        (["one", "two"], "opens one file"),
        (["data", "info", "irys"], "iris"),
        (["data", "fetch", "irys"], "iris"),
        (["runs", "show", "nothing"], "No run 'nothing'"),
        (["code", "a99-none"], "There is no example"),
        (["check"], "or all with --all"),
        (["check", "a05", "--all"], "or all with --all"),
        (["check", "a99-none"], "There is no example"),
    ],
)
def test_wrong_usage_is_told_in_plain_words_with_exit_code_2(
    kerastui: Any, words: list[str], said: str
) -> None:
    outcome = kerastui(*words)
    assert outcome.code == 2
    assert said in outcome.err
    assert outcome.out == ""


def test_a_file_needs_a_terminal_to_be_opened(kerastui: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("name = 'mine'")
    outcome = kerastui(str(file))
    assert outcome.code == 2
    assert f"kerastui run {file}" in outcome.err


def test_a_broken_file_is_told_by_place(kerastui: Any, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("name = \n")
    outcome = kerastui("run", str(file))
    assert outcome.code == 2
    assert "mine.toml is no valid TOML" in outcome.err
    assert "line 1" in outcome.err


def test_a_workspace_that_cannot_be_written_is_failed_work(kerastui: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    outcome = kerastui("run", "a13", "--workspace", str(tmp_path / "file"))
    assert outcome.code == 1
    assert "No run can be saved" in outcome.err


# --- what is listed -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [["examples", "--json"], ["runs", "--json"], ["runs", "list", "--json"], ["data", "--json"],
     ["data", "info", "mnist", "--json"]],
)  # fmt: skip
def test_json_is_alone_on_standard_output(kerastui: Any, words: list[str]) -> None:
    outcome = kerastui(*words)
    assert outcome.code == 0
    json.loads(outcome.out)


def test_examples_are_listed_with_their_figures(kerastui: Any) -> None:
    text = kerastui("examples").out
    assert "a05-ionosphere" in text
    assert "accuracy 0.94" in text
    listed = json.loads(kerastui("examples", "--json").out)
    trained = [entry["name"] for entry in listed if not entry["lab"]]
    assert trained == [entry.name for entry in shipped.index()]
    assert "b04-softmax" in {entry["name"] for entry in listed if entry["lab"]}


def test_the_help_names_every_command_and_the_app(kerastui: Any) -> None:
    text = kerastui("--help").out
    for command in cli.COMMANDS:
        assert command in text
    assert "Without a command kerastui opens the app" in text


def test_typer_knows_exactly_the_commands_of_the_fast_path() -> None:
    from typer.main import get_command

    from kerastui.tui.commands.root import app

    assert set(get_command(app).commands) == set(cli.COMMANDS)  # type: ignore[attr-defined]


def test_the_version_is_told(kerastui: Any) -> None:
    assert kerastui("--version").out.startswith("kerastui ")


def test_the_workspace_may_stand_before_the_command(kerastui: Any, run: Run) -> None:
    root = run.path.parent.parent
    before = kerastui("--workspace", str(root), "runs", "list").out
    assert run.id in before
    assert kerastui("runs", "--workspace", str(root), "list").code == 0
    assert run.id in kerastui("runs", "list", "--workspace", str(root)).out


def test_the_app_starts_without_what_only_the_commands_need() -> None:
    heavy = ["typer", "rich.progress", "pydantic", "tensorflow", "keras", "pandas", "sklearn"]
    program = (
        f"import sys, kerastui.tui.cli; print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m kerastui.tui.cli examples --json | head -1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert done.stdout == "[\n"
    assert done.stderr == ""


# --- options --------------------------------------------------------------------------------

PATHS = st.from_regex(r"[a-z_]+(\.[a-z0-9_]+){0,3}", fullmatch=True)


@given(PATHS, st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_and_truth_values_come_through(path: str, value: Any) -> None:
    written = str(value).lower() if isinstance(value, bool) else repr(value)
    integers_fit = not isinstance(value, int) or abs(value) < 2**63
    found = options.changes([f"{path}={written}"])[path]
    if integers_fit:
        assert found == value
        assert type(found) is type(value)


@given(PATHS, st.text(min_size=1))
def test_any_text_comes_through_in_quotes(path: str, text: str) -> None:
    quoted = json.dumps(text).replace("\x7f", "\\u007f")
    if "\\ud" not in quoted:
        assert options.changes([f"{path}={quoted}"]) == {path: text}


@given(PATHS, st.text())
def test_any_text_at_all_is_read_without_an_error(path: str, text: str) -> None:
    found = options.changes([f"{path}={text}"])
    assert list(found) == [path]
    json.dumps(found)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("adam", "adam"),
        ("[1, 2]", [1, 2]),
        ('{ type = "SGD", learning_rate = 0.1 }', {"type": "SGD", "learning_rate": 0.1}),
        ("1\nfit = 2", "1\nfit = 2"),
        ("2024-01-01", "2024-01-01"),
        ("a=b", "a=b"),
        ("", None),
    ],
)
def test_values_are_toml_or_text(text: str, value: Any) -> None:
    assert options.changes([f"x={text}"]) == {"x": value}


def test_a_change_without_a_path_is_refused() -> None:
    with pytest.raises(UserError, match="PATH=VALUE"):
        options.changes(["=3"])


def test_an_experiment_is_found_by_id_name_file_run_and_in_the_workspace(
    run: Run, tmp_path: Path
) -> None:
    from kerastui.models.experiment.toml import save

    wanted = shipped.experiment("a13-learning-curves")
    root = run.path.parent.parent
    save(wanted, root / "experiments" / "mine.toml")
    for source in (
        "a13",
        "a13-learning-curves",
        str(run.path),
        str(root / "experiments/mine.toml"),
    ):
        assert options.experiment(source) == wanted
    assert options.experiment("mine", root) == wanted


def test_json_never_holds_what_json_has_no_word_for(capsys: pytest.CaptureFixture[str]) -> None:
    write_json({"loss": float("nan"), "list": [float("inf"), 1.0]})
    assert json.loads(capsys.readouterr().out) == {"loss": None, "list": [None, 1.0]}


def test_usage_errors_are_user_errors() -> None:
    assert issubclass(UsageError, UserError)


# --- following a run ------------------------------------------------------------------------


@pytest.fixture
def pressed() -> Iterator[follow.Presses]:
    with follow.Presses() as presses:
        yield presses


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_run_is_followed_to_its_end(
    run: Run, pressed: follow.Presses, capsys: pytest.CaptureFixture[str]
) -> None:
    def work() -> None:
        write(run, "stage", stage="data", text="Preparing the data")
        write(run, "started", epochs=3, steps=1, execution="fast", why="small", device="CPU",
              rows={"train": 700})  # fmt: skip
        for epoch in (1, 2, 3):
            time.sleep(0.05)
            write(run, "epochs", first=epoch, logs={"loss": [1 / epoch]}, seconds=0.001)
        finish(run, 3)

    worker = threading.Thread(target=work)
    worker.start()
    ended = follow.follow(run, follow.Lines(Console(highlight=False)), pressed, own=True)
    worker.join()
    assert ended
    said = lines(capsys)
    assert said[0] == f"run {run.id}"
    assert "Preparing the data" in said
    epochs = [line for line in said if line.startswith("epoch")]
    assert [line.split()[1] for line in epochs] == ["1/3", "2/3", "3/3"]
    assert "loss 0.3333" in epochs[-1]


def test_thousands_of_epochs_are_thinned_but_the_last_is_told(
    run: Run, pressed: follow.Presses, capsys: pytest.CaptureFixture[str]
) -> None:
    write(run, "started", epochs=5000, steps=1)
    write(run, "epochs", first=1, logs={"loss": [0.5] * 5000}, seconds=1.0)
    finish(run, 5000)
    follow.follow(run, follow.Lines(Console(highlight=False)), pressed, own=True)
    epochs = [line for line in lines(capsys) if line.startswith("epoch")]
    assert len(epochs) < 10
    assert epochs[-1].startswith("epoch 5000/5000")


def test_the_first_press_stops_and_the_run_is_followed_to_its_end(
    run: Run, pressed: follow.Presses, capsys: pytest.CaptureFixture[str]
) -> None:
    write(run, "started", epochs=1000, steps=1)

    def work() -> None:
        commands = CommandReader(run.commands)
        while not (received := commands.read()):
            time.sleep(0.01)
        assert received[0]["event"] == "stop"
        info = run.info()
        info.status, info.epoch = "stopped", 4
        run.write_info(info)
        write(run, "stopped", epoch=4)

    worker = threading.Thread(target=work)
    worker.start()
    os.kill(os.getpid(), 2)
    ended = follow.follow(run, follow.Lines(Console(highlight=False)), pressed, own=True)
    worker.join()
    assert ended
    assert run.info().status == "stopped"
    assert any("press again to quit at once" in line for line in lines(capsys))


def test_the_second_press_kills(run: Run, pressed: follow.Presses) -> None:
    sleeper = subprocess.Popen(["sleep", "60"], start_new_session=True)
    info = run.info()
    info.status, info.pid = "running", sleeper.pid
    run.write_info(info)
    write(run, "started", epochs=1000, steps=1)
    os.kill(os.getpid(), 2)
    os.kill(os.getpid(), 2)
    assert not follow.follow(run, follow.Silent(), pressed, own=True)
    assert sleeper.wait(timeout=10) == -9


def test_leaving_another_process_run_does_not_stop_it(run: Run, pressed: follow.Presses) -> None:
    write(run, "started", epochs=1000, steps=1)
    os.kill(os.getpid(), 2)
    assert not follow.follow(run, follow.Silent(), pressed, own=False)
    assert not run.commands.exists()


def test_a_lost_worker_ends_the_following(run: Run, pressed: follow.Presses) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    info = run.info()
    info.status, info.pid, info.pid_started = "running", gone.pid, 1.0
    run.write_info(info)
    assert follow.follow(run, follow.Silent(), pressed, own=True)
    assert run.info().status == "lost"


def test_a_bar_survives_a_whole_run(run: Run, pressed: follow.Presses) -> None:
    import io

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    write(run, "stage", stage="data", text="Preparing [bold]the data")
    write(run, "started", epochs=3, steps=2)
    write(run, "batch", epoch=1, batch=1, batches=2, logs={"loss": 0.5})
    write(run, "epochs", first=1, logs={"loss": [0.5, 0.4, 0.3]}, seconds=0.1)
    write(run, "note", kind="early_stopping", epoch=3, text="no gain [red] since epoch 1")
    finish(run, 3)
    assert isinstance(shown := follow.view(console), follow.Bars)
    assert follow.follow(run, shown, pressed, own=True)
    assert "3/3" in stream.getvalue()
    assert "no gain [red] since epoch 1" in stream.getvalue()


# --- runs -----------------------------------------------------------------------------------


@pytest.fixture
def finished(run: Run) -> Run:
    write(run, "started", epochs=2, steps=1)
    write(run, "epochs", first=1, logs={"loss": [0.5, 0.35], "val_loss": [0.6, 0.44]}, seconds=1)
    finish(run, 2)
    return run


def test_a_file_that_only_names_an_own_file_gets_what_is_remembered(tmp_path: Path) -> None:
    own = OwnFile.model_validate(
        {"task": "binary", "target": ["y"], "file": {"path": "/rare.csv", "delimiter": "bar"}}
    )
    Library(tmp_path / "lab").add("rare", own)
    wanted = shipped.experiment("a05").changed(
        {"data.dataset": "rare", "data.target": [], "data.steps": []}
    )
    save(wanted, tmp_path / "e.toml")
    found = options.experiment(str(tmp_path / "e.toml"), tmp_path / "lab")
    assert found.data.file == own.file
    assert found.data.target == ["y"]
    # What is kept of a run needs the workspace no more.
    save(found, tmp_path / "whole.toml")
    assert options.experiment(str(tmp_path / "whole.toml"), tmp_path / "other") == found
    assert options.experiment(str(tmp_path / "e.toml"), tmp_path / "other") == wanted


def test_a_finished_run_is_shown_beside_the_published_figures(kerastui: Any, finished: Run) -> None:
    root = str(finished.path.parent.parent)
    text = kerastui("runs", "show", "last", "--workspace", root).out
    assert "finished after 2 epochs" in text
    assert text.count("✓ inside") == 3
    plain = json.loads(kerastui("runs", "show", "last", "--json", "--workspace", root).out)
    assert plain["run"] == finished.id
    assert plain["epochs"] == 2
    assert [entry["state"] for entry in plain["published"]] == ["inside"] * 3
    assert plain["published"][0]["got"] == 0.35


@pytest.mark.parametrize("command", ["pause", "continue", "stop", "kill"])
def test_what_has_ended_takes_no_commands(kerastui: Any, finished: Run, command: str) -> None:
    root = str(finished.path.parent.parent)
    outcome = kerastui("runs", command, finished.id, "--workspace", root)
    assert outcome.code == 1
    assert "finished" in outcome.err


@pytest.mark.parametrize("command", ["pause", "continue", "stop"])
def test_commands_reach_the_run(kerastui: Any, run: Run, command: str) -> None:
    root = str(run.path.parent.parent)
    assert kerastui("runs", command, run.id[-4:], "--workspace", root).code == 0
    assert [entry["event"] for entry in CommandReader(run.commands).read()] == [command]


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["pause"], {"asked": "pause"}),
        (["continue"], {"asked": "continue"}),
        (["stop"], {"asked": "stop"}),
        (["set", "--epochs", "50"], {"asked": "set", "epochs": 50}),
    ],
)
def test_json_says_what_was_asked_of_which_run(
    kerastui: Any, run: Run, words: list[str], asked: dict[str, Any]
) -> None:
    command, *options_ = words
    root = str(run.path.parent.parent)
    done = kerastui("runs", command, run.id, *options_, "--json", "--workspace", root)
    assert json.loads(done.out) == {"run": run.id, **asked}


def test_every_command_of_runs_takes_json() -> None:
    group = typer.main.get_group(runs.app)
    assert [
        name
        for name, command in group.commands.items()
        if not any("--json" in parameter.opts for parameter in command.params)
    ] == []


@pytest.mark.parametrize("words", [("--epochs", "99999999999"), ("--learning-rate", "inf")])
def test_what_no_worker_takes_is_not_asked_for(
    kerastui: Any, run: Run, words: tuple[str, str]
) -> None:
    place = ("--workspace", str(run.path.parent.parent))
    assert kerastui("runs", "set", run.id, *words, *place).code == 2
    assert CommandReader(run.commands).read() == []


def test_who_kills_on_another_host_is_told_that_the_worker_does_it(kerastui: Any, run: Run) -> None:
    info = run.info()
    info.status, info.pid, info.host = "running", 1, "far-away"
    run.write_info(info)
    outcome = kerastui("runs", "kill", run.id, "--workspace", str(run.path.parent.parent))
    assert outcome.code == 0
    assert "its worker on far-away" in outcome.out
    again = kerastui("runs", "kill", run.id, "--json", "--workspace", str(run.path.parent.parent))
    assert json.loads(again.out) == {"run": run.id, "asked": "kill", "ended": False}
    assert [entry["event"] for entry in CommandReader(run.commands).read()] == ["kill"] * 2


def test_numbers_are_set_while_it_trains(kerastui: Any, run: Run) -> None:
    place = ("--workspace", str(run.path.parent.parent))
    words = ("runs", "set", run.id[-4:], "--epochs", "50", "--learning-rate", "0.01")
    assert kerastui(*words, *place).code == 0
    asked = [(one["event"], one["value"]) for one in CommandReader(run.commands).read()]
    assert asked == [("set_epochs", 50), ("set_learning_rate", 0.01)]
    assert kerastui("runs", "set", run.id, *place).code == 2


def test_a_run_is_taken_up_again(
    kerastui: Any, finished: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []

    def launch(run: Run) -> int:
        started.append(run.id)
        return 7

    monkeypatch.setattr("kerastui.models.processes.launch.launch", launch)
    place = ("--workspace", str(finished.path.parent.parent))
    refused = kerastui("runs", "resume", "last", *place)
    assert refused.code != 0
    assert "how many more" in refused.err
    assert not started
    done = kerastui("runs", "resume", "last", "--more", "5", "--detach", "--json", *place)
    assert json.loads(done.out) == {"run": finished.id, "status": "queued", "pid": 7}
    assert started == [finished.id]
    assert finished.experiment().fit.epochs == finished.info().epochs
    assert "goes on" not in kerastui("runs", "resume", "last", *place).out


def test_a_substitute_and_unverified_data_are_said(kerastui: Any, finished: Run) -> None:
    root = str(finished.path.parent.parent)
    info = finished.info()
    info.data = {"dataset": "ionosphere", "substitute": "breast_cancer", "verified": True}
    finished.write_info(info)
    text = kerastui("runs", "show", "last", "--workspace", root).out
    assert "SUBSTITUTE DATA: breast_cancer stood in for ionosphere" in text
    info.data = {"dataset": "mnist", "substitute": None, "verified": False, "path": "/x/mnist.npz"}
    finished.write_info(info)
    assert "not verified" in kerastui("runs", "show", "last", "--workspace", root).out


def test_a_run_is_deleted_only_when_it_has_ended(kerastui: Any, run: Run) -> None:
    root = str(run.path.parent.parent)
    refused = kerastui("runs", "rm", run.id, "--yes", "--workspace", root)
    assert refused.code == 1
    assert "still running" in refused.err
    finish(run, 1)
    done = kerastui("runs", "rm", run.id, "--yes", "--json", "--workspace", root)
    assert json.loads(done.out) == {"asked": "rm", "runs": [run.id], "failed": {}}
    assert not run.path.exists()


def test_a_run_that_still_runs_keeps_no_other_from_being_deleted(
    kerastui: Any, run: Run, tmp_path: Path
) -> None:
    root = str(tmp_path / "lab")
    finished = Workspace(Path(root)).create(run.experiment())
    finish(finished, 1)
    ids = [run.id, finished.id, finished.id]
    done = kerastui("runs", "rm", *ids, "--yes", "--json", "--workspace", root)
    assert done.code == 1
    told = json.loads(done.out)
    assert told["runs"] == [finished.id]
    assert list(told["failed"]) == [run.id]
    assert "still running" in told["failed"][run.id]
    assert run.path.exists()
    assert not finished.path.exists()


def test_a_damaged_run_does_not_hide_the_others(kerastui: Any, finished: Run) -> None:
    broken = finished.path.parent / "20200101-000000-broken-0000"
    broken.mkdir()
    (broken / "run.json").write_text('{"id"')
    root = str(finished.path.parent.parent)
    listed = kerastui("runs", "--workspace", root)
    assert finished.id in listed.out
    assert f"Damaged: {broken.name}." in listed.err
    assert "run.json: it is damaged" in kerastui("runs", "show", "0000", "--workspace", root).err
    assert kerastui("runs", "rm", "0000", "--workspace", root).code == 0
    assert not broken.exists()
    assert kerastui("runs", "--workspace", root).err == ""


def test_code_takes_a_run_by_its_id_and_writes_notebooks(
    kerastui: Any, run: Run, tmp_path: Path
) -> None:
    workspace = str(run.path.parents[1])
    printed = kerastui("code", run.id, "--workspace", workspace)
    assert printed.code == 0
    assert "import keras" in printed.out
    target = tmp_path / "run.ipynb"
    assert kerastui("code", run.id, "--workspace", workspace, "-o", str(target)).code == 0
    held = json.loads(target.read_text())
    assert held["cells"][0]["cell_type"] == "markdown"
