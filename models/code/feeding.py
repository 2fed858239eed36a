"""What each input of a model is given and each output learns, as lines of an exported script.

The very arrays of `kerastui.models.network.feeding`.
"""

from __future__ import annotations

from kerastui.models.code.layout import Expression, literal, mapping, one_line, statement, text
from kerastui.models.code.script import Script
from kerastui.models.code.variables import Variables, variable
from kerastui.models.experiment.schema import GraphModel, SequentialModel
from kerastui.models.network import feeding


class Feeding:
    """How a model is fed.

    Args:
        model: The experiment's model.
        targets: Names of the target columns.

    Attributes:
        inputs: Names of the inputs, where there are several.
        outputs: Names of the outputs in Keras, where there are several.
        by_column: Some input takes columns by their names, so that a table is needed.
    """

    def __init__(self, model: SequentialModel | GraphModel, targets: list[str]) -> None:
        self._model = model if isinstance(model, GraphModel) else None
        self._targets = targets
        self.inputs: list[str] = []
        self.outputs: list[str] = []
        self.by_column = False
        if self._model is not None:
            names = [entry.name for entry in self._model.inputs]
            self.inputs = names if len(names) > 1 else []
            names = feeding.output_names(self._model)
            self.outputs = names if len(names) > 1 else []
            self.by_column = any(entry.columns for entry in self._model.inputs)

    @property
    def gives_back(self) -> bool:
        """Whether the first output learns to give an input back."""
        model = self._model
        return model is not None and self._source(model.targets.get(model.outputs[0], [])) != ""

    def array(self, x: str) -> str:
        """The expression of one array with all rows."""
        return f"{x}[{text(self.inputs[0])}]" if self.inputs else x

    def shape(self, x: str) -> str | dict[str, str]:
        """The expression of a sample's shape, or one for each input."""
        if not self.inputs:
            return f"{x}.shape[1:]"
        return {name: f"{x}[{text(name)}].shape[1:]" for name in self.inputs}

    def truth(self, y: str) -> str:
        """The expression of what the first output learns."""
        return f"{y}[{text(self.outputs[0])}]" if self.outputs else y

    def rows(self, x: str, rows: str) -> str:
        """The expression of some rows of the inputs."""
        if not self.inputs:
            return f"{x}[{rows}]"
        return f"{{name: array[{rows}] for name, array in {x}.items()}}"

    def write(self, script: Script, held: Variables) -> None:
        """Write the lines that give inputs and outputs their columns."""
        model = self._model
        if model is None:
            return
        if self.by_column:
            self._columns(script, model)
            held.inputs("inputs_of({x})", "float32")
        elif self.inputs:
            names = one_line(literal(self.inputs))
            held.inputs(f"dict.fromkeys({names}, {{x}})", held.x)
        learned = [self._learned(output) for output in model.outputs]
        if learned == ["{y}"]:
            return
        for suffix in held.suffixes:
            x, y = variable("x", suffix), variable("y", suffix)
            parts = [part.format(x=x, y=y) for part in learned]
            made: Expression = parts[0]
            if self.outputs:
                made = mapping({text(n): p for n, p in zip(self.outputs, parts, strict=True)})
            script.assign(y, made)

    def _columns(self, script: Script, model: GraphModel) -> None:
        """Write the function that takes the columns of each input out of a table."""
        script.function(
            "def columns_of(table, names):",
            '    """Return columns by name, and those that were made of them."""',
            "    made = [c for name in names for c in table if c == name or "
            'c.startswith(f"{name}=")]',
            "    return table[list(dict.fromkeys(made))]",
        )
        taken = {}
        for entry in model.inputs:
            names = one_line(literal(entry.columns))
            table = f"columns_of(table, {names})" if entry.columns else "table"
            taken[text(entry.name)] = f'{table}.to_numpy("float32")'
        made: Expression = mapping(dict(taken)) if self.inputs else next(iter(taken.values()))
        script.function(
            "def inputs_of(table):",
            '    """Return what the model takes."""',
            *statement("return ", made, indent=4),
        )

    def _source(self, wanted: list[str]) -> str:
        """The input whose values are learned, or nothing."""
        assert self._model is not None
        if len(wanted) != 1 or wanted[0] in self._targets:
            return ""
        return next((one.name for one in self._model.inputs if one.name == wanted[0]), "")

    def _learned(self, output: str) -> str:
        """The expression, of `{x}` and `{y}`, of what an output learns."""
        assert self._model is not None
        wanted = self._model.targets.get(output, [])
        if source := self._source(wanted):
            name = text(source).replace("{", "{{").replace("}", "}}")
            return f"{{x}}[{name}]" if self.inputs else "{x}"
        if not wanted or wanted == self._targets:
            return "{y}"
        numbers = [self._targets.index(name) for name in wanted if name in self._targets]
        return f"{{y}}[:, {numbers[0] if len(numbers) == 1 else numbers}]"
