"""Judging real models: what the inspector answers, held against Keras itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse
from kerastui.models.look.worker import answer

ROWS = 90


def table(path: Path, rows: int = ROWS, seed: int = 0, labels: tuple[str, ...] = ("cat", "dog",
          "eel")) -> Path:  # fmt: skip
    rng = np.random.default_rng(seed)
    lines = ["size,hue,price,kind"]
    for _ in range(rows):
        place = int(rng.integers(len(labels)))
        lines.append(
            f"{place + rng.normal(0, 0.6):.4f},{rng.normal():.4f},{3 * place + rng.normal():.4f},"
            f"{labels[place]}"
        )
    path.write_text("\n".join(lines) + "\n")
    return path


def experiment(path: Path, target: str, task: str, model: dict[str, Any],
               **compiled: Any) -> Experiment:  # fmt: skip
    steps: list[dict[str, Any]] = [{"step": "scale"}]
    if task == "multiclass":
        steps.append({"step": "encode_label"})
    return parse({
        "name": "own", "format": 1, "seed": 1,
        "data": {"dataset": "own", "task": task, "target": [target],
                 "features": ["size", "hue"],
                 "file": {"path": str(path), "format": "csv"}, "steps": steps,
                 "split": {"kind": "fraction", "test": 0.4}},
        "model": model, "compile": {"optimizer": "adam", **compiled},
    })  # fmt: skip


def built(folder: Path, made: Experiment, fit: bool = True) -> Path:
    """Build, train a little and save."""
    from kerastui.datasets.prepare import prepare
    from kerastui.models.network import feeding
    from kerastui.models.network.building import build_model, compile_model

    prepared = prepare(made.data, seed=1)
    x, y = feeding.of_part(made.model, prepared, prepared.train)
    model = compile_model(build_model(made.model, feeding.shapes(x), seed=1), made.compile)
    if fit:
        model.fit(x, y, epochs=3, verbose=0)
    path = folder / "model.keras"
    model.save(path)
    return path


class Asker:
    def __init__(self, path: Path, made: Experiment) -> None:
        self.path, self.made = path, made

    def __call__(self, question: str, part: str = "test", **more: Any) -> dict[str, Any]:
        where = {"path": str(self.path), "experiment": self.made.plain(), "part": part}
        return answer(f"look.judge_{question}", {**where, **more})

    def all(self, part: str = "test", **more: Any) -> dict[str, Any]:
        while True:
            told = self("predict", part, **more)
            if told["done"] == told["rows"]:
                return told


STACK = {"kind": "sequential", "layers": [{"type": "Dense", "units": 8, "activation": "relu"}]}


def stack(units: int, activation: str | None, **more: Any) -> dict[str, Any]:
    last = {"type": "Dense", "units": units, **({"activation": activation} if activation else {})}
    return {**STACK, "layers": [{**STACK["layers"][0], **more}, last]}


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Asker:
    folder = tmp_path_factory.mktemp("classes")
    made = experiment(
        table(folder / "data.csv"), "kind", "multiclass",
        stack(3, "softmax", kernel_regularizer={"type": "L2", "l2": 0.01}),
        loss="sparse_categorical_crossentropy", metrics=["accuracy"],
    )  # fmt: skip
    return Asker(built(folder, made), made)


def evaluated(asker: Asker, part: str) -> dict[str, float]:
    """Return what Keras' own evaluate says."""
    from kerastui.models.look.opened import opened
    from kerastui.models.network import feeding

    there = opened(str(asker.path), asker.made.plain())
    x, y = feeding.of_part(asker.made.model, there.prepared, getattr(there.prepared, part))
    told: dict[str, float] = there.model.evaluate(
        x, y, batch_size=ROWS, verbose=0, return_dict=True
    )
    return told


def by_name(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in told["figures"]}


def test_figures_are_those_of_evaluate(classifier: Asker) -> None:
    told = classifier.all()
    assert told["parts"] == {"train": 54, "test": 36}
    assert told["choices"] == [{"name": "", "kind": "classes"}]
    for part in ("test", "train"):
        classifier.all(part)
        found = by_name(classifier("figures_of", part))
        expected = evaluated(classifier, part)
        assert found["loss"]["value"] == pytest.approx(expected["loss"], rel=1e-5)
        assert found["accuracy"]["value"] == pytest.approx(expected["accuracy"])
        for one in found.values():
            assert one["low"] <= one["value"] <= one["high"]


