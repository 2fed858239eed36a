"""Importing an own file: what was detected, the first rows, and every setting to be changed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pydantic import ValidationError
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.datasets.files.library import Library, imported
from kerastui.datasets.files.sniff import sniff, validated
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.sniffed import Sniffed
from kerastui.tui import recent
from kerastui.tui.screens.base import Dialog
from kerastui.tui.screens.data import importing_look as look
from kerastui.tui.screens.data.importing_fields import NAME, fields
from kerastui.tui.screens.open import OpenScreen, inside, is_path
from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_fields import Changes
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel, ScrollPanel
from kerastui.tui.widgets.row_list import Row, RowList
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.datasets.files.library import OwnFile
    from kerastui.tui.app import KerasTui

_LISTS = ("missing", "as_text", "arrays", "names")


class DataImport(Dialog["str | None"]):
    """Shows how a file would be read; the result is the name it was imported under, or None.

    Args:
        path: The file or folder.
        name: The name it has already, where it is imported again.
        own: How it is read so far, where it is imported again.

    Attributes:
        sniffed: What was read with the settings that are shown; None while it is read.
    """

    CSS_PATH = "importing.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - Textual's
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("i", "take", "import", tooltip="Remember how the file is read; nothing is copied"),
        Binding("escape", "close", "back", key_display="Esc", tooltip="Import nothing"),
    ]

    def __init__(self, path: Path, name: str = "", own: OwnFile | None = None) -> None:
        super().__init__()
        self.path = path
        self.name_given = name
        self.sniffed: Sniffed | None = None
        self._own = own
        self._detected: FileRecipe | None = None
        self._given: dict[str, Any] = {}
        self._busy = False
        self._shown = False
        self._wanted = False  # it is to be imported as soon as it is read anew

    @property
    def library(self) -> Library:
        """The own files of the workspace."""
        return Library(cast("KerasTui", self.app).workspace.root)

    def compose(self) -> ComposeResult:
        with Panel(title="import", classes="dialog -large"):
            yield Static(id="headline")
            with Container(id="import"):
                yield Form(self._problem, id="settings")
                with ScrollPanel(id="first"):
                    yield Static(id="notes")
                    yield Static(id="rows")
                    yield Static(id="sure")
            yield Static(id="next", classes="dialog-hint")
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one("#first", ScrollPanel).set_title("as it is read")
        self.query_one(RowList).focus()
        self._look()

    # --- looking -----------------------------------------------------------------------------

    @work(group="look", exclusive=True, exit_on_error=False)
    async def _look(self) -> None:
        self.sniffed = None
        self.query_one("#headline", Static).update(Content.styled("Looking …", "$muted"))
        try:
            if self._detected is None:
                await asyncio.to_thread(self._begin)
            sniffed = await asyncio.to_thread(sniff, self.path, self._given)
        except UserError as error:
            self._show_error(error)
            return
        self.sniffed = sniffed
        self._show()
        if self._wanted:
            self.action_take()

    def _begin(self) -> None:
        """Find a name and what is detected; settings of an earlier import count as given."""
        self._detected = sniff(self.path).recipe
        recent.add(self.path)
        place = self._detected.place
        known = self.library.name_of(place) if not self.name_given else self.name_given
        self.name_given = known or self.library.free_name(place)
        if self._own is None and known:
            self._own = self.library.get(known)
        if self._own is not None:
            old = self._own.file.model_dump(exclude={"path", "size", "sha256"})
            new = self._detected.model_dump()
            self._given = {key: value for key, value in old.items() if new[key] != value}

    def _show_error(self, error: UserError) -> None:
        self._shown = self._wanted = False
        text = Content.assemble((clean(error.message), "$bad"), "\n", (clean(error.hint), "$muted"))
        self.query_one("#headline", Static).update(Content(clean(self.path.name)))
        self.query_one("#notes", Static).update(text)
        self.query_one("#notes").display = True
        for name in ("#rows", "#sure"):
            self.query_one(name, Static).update("")
        self.query_one("#next", Static).update("")
        self.refresh_bindings()

    def _show(self) -> None:
        sniffed, detected = self.sniffed, self._detected
        if sniffed is None or detected is None:
            return
        self._shown = True
        title = Content.assemble((f"{clean(self.path.name)}  ", "bold"), look.headline(sniffed))
        self.query_one("#headline", Static).update(title)
        self._show_rows()
        form = self.query_one(Form)
        form.show([("how it is read", fields(self.name_given, sniffed, detected, self._given))])
        after = Content.assemble(
            ("i", "$primary"), " imports it as ", (self.name_given, "bold"),
            " and leaves the file in place. ", ("Enter", "$primary"), " changes a setting.",
        )  # fmt: skip
        self.query_one("#next", Static).update(after)
        self.refresh_bindings()

    def on_resize(self) -> None:
        self.call_after_refresh(self._show_rows)

    def _show_rows(self) -> None:
        if self.sniffed is not None:
            # Where there is little room, the rows come before what is sure.
            narrow = self.has_class("-narrow")
            doubts, sure = look.doubts(self.sniffed), look.sure(self.sniffed, brief=narrow)
            above = [one for one in (doubts, *([] if narrow else [sure])) if one.plain]
            self.query_one("#notes", Static).update(Content("\n").join(above))
            self.query_one("#notes").display = bool(above)
            self.query_one("#sure", Static).update(sure)
            self.query_one("#sure").display = narrow
            width = max(20, self.query_one("#first").content_size.width - 1)
            shown = look.rows if self.sniffed.columns else lambda sniffed, _: look.classes(sniffed)
            self.query_one("#rows", Static).update(shown(self.sniffed, width))

    # --- changing ----------------------------------------------------------------------------

    def _problem(self, changes: Changes) -> str:
        """Say what is wrong with a setting."""
        ((key, value),) = changes.items()
        if value is None:
            return "" if key != NAME else "A name is needed."
        try:
            if key == NAME:
                self.library.check_name(str(value))
            else:
                validated({key: _listed(value) if key in _LISTS else value})
        except UserError as error:
            return f"{error.message} {error.hint}"
        except ValidationError as error:
            return error.errors()[0]["msg"].removeprefix("Value error, ")
        return ""

    @on(Form.Edited)
    def _edited(self, event: Form.Edited) -> None:
        event.stop()
        for key, value in event.changes.items():
            if key == NAME:
                self.name_given = str(value or self.name_given)
            elif value is None:
                self._given.pop(key, None)
            else:
                self._given[key] = _listed(value) if key in _LISTS else value
        self._look()

    # --- importing ---------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self._shown and not self._busy if action == "take" else True

    def action_take(self) -> None:
        """Remember how the file is read, also where it is just being read with a new setting."""
        self._wanted = self.sniffed is None
        if self.sniffed is not None:
            self._take(self.sniffed, self.name_given)

    @work(group="take", exclusive=True, exit_on_error=False)
    async def _take(self, sniffed: Sniffed, name: str) -> None:
        self._busy = True
        self.refresh_bindings()
        words = "Reading the file once, to notice later whether it has changed …"
        self.query_one("#next", Static).update(Content.styled(words, "$muted"))
        try:
            own = await asyncio.to_thread(imported, sniffed)
            await asyncio.to_thread(self.library.add, name, own)
        except UserError as error:
            cast("KerasTui", self.app).tell_error(error, "not imported")
        else:
            self.dismiss(name)
        finally:
            self._busy = False
            if self.is_mounted:
                self._show()

    def action_close(self) -> None:
        self.dismiss(None)


def _listed(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


class PickData(OpenScreen):
    """Asks for a file or folder with data, by its path; Tab completes."""

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(Panel).set_title("add a file")
        hint = "CSV and other tables as text, JSON lines, Parquet, .npy, .npz; a folder with a "
        self.query_one(".dialog-hint", Static).update(
            Content.styled(f"{hint}folder of pictures or texts for each class.", "$muted")
        )

    async def listing(self, text: str) -> tuple[list[Row], str]:
        """Return the files and folders that begin with what is typed."""
        return await asyncio.to_thread(inside, text if is_path(text) else f"./{text}"), ""

    def take(self, key: str, typed: str) -> None:
        """Take what is marked; a folder that is typed whole is taken itself."""
        folder = _absolute(typed)
        if key.endswith("/") and typed.endswith("/") and _absolute(key) == folder:
            self.dismiss(folder)
        else:
            super().take(key, typed)


def _absolute(text: str) -> Path:
    """The path that was typed; where there is no such home directory, as it stands."""
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        return Path(text).absolute()


async def import_data(app: KerasTui, path: Path | None = None) -> None:
    """Import a file and show it on the Data screen; to be awaited in a worker.

    Args:
        app: The app.
        path: The file or folder; None asks for it.
    """
    from kerastui.tui.screens.data.screen import DataScreen

    if path is None:
        picked = await app.push_screen_wait(PickData(app.workspace, app.keeper.autosave, "./"))
        if not isinstance(picked, Path):
            return
        path = picked
    name = await app.push_screen_wait(DataImport(path))
    if name is None:
        return
    await app.switch_mode("data")
    screen = app.screen
    if isinstance(screen, DataScreen):
        screen.show_cards(name)
    say(app, f"{name} is imported. n proposes an experiment with it.")
