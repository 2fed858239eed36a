"""Files that are damaged or made to do harm: a sentence each, no crash, bounded memory."""

from __future__ import annotations

import io
import json
import random
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from kerastui.datasets.errors import UserError
from kerastui.models.saved.examine import examine
from kerastui.models.saved.read import read
from kerastui.models.saved.statistics import of_weight

from ..ui.keras_file import keras_file

OLD = Path(__file__).parents[1] / "files" / "keras2"

MUTATIONS = 30
"""Damaged copies of each whole file."""


def archive(path: Path, entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, block in entries.items():
            file.writestr(name, block)
    return path


def hdf5(fill: Callable[[h5py.File], Any]) -> bytes:
    block = io.BytesIO()
    with h5py.File(block, "w") as file:
        fill(file)
    return block.getvalue()


def structure(layers: list[Any]) -> bytes:
    return json.dumps({"module": "keras", "class_name": "Sequential",
                       "config": {"name": "s", "layers": layers}}).encode()  # fmt: skip


def dense(name: str) -> dict[str, Any]:
    return {"module": "keras.layers", "class_name": "Dense", "config": {"name": name, "units": 1}}


EMPTY = hdf5(lambda file: file.create_group("layers"))


def crafted(folder: Path) -> Iterator[Path]:
    """Write files that were thought out."""
    good = structure([dense("a")])
    zeros = hdf5(lambda f: f.create_dataset("layers/dense/vars/0", (4000, 4000), "f4",
                                            chunks=(4000, 4000), compression="gzip"))  # fmt: skip
    absurd = hdf5(lambda f: f.create_dataset("layers/dense/vars/0", (2**40, 2**20), "f4",
                                             chunks=(1024, 1024)))  # fmt: skip
    wide = hdf5(lambda f: f.create_dataset("layers/dense/vars/0", (2**33,), "f4",
                                           chunks=(2**20,)))  # fmt: skip
    deep: Any = {"class_name": "Dense", "config": {"name": "last"}}
    for _ in range(200):
        deep = {"class_name": "Sequential", "config": {"name": "s", "layers": [deep]}}
    names = ["\x1b[2J\x1b]0;x\x07", "[bold]x[/bold]", "a/../../b", "\u202eevil", "x" * 10_000]
    weights = {"config.json": good, "metadata.json": b"{}"}
    for number, entries in enumerate((
        {**weights, "model.weights.h5": absurd},
        {**weights, "model.weights.h5": wide},
        {**weights, "model.weights.h5": zeros},
        {**weights, "model.weights.h5": b"\x89HDF\r\n\x1a\n" + b"\xff" * 4000},
        {**weights, "model.weights.h5": b""},
        {**weights, "model.weights.h5": EMPTY, "../../../tmp/evil": b"x", "/etc/evil": b"x"},
        {**weights, "model.weights.h5": EMPTY, "metadata.json": b"[" * 100_000},
        {"config.json": b"[" * 200_000 + b"]" * 200_000, "model.weights.h5": EMPTY},
        {"config.json": b'{"config": {"layers": 7}}', "model.weights.h5": EMPTY},
        {"config.json": b'{"config": {"layers": [{"config": 3}]}}', "model.weights.h5": EMPTY},
        {"config.json": b"\xff\xfe\x00", "model.weights.h5": EMPTY},
        {"config.json": structure([deep]), "model.weights.h5": EMPTY},
        {"config.json": structure([dense(f"d{i}") for i in range(10_000)]),
         "model.weights.h5": EMPTY},
        {"config.json": structure([dense(name) for name in names]), "model.weights.h5": EMPTY},
        {"config.json": structure([{"class_name": "Lambda", "config": {
            "name": "l", "function": {"class_name": "__lambda__", "config": {
                "code": "4wEAAAA="}}}}]), "model.weights.h5": EMPTY},
        {"config.json": structure([{"module": "os", "class_name": "system",
                                    "config": {"name": "s", "command": "touch /tmp/evil"}}]),
         "model.weights.h5": EMPTY},
    )):  # fmt: skip
        yield archive(folder / f"crafted-{number}.keras", entries)
    bomb = {**weights, "model.weights.h5": EMPTY, "config.json": b" " * (80 * 2**20)}
    yield archive(folder / "bomb-text.keras", bomb, zipfile.ZIP_DEFLATED)
    bomb = {**weights, "model.weights.h5": b"\0" * (64 * 2**20)}
    yield archive(folder / "bomb-weights.keras", bomb, zipfile.ZIP_DEFLATED)
    lying = bytearray(archive(folder / "lying.keras", {**weights, "model.weights.h5": EMPTY})
                      .read_bytes())  # fmt: skip
    place = lying.rindex(b"PK\x01\x02")
    lying[place + 24 : place + 28] = struct.pack("<I", 2**31 - 1)
    (folder / "lying.keras").write_bytes(lying)
    yield folder / "lying.keras"
    yield from (archive(folder / f"{name}.keras", entries) for name, entries in (
        ("twice", {"config.json": good}), ("nothing", {}), ("other", {"word/document.xml": b"x"}),
    ))  # fmt: skip
    yield from _loops(folder)
    for name, block in (
        ("empty.keras", b""), ("text.h5", b"no model at all"), ("png.keras", b"\x89PNG\r\n\x1a\n"),
        ("nul.json", b"\0" * 1000), ("list.json", b"[1, 2]"), ("deep.json", b"[" * 10**6),
        ("number.json", b'{"class_name": 1, "config": 1e999}'),
        ("html.h5", b"<!DOCTYPE html><html>404</html>"),
        ("pickle.keras", b"\x80\x04\x95cos\nsystem\n(S'touch /tmp/evil'\ntR."),
    ):  # fmt: skip
        (folder / name).write_bytes(block)
        yield folder / name


def _loops(folder: Path) -> Iterator[Path]:
    """Write HDF5 files with links that lead round in circles, elsewhere, and nowhere."""

    def fill(file: h5py.File) -> None:
        group = file.create_group("layers/dense/vars")
        group["round"] = file["layers"]
        group["soft"] = h5py.SoftLink("/layers/dense")
        group["away"] = h5py.ExternalLink("/etc/passwd", "/")
        group["nowhere"] = h5py.SoftLink("/nothing")
        group["0"] = np.zeros(3, np.float32)
        file.attrs["layer_names"] = [b"dense", b"missing", b"\x1b[31m"]

    (folder / "loops.h5").write_bytes(hdf5(fill))
    yield folder / "loops.h5"


def mutated(whole: Path, folder: Path, seed: int) -> Iterator[Path]:
    """Write damaged copies of a whole file: cut, flipped, filled, repeated, shifted."""
    block, chance = whole.read_bytes(), random.Random(seed)
    for number in range(MUTATIONS):
        damaged = bytearray(block)
        place = chance.randrange(len(damaged))
        match number % 6:
            case 0:
                del damaged[place:]
            case 1:
                damaged[place] ^= 1 << chance.randrange(8)
            case 2:
                for _ in range(chance.randrange(1, 200)):
                    damaged[chance.randrange(len(damaged))] = chance.randrange(256)
            case 3:
                damaged[place : place + 64] = b"\xff" * 64
            case 4:
                damaged[place:place] = chance.randbytes(chance.randrange(1, 300))
            case 5:
                del damaged[place : place + chance.randrange(1, 2000)]
        path = folder / f"{whole.stem}-{number}{whole.suffix}"
        path.write_bytes(bytes(damaged))
        yield path


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("hostile")
    whole = [keras_file(folder / "whole.keras"), OLD / "mlp.h5", OLD / "cnn.h5", OLD / "rnn.keras",
             OLD / "two.json", OLD / "two.weights.h5"]  # fmt: skip
    files = [*crafted(folder)]
    for seed, path in enumerate(whole):
        files += mutated(path, folder, seed)
    return files


def looks(paths: list[Path]) -> list[tuple[int, str]]:
    """Look into each file in a fork of its own; returns exit status and what was said."""
    script = Path(__file__).with_name("hostile_looks.py")
    done = subprocess.run(
        [sys.executable, "-P", str(script)],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        timeout=250,
        check=True,
    )
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


@pytest.mark.skipif(sys.platform != "linux", reason="forks with limits")
def test_every_file_gets_a_sentence(corpus: list[Path]) -> None:
    assert len(corpus) >= 200
    crashed, read_well = [], 0
    for path, (status, said) in zip(corpus, looks(corpus), strict=True):
        if status < 0:
            crashed.append(path)  # HDF5 itself broke: `examine` has to stand that
            continue
        assert status == 0, f"{path.name}: {said}"
        read_well += said == "read"
    assert read_well < len(corpus) / 2
    for path in crashed[:3]:
        with pytest.raises(UserError, match="can't be read"):
            examine(path)
    assert not Path("/tmp/evil").exists()


def test_a_first_look_says_what_the_second_finds(tmp_path: Path) -> None:
    path = keras_file(tmp_path / "model.keras")
    found = examine(path)
    assert [one.shape for one in found] == [weight.shape for weight in read(path).weights]
    assert found[0] == of_weight(read(path).weights[0])
    (tmp_path / "cut.keras").write_bytes(path.read_bytes()[:500])
    with pytest.raises(UserError, match="cut off"):
        examine(tmp_path / "cut.keras")


def test_names_never_reach_the_screen_as_they_are(corpus: list[Path]) -> None:
    crafted_names = next(path for path in corpus if path.name == "crafted-13.keras")
    assert [len(layer.name) for layer in read(crafted_names).layers][-1] <= 200
    assert all(layer.name.isprintable() for layer in read(crafted_names).layers)
