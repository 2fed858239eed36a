"""Templates to begin a model with, chosen from a list and sized by the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastui.datasets.errors import UserError
from kerastui.models.editing import whole
from kerastui.models.editing.stack import Edited
from kerastui.models.editing.templates import TEMPLATES, TemplateFacts, available, facts_of
from kerastui.tui.screens.model.rows import Known
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.form_fields import Option

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment
    from kerastui.tui.app import KerasTui

_CLASSES = 10
"""Classes that are assumed where there is no data to count them in."""


async def choose_template(
    app: KerasTui, experiment: Experiment, known: Known, assumed: tuple[int, ...]
) -> Edited | None:
    """Ask which template takes the place of the model.

    Args:
        app: The app.
        experiment: The experiment, whose data and task decide what is offered.
        known: What the worker said of it.
        assumed: The shape of a sample that is gone on with where there is no data.

    Raises:
        UserError: Neither the data nor a shape is known.
    """
    facts = _facts(experiment, known, assumed)
    options = [Option(template.name, template.sentence) for template in available(facts)]
    if not options:
        raise UserError("There is no template for such data.", "Begin with a layer: a.")
    chosen = await app.push_screen_wait(Choose("templates in place of the model", options, None))
    if chosen is None:
        return None
    template = next(one for one in TEMPLATES if one.name == chosen)
    changes = template.build(facts)
    words = f"the template {template.name}"
    edited = whole.replace_model(experiment, changes.pop("model"), words)
    return Edited(edited.experiment.changed(changes), words, 0)


def _facts(experiment: Experiment, known: Known, assumed: tuple[int, ...]) -> TemplateFacts:
    if data := known.summary.get("data"):
        return facts_of(experiment, data)
    if not assumed:
        raise UserError(
            "Templates are sized by the data, which is not known yet.",
            "Wait for it, or give the input a shape: e on the input.",
        )
    task = experiment.data.task
    return TemplateFacts(task, assumed, 1 if task in ("binary", "regression") else _CLASSES)
