"""Data sets, prepared arrays and files of arrays as tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from kerastui.datasets.errors import UserError
from kerastui.models.tables.frame import (
    Array,
    ArrayFrame,
    ArrowFrame,
    Frame,
    JoinedFrame,
    StackedFrame,
    arrow_frame,
    unique_names,
)

if TYPE_CHECKING:
    from kerastui.datasets.loaded import Loaded
    from kerastui.datasets.prepared import Part, Prepared
    from kerastui.datasets.spec import Data

BEGINNING = 40
"""Words of a text that its row shows."""


def array_file(path: str) -> Frame:
    """Return the array in a `.npy` file, which stays on disk.

    Raises:
        UserError: It can't be read, or is no table of numbers.
    """
    try:
        array = np.load(Path(path).expanduser(), mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise UserError(f"{path} can't be read: {error.strerror or error}.") from None
    except ValueError as error:
        raise UserError(f"{path} is no array that can be shown: {error}.",
                        "Accepted: a .npy file of numbers.") from None  # fmt: skip
    if not isinstance(array, np.ndarray):
        raise UserError(f"{path} holds several arrays.", "Accepted: a .npy file of one array.")
    return ArrayFrame(array if array.ndim != 1 else array.reshape(-1, 1))


def raw(data: Data, seed: int, progress: Callable[[str], None]) -> Frame:
    """Return the rows of a data set as they are, before any preparation.

    Raises:
        UserError: It is not here, or can't be read.
    """
    from kerastui.datasets.catalogue import card
    from kerastui.datasets.fetch import locate
    from kerastui.datasets.load import load
    from kerastui.datasets.loaded import Sequences

    if data.file is None:
        known = card(data.dataset)
        if locate(known) is None and not data.substitute:
            raise UserError(f"{data.dataset} is not here.", f"kerastui data fetch {data.dataset}")
    loaded, _ = load(data, seed=seed, progress=progress)
    frames: list[Frame] = [_facts(loaded)]
    if isinstance(loaded.x, Sequences):
        frames.append(_texts(loaded, data))
    elif loaded.x is not None:
        frames.append(_flat(loaded.x))
    frames = [frame for frame in frames if len(frame.names)]
    if not frames:
        raise UserError("The data set has no columns.", "Choose another one.")
    return frames[0] if len(frames) == 1 else JoinedFrame(frames)


def prepared(data: Data, seed: int) -> Frame:
    """Return the arrays that the model is given, all parts one below the other.

    The columns: `part` (train, validation, test), `row` (its number in the raw data, from 1), the
    row's name where it has one, the inputs, the targets. A test part that doubles as validation
    stands there once, as test.

    Raises:
        UserError: The data can't be prepared.
    """
    from kerastui.datasets.prepare import prepare
    from kerastui.datasets.prepared import PARTS

    done = prepare(data, seed=seed)
    frames: list[Frame] = []
    for name in PARTS:
        part = getattr(done, name)
        if part is None or (name == "validation" and _same(part, done.test)):
            continue
        frames.append(_part(name, part, done))
    return frames[0] if len(frames) == 1 else StackedFrame(frames)


def _part(name: str, part: Part, done: Prepared) -> Frame:
    count = len(part.index)
    codes = pa.array(np.zeros(count, dtype=np.int8))
    facts: dict[str, Any] = {
        "part": pa.DictionaryArray.from_arrays(codes, pa.array([name])),
        "row": pa.array(np.asarray(part.index, dtype=np.int64) + 1),
    }
    if part.names:
        facts["name"] = pa.array(part.names, pa.large_string())
    inputs = part.x if isinstance(part.x, dict) else {"": part.x}
    arrays = [
        _flat(x, done.feature_names if not input_ else (), input_) for input_, x in inputs.items()
    ]
    targets = part.y if isinstance(part.y, dict) else {"": part.y}
    arrays += [
        _flat(y, _target_names(done, _width(y)), f"target {output}".strip())
        for output, y in targets.items()
    ]
    names = unique_names([*facts, *(name for frame in arrays for name in frame.names)])
    table = pa.table(list(facts.values()), names=names[: len(facts)])
    return JoinedFrame([ArrowFrame(table), *arrays], names)


def _same(part: Part, other: Part | None) -> bool:
    return other is not None and np.array_equal(part.index, other.index)


def _target_names(done: Prepared, width: int) -> Sequence[str]:
    if width == len(done.class_names):
        return [f"target {name}" for name in done.class_names]
    if width == len(done.target_names):
        return [f"target {name}" for name in done.target_names]
    return ["target"] if width == 1 else []


def _facts(loaded: Loaded) -> Frame:
    """Return what stands in named columns; of pictures and texts their classes and parts."""
    columns = dict(loaded.columns)
    if loaded.y is not None:
        numbers = np.asarray(loaded.y)
        if loaded.classes and numbers.ndim == 1 and numbers.dtype.kind in "iu":
            names = np.array([*loaded.classes], dtype=object)
            inside = len(names) > int(numbers.max(initial=0)) and int(numbers.min(initial=0)) >= 0
            columns["class"] = names[numbers] if inside else numbers
        elif numbers.ndim == 1:
            columns["target"] = numbers
    if loaded.n_train is not None:
        parts = np.full(loaded.rows, "test", dtype=object)
        parts[: loaded.n_train] = "train"
        columns = {"part": parts, **columns}
    return arrow_frame(columns, whole=True)


def _texts(loaded: Any, data: Data) -> Frame:
    from kerastui.datasets.catalogue import card
    from kerastui.datasets.text import Words, words_for

    x = loaded.x
    words = Words(loaded.words) if loaded.words else words_for(card(data.dataset))
    begins = []
    for sequence in x:
        numbers = sequence[:BEGINNING].tolist()
        begins.append(words.decode(numbers))
    lengths = np.asarray(x.lengths, dtype=np.int64)
    return ArrowFrame(pa.table({"words": lengths, "text": pa.array(begins, pa.large_string())}))


def _width(array: Array) -> int:
    return int(np.prod(array.shape[1:], dtype=int))


def _flat(array: Array, names: Sequence[str] = (), prefix: str = "") -> ArrayFrame:
    """Return an array with one row each, of whatever shape a row is, as rows and columns."""
    width = _width(array)
    table = array.reshape(len(array), width)
    if len(names) == width:
        return ArrayFrame(table, list(names))
    shape = array.shape[1:]
    if len(shape) < 2:
        numbered = [f"{prefix} {place}".strip() for place in range(width)]
    else:
        places = np.stack(np.unravel_index(np.arange(width), shape), axis=1).tolist()
        numbered = [f"{prefix} {','.join(map(str, place))}".strip() for place in places]
    return ArrayFrame(table, numbered)
