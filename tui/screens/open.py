"""Choosing what to open: what was not saved, recent files, those of the workspace, any path."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input

from kerastui.datasets.errors import UserError
from kerastui.models.opening import ACCEPTED
from kerastui.tui import experiments, recent
from kerastui.tui.paths import expanded
from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets import words
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.runs.store import Workspace
    from kerastui.tui.autosave import Autosave, Leftover

MOST = 500
"""Entries of a folder that are listed."""


class OpenScreen(Dialog["Path | Leftover | None"]):
    """Asks what to open. The result is a path, or changes that were not saved.

    Args:
        workspace: Whose experiments are offered.
        autosave: Knows what was not saved.
        typed: What stands in the line at first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open", priority=True, key_display="Enter",
                tooltip="Open what is marked"),
        Binding("tab", "complete", "complete", priority=True, key_display="Tab",
                tooltip="Complete the path with what is marked"),
        Binding("down", "move(1)", "down", show=False, priority=True, tooltip="The row below"),
        Binding("up", "move(-1)", "up", show=False, priority=True, tooltip="The row above"),
        Binding("escape", "cancel", "back", key_display="Esc", tooltip="Nothing is opened"),
    ]  # fmt: skip

    def __init__(self, workspace: Workspace, autosave: Autosave, typed: str = "") -> None:
        super().__init__()
        self.workspace = workspace
        self.autosave = autosave
        self.typed = typed
        self._leftovers: dict[str, Leftover] = {}
        self._listed: str | None = None
        self._wanted: list[tuple[str, Callable[[], None]]] = []

    def compose(self) -> ComposeResult:
        with Panel(title="open", classes="dialog -large"):
            line = Input(self.typed, placeholder="a path, or part of a name")
            line.styles.margin = (0, 0, 1, 0)
            yield line
            yield RowList([Column(), Column("", 44, least=90), Column("", 17, "right", 60)])
            yield Static(Content.styled(ACCEPTED, "$muted"), classes="dialog-hint")
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._look(self.typed)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._look(event.value)

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self, typed: str) -> None:
        text = typed.strip()
        rows, search = await self.listing(text)
        shown = self.query_one(RowList)
        shown.set_rows(rows)
        shown.set_search(search)
        if text:
            shown.move_to(_exactly(text, rows))
        if shown.on_group:
            shown.cursor += 1
        self._listed = typed
        wanted, self._wanted = self._wanted, []
        for line, action in wanted:
            if line == typed:
                action()

    def _is_listed(self, action: Callable[[], None]) -> bool:
        """Say whether what stands in the line is what is listed; else do the action once it is.

        What was typed or pasted a moment ago is listed first, or something else would be marked.
        """
        line = self.query_one(Input).value
        if line != self._listed:
            self._wanted.append((line, action))
        return line == self._listed

    async def listing(self, text: str) -> tuple[list[Row], str]:
        """Return what is offered for what is typed, and what to search it for."""
        if is_path(text):
            return await asyncio.to_thread(inside, text), ""
        if not self._leftovers:
            found = await asyncio.to_thread(self.autosave.leftovers)
            self._leftovers = {str(one.path): one for one in found}
        return await asyncio.to_thread(known, self.workspace, self._leftovers.values()), text

    @on(RowList.Opened)
    def _chosen(self) -> None:
        self.action_open()

    def action_move(self, step: int) -> None:
        """Mark the row above or below."""
        self.query_one(RowList).action_move(step)

    def action_complete(self) -> None:
        """Put what is marked into the line; a folder with a slash, so that one can go on."""
        key = self.query_one(RowList).key
        if self._is_listed(self.action_complete) and key and key not in self._leftovers:
            line = self.query_one(Input)
            line.value = key
            line.cursor_position = len(key)

    def action_open(self) -> None:
        """Open what is marked; without a mark, what is typed."""
        rows = self.query_one(RowList)
        if self._is_listed(self.action_open) and not rows.on_group:
            self.take(rows.key, self.query_one(Input).value.strip())

    def take(self, key: str, typed: str) -> None:
        """Take a row, or what is typed where there is none."""
        chosen = key or typed
        if chosen in self._leftovers:
            self.dismiss(self._leftovers[chosen])
        elif key.endswith("/") and key != typed:
            self.action_complete()  # into the folder
        elif chosen:
            try:
                self.dismiss(expanded(chosen))
            except UserError as error:
                say(self.app, error.message, "warning")

    def action_cancel(self) -> None:
        self.dismiss(None)


