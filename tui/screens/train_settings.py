"""The settings that decide how an experiment is trained, as a form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen

from kerastui.datasets.errors import UserError
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_fields import (
    Changes,
    Field,
    Option,
    part_fields,
    parts_fields,
)
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment import Experiment


def sections(experiment: Experiment) -> list[tuple[str, list[Field]]]:
    """Return the fields of an experiment's compile, fit, callbacks and run settings."""
    plain = experiment.plain(defaults=True)
    compile_ = plain["compile"]
    compiled = list(
        part_fields("optimizers", compile_["optimizer"], "optimizer", "compile.optimizer",
                    _put("compile.optimizer"))
    )  # fmt: skip
    losses = experiment.compile.loss
    if isinstance(losses, dict):
        for output in losses:
            path = f"compile.loss.{output}"
            loss = compile_["loss"][output]
            compiled += part_fields("losses", loss, f"loss of {output}", path, _put(path))
    else:
        put = _put("compile.loss")
        compiled += part_fields("losses", compile_["loss"], "loss", "compile.loss", put)
    metrics: list[Field] = []
    if isinstance(experiment.compile.metrics, dict):
        for output in compile_["metrics"]:
            path = f"compile.metrics.{output}"
            metrics += parts_fields("metrics", compile_["metrics"][output],
                                    f"metric of {output}", path, _put(path))  # fmt: skip
    else:
        metrics += parts_fields("metrics", compile_["metrics"], "metric", "compile.metrics",
                                _put("compile.metrics"))  # fmt: skip
    callbacks = parts_fields("callbacks", plain["callbacks"], "callback", "callbacks",
                             _put("callbacks"))  # fmt: skip
    return [
        ("compile", compiled),
        ("metrics", metrics),
        ("fit", list(_fit(plain["fit"]))),
        ("callbacks", list(callbacks)),
        ("run", list(_run(plain))),
    ]


def _put(path: str) -> Callable[[Any], Changes]:
    """Return what gives a path of the experiment a new value."""
    return lambda new: {path: new}


def _fit(fit: dict[str, Any]) -> Iterator[Field]:
    yield _plain(
        "fit.epochs",
        "epochs",
        fit["epochs"],
        10,
        "How often the network sees every training row.",
        "a whole number, at least 1",
    )
    yield _plain(
        "fit.batch_size",
        "batch size",
        fit["batch_size"],
        32,
        "Rows for one step of the optimizer.",
        "a whole number, at least 1, or all",
    )
    yield _plain("fit.shuffle", "shuffle", fit["shuffle"], True,
                 "Rows come in another order in every epoch.", "yes or no",
                 ("yes", "no"))  # fmt: skip


def _run(plain: dict[str, Any]) -> Iterator[Field]:
    yield _plain(
        "seed",
        "seed",
        plain["seed"],
        1,
        "Everything random follows from it: same seed, same weights.",
        "a whole number, at least 0",
    )
    yield _plain(
        "execution",
        "execution",
        plain["execution"],
        "auto",
        "How epochs are run: the fast path keeps the mathematics and skips the overhead.",
        "auto, fast or plain",
        ("auto", "fast", "plain"),
    )
    yield _plain(
        "precision",
        "precision",
        plain["precision"],
        "float32",
        "The numbers that layers calculate with.",
        "",
        ("float32", "mixed_float16", "mixed_bfloat16"),
    )
    yield _plain("backend", "backend", plain["backend"], "tensorflow",
                 "What Keras calculates with; the others where they are installed.", "",
                 ("tensorflow", "jax", "torch"))  # fmt: skip


def _plain(
    path: str, label: str, value: Any, default: Any, doc: str, accepts: str,
    options: tuple[str, ...] = (),
) -> Field:  # fmt: skip
    return Field(
        path, label, value, default, lambda new: {path: default if new is None else new}, doc=doc,
        accepts=accepts, options=tuple(Option(option) for option in options), typed=not options,
    )  # fmt: skip


class SettingsScreen(ModalScreen["Experiment | None"]):
    """The form. The result is the changed experiment, or None where nothing was changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "undo", tooltip="Take the last change back"),
        Binding("escape", "close", "done", tooltip="Back; the changes are kept"),
    ]

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.experiment = experiment
        self._before: list[Experiment] = []

    def compose(self) -> ComposeResult:
        with Panel(title=f"settings of {self.experiment.name}", classes="dialog -large"):
            yield Form(self._check)
        yield FooterLine()

    def on_mount(self) -> None:
        self._show()
        self.query_one(Form).rows.focus()

    def _show(self) -> None:
        self.query_one(Form).show(sections(self.experiment))
        count = len(self._before)
        note = f"{count} change{'s' * (count != 1)}" if count else ""
        self.query_one(Panel).set_title(f"settings of {self.experiment.name}", note)
        self.refresh_bindings()

    def _check(self, changes: Changes) -> str:
        try:
            self.experiment.changed(changes)
        except UserError as error:
            return _sentence(error)
        return ""

    @on(Form.Edited)
    def _edited(self, event: Form.Edited) -> None:
        try:
            changed = self.experiment.changed(event.changes)
        except UserError as error:
            say(self.app, _sentence(error), "error")
            return
        if changed != self.experiment:
            self._before.append(self.experiment)
            self.experiment = changed
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return True if self._before else None
        return True

    def action_undo(self) -> None:
        """Take the last change back."""
        if self._before:
            self.experiment = self._before.pop()
            self._show()

    def action_close(self) -> None:
        self.dismiss(self.experiment if self._before else None)


def _sentence(error: UserError) -> str:
    """Return what is wrong, without the path of a field that one is looking at anyway."""
    return re.sub(r"^In the experiment: (?:[a-z]\S*: )?", "", error.message)
