"""`kerastui data`: the catalogue of data sets and own files, fetching and importing them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from kerastui.datasets.errors import UserError
from kerastui.tui.commands.options import Json, WorkspaceFolder, changes, workspace
from kerastui.tui.commands.output import (
    arguments,
    complain,
    print_table,
    stderr,
    stdout,
    table,
    write_json,
)
from kerastui.tui.widgets.data_grid_cells import clean

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.fetch import Located
    from kerastui.datasets.files.library import Library

app = typer.Typer(
    help="List, fetch and describe data sets; add and forget own files.",
    invoke_without_command=True,
)


def library(chosen: Path | None = None) -> Library:
    """Return the own files of the workspace."""
    from kerastui.datasets.files.library import Library

    return Library(workspace(chosen).root)


def _card(name: str, chosen: Path | None) -> Card:
    """Return the card of an own file or of the catalogue; raises `UserError` for neither."""
    from kerastui.datasets.catalogue import card

    own = library(chosen)
    return own.card(name) if name in own.names() else card(name)


def _names(incomplete: str) -> list[str]:
    from kerastui.datasets.catalogue import cards

    known = [card.name for card in cards()] + library().names()
    return [name for name in known if name.startswith(incomplete)]


Name = Annotated[
    str, typer.Argument(metavar="NAME", help="A data set's name.", autocompletion=_names)
]
Names = Annotated[
    list[str],
    typer.Argument(metavar="NAME...", help="Names of data sets.", autocompletion=_names),
]


@app.callback()
def data(context: typer.Context, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """Without a subcommand: list."""
    if context.invoked_subcommand is None:
        list_(json, workspace_)


@app.command("list")
def list_(json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """List own files and all data sets, and whether they are here."""
    from kerastui.datasets.catalogue import cards
    from kerastui.datasets.fetch import locate

    known = [(card, locate(card)) for card in (*library(workspace_).cards(), *cards())]
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
            Text(clean(card.title)),
        )
    print_table(grid)


@app.command("info")
def info(name: Name, json: Json = False, workspace_: WorkspaceFolder = None) -> None:
    """Describe a data set: columns, classes, licence, addresses, SHA-256; or an own file."""
    from kerastui.datasets.fetch import locate

    with arguments():
        chosen = _card(name, workspace_)
    located = locate(chosen)
    if json:
        write_json(_plain(chosen, located) | _details(chosen))
        return
    console = stdout()
    console.print(Text(clean(chosen.title), style="bold"))
    console.print(Text(chosen.about))
    for label, text in _facts(chosen, located):
        console.print(Text(f"  {label:<10}", style="dim").append(clean(text), style="default"))
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


@app.command("add")
def add(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A table, array or folder.")],
    name: Annotated[str, typer.Option("--name", help="What it is called here.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help="How it is read, instead of what is detected: delimiter=semicolon, header=no, "
            "decimal=, …; may be repeated.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Import an own file: detect how it is read, and remember that. Nothing is copied."""
    from kerastui.datasets.fetch import locate
    from kerastui.datasets.files.library import imported
    from kerastui.datasets.files.sniff import sniff

    own = library(workspace_)
    with arguments():
        sniffed = sniff(file, changes(settings or ()))
        chosen = name or own.name_of(sniffed.recipe.place) or own.free_name(sniffed.recipe.place)
        known = imported(sniffed)
        own.add(chosen, known)
    card = known.card(chosen)
    if json:
        columns = {column.name: column.kind for column in sniffed.columns}
        notes = [{"words": note.words, "doubt": note.doubt} for note in sniffed.notes]
        told = {"columns": columns, "notes": notes, "rows": sniffed.total, "exact": sniffed.exact}
        write_json(_plain(card, locate(card)) | _details(card) | told)
        return
    console = stdout()
    for note in sniffed.notes:
        mark = Text("? ", style="yellow") if note.doubt else Text("  ")
        console.print(mark.append(clean(note.words), style="default"))
    about = "" if sniffed.exact else "about "
    rows = f"{about}{sniffed.total:,} rows" if sniffed.total else "rows not counted"
    console.print(Text(f"{chosen}: {rows}, {known.task}, imported.", style="bold"))
    console.print(Text(f"More: kerastui data info {chosen}; to learn from it: kerastui, then D."))


@app.command("forget")
def forget(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An own file's name.")],
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Forget how an own file is read; the file itself stays."""
    with arguments():
        known = library(workspace_).forget(name)
    path = known.file.path if known else None
    if json:
        write_json({"name": name, "path": path})
    else:
        stdout().print(Text(f"{name} is forgotten; {clean(path or 'its file')} stays."))


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
    if located.origin == "own file":
        return "yes" if located.verified else "changed"
    return located.origin if located.verified else f"{located.origin}, unverified"


def _where(card: Card, located: Located) -> str:
    if card.recipe is not None:
        return f"{located.path}{'' if located.verified else ' (changed since it was imported)'}"
    if located.path is None:
        return "always here"
    state = "SHA-256 verified" if located.verified else "not verified"
    return f"{located.path} ({state})"


def _missing(card: Card) -> str:
    if card.recipe is not None:
        return f"no; it was {card.recipe.path}"
    return f"no; kerastui data fetch {card.name}"


def _read_as(card: Card) -> str:
    """Return how an own file is read, without what is usual."""
    if card.recipe is None:
        return ""
    plain = card.recipe.model_dump(exclude_defaults=True, exclude={"path", "size", "sha256"})
    return ", ".join(f"{name} {value!r}" for name, value in plain.items()) or "csv"


def _facts(card: Card, located: Located | None) -> list[tuple[str, str]]:
    facts = [
        ("name", card.name),
        ("kind", f"{card.kind}, {card.task}"),
        ("rows", f"{card.rows:,}" if card.rows else "as asked for"),
        ("split", f"{card.train:,} training, {card.test:,} test" if card.train else ""),
        ("input", " × ".join(str(size) for size in card.shape)),
        ("classes", ", ".join(card.classes)),
        ("licence", card.licence),
        ("here", _where(card, located) if located else _missing(card)),
        ("target", ", ".join(card.target) if card.recipe else ""),
        ("read as", _read_as(card)),
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
