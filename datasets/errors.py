"""The one kind of error a user is meant to read."""

from __future__ import annotations


class UserError(Exception):
    """Something the user typed, opened or lost, told in plain words.

    Args:
        message: What was wrong and what was received.
        hint: What would be accepted, or what to do next; shown on a line of its own.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()
