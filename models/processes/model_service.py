"""Questions of the Model screen: shapes for an input that is only assumed, memory of training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment, Part
from kerastui.models.experiment.toml import parse
from kerastui.models.network.building import Step


def answer(request: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one question; for workers only.

    Raises:
        UserError: It is no question that is known, or it can't be answered.
    """
    if request == "model.shapes":
        return shapes_without_data(parse(arguments["experiment"]), arguments["input_shape"])
    if request == "model.start":
        from kerastui.models.saved.start_copy import told

        return told(**arguments)
    if request == "model.end":
        return another_end(parse(arguments["experiment"]))
    raise UserError(f"{request!r} is no question that can be answered.")


def shapes_without_data(experiment: Experiment, input_shape: list[int]) -> dict[str, Any]:
    """Follow a model whose data is not to be had, from an assumed shape of one sample.

    Args:
        experiment: The experiment.
        input_shape: The shape, without the batch axis.

    Returns:
        The fields of the inspector's `summary`, without `data`; `memory` as in `memory`.
    """
    from kerastui.models.editing.cures import shape_cures
    from kerastui.models.network.errors import LayerError
    from kerastui.models.network.summary import follow, summarise
    from kerastui.models.preflight import checks as preflight

    shape = tuple(input_shape)
    done, error = follow(experiment.model, shape)
    findings = []
    if error is not None:
        where = error.where if isinstance(error, LayerError) else "model"
        facts = preflight.Facts(shape, (), experiment.data.task, 0)
        cures = shape_cures(experiment, facts, error) if isinstance(error, LayerError) else ()
        findings = [preflight.Finding("problem", where, error.message, error.hint, cures)]
    return {
        **asdict(summarise(experiment.model, done, error)),
        "findings": [asdict(finding) for finding in findings],
        "memory": {} if error else memory(experiment, done, 0),
    }


def another_end(experiment: Experiment) -> dict[str, Any]:
    """Return the changes that put a new last layer on a file's model, fit for the data.

    Raises:
        UserError: The data is not to be had, or the model does not take it.
    """
    from kerastui.datasets.prepare import prepare
    from kerastui.models.editing.file_cures import output_cures
    from kerastui.models.network.summary import follow
    from kerastui.models.preflight import checks as preflight

    facts = preflight.facts_of(experiment, prepare(experiment.data, seed=experiment.seed))
    done, error = follow(experiment.model, facts.input_shape)
    if error is not None:
        raise error
    cures = output_cures(experiment, done, facts.targets[0], facts.task)
    if not cures:
        raise UserError("Nothing of this model could be left under a new layer.",
                        "Train its last layer, or all of it.")  # fmt: skip
    return {"words": cures[0].words, "changes": dict(cures[0].changes)}


def memory(experiment: Experiment, done: Sequence[Step], rows: int) -> dict[str, int]:
    """Estimate what training takes, in bytes.

    Args:
        experiment: The experiment.
        done: Its layers, from `summary.follow`.
        rows: Rows to train on; 0 where they are not known.

    Returns:
        `weights`, `gradients`, `optimizer`, `activations` and `batch`, the rows of one batch;
        nothing for a model without layers.
    """
    from kerastui.models.network.summary import memory_estimate

    if not done:
        return {}
    size = experiment.fit.batch_size
    batch = (rows or 32) if size == "all" else min(size, rows or size)
    slots = _slots(experiment.compile.optimizer.model_dump_json())
    found = asdict(memory_estimate(done, batch, slots))
    found.pop("data")
    return {**found, "batch": batch}


@lru_cache(maxsize=64)
def _slots(optimizer: str) -> int:
    """Numbers an optimizer keeps for each weight; making one takes longer than all the rest."""
    from kerastui.models.network.summary import optimizer_slots

    return optimizer_slots(Part.model_validate_json(optimizer))
