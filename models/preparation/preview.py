"""A look at a data set as it is, before any preparation: what the Data screen asks for."""

from __future__ import annotations

import math
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.fetch import Located
    from kerastui.datasets.load import Source
    from kerastui.datasets.loaded import Array, Loaded
    from kerastui.datasets.text import Words

PICTURES = 25
ROWS = 10
COLUMNS = 200
BINS = 16
COMMON = 12
"""The most frequent values of a text column that are counted one by one."""

VALUES = 2000
"""The longest part of a series that is shown, in values."""


class Preview:
    """Answers the question `preview`; the data set that was looked at last is kept."""

    def __init__(self) -> None:
        self._key: tuple[str, int, str, Located | None] | None = None
        self._loaded: tuple[Card, Loaded, Source] | None = None
        self._words: Words | None = None

    def look(
        self,
        dataset: str,
        folder: str,
        seed: int = 1,
        parameters: dict[str, Any] | None = None,
        number: int = 0,
        file: dict[str, Any] | None = None,
        task: str = "",
    ) -> dict[str, Any]:
        """Load a data set that is here and say what is in it.

        Args:
            dataset: Its name in the catalogue, or of an own file.
            folder: Where pictures are written to, as `DATASET.npy`.
            seed: Seed of what is generated.
            parameters: Parameters of a generator.
            file: The recipe of an own file.
            task: What an own file is for; `forecasting` makes a series of a table.
            number: Which text to decode, from 0.

        Returns:
            `kind` (`table`, `series`, `pictures`, `texts` or `blocks`, which are just numbers),
            `rows`, `parts` (name to shape, a free dimension as None), `verified`, and by kind:
            `columns` (name, type, missing, low, high, bins, common, first values; the first 200 of
            them) and `width` of a table; `values`, `first` and `last` (names) of a series; `file`
            (uint8 (n, height, width), or with 3 colours) and `labels` of pictures; `text` (number,
            words, label, length) and `lengths` (least, median, most) of texts. Pictures and texts
            have `classes`, name to count.

        Raises:
            UserError: The data set is not here, is damaged, or has no such text.
        """
        card, loaded, source = self._load(dataset, seed, parameters or {}, file, task)
        from kerastui.datasets.loaded import Sequences

        told: dict[str, Any] = {
            "rows": loaded.rows, "parts": _parts(card, loaded), "verified": source.verified,
        }  # fmt: skip
        if loaded.x is None:
            if card.task == "forecasting" and loaded.columns[loaded.target[0]].dtype.kind == "f":
                return {**told, **_series(loaded)}
            width = len(loaded.columns)
            return {**told, "kind": "table", "columns": _columns(loaded), "width": width}
        told["classes"] = _classes(loaded)
        if isinstance(loaded.x, Sequences):
            return {**told, **self._text(card, loaded, number)}
        if card.kind == "image" and loaded.x.ndim in (3, 4):
            return {**told, **_pictures(loaded, Path(folder) / f"{card.name}.npy")}
        return {**told, "kind": "blocks"}

    def _load(
        self,
        dataset: str,
        seed: int,
        parameters: dict[str, Any],
        file: dict[str, Any] | None,
        task: str,
    ) -> tuple[Card, Loaded, Source]:
        from kerastui.datasets.catalogue import card_of
        from kerastui.datasets.fetch import locate
        from kerastui.datasets.load import load
        from kerastui.datasets.spec import Data

        plain = {"dataset": dataset, "task": task or "regression", "parameters": parameters}
        data = Data.model_validate({**plain, "file": file})
        known = card_of(data)
        located = locate(known)
        key = (dataset, seed, data.model_dump_json(), located)
        if self._loaded is None or key != self._key:
            self._loaded, self._words = None, None
            if located is None and file is None:
                raise UserError(f"{dataset} is not here.", f"kerastui data fetch {dataset}")
            self._loaded = (known, *load(data, seed=seed))
            self._key = key
        return self._loaded

    def _text(self, card: Card, loaded: Loaded, number: int) -> dict[str, Any]:
        import numpy as np

        from kerastui.datasets.loaded import Sequences
        from kerastui.datasets.text import Words, words_for

        assert isinstance(loaded.x, Sequences)
        assert loaded.y is not None
        if not 0 <= number < len(loaded.x):
            raise UserError(
                f"There is no text {number}.", f"{card.name} has 0 to {len(loaded.x) - 1}."
            )
        if self._words is None:
            self._words = Words(loaded.words) if loaded.words else words_for(card)
        lengths = loaded.x.lengths
        sequence = loaded.x[number]
        text = {
            "number": number,
            "words": self._words.decode(sequence.tolist()),
            "label": _label(loaded, int(loaded.y[number])),
            "length": len(sequence),
        }
        spread = [int(lengths.min()), int(np.median(lengths)), int(lengths.max())]
        return {"kind": "texts", "text": text, "lengths": spread}


