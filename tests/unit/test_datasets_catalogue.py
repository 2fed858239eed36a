"""The cards: complete, consistent, and there without anything heavy."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import get_args

import pytest

from kerastui.datasets.catalogue import card, cards
from kerastui.datasets.errors import UserError
from kerastui.datasets.spec import Task

DOCUMENTS = {
    "ionosphere", "iris", "housing", "car-sales", "auto-mpg", "iris-t81", "mnist", "imdb",
    "reuters", "boston",
}  # fmt: skip
EMBEDDED = {"sklearn-iris", "digits", "breast_cancer", "wine", "diabetes"}
GENERATORS = {"make_classification", "make_circles", "make_moons", "make_blobs", "make_regression",
              "xor", "sine"}  # fmt: skip


def test_every_data_set_of_the_documents_is_there() -> None:
    names = [one.name for one in cards()]
    assert len(names) == len(set(names))
    assert set(names) >= DOCUMENTS | EMBEDDED | GENERATORS
    assert {one.name for one in cards() if one.files} == DOCUMENTS
    assert {one.name for one in cards() if one.embedded} == EMBEDDED


@pytest.mark.parametrize("one", cards(), ids=lambda one: one.name)
def test_a_card_is_complete(one: object) -> None:
    from kerastui.datasets.catalogue import Card

    assert isinstance(one, Card)
    assert one.kind in ("tabular", "image", "text", "series", "generator")
    assert one.task in get_args(Task)
    assert one.title
    assert one.about
    assert one.licence
    assert one.target
    if one.kind in ("tabular", "series"):
        names = [column.name for column in one.columns]
        assert len(names) == len(set(names))
        assert set(one.target) <= set(names)
        left = [n for n in names if n not in one.target and n != one.names]
        assert one.kind == "series" or one.shape == (len(left),)
    if one.train:
        assert one.train + one.test == one.rows
    for file in one.files:
        assert all(address.startswith("https://") for address in file.addresses)
        assert re.fullmatch("([0-9a-f]{64})?", file.sha256)
        assert file.local
    if one.files:
        assert card(one.stand_in).name == one.stand_in
        assert not card(one.stand_in).files
    for parameter in one.parameters:
        assert parameter.type in ("int", "float", "bool", "str")
        kinds = {"int": int, "float": float, "bool": bool, "str": str}
        assert parameter.default is None or type(parameter.default) is kinds[parameter.type]


def test_hashes_of_keras_archives_are_those_keras_publishes() -> None:
    import importlib.util
    from pathlib import Path

    keras = importlib.util.find_spec("keras")
    if keras is None or keras.origin is None:
        pytest.skip("keras is not installed")
    sources = Path(keras.origin).parent / "src/datasets"
    for name, module in [("mnist", "mnist"), ("imdb", "imdb"), ("reuters", "reuters"),
                         ("boston", "boston_housing")]:  # fmt: skip
        text = (sources / f"{module}.py").read_text("utf-8")
        assert card(name).file.sha256 in re.findall("[0-9a-f]{64}", text)
        folder, file = card(name).file.addresses[0].rsplit("/", 1)
        assert f"{folder}/" in text
        assert file in text


def test_an_unknown_name_gets_the_closest_ones() -> None:
    with pytest.raises(UserError, match="no data set called 'ionosfere'") as caught:
        card("ionosfere")
    assert "ionosphere" in caught.value.hint
    with pytest.raises(UserError) as caught:
        card("zzzzzz")
    assert "iris" in caught.value.hint


def test_listing_loads_nothing_heavy() -> None:
    program = (
        "import sys; from kerastui.datasets import catalogue, fetch, spec; catalogue.cards();"
        "heavy = {'numpy', 'pandas', 'sklearn', 'pooch', 'requests', 'keras', 'tensorflow'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_only_file_cards_have_a_file() -> None:
    with pytest.raises(UserError, match="always here"):
        _ = card("digits").file
