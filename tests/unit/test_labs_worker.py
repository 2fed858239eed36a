"""What the labs ask of Keras, answered in a process of its own: TensorFlow's own results."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import json, sys
from pathlib import Path
import numpy as np
from kerastui.datasets.errors import UserError
from kerastui.models.labs import activations, initializers, structures, worker

folder = Path(sys.argv[1])
told = {}

def run(line, **variables):
    try:
        return worker.answer("lab.algebra", {"line": line, "variables": variables})["value"]
    except UserError as error:
        assert error.message
        return "refused: " + error.message

x, a, A, B = [1, 2], [3, 3], [[3, 3]], [[2], [2]]
told["document"] = [run("A @ B", A=A, B=B), run("x - a", x=x, a=a), run("x = [4, 6]", x=x),
                    run("x - a", x=[4, 6], a=a)]
told["more"] = [run("sum(A, 0)", A=[[1, 2], [3, 4]]), run("-A.T * 2", A=A), run("mean([1, 3])"),
                run("det([[2, 0], [0, 3]])"), run("2 ** 3 / 4"), run("argmax([1, 9, 3])"),
                run("x = [1, 2, 3]", x=x), run("norm([3, 4])"), run("sum([[1,2],[3,4]], -1)")]
told["refused"] = [run(line, x=x, A=A) for line in (
    "A @ A", "x @ x", "y + 1", "x + [1, 2, 3]", "__import__('os')", "x.__class__", "(lambda: 1)()",
    "[1, [2]]", "inv([[1, 1], [1, 1]])", "det(A)", "open('f')", "x if x else x", "sum(x, 4)",
    "sum(x, y)", "add(x)", "'a'", "True", "x[0]", "[x for x in x]", "1e999 + [" + "1," * 200 + "1]",
    "[[" + ",".join("1" * 200) + "]] + " + "[" + ",".join(["[1]"] * 90) + "]",
    "f'{x}'", "x := 3", "softmax(1)", "matmul(x, x, x)", "sum()")]

same = {}
for name in ("first", "again", "other"):
    path = folder / f"{name}.npy"
    worker.answer("lab.weights", {"path": str(path), "initializer": "he_normal", "n_in": 20,
                                  "n_out": 30, "seed": 2 if name == "other" else 1})
    same[name] = np.load(path)
told["seeds"] = [bool((same["first"] == same["again"]).all()),
                 bool((same["first"] == same["other"]).all()), list(same["first"].shape)]
missed = []
for entry in initializers.INITIALIZERS:
    path = folder / f"{entry.name}.npy"
    worker.answer("lab.weights", {"path": str(path), "initializer": entry.name, "n_in": 300,
                                  "n_out": 200, "seed": 7})
    weights = np.load(path)
    got, promised = initializers.measure(weights), entry.variance(300, 200)
    limit = entry.limit(300, 200)
    if promised == 0:
        fine = got.variance == 0
    else:
        fine = abs(got.variance / promised - 1) < max(
            1e-4, initializers.tolerance(got.count, entry.shape))
    if entry.shape in ("normal", "uniform") and max(got.high, -got.low) > limit * 1.0001:
        fine = False
    if not fine:
        missed.append([entry.name, got.variance, promised, got.high, limit])
told["variances"] = missed

def mandelbrot(name, width, height, slices):
    path = folder / name
    for first, last in slices:
        worker.answer("lab.mandelbrot", {"path": str(path), "real": -0.5, "imaginary": 0.0,
            "span": 4.0, "cycles": 50, "width": width, "height": height, "first": first,
            "last": last})
    return np.load(path)

whole = mandelbrot("whole.npy", 64, 48, [(0, 48)])
parts = mandelbrot("parts.npy", 64, 48, [(0, 7), (7, 30), (30, 48)])
step = 4 / 64
slow = np.zeros((48, 64), int)
for row in range(48):
    for column in range(64):
        c = complex(-2.5 + column * step, -1.5 + row * step)
        z = c
        for _ in range(50):
            z = z * z + c
            if abs(z) >= 4:
                break
            slow[row, column] += 1
told["mandelbrot"] = [bool((whole == parts).all()), bool((whole == slow).all()), str(whole.dtype)]

import keras
keras_misses = []
x = np.linspace(-6, 6, 121).astype("float32")
for activation in activations.ACTIVATIONS:
    if activation.name in ("step", "softmax"):
        continue
    theirs = np.asarray(keras.activations.get(activation.name)(x))
    if not np.allclose(theirs, activation.value(x.astype(float)), rtol=2e-5, atol=2e-6):
        keras_misses.append([activation.name, float(abs(theirs - activation.value(x)).max())])
told["activations"] = keras_misses

counts = {}
for name in ("SEQUENTIAL", "DEEP", "FUNCTIONAL", "SUMMARY", "TWO_APIS"):
    for number, entry in enumerate(getattr(structures, name)):
        plain = worker.answer("lab.structure",
                              {"model": dict(entry.model), "inputs": list(entry.inputs)})
        plain = json.loads(json.dumps(plain))
        summary = structures.summary_of(plain)
        assert not summary.problem, summary.problem
        counts[f"{name} {number}"] = [summary.parameters, [r.parameters for r in summary.rows],
                                      len(structures.graph_of(entry, summary).edges)]
told["structures"] = counts
try:
    worker.answer("lab.nothing", {})
except UserError as error:
    told["unknown"] = error.message
print("\\n" + json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    import json

    done = subprocess.run(
        [sys.executable, "-P", "-c", CODE, str(tmp_path_factory.mktemp("lab"))],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_the_documents_three_results(told: dict[str, object]) -> None:
    assert told["document"] == [[[12.0]], [-2.0, -1.0], [4.0, 6.0], [1.0, 3.0]]


def test_more_lines(told: dict[str, object]) -> None:
    assert told["more"] == [
        [4, 6], [[-6], [-6]], 2, 6, 2, 1, [1, 2, 3], 5, [3, 7]
    ]  # fmt: skip


def test_what_is_no_algebra_is_refused_in_words(told: dict[str, object]) -> None:
    refused = told["refused"]
    assert isinstance(refused, list)
    assert [line for line in refused if not str(line).startswith("refused: ")] == []


def test_the_same_seed_draws_the_same_weights(told: dict[str, object]) -> None:
    assert told["seeds"] == [True, False, [20, 30]]


def test_keras_keeps_what_every_formula_promises(told: dict[str, object]) -> None:
    assert told["variances"] == []


def test_the_picture_is_that_of_plain_complex_numbers_in_one_piece_or_in_slices(
    told: dict[str, object],
) -> None:
    assert told["mandelbrot"] == [True, True, "uint16"]


def test_activations_are_those_of_keras(told: dict[str, object]) -> None:
    assert told["activations"] == []


def test_the_documents_numbers_of_weights(told: dict[str, object]) -> None:
    assert told["structures"] == {
        "SEQUENTIAL 0": [101, [90, 11], 2],
        "DEEP 0": [11_781, [900, 8080, 2430, 310, 55, 6], 6],
        "FUNCTIONAL 0": [101, [90, 11], 2],
        "FUNCTIONAL 1": [262, [90, 16, 0, 120, 9, 27], 7],
        "SUMMARY 0": [187, [90, 88, 9], 3],
        "TWO_APIS 0": [25_450, [25_120, 330], 2],
        "TWO_APIS 1": [25_450, [25_120, 330], 2],
    }


def test_an_unknown_question_is_refused(told: dict[str, object]) -> None:
    assert "lab.nothing" in str(told["unknown"])


def test_opening_the_registry_loads_no_numpy(tmp_path: Path) -> None:
    code = "import sys, kerastui.tui.labs; print('numpy' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"