def test_the_matrix_and_the_rows_behind_its_cells_agree(classifier: Asker) -> None:
    classifier.all()
    told = classifier("confusion")
    assert told["names"] == ["cat", "dog", "eel"]
    assert sum(map(sum, told["matrix"])) == 36
    for i, row in enumerate(told["matrix"]):
        for j, count in enumerate(row):
            rows = classifier("samples", truth=i, predicted=j)
            assert rows["total"] == count
            sure = [one[4] for one in rows["rows"]]
            assert sure == sorted(sure, reverse=True)
            assert all(one[2:4] == [told["names"][i], told["names"][j]] for one in rows["rows"])


def test_a_row_is_shown_with_its_raw_values(classifier: Asker, tmp_path: Path) -> None:
    classifier.all()
    place = classifier("samples")["rows"][0][0]
    told = classifier("sample", place=place, folder=str(tmp_path))
    assert told["names"] == ["size", "hue"]
    lines = Path(classifier.made.data.file.path).read_text().splitlines()  # type: ignore[union-attr]
    assert told["values"] == [float(cell) for cell in lines[told["index"]].split(",")[:2]]
    assert sum(share for _, share in told["likely"]) == pytest.approx(1)
    with pytest.raises(UserError, match="no row 99"):
        classifier("sample", place=99, folder=str(tmp_path))


def test_curves_of_each_class(classifier: Asker) -> None:
    classifier.all()
    for number in range(3):
        told = classifier("curves", number=number)
        assert told["roc"][0][0] == 0.0
        assert told["roc"][1][-1] == 1.0
        low, high = told["auc"][1]
        assert 0 <= low <= told["auc"][0] <= high <= 1
    with pytest.raises(UserError, match="between two classes"):
        classifier("thresholds")
    with pytest.raises(UserError, match="Classes are predicted"):
        classifier("numbers")
    with pytest.raises(UserError, match="no output 5"):
        classifier("confusion", choice=5)


def test_a_labelled_file_goes_through_the_same_preparation(
    classifier: Asker, tmp_path: Path
) -> None:
    same = tmp_path / "same.csv"
    same.write_text(Path(classifier.made.data.file.path).read_text())  # type: ignore[union-attr]
    classifier.all("file", file=str(same))
    told = classifier("confusion", "file", file=str(same))
    parts = []
    for part in ("train", "test"):
        classifier.all(part)
        parts.append(np.array(classifier("confusion", part)["matrix"]))
    assert (np.array(told["matrix"]) == parts[0] + parts[1]).all()
    one_class = table(tmp_path / "one.csv", 5, 3, ("dog",))
    classifier.all("file", file=str(one_class))
    matrix = np.array(classifier("confusion", "file", file=str(one_class))["matrix"])
    assert matrix.sum() == matrix[1].sum() == 5
    assert "roc" not in classifier("curves", "file", file=str(one_class), number=1)
    told = classifier("sample", "file", file=str(one_class), place=0, folder=str(tmp_path))
    assert told["values"][0] == float(one_class.read_text().splitlines()[1].split(",")[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("dog", "cow"), "class cow is not one"),
        (lambda text: text.replace("hue", "colour"), "no column hue"),
        (lambda text: text.replace("kind", "sort"), "no column kind"),
        (lambda text: text.replace("\n", "\n,1,2,cat\n", 1), "missing or infinite"),
        (lambda text: text.replace("\n", "\n1,1,2,\n", 1), "no target"),
        (lambda _: "", "empty"),
    ],
)
def test_a_file_that_does_not_fit_is_refused_in_words(
    classifier: Asker, tmp_path: Path, change: Any, message: str
) -> None:
    path = table(tmp_path / "data.csv", 12)
    path.write_text(change(path.read_text()))
    with pytest.raises(UserError, match=message):
        classifier.all("file", file=str(path))


def test_a_labelled_file_that_was_changed_is_read_again(classifier: Asker, tmp_path: Path) -> None:
    path = table(tmp_path / "data.csv", 12)
    assert classifier.all("file", file=str(path))["rows"] == 12
    table(path, 30)
    assert classifier.all("file", file=str(path))["rows"] == 12
    assert classifier.all("file", file=str(path), afresh=True)["rows"] == 30


def test_pictures_and_texts_are_no_table(classifier: Asker, tmp_path: Path) -> None:
    for name in ("cat", "dog"):
        (tmp_path / "texts" / name).mkdir(parents=True)
        (tmp_path / "texts" / name / "1.txt").write_text("a text")
    with pytest.raises(UserError, match="holds texts, and the model takes the columns"):
        classifier.all("file", file=str(tmp_path / "texts"))


