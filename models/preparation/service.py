"""Answers the questions `prepare.*`: what a preparation does to the data, step by step.

The raw data of the last question is kept, so that an edit of a step costs the steps alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from kerastui.datasets import spec
from kerastui.datasets.advice.facts import facts_of
from kerastui.datasets.advice.proposals import propose
from kerastui.datasets.advice.types import ColumnFacts, DataFacts, Proposal, Reason
from kerastui.datasets.advice.warnings import concerns
from kerastui.datasets.catalogue import card_of
from kerastui.datasets.errors import UserError
from kerastui.datasets.fetch import locate
from kerastui.datasets.load import Source, load
from kerastui.datasets.loaded import Loaded
from kerastui.models.editing.proposal import Start, starting_experiment
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse
from kerastui.models.preparation.anew import outdated
from kerastui.models.preparation.samples import Trace

_WHICH = {"dataset", "file", "parameters", "substitute"}
"""What says which data they are, and nothing of what is done to them."""

_MANY = 2000
"""Of more columns than this no values are sent along."""

_FACTS = [one.name for one in fields(ColumnFacts)]


def answer(request: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a question about a preparation.

    Raises:
        UserError: There is no such question, or the data can't be had.
    """
    known: dict[str, Callable[..., dict[str, Any]]] = {
        "prepare.trace": _DESK.trace,
        "prepare.concerns": _DESK.concerns,
        "prepare.start": _DESK.start,
    }
    if request not in known:
        raise UserError(f"{request!r} is no question about a preparation.",
                        f"Known: {', '.join(known)}.")  # fmt: skip
    return known[request](**arguments)


