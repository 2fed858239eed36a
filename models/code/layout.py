"""Python source as data: literals, calls and collections, laid out as formatters lay them out.

Nothing from outside ever becomes source except through `literal` and `identifier`, so a title, a
column or a class name can't break out of its string whatever it holds.
"""

from __future__ import annotations

import builtins
import keyword
import math
import re
import textwrap
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

WIDTH = 100
LONG = 14
"""A list that would take more lines, one item to a line, is filled line by line."""


@dataclass(frozen=True)
class Group:
    """Something in brackets: a call, or a list, tuple or dictionary.

    Attributes:
        opening: What stands before the items, the bracket included: `layers.Dense(`.
        items: Each with what precedes it: `("", "8")`, `("activation=", '"relu"')`.
        closing: The closing bracket and what follows it.
    """

    opening: str
    items: tuple[tuple[str, Expression], ...]
    closing: str

    @property
    def is_call(self) -> bool:
        """Whether a name stands before the bracket; formatters fold calls in two ways."""
        return len(self.opening) > 1


Expression = str | Group


def call(
    function: str,
    positional: Iterable[Expression] = (),
    named: Mapping[str, Expression] | None = None,
    after: str = "",
) -> Group:
    """Return the call of a function; `after` follows its closing bracket."""
    items = [("", item) for item in positional]
    items += [(f"{name}=", item) for name, item in (named or {}).items()]
    return Group(f"{function}(", tuple(items), f"){after}")


def collection(items: Iterable[Expression], brackets: str = "[]") -> Group:
    """Return a list, or with other brackets a tuple."""
    entries = tuple(("", item) for item in items)
    comma = "," if brackets == "()" and len(entries) == 1 else ""
    return Group(brackets[0], entries, comma + brackets[1])


def mapping(items: Mapping[str, Expression]) -> Group:
    """Return a dictionary; the keys are source already."""
    return Group("{", tuple((f"{key}: ", item) for key, item in items.items()), "}")


def literal(value: Any) -> Expression:
    """Return a plain value as source: numbers, text, booleans, None, lists, tuples, tables."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, bool) or value is None:
        return repr(value)
    if isinstance(value, int):
        return f"{value:_}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, Mapping):
        return mapping({one_line(literal(key)): literal(item) for key, item in value.items()})
    return collection(map(literal, value), "()" if isinstance(value, tuple) else "[]")


def text(value: str) -> str:
    """Return a string literal, in double quotes where that needs no more escapes."""
    # With a double quote in it, repr chooses single quotes and escapes the single ones.
    single = repr(f'"{value}')[2:-1]
    if value.count('"') > value.count("'"):
        return f"'{single}'"
    double = single.replace("\\'", "'").replace('"', '\\"')
    return f'"{double}"'


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(value)
    return f'float("{value}")'


def identifier(name: str, taken: Collection[str] = ()) -> str:
    """Return a variable name like `name` that is no keyword, no builtin and not taken."""
    plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "x"
    reserved = keyword.iskeyword(plain) or keyword.issoftkeyword(plain)
    if plain[0].isdigit() or reserved or hasattr(builtins, plain):
        plain = f"x_{plain}"
    found, number = plain, 2
    while found in taken:
        found, number = f"{plain}_{number}", number + 1
    return found


def one_line(expression: Expression) -> str:
    """Return an expression on one line, however long."""
    if isinstance(expression, str):
        return expression
    items = ", ".join(before + one_line(item) for before, item in expression.items)
    return expression.opening + items + expression.closing


def statement(before: str, expression: Expression, *, indent: int = 0) -> list[str]:
    """Return the lines of `before` and an expression, at most 100 columns wide where it can be.

    Args:
        before: What precedes the expression: `model = `, or nothing.
        expression: The expression.
        indent: Columns before the first line.
    """
    lines = _fold(" " * indent, before, expression, "")
    if len(lines) > LONG and isinstance(expression, Group) and not expression.is_call:
        items = [entry + item for entry, item in expression.items if isinstance(item, str)]
        if len(items) == len(expression.items):
            rows = filled(items, indent=4)
            lines = [f"{before}{expression.opening}", *rows, expression.closing]
            return ["# fmt: off", *lines, "# fmt: on"]
    return lines


def _fold(margin: str, before: str, expression: Expression, after: str) -> list[str]:
    line = margin + before + one_line(expression) + after
    if len(line) <= WIDTH or isinstance(expression, str) or not expression.items:
        return [line]
    inner = f"{margin}    "
    first, last = margin + before + expression.opening, margin + expression.closing + after
    # Arguments of a call stay together on one line where they fit; items of a list don't.
    body = ", ".join(entry + one_line(item) for entry, item in expression.items)
    if expression.is_call and len(inner + body) <= WIDTH:
        return [first, inner + body, last]
    last = margin + expression.closing.removeprefix(",") + after
    # A comma follows every item of a list, but not the only argument of a call.
    comma = "" if expression.is_call and len(expression.items) == 1 else ","
    lines = [line for entry, item in expression.items for line in _fold(inner, entry, item, comma)]
    return [first, *lines, last]


def comment(words: str, *, indent: int = 0) -> list[str]:
    """Return a comment, wrapped. Line breaks and control characters in it become spaces."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return [
        f"{' ' * indent}# {line}"
        for line in textwrap.wrap(plain, WIDTH - 2 - indent, break_on_hyphens=False)
    ]


def filled(items: Iterable[str], *, indent: int) -> list[str]:
    """Return the items of a list, many to a line."""
    lines = [""]
    for item in items:
        if lines[-1] and len(lines[-1]) + len(item) + 2 > WIDTH - indent:
            lines.append("")
        lines[-1] += f"{' ' if lines[-1] else ''}{item},"
    return [" " * indent + line for line in lines]


def docstring(title: str, paragraphs: Iterable[str] = ()) -> list[str]:
    """Return a module's docstring, wrapped and safe whatever the words hold."""

    def safe(words: str) -> str:
        plain = " ".join("".join(c if c.isprintable() else " " for c in words).split())
        return plain.replace("\\", "\\\\").replace('"', "'")

    first = safe(title)
    blocks = [textwrap.wrap(safe(words), WIDTH, break_on_hyphens=False) for words in paragraphs]
    lines = textwrap.wrap(f'"""{first}', WIDTH - 3)
    if not any(blocks):
        return [*lines[:-1], f'{lines[-1]}"""']
    for block in blocks:
        lines += ["", *block]
    return [*lines, '"""']
