"""What a fitted step is, and the checks that steps share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from kerastui.datasets.catalogue import closest
from kerastui.datasets.errors import UserError
from kerastui.datasets.loaded import Array
from kerastui.datasets.rows import Inputs, Rows, shape_of, text_in_numbers


class FittedStep:
    """A step that knows all it needs to be applied.

    Attributes:
        name: The step's name in the experiment.
        words: What it does, for people.
        classes: Names of the classes, where this step has numbered them.
        learned: What it knows, by column or class number, for people.
    """

    name = ""
    words = ""
    classes: tuple[str, ...] = ()
    learned: Mapping[str, str] = MappingProxyType({})

    def apply(self, rows: Rows) -> Rows:
        """The rows after this step."""
        return Rows(self.inputs(rows.x), self.targets(rows.y), rows.index)

    def inputs(self, x: Inputs) -> Inputs:
        """Inputs alone after this step; also for a single new one."""
        return x

    def targets(self, y: Array) -> Array:
        """Targets alone after this step."""
        return y


def table_of(x: Inputs, step: str) -> dict[str, Array]:
    """The columns of a table.

    Raises:
        UserError: The inputs are pictures, windows or texts.
    """
    if isinstance(x, dict):
        return x
    raise UserError(
        f"The step {step} works on the columns of a table, but the inputs have shape "
        f"{shape_of(x)}.",
        hint="Remove the step, or its columns.",
    )


def chosen_columns(columns: Sequence[str], x: dict[str, Array], step: str) -> list[str]:
    """The columns a step is for; all where it names none.

    Raises:
        UserError: It names one that is not there.
    """
    for name in columns:
        if name not in x:
            raise UserError(
                f"The step {step} names a column {name!r}, which is not among the features.",
                hint=closest(name, list(x)),
            )
    return list(columns) or list(x)


def numbers_of(name: str, column: Array, step: str, index: Array) -> Array:
    """A column that holds numbers.

    Raises:
        UserError: It holds text, of which the sentence quotes the first with its row in the raw
            data, or dates.
    """
    if column.dtype.kind == "M":
        raise UserError(
            f"The step {step} needs numbers. Column {name} holds dates.",
            hint="Name the columns it is for, or put the step dates before it.",
        )
    if column.dtype == object:
        raise UserError(
            f"The step {step} needs numbers. {text_in_numbers(name, column, index)}",
            hint="Name the columns it is for, use one_hot on this one first, or leave it out.",
        )
    return column
