"""The filter of runs: what it finds is what a plain predicate finds, and it never breaks."""

from __future__ import annotations

import contextlib
import math
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.settings import decisive, flat
from kerastui.models.runs import facts as run_facts
from kerastui.models.runs import filter as run_filter
from kerastui.models.runs import notes as run_notes
from kerastui.models.runs.facts import Fact
from kerastui.models.runs.notes import Notes
from kerastui.models.runs.store import RunInfo

DAY = 86400.0


def facts(name: str = "a05", **changes: Any) -> dict[str, Fact]:
    info = RunInfo(id=f"x-{name}", name=name, status="finished", created=1.7e9, started=1.7e9,
                   ended=1.7e9 + 90, epoch=50, figures={"test.accuracy": 0.95, "test.loss": 0.2},
                   best={"val_loss": [0.1, 7]})  # fmt: skip
    for field, value in changes.items():
        setattr(info, field, value)
    settings = flat(decisive(shipped.experiment(name)))
    return run_facts.of(info, Notes(("best",), "a note", True), settings, 1.7e9 + 2 * DAY)


def fits(expression: str, known: dict[str, Fact]) -> bool:
    every = [known]
    wanted = run_filter.read(expression, run_filter.known(every), run_filter.kinds_of(every))
    return wanted.fits(known)


@pytest.mark.parametrize(
    "expression",
    [
        "acc>0.9", "acc>90%", "test.accuracy=0.95", "loss<0.3", "loss=binary_crossentropy",
        "dataset=ionosphere", "status=finished", "optimizer=adam", "optimizer=ADAM", "lr=0.001",
        "fit.epochs>=150", "epochs=50", "tag:best", "tag=best|worst", "name~05", "age<3d",
        "age>47h", "took<2min", "took>=90", "pinned", "pinned=yes", "created>=2023-11",
        "created=2023-11-14", "note~NOTE", "variant=missing",
        "status!=failed", "name!~iris", "model.layers.0.units=10", "batch=32", "shuffle=yes",
        "best.val_loss<=0.1", "val_loss<1", "substitute=no", "",
        "acc>0.9 dataset=iris|ionosphere status=finished tag:best age<1w pinned",
    ],
)  # fmt: skip
def test_conditions_that_hold(expression: str) -> None:
    assert fits(expression, facts())


@pytest.mark.parametrize(
    "expression",
    ["acc<0.9", "dataset=iris", "tag:worst", "tag!=best", "age<1d", "optimizer=sgd", "name~iris",
     "status=failed|lost", "acc=missing", "variant=x", "variant!=x", "variant!=x|missing",
     "pinned=no", "took>2min", "created>=2024", "acc>0.9 epochs>60"],
)  # fmt: skip
def test_conditions_that_do_not_hold(expression: str) -> None:
    assert not fits(expression, facts())


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("acuracy>0.9", "Did you mean accuracy"),
        ("optmizer=adam", "Did you mean optimizer"),
        ("units=10", "Write one of them in full"),
        ("acc>high", "is a number"),
        ("acc~9", "no parts of a text"),
        ("age<2", "age<2d"),
        ("age<soon", "is a time"),
        ("created>yesterday", "is a date"),
        ("pinned>1", "pinned=yes"),
        ("acc>", "a value is wanted"),
        ("finished", "has no sign"),
        ("=5", "is no condition"),
        ("sort:nothing", "No run has anything"),
    ],
)
def test_what_is_wrong_is_said_with_what_would_be_accepted(expression: str, words: str) -> None:
    with pytest.raises(UserError) as caught:
        fits(expression, facts())
    assert words in f"{caught.value.message} {caught.value.hint}"


def test_a_run_without_tags_has_other_tags() -> None:
    known = facts() | {"tag": ()}
    assert fits("tag!=best tag=missing", known)
    assert not fits("tag:best", known)


def test_short_names_are_told() -> None:
    every = [facts()]
    wanted = run_filter.read("acc>0.5 status=finished sort:loss", run_filter.known(every))
    assert wanted.told() == "acc is test.accuracy, loss is test.loss"
    assert wanted.sort == "test.loss"


def test_a_metric_is_the_figure_that_most_runs_have() -> None:
    validated = {"validation.accuracy": 0.5}
    every: list[dict[str, Fact]] = [{"test.accuracy": 0.5}, dict(validated), dict(validated)]
    assert run_filter.resolve("acc", run_filter.known(every)) == "validation.accuracy"