class _Desk:
    """Where the raw data lie that were asked about last."""

    def __init__(self) -> None:
        self._key = ""
        self._loaded: tuple[Loaded, Source] | None = None
        self._facts: DataFacts | None = None

    def trace(self, experiment: dict[str, Any]) -> dict[str, Any]:
        """Carry out the preparation of an experiment, as far as it goes.

        Returns:
            `records`: of loading, the split and each step in the order in which they are done,
            with `where` (`load`, `split`, or the number of the step), `words`, `on` (which rows
            it looked at), shapes `before` and `after` by part, what was `learned`, and `sample`
            rows before and after. `error`: message, hint and `where`, or None. `ready`: shapes
            of one input and one output, names, classes, or None. `columns`: facts of the raw
            columns; `rows`: how many there are, and how many of them were `looked` at.
        """
        parsed = parse(experiment)
        trace = self._trace(parsed.data, parsed.seed)
        facts = self._known(parsed)
        return {
            **trace.to_json(),
            "rows": facts.rows,
            "looked": facts.looked,
            "kind": facts.kind,
            "names": facts.names,
            "target": list(parsed.data.target or facts.target),
            "columns": _columns(facts),
        }

    def concerns(self, experiment: dict[str, Any]) -> dict[str, Any]:
        """Look for what may be wrong with the data and the preparation of an experiment.

        Returns:
            `concerns`: those of `warnings.concerns`, the gravest first.
        """
        parsed = parse(experiment)
        trace = self._trace(parsed.data, parsed.seed)
        return {"concerns": self._concerns(parsed, trace)}

    def start(
        self,
        data: dict[str, Any],
        target: list[str] | None = None,
        task: spec.Task | None = None,
        seed: int = 1,
    ) -> dict[str, Any]:
        """Propose a whole experiment for data.

        Args:
            data: Which data: `dataset`, and `file` or `parameters` where it has such.
            target: What is to be predicted, where that is settled.
            task: The task, where that is settled.
            seed: The experiment's.

        Returns:
            `experiment` as plain values, `reasons` (what, value, why), `concerns` and the `error`
            of its preparation, `columns`, `rows` and the `target`.
        """
        proposal, trace, start = self._propose(data, target, task, seed)
        prepared, facts = trace.to_json(), self._known(start.experiment)
        reasons: list[Reason] = [*proposal.reasons, *start.reasons]
        return {
            "experiment": start.experiment.plain(),
            "reasons": [asdict(reason) for reason in reasons],
            "concerns": self._concerns(start.experiment, trace),
            "error": prepared["error"],
            "columns": _columns(facts),
            "rows": facts.rows,
            "looked": facts.looked,
            "target": list(start.experiment.data.target or facts.target),
        }

    def _propose(
        self,
        data: dict[str, Any],
        target: Sequence[str] | None,
        task: spec.Task | None,
        seed: int,
    ) -> tuple[Proposal, Trace, Start]:
        base = spec.Data.model_validate({**data, "task": task or "regression"})
        if task is None and card_of(base).task == "forecasting":
            base = base.model_copy(update={"task": "forecasting"})
        facts = self._facts_of(base, seed)
        if base.file is not None:
            facts = replace(facts, target=())  # its last column, which nobody has chosen
        proposal = propose(facts, target or (), task)
        proposed = spec.Data.model_validate({**data, **proposal.changes()})
        trace = self._trace(proposed, seed)
        start = starting_experiment(proposed, facts, trace.to_json()["ready"], seed=seed)
        return proposal, trace, start

    def _concerns(self, experiment: Experiment, trace: Trace) -> list[dict[str, Any]]:
        loaded, facts = self._data(experiment.data, experiment.seed)[0], self._known(experiment)
        inputs = trace.inputs if facts.kind == "table" else 0
        found = concerns(experiment.data, loaded, facts, trace.parts, inputs)
        which = experiment.data.model_dump(mode="json", include=_WHICH, exclude_defaults=True)
        target = experiment.data.target or facts.target

        def start() -> Start:
            return self._propose(which, target, None, experiment.seed)[2]

        first = list(outdated(experiment, facts, trace.to_json()["ready"], start))
        weighed = experiment.fit.class_weight is not None or bool(first)
        others = [c for c in found if not (weighed and "fit.class_weight" in c.changes)]
        return [asdict(c) for c in (*first, *others)]

    def _trace(self, data: spec.Data, seed: int) -> Trace:
        trace = Trace(data)
        loaded = self._data(data, seed)
        trace.run(seed, lambda *_, **__: loaded)
        return trace

    def _known(self, experiment: Experiment) -> DataFacts:
        return self._facts_of(experiment.data, experiment.seed)

    def _facts_of(self, data: spec.Data, seed: int) -> DataFacts:
        loaded, _ = self._data(data, seed)
        series = data.task == "forecasting"
        kind = "series" if series else "table"
        if self._facts is None or (loaded.x is None and self._facts.kind != kind):
            self._facts = facts_of(loaded, series=series)
        return self._facts

    def _data(self, data: spec.Data, seed: int) -> tuple[Loaded, Source]:
        card = card_of(data)
        made = seed if card.kind == "generator" or data.substitute else 0
        which = data.model_dump(mode="json", include=_WHICH)
        series = card.kind == "series"
        key = json.dumps([which, made, series], sort_keys=True)
        if self._loaded is None or key != self._key:
            self._key, self._loaded, self._facts = "", None, None
            if not data.substitute and locate(card) is None:
                raise UserError(
                    f"{data.dataset} is not here.",
                    "Fetch it on the Data screen with f, or bring the file back.",
                )
            self._loaded = load(data, seed=seed)
            self._key = key
        return self._loaded


_DESK = _Desk()


def _columns(facts: DataFacts) -> list[dict[str, Any]]:
    """The facts of the columns as plain values; of very many columns without their values."""
    values = 8 if len(facts.columns) <= _MANY else 0
    return [
        {
            **{name: getattr(column, name) for name in _FACTS},
            "common": [list(entry) for entry in column.common[:values]],
            "identifier": column.identifier,
            "constant": column.constant,
        }
        for column in facts.columns
    ]
