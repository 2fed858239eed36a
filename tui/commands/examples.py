"""`kerastui examples`: the shipped experiments, and the labs that train nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from kerastui.tui.commands.options import Json
from kerastui.tui.commands.output import print_table, stdout, table, write_json
from kerastui.tui.labs import Lab

if TYPE_CHECKING:
    from kerastui.models.shipped import Entry


def examples(json: Json = False) -> None:
    """List the shipped examples and labs, by teaching document, with their published figures."""
    from kerastui.models import shipped
    from kerastui.tui import visits

    both: list[Entry | Lab] = [*shipped.index(), *visits.every().values()]
    entries = sorted(both, key=lambda entry: entry.name)
    if json:
        write_json([_plain(entry) for entry in entries])
        return
    console = stdout()
    widest = max(len(entry.name) for entry in entries)
    figures = max(len(_published(entry)) for entry in entries)
    for letter, title in shipped.DOCUMENTS.items():
        chosen = [entry for entry in entries if entry.document == letter]
        if not chosen:
            continue
        console.print(Text(f"{letter}  {title}", style="bold"))
        grid = table("example", "published", "question")
        grid.show_header = False
        for entry in chosen:
            grid.add_row(
                Text(f"  {entry.name:<{widest}}", style="cyan"),
                Text(f"{_published(entry):<{figures}}", style="dim"),
                Text(entry.title),
            )
        print_table(grid)
    said = "\nTrain one: kerastui run a05 · A lab trains nothing; it is opened on the Learn screen."
    console.print(Text(said, style="dim"))


def _plain(entry: Entry | Lab) -> dict[str, Any]:
    return {
        "name": entry.name,
        "id": entry.id,
        "title": entry.title,
        "document": entry.document,
        "section": entry.section,
        "lab": isinstance(entry, Lab),
        "dataset": getattr(entry, "dataset", ""),
        "published": [] if isinstance(entry, Lab) else entry.plain.get("published", []),
    }


def _published(entry: Entry | Lab) -> str:
    """Return the first published figure that has a value; what a lab is."""
    from kerastui.tui.commands.outcome import shown

    if isinstance(entry, Lab):
        return "lab"
    for figure in entry.plain.get("published", []):
        if "value" in figure:
            return f"{figure['label']} {shown(figure['value'])}"
    return ""
