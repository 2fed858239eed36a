"""A run as one zip file that opens elsewhere, and back.

In the zip lie one folder, the run's, and beside it `kerastui-run.json`: which files there are,
their sizes and checksums, and which of them still name files of the machine they come from. Data
are not in it, only where they came from and their checksum.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.runs.store import ACTIVE, Run, RunInfo, Workspace

MANIFEST = "kerastui-run.json"
FORMAT = 1

MOST_FILES = 10_000
LARGEST = 64 * 2**30
"""Bytes that a packed run may unpack to."""
_MOST_RATIO = 400
"""Times that a file may be packed together, where it is larger than `_SMALL`; a log of numbers
reaches some twenty."""
_SMALL = 64 * 2**20
_BLOCK = 2**20
_LEFT_OUT = frozenset({"commands.jsonl", "heartbeat"})
"""What only speaks to a worker; files whose names begin with a dot are left out too."""
_STORED = frozenset({".keras", ".h5", ".npz", ".zip"})
"""Files that are packed already, or hardly get smaller."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError,
)  # fmt: skip
_LAST_MOMENT = 32_503_680_000.0
"""The year 3000 in unix time: what lies behind it is no time of a run."""
_TEXTS = (".toml", ".json", ".jsonl", ".log", ".py")


@dataclass(frozen=True)
class Packed:
    """A zip file that was written.

    Attributes:
        size: Bytes.
        local: Files in it that name files of this machine; they are as they were recorded.
    """

    path: Path
    size: int
    files: int
    local: tuple[str, ...]


@dataclass(frozen=True)
class Unpacked:
    """A run that was taken into a workspace; `already` where it was there before."""

    run: Run
    already: bool