def test_the_order_is_the_best_first() -> None:
    every: list[tuple[str, dict[str, Fact]]] = [
        ("a", {"test.accuracy": 0.5, "test.loss": 3.0, "name": "zebra"}),
        ("b", {"test.accuracy": 0.9, "test.loss": 1.0, "name": "Ape"}),
        ("c", {"test.accuracy": math.nan, "name": "bear"}),
        ("d", {"test.accuracy": 0.7, "test.loss": 2.0, "name": "cat"}),
    ]
    only = [known for _, known in every]

    def order(text: str) -> str:
        return "".join(run_filter.order(run_filter.read(text, run_filter.known(only)), every))

    assert order("sort:acc") == "bdac"
    assert order("sort:-acc") == "adbc"
    assert order("sort:loss") == "bdac"
    assert order("sort:name") == "bcda"
    assert order("acc>0.6 sort:-loss") == "db"
    assert order("") == "abcd"


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip
NUMBERS = st.integers(-5, 5) | st.floats(-1e6, 1e6, allow_nan=False)
RUNS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "test.accuracy": NUMBERS,
            "fit.epochs": NUMBERS,
            "name": st.sampled_from(["iris", "Iris", "mnist", "a b"]),
            "tag": st.lists(st.sampled_from(["best", "old"]), unique=True).map(tuple),
        },
    ),
    max_size=6,
)


COMPARED = st.tuples(
    st.sampled_from(["test.accuracy", "fit.epochs"]), st.sampled_from(sorted(SIGNS)), NUMBERS
)


@given(
    RUNS,
    st.lists(COMPARED, max_size=3),
    st.sampled_from(["", "iris", "MNIST", "s"]),
    st.sampled_from(["", "best", "old"]),
)
def test_it_finds_what_a_plain_predicate_finds(
    runs: list[dict[str, Any]], compared: list[tuple[str, str, float]], part: str, tag: str
) -> None:
    words = [f"{name}{sign}{value!r}" for name, sign, value in compared]
    words += [f"name~{part}"] * bool(part) + [f"tag:{tag}"] * bool(tag)
    names = run_filter.known([*runs, {"test.accuracy": 1.0, "fit.epochs": 1.0}])
    wanted = run_filter.read(" ".join(words), names)

    def plainly(run: dict[str, Any]) -> bool:
        return (
            all(name in run and SIGNS[sign](run[name], value) for name, sign, value in compared)
            and (not part or part.lower() in run.get("name", "").lower())
            and (not tag or tag in run.get("tag", ()))
        )

    assert [wanted.fits(run) for run in runs] == [plainly(run) for run in runs]


@given(
    st.text(max_size=60)
    | st.lists(
        st.sampled_from(
            ["acc", "age", "tag", "sort", ":", "-", "=", "!=", "<", ">=", "~", "!~", "|", '"', " ",
             "0.9", "%", "nan", "inf", "1e999", "2d", "missing", "created", "2026-01-01", "T",
             "pinned", "name", "−", "\x00", "İ"]
        ),
        max_size=12,
    ).map("".join)
)  # fmt: skip
def test_whatever_is_typed_ends_in_an_answer_or_a_sentence(text: str) -> None:
    every = [(str(n), run) for n, run in enumerate((facts(), {"tag": (), "acc": "x"}))]
    only = [run for _, run in every]
    with contextlib.suppress(UserError):
        wanted = run_filter.read(text, run_filter.known(only), run_filter.kinds_of(only))
        run_filter.order(wanted, every)


def test_notes_are_kept_and_hostile_ones_are_not_believed(tmp_path: Path) -> None:
    assert run_notes.read(tmp_path) == run_notes.NONE
    run_notes.write(tmp_path, run_notes.NONE)
    assert not (tmp_path / "notes.json").exists()
    notes = Notes(run_notes.tags("best, second best"), "worth a look", True)
    run_notes.write(tmp_path, notes)
    assert run_notes.read(tmp_path) == notes == Notes(("best", "second"), "worth a look", True)
    for text in ("[]", "{", '{"tags": [1, "a b", "ok", "x\\u001b"], "note": 7, "pinned": "yes"}',
                 "[" * 100_000, '{"note": "' + "x" * 10_000 + '"}'):  # fmt: skip
        (tmp_path / "notes.json").write_text(text)
        read = run_notes.read(tmp_path)
        assert set(read.tags) <= {"ok"}
        assert len(read.note) <= run_notes.LONGEST_NOTE
        assert read.pinned is False
    (tmp_path / "notes.json").write_text('{"note": "a\\u001b[2J\\nb"}')
    assert run_notes.read(tmp_path).note == "a [2J\nb"


@pytest.mark.parametrize("text", ["a=b", "a:b", "x" * 41, " ".join(f"t{n}" for n in range(21))])
def test_tags_that_could_not_be_found_are_refused(text: str) -> None:
    with pytest.raises(UserError):
        run_notes.tags(text)
