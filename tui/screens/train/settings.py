"""The settings that decide how an experiment is trained, as a form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from kerastui.datasets.errors import UserError
from kerastui.models.network import feeding
from kerastui.tui.current import CurrentApp
from kerastui.tui.edits import Edits
from kerastui.tui.screens.base import Dialog
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.form import Form
from kerastui.tui.widgets.form_fields import (
    Changes,
    Field,
    Option,
    options,
    part_fields,
    parts_fields,
)
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment, Part


def sections(experiment: Experiment) -> list[tuple[str, list[Field]]]:
    """Return the fields of an experiment's compile, fit, callbacks and run settings."""
    plain = experiment.plain(defaults=True)
    outputs = output_names(experiment)
    callbacks = parts_fields("callbacks", plain["callbacks"], "callback", "callbacks",
                             _put("callbacks"))  # fmt: skip
    found = [("compile", list(_optimizer(plain["compile"]["optimizer"])))]
    if outputs:
        for output in outputs:
            found.append((f"output {output}", list(_output(experiment, outputs, output))))
    else:
        put = _put("compile.loss")
        found[0][1].extend(part_fields("losses", plain["compile"]["loss"], "loss",
                                       "compile.loss", put))  # fmt: skip
        metrics = parts_fields("metrics", plain["compile"]["metrics"], "metric",
                               "compile.metrics", _put("compile.metrics"))  # fmt: skip
        found.append(("metrics", list(metrics)))
    return [
        *found,
        ("fit", list(_fit(plain["fit"]))),
        ("callbacks", list(callbacks)),
        ("run", list(_run(plain))),
    ]


def output_names(experiment: Experiment) -> list[str]:
    """Return the outputs that have a loss and metrics of their own; none for a single one."""
    compile_, model = experiment.compile, experiment.model
    named = [*(compile_.loss if isinstance(compile_.loss, dict) else ()),
             *(compile_.metrics if isinstance(compile_.metrics, dict) else ()),
             *(compile_.loss_weights or ())]  # fmt: skip
    several = feeding.output_names(model) if model.kind == "graph" else []
    return list(dict.fromkeys([*several, *named])) if len(several) > 1 or named else []


def _optimizer(optimizer: Any) -> Iterator[Field]:
    """The optimizer, and the line that lets its learning rate follow a schedule."""
    path = "compile.optimizer"
    yield from part_fields("optimizers", optimizer, "optimizer", path, _put(path))
    rate = optimizer.get("learning_rate") if isinstance(optimizer, dict) else None
    if not isinstance(rate, dict):
        yield Field(
            f"{path}.schedule", "learning-rate schedule", None, None,
            _put(f"{path}.learning_rate"),
            doc="Lets the learning rate change from step to step, instead of one number.",
            accepts="one of Keras' schedules", options=options("schedules"), typed=False,
            level=1, adds=True, kind="schedules",
        )  # fmt: skip


def _output(experiment: Experiment, outputs: list[str], output: str) -> Iterator[Field]:
    """Loss, its weight, and the metrics of one of several outputs."""
    compile_ = experiment.compile
    losses = {name: _plain_part(compile_.loss_of(name)) for name in outputs}
    metrics = {name: [_plain_part(part) for part in compile_.metrics_of(name)] for name in outputs}
    weights = {name: (compile_.loss_weights or {}).get(name, 1.0) for name in outputs}

    def put_loss(new: Any) -> Changes:
        return {"compile.loss": _without_none({**losses, output: new})}

    def put_metrics(new: Any) -> Changes:
        return {"compile.metrics": {**metrics, output: new or []}}

    def put_weight(new: Any) -> Changes:
        changed = {**weights, output: 1.0 if new is None else new}
        same = all(value == 1.0 for value in changed.values())
        return {"compile.loss_weights": None if same else changed}

    yield from part_fields("losses", losses[output], "loss", f"compile.loss.{output}", put_loss)
    yield Field(
        f"compile.loss_weights.{output}", "loss weight", weights[output], 1.0, put_weight,
        doc="How much this output's loss counts in the sum that is made small.",
        accepts="a number",
    )  # fmt: skip
    yield from parts_fields("metrics", metrics[output], "metric", f"compile.metrics.{output}",
                            put_metrics)  # fmt: skip


def _plain_part(part: Part | None) -> Any:
    return None if part is None else part.model_dump(mode="json")


def _without_none(losses: dict[str, Any]) -> dict[str, Any]:
    return {name: loss for name, loss in losses.items() if loss is not None}


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
    yield _plain(
        "fit.class_weight",
        "class weights",
        fit.get("class_weight"),
        None,
        "How much each class counts; balanced gives rare classes more.",
        "balanced, or a weight for class numbers: { 0 = 1, 1 = 2.5 }",
    )
    yield _plain(
        "fit.keep_every",
        "keep the model every",
        fit["keep_every"],
        0,
        "So many epochs lie between two models kept to be compared (= in Inspect) or opened. "
        "At most 32, or about 1 GB, stay: then every second one goes.",
        "a whole number of epochs, or 0 for none",
    )


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
    yield _plain(
        "device",
        "device",
        plain["device"],
        "auto",
        "Where it trains: a GPU where there is one.",
        "auto, cpu, gpu, or one of several GPUs as in gpu:1",
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


class SettingsScreen(Dialog["Experiment | None"]):
    """The form. The result is the changed experiment, or None where nothing was changed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "undo", "undo", tooltip="Take the last change back"),
        Binding("U", "redo", "redo", tooltip="Make the change again that was taken back"),
        Binding("escape", "close", "done", key_display="Esc", tooltip="Back; the changes are kept"),
    ]

    def __init__(self, experiment: Experiment) -> None:
        super().__init__()
        self.edits = Edits(experiment)

    @property
    def experiment(self) -> Experiment:
        """The experiment as it is now."""
        assert self.edits.current is not None
        return self.edits.current

    def compose(self) -> ComposeResult:
        with Panel(title=f"settings of {self.experiment.name}", classes="dialog -large"):
            yield Form(self._check)
        yield FooterLine()

    def on_mount(self) -> None:
        self._show()
        self.query_one(Form).rows.focus()

    def _show(self) -> None:
        self.query_one(Form).show(sections(self.experiment))
        last = self.edits.undoable
        self.query_one(Panel).set_title(f"settings of {self.experiment.name}", last)
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
        field = event.form.field
        words = field.label if field else "settings"
        self.edits.change(changed, words)
        if isinstance(self.app, CurrentApp):
            self.app.edit(changed, words)
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "undo":
            return True if self.edits.undoable else None
        if action == "redo":
            return True if self.edits.redoable else None
        return True

    def action_undo(self) -> None:
        """Take the last change back."""
        if self.edits.undo():
            if isinstance(self.app, CurrentApp):
                self.app.undo_edit()
            self._show()

    def action_redo(self) -> None:
        """Make the change again that was taken back."""
        if self.edits.redo():
            if isinstance(self.app, CurrentApp):
                self.app.redo_edit()
            self._show()

    def action_close(self) -> None:
        self.dismiss(self.experiment if self.edits.changed else None)


def _sentence(error: UserError) -> str:
    """Return what is wrong, without the path of a field that one is looking at anyway."""
    return re.sub(r"^In the experiment: (?:[a-z]\S*: )?", "", error.message)
