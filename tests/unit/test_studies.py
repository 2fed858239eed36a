"""Studies: their members, their groups, and verdicts across members."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.store import RunInfo
from kerastui.models.studies import members as studies
from kerastui.models.studies.members import Result


def dropout() -> Experiment:
    return shipped.experiment("a16-dropout")


def test_an_experiment_without_a_study_is_its_only_member() -> None:
    experiment = shipped.experiment("a06-iris")
    assert studies.members(experiment) == [("", experiment)]


def test_the_base_comes_first_and_variants_change_what_they_say() -> None:
    base, without = studies.members(dropout())
    assert base.variant == "with dropout"
    assert base.experiment == dropout()
    assert without.variant == "without"
    assert [layer.type for layer in without.experiment.model.active] == ["Dense", "Dense"]
    assert without.experiment.seed == base.experiment.seed
    assert without.experiment.published == []
    assert without.experiment.study is None


def test_repeats_take_the_next_seeds_with_all_variants_together() -> None:
    experiment = dropout().changed({"study.repeats": 3, "seed": 7})
    found = [(m.variant, m.experiment.seed) for m in studies.members(experiment)]
    assert found == [(name, seed) for seed in (7, 8, 9) for name in ("with dropout", "without")]


def test_seeds_stay_in_range() -> None:
    experiment = dropout().changed({"study.repeats": 2, "seed": 2**32 - 1})
    assert [m.experiment.seed for m in studies.members(experiment)][::2] == [2**32 - 1, 0]


def test_members_are_different_experiments() -> None:
    members = studies.members(dropout().changed({"study.repeats": 2}))
    assert len({member.experiment.fingerprint() for member in members}) == 4


def test_two_variants_of_one_name_are_refused() -> None:
    experiment = dropout().changed({"study.base": "without"})
    with pytest.raises(UserError, match="two members called 'without'"):
        studies.members(experiment)


def test_a_variant_that_leads_nowhere_is_named() -> None:
    wrong = [{"name": "wider", "set": {"model.layers.9.units": 3}}]
    experiment = dropout().changed({"study.variants": wrong})
    with pytest.raises(UserError, match="Variant 'wider'"):
        studies.members(experiment)


def test_runs_are_grouped_by_study_in_the_order_they_were_made() -> None:
    infos = [
        RunInfo(id="3", name="a", created=3.0, study="s"),
        RunInfo(id="1", name="a", created=1.0, study="s"),
        RunInfo(id="2", name="a", created=2.0),
        RunInfo(id="4", name="b", created=4.0, study="t"),
    ]
    grouped = studies.group(infos)
    assert {key: [info.id for info in runs] for key, runs in grouped.items()} == {
        "s": ["1", "3"],
        "t": ["4"],
    }


@pytest.mark.parametrize(
    ("with_layer", "without", "state"), [(0.5, 0.3, "inside"), (0.3, 0.5, "outside")]
)
def test_a_compare_figure_is_judged_across_members(
    with_layer: float, without: float, state: str
) -> None:
    results = [
        Result("with dropout", 1, {"last.loss": with_layer, "train.loss": 0.25}),
        Result("without", 1, {"last.loss": without}),
    ]
    first = studies.verdicts(dropout(), results)[0]
    assert (first.state, first.got) == (state, with_layer)
    assert "without" in first.expected


def test_a_compare_figure_is_missing_until_the_variant_has_run() -> None:
    results = [Result("with dropout", 1, {"last.loss": 0.5})]
    assert studies.verdicts(dropout(), results)[0].state == "missing"


def test_medians_over_seeds_decide() -> None:
    experiment = shipped.experiment("a06-iris").changed({"study.repeats": 3})
    results = [
        Result("base", seed, {"test.accuracy": accuracy, "prediction.1.class": name})
        for seed, accuracy, name in [
            (1, 0.5, "Iris-setosa"),
            (2, 0.9, "Iris-setosa"),
            (3, 0.98, "Iris-virginica"),
        ]
    ]
    verdicts = {v.figure.figure: v for v in studies.verdicts(experiment, results)}
    assert verdicts["test.accuracy"].got == 0.9
    assert verdicts["test.accuracy"].state == "inside"
    assert verdicts["prediction.1.class"].got == "Iris-setosa"


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=9))
def test_the_median_lies_between_the_extremes(values: list[float]) -> None:
    results = [Result("", seed, {"test.loss": value}) for seed, value in enumerate(values)]
    median = studies.medians(results)[""]["test.loss"]
    assert isinstance(median, float | int)
    assert min(values) <= median <= max(values)


def test_a_broken_seed_is_not_passed_over() -> None:
    results = [Result("", 1, {"test.loss": math.nan}), Result("", 2, {"test.loss": 0.1})]
    median = studies.medians(results)[""]["test.loss"]
    assert isinstance(median, float)
    assert math.isnan(median)


def test_nothing_is_judged_on_substitute_data() -> None:
    result = Result("", 1, {"test.accuracy": 0.9, "prediction.1.value": 0.1}, "breast_cancer")
    verdicts = studies.verdicts(shipped.experiment("a05-ionosphere"), [result])
    assert [(verdict.got, verdict.state) for verdict in verdicts] == [
        (0.9, "shown"),
        (0.1, "shown"),
    ]


def test_wanted_figures_include_those_compared_with() -> None:
    paths = studies.wanted(shipped.experiment("a13-learning-curves"))
    assert paths == ["last.loss", "last.val_loss"]
    assert studies.wanted(shipped.experiment("a17-batchnorm"))[0] == "epoch.10.loss"
