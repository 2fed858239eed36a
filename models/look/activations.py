"""What every layer makes of a sample, and which of its units never answer.

For inspector processes only: this imports Keras and runs operations.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerastui.models.look import probe as probing
from kerastui.models.look.opened import opened
from kerastui.models.saved.statistics import statistics
from kerastui.models.saved.survey import histogram_of

SAMPLES = 256
"""Samples at most by which dead and saturated units are judged."""

BINS = 12
"""Bins of a layer's small histogram."""

LARGEST = 2**23
"""Numbers of a layer's output up to which it is written to a file."""

AT_ONCE = 2**25
"""Numbers that the outputs of all layers may hold at once."""

RANGES = {"sigmoid": (0.01, 0.99), "tanh": (-0.98, 0.98)}
"""Activation -> where its last hundredths begin: beyond, hardly any gradient passes."""


def activations(
    path: str,
    folder: str,
    experiment: dict[str, Any] | None = None,
    part: str = "",
    index: int = 0,
) -> dict[str, Any]:
    """Follow a sample through every layer.

    Args:
        path: The model's file.
        folder: Where the outputs are written, one `N.npy` a layer, without the batch axis.
        experiment: The experiment that the model is of, as plain values.
        part: `train`, `validation` or `test`; empty for the first of them that there is from
            behind; `predict` for the inputs that the experiment predicts.
        index: Number of the sample.

    Returns:
        `label` of the sample, its `part`, `rows` that the part has, `samples` by which units
        were judged, names of layers that stand in several places (`unseen`), and `layers`, each
        with `name`, `kind`, `activation`, `shape`, `statistics`, `edges` and `counts` of its
        histogram, `units`, `dead` (numbers of units that are zero for all samples) or None where
        that means nothing, `saturated` (share of the outputs at the ends of the range) or None,
        and `file`, empty where the output is too large.

    Raises:
        UserError: There is no such sample, or the model can't be looked into.
    """
    found = opened(path, experiment)
    probe = probing.probe(found.model)
    if not part:
        part = probing.part_of(found)[0]
    label, x = probing.sample(found, part, index)
    name, data = probing.part_of(found, "" if part == "predict" else part)
    outputs = probe(probing.fed(found, x))
    count = max(1, min(SAMPLES, len(data.x), 8 * AT_ONCE // max(1, probe.size)))
    judged = _judge(probe, found, data.x[:count])
    layers = []
    for place, (layer, output) in enumerate(zip(probe.layers, outputs, strict=True)):
        values, file = output[0], ""
        if values.size <= LARGEST:
            file = str(Path(folder) / f"{place}.npy")
            np.save(file, values)
        told = statistics(values)
        bins = histogram_of(values, told, BINS)
        layers.append(
            {"name": layer.name, "kind": type(layer).__name__,
             "activation": probing.activation(layer), "shape": list(values.shape),
             "statistics": asdict(told), "edges": bins.edges, "counts": bins.counts,
             "units": values.shape[-1] if values.shape else 1, "file": file, **judged[place]}
        )  # fmt: skip
    return {"label": label, "part": part, "rows": len(data.x) if part == name else 0,
            "samples": count, "unseen": probe.unseen, "layers": layers}  # fmt: skip


def _judge(probe: probing.Probe, found: Any, x: NDArray[Any]) -> list[dict[str, Any]]:
    """Return `dead` and `saturated` of each layer, over some samples."""
    batch = max(1, min(64, AT_ONCE // max(1, probe.size)))
    names = [probing.activation(layer) for layer in probe.layers]
    alive: list[NDArray[np.bool_] | None] = [None] * len(names)
    beyond, all_of_them = [0] * len(names), [0] * len(names)
    for start in range(0, len(x), batch):
        for place, output in enumerate(probe(probing.fed(found, x[start : start + batch]))):
            if not names[place]:
                continue
            units = output.reshape(-1, output.shape[-1]) if output.ndim > 1 else output[:, None]
            here = (units != 0).any(axis=0)
            before = alive[place]
            alive[place] = here if before is None else before | here
            if names[place] in RANGES:
                low, high = RANGES[names[place]]
                beyond[place] += int(((output < low) | (output > high)).sum())
                all_of_them[place] += output.size
    return [
        {
            "dead": None if one is None else np.flatnonzero(~one).tolist(),
            "saturated": beyond[place] / all_of_them[place] if all_of_them[place] else None,
        }
        for place, one in enumerate(alive)
    ]
