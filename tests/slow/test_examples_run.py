"""Shipped examples with data at hand, trained for real: their figures land where they should.

The median over several seeds has to lie inside the band; one seed may
be unlucky, and several of the lessons are about exactly that.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kerastui.datasets.catalogue import card
from kerastui.datasets.fetch import locate
from kerastui.models import shipped

pytestmark = pytest.mark.slow

SEEDS = {
    "a05-ionosphere": 5,
    "a06-iris": 5,
    "a07-housing": 5,
    "a09-mnist-cnn": 1,
    "a10-car-sales": 3,
    "a13-learning-curves": 5,
    "a16-dropout": 3,
    "a17-batchnorm": 3,
    "a18-early-stopping": 5,
    "b07-mpg": 5,
    "b08-iris-onehot": 5,
    "b10-early-stop-class": 5,
    "b11-early-stop-reg": 5,
    "d14-boston-final": 5,
}
"""How many seeds it takes to judge an example, fewer where it takes long or they differ little."""


def kerastui(*words: str, home: Path, timeout: float) -> Any:
    """Run a command in a process of its own and return the JSON it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "kerastui.tui.cli", *words, "--json"],
        capture_output=True,
        text=True,
        timeout=timeout,
        env={**os.environ, "KERASTUI_HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", SEEDS)
def test_its_figures_land_where_they_should(name: str, tmp_path: Path) -> None:
    data = card(shipped.experiment(name).data.dataset)
    if data.files and not os.environ.get("KERASTUI_DATA"):
        pytest.skip("KERASTUI_DATA names no directory with the real data")
    if locate(data) is None:
        pytest.skip(f"{data.name} is not here")
    seeds = SEEDS[name]
    outcome = kerastui(
        "run", name, "--set", f"study.repeats={seeds}", home=tmp_path / "saved", timeout=880
    )
    assert outcome["status"] == "finished"
    assert outcome["data"]["substitute"] is None
    wrong = {
        entry["label"]: (entry["got"], entry["expected"])
        for entry in outcome["published"]
        if entry["state"] in ("outside", "missing")
    }
    assert wrong == {}
    members = outcome["study"]["members"]
    assert {member["status"] for member in members} == {"finished"}
    assert len({member["seed"] for member in members}) == seeds
