"""Options that several commands take, and how what is typed becomes an experiment."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerastui.datasets.errors import UserError

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.runs.store import Workspace

Json = Annotated[bool, typer.Option("--json", help="Only JSON on standard output.")]
WorkspaceFolder = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        help="Where runs are kept; otherwise KERASTUI_HOME, otherwise ./saved.",
        show_default=False,
    ),
]


def example_names(incomplete: str) -> list[str]:
    """Complete the name of an example in a shell."""
    from kerastui.models import shipped

    return [entry.name for entry in shipped.index() if entry.name.startswith(incomplete)]


Source = Annotated[
    str,
    typer.Argument(
        metavar="NAME|FILE",
        help="An example (a05-ionosphere or a05), an experiment's TOML file, the name of one that "
        "was saved in the workspace, a run directory, or a run's id.",
        autocompletion=example_names,
    ),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a field, as fit.epochs=5 or model.layers.0.units=20; may be repeated. "
        "An empty value takes the field away.",
        show_default=False,
    ),
]


def workspace(chosen: Path | None) -> Workspace:
    """Return the workspace that the options and the environment name."""
    from kerastui.models.runs.store import Workspace

    return Workspace.default(chosen)


def experiment(source: str, chosen: Path | None = None) -> Experiment:
    """Return the experiment that is meant by a name, a file or a run.

    Args:
        source: An example's name or id, a TOML file, a run directory, or the name of an
            experiment saved in the workspace.
        chosen: The workspace from the command line.

    Raises:
        UserError: There is none, or it isn't valid.
    """
    from kerastui.models import shipped
    from kerastui.models.experiment.toml import load, with_own_file

    home = workspace(chosen)
    path = Path(source).expanduser()
    if path.is_dir():
        return load(path / "experiment.toml")
    if path.is_file() or path.suffix == ".toml" or "/" in source:
        return with_own_file(load(path), home.root)
    saved = home.root / "experiments" / f"{source}.toml"
    if saved.is_file():
        return with_own_file(load(saved), home.root)
    try:
        return shipped.experiment(source)
    except UserError:
        fitting = [run for run in home.runs() if source in (run.id, run.id[-4:])]
        if len(fitting) != 1:
            raise
        return fitting[0].experiment()


def changes(assignments: Iterable[str]) -> dict[str, Any]:
    """Read `--set` options.

    A value is read as TOML does it: 5, 0.01, true, [1, 2], { type = "SGD" }; anything that is
    no TOML value is text, so that quotes are seldom needed; nothing at all takes a field away.

    Raises:
        UserError: There is no `=` or no path before it.
    """
    found: dict[str, Any] = {}
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals or not path.strip():
            raise UserError(
                f"--set takes PATH=VALUE; received {assignment!r}.",
                "For example: --set fit.epochs=5",
            )
        found[path.strip()] = _value(text.strip())
    return found


def _value(text: str) -> Any:
    if not text:
        return None
    try:
        parsed = tomllib.loads(f"value = {text}")
        # TOML's dates are no values of an experiment; a line break would begin another key.
        json.dumps(parsed)
    except (tomllib.TOMLDecodeError, TypeError):
        return text
    return parsed["value"] if list(parsed) == ["value"] else text
