"""A Python script under construction: imports, constants, functions and the lines in order."""

from __future__ import annotations

import re
import sys

from kerastui.models.code.layout import Expression, comment, statement

_ALIASES = {"numpy": "np", "pandas": "pd"}


class Script:
    """Collects what the parts of a script need; `render` puts it together."""

    def __init__(self) -> None:
        self.before: list[str] = []
        """What has to happen before Keras is imported."""
        self._imports: set[tuple[str, str]] = set()
        self._constants: list[str] = []
        self._functions: list[list[str]] = []
        self._sections: list[tuple[str, list[str]]] = []

    def use(self, module: str, name: str = "") -> None:
        """Import a module, or one name of it."""
        self._imports.add((module, name))

    def constant(self, name: str, value: Expression, why: str = "") -> None:
        """Give a value a name at the top of the script."""
        self._constants += [*comment(why), *statement(f"{name} = ", value)]

    def function(self, *lines: str) -> None:
        """Define a function above the script's steps; one that is there already counts."""
        if list(lines) not in self._functions:
            self._functions.append(list(lines))

    def section(self, title: str) -> None:
        """Begin a new step of the script with a comment."""
        self._sections.append((title, []))

    @property
    def _lines(self) -> list[str]:
        """The lines of the current step."""
        if not self._sections:
            self._sections.append(("", []))
        return self._sections[-1][1]

    def note(self, words: str) -> None:
        """Add a comment."""
        self._lines.extend(comment(words))

    def add(self, *lines: str) -> None:
        """Add lines as they are."""
        self._lines.extend(lines)

    def assign(self, target: str, value: Expression) -> None:
        """Add an assignment."""
        self._lines.extend(statement(f"{target} = ", value))

    def do(self, value: Expression, *, indent: int = 0) -> None:
        """Add an expression, a call."""
        self._lines.extend(statement("", value, indent=indent))

    @property
    def names(self) -> set[str]:
        """All names the script has used so far."""
        steps = [lines for _, lines in self._sections]
        text = "\n".join(line for lines in [*steps, *self._functions] for line in lines)
        text = re.sub(r'"[^"\n]*"', '""', text)  # words in quotes are no names
        modules = {name or _ALIASES.get(module, module) for module, name in self._imports}
        return modules | set(re.findall(r"[^\W\d]\w*", text))

    def render(self, heading: list[str]) -> str:
        """Return the whole script below the docstring `heading`."""
        blocks = [heading, self._import_lines(), self._constants]
        text = "\n\n".join("\n".join(block) for block in blocks if block)
        for function in self._functions:
            text += "\n\n\n" + "\n".join(function)
        gap = "\n\n\n" if self._functions else "\n\n"
        steps = ["\n".join([*comment(title), *lines]) for title, lines in self._sections]
        return text + gap + "\n\n".join(steps) + "\n"

    def cells(self) -> list[tuple[str, list[str]]]:
        """Return the script in pieces, each with the words above it: imports, then every step.

        A function stands before the first step that uses it, itself or by another function.
        """
        waiting = list(self._functions)
        head = [*self._import_lines(), *([""] if self._constants else []), *self._constants]
        cells = [("", head)]
        for title, lines in self._sections:
            used = _used("\n".join(lines), waiting)
            waiting = [function for function in waiting if function not in used]
            made = [line for function in used for line in (*function, "", "")]
            cells.append((title, [*made, *lines]))
        return cells

    def _import_lines(self) -> list[str]:
        """Imports as sorters want them: the standard library first, `import` before `from`."""
        standard = {entry for entry in self._imports if entry[0] in sys.stdlib_module_names}
        if self.before:
            standard.add(("os", ""))
        blocks = [_sorted_imports(standard), self.before, _sorted_imports(self._imports - standard)]
        lines: list[str] = []
        for block in blocks:
            if block:
                lines += [*([""] if lines else []), *block]
        return lines


def _sorted_imports(entries: set[tuple[str, str]]) -> list[str]:
    modules = sorted(module for module, name in entries if not name)
    lines = [
        f"import {module} as {_ALIASES[module]}" if module in _ALIASES else f"import {module}"
        for module in modules
    ]
    for module in sorted({module for module, name in entries if name}, key=str.lower):
        names = sorted(name for other, name in entries if other == module and name)
        lines.append(f"from {module} import {', '.join(names)}")
    return lines


def _used(text: str, functions: list[list[str]]) -> list[list[str]]:
    """Return the functions that a text names, and those that these name, in their order."""
    found: list[list[str]] = []
    texts = [text]
    while texts:
        words = set(re.findall(r"\w+", texts.pop()))
        new = [one for one in functions if one not in found and _name(one) in words]
        found += new
        texts += ["\n".join(one) for one in new]
    return [function for function in functions if function in found]


def _name(function: list[str]) -> str:
    """The name of a function, by its first line."""
    return function[0].removeprefix("def ").partition("(")[0]
