"""The part of an exported script that trains the model, evaluates it and predicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from kerastui.models.code.afterwards import write_baselines, write_reload
from kerastui.models.code.data import CLASSES, DataCode
from kerastui.models.code.layout import Expression, call, literal, one_line, text
from kerastui.models.code.model import callback_lines
from kerastui.models.code.script import Script
from kerastui.models.experiment.schema import FileModel, GraphModel, SequentialModel
from kerastui.models.saved import start

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment, Prediction

PartName = Literal["train", "validation", "test"]
PARTS: tuple[PartName, ...] = ("train", "validation", "test")
DEFAULT_BATCH = 32
"""What Keras evaluates and predicts with."""

_SQUARED_ERRORS = ("mse", "meansquarederror")


class TrainingCode:
    """Writes everything after `model.compile`."""

    def __init__(self, script: Script, experiment: Experiment, data: DataCode) -> None:
        self.script, self.experiment, self.data = script, experiment, data

    def write(self) -> None:
        """Write training, evaluation and predictions."""
        self._fit()
        self._evaluate()
        if self.experiment.afterwards.predict:
            self.script.section("Predict.")
        for asked in self.experiment.afterwards.predict:
            self._predict(asked)
        self._compare()

    def _compare(self) -> None:
        """Write what the model is held against: copies of it, and guesses without one."""
        afterwards, held = self.experiment.afterwards, self.data.held
        parts = self._parts()
        if afterwards.baselines and self.experiment.data.task in ("binary", "multiclass"):
            for part in parts:
                write_baselines(
                    self.script,
                    afterwards.baselines,
                    self.data.feeding.truth(held.of("y", part)),
                    part,
                    one_hot=self.data.one_hot,
                )
        if afterwards.reload and parts:
            several = bool(self.data.feeding.outputs)
            write_reload(self.script, afterwards.reload, held.of("x", parts[0]), several=several)

    def _fit(self) -> None:
        fit, script, data = self.experiment.fit, self.script, self.data
        script.section("Train it.")
        if self.experiment.callbacks:
            script.add(*callback_lines(self.experiment.callbacks))
        x, y = data.held.of("x", "train"), data.held.of("y", "train")
        batch = (
            f"len({data.feeding.array(x)})" if fit.batch_size == "all" else literal(fit.batch_size)
        )
        options: dict[str, Expression] = {"epochs": literal(fit.epochs), "batch_size": batch}
        if not fit.shuffle:
            options["shuffle"] = "False"
        if fit.class_weight == "balanced":
            self._balance(y)
            options["class_weight"] = "class_weight"
        elif fit.class_weight:
            options["class_weight"] = literal(fit.class_weight)
        if "validation" in data.held.parts:
            options["validation_data"] = (
                f"({data.held.of('x', 'validation')}, {data.held.of('y', 'validation')})"
            )
        if self.experiment.callbacks:
            options["callbacks"] = "callbacks"
        options["verbose"] = "2"
        script.do(call("model.fit", [x, y], options))

    def _balance(self, y: str) -> None:
        """Write the weights of classes by how often each occurs."""
        script = self.script
        script.note("Rare classes weigh more: rows / (classes × rows of the class).")
        if self.data.one_hot or self.experiment.data.task == "multilabel":
            script.add(f"counts = {y}.sum(axis=0).tolist()")
        else:
            script.use("numpy")
            script.add(f"counts = np.bincount({y}.astype(int)).tolist()")
        script.add(
            f"class_weight = {{k: len({y}) / (len(counts) * n) for k, n in enumerate(counts) if n}}"
        )

    def _evaluate(self) -> None:
        script, data = self.script, self.data
        script.section("Evaluate it.")
        for part in self._parts():
            options: dict[str, Expression] = {"verbose": "0", "return_dict": "True"}
            size = self._evaluation_batch(data.held.of("x", part))
            if size:
                options = {"batch_size": size, **options}
            arguments: list[Expression] = [data.held.of("x", part), data.held.of("y", part)]
            script.assign("figures", call("model.evaluate", arguments, options))
            script.add(f"print({text(part)}, figures)")
            if self._squared:
                script.use("math")
                root = f"math.sqrt(figures[{one_line(text(self._squared))}])"
                script.do(call("print", [text(f"{part} rmse"), root]))

    def _parts(self) -> list[PartName]:
        """The parts the experiment evaluates: those asked for, and those of published figures."""
        asked: list[str] = list(self.experiment.afterwards.evaluate)
        asked = asked or ["test" if "test" in self.data.held.parts else "train"]
        for figure in self.experiment.published:
            compared = figure.compare.figure if figure.compare else None
            asked += [path.partition(".")[0] for path in (figure.figure, compared) if path]
        return [part for part in PARTS if part in asked and part in self.data.held.parts]

    def _evaluation_batch(self, x: str) -> str:
        batch = self.experiment.fit.batch_size
        if batch == "all":
            return f"min(1024, len({self.data.feeding.array(x)}))"
        return one_line(literal(batch)) if batch > DEFAULT_BATCH else ""

    @property
    def _squared(self) -> str:
        """The figure that is a mean squared error, or nothing."""
        experiment = self.experiment
        # With several outputs Keras puts the output's name before the metric's.
        metrics = [] if self.data.feeding.outputs else experiment.compile.metric_paths
        for _, metric in metrics:
            if metric.type in ("mse", "mean_squared_error", "MSE") and not metric.parameters:
                return metric.type
        loss = experiment.compile.loss
        if isinstance(loss, dict) or _regularised(experiment):
            return ""
        return "loss" if loss.type.lower().replace("_", "") in _SQUARED_ERRORS else ""

    # --- predictions -------------------------------------------------------------------------

    def _predict(self, asked: Prediction) -> None:
        script, data = self.script, self.data
        if asked.values is not None:
            data.new_input(asked.values)
            script.add(f"outputs = {self._outputs('x_new')}[0]")
            shown = [text(asked.label or "new input"), "outputs.tolist()", *self._class("outputs")]
            script.do(call("print", shown))
            return
        if asked.part not in data.held.parts:
            return
        first, last = literal(asked.index), literal(asked.index + asked.count)
        rows = f"{first}:{last}" if asked.index else f":{last}"
        x, y = data.held.of("x", asked.part), data.held.of("y", asked.part)
        batch = asked.count if asked.count > DEFAULT_BATCH else 0
        some = data.feeding.rows(x, rows)
        script.add(f"predictions = {self._outputs(some, batch)}")
        start = f", start={first}" if asked.index else ""
        script.add(f"for row, outputs in enumerate(predictions{start}):")
        label = [text(asked.part), "row"]
        if data.held.names:
            label = [f"{data.held.of('names', asked.part)}[row]"]
        shown = [
            *label,
            "outputs.tolist()",
            *self._class("outputs"),
            '"in truth"',
            self._truth(data.feeding.truth(y)),
        ]
        script.do(call("print", shown), indent=4)

    def _outputs(self, x: str, batch: int = 0) -> str:
        """The expression of the model's first output for some rows."""
        size = f", batch_size={batch}" if batch else ""
        model = self.experiment.model
        first = "[0]" if model.kind == "graph" and len(model.outputs) > 1 else ""
        return f"model.predict({x}{size}, verbose=0){first}"

    def _class(self, outputs: str) -> list[Expression]:
        """The expression of the most probable class, by name where there are names."""
        if not self._classes:
            return []
        if self._one_output:
            threshold = "0.5" if self._ends_in("sigmoid") else "0.0"
            number = f"int({outputs}[0] > {threshold})"
        else:
            number = f"int({outputs}.argmax())"
        return [self._named(number)]

    def _truth(self, y: str) -> str:
        if not self._classes:
            return f"{y}[row].tolist()"
        number = f"{y}[row].argmax()" if self.data.one_hot else f"{y}[row]"
        return self._named(number)

    @property
    def _classes(self) -> bool:
        """Whether the first output tells classes."""
        return self.experiment.data.task in CLASSES and not self.data.feeding.gives_back

    def _named(self, number: str) -> str:
        names = self.data.held.class_names
        return f"{names}[{number}]" if names else number

    @property
    def _one_output(self) -> bool:
        """Whether a single number tells two classes apart."""
        if self.experiment.data.task != "binary" or self.data.one_hot:
            return False
        layer = self._last_layer
        return layer is None or layer.get("units", 1) == 1

    @property
    def _last_layer(self) -> dict[str, object] | None:
        model = self.experiment.model
        if model.kind != "graph":
            sized = [values for values in _parameters(model) if "units" in values]
            return sized[-1] if sized else None
        return next((n.parameters for n in model.nodes if n.name == model.outputs[0]), None)

    def _ends_in(self, activation: str) -> bool:
        model = self.experiment.model
        layers = _parameters(model)
        return bool(layers) and layers[-1].get("activation") == activation


def _regularised(experiment: Experiment) -> bool:
    """Whether the loss holds more than the error."""
    model = experiment.model
    layers = model.active if model.kind != "graph" else model.nodes
    return any(layer.type == "ActivityRegularization" for layer in layers) or any(
        name.endswith("_regularizer") and value
        for layer in _parameters(model)
        for name, value in layer.items()
    )


def _parameters(model: SequentialModel | GraphModel) -> list[dict[str, Any]]:
    """The parameters of all layers that are switched on, those of a file before the new ones."""
    own = [layer.parameters for layer in (
        model.nodes if isinstance(model, GraphModel) else model.active)]  # fmt: skip
    return [*start.parameters(model), *own] if isinstance(model, FileModel) else own
