"""What each input of a model is given, and what each of its outputs learns.

The data of an experiment is one `x` and one `y`. A stack, and a graph with one input and one
output that name nothing, take them as they are. Otherwise an input takes the columns of `x` that
its `columns` name, and an output the columns of `y` that the model's `targets` name for it:

    model = { kind = "graph",
      inputs = [{ name = "flower", columns = ["sepal"] }, { name = "place", columns = ["city"] }],
      outputs = ["price", "sold"], targets = { price = ["euros"], sold = ["sold"] }, nodes = … }

In plain Keras code that is an array for a single one and a dictionary for several, with columns
taken by their numbers, single target columns as a plain vector:

    x_train = {"flower": x_train[:, [0, 1]], "place": x_train[:, [2, 3, 4]]}
    y_train = {"price": y_train[:, 0], "sold": y_train[:, 1]}
    model.fit(x_train, y_train, …)

Validation, evaluation and new inputs are fed likewise. An output whose target is the name of an
input gets that input's very array: `y_train = x_train` in an autoencoder.

`fit.class_weight = "balanced"` is resolved here too (`class_weights`):

    counts = np.bincount(y_train)            # y_train.sum(axis=0) where it is one-hot
    class_weight = {k: len(y_train) / (len(counts) * n) for k, n in enumerate(counts) if n}
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from kerastui.datasets.errors import UserError
from kerastui.models.experiment.schema import GraphInput, GraphModel, SequentialModel
from kerastui.models.network import applications

if TYPE_CHECKING:
    from kerastui.datasets.prepared import Part, Prepared

Model = SequentialModel | GraphModel


def inputs(model: Model, x: Any, feature_names: Sequence[str]) -> Any:
    """Return what the model takes: `x` itself, some columns of it, or one array an input.

    Args:
        model: The experiment's model.
        x: Prepared inputs, rows first; the features are the last axis.
        feature_names: Names of the features, empty for pictures and texts.

    Returns:
        An array for one input, a dictionary by the inputs' names for several.

    Raises:
        UserError: An input names a column that the prepared data does not have.
    """
    if not isinstance(model, GraphModel):
        return x
    taken = {
        entry.name: _columns(x, _feature_columns(entry.name, entry.columns, feature_names))
        for entry in model.inputs
    }
    return taken if len(taken) > 1 else next(iter(taken.values()))


def targets(model: Model, x: Any, y: Any, feature_names: Sequence[str],
            target_names: Sequence[str]) -> Any:  # fmt: skip
    """Return what the model learns: `y` itself, some columns of it, or one array an output.

    Args:
        model: The experiment's model.
        x: Prepared inputs, for outputs that give an input back.
        y: Prepared targets, (rows,) or (rows, columns).
        feature_names: Names of the features.
        target_names: Names of the columns of `y`.

    Returns:
        An array for one output, a dictionary by the outputs' names in Keras for several.

    Raises:
        UserError: An output names a target that the prepared data does not have.
    """
    if not isinstance(model, GraphModel):
        return y
    learned = {}
    for output, name in zip(model.outputs, output_names(model), strict=True):
        wanted = model.targets.get(output, [])
        source = _source(model, wanted, target_names)
        if source is not None:
            columns = _feature_columns(source.name, source.columns, feature_names)
            learned[name] = _columns(x, columns)
        else:
            numbers = _target_columns(output, wanted, y, target_names, model)
            one = numbers is not None and len(numbers) == 1  # as a target stands alone
            learned[name] = y[:, numbers[0]] if numbers and one else _columns(y, numbers)
    return learned if len(learned) > 1 else next(iter(learned.values()))


def of_part(model: Model, prepared: Prepared, part: Part) -> tuple[Any, Any]:
    """Return the inputs and the targets of a part of prepared data.

    Raises:
        UserError: The model names columns that the data does not have.
    """
    names, target_names = prepared.feature_names, prepared.target_names
    return (inputs(model, part.x, names),
            targets(model, part.x, part.y, names, target_names))  # fmt: skip


def given_back(model: GraphModel, output: str, prepared: Prepared) -> bool:
    """Whether an output learns to give an input back, as an autoencoder's does."""
    return _source(model, model.targets.get(output, []), prepared.target_names) is not None


def shapes(x: Any) -> Any:
    """The shape of one sample without the batch axis, or one for each input's name."""
    if isinstance(x, Mapping):
        return {name: tuple(array.shape[1:]) for name, array in x.items()}
    return tuple(x.shape[1:])


