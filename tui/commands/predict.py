"""`kerastui runs predict`: a file of inputs to a file of predictions."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from kerastui.datasets.errors import UserError
from kerastui.tui.commands.options import Json, WorkspaceFolder, workspace
from kerastui.tui.commands.output import UsageError, arguments, progress, stdout, write_json
from kerastui.tui.widgets.data_grid_cells import clean

CHANNEL = "predict"
LOOKED_AFTER = 0.1
TOLD_AFTER = 2.0
"""Seconds between lines of progress where there is no terminal."""


def predict(
    id_: Annotated[
        str,
        typer.Argument(
            metavar="ID|MODEL",
            help="A run's id, its beginning or end, or last; or a model's file (.keras, .h5).",
        ),
    ],
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Inputs: CSV, JSON lines or Parquet with the columns of the data in any order; "
            "a folder of pictures or of text files.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="OUT.csv",
            help="Where the predictions go; otherwise FILE-predicted.csv beside the inputs.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Predict a file: its columns, the predictions, and a note for every row outside the training.

    It is read and written in pieces, so that any size goes. Ctrl-C leaves what is predicted as
    OUT.csv.part.
    """
    model = _model(id_, workspace_)
    target = out or file.with_name(f"{file.name.removesuffix(file.suffix)}-predicted.csv")
    if target.exists() and not force:
        raise UsageError(f"{target} is there already.", "Choose another with -o, or say --force.")
    result = asyncio.run(_predict(model, file.absolute(), target.absolute(), json))
    if json:
        write_json(result)
        return
    from kerastui.tui.inspect.predict_words import rows  # with textual, which takes a while

    console = stdout()
    console.print(Text(f"{rows(result['rows'])} in {clean(result['path'])}"))
    if result["bad"]:
        told = f"{rows(result['bad'])} can't be predicted; the column note says why."
        console.print(Text(told))
    if result["outside"]:
        told = f"{rows(result['outside'])} with values outside the training part; see note."
        console.print(Text(told))


def _model(id_: str, chosen: Path | None) -> dict[str, Any]:
    """Return which model is meant, as `look.predict_file` takes it."""
    path = Path(id_).expanduser()
    if path.is_file():
        return {"path": str(path.absolute()), "experiment": None}
    with arguments():
        run = workspace(chosen).find(id_)
    if not run.model.exists():
        raise UserError(f"{run.id} has no model yet.", "It is saved when the run ends.")
    return {"path": str(run.model.absolute()), "experiment": run.experiment().plain()}


async def _predict(model: dict[str, Any], file: Path, out: Path, json: bool) -> dict[str, Any]:
    from kerastui.models.processes.launch import Nursery

    nursery = Nursery()
    tell = _Teller(json)
    try:
        await nursery.start()
        told = await nursery.request(
            "look.predict_file", channel=CHANNEL, given=str(file), target=str(out), **model
        )
        while told["result"] is None:
            tell.tell(told)
            await asyncio.sleep(LOOKED_AFTER)
            told = await nursery.request("look.predict_progress", channel=CHANNEL)
        result: dict[str, Any] = told["result"]
        return result
    except asyncio.CancelledError:
        await nursery.request("look.predict_stop", channel=CHANNEL)
        raise
    finally:
        tell.end()
        await nursery.close()


class _Teller:
    """Says how far it is: in one line of a terminal, or now and then in one more line."""

    def __init__(self, json: bool) -> None:
        self._console = progress(json)
        self._last = time.monotonic()
        self._open = False
        self._said = ""

    def tell(self, told: dict[str, Any]) -> None:
        """Say it."""
        console = self._console
        if console is None:
            return
        share = f" {told['share']:.0%}" if told["share"] is not None else ""
        rows = f" · {told['rows']:,} rows" if told["rows"] else ""
        line = f"{told['words']}{share}{rows}"
        if console.is_terminal:
            console.print(Text(f"\r{line:<40}"), end="")
            self._open = True
        elif time.monotonic() - self._last > TOLD_AFTER and line != self._said:
            self._last, self._said = time.monotonic(), line
            console.print(Text(line))

    def end(self) -> None:
        """End the line."""
        if self._console is not None and self._open:
            self._console.print(Text(f"\r{'':<40}\r"), end="")
