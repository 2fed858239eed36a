"""The lines of an exported script that begin with a saved model."""

from __future__ import annotations

from pathlib import Path

from kerastui.models.code.layout import call, collection, literal, one_line, statement, text
from kerastui.models.code.model import freezing_lines, layer_made
from kerastui.models.experiment.schema import FileModel
from kerastui.models.saved import start


def file_lines(model: FileModel, shape: str) -> list[str]:
    """Return the lines that make `model`: what `building` does, in the same order.

    Args:
        model: The experiment's model.
        shape: The expression of one sample's shape.

    Raises:
        UserError: The file is gone, was changed, or can't be built.
    """
    names = start.layer_names(start.checked(model))
    base = "base" if model.cut or model.active else "model"
    path = text(str(Path(model.path)))
    lines = statement(
        f"{base} = ", call("keras.saving.load_model", [path], {"compile": literal(False)})
    )
    lines += [f"{base}.trainable = True", *_frozen(base, start.held(model, names), names)]
    if base == "model":
        return lines
    new = [layer for _, layer in start.named(model, names)]
    made = [layer_made(layer, shape) for layer in new]
    if start.is_stack_file(Path(model.path)):
        left = f"*base.layers[:-{model.cut}]" if model.cut else "*base.layers"
        stack = collection(["base.inputs[0]", left, *made])
        lines += statement("model = ", call("keras.Sequential", [stack]))
    else:
        end = f"base.layers[-{model.cut}].input" if model.cut else "base.outputs[0]"
        lines.append(f"x = {end}")
        for layer in made:
            lines += statement("x = ", f"{one_line(layer)}(x)")
        lines.append("model = keras.Model(base.inputs[0], x)")
    return [*lines, *freezing_lines(new)]


def _frozen(base: str, held: list[str], names: list[str]) -> list[str]:
    if not held:
        return []
    if held == names[: len(held)]:  # a beginning of the model, as is most often meant
        some = "" if len(held) == len(names) else f"[:{len(held)}]"
        return [f"for layer in {base}.layers{some}:", "    layer.trainable = False"]
    listed = one_line(collection([text(name) for name in held]))
    return [f"for name in {listed}:", f"    {base}.get_layer(name).trainable = False"]
