"""What is wanted, as it is typed: `age>30 species=setosa name~smi`; for tables and for runs.

Conditions stand beside each other with spaces between them; all of them must hold. `=`, `!=`,
`<`, `<=`, `>`, `>=` compare, `~` and `!~` look for a part of a text, `a|b` accepts several
values. Quotes hold what has spaces: `"petal length">2`. What a name means, and which words may
stand alone, is up to who asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kerastui.datasets.errors import UserError

MISSING = "missing"
"""The value that stands for no value."""

_QUOTED = r'"(?:[^"])*"'
_PART = re.compile(
    rf"""\s*(?P<name>{_QUOTED}|[^\s"!=<>~]+)\s*
    (?:(?P<sign>!=|<=|>=|!~|=|<|>|~)\s*(?P<value>(?:{_QUOTED}|[^\s"])+)?)?""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Condition:
    """One condition. A word that stands alone has no sign."""

    name: str
    sign: str
    values: tuple[str, ...]


def parse(expression: str, accepted: str, alone: Callable[[str], bool]) -> tuple[Condition, ...]:
    """Return the conditions of an expression, none where it is empty.

    Args:
        expression: What was typed.
        accepted: The sentence that says what would be, for the errors.
        alone: Whether a word may stand without sign and value.

    Raises:
        UserError: It can't be read; the message names the part.
    """
    found: list[Condition] = []
    place, text = 0, expression.strip()
    while place < len(text):
        part = _PART.match(text, place)
        if part is None:
            raise UserError(f"{short(text[place:])} is no condition.", accepted)
        place = part.end()
        name, sign, value = bare(part["name"]), part["sign"], part["value"]
        if sign is None:
            if not alone(name):
                raise UserError(f"{short(part['name'])} has no sign and no value.", accepted)
            found.append(Condition(name, "", ()))
            continue
        values = tuple(bare(one) for one in re.findall(rf"(?:{_QUOTED}|[^|])+", value or ""))
        if not values:
            raise UserError(f"After {short(part['name'] + sign)} a value is wanted.", accepted)
        found.append(Condition(name, sign, values))
    return tuple(found)


def bare(text: str) -> str:
    """Return a text without its quotes."""
    return text.replace('"', "")


def short(text: str) -> str:
    """Return a text as an error shows it: in quotes, and not too long."""
    return repr(text if len(text) < 40 else text[:39] + "…")