def pack(run: Run, path: Path | None = None) -> Packed:
    """Write a run into a zip file.

    Args:
        run: It must have ended.
        path: Where to; a folder, or None for the current one, gets `ID.zip`.

    Raises:
        UserError: It goes on, the file is there already, or can't be written.
    """
    info = run.info()
    if info.status in ACTIVE:
        raise UserError(
            f"{run.id} is {info.state}: what it writes would be cut off.",
            "Stop it first, or wait for its end.",
        )
    target = (path or Path()).expanduser().absolute()
    if target.is_dir():
        target = target / f"{run.id}.zip"
    if target.exists():
        raise UserError(f"{target} is there already.", "Give another name.")
    beside = target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    try:
        try:
            local, count = _write(run, beside)
            os.replace(beside, target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        return Packed(target, target.stat().st_size, count, tuple(local))
    except OSError as error:
        raise UserError(
            f"{target} can't be written: {error.strerror}.",
            "Check the folder, its permissions and the free space.",
        ) from None


def in_words(packed: Packed) -> str:
    """Return what is not in a packed run, and what in it only holds on this machine."""
    text = "Data are not in it, only where they came from and their checksum."
    if packed.local:
        text += (
            f" These name files of this machine, as they were recorded: {', '.join(packed.local)}."
        )
    return text


def is_packed_run(names: list[str]) -> bool:
    """Say whether the names in a zip file are those of a packed run."""
    return MANIFEST in names or any(
        name.count("/") == 1 and name.endswith("/run.json") for name in names
    )


def unpack(path: Path, workspace: Workspace) -> Unpacked:
    """Take a packed run into a workspace.

    A file from elsewhere is not trusted: names that lead out of the folder, links, absurd counts
    and sizes, and files that unpack to more than they say are refused before anything is in the
    workspace.

    Raises:
        UserError: It is no packed run, is damaged or hostile, or can't be written.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries, folder = _checked(path, archive)
            return _take_in(path, archive, entries, folder, workspace)
    except _DAMAGE as error:
        raise _refused(path, f"is damaged, perhaps not wholly downloaded: {error}") from None
    except OSError as error:
        raise UserError(
            f"{path.name} can't be unpacked into {workspace.runs_folder}: "
            f"{error.strerror or error}.",
            "Check the permissions and the free space, or choose another workspace.",
        ) from None


# --- writing ---------------------------------------------------------------------------------


def _write(run: Run, target: Path) -> tuple[list[str], int]:
    files: dict[str, dict[str, Any]] = {}
    local: list[str] = []
    with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        for path in _files(run.path):
            name = path.relative_to(run.path).as_posix()
            if name == "run.json":
                content = _portable(run)
                files[name] = _put(archive, f"{run.id}/{name}", content)
            else:
                files[name] = _copy(archive, f"{run.id}/{name}", path)
            if path.suffix in _TEXTS and name != "run.json" and _names_paths(path):
                local.append(name)
        manifest = {
            "format": FORMAT,
            "run": run.id,
            "written_by": f"kerastui {metadata.version('kerastui')}",
            "data": "not included",
            "names_files_of_its_machine": local,
            "files": files,
        }
        archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    return local, len(files)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the ordinary files of a run that mean something elsewhere; links are passed over."""
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(base, name)
            if name.startswith(".") or name in _LEFT_OUT or path.is_symlink():
                continue
            if path.is_file():
                yield path


def _portable(run: Run) -> bytes:
    """Return `run.json` without what only means something on this machine."""
    info = run.info()
    plain = asdict(info) | {"pid": None, "pid_started": None, "commands_from": 0, "silent": 0.0}
    if source := plain["data"].get("path"):
        plain["data"] = {**plain["data"], "path": Path(str(source)).name}
    return json.dumps(plain, indent=1).encode()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> dict[str, Any]:
    archive.writestr(name, content)
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def _copy(archive: zipfile.ZipFile, name: str, path: Path) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    entry.compress_type = zipfile.ZIP_STORED if path.suffix in _STORED else zipfile.ZIP_DEFLATED
    with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
        while block := source.read(_BLOCK):
            digest.update(block)
            size += len(block)
            target.write(block)
    return {"bytes": size, "sha256": digest.hexdigest()}


_PATH = re.compile(r"""(?:^|["'\s=(:,])(/[\w.+-]+/[\w.+-]+|[A-Za-z]:\\\\?[\w.+-]+)""")


def _names_paths(path: Path) -> bool:
    """Say whether a text names files by absolute paths."""
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return any(_PATH.search(line) for line in stream)
    except OSError:
        return False


# --- reading ---------------------------------------------------------------------------------


def _checked(path: Path, archive: zipfile.ZipFile) -> tuple[list[zipfile.ZipInfo], str]:
    """Return the files of the run and the folder they lie in; refuse what is not right."""
    every = archive.infolist()
    if len(every) > MOST_FILES:
        raise _refused(path, f"holds {len(every):,} files; a run has a few dozen")
    names = [entry.filename for entry in every]
    if len(set(names)) != len(names):
        raise _refused(path, "holds two files of one name")
    runs = [name for name in names if name.count("/") == 1 and name.endswith("/run.json")]
    if len(runs) != 1:
        raise _refused(path, f"holds {len(runs)} runs; one is accepted")
    folder = runs[0].partition("/")[0]
    if not _ID.fullmatch(folder):
        raise _refused(path, f"calls its run {folder[:60]!r}, which is no name of a run")
    entries = []
    for entry in every:
        if entry.filename != f"{folder}/" and entry.filename != MANIFEST:
            _check_name(path, entry.filename, folder)
        _check_kind(path, entry)
        if entry.filename != MANIFEST and not entry.is_dir():
            entries.append(entry)
    total = sum(entry.file_size for entry in entries)
    if total > LARGEST:
        raise _refused(path, f"would unpack to {total / 2**30:,.0f} GiB")
    return entries, folder


def _check_name(path: Path, name: str, folder: str) -> None:
    parts = PurePosixPath(name).parts
    # What may stand for a way out of the folder on any system, and what no run ever has.
    if (
        name.startswith("/")
        or "\\" in name
        or ":" in name
        or any(not part or part.startswith(".") for part in name.removesuffix("/").split("/"))
        or any(ord(sign) < 32 or ord(sign) == 127 for sign in name)
        or parts[0] != folder
        or not 2 <= len(parts) <= 6
        or any(len(part.encode(errors="replace")) > 200 for part in parts)
    ):
        told = repr(name[:60])
        raise _refused(path, f"holds {told}, a name that leads out of a run's folder or is none")


def _check_kind(path: Path, entry: zipfile.ZipInfo) -> None:
    told = repr(entry.filename[:60])
    mode = entry.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refused(path, f"holds {told}, which is a link or no ordinary file")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(path, f"holds {told}, packed in a way that is not known here")
    if entry.flag_bits & 1:
        raise _refused(path, f"holds {told}, which is encrypted")
    if entry.file_size > _SMALL and entry.file_size > _MOST_RATIO * max(1, entry.compress_size):
        raise _refused(path, f"holds {told}, which unpacks to {entry.file_size:,} bytes out of "
                             f"{entry.compress_size:,}")  # fmt: skip


def _take_in(
    path: Path,
    archive: zipfile.ZipFile,
    entries: list[zipfile.ZipInfo],
    folder: str,
    workspace: Workspace,
) -> Unpacked:
    run = Run(workspace.runs_folder / folder)
    if run.path.exists():
        return Unpacked(run, already=True)
    sums = _manifest(path, archive)
    there = {entry.filename.partition("/")[2] for entry in entries}
    if missing := next((name for name in sums if name not in there), None):
        raise _refused(path, f"is not whole: {missing[:60]!r}, which was packed, is not in it")
    total = sum(entry.file_size for entry in entries)
    workspace.runs_folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(workspace.runs_folder).free
    if total > free:
        raise UserError(
            f"{path.name} unpacks to {total / 2**20:,.0f} MiB; {free / 2**20:,.0f} MiB are free.",
            "Make room, or choose another workspace.",
        )
    # A name that begins with a dot is passed over by every list of runs.
    place = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=workspace.runs_folder))
    try:
        for entry in entries:
            name = entry.filename.partition("/")[2]
            digest = _extract(path, archive, entry, place / name)
            if sums and sums.get(name, digest) != digest:
                raise _refused(path, f"is damaged: {name} is not what was packed")
        _settle(path, Run(place), folder)
        place.chmod(0o777 & ~_umask())
        place.rename(run.path)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    return Unpacked(run, already=False)


