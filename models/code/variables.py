"""What the variables of an exported script hold while its data section is written."""

from __future__ import annotations

from kerastui.models.code.script import Script


class Variables:
    """The arrays `x` and `y`, from the split on one pair a part.

    Attributes:
        parts: The suffix of each part's variables: `train` is in `x_train` and `y_train`; an
            empty suffix stands for `x` and `y`.
        x: What the inputs are: `frame` (a pandas table), `texts`, the name of a NumPy type, or
            `block` (pictures or the like of another type; `float64` stands for tables).
        y: The NumPy type of the targets: `float64`, `float32`, `int32`, `int` (another integer),
            or `any` before they are encoded.
        names: Whether the names of the rows are in variables `names`.
        known: Names of the classes where the target already holds their numbers.
        class_names: The variable with the names of the classes, or empty.
        transforms: Expressions of `{x}` that also new inputs go through.
    """

    def __init__(
        self, script: Script, x: str, y: str, *, names: bool, known: tuple[str, ...], split: bool
    ) -> None:
        self.script = script
        self.parts = {"train": "train", "test": "test"} if split else {"train": ""}
        self.x, self.y, self.names, self.known = x, y, names, known
        self.class_names = ""
        self.transforms: list[str] = []

    def of(self, array: str, part: str) -> str:
        """The variable of a part: of `x`, `y` or `names`."""
        return variable(array, self.parts[part])

    @property
    def arrays(self) -> list[str]:
        """The arrays every part has."""
        return ["x", "y", "names"] if self.names else ["x", "y"]

    @property
    def suffixes(self) -> list[str]:
        """The suffixes of all parts; the test part may be the validation part too."""
        return list(dict.fromkeys(self.parts.values()))

    @property
    def rows(self) -> str:
        """What selects rows of the inputs by their place."""
        return ".iloc" if self.x == "frame" else ""

    def inputs(self, template: str, kind: str) -> None:
        """Apply an expression of `{x}` to the inputs of every part, and to new ones later."""
        self.transforms.append(template)
        for suffix in self.suffixes:
            x = variable("x", suffix)
            self.script.add(f"{x} = {template.format(x=x)}")
        self.x = kind

    def targets(self, template: str, kind: str) -> None:
        """Apply an expression of `{y}` to the targets of every part."""
        for suffix in self.suffixes:
            y = variable("y", suffix)
            self.script.add(f"{y} = {template.format(y=y)}")
        self.y = kind

    def finish_inputs(self) -> None:
        """Bring inputs that are a table, or too wide, to float32."""
        if self.x == "frame":
            self.inputs('{x}.to_numpy("float32")', "float32")
        elif self.x in ("float64", "block"):
            self.inputs('{x}.astype("float32")', "float32")

    def finish_targets(self, kind: str) -> None:
        """Bring the targets to their type."""
        if self.y != kind:
            self.targets(f'{{y}}.astype("{kind}")', kind)


def variable(name: str, suffix: str) -> str:
    """The name of a variable of a part."""
    return f"{name}_{suffix}" if suffix else name
