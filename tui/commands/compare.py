"""`kerastui runs compare`, and what keeps runs: tags, notes, pins, zips, TensorBoard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from kerastui.datasets.errors import UserError
from kerastui.tui.commands.options import Json, WorkspaceFolder, workspace
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
    from kerastui.models.runs.comparing import Comparison
    from kerastui.models.runs.store import Run


def _ids(incomplete: str) -> list[str]:
    return [run.id for run in workspace(None).runs() if run.id.startswith(incomplete)]


Ids = Annotated[
    list[str],
    typer.Argument(
        metavar="ID...",
        help="Runs by their ids, or a beginning or end of them; last for the newest.",
        autocompletion=_ids,
    ),
]


def compare(
    ids: Annotated[
        list[str],
        typer.Argument(
            metavar="ID...", help="Two runs or more, or one study.", autocompletion=_ids
        ),
    ],
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Hold runs side by side: their figures with the best marked, and the settings that differ."""
    from kerastui.models.runs import comparing
    from kerastui.models.studies import store as study_store

    home = workspace(workspace_)
    with arguments():
        study = study_store.find(home, ids[0]) if len(ids) == 1 else None
        runs = comparing.variants(home, study.id) if study else [home.find(id_) for id_ in ids]
        if study and len(runs) > comparing.MOST:
            stderr().print(Text(f"The first {comparing.MOST} of {len(runs)} variants."))
            runs = runs[: comparing.MOST]
        found = comparing.compare(runs)
    if json:
        write_json(comparing.as_json(found))
        return
    _print(found)


def export(
    id_: Annotated[str, typer.Argument(metavar="ID", autocompletion=_ids)],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Otherwise ID.zip in this folder."),
    ] = None,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Pack a run into one zip file that opens elsewhere: kerastui FILE.zip."""
    from kerastui.models.runs import archive as run_archive

    run = _find([id_], workspace_)[0]
    packed = run_archive.pack(run, output)
    if json:
        write_json(asdict(packed) | {"path": str(packed.path)})
        return
    console = stdout()
    console.print(Text(f"{packed.path}: {packed.files} files, {packed.size:,} bytes."))
    console.print(Text(run_archive.in_words(packed), style="dim"))


def take_in(
    file: Annotated[Path, typer.Argument(metavar="FILE.zip")],
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Take a run that was packed with export into this workspace."""
    from kerastui.models import opening
    from kerastui.models.runs import archive as run_archive

    with arguments():
        found = opening.identify(file)
        if found.kind != "packed run":
            raise UserError(
                f"{file.name} is no packed run but {found.kind}.", f"Open it: kerastui {file}"
            )
    taken = run_archive.unpack(found.path, workspace(workspace_))
    if json:
        write_json({"run": taken.run.id, "already": taken.already, "path": str(taken.run.path)})
    elif taken.already:
        stdout().print(Text(f"{taken.run.id} is here already; nothing was changed."))
    else:
        stdout().print(Text(f"{taken.run.id} is in {taken.run.path.parent}."))


def tensorboard(
    ids: Ids,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="TensorBoard's --logdir.")
    ] = Path("tensorboard"),
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Write the curves of runs as event files that TensorBoard reads.

    A run that can't be written is told, and the others are written all the same.
    """
    from kerastui.models.runs import tensorboard as tensorboard_events

    runs = _find(ids, workspace_)
    files: list[Path] = []
    refused: dict[str, UserError] = {}
    for run in runs:
        try:
            files += tensorboard_events.write(run, output)
        except UserError as error:
            refused[run.id] = error
    for why in refused.values():
        complain(why)
    if json:
        not_written = {id_: why.message for id_, why in refused.items()}
        write_json({"logdir": str(output), "files": [str(file) for file in files],
                    "not_written": not_written})  # fmt: skip
    elif files:
        count = f"{len(files)} event file{'s' * (len(files) != 1)}"
        stdout().print(Text(f"{count} in {output}. See them: tensorboard --logdir {output}"))
    if refused:
        raise typer.Exit(1)


def tag(
    ids: Ids,
    add: Annotated[str, typer.Option("--add", help="Tags to put on, with commas.")] = "",
    remove: Annotated[str, typer.Option("--remove", help="Tags to take off.")] = "",
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Put tags on runs or take them off; find them with --filter tag:NAME."""
    from kerastui.models.runs import notes as run_notes

    with arguments():
        more, less = run_notes.tags(add), run_notes.tags(remove)
        if not more and not less:
            raise UserError("No tag was given.", "For example: kerastui runs tag last --add best")
    runs = _find(ids, workspace_)
    for run in runs:
        notes = run_notes.read(run.path)
        kept = run_notes.changed(notes.tags, more, less)
        with arguments():
            run_notes.tags(" ".join(kept))
        run_notes.write(run.path, replace(notes, tags=kept))
    _tell("tag", runs, json)