def _manifest(path: Path, archive: zipfile.ZipFile) -> dict[str, str]:
    """Return the checksums that the zip says, none where it says none."""
    try:
        entry = archive.getinfo(MANIFEST)
    except KeyError:
        return {}
    if entry.file_size > 16 * 2**20:
        raise _refused(path, "has a list of files that is far too long")
    try:
        plain = json.loads(archive.read(entry))
        version, files = plain["format"], plain["files"]
        sums = {str(name): str(facts["sha256"]) for name, facts in files.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _refused(path, f"has a {MANIFEST} that can't be read") from None
    if version != FORMAT:
        raise _refused(path, f"was written in format {str(version)[:20]}; known here: {FORMAT}")
    return sums


def _extract(path: Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> str:
    """Write one file, and not a byte more than it said it has; returns its checksum."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, left = hashlib.sha256(), entry.file_size
    with archive.open(entry) as source, target.open("xb") as stream:
        while block := source.read(_BLOCK):
            left -= len(block)
            if left < 0:
                raise _refused(path, f"holds {entry.filename[:60]!r}, larger than it says")
            digest.update(block)
            stream.write(block)
    return digest.hexdigest()


def _settle(path: Path, run: Run, name: str) -> None:
    """Make an unpacked run one of this workspace; refuse what is none."""
    from pydantic import TypeAdapter, ValidationError

    try:
        plain = _cleaned(json.loads((run.path / run.record).read_bytes()))
        info = TypeAdapter(RunInfo).validate_python(plain)
    except (OSError, ValueError, ValidationError, RecursionError):
        raise _refused(path, "holds a run.json that can't be read") from None
    times = [info.created, info.queued, info.started or 0.0, info.ended or 0.0]
    if not all(0 <= moment < _LAST_MOMENT for moment in times):
        raise _refused(path, "holds a run.json with a time that never was")
    info.id, info.pid, info.pid_started, info.commands_from = name, None, None, 0
    if info.status in ACTIVE:
        info.status = "lost"
    run.write_info(info)


def _cleaned(plain: Any) -> Any:
    """Return plain values without control characters, which must never reach a terminal."""
    if isinstance(plain, dict):
        return {str(_cleaned(key)): _cleaned(value) for key, value in plain.items()}
    if isinstance(plain, list):
        return [_cleaned(value) for value in plain]
    if isinstance(plain, str):
        return "".join(sign if sign.isprintable() or sign in "\n\t" else "?" for sign in plain)
    return plain


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refused(path: Path, what: str) -> UserError:
    return UserError(
        f"{path.name} {what}.",
        "A run is packed with: kerastui runs export ID, or with x on the Runs screen.",
    )
