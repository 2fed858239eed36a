"""Archives from strangers: read when harmless, refused in words when not."""

from __future__ import annotations

import io
import pickle
import pickletools
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.datasets.npz import read_npz, read_ragged_npz

HEADER = {"descr": "|O", "fortran_order": False, "shape": (2,)}


def archive(path: Path, payload: bytes, header: dict[str, Any] | None = None) -> Path:
    """An archive whose array x is the given pickle (or bytes) under the given header."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, header or HEADER)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("x.npy", stream.getvalue() + payload)
    return path


def ragged(lists: list[Any]) -> np.ndarray[Any, Any]:
    array = np.empty(len(lists), dtype=object)
    array[:] = lists
    return array


class Evil:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return open, (str(self.marker), "w")


@given(st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=20), min_size=1, max_size=20))
def test_lists_of_integers_come_back(tmp_path_factory: pytest.TempPathFactory, lists: Any) -> None:
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    np.savez(path, x=ragged(lists), y=np.arange(len(lists)))
    texts, flat = read_ragged_npz(path, ["x"], ["y"])
    assert [list(text) for text in texts["x"]] == lists
    assert flat["y"].tolist() == list(range(len(lists)))


@pytest.mark.parametrize("dtype", ["u1", "<i8", ">i4", "f4", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_numeric_arrays_are_what_numpy_reads(tmp_path: Path, dtype: str, order: Any) -> None:
    array = np.asarray(np.arange(24).reshape(2, 3, 4) % 2, dtype=dtype, order=order)
    np.savez_compressed(tmp_path / "a.npz", x=array)
    read = read_npz(tmp_path / "a.npz", ["x"])["x"]
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


def test_arrays_of_integers_inside_the_object_array(tmp_path: Path) -> None:
    rows = ragged([np.array([1, 2, 3]), np.array([7], dtype=">i2")])
    np.savez(tmp_path / "a.npz", x=rows)
    texts, _ = read_ragged_npz(tmp_path / "a.npz", ["x"], [])
    assert [list(text) for text in texts["x"]] == [[1, 2, 3], [7]]


def test_a_pickle_that_runs_code_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    marker = tmp_path / "was-here"
    bait = ragged([[1], Evil(marker)])
    np.savez(tmp_path / "a.npz", x=bait)
    with pytest.raises(UserError, match=r"open.*Only lists of integers"):
        read_ragged_npz(tmp_path / "a.npz", ["x"], [])
    assert not marker.exists()
    np.load(tmp_path / "a.npz", allow_pickle=True)["x"][1].close()
    assert marker.exists(), "the bait does nothing: this test would prove nothing"


def _calls(text: bytes) -> bytes:
    return b"\x80\x02" + text + b"."


@pytest.mark.parametrize(
    "payload",
    [
        _calls(b"cos\nsystem\n(S'true'\ntR"),
        _calls(b"cbuiltins\neval\n(S'1'\ntR"),
        _calls(b"cnumpy\nload\n(S'x'\ntR"),
        _calls(b"cnumpy\nndarray\n((K\x02ttR"),  # NumPy's constructor with a shape
        _calls(b"cnumpy\nndarray\n}S'__setstate__'\nK\x01sb"),  # changing a stand-in
        _calls(b"cnumpy\ndtype\n}b"),
        _calls(b"cnumpy\ndtype\n(S'V100'\ntR"),
        _calls(b"cnumpy.core.multiarray\n_reconstruct\n(tRNb"),
        b"\x80\x02K\x01Q.",  # a persistent id
        b"\x80\x04\x95",  # cut off
        b"",
        b"garbage",
        pickle.dumps([[1], [2], [3]]),  # three rows where two are announced
        pickle.dumps([[1], ["word"]]),
        pickle.dumps([[1], [[2]]]),
        pickle.dumps([[1], [2.5]]),
        pickle.dumps([[1], [-4]]),
        pickle.dumps([[1], [2**40]]),
        pickle.dumps([[1], [10**40]]),
        pickle.dumps([[1], 5]),
        pickle.dumps({"x": 1}),
        pickle.dumps([[1], [[2], [3, 4]]]),
    ],
)
def test_hostile_and_damaged_pickles_are_refused_in_words(tmp_path: Path, payload: bytes) -> None:
    with pytest.raises(UserError, match="was not opened"):
        read_ragged_npz(archive(tmp_path / "a.npz", payload), ["x"], [])


@given(st.binary(max_size=60))
def test_any_bytes_end_in_lists_or_in_words(
    tmp_path_factory: pytest.TempPathFactory, payload: bytes
) -> None:
    # Python's C unpickler takes an absurd memo index at its word and fills the memory.
    if any(op.name == "LONG_BINPUT" for op in _opcodes(payload)):
        return
    path = archive(tmp_path_factory.mktemp("npz") / "a.npz", payload)
    with pytest.raises(UserError):
        read_ragged_npz(path, ["x"], [])


def _opcodes(payload: bytes) -> list[Any]:
    found = []
    try:
        for op, _, _ in pickletools.genops(payload):
            found.append(op)
    except Exception:  # genops has no list of what it raises; what came before it counts
        pass
    return found


def test_one_long_list_named_a_thousand_times_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kerastui.datasets.npz.MAX_MEMBER", 1_000_000)
    row = [1] * 1000
    header = {**HEADER, "shape": (1000,)}
    path = archive(tmp_path / "a.npz", pickle.dumps([row] * 1000), header)
    assert path.stat().st_size < 10_000
    with pytest.raises(UserError, match="unfolds to 1,000,000 numbers"):
        read_ragged_npz(path, ["x"], [])


def test_an_object_array_is_not_a_numeric_one(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=ragged([[1], [2, 3]]))
    with pytest.raises(UserError, match="Python objects"):
        read_npz(tmp_path / "a.npz", ["x"])


@pytest.mark.parametrize("keep", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_archive(tmp_path: Path, keep: float) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(10_000))
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    with pytest.raises(UserError, match="not a complete NumPy archive"):
        read_npz(path, ["x"])


def test_a_flipped_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(10_000))
    raw = bytearray(path.read_bytes())
    raw[5000] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(UserError, match="not a complete NumPy archive"):
        read_npz(path, ["x"])


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerastui.datasets.npz.MAX_MEMBER", 10_000_000)
    path = archive(tmp_path / "a.npz", bytes(11_000_000))
    assert path.stat().st_size < 20_000
    with pytest.raises(UserError, match="it was not read"):
        read_npz(path, ["x"])


def test_a_forged_size_in_the_directory_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, x=np.arange(1000, dtype=np.int64))
    raw = bytearray(path.read_bytes())
    entry = raw.rindex(b"PK\x01\x02")
    raw[entry + 24 : entry + 28] = struct.pack("<I", 0x7FFF0000)
    path.write_bytes(raw)
    with pytest.raises(UserError, match="it was not read"):
        read_npz(path, ["x"])


@pytest.mark.parametrize("shape", [(10**12,), (3,), (-1,), (2**40, 2**40)])
def test_a_header_that_promises_another_size(tmp_path: Path, shape: tuple[int, ...]) -> None:
    header = {"descr": "<i8", "fortran_order": False, "shape": shape}
    with pytest.raises(UserError):
        read_npz(archive(tmp_path / "a.npz", bytes(16), header), ["x"])


def test_missing_arrays_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", a=np.arange(2), b=np.arange(2))
    with pytest.raises(UserError, match=r"no array 'x'; it holds a, b"):
        read_npz(tmp_path / "a.npz", ["x"])


def test_no_file_and_no_archive(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no file"):
        read_npz(tmp_path / "none.npz", ["x"])
    (tmp_path / "text.npz").write_text("hello")
    with pytest.raises(UserError, match="not a complete NumPy archive"):
        read_npz(tmp_path / "text.npz", ["x"])
    with pytest.raises(UserError):
        read_npz(tmp_path, ["x"])
