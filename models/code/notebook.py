"""An experiment as a Jupyter notebook: the cells of its script, with words between them.

The format is nbformat 4.5: https://nbformat.readthedocs.io/en/latest/format_description.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerastui.models.code import heading, program, title

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

_MARKS = "\\`*_[]<>#|$~"
"""What means something in Markdown."""


def notebook(experiment: Experiment, located: Path | None = None) -> str:
    """Return the notebook as JSON; arguments and errors as of `kerastui.models.code.script`."""
    words = [f"# {_plain(title(experiment))}", *map(_plain, heading(experiment))]
    cells = [_cell("markdown", "\n\n".join(words), 0)]
    for above, lines in program(experiment, located).cells():
        if above:
            cells.append(_cell("markdown", f"## {_plain(above)}", len(cells)))
        cells.append(_cell("code", "\n".join(lines), len(cells)))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    held = {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(held, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, source: str, number: int) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"cell-{number}",
        "metadata": {},
        "source": source.splitlines(keepends=True),
    }
    return cell if kind == "markdown" else {**cell, "execution_count": None, "outputs": []}


def _plain(words: str) -> str:
    """Return words that Markdown shows as they are, on one line."""
    line = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return "".join(f"\\{c}" if c in _MARKS else c for c in line)