GOOD, BAD = "a fine film, really fine", "a dull film I left early"


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Asker:
    """A model of texts that tells good from bad ones."""
    folder = tmp_path_factory.mktemp("texts")
    lines = [f'"{GOOD}",good' if place % 3 else f'"{BAD}",bad' for place in range(60)]
    (folder / "data.csv").write_text("\n".join(["text,kind", *lines]) + "\n")
    made = parse({
        "name": "texts", "format": 1, "seed": 1,
        "data": {"dataset": "own", "task": "binary",
                 "file": {"path": str(folder / "data.csv"), "format": "texts", "text": "text",
                          "label": "kind"},
                 "steps": [{"step": "multi_hot", "words": 40}],
                 "split": {"kind": "fraction", "test": 0.4}},
        "model": stack(1, "sigmoid"),
        "compile": {"optimizer": {"type": "Adam", "learning_rate": 0.1},
                    "loss": "binary_crossentropy", "metrics": ["accuracy"]},
    })  # fmt: skip
    return Asker(built(folder, made), made)


NEW = [("An early film; zorgblatt left, I left, DULL!", "bad"), (GOOD, "good"), (GOOD, "bad"),
       ("Fine, fine.", "good")]  # fmt: skip


@pytest.mark.parametrize("form", ["table", "numbers", "folder"])
def test_texts_of_a_file_are_told_by_the_words_of_the_experiment(
    reader: Asker, tmp_path: Path, form: str
) -> None:
    from kerastui.models.look.opened import opened

    path = tmp_path / "new.csv"
    if form == "folder":
        path = tmp_path / "new"
        for place, (text, kind) in enumerate(NEW):
            (path / kind).mkdir(parents=True, exist_ok=True)
            (path / kind / f"{place}.txt").write_text(text)
    else:
        number = {"good": "1", "bad": "0"} if form == "numbers" else {}
        lines = [f'"{text}",{number.get(kind, kind)}' for text, kind in NEW]
        path.write_text("\n".join(["text,kind", *lines]) + "\n")
    assert reader.all("file", file=str(path))["rows"] == len(NEW)
    assert reader("confusion", "file", file=str(path))["matrix"] == [[1, 1], [0, 2]]
    there = opened(str(reader.path), reader.made.plain())
    rows = reader("samples", "file", file=str(path))["rows"]
    told = [reader("sample", "file", file=str(path), folder="", place=row[0]) for row in rows]
    words = [one["words"] for one in told]
    assert any("zorgblatt left i left dull" in text for text in words), "not only the known words"
    for text, one in zip(words, told, strict=True):
        said = there.model(there.prepared.encode(text[2:]), training=False).numpy()[0, 0]
        assert dict(one["likely"])["good"] == pytest.approx(said, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("new.csv", f'text,kind\n"{GOOD}",\n"{BAD}",bad\n', "1 row of new.csv has no text or no"),
        ("new.csv", f'text,kind\n"{GOOD}",great\n"{BAD}",bad\n', "class great is not one"),
        ("new.csv", "a,b\n1,2\n2,3\n", "no such column"),
        ("new.csv", "text,kind\n...,bad\n!!!,good\n", "have no words"),
        ("new.jsonl", '{"text": "a film", "kind": "bad"}\n', "no texts as they are read here"),
    ],
)
def test_texts_that_cannot_be_judged_are_refused_in_words(
    reader: Asker, tmp_path: Path, name: str, content: str, message: str
) -> None:
    path = tmp_path / name
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        reader.all("file", file=str(path))


def test_a_file_without_header_takes_the_columns_in_their_order(
    tmp_path: Path, classifier: Asker
) -> None:
    from kerastui.datasets.labelled import labelled
    from kerastui.models.look.opened import opened

    there = opened(str(classifier.path), classifier.made.plain())
    bare = tmp_path / "bare.npy"
    np.save(bare, np.array([[0.0, 1.0, 2.0], [2.0, 0.5, 1.0]]))
    part, loaded = labelled(str(bare), classifier.made.data, there.prepared)
    assert list(loaded.columns) == ["size", "hue", "kind"]
    assert len(part.x) == 2


def test_a_part_that_is_not_there_is_named(classifier: Asker) -> None:
    with pytest.raises(UserError, match="no validation part"):
        classifier.all("validation")


