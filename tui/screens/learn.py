"""Learn."""

from __future__ import annotations

from kerastui.tui.screens.base import SectionScreen


class LearnScreen(SectionScreen):
    SECTION = "learn"
