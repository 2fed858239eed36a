"""Answers questions in a process of its own: shapes, parameters, findings, looks at data.

It is forked by the nursery, so it has Keras at once, and it may run operations, and crash,
without harm to anything else.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import Experiment
from kerastui.models.experiment.toml import parse
from kerastui.models.preparation.preview import Preview
from kerastui.models.runs.events import plain_numbers

Answer = Callable[..., dict[str, Any]]

SERVICES = {
    "lab": "kerastui.models.labs.worker",
    "prepare": "kerastui.models.preparation.service",
    "table": "kerastui.models.tables.worker",
    "model": "kerastui.models.processes.model_service",
    "look": "kerastui.models.look.worker",
}
"""Prefix of a question -> the module whose `answer(request, arguments)` knows it."""


def serve(requests: int, replies: int) -> int:
    """Answer JSON lines until they end; returns the exit status.

    Args:
        requests: File descriptor to read `{"id": n, "request": name, ...arguments}` from.
        replies: File descriptor to write `{"id": n, "result": {...}}` to, or `"error"` with a
            `message` and a `hint`.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    inspector = Inspector()
    with os.fdopen(requests, "rb") as lines, os.fdopen(replies, "wb") as answers:
        for line in lines:
            request = json.loads(line)
            number = request.pop("id", None)
            reply = {"id": number, **inspector.answer(request.pop("request", ""), request)}
            answers.write(json.dumps(plain_numbers(reply)).encode() + b"\n")
            answers.flush()
    return 0


class Inspector:
    """The questions it can answer; prepared data of the last experiment is kept."""

    def __init__(self) -> None:
        self._key = ""
        self._prepared: Any = None
        self._facts: tuple[list[Any], Any] | None = None
        self._answers: dict[str, Answer] = {
            "summary": self.summary,
            "inputs": self.inputs,
            "preview": Preview().look,
        }

    def answer(self, request: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return `{"result": ...}`, or `{"error": {"message", "hint"}}`; raises nothing."""
        try:
            service, _, question = request.partition(".")
            if question and service in SERVICES:
                module = importlib.import_module(SERVICES[service])
                return {"result": module.answer(request, arguments)}
            if request not in self._answers:
                raise UserError(f"{request!r} is no question that can be answered.",
                                f"Known: {', '.join(self._answers)}.")  # fmt: skip
            return {"result": self._answers[request](**arguments)}
        except UserError as error:
            return {"error": {"message": error.message, "hint": error.hint}}
        except Exception as error:
            text = " ".join(str(error).split())[:300] or type(error).__name__
            return {"error": {"message": f"That could not be answered: {text}", "hint": ""}}

    def summary(self, experiment: dict[str, Any]) -> dict[str, Any]:
        """Follow a model layer by layer and look for what would go wrong.

        Args:
            experiment: The experiment as plain values.

        Returns:
            `inputs`, `rows` (one a layer), `outputs`, `parameters`, `trainable`, `problem`,
            `cure`, `where` as in `kerastui.models.network.summary.ModelSummary`, `findings` (level,
            where, sentence, cure, cures), `memory` (bytes that training takes, by what for) and
            `data` (shapes and names of the prepared data).
        """
        from kerastui.models.network.summary import follow, summarise
        from kerastui.models.preflight import checks as preflight
        from kerastui.models.processes import model_service

        parsed = parse(experiment)
        prepared = self._prepare(parsed)
        facts = self._facts_of(parsed, prepared)
        done, error = followed = follow(parsed.model, facts.input_shape)
        findings = preflight.check(parsed, facts, advice=True, followed=followed)
        return {
            **asdict(summarise(parsed.model, done, error)),
            "findings": [asdict(finding) for finding in findings],
            "memory": {} if error else model_service.memory(parsed, done, facts.rows),
            "data": prepared.to_json(),
        }

    def inputs(self, experiment: dict[str, Any], most: int, samples: int) -> dict[str, Any]:
        """Return inputs as the model is given them: encoded, scaled, as the data is prepared.

        Args:
            experiment: The experiment as plain values.
            most: The most numbers that an input may have.
            samples: How many inputs are wanted, those that the experiment predicts before others.

        Returns:
            `names` of the numbers, and `rows`, each with `label`, `values`, and for those of
            the experiment `number` (from 1) of the prediction and `index` of the sample, or None.
        """
        parsed = parse(experiment)
        prepared = self._prepare(parsed)
        if len(prepared.input_shape) != 1 or prepared.input_shape[0] > most:
            raise UserError(f"An input is no row of up to {most} numbers.")
        rows: list[dict[str, Any]] = []
        part_name = "test" if prepared.test is not None else "train"
        for number, asked in enumerate(parsed.afterwards.predict, start=1):
            if asked.values is not None:
                values = prepared.encode(asked.values)[0].tolist()
                rows.append({"label": asked.label, "values": values, "number": number,
                             "index": None})  # fmt: skip
            elif part := getattr(prepared, asked.part):
                for index in range(asked.index, min(asked.index + asked.count, len(part.x))):
                    label = part.names[index] if part.names else f"{asked.part} {index}"
                    rows.append({"label": label, "values": part.x[index].tolist(),
                                 "number": number, "index": index})  # fmt: skip
        part = getattr(prepared, part_name)
        for index in range(min(samples, len(part.x))):
            values = part.x[index].tolist()
            if all(values != row["values"] for row in rows):
                label = part.names[index] if part.names else f"{part_name} {index}"
                rows.append({"label": label, "values": values})
        return {"names": list(prepared.feature_names), "rows": rows[:samples]}

    def _facts_of(self, experiment: Experiment, prepared: Any) -> Any:
        """Facts about the prepared data, which is looked through once and not at every edit."""
        from kerastui.models.preflight import checks as preflight

        model = experiment.model
        fed = [model.inputs, model.outputs, model.targets] if model.kind == "graph" else []
        if self._facts is None or self._facts[0] != fed:
            self._facts = fed, preflight.facts_of(experiment, prepared)
        return self._facts[1]

    def _prepare(self, experiment: Experiment) -> Any:
        from kerastui.datasets.prepare import prepare

        key = json.dumps([experiment.data.model_dump(mode="json"), experiment.seed])
        if key != self._key:
            self._prepared, self._key, self._facts = None, "", None
            self._prepared = prepare(experiment.data, seed=experiment.seed)
            self._key = key
        return self._prepared
