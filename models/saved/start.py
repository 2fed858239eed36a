"""A saved model as the start of an experiment: loaded, cut, frozen, new layers on top.

In plain Keras code (`kerastui.models.code.file`):

    base = keras.saving.load_model("flowers.keras", compile=False)
    base.trainable = True
    for layer in base.layers[:4]:
        layer.trainable = False
    model = keras.Sequential([                      # a stack, with cut = 1
        base.inputs[0],
        *base.layers[:-1],
        layers.Dense(3, activation="softmax", name="new_dense"),
    ])

and where the file holds a graph:

    x = base.layers[-1].input
    x = layers.Dense(3, activation="softmax", name="new_dense")(x)
    model = keras.Model(base.inputs[0], x)

The file has to be one that today's Keras opens by itself, so that this script stands alone;
`start_copy` writes such a copy of an older file. Keras is imported by the functions that need it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import FileModel, Layer
from kerastui.models.network.errors import LayerError, first_line

WHERE = "model.file"
"""Place of a layer of the file within an experiment: `model.file.0`."""


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal digits.

    Raises:
        UserError: It can't be read.
    """
    try:
        stat = path.stat()
        return _sha256(str(path), stat.st_mtime_ns, stat.st_size)
    except OSError as error:
        raise UserError(
            f"The model's file {path} can't be read: {error.strerror or error}.",
            "Put it back, or begin anew with another file: open it, then press o.",
        ) from None


@lru_cache(maxsize=32)
def _sha256(path: str, changed: int, size: int) -> str:
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def checked(model: FileModel) -> Path:
    """Return the file of a model, known to be the very one that is meant.

    Raises:
        UserError: It is gone, or holds something else.
    """
    path = Path(model.path)
    if (found := sha256_of(path)) != model.sha256:
        raise UserError(
            f"{path} is no longer the file that this experiment began with: its SHA-256 begins "
            f"with {found[:12]}, not with {model.sha256[:12]}.",
            "Put the old file back, or begin anew with this one: open it, then press o.",
        )
    return path


# --- building ------------------------------------------------------------------------------


def base_of(model: FileModel) -> Any:
    """Load the file's model, frozen as the experiment says.

    Raises:
        UserError: It is gone, changed, would execute code, or is none that Keras opens by itself.
    """
    import keras

    path = checked(model)
    _structure(path)
    try:
        base = keras.saving.load_model(path, compile=False)
    except Exception as error:
        raise _older(path, error) from error
    freeze(base, model)
    return base


def sketch_of(model: FileModel) -> Any:
    """Make the file's model without its weights, where none are made (`summary.abstractly`)."""
    import keras

    structure = _structure(checked(model))
    try:
        base = keras.saving.deserialize_keras_object(structure, safe_mode=True)
    except Exception as error:
        raise _older(Path(model.path), error) from error
    freeze(base, model)
    return base


def _structure(path: Path) -> dict[str, Any]:
    """Return the structure of a file, refused where it would execute code."""
    from kerastui.models.saved.read import read
    from kerastui.models.saved.repair import repair

    done = repair(read(path))
    if done.refused:
        raise UserError(f"{path.name} can't be built: {' '.join(done.refused[:3])}",
                        "Begin with another model.")  # fmt: skip
    return {key: value for key, value in done.structure.items() if key != "compile_config"}


def _older(path: Path, error: Exception) -> UserError:
    return UserError(
        f"Today's Keras does not open {path.name} by itself: {first_line(error)}",
        "Open it here and press o: a repaired copy is written, and the experiment takes that.",
    )


def freeze(base: Any, model: FileModel) -> None:
    """Set which layers of the file are trained; what the file says of it does not count.

    Raises:
        UserError: A layer to freeze is not there.
    """
    names = [layer.name for layer in base.layers]
    base.trainable = True
    for name in held(model, names):
        base.get_layer(name).trainable = False


def held(model: FileModel, names: Sequence[str]) -> list[str]:
    """Return the names of the frozen layers, in their order.

    Args:
        model: The experiment's model.
        names: All layers of the file.

    Raises:
        UserError: A layer that is named is not there.
    """
    first = model.trainable_from
    for name in [*model.frozen, *([first] if isinstance(first, str) else [])]:
        if name not in names:
            raise UserError(
                f"{Path(model.path).name} has no layer {name!r} to freeze.",
                f"It has: {', '.join(names[:12])}{' …' if len(names) > 12 else ''}.",
            )
    start = names.index(first) if isinstance(first, str) else first or 0
    return [name for number, name in enumerate(names)
            if name in model.frozen or number < start]  # fmt: skip


