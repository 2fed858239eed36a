"""What the pre-flight check goes by: facts of arrays, and memory against what is free."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kerastui.models.preflight import checks as preflight
from kerastui.models.preflight.checks import TargetFacts


def test_facts_are_gathered_from_arrays() -> None:
    x = np.arange(12, dtype="float32").reshape(4, 3)
    x[1, 1] = np.nan
    x[2, 0] = np.inf
    facts = preflight.facts(x, np.array([0, 1, 2, 1], "int32"), "multiclass", validation_rows=2)
    assert facts.input_shape == (3,)
    assert (facts.rows, facts.validation_rows, facts.not_finite) == (4, 2, 2)
    assert (facts.input_minimum, facts.input_maximum) == (0, 11)
    assert facts.targets == (TargetFacts((), 0, 2, whole=True),)
    json.dumps(dataclasses.asdict(facts))
    one_hot = preflight.facts(x, np.eye(4), "multiclass").targets[0]
    assert (one_hot.one_hot, one_hot.width, one_hot.shape) == (True, 4, (4,))
    several = preflight.facts(x, np.ones((4, 2)), "multilabel").targets[0]
    assert not several.one_hot
    named = preflight.facts({"a": x, "b": x}, {"y": x[:, 0], "z": x[:, 1]}, "regression")
    assert named.input_shape == {"a": (3,), "b": (3,)}
    assert [target.not_finite for target in named.targets] == [1, 1]


@given(
    st.integers(0, 4), st.integers(1, 3), st.sampled_from(["int32", "float32", "uint8"]),
    st.lists(st.floats(width=32), min_size=12, max_size=12),
)  # fmt: skip
def test_facts_of_any_numbers(rows: int, columns: int, dtype: str, values: list[float]) -> None:
    raw = np.array(values, "float32").reshape(-1)[: rows * columns].reshape(rows, columns)
    y = np.nan_to_num(raw, nan=1, posinf=2, neginf=0).clip(0, 200).astype(dtype)
    facts = preflight.facts(raw, y, "regression")
    assert facts.not_finite == int((~np.isfinite(raw)).sum())
    assert facts.input_minimum <= facts.input_maximum


def test_memory_against_what_is_free() -> None:
    memory = preflight.Memory(
        weights=10**9, gradients=10**9, optimizer=2 * 10**9, activations=10**8
    )
    assert preflight.check_memory(memory, 10**10) == []
    (tight,) = preflight.check_memory(memory, 5 * 10**9)
    (too_much,) = preflight.check_memory(memory, 2 * 10**9, "GPU memory")
    assert (tight.level, too_much.level) == ("warning", "problem")
    assert "4.1 GB, and 2 GB of GPU memory are free" in too_much.sentence
    assert "optimizer (2 GB)" in too_much.sentence
    batch = preflight.Memory(1, 1, 1, activations=10**9)
    assert "smaller batch" in preflight.check_memory(batch, 10**8)[0].cure
