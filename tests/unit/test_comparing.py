"""Runs side by side: what differs and nothing else, and the best of each figure."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment import differences
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import save
from kerastui.models.runs import comparing, timeline
from kerastui.models.runs.events import encode
from kerastui.models.runs.store import Run, RunInfo, Workspace
from kerastui.tui.screens.compare.curves import by_time, over_time


def base() -> Experiment:
    return shipped.experiment("a05")


def told(*experiments: Experiment) -> dict[str, tuple[str, ...]]:
    return {one.words: one.values for one in differences.between(experiments)}


def test_what_is_the_same_is_not_told() -> None:
    written = base().changed(
        {
            "compile.optimizer": {"type": "Adam", "learning_rate": 0.001},
            "compile.loss": "BinaryCrossentropy",
            "model.layers.0.kernel_initializer": "HeNormal",
            "model.layers.0.use_bias": True,
            "title": "another title",
        }
    )
    assert told(base(), written) == {}


def test_plain_words_and_values() -> None:
    other = base().changed(
        {
            "fit.batch_size": "all",
            "seed": 7,
            "data.split.test": 0.2,
            "compile.optimizer": {"type": "SGD", "learning_rate": 0.1},
            "callbacks": [{"type": "EarlyStopping", "patience": 5}],
        }
    )
    assert told(base(), other) == {
        "seed": ("1", "7"),
        "split · test": ("0.33", "0.2"),
        "optimizer": ("Adam", "SGD learning rate 0.1"),
        "batch size": ("32", "all"),
        "callback 1 EarlyStopping": ("–", "EarlyStopping patience 5"),
    }
    faster = base().changed({"compile.optimizer.learning_rate": 0.01})
    assert told(base(), faster) == {"optimizer · learning rate": ("0.001", "0.01")}


def test_of_an_own_file_beside_a_catalogue_set_only_what_was_chosen() -> None:
    own = base().changed(
        {"data.dataset": "mine", "data.file": {"path": "/mine.csv", "decimal": ","}}
    )
    assert told(base(), own) == {
        "data set": ("ionosphere", "mine"),
        "file · path": ("–", "/mine.csv"),
        "file · decimal": ("–", ","),
    }
    bars = own.changed({"data.file.delimiter": "bar"})
    assert told(own, bars) == {"file · delimiter": (",", "|")}
    assert told(base(), own, bars)["file · delimiter"] == ("–", ",", "|")


def test_a_layer_more_is_one_line() -> None:
    layers = [dict(layer) for layer in base().plain()["model"]["layers"]]
    more = base().changed(
        {"model.layers": [layers[0], {"type": "Dropout", "rate": 0.5}, *layers[1:]]}
    )
    assert told(base(), more) == {"layer 2 Dropout": ("–", "Dropout 0.5")}
    assert told(more, base()) == {"layer 2 Dropout": ("Dropout 0.5", "–")}
    wider = base().changed({"model.layers.1.units": 16})
    assert told(base(), more, wider) == {
        "layer 2 Dropout": ("–", "Dropout 0.5", "–"),
        "layer 2 Dense · units": ("8", "8", "16"),
    }
    others = base().changed({"model.layers.1": {"type": "LSTM", "units": 4}})
    assert told(base(), others) == {
        "layer 2": ("Dense 8 relu kernel initializer HeNormal", "LSTM 4"),
    }


def test_very_many_layers_are_laid_side_by_side_too() -> None:
    many = base().changed({"model.layers": [{"type": "Dense", "units": n} for n in range(1, 701)]})
    plain = [{"type": "Dense", "units": n} for n in range(1, 701) if n != 350]
    assert list(told(many, base().changed({"model.layers": plain}))) == ["layer 350 Dense"]


@given(st.lists(st.sampled_from(["Dense", "Dropout", "Flatten"]), max_size=9),
       st.lists(st.sampled_from(["Dense", "Dropout", "Flatten"]), max_size=9))  # fmt: skip
def test_an_alignment_keeps_every_entry_in_order(one: list[str], other: list[str]) -> None:
    left: list[Any] = [{"type": name} for name in one]
    right: list[Any] = [{"type": name} for name in other]
    pairs = differences._pairs(left, right)
    assert [i for i, _ in pairs if i is not None] == list(range(len(one)))
    assert [j for _, j in pairs if j is not None] == list(range(len(other)))
    assert (0, None) not in pairs[1:] or one != other


def make(root: Path, name: str, experiment: Experiment | None = None, **info: Any) -> Run:
    run = Run(Workspace(root).runs_folder / name)
    run.path.mkdir(parents=True)
    run.write_info(RunInfo(id=name, name="a05-ionosphere", status="finished", **info))
    save(experiment or base(), run.path / "experiment.toml")
    loss = [1.0 / n for n in range(1, 5)]
    run.events.write_bytes(
        encode("started", epochs=4, initial_epoch=0, steps=2)
        + encode("epochs", first=1, logs={"loss": loss, "val_accuracy": loss}, seconds=2.0)
        + encode("finished", epoch=4)
    )
    return run


def test_the_best_goes_by_the_metric(tmp_path: Path) -> None:
    runs = [
        make(tmp_path, "a", figures={"test.loss": 0.3, "test.accuracy": 0.9, "test.mae": math.nan}),
        make(
            tmp_path, "b", figures={"test.loss": 0.2, "test.accuracy": 0.8}, versions={"keras": "4"}
        ),
        make(tmp_path, "c", figures={"test.loss": 0.2, "test.accuracy": 0.9, "test.mae": 1.0}),
    ]
    found = comparing.compare(runs)
    rows = {row.path: row for row in found.figures}
    assert rows["test.loss"].best == {1, 2}
    assert rows["test.accuracy"].best == {0, 2}
    assert rows["test.mae"].best == frozenset()  # one figure has nothing to be better than
    assert rows["best.val_accuracy"].best == frozenset()  # all are equal
    assert rows["epochs"].best == frozenset()
    assert [row.path for row in found.figures][:2] == ["test.accuracy", "test.mae"]
    assert found.settings == ()
    assert [one.words for one in found.circumstances] == ["keras"]
    plain = json.loads(json.dumps(comparing.as_json(found)))
    assert plain["figures"][0]["best"] == ["a", "c"]
    assert plain["circumstances"][0]["values"] == {"a": "–", "b": "4", "c": "–"}


def test_caution_where_the_figures_speak_of_different_things(tmp_path: Path) -> None:
    first, same = make(tmp_path, "a"), make(tmp_path, "b")
    seeded = make(tmp_path, "c", base().changed({"seed": 2}))
    other = make(tmp_path, "d", shipped.experiment("a06"))
    assert comparing.compare([first, same]).caution == ""
    assert "another split" in comparing.compare([first, seeded]).caution.lower()
    assert "data differ" in comparing.compare([first, other]).caution


def test_none_is_the_best_on_different_data(tmp_path: Path) -> None:
    first, same, other = (
        make(tmp_path, name, experiment, figures={"test.loss": loss})
        for name, experiment, loss in (
            ("a", base(), 0.3), ("b", base(), 0.2), ("c", shipped.experiment("a06"), 0.1),
        )
    )  # fmt: skip
    assert comparing.compare([first, same]).figures[0].best == {1}
    assert not any(row.best for row in comparing.compare([first, same, other]).figures)


def test_one_run_or_nine_are_refused(tmp_path: Path) -> None:
    runs = [make(tmp_path, f"r{n}") for n in range(9)]
    for wrong in (runs[:1], runs, [runs[0], runs[0]]):
        with pytest.raises(UserError, match="side by side"):
            comparing.compare(wrong)


def test_a_run_without_its_experiment_still_has_figures(tmp_path: Path) -> None:
    runs = [make(tmp_path, "a"), make(tmp_path, "b")]
    (runs[1].path / "experiment.toml").unlink()
    found = comparing.compare(runs)
    assert found.runs[1].problem
    assert found.settings == ()


def test_variants_of_a_study_in_their_order(tmp_path: Path) -> None:
    for name, variant, status in (
        ("1", "with", "failed"), ("2", "without", "finished"), ("3", "with", "finished"),
    ):  # fmt: skip
        run = make(tmp_path, name, study="s", variant=variant)
        info = run.info()
        info.status = status
        run.write_info(info)
    found = comparing.variants(Workspace(tmp_path), "s")
    assert [run.id for run in found] == ["2", "3"]
    with pytest.raises(UserError, match="no two runs"):
        comparing.variants(Workspace(tmp_path), "another")


def test_the_times_of_epochs_follow_a_run_that_went_back(tmp_path: Path) -> None:
    run = make(tmp_path, "a")
    run.events.write_bytes(
        encode("started", epochs=6, initial_epoch=0)
        + encode("epochs", first=1, logs={"loss": [4.0, 3.0, 2.0, 1.0]}, seconds=4.0)
        + encode("rewound", epoch=2, batch=0)
        + encode("started", epochs=6, initial_epoch=2)
        + encode("epochs", first=3, logs={"loss": [2.5, 2.0]}, seconds=6.0)
    )
    found = timeline.read(run)
    assert list(found.elapsed) == [1.0, 2.0, 5.0, 8.0]
    assert len(found.wall) == found.history.epoch == 4


def test_a_curve_over_time_has_no_value_before_its_first_epoch(tmp_path: Path) -> None:
    slow, quick = make(tmp_path, "a"), make(tmp_path, "b")
    for run, seconds in ((slow, 1.5), (quick, 0.3)):
        run.events.write_bytes(
            encode("started", epochs=3, initial_epoch=0)
            + encode("epochs", first=1, logs={"loss": [4.0, 3.0, 2.0]}, seconds=seconds)
        )
    (line, other), unit = by_time(comparing.compare([slow, quick]), "loss", 0.0)
    assert unit == "ms"
    assert (line.begins, other.begins) == (500, 100)
    assert math.isnan(line.values[498])
    assert line.values[499] == 4.0


def test_a_series_over_time_begins_and_ends_as_it_does() -> None:
    found = over_time([4.0, 2.0, 1.0], [1.0, 2.0, 4.0], 0.5)
    assert len(found) == 8
    assert math.isnan(found[0])
    assert list(found[1:]) == [4.0, 3.0, 2.0, 1.75, 1.5, 1.25, 1.0]
    assert list(over_time([], [], 1.0)) == []
    assert list(over_time([5.0], [0.0], 1.0)) == [5.0]


def test_every_example_is_the_same_as_itself_and_tells_what_another_has() -> None:
    every = [shipped.experiment(entry.name) for entry in shipped.index()]
    for one, other in zip(every, [*every[1:], every[0]], strict=True):
        assert differences.between([one, one.model_copy(deep=True)]) == []
        found = differences.between([one, other])
        assert all(row.words and len(set(row.values)) > 1 for row in found)
        assert len({row.path for row in found}) == len(found)
