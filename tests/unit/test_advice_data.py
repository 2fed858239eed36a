"""Proposals and warnings: from facts about columns, and from rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kerastui.datasets import spec
from kerastui.datasets.advice.columns import including, without
from kerastui.datasets.advice.facts import SAMPLE, facts_of, facts_of_sniffed
from kerastui.datasets.advice.proposals import propose
from kerastui.datasets.advice.types import Concern, tokens
from kerastui.datasets.advice.warnings import concerns
from kerastui.datasets.files.sniff import sniff
from kerastui.datasets.loaded import Array, Loaded, Sequences

ROWS = 200


def text(values: Any) -> Array:
    column = np.empty(len(values), dtype=object)
    column[:] = [None if value is None else str(value) for value in values]
    return column


def table(rows: int = ROWS, **columns: Any) -> Loaded:
    """A table with a number and a category, and the given columns after them."""
    draw = np.random.default_rng(3)
    every: dict[str, Array] = {
        "size": draw.normal(50, 20, rows),
        "shape": text(draw.choice(["round", "square", "flat"], rows)),
        **columns,
    }
    return Loaded(columns=every)


def classes(rows: int = ROWS, shares: tuple[float, ...] = (0.5, 0.5)) -> Array:
    names = np.array(["no", "yes", "perhaps"])[: len(shares)]
    return text(np.random.default_rng(5).choice(names, rows, p=list(shares)))


def proposed(loaded: Loaded, *target: str) -> Any:
    return propose(facts_of(loaded), target)


def found(
    data: dict[str, Any], loaded: Loaded, parts: dict[str, Array] | None = None, inputs: int = 0
) -> list[Concern]:
    checked = spec.Data.model_validate({"dataset": "own", "task": "binary", **data})
    return concerns(checked, loaded, facts_of(loaded), parts or {}, inputs)


def about(concerns: list[Concern], words: str) -> Concern:
    matching = [c for c in concerns if words in c.sentence or words in c.evidence]
    assert matching, f"nothing about {words!r} in {[c.sentence for c in concerns]}"
    return matching[0]


# Proposals


def test_a_name_that_says_so_is_the_target_wherever_it_stands() -> None:
    draw = np.random.default_rng(1)
    loaded = table(label=classes(), weight=draw.normal(size=ROWS))
    proposal = proposed(loaded)
    assert (proposal.target, proposal.task) == (["label"], "binary")
    assert "label, says so" in proposal.reasons[0].why


def test_without_a_name_the_last_column_with_few_values_is_the_target() -> None:
    proposal = proposed(
        table(weight=np.arange(ROWS) * 0.37 % 11, kind=classes(ROWS, (0.3, 0.3, 0.4)))
    )
    assert (proposal.target, proposal.task) == (["kind"], "multiclass")
    assert [step.step for step in proposal.steps] == ["scale", "one_hot", "encode_label"]
    assert proposal.split.stratify


@pytest.mark.parametrize(
    ("names", "target"),
    [
        (("income", "left"), "left"),
        (("price", "garage"), "price"),
        (("income", "shape_of_house"), "income"),
    ],
)
def test_what_people_earn_is_the_target_unless_a_yes_or_no_stands_last(
    names: tuple[str, str], target: str
) -> None:
    number, last = names
    amounts = np.arange(ROWS) * 0.37 % 11
    shares = (0.3, 0.3, 0.4) if last == "shape_of_house" else (0.5, 0.5)
    proposal = proposed(table(**{number: amounts, last: classes(ROWS, shares)}))
    assert proposal.target == [target]


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (np.arange(ROWS) * 0.5, "regression"),
        (np.arange(ROWS) % 2.0, "binary"),
        (np.arange(ROWS) % 5.0, "multiclass"),
        (np.arange(ROWS) % 90.0, "regression"),  # too many whole numbers to be classes
    ],
)
def test_the_task_follows_from_the_values_of_the_target(values: Array, task: str) -> None:
    proposal = proposed(table(price=values))
    assert (proposal.target, proposal.task) == (["price"], task)
    assert any(reason.what == "task" and "price" in reason.why for reason in proposal.reasons)


def test_several_columns_of_zeros_and_ones_named_alike_are_labels() -> None:
    loaded = table(label_a=np.arange(ROWS) % 2.0, label_b=np.arange(ROWS) // 2 % 2.0)
    proposal = proposed(loaded)
    assert proposal.task == "multilabel"
    assert proposal.target == ["label_a", "label_b"]


def test_what_describes_nothing_is_left_out_with_the_reason() -> None:
    loaded = table(
        customer=text([f"c{number}" for number in range(ROWS)]),
        row_id=np.arange(ROWS, dtype=float),
        unit=text(["kg"] * ROWS),
        note=text([None] * (ROWS - 10) + ["x", "y"] * 5),
        target=classes(),
    )  # fmt: skip
    proposal = proposed(loaded)
    assert proposal.features == ["size", "shape"]
    assert set(proposal.left_out) == {"customer", "row_id", "unit", "note"}
    assert "identifier" in proposal.left_out["customer"]
    assert "same" in proposal.left_out["unit"]
    assert "missing" in proposal.left_out["note"]


@pytest.mark.parametrize(("gaps", "strategies"), [(6, ["drop"]), (60, ["median", "constant"])])
def test_few_gaps_cost_rows_and_many_are_filled(gaps: int, strategies: list[str]) -> None:
    loaded = table(target=classes())
    loaded.columns["size"][:gaps] = np.nan
    loaded.columns["shape"][:gaps] = None
    steps = [step for step in proposed(loaded).steps if isinstance(step, spec.Missing)]
    assert [step.strategy for step in steps] == strategies


def test_dates_become_the_numbers_that_can_differ() -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(ROWS) * np.timedelta64(1, "D")
    steps = proposed(table(sold=days, target=classes())).steps
    assert [step.parts for step in steps if isinstance(step, spec.Dates)] == [
        ["days", "month", "weekday"]
    ]
    assert [step.columns for step in steps if isinstance(step, spec.Scale)] == [
        ["size", "sold days", "sold month", "sold weekday"]
    ]


@pytest.mark.parametrize("order", [1, -1])
def test_rows_in_the_order_of_time_are_tested_with_the_last_ones(order: int) -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(ROWS) * np.timedelta64(1, "D")
    proposal = proposed(table(day=days[::order], target=np.arange(ROWS) * 0.7))
    assert proposal.task == "regression"
    why = next(reason.why for reason in proposal.reasons if reason.what == "split")
    if order > 0:
        assert (proposal.split.kind, proposal.split.count) == ("last", 40)
        assert "in the order of day" in why
    else:
        assert (proposal.split.kind, proposal.split.test) == ("fraction", 0.2)


def test_one_column_of_numbers_in_the_order_of_its_dates_is_a_series() -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(ROWS) * np.timedelta64(1, "D")
    loaded = Loaded(columns={"day": days, "level": np.sin(np.arange(ROWS))})
    proposal = proposed(loaded)
    assert (proposal.task, proposal.target) == ("forecasting", ["level"])
    assert (proposal.split.kind, proposal.split.count) == ("last", 40)
    assert proposal.steps[0].step == "window"


def test_pictures_are_scaled_and_get_a_channel_and_texts_one_length() -> None:
    draw = np.random.default_rng(2)
    pictures = Loaded(x=draw.integers(0, 256, (60, 8, 8)).astype(np.uint8),
                      y=np.arange(60) % 3, n_train=40)  # fmt: skip
    proposal = proposed(pictures)
    assert [step.step for step in proposal.steps] == ["scale", "channel_axis"]
    assert (proposal.task, proposal.split.kind) == ("multiclass", "own")
    words = Sequences.from_lengths(np.arange(600, dtype=np.int32) % 50, np.full(60, 10))
    proposal = proposed(Loaded(x=words, y=np.arange(60) % 2))
    assert proposal.task == "binary"
    (pad,) = proposal.steps
    assert isinstance(pad, spec.Pad)
    assert (pad.length, pad.words) == (16, 50)


def test_the_first_rows_of_a_file_give_the_same_proposal(tmp_path: Any) -> None:
    lines = ["id;width;kind;price"]
    lines += [f"k{n};{n % 17},5;{'ab'[n % 2]};{n * 3 % 101},25" for n in range(120)]
    path = tmp_path / "things.csv"
    path.write_text("\n".join(lines) + "\n")
    proposal = propose(facts_of_sniffed(sniff(path)))
    assert (proposal.target, proposal.task) == (["price"], "regression")
    assert set(proposal.left_out) == {"id"}
    assert [step.step for step in proposal.steps] == ["scale", "one_hot"]


def test_large_data_are_sampled() -> None:
    loaded = table(SAMPLE * 2, target=classes(SAMPLE * 2))
    facts = facts_of(loaded)
    assert (facts.looked, facts.rows) == (SAMPLE, 2 * SAMPLE)


def test_names_fall_into_words() -> None:
    assert tokens("SalePrice_eur2") == ["sale", "price", "eur"]


# Warnings


def test_a_feature_that_gives_the_target_away_is_named() -> None:
    answer = np.arange(ROWS) % 2.0
    loaded = table(copy=answer * 3 + 1, outcome=answer)
    concern = about(found({"target": ["outcome"]}, loaded), "copy alone gives outcome away")
    assert "100.0%" in concern.evidence
    assert concern.changes["data.features"] == ["size", "shape"]
    price = np.random.default_rng(4).normal(size=ROWS)
    loaded = table(tax=price * 0.19, price=price)
    data = {"task": "regression", "target": ["price"]}
    assert "1.0000" in about(found(data, loaded), "tax alone gives price away").evidence


def test_an_honest_feature_is_no_leak() -> None:
    loaded = table(target=classes())
    assert not [c for c in found({"target": ["target"]}, loaded) if "away" in c.sentence]


def test_constants_identifiers_and_wild_ranges_are_named_with_cures() -> None:
    loaded = table(
        unit=np.ones(ROWS),
        code=text([f"z{n}" for n in range(ROWS)]),
        far=np.random.default_rng(8).normal(5000, 900, ROWS),
        target=classes(),
    )
    all_found = found({"target": ["target"]}, loaded)
    assert "unit" not in about(all_found, "unit is the same").changes["data.features"]
    assert "code" not in about(all_found, "code names the rows").changes["data.features"]
    assert about(all_found, "very different ranges").changes["data.steps"][-1]["step"] == "scale"
    assert about(all_found, "shape holds text").changes["data.steps"][-1]["step"] == "one_hot"


def test_many_columns_with_the_same_trouble_are_told_of_together() -> None:
    unit = {f"unit {n}": np.ones(ROWS) for n in range(40)}
    loaded = table(**unit, far=np.full(ROWS, np.inf), target=classes())
    all_found = found({"target": ["target"]}, loaded)
    alike = [concern for concern in all_found if "the same in every row" in concern.sentence]
    assert [concern.sentence for concern in alike] == ["40 features are the same in every row."]
    assert "unit 0, unit 1" in alike[0].evidence
    assert alike[0].changes["data.features"] == ["size", "shape", "far"]
    assert about(all_found, "far holds infinite").level == "problem"
    marked = {f"m{n}": text([*range(ROWS - 2), "?", "-"]) for n in range(8)}
    recipe = {"path": "/somewhere/own.csv", "missing": [""]}
    loaded = table(**marked, target=classes())
    concern = about(found({"target": ["target"], "file": recipe}, loaded), "8 features are mostly")
    assert concern.changes == {"data.file.missing": ["", "?", "-"]}
    copies = {f"copy {n}": loaded.columns["target"].copy() for n in range(9)}
    concern = about(found({"target": ["target"]}, table(**copies, target=classes())), "9 features")
    assert "copy 0: its 2 values tell the class" in concern.evidence
    assert concern.changes["data.features"] == ["size", "shape"]


def test_of_measurements_that_all_differ_no_commonest_is_kept() -> None:
    draw = np.random.default_rng(3)
    loaded = table(size=draw.normal(size=ROWS), grade=draw.integers(0, 90, ROWS) * 1.0)
    facts = {column.name: column for column in facts_of(loaded).columns}
    assert facts["size"].common == ()
    assert sum(count for _, count in facts["grade"].common) == ROWS


def test_uneven_classes_and_one_class_only() -> None:
    loaded = table(target=classes(ROWS, (0.96, 0.04)))
    concern = about(found({"target": ["target"]}, loaded), "uneven")
    assert concern.changes == {"fit.class_weight": "balanced"}
    loaded = table(target=text(["no"] * ROWS))
    assert about(found({"target": ["target"]}, loaded), "one class only").level == "problem"


def test_a_class_that_only_the_test_part_shows() -> None:
    answers = text(["no", "yes"] * 99 + ["perhaps", "perhaps"])
    loaded = table(target=answers)
    parts = {"train": np.arange(150), "test": np.arange(150, ROWS)}
    data = {"task": "multiclass", "target": ["target"],
            "split": {"kind": "fraction", "test": 0.25}}  # fmt: skip
    concern = about(found(data, loaded, parts), "no training row shows")
    assert "perhaps" in concern.evidence
    assert concern.changes == {"data.split.stratify": True}


def test_test_rows_among_the_training_rows_are_counted() -> None:
    loaded = table(target=classes())
    for column in loaded.columns.values():
        column[190:] = column[:10]
    parts = {"train": np.arange(160), "test": np.arange(160, ROWS)}
    concern = about(found({"target": ["target"]}, loaded, parts), "among the training rows")
    assert "10 of 40" in concern.evidence


def test_missing_targets_and_cells_are_cured_by_dropping() -> None:
    answers = classes()
    answers[:7] = None
    loaded = table(target=answers)
    loaded.columns["size"][50] = np.nan
    all_found = found({"target": ["target"]}, loaded)
    assert "7 of 200" in about(all_found, "without a target").evidence
    assert about(all_found, "Cells are missing in size").changes["data.steps"][0] == {
        "step": "missing"
    }


def test_numbers_with_text_among_them_are_shown_with_examples() -> None:
    cells = text([*range(ROWS - 3), "about 5", "none", "about 5"])
    loaded = table(amount=cells, target=classes())
    concern = about(found({"target": ["target"]}, loaded), "amount is mostly numbers")
    assert "'about 5'" in concern.evidence
    recipe = {"path": "/somewhere/own.csv", "missing": ["", "NA"]}
    concern = about(found({"target": ["target"], "file": recipe}, loaded), "amount is mostly")
    assert concern.changes["data.file.missing"] == ["", "NA", "about 5", "none"]


def test_dates_that_are_not_used_and_a_future_that_leaks() -> None:
    days = np.datetime64("2024-01-01", "us") + np.arange(ROWS) * np.timedelta64(1, "D")
    loaded = table(day=days, target=classes())
    data = {"target": ["target"], "features": ["size"],
            "split": {"kind": "fraction", "test": 0.2}}  # fmt: skip
    parts = {"train": np.arange(160), "test": np.arange(160, ROWS)}
    all_found = found(data, loaded, parts)
    assert about(all_found, "dates in day are not used").changes["data.features"] == ["size", "day"]
    later = about(all_found, "order of day").changes["data.split"]
    assert (later["kind"], later["count"]) == ("last", 40)
    series = Loaded(columns={"level": np.arange(ROWS, dtype=float)}, target=("level",))
    data = {"task": "forecasting", "split": {"kind": "fraction", "test": 0.2}}
    assert about(found(data, series, parts), "split at random").level == "problem"


def test_few_rows_for_many_inputs() -> None:
    loaded = table(target=classes())
    parts = {"train": np.arange(30)}
    assert (
        "30 training rows, 12 inputs"
        in about(found({"target": ["target"]}, loaded, parts, inputs=12), "few rows").evidence
    )


@pytest.mark.parametrize("name", ["x [/x] [bold", "Ü\x1b[31m"])
def test_hostile_names_pass_through(name: str) -> None:
    loaded = Loaded(columns={name: np.ones(ROWS), "target": classes()})
    assert found({"target": ["target"]}, loaded)


# Cures


def test_a_cure_is_a_change_that_the_experiment_takes() -> None:
    loaded = table(unit=np.ones(ROWS), target=classes())
    for concern in found({"target": ["target"]}, loaded):
        if "data.steps" in concern.changes:
            spec.Data(dataset="own", task="binary", steps=concern.changes["data.steps"])


def test_a_column_leaves_with_the_steps_that_name_it() -> None:
    data = spec.Data.model_validate({
        "dataset": "own", "task": "binary",
        "steps": [{"step": "dates", "columns": ["day"]},
                  {"step": "scale", "columns": ["size", "day month"]},
                  {"step": "one_hot", "columns": ["shape"]}],
    })  # fmt: skip
    changes = without(data, ["size", "shape", "day"], ["day", "shape"])
    assert changes["data.features"] == ["size"]
    assert changes["data.steps"] == [{"step": "scale", "columns": ["size"]}]
    back = including(data, ["size", "shape", "day", "colour"], "colour", "text")
    assert back["data.steps"][2]["columns"] == ["shape", "colour"]


def test_infinite_values_and_empty_columns_are_named() -> None:
    far = np.random.default_rng(6).normal(size=ROWS)
    far[3] = np.inf
    loaded = table(far=far, nothing=np.full(ROWS, np.nan), target=classes())
    all_found = found({"target": ["target"]}, loaded)
    assert about(all_found, "far holds infinite").level == "problem"
    assert about(all_found, "nothing is empty").changes["data.features"] == ["size", "shape", "far"]


def test_classes_that_cannot_be_shared_out_are_not() -> None:
    kinds = text([f"class {number % 70}" for number in range(ROWS)])
    proposal = proposed(table(kind=kinds), "kind")
    assert proposal.task == "multiclass"
    assert not proposal.split.stratify
