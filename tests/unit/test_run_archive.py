"""A run as one zip: there and back, and what is refused on the way."""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kerastui.datasets.errors import UserError
from kerastui.models import opening, shipped
from kerastui.models.experiment.toml import save
from kerastui.models.runs import archive as run_archive
from kerastui.models.runs import tensorboard
from kerastui.models.runs.events import encode
from kerastui.models.runs.store import Run, RunInfo, Workspace

NAME = "20260101-000000-a05-0001"


def make(root: Path, **info: object) -> Run:
    run = Run(Workspace(root).runs_folder / NAME)
    (run.path / "checkpoint").mkdir(parents=True)
    known = RunInfo(id=NAME, name="a05", status="finished", created=1.7e9, pid=4711,
                    data={"path": "/home/somebody/data/ionosphere.csv"})  # fmt: skip
    for field, value in info.items():
        setattr(known, field, value)
    run.write_info(known)
    save(shipped.experiment("a05"), run.path / "experiment.toml")
    run.events.write_bytes(
        encode("started", epochs=2, initial_epoch=0)
        + encode("epochs", first=1, logs={"loss": [2.0, 1.0]}, seconds=1.0)
        + encode("finished", epoch=2)
    )
    run.model.write_bytes(b"PK\x03\x04 no real model")
    (run.path / "checkpoint" / "state.npz").write_bytes(bytes(1000))
    (run.path / "script.py").write_text('DATA = "/home/somebody/data/ionosphere.csv"\n')
    run.commands.write_bytes(encode("kill"))
    (run.path / ".lock").touch()
    (run.path / "outside").symlink_to("/etc/passwd")
    return run


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    return run_archive.pack(make(tmp_path / "here"), tmp_path / "run.zip").path


def there(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "there")


def test_a_run_opens_elsewhere(tmp_path: Path) -> None:
    run = make(tmp_path / "here")
    told = run_archive.pack(run, tmp_path)
    assert told.path == tmp_path / f"{NAME}.zip"
    assert told.local == ("script.py",)
    assert "script.py" in run_archive.in_words(told)
    assert opening.identify(told.path).kind == "packed run"
    found = run_archive.unpack(told.path, there(tmp_path))
    assert not found.already
    info = found.run.info()
    assert (info.status, info.pid, info.data["path"]) == ("finished", None, "ionosphere.csv")
    assert found.run.experiment() == run.experiment()
    assert list(found.run.history().series["loss"]) == [2.0, 1.0]
    names = {path.relative_to(found.run.path).as_posix() for path in found.run.path.rglob("*.*")}
    assert names == {"run.json", "experiment.toml", "events.jsonl", "model.keras", "script.py",
                     "checkpoint/state.npz"}  # fmt: skip
    assert [one.id for one in there(tmp_path).runs()] == [NAME]
    assert not list(there(tmp_path).runs_folder.glob(".*"))


def test_twice_is_told_and_changes_nothing(tmp_path: Path, packed: Path) -> None:
    first = run_archive.unpack(packed, there(tmp_path)).run
    (first.path / "notes.json").write_text("{}")
    again = run_archive.unpack(packed, there(tmp_path))
    assert again.already
    assert (again.run.path / "notes.json").exists()
    assert len(there(tmp_path).runs()) == 1


def test_what_goes_on_is_not_packed_and_nothing_is_written_over(tmp_path: Path) -> None:
    run = make(tmp_path / "here", status="running", host="elsewhere")
    with pytest.raises(UserError, match="running"):
        run_archive.pack(run, tmp_path / "x.zip")
    (run.path / "run.json").unlink()
    run.write_info(RunInfo(id=NAME, name="a05", status="finished"))
    (tmp_path / "x.zip").write_text("mine")
    with pytest.raises(UserError, match="already"):
        run_archive.pack(run, tmp_path / "x.zip")
    assert (tmp_path / "x.zip").read_text() == "mine"
    with pytest.raises(UserError, match="can't be written"):
        run_archive.pack(run, tmp_path / "no" / "such" / "x.zip")


def rewrite(packed: Path, target: Path, change: dict[str, bytes | None] | None = None) -> Path:
    """Write a packed run again with some entries changed or left out; the list of files goes."""
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename == run_archive.MANIFEST or (change and entry.filename in change):
                continue
            new.writestr(entry, old.read(entry))
        for name, content in (change or {}).items():
            if content is not None:
                new.writestr(name, content)
    return target


def test_a_zip_that_a_listed_file_was_taken_out_of(tmp_path: Path, packed: Path) -> None:
    target = tmp_path / "x.zip"
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            if entry.filename != f"{NAME}/model.keras":
                new.writestr(entry, old.read(entry))
    assert "'model.keras', which was packed, is not in it" in refused(target, tmp_path)


def refused(path: Path, tmp_path: Path) -> str:
    """Return what is said of a file that must be refused, with nothing left behind."""
    with pytest.raises(UserError) as caught:
        run_archive.unpack(path, there(tmp_path))
    folder = there(tmp_path).runs_folder
    assert not folder.exists() or not list(folder.iterdir())
    assert not (tmp_path / "evil").exists()
    assert caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    "name",
    [
        f"{NAME}/../../../evil", "../evil", "/evil", "evil", f"{NAME}/..\\..\\evil", "C:/evil",
        f"{NAME}/a/../../evil", f"{NAME}/\x1b[2Jevil", f"{NAME}/.hidden", "another/run.json",
        f"{NAME}/" + "x" * 300, f"{NAME}/" + "d/" * 20 + "deep", f"{NAME}/../../evil/",
        f"{NAME}//evil", f"{NAME}/nul\nevil",
    ],
)  # fmt: skip
def test_names_that_lead_elsewhere(tmp_path: Path, packed: Path, name: str) -> None:
    words = refused(rewrite(packed, tmp_path / "x.zip", {name: b"evil"}), tmp_path)
    assert words.isprintable()


