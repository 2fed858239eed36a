"""Fetching against a real HTTP server: good, cut short, wrong, hanging and missing files."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kerastui.datasets import fetch as fetching
from kerastui.datasets.catalogue import Card, DataFile, card
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import DownloadCancelledError, Located, fetch, locate, sha256_of

GOOD = bytes(range(256)) * 4000  # about 1 MB
SHA = hashlib.sha256(GOOD).hexdigest()


@dataclass
class Web:
    """A server whose paths say how they misbehave."""

    address: str
    asked: list[str] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def web() -> Iterator[Web]:
    state = Web("")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            first = state.asked.count(self.path) == 1
            if self.path == "/missing":
                self.send_error(404)
                return
            if self.path == "/busy" and first:
                self.send_error(503)
                return
            if self.path == "/silent":
                state.released.wait(30)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(GOOD)))
            self.end_headers()
            if self.path == "/wrong":
                self.wfile.write(GOOD[::-1])
            elif self.path == "/short" or (self.path == "/short-once" and first):
                self.wfile.write(GOOD[:300_000])
            elif self.path == "/stalls":
                self.wfile.write(GOOD[:300_000])
                self.wfile.flush()
                state.released.wait(30)
            elif self.path == "/trickle":
                for byte in GOOD[:2000]:
                    if state.released.wait(0.02):
                        return
                    self.wfile.write(bytes([byte]))
            else:
                self.wfile.write(GOOD)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield state
    state.released.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KERASTUI_DATA", raising=False)
    for proxy in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def made(*addresses: str, sha256: str = SHA) -> Card:
    file = DataFile("ionosphere.csv", addresses, sha256, ("ionosphere.csv",))
    return replace(card("ionosphere"), files=(file,))


def cached(tmp_path: Path) -> list[str]:
    return sorted(p.name for p in (tmp_path / "cache").rglob("*") if p.is_file())


def test_a_good_file_is_downloaded_checked_and_found_again(web: Web, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    wanted = made(f"{web.address}/good")
    assert locate(wanted) is None
    found = fetch(wanted, lambda done, total: heard.append((done, total)))
    path = tmp_path / "cache/data/ionosphere/ionosphere.csv"
    assert found == Located(path, SHA, True, "cache")
    assert path.read_bytes() == GOOD
    assert heard[-1] == (len(GOOD), len(GOOD))
    assert heard == sorted(heard)
    assert len(heard) > 5
    assert locate(wanted) == found
    assert fetch(wanted) == found
    assert web.asked == ["/good"]


def test_without_a_published_sha_the_file_is_not_called_verified(web: Web) -> None:
    wanted = made(f"{web.address}/good", sha256="")
    assert fetch(wanted).verified is False
    found = locate(wanted)
    assert found is not None
    assert (found.sha256, found.verified, found.origin) == (SHA, False, "cache")


@pytest.mark.parametrize("path", ["/short-once", "/busy"])
def test_a_passing_fault_is_tried_again(web: Web, path: str, tmp_path: Path) -> None:
    assert fetch(made(f"{web.address}{path}")).verified
    assert web.asked == [path, path]
    assert (tmp_path / "cache/data/ionosphere/ionosphere.csv").read_bytes() == GOOD


def test_the_next_address_is_tried(web: Web) -> None:
    assert fetch(made(f"{web.address}/missing", f"{web.address}/good")).verified
    assert web.asked == ["/missing", "/good"]


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/short", "the transfer broke off"),
        ("/wrong", "not the published file"),
        ("/missing", "the server answered 404"),
    ],
)
def test_a_lasting_fault_leaves_nothing_and_names_the_choices(
    web: Web, tmp_path: Path, path: str, reason: str
) -> None:
    with pytest.raises(UserError, match=reason) as caught:
        fetch(made(f"{web.address}{path}"))
    for choice in ("kerastui data fetch ionosphere", "KERASTUI_DATA", "breast_cancer"):
        assert choice in caught.value.hint
    assert cached(tmp_path) == []


def test_no_server_at_all() -> None:
    with pytest.raises(UserError, match="no connection") as caught:
        fetch(made("http://127.0.0.1:9/file"))
    assert "KERASTUI_DATA" in caught.value.hint


@pytest.mark.parametrize("path", ["/silent", "/stalls", "/trickle"])
def test_a_server_that_hangs_is_given_up(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(fetching, "CONNECT_TIMEOUT", 0.5)
    monkeypatch.setattr(fetching, "STALL_TIMEOUT", 0.5)
    with pytest.raises(UserError, match=r"nothing came|in time|stalled"):
        fetch(made(f"{web.address}{path}"))
    web.released.set()
    assert _soon(lambda: "ionosphere.csv" not in " ".join(cached(tmp_path)))


def test_cancelling_takes_effect_while_the_server_hangs(web: Web, tmp_path: Path) -> None:
    started = threading.Event()
    with pytest.raises(DownloadCancelledError):
        fetch(made(f"{web.address}/stalls"), lambda *_: started.set(), started.is_set)
    web.released.set()
    assert _soon(lambda: cached(tmp_path) == [])


def _soon(true: object) -> bool:
    assert callable(true)
    for _ in range(200):
        if true():
            return True
        time.sleep(0.05)
    return False


def test_a_directory_of_the_user_comes_first_and_is_taken_as_it_is(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = made(f"{web.address}/good")
    fetch(wanted)
    (tmp_path / "own").mkdir()
    mine = tmp_path / "own/ionosphere.csv"
    mine.write_bytes(b"mine")
    monkeypatch.setenv("KERASTUI_DATA", f"{tmp_path / 'nowhere'}:{tmp_path / 'own'}")
    digest = hashlib.sha256(b"mine").hexdigest()
    assert locate(wanted) == Located(mine, digest, False, "KERASTUI_DATA")
    mine.write_bytes(GOOD)
    assert fetch(wanted) == Located(mine, SHA, True, "KERASTUI_DATA")


def test_a_damaged_file_in_the_cache_is_fetched_anew(web: Web, tmp_path: Path) -> None:
    wanted = made(f"{web.address}/good")
    fetch(wanted)
    path = tmp_path / "cache/data/ionosphere/ionosphere.csv"
    path.write_bytes(GOOD[:-1])
    assert locate(wanted) is None
    assert fetch(wanted).verified
    assert path.read_bytes() == GOOD


def test_what_belongs_to_the_data_comes_along_but_is_not_needed(web: Web) -> None:
    base = made(f"{web.address}/good")
    words = DataFile("words.json", (f"{web.address}/also-good",), SHA, ("words.json",))
    lost = replace(words, name="lost.json", addresses=(f"{web.address}/missing",))
    wanted = replace(base, files=(base.file, words, lost))
    assert fetch(wanted).verified
    assert fetching.locate_file(wanted, words) is not None
    assert fetching.locate_file(wanted, lost) is None


def test_a_cache_that_cannot_be_written(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("KERASTUI_CACHE", str(tmp_path / "file"))
    with pytest.raises(UserError, match="cannot be written") as caught:
        fetch(made(f"{web.address}/good"))
    assert "KERASTUI_CACHE" in caught.value.hint


def test_a_full_disk(web: Web) -> None:
    wanted = made(f"{web.address}/good")
    partial = fetching.cache_directory() / "partial"
    partial.mkdir(parents=True)
    target = fetching.cache_directory() / "data/ionosphere/ionosphere.csv"
    target.mkdir(parents=True)  # a rename onto a directory fails as a full disk would
    with pytest.raises(UserError, match="could not be stored"):
        fetch(wanted)
    assert list(partial.iterdir()) == []


def test_two_processes_at_once_do_no_harm(web: Web, tmp_path: Path) -> None:
    program = """
