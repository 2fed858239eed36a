"""Templates: each fits its data, without a problem, and learns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kerastui.models.editing.templates import TEMPLATES, TemplateFacts, available, facts_of
from kerastui.models.experiment.schema import Experiment

TABLE: dict[str, Any] = {
    "dataset": "sklearn-iris", "task": "multiclass",
    "split": {"kind": "fraction", "test": 0.3},
}  # fmt: skip
DATA: dict[str, dict[str, Any]] = {
    "classes": {**TABLE, "steps": [{"step": "encode_label"}, {"step": "scale"}]},
    "one-hot classes": {**TABLE, "steps": [{"step": "one_hot"}, {"step": "scale"}]},
    "categories": {
        **TABLE, "task": "regression", "target": ["petal_l", "petal_w"],
        "steps": [{"step": "one_hot", "columns": ["species"]}],
    },
    "yes or no": {"dataset": "breast_cancer", "task": "binary",
                  "steps": [{"step": "encode_label"}, {"step": "scale"}]},
    "a series": {"dataset": "sine", "task": "forecasting",
                 "steps": [{"step": "window", "length": 5}]},
    "pictures": {"dataset": "digits", "task": "multiclass",
                 "steps": [{"step": "scale", "method": "constant", "divisor": 16}]},
    "pictures with a channel": {
        "dataset": "digits", "task": "multiclass",
        "steps": [{"step": "channel_axis"},
                  {"step": "scale", "method": "constant", "divisor": 16}]},
    "texts": {"dataset": "token-reviews", "task": "binary",
              "steps": [{"step": "pad", "length": 20, "words": 500}]},
}  # fmt: skip


def start(data: dict[str, Any]) -> Experiment:
    return Experiment.model_validate({"data": data, "model": {"layers": []}})


@pytest.mark.parametrize("name", DATA)
def test_every_template_offered_fits_without_a_problem(name: str) -> None:
    pytest.importorskip("keras")
    from kerastui.datasets.prepare import prepare
    from kerastui.models.preflight import checks as preflight

    spec = start(DATA[name])
    prepared = prepare(spec.data, seed=1)
    facts = facts_of(spec, json.loads(json.dumps(prepared.to_json())))
    offered = available(facts)
    assert len(offered) >= 3
    for template in offered:
        made = spec.changed(json.loads(json.dumps(template.build(facts))))
        found = preflight.check(made, preflight.facts_of(made, prepared), advice=True)
        told = [str(one) for one in found if one.level != "hint"]
        assert told == [], template.name
        # What a template makes does not need advice, but for data that is not scaled.
        hints = [one for one in found if one.where != "data.steps" and "rows" not in one.sentence]
        assert hints == [], template.name


@pytest.mark.slow
@pytest.mark.parametrize("name", DATA)
def test_every_template_learns(name: str) -> None:
    pytest.importorskip("keras")
    from kerastui.datasets.prepare import prepare
    from kerastui.models.network import feeding
    from kerastui.models.network.building import build_model, compile_model

    spec = start(DATA[name])
    prepared = prepare(spec.data, seed=1)
    facts = facts_of(spec, prepared.to_json())
    for template in available(facts):
        made = spec.changed(template.build(facts))
        x, y = feeding.of_part(made.model, prepared, prepared.train)
        model = build_model(made.model, feeding.shapes(x), seed=1)
        rows = slice(300)
        x, y = ({n: a[rows] for n, a in p.items()} if isinstance(p, dict) else p[rows]
                for p in (x, y))  # fmt: skip
        losses = compile_model(model, made.compile).fit(x, y, epochs=6, verbose=0).history["loss"]
        assert min(losses[1:]) < losses[0], template.name


def test_what_does_not_suit_says_what_it_is_for() -> None:
    row = TemplateFacts("binary", (34,), 1)
    words = {t.name: t.unsuitable(row) for t in TEMPLATES}
    assert words["Dense"] == ""
    assert words["LSTM"] == "for series in windows and texts"
    assert words["Convolutions"] == "for pictures"


def test_sizes_follow_the_rows() -> None:
    dense = next(t for t in TEMPLATES if t.name == "Dense")
    sizes = [dense.build(TemplateFacts("binary", (34,), 1, rows=n))["model"]["layers"][0]["units"]
             for n in (100, 5000, 10**6)]  # fmt: skip
    assert sizes == [16, 32, 64]


def test_categories_get_an_input_of_their_own() -> None:
    facts = TemplateFacts("regression", (5,), 1, features=("a", "b", "town=X", "town=Y", "town=Z"))
    two = next(t for t in TEMPLATES if t.name == "Two branches")
    inputs = two.build(facts)["model"]["inputs"]
    assert inputs == [{"name": "numbers", "columns": ["a", "b"]},
                      {"name": "kinds", "columns": ["town"]}]  # fmt: skip


def test_a_template_changes_nothing_but_model_and_compile() -> None:
    spec = start(DATA["classes"])
    facts = TemplateFacts("multiclass", (4,), 3)
    made = spec.changed(TEMPLATES[1].build(facts))
    assert made.data == spec.data
    assert made.fit == spec.fit
    assert made.compile.optimizer == spec.compile.optimizer
