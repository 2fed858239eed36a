"""Answers questions about a trained model: `look.` and the name of the question."""

from __future__ import annotations

import importlib
from typing import Any

from kerastui.datasets.errors import UserError

QUESTIONS: dict[str, str] = {
    "formats": "keep",
    "save": "keep",
    "judge_predict": "judge",
    "judge_figures_of": "judge",
    "judge_confusion": "judge",
    "judge_curves": "judge",
    "judge_thresholds": "judge",
    "judge_numbers": "judge",
    "judge_samples": "judge_samples",
    "judge_sample": "judge_samples",
    "judge_forecast": "judge_forecast",
    "activations": "activations",
    "outputs": "neuron",
    "gradients": "gradients",
    "words": "embedding",
    "initial": "initial",
    **dict.fromkeys(("predict_form", "predict_row", "predict_one", "predict_pasted"), "predict"),
    "predict_file": "predict_file",
    **dict.fromkeys(("predict_part", "predict_page", "predict_sort", "predict_filter"),
                    "predict_part"),
    **dict.fromkeys(("predict_progress", "predict_stop"), "predict_job"),
}  # fmt: skip
"""Question -> module of this package whose function of that name answers it."""


def answer(request: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Answer a question.

    Args:
        request: `look.` and the question.
        arguments: What the question needs: mostly `path` and `experiment` of the model, as for
            `opened.opened`.

    Raises:
        UserError: It can't be answered; the message says why.
    """
    question = request.partition(".")[2]
    if question not in QUESTIONS:
        raise UserError(f"{request!r} is no question that can be answered.",
                        f"Known: {', '.join(QUESTIONS)}.")  # fmt: skip
    module = importlib.import_module(f"kerastui.models.look.{QUESTIONS[question]}")
    result: dict[str, Any] = getattr(module, question)(**arguments)
    return result
