"""What to say of an exception that no one foresaw."""

from __future__ import annotations

import errno

_FULL = {errno.ENOSPC: "The disk is full.", errno.EDQUOT: "The disk quota is used up.",
         errno.EFBIG: "A file became larger than is allowed here."}  # fmt: skip


def in_words(error: BaseException, stage: str) -> tuple[str, str]:
    """Return a sentence and a hint for an exception that no one foresaw."""
    name = type(error).__name__
    text = " ".join(str(error).split())
    text = text if len(text) <= 300 else text[:299] + "…"
    if isinstance(error, MemoryError) or name == "ResourceExhaustedError":
        return (
            "There was not enough memory.",
            "Use a smaller batch, fewer units or less data; what was trained until the last "
            "checkpoint is kept.",
        )
    if isinstance(error, OSError) and error.errno in _FULL:
        return _FULL[error.errno], "Free some space; the run can then be taken up again."
    doing = {"import": "starting Keras", "data": "preparing the data", "build":
             "building the model", "fit": "training", "save": "saving the model",
             "evaluate": "evaluating", "code": "writing the script"}.get(stage, stage)  # fmt: skip
    return (
        f"Something went wrong while {doing}: {text or name}",
        "console.log in the run's directory has the details.",
    )
