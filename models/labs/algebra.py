"""A small language for tensor algebra: read here, computed by TensorFlow in a worker.

    x = [1, 2]          x - [3, 3]          A @ transpose(B)          sum(A, 0)

Numbers, nested lists and named variables; + − * / ** and @ (matrix product); the functions of
`FUNCTIONS`; `.T`. Nothing else is understood, so that nothing else can be done.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from kerastui.datasets.errors import UserError

MOST = 1000
"""Most numbers in a tensor."""

LARGEST = 3.4e38
"""Largest number that can be typed: 32 bits hold no larger one."""

DEEPEST = 40
"""Deepest nesting of an expression."""

LONGEST = 500
"""Most signs in a line."""

Nested = float | list[Any]

_SIGNS = str.maketrans({"−": "-", "–": "-", "×": "*", "÷": "/", "·": "@", "⋅": "@"})
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide",
    ast.Pow: "pow", ast.MatMult: "matmul",
}  # fmt: skip
_ELEMENTWISE = ("add", "subtract", "multiply", "divide", "pow", "maximum", "minimum")
_REDUCTIONS = ("sum", "mean", "prod", "max", "min", "argmax")
_ALONE = ("abs", "sqrt", "exp", "log", "transpose", "det", "inv", "trace", "norm", "relu",
          "sigmoid", "tanh", "softmax")  # fmt: skip
FUNCTIONS = ("matmul", *_ELEMENTWISE, *_REDUCTIONS, *_ALONE)
"""What can be called."""

_NAME = re.compile(r"[A-Za-z]\w{0,19}$")


def split(line: str) -> tuple[str, str]:
    """Return the variable that a line assigns to, empty for none, and its expression.

    Raises:
        UserError: The line is empty, too long, no expression, or assigns to no possible name.
    """
    statement = _statement(line)
    if isinstance(statement, ast.Expr):
        return "", ast.unparse(statement.value)
    assert isinstance(statement, ast.Assign)
    target = statement.targets[0]
    if len(statement.targets) != 1 or not isinstance(target, ast.Name):
        raise UserError("There must be one name left of the =.", "For example x = [1, 2].")
    if not _NAME.match(target.id) or target.id in FUNCTIONS:
        raise UserError(
            f"{target.id!r} can't be the name of a variable.",
            "Letters and digits, at most 20, and not the name of a function.",
        )
    return target.id, ast.unparse(statement.value)


def evaluate(line: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Compute a line with TensorFlow, in a worker.

    Args:
        line: An expression, or `name = expression`.
        variables: The values of the variables, as nested lists.

    Returns:
        `name` (empty where nothing is assigned), `value` as nested lists, `shape` and `dtype`.

    Raises:
        UserError: The line can't be read or computed; the message says why.
    """
    import tensorflow as tf

    name, _ = split(line)
    statement = _statement(line)
    assert isinstance(statement, ast.Expr | ast.Assign)
    known = {key: tf.Variable(tensor(value)) for key, value in variables.items()}
    result = _Evaluation(known).of(statement.value)
    if name in known and tuple(known[name].shape) == tuple(result.shape):
        result = known[name].assign(result)
    value = tf.convert_to_tensor(result)
    if value.shape.num_elements() > MOST:
        raise UserError(f"The result has {value.shape.num_elements():,} numbers.",
                        f"This lab is for up to {MOST:,}.")  # fmt: skip
    return {
        "name": name,
        "value": value.numpy().tolist(),
        "shape": list(value.shape),
        "dtype": value.dtype.name,
    }


def tensor(value: Any) -> Any:
    """Return nested lists of numbers as a 32-bit tensor; raises `UserError` for ragged ones."""
    import numpy as np
    import tensorflow as tf

    try:
        array = np.array(value, np.float32)
    except (ValueError, TypeError, OverflowError):
        raise UserError("The rows are not equally long, or not made of numbers alone.",
                        "Write a matrix as [[1, 2], [3, 4]].") from None  # fmt: skip
    if array.size > MOST:
        raise UserError(f"{array.size:,} numbers were given.",
                        f"This lab is for up to {MOST:,}.")  # fmt: skip
    return tf.constant(array)


def _statement(line: str) -> ast.stmt:
    line = line.translate(_SIGNS).replace("ᵀ", ".T").strip()
    if not line:
        raise UserError("There is nothing to compute.", "For example [[3, 3]] @ [[2], [2]].")
    if len(line) > LONGEST:
        raise UserError(f"The line has {len(line):,} signs.", f"At most {LONGEST} can be read.")
    try:
        body = ast.parse(line).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise UserError(
            f"{line!r} can't be read.", "Check brackets and commas: [[1, 2], [3, 4]] @ [[1], [1]]."
        ) from None
    if len(body) != 1 or not isinstance(body[0], ast.Expr | ast.Assign):
        raise UserError(f"{line!r} is neither an expression nor name = expression.",
                        "One of them at a time.")  # fmt: skip
    if _depth(body[0]) > DEEPEST:
        raise UserError("The line is nested too deeply.", "Take it apart: y = ..., then use y.")
    return body[0]


def _depth(root: ast.AST) -> int:
    """Return how deep an expression is nested; a loop, since recursion is what must not end."""
    depth, level = 0, [root]
    while level:
        depth, level = depth + 1, [c for node in level for c in ast.iter_child_nodes(node)]
    return depth


