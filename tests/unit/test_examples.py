"""The shipped examples: whole, valid, and true to the documents' data."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from typing import Any

import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.models import shipped
from kerastui.models.experiment.schema import Experiment
from kerastui.models.studies import members as studies

IDS = (
    "a05-ionosphere", "a06-iris", "a07-housing", "a09-mnist-cnn", "a10-car-sales",
    "a13-learning-curves", "a14-save", "a15-load", "a16-dropout", "a17-batchnorm",
    "a18-early-stopping", "b07-mpg", "b08-iris-onehot", "b09-save-load", "b10-early-stop-class",
    "b11-early-stop-reg", "b13-xor", "c02-batch-size", "c03-learning-rate", "c04-batchnorm",
    "c05-weight-decay", "c06-noise", "c07-early-stopping", "d02-imdb", "d03-imdb-final",
    "d04-imdb-experiments", "d05-optimizer-objects", "d06-reuters", "d07-reuters-final",
    "d08-reuters-sparse", "d09-bottleneck", "d10-random-baseline", "d11-reuters-experiments",
    "d12-boston-kfold", "d13-boston-500", "d14-boston-final",
)  # fmt: skip
NAMES = tuple(entry.name for entry in shipped.index())
LARGE = [entry.name for entry in shipped.index() if entry.dataset == "imdb"][1:]
"""Examples whose data take seconds to prepare; one of that kind belongs to the fast tests."""

PREPARED = [pytest.param(n, marks=[pytest.mark.slow] if n in LARGE else []) for n in NAMES]

FIGURE = re.compile(
    r"(train|validation|test|reload)\.\w+|(last|best|best_epoch)\.\w+|epoch\.\d+\.\w+"
    r"|epochs|parameters|prediction\.\d+\.(value|class|probability|sum)"
    r"|study\.runs|mean\.(smooth\.)?(best|best_epoch)\.\w+"
)

# What the documents print about their arrays.
SHAPES: dict[str, dict[str, tuple[int, ...]]] = {
    "a05-ionosphere": {"train": (235, 34), "test": (116, 34)},
    "a06-iris": {"train": (100, 4), "test": (50, 4)},
    "a07-housing": {"train": (339, 13), "test": (167, 13)},
    "a09-mnist-cnn": {"train": (60000, 28, 28, 1), "test": (10000, 28, 28, 1)},
    "a10-car-sales": {"train": (91, 5, 1), "validation": (12, 5, 1), "test": (12, 5, 1)},
    "a13-learning-curves": {"train": (700, 20), "validation": (300, 20)},
    "a16-dropout": {"train": (1000, 20)},
    "a18-early-stopping": {"train": (700, 20), "validation": (300, 20)},
    "b07-mpg": {"train": (398, 7)},
    "b08-iris-onehot": {"train": (150, 4)},
    "b10-early-stop-class": {"train": (112, 4), "validation": (38, 4), "test": (38, 4)},
    "b11-early-stop-reg": {"train": (298, 7), "validation": (100, 7), "test": (100, 7)},
    "b13-xor": {"train": (4, 2)},
    "c02-batch-size": {"train": (500, 2), "validation": (500, 2), "test": (500, 2)},
    "c05-weight-decay": {"train": (30, 2), "validation": (70, 2), "test": (70, 2)},
    "d02-imdb": {"train": (15000, 10000), "validation": (10000, 10000), "test": (25000, 10000)},
    "d07-reuters-final": {
        "train": (7982, 10000),
        "validation": (1000, 10000),
        "test": (2246, 10000),
    },
    "d12-boston-kfold": {"train": (303, 13), "validation": (101, 13), "test": (102, 13)},
    "d14-boston-final": {"train": (404, 13), "test": (102, 13)},
}


def prepared(experiment: Experiment) -> Any:
    """Prepare an example's data without any network; skip where they aren't here."""
    data = card(experiment.data.dataset)
    if data.files and not os.environ.get("KERASTUI_DATA"):
        pytest.skip("KERASTUI_DATA names no directory with the real data")
    if locate(data) is None:
        pytest.skip(f"{data.name} is not here")
    from kerastui.datasets.prepare import prepare

    return prepare(experiment.data, seed=experiment.seed)


def test_every_example_is_there_once() -> None:
    assert set(IDS) <= set(NAMES)
    assert len({entry.id for entry in shipped.index()}) == len(NAMES)


def test_file_names_are_the_names() -> None:
    stems = {f.name.removesuffix(".toml") for f in files("kerastui.models.examples").iterdir()
             if f.name.endswith(".toml")}  # fmt: skip
    assert stems == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_a_valid_experiment_with_a_lesson(name: str) -> None:
    experiment = shipped.experiment(name)
    lesson = experiment.lesson
    assert lesson is not None
    assert lesson.document in shipped.DOCUMENTS
    assert lesson.document == name[0].upper()
    assert experiment.title.endswith("?")
    assert lesson.section
    assert lesson.source
    assert lesson.changed
    assert "\n" not in lesson.changed
    assert 3 <= len(lesson.teaches.splitlines()) <= 6
    assert experiment.seed == 1


@pytest.mark.parametrize("name", NAMES)
def test_what_to_try_next_are_valid_and_different_experiments(name: str) -> None:
    experiment = shipped.experiment(name)
    assert experiment.lesson is not None
    variants = experiment.lesson.variants
    assert 2 <= len(variants) <= 5
    tried = [experiment.changed(variant.set) for variant in variants]
    members = [tuple(m.experiment.fingerprint() for m in studies.members(e)) for e in tried]
    own = tuple(m.experiment.fingerprint() for m in studies.members(experiment))
    assert len({own, *members}) == len(variants) + 1


@pytest.mark.parametrize("name", NAMES)
def test_its_data_set_is_known_and_knows_it(name: str) -> None:
    experiment = shipped.experiment(name)
    assert name in card(experiment.data.dataset).examples


@pytest.mark.parametrize("name", NAMES)
def test_published_figures_are_figures_and_most_say_what_is_right(name: str) -> None:
    experiment = shipped.experiment(name)
    published, study = experiment.published, experiment.study
    variants = {"", "*", *(variant.name for variant in study.variants)} if study else {""}
    assert published
    assert any(figure.band or figure.compare for figure in published)
    for figure in published:
        assert FIGURE.fullmatch(figure.figure)
        assert figure.label
        assert figure.variant in variants
        assert not figure.compare or (figure.compare.variant or "") in variants
        judged = [figure.band, figure.equals, figure.compare]
        assert sum(entry is not None for entry in judged) <= 1
        if figure.band:
            assert figure.band[0] < figure.band[1]


@pytest.mark.parametrize("name", SHAPES)
def test_the_arrays_have_the_documents_shapes(name: str) -> None:
    data = prepared(shipped.experiment(name))
    parts = {part: getattr(data, part) for part in ("train", "validation", "test")}
    shapes = {part: tuple(a.x.shape) for part, a in parts.items() if a is not None}
    assert shapes == SHAPES[name]


@pytest.mark.parametrize("name", PREPARED)
def test_its_predictions_can_be_asked_for(name: str) -> None:
    experiment = shipped.experiment(name)
    data = prepared(experiment)
    for prediction in experiment.afterwards.predict:
        part = getattr(data, prediction.part)
        if prediction.values is not None:
            batch = data.encode(prediction.values)
            assert batch.shape == (1, *data.input_shape)
        else:
            assert part.x.shape[0] >= prediction.index + prediction.count


def test_the_ten_cars_have_their_names() -> None:
    data = prepared(shipped.experiment("b07-mpg"))
    assert data.train.names[:3] == [
        "chevrolet chevelle malibu",
        "buick skylark 320",
        "plymouth satellite",
    ]


def test_boston_targets_begin_as_keras_gives_them() -> None:
    data = prepared(shipped.experiment("d14-boston-final"))
    assert [round(float(value), 1) for value in data.train.y[:3]] == [15.2, 42.3, 50.0]


def test_the_index_holds_the_very_files() -> None:
    made = [entry.plain for entry in shipped.index()]
    assert made == shipped.read_all(), "run: make index"
