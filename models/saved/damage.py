"""What a file that is no model, or is damaged, makes reading break on, and how that is said."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from kerastui.datasets.errors import UserError

DAMAGE = (OSError, ValueError, TypeError, RuntimeError, EOFError, AttributeError, KeyError,
          NotImplementedError, RecursionError, MemoryError, zipfile.BadZipFile)  # fmt: skip
"""What reading a file that is none can raise."""


def unreadable(path: Path, error: BaseException) -> UserError:
    """Return the sentence for a file that reading broke on."""
    why = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    why = " ".join("".join(c if c.isprintable() else " " for c in why).split())[:120]
    if isinstance(error, json.JSONDecodeError | UnicodeDecodeError | RecursionError):
        why = f"its description is no JSON that can be read ({why})"
    elif "truncated file" in why:
        why = "it is cut off"
    elif "synchronously" in why or " failed (" in why:
        why = f"its HDF5 structure is damaged ({why.partition('(')[2].rstrip(')')})"
    return UserError(
        f"{path.name} can't be read as a Keras model: {why or type(error).__name__}.",
        "Accepted: a .keras or .h5 file of a whole model, .weights.h5, or a structure in .json. "
        "If it should be one, it may be cut off: copy it again, or train the run again.",
    )
