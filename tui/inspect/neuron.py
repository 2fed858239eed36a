"""One neuron by hand: every product, the sum, the bias and the activation, beside Keras' value."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from kerastui.models.runs.figures import number
from kerastui.tui.inspect.lines import aligned

if TYPE_CHECKING:
    from kerastui.models.by_hand import Calculated

MARKS = 4
"""Cells for how large a product is."""

RELATIVE, ABSOLUTE = 1e-5, 1e-6
"""Two float32 values that are nearer than this came from the same calculation: the order in which
sums are added up alone makes such differences."""


def dense(done: Sequence[Calculated]) -> list[Calculated]:
    """Return the dense layers among the steps of a network."""
    return [one for one in done if hasattr(one.step, "kernel")]


def lines(
    one: Calculated,
    neuron: int,
    names: Sequence[str],
    keras: Sequence[float] | None,
    *,
    by_size: bool,
    width: int,
) -> tuple[list[Content], Content, list[Content]]:
    """Return what a neuron does.

    Args:
        one: What its layer did.
        neuron: Its number in the layer.
        names: Names of the network's inputs, or none.
        keras: What Keras gives for the layer, once it is known.
        by_size: The largest products first, otherwise as they come.
        width: Cells of a line.

    Returns:
        The result, the headline of the products, and the products with the bias.
    """
    import numpy as np

    from kerastui.models.by_hand import Dense

    step = one.step
    assert isinstance(step, Dense)
    kernel, bias = step.kernel, step.bias
    with np.errstate(over="ignore", invalid="ignore"):
        products = one.inputs * kernel[:, neuron]
    order = range(len(products))
    if by_size:
        order = np.argsort(-np.abs(products), kind="stable").tolist()
    rows: list[list[Content | str]] = []
    so_far = np.float32(0)
    most = max((abs(float(product)) for product in products), default=0.0) or 1.0
    for place in order:
        product = products[place]
        so_far = np.float32(so_far + product)
        label = names[place] if one.layer == 1 and place < len(names) else ""
        rows.append(
            [
                Content.assemble((f"L{one.layer - 1}N{place}", "$muted"), (f" {label}", "$faint")),
                number(float(one.inputs[place])),
                _signed("×", float(kernel[place, neuron])), _signed("=", float(product)),
                _mark(float(product) / most),
                Content.styled(number(float(so_far) + 0.0), "$muted"),
            ]
        )  # fmt: skip
    if bias is not None:
        so_far = np.float32(so_far + bias[neuron])
        rows.append(
            [Content.styled(f"{one.layer - 1}B", "$muted"), "", Content.styled("bias", "$faint"),
             _signed("+", float(bias[neuron])), "",
             Content.styled(number(float(so_far) + 0.0), "$muted")]
        )  # fmt: skip
    titles = ["from", "value", "weight", "product", "", "so far"]
    head, table = aligned(rows, titles, [False, True, True, True, False, True])
    return _result(one, neuron, step.activation, keras, width), head, table


def _signed(sign: str, value: float) -> Content:
    """Return a number with what is done with it; the signs stand below each other."""
    return Content.assemble((sign, "$muted"), f"{number(value + 0.0):>10}")


def _mark(share: float) -> Content:
    """Return how large a product is beside the largest one, and which way it pulls."""
    count = round(abs(share) * MARKS)
    return Content.styled(
        "■" * count + " " * (MARKS - count), "$series-2" if share > 0 else "$series-1"
    )


def _result(
    one: Calculated, neuron: int, activation: str, keras: Sequence[float] | None, width: int
) -> list[Content]:
    total, output = float(one.sums[neuron]), float(one.outputs[neuron])
    name = f"L{one.layer}N{neuron}"
    head = Content.assemble(
        (name, "bold $series-1"),
        (f"  neuron {neuron} of {len(one.outputs):,} in {one.step.name}", "$muted"),
    )
    told = "= " if activation == "linear" else f"{activation}({number(total)}) = "
    if activation == "softmax":
        told = f"e^{number(total)} / the sum of all e^x = "
    worked = Content.assemble(
        ("sum ", "$muted"), number(total), ("   ", ""), (told, "$muted"),
        (number(output + 0.0), "bold $series-1"),
    )  # fmt: skip
    return [head, worked, *_beside(output, keras, neuron, width)]


def _beside(output: float, keras: Sequence[float] | None, neuron: int, width: int) -> list[Content]:
    """Return the value by hand and that of Keras, with all their digits."""
    import numpy as np

    ours = np.float32(output)
    if keras is None or neuron >= len(keras):
        return [Content.assemble(("by hand ", "$muted"), str(ours))]
    theirs = np.float32(keras[neuron])
    off = abs(float(theirs) - float(ours))
    same = math.isclose(ours, theirs, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    return Content.assemble(
        ("by hand ", "$muted"), str(ours), ("   Keras ", "$muted"), str(theirs),
        ("   difference ", "$muted"), number(off),
        (" ✓", "$good") if same else (" ✗", "$bad"),
    ).wrap(max(20, width))  # fmt: skip