def kept(base: Any, cut: int) -> list[Any]:
    """Return the layers of a loaded model that are left, inputs included.

    Raises:
        UserError: Nothing would be left, or what is cut is no chain of single layers.
    """
    layers = list(base.layers)
    count = sum(1 for layer in layers if not is_input(layer))
    if cut >= count:
        raise UserError(
            f"The file has {count} layers, of which {cut} are cut: none is left.",
            "Cut fewer of them.",
        )
    if not is_stack(base):
        for place in range(1, cut + 1):
            last, before = layers[-place], layers[-place - 1]
            if last.input is not before.output:
                raise UserError(
                    f"{last.name} does not simply follow {before.name}, so that it can't be cut.",
                    "Cut fewer layers: only those that follow each other at the end.",
                )
    return layers[: len(layers) - cut]


def is_input(layer: Any) -> bool:
    """Say whether a layer is where a graph's data comes in."""
    return type(layer).__name__ == "InputLayer"


def is_stack(base: Any) -> bool:
    """Say whether a loaded model is a stack, whose layers can be put on another input."""
    return type(base).__name__ == "Sequential"


def end_of(base: Any, cut: int) -> Any:
    """Return the symbolic tensor of a graph that new layers are put on.

    Raises:
        UserError: There is no single one.
    """
    if len(base.outputs) != 1:
        raise UserError(
            f"The model of the file has {len(base.outputs)} outputs, so that nothing can be put on "
            "top of it.",
            "Take the new layers out.",
        )
    kept(base, cut)
    return base.layers[-cut].input if cut else base.outputs[0]


def new_names(layers: Sequence[Layer], taken: Sequence[str]) -> list[str]:
    """Return the names of the new layers: their own, else `new_dense`; none is one of the file's.

    Args:
        layers: The new layers that are switched on.
        taken: Names of the file's layers.

    Raises:
        UserError: A layer has the name of one of the file's.
    """
    from kerastui.models.editing.stack import fresh, snake

    used = {*taken, *(layer.name for layer in layers if layer.name)}
    names = []
    for layer in layers:
        name = layer.name or fresh(f"new_{snake(layer.type)}", used)
        if layer.name in taken:
            raise UserError(
                f"The new layer {name!r} has the name of a layer of the file.",
                "Rename it (n), or leave its name out.",
            )
        used.add(name)
        names.append(name)
    return names


def named(model: FileModel, taken: Sequence[str]) -> Iterator[tuple[int, Layer]]:
    """Yield the new layers that are switched on, with their places and with names."""
    places = [place for place, layer in enumerate(model.layers) if not layer.disabled]
    active = [model.layers[place] for place in places]
    for place, layer, name in zip(places, active, new_names(active, taken), strict=True):
        yield place, layer.model_copy(update={"name": name})


def check_input(base: Any, shapes: Any) -> None:
    """Hold the inputs of the file's model against the data.

    Args:
        base: The model.
        shapes: Shape of one sample without the batch axis, or one for each input's name.

    Raises:
        LayerError: They differ; what it received is what the model would take.
        UserError: The model has several inputs.
    """
    wanted = {tensor.name: tuple(tensor.shape[1:]) for tensor in base.inputs}
    if len(wanted) > 1 or isinstance(shapes, Mapping):
        if not isinstance(shapes, Mapping) or set(shapes) != set(wanted):
            raise UserError(
                f"The model has {len(wanted)} inputs ({', '.join(wanted)}), and the data one.",
                "A model with several inputs can be looked into and asked for predictions, but "
                "not yet be trained here.",
            )
        return
    own, got = next(iter(wanted.values())), tuple(shapes)
    if not fits(own, got):
        raise LayerError(
            f"The model takes {_times(own)}, but a sample of the data is {_times(got)}.",
            "Choose other data, or change its preparation (D, then p).", WHERE, [own],
        )  # fmt: skip


def fits(own: Sequence[int | None], got: Sequence[int | None]) -> bool:
    """Say whether a sample of the shape `got` is one that an input of the shape `own` takes."""
    return len(own) == len(got) and all(
        size is None or other is None or size == other for size, other in zip(own, got, strict=True)
    )


def _times(shape: Sequence[int | None]) -> str:
    if not shape:
        return "a single number"
    text = " × ".join("any number" if size is None else str(size) for size in shape)
    return f"{text} numbers" if len(shape) == 1 else text


def layer_names(path: Path) -> list[str]:
    """Return the names of a file's layers as Keras will call them, read without Keras.

    Raises:
        UserError: It is no model, or one that is refused.
    """
    config = _structure(path).get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    names = [str((one.get("config") or {}).get("name", "")) for one in layers or ()]
    if layers and layers[0].get("class_name") == "InputLayer" and is_stack_file(path):
        del names[0]  # a stack does not count its input as a layer
    return names


def is_stack_file(path: Path) -> bool:
    """Say whether a file holds a stack; arguments and errors as of `layer_names`."""
    return _structure(path).get("class_name") == "Sequential"


def parameters(model: FileModel) -> list[dict[str, Any]]:
    """Return the parameters of the layers of a file that are left, read without Keras.

    Raises:
        UserError: The file is gone, was changed, or is refused.
    """
    config = _structure(checked(model)).get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    found = [dict(one.get("config") or {}) for one in layers or ()]
    return found[: len(found) - model.cut]
