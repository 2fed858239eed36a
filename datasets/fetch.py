"""Finding and downloading the files of a data set.

A file in a directory of `KERASTUI_DATA` comes first and is the user's own choice; then the cache;
then the published address. A file of the cache counts only with the published SHA-256, where one
is known. Downloads go to a name of their own and are renamed when they are complete and right, so
that any number of processes can fetch at once.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from kerastui.datasets.catalogue import Card, DataFile
from kerastui.datasets.errors import UserError

Origin = Literal["KERASTUI_DATA", "cache", "embedded", "generated", "own file"]
Progress = Callable[[int, int], None]
"""Called with bytes so far and bytes in all (0 when the server does not say)."""

CONNECT_TIMEOUT = 10.0
STALL_TIMEOUT = 30.0
"""Seconds without a new piece of the file after which a download is given up."""
ATTEMPTS = 2
_PIECE = 64 * 1024
_STALE_PARTIAL = 24 * 3600


@dataclass(frozen=True, slots=True)
class Located:
    """A file that is here.

    Attributes:
        path: The file; None for embedded and generated data.
        sha256: Of its bytes; empty for embedded and generated data, and for an own file whose
            size alone says that it has changed.
        verified: The SHA-256 is the published one (of an own file the one it was imported with),
            or the data comes with an installed library.
        origin: Where it was found.
    """

    path: Path | None
    sha256: str
    verified: bool
    origin: Origin


class DownloadCancelledError(UserError):
    """The user cancelled a download."""


def data_directories() -> list[Path]:
    """The directories of `KERASTUI_DATA`, in order."""
    value = os.environ.get("KERASTUI_DATA", "")
    return [Path(part).expanduser() for part in value.split(os.pathsep) if part]


def cache_directory() -> Path:
    """Where downloads are kept: `KERASTUI_CACHE`, or the platform's place for caches."""
    chosen = os.environ.get("KERASTUI_CACHE")
    if chosen:
        return Path(chosen).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("kerastui")


def locate(card: Card) -> Located | None:
    """Where the data of a card is, without any network; None where it is not here."""
    if card.recipe is not None:
        from kerastui.datasets.files.place import locate_own

        return locate_own(card.recipe)
    if card.kind == "generator":
        return Located(None, "", True, "generated")
    if card.embedded:
        return Located(None, "", True, "embedded") if find_spec("sklearn") else None
    return locate_file(card, card.file)


def locate_file(card: Card, file: DataFile) -> Located | None:
    """Where one file of a card is; None where it is not here."""
    for directory in data_directories():
        for name in file.local:
            found = _located(directory / name, file, "KERASTUI_DATA")
            if found is not None:
                return found
    cached = _located(_cache_path(card, file), file, "cache")
    if cached is not None and file.sha256 and not cached.verified:
        return None  # damaged or an older publication; fetch puts the right one in its place
    return cached


