"""The event log and the history built from it."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from kerastui.models.runs.events import Event, EventReader, decode, encode
from kerastui.models.runs.history import Best, History, lower_is_better

numbers = st.floats(width=32)


def event(kind: str, **fields: object) -> Event:
    decoded = decode(encode(kind, **fields))
    assert decoded is not None
    return decoded


@given(st.dictionaries(st.text(max_size=8), st.lists(numbers, max_size=4), max_size=3))
def test_any_number_survives_a_line(logs: dict[str, list[float]]) -> None:
    line = encode("epochs", first=1, logs=logs)
    assert line.count(b"\n") == 1
    decoded = decode(line)
    assert decoded is not None
    for name, values in logs.items():
        for got, sent in zip(decoded["logs"][name], values, strict=True):
            assert got == sent or (math.isnan(got) and math.isnan(sent))


@given(st.binary(max_size=60))
def test_damaged_lines_are_passed_over(line: bytes) -> None:
    decode(line)


@given(
    st.lists(
        st.builds(
            lambda line, at, damage: line[:at] + damage + line[at + len(damage) :],
            st.builds(lambda logs: encode("epochs", first=1, logs=logs)[:-1],
                      st.dictionaries(st.text(max_size=5), st.lists(st.floats(), max_size=3))),
            st.integers(0, 90),
            st.binary(max_size=3)
            | st.sampled_from([b"", b"NaN", b"},{", b"1e999", b'"', b"\\ud8"]),
        ),
        max_size=4,
    )
)  # fmt: skip
def test_reader_reads_line_by_line_whatever_is_damaged(lines: list[bytes]) -> None:
    block = b"".join(line + b"\n" for line in lines)
    with tempfile.NamedTemporaryFile() as log:
        log.write(block)
        log.flush()
        read = EventReader(Path(log.name)).read()
    told = [found for line in block.splitlines() if (found := decode(line)) is not None]
    assert repr(read) == repr(told)


def test_reader_waits_for_a_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    assert reader.read() == []
    line = encode("checkpoint", epoch=3)
    path.write_bytes(line + line[:10])
    assert [entry["event"] for entry in reader.read()] == ["checkpoint"]
    assert reader.read() == []
    with path.open("ab") as stream:
        stream.write(line[10:] + b'{"v":99,"event":"future"}\nnonsense\n')
    assert len(reader.read()) == 1


def test_reader_takes_a_long_line_beyond_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(encode("epochs", first=1, logs={"loss": [0.5] * 1000}) * 3)
    reader = EventReader(path)
    read = []
    while events := reader.read(limit=64):
        read += events
    assert len(read) == 3


def test_reader_goes_on_behind_a_damage_of_any_length(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = encode("checkpoint", epoch=3)
    path.write_bytes(line + b"\0" * 1000 + b"\n" + b"nonsense\n" * 50 + line)
    reader = EventReader(path)
    read = []
    while events := reader.read(limit=64):
        read += events
    assert len(read) == 2


def test_reader_starts_again_when_the_log_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = EventReader(path)
    path.write_bytes(encode("checkpoint", epoch=1) * 3)
    assert len(reader.read()) == 3
    path.write_bytes(encode("checkpoint", epoch=2))
    assert [entry["epoch"] for entry in reader.read()] == [2]


def test_history_of_a_run() -> None:
    history = History()
    history.apply(event("stage", stage="build", text="building the model"))
    assert history.status == "starting"
    history.apply(event("started", epochs=4, steps=8))
    history.apply(event("batch", epoch=1, batch=3, batches=8, logs={"loss": 0.9}))
    assert (history.batch, history.steps, history.batch_logs) == (3, 8, {"loss": 0.9})
    history.apply(
        event("epochs", first=1, seconds=2.0,
              logs={"loss": [0.9, 0.5, 0.7], "val_loss": [1.0, math.nan, 0.8]})
    )  # fmt: skip
    assert history.epoch == 3
    assert history.best("loss") == Best(0.5, 2)
    assert history.best("val_loss") == Best(0.8, 3)
    assert history.seconds_left() is None, "the first report holds the tracing"
    history.apply(event("epochs", first=4, seconds=0.5, logs={"loss": [0.6], "val_loss": [0.9]}))
    assert history.seconds_per_epoch == 0.5
    assert history.seconds_left() == 0.0
    history.apply(event("paused", epoch=4))
    assert history.status == "paused"
    history.apply(event("finished", epoch=4))
    assert history.status == "finished"
    assert history.seconds_left() is None


def test_history_that_goes_on_from_an_earlier_epoch_drops_what_came_after() -> None:
    history = History()
    history.apply(event("started", epochs=5))
    history.apply(event("epochs", first=1, logs={"loss": [3.0, 2.0, 1.0]}, seconds=3.0))
    history.apply(event("started", epochs=5, initial_epoch=1))
    assert list(history.series["loss"]) == [3.0]
    assert history.best("loss") == Best(3.0, 1)
    history.apply(event("epochs", first=2, logs={"loss": [2.5], "extra": [1.0]}))
    assert list(history.series["loss"]) == [3.0, 2.5]
    assert math.isnan(history.series["extra"][0])


sound = st.floats() | st.integers(-3, 3)
odd = st.lists(sound | st.none() | st.booleans() | st.just(10**400), max_size=2)
odd_logs = st.fixed_dictionaries({"loss": odd}, optional={"accuracy": odd})
others = st.one_of(
    st.builds(lambda to: event("rewound", epoch=to, text="again"), st.integers(0, 9)),
    st.builds(lambda to: event("started", epochs=9, initial_epoch=to), st.integers(0, 9)),
    st.builds(lambda to: {**event("note", epoch=to), "kind": "epochs", "epochs": 7},
              st.integers(0, 9)),
    st.builds(event, st.sampled_from(["paused", "resumed", "checkpoint", "finished", "queued"])),
)  # fmt: skip


@st.composite
def _logs_of_runs(draw: st.DrawFn) -> list[Event]:
    """Events as a worker writes them, among them some that none would write."""
    first, found = 1, [event("epochs", first=1, logs={"loss": [1.0]}, seconds=1.0)]
    for kind in draw(st.lists(st.sampled_from(["rows", "batch", "odd", "other"]))):
        if kind == "rows":
            for row in draw(st.lists(st.tuples(sound, st.floats(-3, 3)), max_size=4)):
                first += 1
                logs = {"loss": [row[0]], "accuracy": [row[1]]}
                found.append(event("epochs", first=first, logs=logs, seconds=abs(row[1])))
        elif kind == "batch":
            found.append(event("batch", batch=draw(st.integers(0, 9)), batches=9, logs={"loss": 1}))
        elif kind == "odd":
            first += draw(st.integers(0, 2))
            found.append(event("epochs", first=first, logs=draw(odd_logs)))
        else:
            found.append(draw(others))
            first = draw(st.integers(1, first))
    return found


def _applied(events: list[Event], *, together: bool) -> object:
    history = History()
    try:
        for some in [events] if together else [[one] for one in events]:
            history.apply_all(some)
    except OverflowError:
        return "no float holds it"
    state = {
        name: repr(sorted(value.items()) if isinstance(value, dict) else value)
        for name, value in vars(history).items()
    }
    return state, history.metrics


def _rows(*rows: tuple[int, dict[str, list[float]]]) -> list[Event]:
    return [event("epochs", first=first, logs=logs, seconds=0.1) for first, logs in rows]


begun = [*_rows((1, {"loss": [4]})), event("paused")]
batch = event("batch", batch=2, batches=5, logs={"loss": 0.5})


@given(_logs_of_runs())
@example([event("started", epochs=3), *_rows((1, {"loss": [2]}), (2, {"loss": [1]}))])
@example(begun + _rows((2, {"loss": [2]}), (9, {"loss": [1]})))
@example(begun + _rows((2, {"loss": [2, 2]}), (3, {"loss": [1]})))
@example(begun + _rows((2, {"loss": [2]}), (3, {"loss": [1], "mae": [2]})))
@example([*begun, *_rows((2, {"loss": [2]}), (3, {"loss": [1]})), batch])
def test_events_say_the_same_together_and_one_by_one(events: list[Event]) -> None:
    assert _applied(events, together=True) == _applied(events, together=False)


def test_validation_stands_beside_its_metric() -> None:
    history = History()
    logs = {"loss": [1], "accuracy": [1], "val_loss": [1], "val_accuracy": [1]}
    history.apply(event("epochs", first=1, logs={**logs, "learning_rate": [0.1]}))
    assert history.metrics == ["loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"]


def test_direction_of_metrics() -> None:
    assert lower_is_better("val_loss")
    assert lower_is_better("mae")
    assert not lower_is_better("val_binary_accuracy")
    assert not lower_is_better("auc")


def test_history_of_sixty_thousand_epochs_in_chunks_is_linear() -> None:
    history = History()
    for first in range(1, 60_001, 1000):
        history.apply(event("epochs", first=first, logs={"loss": [1 / first] * 1000}))
    assert history.epoch == 60_000
    assert history.series["loss"].itemsize * len(history.series["loss"]) == 480_000
