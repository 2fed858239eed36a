"""Short messages that come and go."""

from __future__ import annotations

from typing import Any, Literal

from textual.app import App

Severity = Literal["information", "warning", "error"]


def say(app: App[Any], text: str, severity: Severity = "information", title: str = "") -> None:
    """Show a toast. The text is shown as it is; it is never read as markup."""
    app.notify(text, title=title, severity=severity, markup=False)
