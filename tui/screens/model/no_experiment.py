"""What the Model screen says while there is no experiment: the keys that bring one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerastui.tui.widgets.data_grid_cells import clean
from kerastui.tui.widgets.empty import EmptyState

if TYPE_CHECKING:
    from kerastui.tui.monitor import RunMonitor

_TITLE = "No experiment yet"
_TEXT = "The layers of the current experiment stand here, to be changed."
_WAYS = (
    ("L", "pick an example, then o"),
    ("D", "choose data, then n builds a model for it"),
    ("^o", "open an experiment"),
)


class NoExperiment(EmptyState):
    """Where there is a run, its model is offered too."""

    def __init__(self) -> None:
        super().__init__(_TITLE, _TEXT, _WAYS)
        self._offered = ""

    def offer(self, monitor: RunMonitor | None) -> bool:
        """Offer the model of the run that is shown; returns whether that is another offer."""
        name = (monitor.info.name if monitor.info else monitor.run.id) if monitor else ""
        if name == self._offered:
            return False
        self._offered = name
        taking = ("Enter", f"take the model of {clean(name)}, the run that is shown")
        self.say(_TITLE, _TEXT, (taking, *_WAYS) if name else _WAYS)
        return True