def test_numbers_against_evaluate_and_numpy(tmp_path: Path) -> None:
    made = experiment(table(tmp_path / "d.csv"), "price", "regression", stack(1, None),
                      loss="mse", metrics=["mae"])  # fmt: skip
    asker = Asker(built(tmp_path, made), made)
    asker.all()
    found, expected = by_name(asker("figures_of")), evaluated(asker, "test")
    assert found["MAE"]["value"] == pytest.approx(expected["mae"], rel=1e-5)
    assert found["MSE"]["value"] == pytest.approx(expected["loss"], rel=1e-5)
    told = asker("numbers")
    truth, predicted = np.array(told["truth"]), np.array(told["predicted"])
    from sklearn.metrics import r2_score

    assert found["R²"]["value"] == pytest.approx(r2_score(truth, predicted))
    assert found["R²"]["low"] < found["R²"]["value"] < found["R²"]["high"]
    assert sum(told["counts"]) == told["rows"] == 36
    worst = asker("samples")["rows"]
    errors = [abs(one[4]) for one in worst]
    assert errors == sorted(errors, reverse=True)
    assert worst[0][4] == pytest.approx(worst[0][3] - worst[0][2])
    with pytest.raises(UserError, match="Numbers are predicted"):
        asker("confusion")
    with pytest.raises(UserError, match="no series"):
        asker("forecast")


def test_outputs_that_are_no_numbers_are_left_out(tmp_path: Path) -> None:
    import keras

    made = experiment(table(tmp_path / "d.csv"), "price", "regression", stack(1, None),
                      loss="mse")  # fmt: skip
    path = built(tmp_path, made, fit=False)
    model = keras.saving.load_model(path, compile=False)
    model.layers[-1].bias.assign([np.nan])
    model.save(path)
    asker = Asker(path, made)
    asker.all()
    told = asker("figures_of")
    assert (told["rows"], told["left_out"]) == (0, 36)
    assert "counts" not in asker("numbers")
    assert asker("samples")["total"] == 0


def test_several_outputs_are_judged_one_by_one(tmp_path: Path) -> None:
    model = {
        "kind": "graph", "inputs": [{"name": "x"}],
        "nodes": [{"name": "price", "type": "Dense", "units": 1, "from": ["x"]},
                  {"name": "back", "type": "Dense", "units": 2, "from": ["x"]}],
        "outputs": ["price", "back"], "targets": {"back": ["x"]},
    }  # fmt: skip
    made = experiment(table(tmp_path / "d.csv"), "price", "regression", model,
                      loss={"price": "mse", "back": "mse"}, metrics={"price": ["mae"]})  # fmt: skip
    asker = Asker(built(tmp_path, made), made)
    names = [one["name"] for one in asker.all()["choices"]]
    assert names == ["price", "back all 2 numbers", "back number 0", "back number 1"]
    expected = evaluated(asker, "test")
    found = by_name(asker("figures_of", choice=0))
    assert found["MAE"]["value"] == pytest.approx(expected["price_mae"], rel=1e-5)
    assert found["MAE"]["keys"][0] == "price_mae"
    whole = by_name(asker("figures_of", choice=1))["MSE"]["value"]
    singles = [by_name(asker("figures_of", choice=place))["MSE"]["value"] for place in (2, 3)]
    assert whole == pytest.approx(np.mean(singles))
    assert whole == pytest.approx(expected["back_loss"], rel=1e-5)


def test_a_series_goes_on_by_its_own_predictions(tmp_path: Path) -> None:
    path = tmp_path / "series.csv"
    values = [10 + 3 * np.sin(i / 3) for i in range(60)]
    path.write_text("sales\n" + "\n".join(f"{value:.5f}" for value in values) + "\n")
    made = parse({
        "name": "own", "format": 1, "seed": 1,
        "data": {"dataset": "own", "task": "forecasting", "target": ["sales"],
                 "file": {"path": str(path), "format": "csv"},
                 "steps": [{"step": "window", "length": 4}, {"step": "flatten"}],
                 "split": {"kind": "last", "count": 10}},
        "model": stack(1, None), "compile": {"loss": "mse"},
    })  # fmt: skip
    asker = Asker(built(tmp_path, made), made)
    asker.all()
    told = asker("forecast", steps=3)
    assert told["at"] == list(range(50, 60))
    assert told["values"] == pytest.approx(values, abs=1e-4)
    from kerastui.models.look.opened import opened

    model, window = opened(str(asker.path), made.plain()).model, list(told["values"][-4:])
    for said in told["future"]:
        expected = float(model(np.array([window[-4:]], np.float32))[0, 0])
        assert said == pytest.approx(expected, rel=1e-5)
        window.append(said)
    naive = np.abs(np.diff(told["values"]))[-10:].mean()
    assert told["naive"] == pytest.approx(naive)


def test_data_that_does_not_fit_the_model_is_refused(classifier: Asker, tmp_path: Path) -> None:
    other = classifier.made.changed({"data.features": ["size", "hue", "price"]})
    with pytest.raises(UserError, match="shape 2, and gets 3"):
        Asker(classifier.path, other).all()