def test_links_and_devices(tmp_path: Path, packed: Path) -> None:
    for kind in (stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO):
        entry = zipfile.ZipInfo(f"{NAME}/link")
        entry.external_attr = (kind | 0o777) << 16
        target = rewrite(packed, tmp_path / f"{kind}.zip")
        with zipfile.ZipFile(target, "a") as archive:
            archive.writestr(entry, "/etc/passwd")
        assert "link" in refused(target, tmp_path)


def test_bombs_and_absurd_counts(tmp_path: Path, packed: Path) -> None:
    bomb = rewrite(packed, tmp_path / "bomb.zip")
    with (
        zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open(f"{NAME}/zeros.npy", "w") as stream,
    ):
        for _ in range(80):
            stream.write(bytes(2**20))
    assert "unpacks to" in refused(bomb, tmp_path)
    many = rewrite(packed, tmp_path / "many.zip")
    with zipfile.ZipFile(many, "a") as archive:
        for number in range(run_archive.MOST_FILES + 1):
            archive.writestr(f"{NAME}/{number}", b"")
    assert "files" in refused(many, tmp_path)


def test_sizes_that_are_lies(tmp_path: Path, packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_archive, "LARGEST", 2000)
    assert "would unpack to" in refused(packed, tmp_path)


def test_two_files_of_one_name(tmp_path: Path, packed: Path) -> None:
    target = rewrite(packed, tmp_path / "x.zip")
    with zipfile.ZipFile(target, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(f"{NAME}/run.json", b"{}")
    refused(target, tmp_path)


def test_another_content_than_was_packed(tmp_path: Path, packed: Path) -> None:
    target = tmp_path / "x.zip"
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry, content + b"#" if entry.filename.endswith("py") else content)
    assert "is not what was packed" in refused(target, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b"\xff\xfe", b"[" * 5000, b'{"id": 1, "name": 2}',
        b'{"id": "x", "name": "y", "created": "soon"}',
        b'{"id": "x", "name": "y", "created": 1e308}',
        b'{"id": "x", "name": "y", "created": -1e400}',
        b'{"id": "x", "name": "y", "data": []}',
    ],
)  # fmt: skip
def test_a_record_that_is_none(tmp_path: Path, packed: Path, content: bytes) -> None:
    refused(rewrite(packed, tmp_path / "x.zip", {f"{NAME}/run.json": content}), tmp_path)


def test_words_from_elsewhere_are_made_harmless(tmp_path: Path, packed: Path) -> None:
    hostile = {"id": "../../x", "name": "a05", "status": "running", "title": "\x1b]0;evil\x07[/b]"}
    target = rewrite(packed, tmp_path / "x.zip", {f"{NAME}/run.json": json.dumps(hostile).encode()})
    info = run_archive.unpack(target, there(tmp_path)).run.stored()
    assert (info.id, info.status, info.title) == (NAME, "lost", "?]0;evil?[/b]")


def test_truncated_and_flipped_files(tmp_path: Path, packed: Path) -> None:
    content = packed.read_bytes()
    for cut in (0, 10, len(content) // 2, len(content) - 10):
        (tmp_path / "cut.zip").write_bytes(content[:cut])
        refused(tmp_path / "cut.zip", tmp_path)


FLIPS = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1,
                 max_size=4)  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(FLIPS)
def test_any_flipped_byte_ends_in_a_run_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, flips: list[tuple[float, int]]
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    packed = run_archive.pack(make(folder / "here"), folder / "run.zip").path
    content = bytearray(packed.read_bytes())
    for share, value in flips:
        content[int(share * len(content))] = value
    packed.write_bytes(bytes(content))
    try:
        found = run_archive.unpack(packed, there(folder))
    except UserError:
        return
    assert found.run.stored().name


def test_a_zip_of_something_else_is_no_run(tmp_path: Path) -> None:
    target = tmp_path / "x.zip"
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("a/b/run.json", "{}")
    with pytest.raises(UserError, match="something else"):
        opening.identify(target)
    with pytest.raises(UserError, match="0 runs"):
        run_archive.unpack(target, there(tmp_path))


def test_the_checksum_is_the_one_of_the_format() -> None:
    # RFC 3720, B.4: 32 zeros, 32 ones, 0 to 31.
    assert tensorboard.crc32c(bytes(32)) == 0x8A9136AA
    assert tensorboard.crc32c(b"\xff" * 32) == 0x62A8AB43
    assert tensorboard.crc32c(bytes(range(32))) == 0x46DD794E


def test_event_files_of_a_run(tmp_path: Path) -> None:
    run = make(tmp_path / "here")
    (file,) = tensorboard.write(run, tmp_path / "board")
    assert file.parent == tmp_path / "board" / NAME / "train"
    stream, count = io.BytesIO(file.read_bytes()), 0
    while head := stream.read(12):
        length = int.from_bytes(head[:8], "little")
        assert len(stream.read(length + 4)) == length + 4
        count += 1
    assert count == 3  # the version and two epochs
    run.events.unlink()
    with pytest.raises(UserError, match="no epoch"):
        tensorboard.write(run, tmp_path / "board")