def _exactly(text: str, rows: Iterable[Row]) -> str:
    """The key of the row that is the very path that was typed; empty where none is."""
    with suppress(RuntimeError):
        path = Path(text).expanduser()
        return next((row.key for row in rows if row.key and Path(row.key) == path), "")
    return ""


def is_path(text: str) -> bool:
    """Whether somebody types a path, not a name."""
    return text.startswith(("~", ".")) or "/" in text


def known(workspace: Workspace, leftovers: Iterable[Leftover]) -> list[Row]:
    """Return what is offered before a path is typed; touches the disk."""
    made: list[Row] = []

    def group(title: str, rows: list[Row]) -> None:
        if rows:
            made.append(Row(f"group {title}", (Content.styled(title, "bold"),), group=True))
            made.extend(rows)

    group("not saved", [
        Row(str(one.path), (one.name, _muted(_short(one.file) or "new"),
                            _muted(words.moment(one.changed))), level=1)
        for one in leftovers
    ])  # fmt: skip
    last = recent.paths()
    group("recent", [_row(path) for path in last])
    own = [path for path in experiments.saved(workspace) if path not in last]
    group("saved in this workspace", [_row(path) for path in own])
    if not made:
        nothing = (
            "Nothing was opened or saved yet. Type a path, such as ~/ or ./; Tab completes it."
        )
        made.append(Row("", (_muted(nothing), "", ""), level=1))
    return made


def inside(typed: str) -> list[Row]:
    """Return the entries of a folder that begin with what is typed; touches the disk."""
    folder, _, start = typed.rpartition("/")
    if typed in ("~", ".", ".."):
        folder, start = typed, ""
    try:
        where = Path(folder or "/").expanduser() if "/" in typed or folder else Path()
    except RuntimeError:
        return []
    rows = []
    with suppress(OSError):
        if not start and where.is_dir():
            rows.append(Row(f"{str(where).rstrip('/')}/", ("this folder itself", "", ""), level=1))
        entries = [entry for entry in os.scandir(where) if entry.name.startswith(start)]
        entries = [entry for entry in entries if start or not entry.name.startswith(".")]
        entries.sort(key=lambda entry: (not entry.is_dir(), entry.name.casefold()))
        for entry in entries[:MOST]:
            mark = "/" if entry.is_dir() else ""
            size = "" if mark else words.size(entry.stat().st_size)
            cells = (f"{_printable(entry.name)}{mark}", "", _muted(size))
            rows.append(Row(f"{entry.path}{mark}", cells, level=1))
    return rows


def _row(path: Path) -> Row:
    with suppress(OSError):
        changed = words.moment(path.stat().st_mtime)
        name = path.stem if path.suffix == ".toml" else path.name
        where = _muted(_short(str(path.parent)))
        return Row(str(path), (_printable(name), where, _muted(changed)), level=1, found=str(path))
    return Row(str(path), (_printable(path.name), "", ""), level=1)


def _short(path: str) -> str:
    home = str(Path.home())
    return _printable(f"~{path.removeprefix(home)}" if path.startswith(f"{home}/") else path)


def _printable(text: str) -> str:
    return "".join(character if character.isprintable() else "�" for character in text)


def _muted(text: str) -> Content:
    return Content.styled(text, "$muted")
