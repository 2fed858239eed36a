"""`kerastui check`: examples and labs through the real app, beside their published figures."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from kerastui.tui.commands.options import Json, WorkspaceFolder, example_names, workspace
from kerastui.tui.commands.output import (
    UsageError,
    arguments,
    print_table,
    progress,
    table,
    write_json,
)

if TYPE_CHECKING:
    from kerastui.tui.checking import Checked


def check(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME...]",
            help="Examples and labs, as a05-ionosphere or a05.",
            autocompletion=example_names,
            show_default=False,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All examples and labs.")] = False,
    fast: Annotated[
        bool, typer.Option("--fast", help="A few epochs: only whether everything works.")
    ] = False,
    seeds: Annotated[
        int,
        typer.Option(
            help="Repeat each with so many seeds; the median counts. 0: one, and five where one "
            "misses a figure.",
            min=0,
        ),
    ] = 0,
    timeout: Annotated[float, typer.Option(help="Seconds for one example.", min=1)] = 3600.0,
    json: Json = False,
    workspace_: WorkspaceFolder = None,
) -> None:
    """Open Learn in the real app without a terminal, run examples and labs, compare the figures.

    Exit code 1 where a figure is outside what is right, or an example can't be run.
    """
    with arguments():
        chosen = _chosen(names or [], every)
    found = asyncio.run(_check(chosen, fast, seeds, timeout, workspace(workspace_).root, json))
    if json:
        write_json([_plain(checked, fast) for checked in found])
    else:
        _print(found, fast)
    named = bool(names)
    missed = [one for one in found if not one.right and (named or not one.skipped)]
    if missed or all(one.skipped for one in found):
        raise typer.Exit(1)


def _chosen(names: list[str], every: bool) -> list[str]:
    from kerastui.models import shipped
    from kerastui.tui.checking import checkable_labs
    from kerastui.tui.visits import every as lessons

    if every == bool(names):
        raise UsageError(
            "Name the examples to check, or all with --all.",
            "For example: kerastui check a05 a06, or kerastui check --all --fast",
        )
    labs = checkable_labs()
    if every:
        return sorted([*labs, *(entry.name for entry in shipped.index())])
    ids = {key: lab.name for lab in lessons().values() for key in (lab.id, lab.name)}
    for name in names:
        if name in ids and ids[name] not in labs:
            raise UsageError(f"{name} has no figures that could be checked.", "Leave it out.")
    return [ids.get(name) or shipped.entry(name).name for name in names]


async def _check(
    names: list[str], fast: bool, seeds: int, timeout: float, home: Path, json: bool  # noqa: ASYNC109 - for each example
) -> list[Checked]:  # fmt: skip
    from kerastui.tui import checking

    console = progress(json)
    found = []
    async for checked in checking.check(
        names, fast=fast, seeds=seeds, limit=timeout, workspace=home
    ):
        found.append(checked)
        if console is not None:
            said = f"{len(found)}/{len(names)} {checked.name}: {_verdict(checked, fast)}"
            console.print(Text(f"{said}, {checked.seconds:.1f} s"), soft_wrap=True)
    return found


def _verdict(checked: Checked, fast: bool) -> str:
    if checked.skipped:
        return "skipped: its data is not here"
    if checked.status != "finished" or checked.problem:
        return f"✗ {checked.status}: {checked.problem}".rstrip(": ")
    if not checked.right:
        return "✗ differs" if checked.results else "✗ outside"
    if any(result.right for result in checked.results):
        return "✓ agrees"
    return "✓ works" if fast or checked.results else "✓ inside"


def _print(found: list[Checked], fast: bool) -> None:
    from kerastui.tui.commands.outcome import shown

    names = ("example", "figure", "published", "got", "band", "seconds", "verdict")
    grid = table(*names, right=("published", "got", "seconds"))
    words = {"inside": "✓ inside", "outside": "✗ outside", "missing": "✗ missing", "shown": ""}
    for checked in found:
        seeds = f" ({checked.seeds} seeds)" if checked.seeds > 1 else ""
        name, seconds = checked.name + seeds, f"{checked.seconds:.1f}"
        for result in checked.results:
            told = (name, result.label, result.published, result.got, "", seconds)
            equal = {True: "✓ agrees", False: "✗ differs", None: ""}[result.right]
            style = "red" if result.right is False else "green"
            grid.add_row(*map(Text, told), Text(equal, style=style))
            name = seconds = ""
        if not checked.verdicts and not checked.results:
            style = "green" if checked.right else "yellow" if checked.skipped else "red"
            verdict = Text(_verdict(checked, fast), style=style)
            grid.add_row(Text(name), *map(Text, ("", "", "", "", seconds)), verdict)
        for one in checked.verdicts:
            cells = (
                name,
                one.label,
                shown(one.figure.value),
                shown(one.got),
                one.expected,
                seconds,
            )
            style = {"inside": "green", "shown": ""}.get(one.state, "red")
            grid.add_row(*map(Text, cells), Text(words[one.state], style=style))
            name = seconds = ""
    print_table(grid)
    right = sum(one.right for one in found)
    skipped = sum(one.skipped for one in found)
    total = sum(one.seconds for one in found)
    said = f"{right} of {len(found)} right" + (f", {skipped} skipped" if skipped else "")
    sys.stdout.write(f"{said}, {total:.1f} s\n")


def _plain(checked: Checked, fast: bool) -> dict[str, Any]:
    from kerastui.tui.commands.outcome import published

    return {
        "example": checked.name,
        "status": checked.status,
        "right": checked.right,
        "verdict": _verdict(checked, fast),
        "seeds": checked.seeds,
        "seconds": round(checked.seconds, 2),
        "problem": checked.problem,
        "figures": [published(verdict) for verdict in checked.verdicts]
        + [asdict(result) for result in checked.results],
    }
