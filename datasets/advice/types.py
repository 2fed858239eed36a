"""What is known of data, and what is proposed for it. Pure, without any array library."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from kerastui.datasets import spec

Kind = Literal["table", "series", "pictures", "texts"]
Level = Literal["problem", "warning", "note"]

_IDENTIFIERS = ("id", "ids", "nr", "no", "index", "key", "uuid", "guid", "number", "row", "code")


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What is known of one column.

    Attributes:
        low, high, mean, deviation: Of numbers; of dates `low` and `high` in days since 1970.
        known: Cells with a value, of those looked at.
        different: Different values among them.
        whole: Numbers without decimals, dates without a time of day.
        rising: Each value is larger than the one before.
        common: The most frequent values with their counts, most frequent first.
        words: Words in a cell of text, on average.
        numeric: Cells of text that would be numbers.
        infinite: Cells that hold infinity.
        strange: The first cells of text that would not, where most would.
    """

    name: str
    kind: Literal["number", "text", "date"]
    missing: int
    known: int
    different: int
    whole: bool = False
    rising: bool = False
    low: float | None = None
    high: float | None = None
    mean: float | None = None
    deviation: float | None = None
    common: tuple[tuple[str, int], ...] = ()
    words: float = 0.0
    numeric: int = 0
    infinite: int = 0
    strange: tuple[str, ...] = ()

    @property
    def constant(self) -> bool:
        """Whether every cell holds the same, or none holds anything."""
        return self.different <= 1

    @property
    def gaps(self) -> float:
        """Share of the cells without a value."""
        return self.missing / max(1, self.missing + self.known)

    @property
    def identifier(self) -> bool:
        """Whether it names the rows instead of describing them."""
        if self.known < 20 or self.kind == "date":
            return False
        alone = self.different == self.known
        named = any(token in _IDENTIFIERS for token in tokens(self.name))
        if self.kind == "text":
            return self.words < 4 and (alone or (named and self.different > 0.5 * self.known))
        if not self.whole or self.low is None or self.high is None:
            return False
        counted = self.rising and self.high - self.low == self.known - 1
        return alone and (counted or named)


@dataclass(frozen=True)
class DataFacts:
    """What is known of a data set.

    Attributes:
        rows: Rows in all, 0 where nobody has counted them yet.
        looked: Rows that the facts are from.
        incomplete: Rows with at least one missing cell, of those looked at.
        columns: Of a table or a series, in order.
        target: What the data set itself calls its target.
        names: The column that names the rows, or empty.
        own_split: It comes with a test part.
        shape: Shape of one picture.
        highest: The largest value of a pixel.
        lengths: Words of a text: median, and what nine of ten do not exceed.
        vocabulary: Different words, 0 where that is not known.
        classes: Of pictures and texts: name to count.
    """

    kind: Kind
    rows: int
    looked: int
    incomplete: int = 0
    columns: tuple[ColumnFacts, ...] = ()
    target: tuple[str, ...] = ()
    names: str = ""
    own_split: bool = False
    shape: tuple[int, ...] = ()
    highest: float = 0.0
    lengths: tuple[int, int] = (0, 0)
    vocabulary: int = 0
    classes: tuple[tuple[str, int], ...] = ()

    def column(self, name: str) -> ColumnFacts | None:
        """The facts of one column."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, ColumnFacts]:
        return {column.name: column for column in self.columns}

    @property
    def in_order_of(self) -> str:
        """The column whose dates rise from row to row, or empty."""
        rising = (c.name for c in self.columns if c.kind == "date" and c.rising)
        return next(rising, "")

    @property
    def count(self) -> int:
        """Rows, as far as they were counted."""
        return self.rows or self.looked


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that was decided: what, to what, and why, in a sentence."""

    what: str
    value: str
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A whole preparation with the reasons for each part of it.

    Attributes:
        features: Empty where all columns but the target serve.
        left_out: Column to why it is no feature.
    """

    task: spec.Task
    target: list[str] = field(default_factory=list)
    features: list[str] = field(default_factory=list)
    steps: list[spec.Step] = field(default_factory=list)
    split: spec.Split = field(default_factory=spec.Split)
    reasons: tuple[Reason, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)

    def changes(self) -> dict[str, Any]:
        """The proposal as the fields of an experiment's data."""
        return {
            "task": self.task,
            "target": list(self.target),
            "features": list(self.features),
            "steps": [step.model_dump(mode="json", exclude_defaults=True) for step in self.steps],
            "split": self.split.model_dump(mode="json", exclude_defaults=True),
        }


def tokens(name: str) -> list[str]:
    """The words in a column's name: `SalePrice`, `sale_price` → `sale`, `price`."""
    return [word.casefold() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+|[^\W\d_]+", name)]


@dataclass(frozen=True, slots=True)
class Concern:
    """Something about data and their preparation that one should know of.

    Attributes:
        level: A `problem` makes the result worthless or stops the run; a `warning` rarely does
            what was meant; a `note` is good to know.
        where: What it is about: `target`, `features`, `steps` or `split`.
        sentence: What is the matter.
        evidence: The numbers behind it.
        cure: What would mend it, in a few words; empty where only a person can.
        changes: The cure, as changes of the experiment.
    """

    level: Level
    where: str
    sentence: str
    evidence: str
    cure: str = ""
    changes: dict[str, Any] = field(default_factory=dict)
