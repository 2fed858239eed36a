"""The language of the algebra lab: what it reads, and what it refuses, in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models.labs import algebra


@pytest.mark.parametrize(
    ("line", "name", "expression"),
    [
        ("x = [1, 2]", "x", "[1, 2]"),
        ("A @ B", "", "A @ B"),
        ("  x − a ", "", "x - a"),
        ("A · B × 2", "", "A @ B * 2"),
        ("Aᵀ", "", "A.T"),
    ],
)
def test_lines_are_read(line: str, name: str, expression: str) -> None:
    assert algebra.split(line) == (name, expression)


@pytest.mark.parametrize(
    "line",
    ["", "x =", "1 +", "import os", "x = y = 1", "x, y = 1, 2", "sum = 3", "_x = 1", "x; y",
     "x += 1", "[" * 300, "x" * 600, "a.b = 1", "-" * 480 + "1", "[" * 60 + "1" + "]" * 60,
     "x\ny", "del x", "x: int = 3"],
)  # fmt: skip
def test_what_is_no_line_is_refused_in_words(line: str) -> None:
    with pytest.raises(UserError) as caught:
        algebra.split(line)
    assert caught.value.message


@given(st.text(max_size=80))
def test_no_text_does_more_than_be_refused(line: str) -> None:
    try:
        name, expression = algebra.split(line)
    except UserError:
        return
    assert expression
    assert name == "" or name.isidentifier()


@pytest.mark.parametrize(
    ("shape", "text"), [([], "one number"), ([3], "3 numbers"), ([2, 3], "2×3")]
)
def test_shapes_in_words(shape: list[int], text: str) -> None:
    assert algebra.shape_text(shape) == text