def rows(x: Any) -> int:
    """The number of rows of one array or of each of several."""
    return len(next(iter(x.values())) if isinstance(x, Mapping) else x)


def output_names(model: GraphModel) -> list[str]:
    """The outputs' names in Keras: an input that is an output gets another one."""
    sources = {entry.name for entry in model.inputs}
    return [f"{name}_output" if name in sources else name for name in model.outputs]


def own_name(model: GraphModel, output: str) -> str:
    """The name that an output must be given, where its layer goes by another; empty elsewhere.

    The output of a shared layer would carry the name of the node that made the layer, and some
    applications keep the name that Keras gives them.
    """
    node = next((node for node in model.nodes if node.name == output), None)
    if node is None:
        return f"{output}_output"
    kept = not node.disabled and node.shares is None
    return "" if kept and applications.name_of(node.type, node.name) == output else output


def class_weights(
    weights: dict[int, float] | Literal["balanced"] | None, y: Any
) -> dict[int, float] | None:
    """Return a weight for each class number, `"balanced"` by how often each class occurs.

    Each class weighs rows / (classes × rows of the class), as scikit-learn's
    `compute_class_weight("balanced")` does; classes without a row get none.

    Args:
        weights: As in the experiment.
        y: Targets of the training part: class numbers, or one-hot.

    Raises:
        UserError: The targets are no classes.
    """
    if weights != "balanced":
        return weights
    import numpy as np

    if isinstance(y, Mapping) or y.ndim > 2 or (y.ndim == 1 and (y != np.round(y)).any()):
        raise UserError(
            'fit.class_weight = "balanced" needs one target of classes.',
            "Take it out, or give a weight for each class number.",
        )
    one_hot = y.ndim == 2 and y.shape[1] > 1
    counts = y.sum(axis=0) if one_hot else np.bincount(y.reshape(-1).astype(np.int64))
    total = len(y)
    return {k: float(total / (len(counts) * n)) for k, n in enumerate(counts.tolist()) if n}


def _source(
    model: GraphModel, wanted: Sequence[str], target_names: Sequence[str]
) -> GraphInput | None:  # fmt: skip
    """The input whose values are the target, or None; a column of this name goes first."""
    if len(wanted) != 1 or wanted[0] in target_names:
        return None
    return next((entry for entry in model.inputs if entry.name == wanted[0]), None)


def _feature_columns(name: str, wanted: Sequence[str], names: Sequence[str]) -> list[int] | None:
    """Numbers of the features an input takes; None for all."""
    if not wanted:
        return None
    if not names:
        raise UserError(
            f"The input {name!r} names columns, but this data has none.",
            "Leave columns empty: pictures, texts and generated inputs come as one array.",
        )
    found = []
    for column in wanted:
        own = [i for i, known in enumerate(names)
               if known == column or known.startswith(f"{column}=")]  # fmt: skip
        if not own:
            raise UserError(
                f"The input {name!r} takes {column!r}, which is no prepared feature.",
                f"There are: {_listed(names)}.",
            )
        found += [i for i in own if i not in found]
    return found


def _target_columns(
    output: str, wanted: Sequence[str], y: Any, names: Sequence[str], model: GraphModel
) -> list[int] | None:
    """Numbers of the target columns an output learns; None for all."""
    if not wanted or list(wanted) == list(names):
        return None
    sources = [entry.name for entry in model.inputs]
    for column in wanted:
        if column not in names:
            raise UserError(
                f"The output {output!r} learns {column!r}, which is no column of the target.",
                f"There are: {_listed(names) or 'none by name'}; or name an input to give back: "
                f"{_listed(sources)}.",
            )
    if y.ndim != 2 or y.shape[1] != len(names):
        raise UserError(
            f"The output {output!r} learns {_listed(wanted)}, but the prepared target no longer "
            f"has one column for each of {_listed(names)}.",
            "Choose the whole target, or take the one-hot step out.",
        )
    return [list(names).index(column) for column in wanted]


def _columns(array: Any, numbers: list[int] | None) -> Any:
    """Columns of the last axis; None stands for all of them."""
    return array if numbers is None else array[..., numbers]


def _listed(names: Sequence[str]) -> str:
    some = ", ".join(names[:8])
    return f"{some} and {len(names) - 8} more" if len(names) > 8 else some
