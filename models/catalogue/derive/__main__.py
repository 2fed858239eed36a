"""Derive the catalogue of Keras objects from the installed Keras.

    python -m kerastui.models.catalogue.derive > models/catalogue/catalogue.json

Nothing is listed by hand: classes come from Keras' public modules (`classes`), parameters from
their signatures (`parameters`), texts from their documentation (`docs`), and every claim that can
be tried is tried (`trying`). A class is recorded only if it could be built from plain values, a
choice only if Keras takes it, a limit only if Keras refuses what lies beyond it.

What is left out stands under `excluded`, each with its reason: base classes, what needs Python
code (Lambda, JaxLayer, TFSMLayer, LambdaCallback …), what takes text (StringLookup,
TextVectorization; the data's preparation makes numbers of it), and what `classes.UNSUITABLE`
lists. Two exceptions hold facts of their own: `LearningRateScheduler` takes a schedule in place of
a function, and the applications (VGG16 …) stand among the layers (`applications`).

Building layers may run operations, so this runs in a process of its own, never in the nursery.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kerastui.models.catalogue.derive.whole import build, dumps
from kerastui.models.files import write_atomically


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    """Write the catalogue to the file that is named, else to standard output."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        text = dumps(build())
    if arguments:
        write_atomically(Path(arguments[0]), text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
