"""`kerastui headless`: the real app without a terminal."""

from __future__ import annotations


def headless() -> None:
    """tbd"""
