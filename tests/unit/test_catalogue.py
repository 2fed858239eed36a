"""The catalogue as everybody reads it: no Keras in this file."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue, check

WILD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=4) | st.just("type"), inner, max_size=3)
    ),
    max_leaves=6,
)


def sentences(kind: str, name: str, **parameters: object) -> list[str]:
    return [p.sentence for p in check.check(kind, name, parameters, "here")]


def test_every_kind_has_entries_with_texts() -> None:
    least = {"layers": 120, "losses": 20, "metrics": 40, "optimizers": 12, "activations": 20}
    for kind in catalogue.KINDS:
        entries = catalogue.entries(kind)
        assert len(entries) >= least.get(kind, 4), kind
        undescribed = [entry.name for entry in entries if not entry.doc]
        assert not undescribed


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("losses", "mse", "MeanSquaredError"),
        ("losses", "ce", "crossentropy"),
        ("metrics", "acc", "accuracy"),
        ("metrics", "Accuracy", "Accuracy"),
        ("optimizers", "adam", "Adam"),
        ("optimizers", "ADAM", "Adam"),
        ("initializers", "he_normal", "HeNormal"),
        ("regularizers", "l1_l2", "L1L2"),
        ("layers", "Convolution2D", "Conv2D"),
        ("activations", "swish", "silu"),
    ],
)
def test_names_and_aliases(kind: str, name: str, expected: str) -> None:
    assert catalogue.find(kind, name).name == expected


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("layers", "dense", "Did you mean Dense"),
        ("layers", "Lambda", "cannot be given as a plain value"),
        ("layers", "Adam", "one of Keras' optimizers"),
        ("metrics", "zzz", "among them"),
        ("callbacks", "LambdaCallback", "Python functions"),
    ],
)
def test_an_unknown_name_says_what_there_is(kind: str, name: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        catalogue.find(kind, name)


def test_facts_about_parameters() -> None:
    units = catalogue.find("layers", "Dense").parameter("units")
    assert units is not None
    assert (units.value, units.required, units.minimum) == ("int", True, 1)
    padding = catalogue.find("layers", "Conv2D").parameter("padding")
    assert padding is not None
    assert set(padding.choices) == {"valid", "same"}
    rate = catalogue.find("layers", "Dropout").parameter("rate")
    assert rate is not None
    assert (rate.value, rate.minimum, rate.maximum) == ("float", 0, 1)
    learning_rate = catalogue.find("optimizers", "SGD").parameter("learning_rate")
    assert learning_rate is not None
    assert learning_rate.accepts == ("float", "part")
    assert learning_rate.part == "schedules"
    assert learning_rate.default == 0.01
    assert catalogue.find("layers", "Bidirectional").parameter("layer").part == "layers"  # type: ignore[union-attr]
    assert catalogue.find("layers", "MultiHeadAttention").inputs == ("query", "value")


@pytest.mark.parametrize(
    ("kind", "name", "parameters"),
    [
        ("layers", "Dense", {"units": 3, "activation": "relu", "name": "a", "disabled": False}),
        ("layers", "Dense", {"units": 3, "kernel_regularizer": {"type": "L2", "l2": 0.01}}),
        ("layers", "Conv2D", {"filters": 3, "kernel_size": [3, 3], "padding": "same"}),
        ("layers", "Conv2D", {"filters": 3, "kernel_size": 3, "strides": 2}),
        ("layers", "Bidirectional", {"layer": {"type": "LSTM", "units": 3}}),
        ("layers", "RNN", {"cell": [{"type": "LSTMCell", "units": 3}]}),
        ("layers", "RandomRotation", {"factor": 0.1}),
        ("layers", "RandomZoom", {"height_factor": [-0.1, 0.1]}),
        ("layers", "EinsumDense", {"equation": "ab,bc->ac", "output_shape": [3]}),
        ("layers", "LSTM", {"units": 3, "return_sequences": True, "dropout": 0.2}),
        ("optimizers", "SGD", {"learning_rate": 1, "momentum": 0.8}),
        ("optimizers", "RMSprop", {"learning_rate": 0.001}),
        (
            "optimizers",
            "Adam",
            {
                "learning_rate": {
                    "type": "ExponentialDecay",
                    "initial_learning_rate": 0.1,
                    "decay_steps": 100,
                    "decay_rate": 0.9,
                }
            },
        ),
        ("callbacks", "EarlyStopping", {"patience": 5, "min_delta": 1e-3, "mode": "min"}),
        ("callbacks", "ReduceLROnPlateau", {"factor": 0.1, "min_delta": 1e-7}),
        ("callbacks", "ModelCheckpoint", {"filepath": "best.keras", "save_freq": 10}),
        ("losses", "BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}),
        ("metrics", "AUC", {"name": "roc", "curve": "PR"}),
        ("metrics", "BinaryAccuracy", {"threshold": 0.4}),
    ],
)
def test_good_parts_pass(kind: str, name: str, parameters: dict[str, object]) -> None:
    assert check.check(kind, name, parameters) == []


@pytest.mark.parametrize(
    ("kind", "name", "parameters", "where", "words"),
    [
        ("layers", "Dense", {}, "here.units", "Dense needs units: a whole number, at least 1"),
        ("layers", "Dense", {"units": 0}, "here.units", "at least 1, not 0"),
        ("layers", "Dense", {"units": 1.5}, "here.units", "a whole number"),
        ("layers", "Dense", {"units": True}, "here.units", "a whole number"),
        ("layers", "Dense", {"unit": 3, "units": 3}, "here.unit", "Did you mean units?"),
        ("layers", "Dense", {"units": 3, "activation": "rleu"}, "here.activation", "relu"),
        ("layers", "Dense", {"units": 3, "use_bias": "yes"}, "here.use_bias", "true or false"),
        ("layers", "Dropout", {"rate": 50}, "here.rate", "from 0 to 1, not 50"),
        ("layers", "Conv2D", {"filters": 1, "kernel_size": 3, "padding": "sane"}, "here.padding",
         "Did you mean same?"),
        ("layers", "Dense", {"units": 1, "kernel_regularizer": {"type": "L2", "l2": "x"}},
         "here.kernel_regularizer.l2", "l2 of L2 must be a number"),
        ("layers", "Dense", {"units": 1, "kernel_regularizer": {"l2": 1}},
         "here.kernel_regularizer", "table with"),
        ("layers", "Pipeline", {"layers": ["Flatten", "Denze"]}, "here.layers.1", "Dense"),
        ("optimizers", "SGD", {"lr": 0.1}, "here.lr", "SGD has no parameter called 'lr'"),
        ("callbacks", "EarlyStopping", {"mode": "best"}, "here.mode", "auto, min, max"),
    ],
)  # fmt: skip
def test_problems_name_field_received_and_accepted(
    kind: str, name: str, parameters: dict[str, object], where: str, words: str
) -> None:
    (problem,) = check.check(kind, name, parameters, "here")
    assert problem.where == where
    assert words in problem.sentence
    assert problem.received
    assert problem.accepted


@given(
    kind=st.sampled_from(catalogue.KINDS),
    index=st.integers(0, 1000),
    parameters=st.dictionaries(st.text(max_size=6), WILD, max_size=3),
    values=st.lists(WILD, max_size=4),
)
def test_check_takes_anything(
    kind: str, index: int, parameters: dict[str, object], values: list[object]
) -> None:
    entries = catalogue.entries(kind)
    entry = entries[index % len(entries)]
    named = {p.name: value for p, value in zip(entry.parameters, values, strict=False)}
    for problem in check.check(kind, entry.name, {**parameters, **named}, "x"):
        assert problem.sentence.startswith("x")


@given(st.sampled_from(catalogue.KINDS), st.text(max_size=20))
def test_any_name_is_found_or_told(kind: str, name: str) -> None:
    try:
        assert catalogue.find(kind, name).kind == kind
    except UserError as error:
        assert error.hint  # noqa: PT017 - both outcomes are right
    check.check(kind, name, {})


def test_nan_is_no_number() -> None:
    assert sentences("layers", "Dropout", rate=math.nan)


def test_defaults_pass_their_own_check() -> None:
    wrong = [
        (entry.name, problem.sentence)
        for kind in catalogue.KINDS
        for entry in catalogue.entries(kind)
        for parameter in entry.parameters
        if parameter.default is not None
        for problem in check.check(kind, entry.name, {parameter.name: parameter.default})
        if problem.where == parameter.name
    ]
    assert wrong == []


def test_a_broken_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text(json.dumps({"keras": "3"}))
    for name in ("missing.json", "broken.json"):
        with pytest.raises(UserError, match="cannot be read"):
            catalogue.read(tmp_path / name)


def test_another_keras_has_its_own_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path))
    shipped = catalogue.read(catalogue.SHIPPED)
    monkeypatch.setattr(catalogue, "_installed", lambda: "99.0")
    catalogue._current.cache_clear()
    try:
        path = catalogue.missing()
        assert path == tmp_path / "catalogue-99.0.json"
        assert catalogue.load() == shipped  # until there is one
        text = catalogue.SHIPPED.read_text(encoding="utf-8")
        path.write_text(text.replace(f'"{shipped.keras}"', '"99.0"', 1), encoding="utf-8")
        catalogue._current.cache_clear()
        assert catalogue.load().keras == "99.0"
        assert catalogue.missing() is None
        path.write_text("{", encoding="utf-8")
        catalogue._current.cache_clear()
        assert catalogue.load() == shipped
    finally:
        catalogue._current.cache_clear()


def test_the_catalogue_needs_no_keras() -> None:
    code = (
        "import sys; from kerastui.models.catalogue import catalogue; catalogue.entries('layers');"
        "print(sorted(set(sys.modules) & {'keras', 'tensorflow', 'numpy', 'pandas', 'sklearn'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