def note(
    id_: Annotated[str, typer.Argument(metavar="ID", autocompletion=_ids)],
    text: Annotated[str, typer.Argument(help="The note; an empty one takes it away.")],
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Write a note beside a run."""
    from kerastui.models.runs import notes as run_notes

    run = _find([id_], workspace_)[0]
    if len(text) > run_notes.LONGEST_NOTE:
        raise UserError(
            f"The note has {len(text):,} characters.",
            f"Accepted: at most {run_notes.LONGEST_NOTE:,}.",
        )
    run_notes.write(run.path, replace(run_notes.read(run.path), note=text.strip()))
    _tell("note", [run], json)


def pin(
    ids: Ids,
    off: Annotated[bool, typer.Option("--off", help="Not any more.")] = False,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Keep runs on top of every list."""
    from kerastui.models.runs import notes as run_notes

    runs = _find(ids, workspace_)
    for run in runs:
        run_notes.write(run.path, replace(run_notes.read(run.path), pinned=not off))
    _tell("pin", runs, json)


def add_to(app: typer.Typer) -> None:
    """Make these commands of `kerastui runs`."""
    for name, command in (
        ("compare", compare), ("export", export), ("import", take_in), ("tensorboard", tensorboard),
        ("tag", tag), ("note", note), ("pin", pin),
    ):  # fmt: skip
        app.command(name)(command)


def _find(ids: Sequence[str], chosen: Path | None) -> list[Run]:
    home = workspace(chosen)
    with arguments():
        return [home.find(id_) for id_ in ids]


def _tell(asked: str, runs: Sequence[Run], json: bool) -> None:
    """Say what now stands beside runs."""
    from kerastui.models.runs import notes as run_notes

    kept = [(run.id, run_notes.read(run.path)) for run in runs]
    if json:
        write_json({"asked": asked, "runs": [{"run": id_, **asdict(one)} for id_, one in kept]})
        return
    for id_, notes in kept:
        said = [f"tags {', '.join(notes.tags)}" if notes.tags else "no tags"]
        said += ["pinned"] * notes.pinned + [f"note: {notes.note}"] * bool(notes.note)
        stdout().print(Text(f"{id_}: {'; '.join(said)}."))


def _print(found: Comparison) -> None:
    from kerastui.models.runs.figures import number

    console = stdout()
    grid = table("", "run", "state", "started", "id")
    for one, label in zip(found.runs, found.labels, strict=True):
        begun = datetime.fromtimestamp(one.info.started or one.info.created)
        grid.add_row(
            Text(one.letter), Text(label), Text(one.info.state),
            Text(begun.strftime("%Y-%m-%d %H:%M")), Text(one.run.id, style="dim"),
        )  # fmt: skip
    print_table(grid)
    if found.caution:
        console.print(Text(f"\n{found.caution}", style="yellow"))
    letters = [one.letter for one in found.runs]
    figures = table("figure", *letters, right=tuple(letters))
    for row in found.figures:
        cells = []
        for place, value in enumerate(row.values):
            text = "–" if value is None else (
                number(value) if isinstance(value, int | float) else str(value)
            )  # fmt: skip
            best = place in row.best
            cells.append(Text(f"{text}{' *' if best else '  '}", style="bold green" * best))
        figures.add_row(Text(row.words), *cells)
    console.print()
    print_table(figures)
    if any(row.best for row in found.figures):
        console.print(Text("* the best", style="dim"))
    console.print()
    different = (*found.settings, *found.circumstances)
    if not different:
        console.print(Text("Every setting is the same."))
        return
    settings = table("what differs", *letters)
    for one_ in different:
        settings.add_row(Text(one_.words), *(Text(_short(value)) for value in one_.values))
    print_table(settings)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
