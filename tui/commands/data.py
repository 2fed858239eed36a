"""`kerastui data`: the catalogue of data sets, and fetching them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from kerastui.datasets.errors import UserError
from kerastui.tui.commands.options import Json
from kerastui.tui.commands.output import (
    arguments,
    complain,
    print_table,
    stderr,
    stdout,
    table,
    write_json,
)

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.fetch import Located

app = typer.Typer(help="List, fetch and describe the data sets.", invoke_without_command=True)


def _names(incomplete: str) -> list[str]:
    from kerastui.datasets.catalogue import cards

    return [card.name for card in cards() if card.name.startswith(incomplete)]


Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A data set's name.", autocompletion=_names)
]
Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Names of data sets.", autocompletion=_names),
]


@app.callback()
def data(context: typer.Context, json: Json = False) -> None:
    """Without a subcommand: list."""
    if context.invoked_subcommand is None:
        list_(json)


@app.command("list")
def list_(json: Json = False) -> None:
    """List all data sets and whether their files are here."""
    from kerastui.datasets.catalogue import cards
    from kerastui.datasets.fetch import locate

    known = [(card, locate(card)) for card in cards()]
    if json:
        write_json([_plain(card, located) for card, located in known])
        return
    grid = table("name", "task", "rows", "here", "title", right=("rows",))
    for card, located in known:
        grid.add_row(
            Text(card.name, style="cyan"),
            Text(card.task),
            Text(f"{card.rows:,}" if card.rows else "–"),
            Text(_here(located), style="" if located else "dim"),
            Text(card.title),
        )
    print_table(grid)


@app.command("info")
def info(name: Name, json: Json = False) -> None:
    """Describe a data set: columns, classes, licence, addresses, SHA-256."""
    from kerastui.datasets.catalogue import card
    from kerastui.datasets.fetch import locate

    with arguments():
        chosen = card(name)
    located = locate(chosen)
    if json:
        write_json(_plain(chosen, located) | _details(chosen))
        return
    console = stdout()
    console.print(Text(f"{chosen.title}", style="bold"))
    console.print(Text(chosen.about))
    for label, text in _facts(chosen, located):
        console.print(Text(f"  {label:<10}", style="dim").append(text, style="default"))
    if chosen.columns:
        grid = table("column", "meaning")
        for column in chosen.columns:
            mark = " (target)" if column.name in chosen.target else ""
            grid.add_row(Text(column.name, style="cyan"), Text(column.meaning + mark))
        print_table(grid)
    if chosen.parameters:
        grid = table("parameter", "default", "meaning")
        for parameter in chosen.parameters:
            default = "–" if parameter.default is None else str(parameter.default)
            grid.add_row(Text(parameter.name, style="cyan"), Text(default), Text(parameter.about))
        print_table(grid)


@app.command("fetch")
def fetch(names: Names, json: Json = False) -> None:
    """Download data sets into the cache, checked against the published SHA-256."""
    from kerastui.datasets.catalogue import card

    with arguments():
        chosen = [card(name) for name in names]
    fetched, failed = [], False
    for one in chosen:
        try:
            located = _fetch(one)
        except UserError as error:
            complain(error)
            failed = True
            continue
        fetched.append(_plain(one, located))
        if not json:
            stdout().print(Text(f"{one.name}: {_where(one, located)}"))
    if json:
        write_json(fetched)
    if failed:
        raise typer.Exit(1)


def _fetch(card: Card) -> Located:
    """Fetch with a bar on a terminal; Ctrl-C cancels and leaves nothing half done."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )

    from kerastui.datasets.fetch import fetch as fetch_card
    from kerastui.tui.commands.follow import Presses

    console = stderr()
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with (
        Presses() as presses,
        Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        ) as progress,
    ):
        task = progress.add_task(card.title, total=None)
        shown = 0.0

        def report(done: int, total: int) -> None:
            nonlocal shown
            if (now := time.monotonic()) - shown > 0.05 or done == total:
                shown = now
                progress.update(task, completed=done, total=total or None)

        return fetch_card(card, report, lambda: presses.count > 0)


def _here(located: Located | None) -> str:
    if located is None:
        return "no"
    return located.origin if located.verified else f"{located.origin}, unverified"


def _where(card: Card, located: Located) -> str:
    if located.path is None:
        return "always here"
    state = "SHA-256 verified" if located.verified else "not verified"
    return f"{located.path} ({state})"


def _facts(card: Card, located: Located | None) -> list[tuple[str, str]]:
    facts = [
        ("name", card.name),
        ("kind", f"{card.kind}, {card.task}"),
        ("rows", f"{card.rows:,}" if card.rows else "as asked for"),
        ("split", f"{card.train:,} training, {card.test:,} test" if card.train else ""),
        ("input", " × ".join(str(size) for size in card.shape)),
        ("classes", ", ".join(card.classes)),
        ("licence", card.licence),
        ("here", _where(card, located) if located else "no; kerastui data fetch " + card.name),
        ("examples", ", ".join(card.examples)),
        ("stand-in", card.stand_in),
    ]
    for file in card.files:
        facts += [("address", address) for address in file.addresses]
        facts.append(("SHA-256", file.sha256))
    return [(label, text) for label, text in facts if text]


def _plain(card: Card, located: Located | None) -> dict[str, Any]:
    return {
        "name": card.name,
        "title": card.title,
        "kind": card.kind,
        "task": card.task,
        "rows": card.rows,
        "here": located is not None,
        "origin": located.origin if located else None,
        "path": str(located.path) if located and located.path else None,
        "verified": located.verified if located else None,
    }


def _details(card: Card) -> dict[str, Any]:
    return {
        "about": card.about,
        "licence": card.licence,
        "shape": list(card.shape),
        "classes": list(card.classes),
        "target": list(card.target),
        "columns": {column.name: column.meaning for column in card.columns},
        "examples": list(card.examples),
        "stand_in": card.stand_in,
        "files": [
            {"name": file.name, "addresses": list(file.addresses), "sha256": file.sha256}
            for file in card.files
        ],
    }