def fetch(
    card: Card,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Located:
    """Make sure that the data of a card is here, downloading what is missing.

    What belongs to the data (word indexes) is fetched too; the data counts as here without it.

    Args:
        card: The data set.
        progress: Told about the file being downloaded, from the thread that downloads.
        cancelled: Asked several times a second; True gives up at once.

    Raises:
        DownloadCancelledError: `cancelled` said so.
        UserError: It could not be had; the hint names what can be done instead.
    """
    located = locate(card)
    if located is None and card.recipe is not None:
        raise UserError(
            f"The file {card.recipe.path} is not there, or can't be read.",
            hint="Bring it back, put the same file into a folder of KERASTUI_DATA, or import it "
            "from where it is now.",
        )
    if located is None and card.embedded:
        raise UserError(
            f"{card.title} comes with scikit-learn, which is not installed.",
            hint="Install it: pip install scikit-learn",
        )
    if located is None:
        located = _download(card, card.file, progress, cancelled)
    for file in card.files[1:]:
        if locate_file(card, file) is None:
            try:
                _download(card, file, progress, cancelled)
            except DownloadCancelledError:
                raise
            except UserError:
                logging.getLogger(__name__).info("%s of %s is not to be had", file.name, card.name)
    return located


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, remembered by path, size and time of change.

    Raises:
        OSError: The file cannot be read.
    """
    stat = path.stat()
    key, state = str(path.resolve()), [stat.st_size, stat.st_mtime_ns]
    hashes = _Hashes.read()
    known = hashes.get(key)
    if known is not None and known[:2] == state:
        return str(known[2])
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    _Hashes.add(key, [*state, digest])
    return digest


class _Hashes:
    """SHA-256 values known so far, in memory and in the cache directory for the next start."""

    _memory: dict[str, list[int | str]] = {}  # noqa: RUF012 - shared on purpose
    _loaded_from: Path | None = None

    @classmethod
    def read(cls) -> dict[str, list[int | str]]:
        path = cls._path()
        if cls._loaded_from != path:
            cls._loaded_from = path
            try:
                stored = json.loads(path.read_text("utf-8"))
                entries = stored.items() if isinstance(stored, dict) else ()
                cls._memory = {k: v for k, v in entries if isinstance(v, list) and len(v) == 3}
            except (OSError, ValueError):
                cls._memory = {}
        return cls._memory

    @classmethod
    def add(cls, key: str, entry: list[int | str]) -> None:
        cls._memory[key] = entry
        path = cls._path()
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:  # only a convenience: a cache that cannot be written costs time, nothing else
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps(dict(cls._memory)), "utf-8")
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)

    @staticmethod
    def _path() -> Path:
        return cache_directory() / "hashes.json"


def _cache_path(card: Card, file: DataFile) -> Path:
    return cache_directory() / "data" / card.name / file.name


def _located(path: Path, file: DataFile, origin: Origin) -> Located | None:
    try:
        if not path.is_file():
            return None
        digest = sha256_of(path)
    except OSError:  # not readable: the same as not there
        return None
    return Located(path, digest, bool(file.sha256) and digest == file.sha256, origin)


@dataclass
class _Transfer:
    """One download in its own thread, watched from the caller's.

    pooch drives it through `total` and `update`, as it would a progress bar.
    """

    report: Progress | None
    total: int = 0
    done: int = 0
    moved: float = field(default_factory=time.monotonic)
    abandoned: bool = False
    error: BaseException | None = None

    def update(self, size: int) -> None:
        if self.abandoned:
            raise ConnectionAbortedError("given up")
        self.done += size
        self.moved = time.monotonic()
        if self.report is not None:
            self.report(min(self.done, self.total) if self.total else self.done, self.total)

    def reset(self) -> None:
        """pooch calls these two at the end, to fill its bar."""

    def close(self) -> None:
        """Nothing to put away."""

    def run(self, url: str, partial: Path) -> None:
        import pooch

        pooch.get_logger().setLevel("ERROR")  # it would print over the screen
        responses: list[Any] = []
        download = pooch.HTTPDownloader(
            progressbar=self,
            chunk_size=_PIECE,
            timeout=(CONNECT_TIMEOUT, STALL_TIMEOUT),
            hooks={"response": lambda response, *_, **__: responses.append(response)},
        )
        try:
            download(url, str(partial), None)
        except BaseException as error:
            self.error = error
        finally:
            for response in responses:  # pooch leaves the connection open when it fails
                response.close()
            if self.abandoned:
                partial.unlink(missing_ok=True)


def _download(
    card: Card,
    file: DataFile,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> Located:
    target = _cache_path(card, file)
    partials = cache_directory() / "partial"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        partials.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"The cache {cache_directory()} cannot be written: {error.strerror or error}.",
            hint="Set KERASTUI_CACHE to a directory that can.",
        ) from error
    _remove_stale(partials)
    reasons: list[str] = []
    for address in file.addresses:
        for _ in range(ATTEMPTS):
            partial = partials / f"{file.name}.{uuid.uuid4().hex}"
            try:
                _transfer(address, partial, progress, cancelled)
                digest = _checked(partial, file)
                partial.replace(target)
                return Located(target, digest, bool(file.sha256), "cache")
            except _AttemptError as error:
                reasons.append(f"{address}: {error}")
                if not error.again:
                    break
            except OSError as error:
                raise UserError(
                    f"{file.name} could not be stored in {cache_directory()}: "
                    f"{error.strerror or error}.",
                    hint="Make room there, or set KERASTUI_CACHE to another directory.",
                ) from error
            finally:
                partial.unlink(missing_ok=True)
    raise UserError(
        f"{card.title} is not here and could not be downloaded "
        f"({'; '.join(dict.fromkeys(reasons))}).",
        hint=choices(card),
    )


def choices(card: Card) -> str:
    """What can be done when the data of a card is neither here nor to be had."""
    text = (
        f"Download it later, when there is a network (kerastui data fetch {card.name}); or point "
        f"KERASTUI_DATA at a directory with your own copy of {card.file.local[0]}"
    )
    if card.stand_in:
        return (
            f"{text}; or continue with the substitute {card.stand_in} (data.substitute = true), "
            "which is marked as such everywhere."
        )
    return f"{text}."


class _AttemptError(Exception):
    """One attempt failed; `again` when another may succeed."""

    def __init__(self, reason: str, *, again: bool) -> None:
        super().__init__(reason)
        self.again = again


def _transfer(
    address: str,
    partial: Path,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> None:
    transfer = _Transfer(progress)
    thread = threading.Thread(
        target=transfer.run, args=(address, partial), name=f"fetch {address}", daemon=True
    )
    thread.start()
    while thread.is_alive():
        thread.join(0.05)
        if cancelled is not None and cancelled():
            transfer.abandoned = True
            raise DownloadCancelledError("The download was cancelled.", hint="Nothing was changed.")
        if time.monotonic() - transfer.moved > max(STALL_TIMEOUT, CONNECT_TIMEOUT):
            transfer.abandoned = True
            raise _AttemptError(f"nothing came for {STALL_TIMEOUT:.0f} seconds", again=False)
    if transfer.error is not None:
        raise _in_words(transfer.error) from transfer.error


def _in_words(error: BaseException) -> BaseException:
    """A failed attempt in plain words; other errors (a full disk) stay what they are."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return _AttemptError(
            f"the server answered {status} {error.response.reason}", again=status >= 500
        )
    if isinstance(error, requests.ConnectTimeout | requests.ReadTimeout):
        return _AttemptError("the server did not answer in time", again=False)
    if isinstance(error, requests.ConnectionError):
        # A read that times out in the middle of the file arrives here as well.
        slow = "timed out" in str(error).lower()
        return _AttemptError("the connection stalled" if slow else "no connection", again=False)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return _AttemptError("the transfer broke off", again=True)
    if isinstance(error, requests.RequestException):
        return _AttemptError(str(error) or type(error).__name__, again=True)
    return error


def _checked(partial: Path, file: DataFile) -> str:
    with partial.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if file.sha256 and digest != file.sha256:
        raise _AttemptError(
            f"what came is not the published file (SHA-256 {digest[:12]}… instead of "
            f"{file.sha256[:12]}…)",
            again=True,
        )
    return digest


def _remove_stale(partials: Path) -> None:
    for path in partials.iterdir():
        try:
            if time.time() - path.stat().st_mtime > _STALE_PARTIAL:
                path.unlink()
        except OSError:  # another process was faster
            continue