import sys
from dataclasses import replace
from kerastui.datasets.catalogue import DataFile, card
from kerastui.datasets.fetch import fetch
file = DataFile("ionosphere.csv", (sys.argv[1],), sys.argv[2], ("ionosphere.csv",))
found = fetch(replace(card("ionosphere"), files=(file,)))
print(found.sha256, found.verified)
"""
    command = [sys.executable, "-c", program, f"{web.address}/good", SHA]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60)[0].strip() for process in both]
    assert said == [f"{SHA} True"] * 2
    assert (tmp_path / "cache/data/ionosphere/ionosphere.csv").read_bytes() == GOOD
    assert list((tmp_path / "cache/partial").iterdir()) == []


def test_a_download_prints_nothing(web: Web, capfd: pytest.CaptureFixture[str]) -> None:
    fetch(made(f"{web.address}/good", sha256=""))
    assert capfd.readouterr() == ("", "")


def test_sha256_is_remembered_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(GOOD)
    assert sha256_of(path) == SHA
    with monkeypatch.context() as patched:
        patched.setattr(hashlib, "file_digest", lambda *_: pytest.fail("calculated again"))
        assert sha256_of(path) == SHA
        patched.setattr(fetching._Hashes, "_loaded_from", None)  # as after a restart
        assert sha256_of(path) == SHA
    path.write_bytes(b"other")
    assert sha256_of(path) == hashlib.sha256(b"other").hexdigest()


@pytest.mark.parametrize("content", ["", "[]", "{", '{"a": 1}', "\x00"])
def test_a_broken_memory_of_hashes_costs_only_time(tmp_path: Path, content: str) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache/hashes.json").write_text(content)
    path = tmp_path / "file"
    path.write_bytes(GOOD)
    assert sha256_of(path) == SHA


def test_embedded_and_generated_data_are_always_here() -> None:
    assert locate(card("digits")) == Located(None, "", True, "embedded")
    assert locate(card("make_moons")) == Located(None, "", True, "generated")


def test_old_partial_downloads_are_cleared_away(web: Web, tmp_path: Path) -> None:
    import os

    partials = tmp_path / "cache/partial"
    partials.mkdir(parents=True)
    old, new = partials / "old", partials / "new"
    old.touch()
    new.touch()
    os.utime(old, (time.time() - 90_000,) * 2)
    fetch(made(f"{web.address}/good"))
    assert [path.name for path in partials.iterdir()] == ["new"]
