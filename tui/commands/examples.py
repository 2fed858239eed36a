"""`kerastui examples`: the shipped experiments."""

from __future__ import annotations

from typing import Any

from rich.text import Text

from kerastui.tui.commands.options import Json
from kerastui.tui.commands.output import print_table, stdout, table, write_json


def examples(json: Json = False) -> None:
    """List the shipped examples, by teaching document, with their published figures."""
    from kerastui.models import shipped

    entries = shipped.index()
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
    console.print(Text("\nTrain one: kerastui run a05", style="dim"))


def _plain(entry: Any) -> dict[str, Any]:
    return {
        "name": entry.name,
        "id": entry.id,
        "title": entry.title,
        "document": entry.document,
        "section": entry.section,
        "dataset": entry.dataset,
        "published": entry.plain.get("published", []),
    }


def _published(entry: Any) -> str:
    """Return the first published figure that has a value."""
    from kerastui.tui.commands.outcome import shown

    for figure in entry.plain.get("published", []):
        if "value" in figure:
            name = figure["figure"].rpartition(".")[2]
            return f"{name} {shown(figure['value'])}"
    return ""
