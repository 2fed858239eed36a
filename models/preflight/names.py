"""Names of layers that the backend would refuse, only once training has begun."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kerastui.models.editing import graph as editing_graph
from kerastui.models.editing import stack as editing
from kerastui.models.experiment.schema import Experiment
from kerastui.models.preflight.facts import Cure, Finding

_SCOPE = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.>-]*|[_-][A-Za-z0-9_.>-]+")
"""What TensorFlow takes as the name of a scope, and Keras as that of a layer.

The first character may be _ or - because a scope is part of the model's: `model_1/_name_1`.
"""


def name_findings(experiment: Experiment) -> Iterator[Finding]:
    """Return names that can't be, or are there twice.

    Keras itself takes nearly every name; TensorFlow then fails in the first step of training.
    """
    layers = editing.layers_of(experiment)
    names = [layer.get("name") for layer in layers]
    for place, name in enumerate(names):
        where = f"model.{editing.list_of(experiment)}.{place}"
        if name is None or layers[place].get("disabled"):
            continue
        if experiment.backend == "tensorflow" and not _SCOPE.fullmatch(name):
            yield Finding(
                "problem", where,
                f"TensorFlow can't train a layer called {name!r}.",
                "A name begins with a letter and has letters, digits, _ and -.",
                (_rename(experiment, place, name),),
            )  # fmt: skip
        elif name in names[:place]:
            yield Finding(
                "problem", where, f"Two layers are called {name!r}.", "Every name must be its own.",
                (_rename(experiment, place, name),),
            )  # fmt: skip


def _rename(experiment: Experiment, place: int, name: str) -> Cure:
    """A name that can be, everywhere where the layer is spoken of."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", name).strip("_-")[:60]
    good = plain if editing.NAME.fullmatch(plain) else f"layer_{plain}".rstrip("_")
    if editing.is_graph(experiment):
        good = editing.fresh(good, editing_graph.names_of(experiment))
        edited = editing_graph.rename_node(experiment, place, good)
    else:
        good = editing.fresh(good, editing.own_names(editing.layers_of(experiment)))
        edited = editing.rename(experiment, place, good)
    after = edited.experiment.plain(defaults=True)
    changed = {key: value for key, value in after.items()
               if value != experiment.plain(defaults=True).get(key)}  # fmt: skip
    return Cure(f"call it {good}", changed)
