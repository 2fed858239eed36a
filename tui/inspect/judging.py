"""What judges the model of one subject: whose data, which part of it, which output."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kerastui.models.look.judge_kinds import Kind, kinds
from kerastui.tui.inspect.subject import Found

if TYPE_CHECKING:
    from kerastui.models.experiment.schema import Experiment

PARTS = ("train", "validation", "test")


@dataclass
class Judging:
    """What all judging panes of one subject have in common.

    Attributes:
        experiment: Whose data judges; None where none is known.
        borrowed: Whether that is the current experiment's, for a model that was merely opened.
        part: `train`, `validation`, `test` or `file`.
        file: The path of a labelled file, once one was given.
        sizes: Rows of each part, once they are known.
        choices: What the model predicts: name and kind.
        choice: Which of them is judged.
        answers: Question and arguments -> answer.
    """

    experiment: Experiment | None
    borrowed: bool = False
    part: str = ""
    file: str = ""
    sizes: dict[str, int] = field(default_factory=dict)
    choices: list[dict[str, str]] = field(default_factory=list)
    choice: int = 0
    answers: dict[Any, dict[str, Any]] = field(default_factory=dict)

    @property
    def kinds(self) -> set[Kind]:
        """What its outputs predict."""
        return set(kinds(self.experiment)) if self.experiment is not None else set()

    @property
    def parts(self) -> list[str]:
        """The parts that can be chosen."""
        known = [part for part in PARTS if part in self.sizes or not self.sizes]
        return [*known, "file"] if self.file else known


def judging(found: Found) -> Judging:
    """Return what the judging panes of a subject share."""
    shared = found.shared.get("judging")
    if not isinstance(shared, Judging):
        shared = found.shared["judging"] = Judging(found.experiment)
        shared.part = first_part(found)
    return shared


def first_part(found: Found) -> str:
    """Return the part that is judged at first: the test, where there is one."""
    if found.info is not None and (parts := found.info.data.get("parts")):
        return next((part for part in reversed(PARTS) if part in parts), "train")
    return "test"
