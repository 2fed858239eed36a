"""From an experiment's data to raw arrays, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kerastui.datasets.catalogue import Card, card_of
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import Located, fetch, locate
from kerastui.datasets.files.place import changed_words, fingerprint
from kerastui.datasets.generators import generate
from kerastui.datasets.image import load_digits, load_mnist
from kerastui.datasets.loaded import Loaded
from kerastui.datasets.series import load_series
from kerastui.datasets.spec import Data
from kerastui.datasets.substitutes import stand_in
from kerastui.datasets.tabular import load_boston, load_csv, load_sklearn
from kerastui.datasets.text import load_imdb, load_reuters

_ARCHIVES: dict[str, Callable[[Path, Card], Loaded]] = {
    "mnist": load_mnist,
    "imdb": load_imdb,
    "reuters": load_reuters,
    "boston": load_boston,
}


@dataclass(frozen=True, slots=True)
class Source:
    """Where the data of a run came from.

    Attributes:
        dataset: The name the experiment gives.
        substitute: The card that stands in for it, or None: these are the real data.
        changed: A warning where an own file is not what was imported, else empty.
    """

    dataset: str
    title: str
    path: str | None
    sha256: str
    verified: bool
    origin: str
    rows: int
    substitute: str | None
    changed: str = ""

    def to_json(self) -> dict[str, Any]:
        """Plain values for a run's record."""
        return asdict(self)


def load(
    data: Data, *, seed: int, progress: Callable[[str], None] | None = None
) -> tuple[Loaded, Source]:
    """The raw data of an experiment, downloaded if need be.

    Raises:
        UserError: Unknown, not to be had, damaged, or wrong parameters.
    """
    chosen = card_of(data)
    if data.parameters and chosen.kind != "generator":
        raise UserError(
            f"{chosen.name} takes no parameters, but {', '.join(data.parameters)} is given.",
            hint="Only generators have parameters; remove data.parameters.",
        )
    if data.substitute:
        loaded, used = stand_in(chosen, seed, _read)
        located = locate(used)
    else:
        used = chosen
        located = locate(used) or _fetched(used, progress)
        loaded = _read(used, located, dict(data.parameters), seed)
    assert located is not None  # stand-ins are embedded or generated
    source = Source(
        dataset=chosen.name,
        title=chosen.title,
        path=None if located.path is None else str(located.path),
        sha256=located.sha256 or (fingerprint(located.path)[1] if located.path else ""),
        verified=located.verified,
        origin=located.origin,
        rows=loaded.rows,
        substitute=used.name if used is not chosen else None,
        changed=changed_words(chosen.recipe, located) if chosen.recipe else "",
    )
    return loaded, source


def _fetched(used: Card, progress: Callable[[str], None] | None) -> Located:
    def report(done: int, total: int) -> None:
        if progress is not None:
            of = f" of {total / 1e6:.1f}" if total else ""
            progress(f"Downloading {used.title}: {done / 1e6:.1f}{of} MB")

    return fetch(used, report)


def _read(used: Card, located: Located | None, parameters: dict[str, Any], seed: int) -> Loaded:
    if used.kind == "generator":
        return generate(used, parameters, seed)
    if used.recipe is not None:
        from kerastui.datasets.files.read import read  # with all that reads files

        assert located is not None
        assert located.path is not None
        return read(located.path, used.recipe, series=used.kind == "series")
    if used.embedded:
        return load_digits(used) if used.kind == "image" else load_sklearn(used)
    assert located is not None
    assert located.path is not None
    if used.name in _ARCHIVES:
        return _ARCHIVES[used.name](located.path, used)
    if used.kind == "series":
        return load_series(located.path, used)
    return load_csv(located.path, used)