class _Evaluation:
    """Walks through an expression; only the kinds of nodes that have a method are understood."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        self.variables = variables

    def of(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as number):
                return tensor(_number(number))
            case ast.List() | ast.Tuple():
                return tensor(_literal(node))
            case ast.Name(id=name):
                if name not in self.variables:
                    known = ", ".join(self.variables) or "none yet"
                    raise UserError(f"There is no variable {name!r}.",
                                    f"Known: {known}. Make it with {name} = [1, 2].")  # fmt: skip
                return self.variables[name]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return -self.of(operand)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.of(operand)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
                return self._call(_OPERATORS[type(operator)], [self.of(left), self.of(right)])
            case ast.Attribute(value=inner, attr="T"):
                return self._call("transpose", [self.of(inner)])
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
                if name in _REDUCTIONS and len(args) == 2:
                    return self._reduce(name, self.of(args[0]), _axis(args[1]))
                return self._call(name, [self.of(argument) for argument in args])
            case ast.Call(func=ast.Name(id=name)):
                raise UserError(f"There is no function {name!r}.",
                                f"There are: {', '.join(FUNCTIONS)}.")  # fmt: skip
        raise UserError(
            f"{ast.unparse(node)!r} is not understood here.",
            "Numbers, lists, variables, + − * / ** @, .T and functions such as sum.",
        )

    def _call(self, name: str, values: list[Any]) -> Any:
        import tensorflow as tf

        wanted = 2 if name == "matmul" or name in _ELEMENTWISE else 1
        if len(values) != wanted:
            raise UserError(f"{name} takes {wanted} value{'s' * (wanted > 1)}, not {len(values)}.")
        if name == "matmul":
            _check_matmul(*values)
            return tf.matmul(*values)
        if name in _ELEMENTWISE:
            _check_elementwise(name, *values)
            return getattr(tf, name)(*values)
        if name in _REDUCTIONS:
            return self._reduce(name, values[0], None)
        value = tf.convert_to_tensor(values[0])
        if name in ("det", "inv", "trace"):
            return _of_square(name, value)
        functions: dict[str, Callable[[Any], Any]] = {
            "abs": tf.abs, "sqrt": tf.sqrt, "exp": tf.exp, "log": tf.math.log,
            "transpose": tf.transpose, "norm": tf.norm, "relu": tf.nn.relu,
            "sigmoid": tf.sigmoid, "tanh": tf.tanh, "softmax": tf.nn.softmax,
        }  # fmt: skip
        if name == "softmax" and not value.shape.rank:
            raise UserError("softmax wants several numbers.", "For example softmax([1, 2, 3]).")
        return functions[name](value)

    def _reduce(self, name: str, value: Any, axis: int | None) -> Any:
        import tensorflow as tf

        value = tf.convert_to_tensor(value)
        rank = value.shape.rank
        if axis is not None and not -rank <= axis < rank:
            raise UserError(f"{name}: there is no axis {axis} in {shape_text(value.shape)}.",
                            f"Axes count from 0 to {rank - 1}.")  # fmt: skip
        if name == "argmax":
            flat = tf.reshape(value, [-1]) if axis is None else value
            return tf.cast(tf.argmax(flat, axis or 0), tf.float32)
        return getattr(tf, f"reduce_{name}")(value, axis)


def shape_text(shape: Any) -> str:
    """Return a shape in words: `2×3`, `3 numbers`, `one number`."""
    sizes = list(shape)
    if not sizes:
        return "one number"
    return f"{sizes[0]} numbers" if len(sizes) == 1 else "×".join(map(str, sizes))


def _check_matmul(left: Any, right: Any) -> None:
    shapes = f"{shape_text(left.shape)} @ {shape_text(right.shape)}"
    if left.shape.rank != 2 or right.shape.rank != 2:
        raise UserError(f"{shapes}: a matrix product wants two matrices.",
                        "Write a row as [[1, 2]] and a column as [[1], [2]].")  # fmt: skip
    if left.shape[1] != right.shape[0]:
        raise UserError(
            f"{shapes}: {left.shape[1]} columns at the left meet {right.shape[0]} rows at the "
            "right; they must be equally many.",
            "Transpose one of them with .T, or multiply elements with *.",
        )


def _check_elementwise(name: str, left: Any, right: Any) -> None:
    import numpy as np

    try:
        shape = np.broadcast_shapes(tuple(left.shape), tuple(right.shape))
    except ValueError:
        raise UserError(
            f"{name}: {shape_text(left.shape)} and {shape_text(right.shape)} do not fit together.",
            "Shapes must be equal, or 1 where they differ.",
        ) from None
    if math.prod(shape) > MOST:
        raise UserError(f"{name} would give {math.prod(shape):,} numbers.",
                        f"This lab is for up to {MOST:,}.")  # fmt: skip


def _of_square(name: str, value: Any) -> Any:
    import tensorflow as tf

    if value.shape.rank != 2 or value.shape[0] != value.shape[1]:
        raise UserError(f"{name} wants a square matrix, not {shape_text(value.shape)}.")
    if name == "trace":
        return tf.linalg.trace(value)
    if name == "det":
        return tf.linalg.det(value)
    try:
        return tf.linalg.inv(value)
    except tf.errors.InvalidArgumentError:
        raise UserError("This matrix has no inverse: its determinant is 0.") from None


def _literal(node: ast.expr) -> Nested:
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_literal(item) for item in items]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -_number(number)
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return _number(number)
    raise UserError(f"{ast.unparse(node)!r} stands in a list, which may hold numbers alone.",
                    "Compute it first: y = ..., then use y.")  # fmt: skip


def _number(value: float) -> float:
    if abs(value) > LARGEST:
        raise UserError("A number is too large for 32 bits.", f"Up to {LARGEST:g} fits.")
    return float(value)


def _axis(node: ast.expr) -> int:
    try:
        value = ast.literal_eval(node)
    except ValueError:
        value = None
    if not isinstance(value, int) or isinstance(value, bool):
        raise UserError(f"{ast.unparse(node)!r} is no axis.", "An axis is 0, 1 ...")
    return value
