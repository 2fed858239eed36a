"""Asking models that were really trained: the flower, the drawn digit, words, a large file."""

from __future__ import annotations

import csv
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerastui.models import shipped
from kerastui.models.look import predict, predict_file, predict_job
from kerastui.models.processes.launch import launch
from kerastui.models.runs.store import Run, Workspace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif("KERASTUI_DATA" not in os.environ, reason="needs the real data"),
]


def trained(folder: Path, name: str, **changes: Any) -> tuple[Run, dict[str, Any]]:
    """Train an example; returns the run, and which model it is."""
    experiment = shipped.experiment(name).changed({"study": None, **changes})
    run = Workspace(folder).create(experiment)
    launch(run)
    until = time.monotonic() + 300
    while run.info().ended is None:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert run.info().status == "finished"
    return run, {"path": str(run.model), "experiment": run.experiment().plain()}


def said(asked: dict[str, Any], values: Any, **more: Any) -> tuple[str, float]:
    """Return the most probable class, and its probability."""
    names = predict.predict_form(**asked)["outputs"][0]["names"]
    (answer,) = predict.predict_one(values=values, **asked, **more)["answers"]
    best = int(np.argmax(answer))
    return names[best], answer[best]


def test_a_flower_and_a_file_of_a_hundred_thousand(tmp_path: Path) -> None:
    run, asked = trained(tmp_path, "a06-iris")
    form = predict.predict_form(**asked)
    names = [field["name"] for field in form["fields"]]
    kind, probability = said(asked, [5.1, 3.5, 1.4, 0.2])
    asked_in_the_run = next(
        one for one in run.info().figures.items() if one[0].endswith(".probability")
    )
    assert kind == "Iris-setosa"
    assert probability == pytest.approx(asked_in_the_run[1], abs=1e-5)
    rng = np.random.default_rng(1)
    values = rng.uniform([4, 2, 1, 0.1], [8, 4.5, 7, 2.5], (100_000, 4)).round(1)
    with (tmp_path / "in.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", *reversed(names)])
        writer.writerows([f"n{i}", *row[::-1]] for i, row in enumerate(values.tolist()))
    tracemalloc.start()
    job = predict_job.Job(
        lambda job: predict_file.write(
            job, asked["path"], str(tmp_path / "in.csv"), str(tmp_path / "out.csv"),
            asked["experiment"],
        )
    )  # fmt: skip
    while job.state()["result"] is None:
        time.sleep(0.05)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert job.state()["result"]["rows"] == 100_000
    assert peak < 40e6  # not the file, but a piece of it
    with (tmp_path / "out.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 100_000
    for place in (0, 4095, 4096, 99_999):
        kind, probability = said(asked, values[place].tolist())
        assert rows[place]["id"] == f"n{place}"
        assert rows[place]["predicted"] == kind
        assert float(rows[place][f"p {kind}"]) == pytest.approx(probability, abs=1e-4)
        low, high = form["fields"][0]["low"], form["fields"][0]["high"]
        outside = not low <= values[place][0] <= high
        assert (names[0] in rows[place]["note"]) == outside


def test_a_drawn_digit_is_known_wherever_it_stands(tmp_path: Path) -> None:
    _, asked = trained(tmp_path, "a09-mnist-cnn", **{"fit.epochs": 2})
    rows, columns = np.indices((28, 28))
    # A one: a short, slightly leaning stroke in a corner, far too small for MNIST.
    distance = np.abs((columns - 22) + 0.15 * (rows - 20))
    stroke = np.where((rows > 14) & (rows < 25), np.clip(1.7 - distance, 0, 1), 0) * 255
    assert said(asked, stroke.tolist(), centre=True)[0] == "1"
    # A nought: a ring.
    ring = np.abs(np.hypot(rows - 9, (columns - 8) * 1.3) - 6)
    nought = np.clip(1.9 - ring, 0, 1) * 255
    assert said(asked, nought.tolist(), centre=True)[0] == "0"
    row = predict.predict_row(part="test", row=0, **asked)
    assert said(asked, row["values"])[0] == row["truth"] == "7"


def test_words_of_a_review(tmp_path: Path) -> None:
    _, asked = trained(tmp_path, "d02-imdb", **{"fit.epochs": 3})
    good = "a wonderful film superb acting brilliant and moving one of the best i loved it"
    bad = "terrible boring waste of time awful acting the worst film poorly made and dull"
    assert said(asked, good)[0] == "positive"
    assert said(asked, bad)[0] == "negative"
    words = dict(predict.predict_one(values="wonderful zxqwyv", **asked)["words"])
    assert words == {"wonderful": "known", "zxqwyv": "unknown"}
