"""Files that an experiment's callbacks write: always inside the directory of their run.

In an experiment a callback names a file, such as `{ type = "CSVLogger", filename = "log.csv" }`;
the run writes it into its own directory, an exported script into the one it is started in.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from kerastui.datasets.errors import UserError
from kerastui.models.catalogue import catalogue
from kerastui.models.experiment.schema import Part

PATHS = ("filepath", "filename", "log_dir", "backup_dir")
"""Parameters of Keras' callbacks that name a file or folder they write."""

_TAKEN = {
    "experiment.toml", "run.json", "events.jsonl", "commands.jsonl", "console.log", "checkpoint",
    "model.keras", "evaluation.json", "script.py", "heartbeat", "kept",
    "weights.jsonl",
}  # fmt: skip


def unsuitable(name: str) -> str:
    """Say why a callback may not write under a name; empty where it may.

    Args:
        name: A file or folder, with `/` between folders.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if not name.strip() or str(path) == ".":
        return "it is empty"
    # Not the colon of a name such as {epoch:02d}.keras.
    drive = ":" in re.sub(r"\{[^{}]*\}", "", path.parts[0])
    if path.is_absolute() or name.startswith("~") or drive:
        return "it names a place outside the run's directory"
    if ".." in path.parts:
        return "it leads out of the run's directory"
    if path.parts[0].startswith(".") or path.parts[0] in _TAKEN:
        return "the run keeps a file of its own under this name"
    return ""


def in_folder(part: Part, folder: Path, *, resumed: bool = False) -> Part:
    """Return a callback whose files lie in a folder.

    Args:
        part: A callback of an experiment.
        folder: The directory of the run; folders that the callback names there are made.
        resumed: The training goes on, so a log is continued instead of begun again.

    Raises:
        UserError: It names a place outside, or a file of the run's own.
    """
    entry = catalogue.find("callbacks", part.type)
    values = part.parameters
    for name in PATHS:
        parameter = entry.parameter(name)
        value = values.get(name, parameter.default if parameter else None)
        if parameter is None or not isinstance(value, str):
            continue
        if reason := unsuitable(value):
            raise UserError(
                f"{part.type} can't write to {value!r}: {reason}.",
                "Give a plain name, such as best.keras; it is written into the run's directory.",
            )
        target = folder / value
        target.parent.mkdir(parents=True, exist_ok=True)
        values[name] = str(target)
    if resumed and entry.name == "CSVLogger":
        values["append"] = True
    return Part.model_validate({"type": part.type, **values})