def _parts(card: Card, loaded: Loaded) -> dict[str, list[int | None]]:
    """Return the shapes of the data set's own parts; `all` where it comes in one."""
    shape: list[int | None]
    if loaded.x is None:
        shape = [len(loaded.columns)] if card.task != "forecasting" else []
    else:
        shape = list(loaded.x.shape[1:])
    if loaded.n_train is None:
        return {"all": [loaded.rows, *shape]}
    return {"train": [loaded.n_train, *shape], "test": [loaded.rows - loaded.n_train, *shape]}


def _label(loaded: Loaded, number: int) -> str:
    return loaded.classes[number] if number < len(loaded.classes) else str(number)


def _classes(loaded: Loaded) -> dict[str, int]:
    import numpy as np

    y = np.asarray(loaded.y)
    if y.ndim > 1 or y.dtype.kind not in "iu":
        return {}
    numbers, counts = np.unique(y, return_counts=True)
    return {
        _label(loaded, int(number)): int(count)
        for number, count in zip(numbers, counts, strict=True)
    }


def _pictures(loaded: Loaded, path: Path) -> dict[str, Any]:
    import numpy as np

    assert loaded.y is not None
    chosen = _spread(loaded)
    pictures = np.asarray(loaded.x)[chosen]
    if pictures.ndim == 4 and pictures.shape[3] == 1:
        pictures = pictures[..., 0]
    pictures = np.nan_to_num(pictures.astype(np.float64))
    low, brightest = min(0.0, float(pictures.min())), max(1e-9, float(pictures.max()))
    # Whole numbers are kept as they are up to 255: the picture is the data.
    if low == 0 and pictures.max() <= 1:
        brightest = 1.0
    try:
        np.save(path, ((pictures - low) * 255 // (brightest - low)).astype(np.uint8))
    except OSError as error:
        raise UserError(
            f"The pictures can't be handed over: {error.strerror}.", f"Is there room in {path}?"
        ) from error
    labels = [_target(loaded, number) for number in loaded.y[chosen]]
    return {"kind": "pictures", "file": str(path), "labels": labels, "brightest": brightest}


def _spread(loaded: Loaded) -> Array:
    """Return the numbers of the rows to show: the first ones, or of each class some in turn."""
    import numpy as np

    y = np.asarray(loaded.y)
    first = np.arange(min(PICTURES, len(y)))
    if y.ndim > 1 or y.dtype.kind not in "iu" or (np.diff(y[first]) < 0).any():
        return first
    # A folder comes class by class.
    places = [np.flatnonzero(y == number) for number in np.unique(y)]
    turns = [place[turn] for turn in range(PICTURES) for place in places if turn < len(place)]
    return np.array(turns[:PICTURES])


def _target(loaded: Loaded, value: Any) -> str:
    if getattr(value, "ndim", 0):
        return " ".join(f"{float(part):g}" for part in value[:4])
    return f"{float(value):g}" if float(value) % 1 else _label(loaded, int(value))


def _series(loaded: Loaded) -> dict[str, Any]:
    values = loaded.columns[loaded.target[0]][-VALUES:]
    names = loaded.columns.get(loaded.names)
    return {
        "kind": "series",
        "name": loaded.target[0],
        "values": [_plain(value) for value in values.tolist()],
        "first": "1" if names is None else str(names[-len(values)]),
        "last": str(len(values)) if names is None else str(names[-1]),
    }


def _columns(loaded: Loaded) -> list[dict[str, Any]]:
    return [_column(name, values) for name, values in islice(loaded.columns.items(), COLUMNS)]


def _column(name: str, values: Array) -> dict[str, Any]:
    import numpy as np

    from kerastui.datasets.rows import is_missing

    missing = is_missing(values)
    known = values[~missing]
    told: dict[str, Any] = {
        "name": name,
        "missing": int(missing.sum()),
        "first": [_plain(value) for value in values[:ROWS].tolist()],
    }
    if values.dtype.kind == "M":
        return {**told, "type": "date", "different": len(np.unique(known))}
    if values.dtype == object:
        texts, counts = np.unique(known.astype(str), return_counts=True)
        order = np.argsort(-counts, kind="stable")[:COMMON]
        common = [[str(texts[place]), int(counts[place])] for place in order]
        return {**told, "type": "text", "different": len(texts), "common": common}
    whole = bool(len(known)) and bool((known == np.round(known)).all())
    known = known[np.isfinite(known)]
    bins = np.histogram(known, BINS)[0].tolist() if len(known) else []
    low, high = (float(known.min()), float(known.max())) if len(known) else (None, None)
    return {**told, "type": "whole" if whole else "number", "low": low, "high": high, "bins": bins}


def _plain(value: Any) -> float | str | None:
    """Return a cell as JSON knows it; what is missing is None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return str(value).removesuffix(" 00:00:00")
    return value if value is None else str(value)
