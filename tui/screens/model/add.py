"""The dialog that adds a layer: all of Keras' layers, by chapter, searched while typing."""

from __future__ import annotations

from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input

from kerastui.models.catalogue import catalogue
from kerastui.tui.screens.model.words import Place, found, layer_from, ordered, split
from kerastui.tui.widgets import words
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.form_edit import Picker
from kerastui.tui.widgets.form_fields import missing, shown
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, Row, RowList

_FITS = "fits"


class AddLayer(Picker[dict[str, Any]]):
    """Asks for a layer. The result is its plain values; what it still needs is asked later.

    Args:
        place: Where the layer will stand: those that fit come first.
        title: What is done with it.
    """

    DEFAULT_CSS = """
    AddLayer #layer-doc { height: 2; margin-top: 1; }
    AddLayer RowList { height: 1fr; }
    """

    def __init__(self, place: Place, title: str = "add a layer") -> None:
        super().__init__()
        self.place = place
        self.title_text = title

    def compose(self) -> ComposeResult:
        with Panel(title=self.title_text, classes="dialog -large"):
            yield Input(placeholder="type to search; values may follow: dense 64 relu", id="search")
            rows = RowList([Column(width=30), Column()])
            rows.can_focus = False
            yield rows
            yield Static(id="layer-doc")
        yield FooterLine()

    def on_mount(self) -> None:
        self._fill("")
        self.query_one(Input).focus()

    def _fill(self, text: str) -> None:
        wanted, _ = split(text)
        rows = self.query_one(RowList)
        if wanted:
            hits = found(wanted, self.place)
            rows.set_rows(_row(entry, "found", entry.group) for entry in hits)
            rows.cursor = 0
        else:
            rows.set_rows(self._chapters())
            rows.cursor = 1
        self._describe()

    def _chapters(self) -> list[Row]:
        entries = {entry.name: entry for entry in ordered()}
        title = "joins what is marked" if self.place.joins else "used most here"
        note = ""
        if self.place.shape and not self.place.joins:
            note = f"receives {words.shape(self.place.shape)}"
        cells = (Content.styled(title, "bold"), Content.styled(note, "$muted"))
        rows = [Row(_FITS, cells, group=True)]
        fits = [entries[name] for name in self.place.fitting() if name in entries]
        rows += [_row(entry, _FITS, level=1) for entry in fits]
        chapter = ""
        for entry in entries.values():
            if entry.group != chapter:
                chapter = entry.group
                rows.append(Row(chapter, (Content.styled(chapter, "bold"),), group=True))
            rows.append(_row(entry, chapter, level=1))
        return rows

    @property
    def entry(self) -> catalogue.Entry | None:
        """The layer under the cursor."""
        _, _, name = self.query_one(RowList).key.partition(":")
        return catalogue.load().get("layers", name) if name else None

    def _made(self) -> tuple[dict[str, Any] | None, str]:
        """The layer as typed, and what is wrong with it."""
        entry = self.entry
        if entry is None:
            return None, ""
        return layer_from(entry, split(self.query_one(Input).value)[1])

    @on(RowList.Moved)
    def _describe(self) -> None:
        layer, problem = self._made()
        if layer is None:
            text = Content.styled("No layer is called like that.", "$muted")
            if self.query_one(RowList).key:
                text = Content("")
        elif problem:
            text = Content.styled(problem, "$bad")
        else:
            given = ", ".join(f"{key} {shown(v)}" for key, v in layer.items() if key != "type")
            open_ = [parameter.name for parameter in missing("layers", layer)]
            text = Content.assemble(
                (layer["type"], "bold"), f"  {given}" if given else "",
                (f"  asks for {', '.join(open_)}" if open_ else "", "$muted"),
            )  # fmt: skip
        self.query_one("#layer-doc", Static).update(text)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        self._fill(event.value)

    def action_take(self) -> None:
        """Give the layer back; on a chapter, open or close it."""
        rows = self.query_one(RowList)
        if rows.on_group:
            rows.action_open()
            return
        layer, problem = self._made()
        if layer is not None and not problem:
            self.dismiss(layer)


def _row(entry: catalogue.Entry, chapter: str, note: str = "", level: int = 0) -> Row:
    about = Content.assemble((f"{note} · " if note else "", "$faint"), (entry.doc, "$muted"))
    return Row(f"{chapter}:{entry.name}", (Content(entry.name), about), level=level)
