"""The two themes of our own. Calm: one accent for the focus, other colours only for states.

All colours are taken from the fixed part of the 256-colour table, so that a terminal without
truecolor (plain SSH, tmux, screen) shows exactly the same picture.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = "kerastui-dark"
LIGHT = "kerastui-light"


def _theme(name: str, *, dark: bool, base: dict[str, str]) -> Theme:
    """Build a theme from the few colours that decide everything."""
    accent, text, muted, line = base["accent"], base["text"], base["muted"], base["line"]
    ground, raised, cursor = base["ground"], base["raised"], base["cursor"]
    return Theme(
        name=name,
        dark=dark,
        primary=accent,
        secondary=accent,
        accent=accent,
        warning=base["warn"],
        error=base["bad"],
        success=base["good"],
        foreground=text,
        background=ground,
        surface=ground,
        panel=raised,
        boost=raised,
        text_alpha=1.0,
        variables={
            "muted": muted,
            "faint": base["faint"],
            "line": line,
            "cursor": cursor,
            "raised": raised,
            "run": base["run"],
            "good": base["good"],
            "warn": base["warn"],
            "bad": base["bad"],
            "series-1": base["series-1"],
            "series-2": base["series-2"],
            "series-3": base["series-3"],
            "series-4": base["series-4"],
            "text": text,
            "text-muted": muted,
            "text-disabled": base["faint"],
            "border": accent,
            "border-blurred": line,
            "block-cursor-foreground": text,
            "block-cursor-background": cursor,
            "block-cursor-text-style": "bold",
            "block-cursor-blurred-foreground": text,
            "block-cursor-blurred-background": cursor,
            "block-cursor-blurred-text-style": "none",
            "block-hover-background": raised,
            "input-cursor-background": text,
            "input-cursor-foreground": ground,
            "input-selection-background": cursor,
            "input-selection-foreground": text,
            "screen-selection-background": base["select"],
            "screen-selection-foreground": text,
            "scrollbar": line,
            "scrollbar-hover": muted,
            "scrollbar-active": accent,
            "scrollbar-background": ground,
            "scrollbar-background-hover": ground,
            "scrollbar-background-active": ground,
            "scrollbar-corner-color": ground,
            "footer-background": ground,
            "footer-foreground": muted,
            "footer-key-foreground": text,
            "link-color": accent,
            "link-background": ground,
            "link-color-hover": text,
            "link-background-hover": cursor,
            "markdown-h1-color": text,
            "markdown-h2-color": accent,
            "markdown-h3-color": text,
            "button-foreground": text,
            "button-color-foreground": ground,
        },
    )


THEMES = (
    _theme(
        DARK,
        dark=True,
        base={
            "accent": "#87afff",
            "text": "#dadada",
            "muted": "#949494",
            "faint": "#6c6c6c",
            "line": "#444444",
            "ground": "#121212",
            "raised": "#1c1c1c",
            "cursor": "#303030",
            "select": "#005f87",
            "run": "#5fd7d7",
            "good": "#87d787",
            "warn": "#d7af5f",
            "bad": "#ff8787",
            "series-1": "#87afff",
            "series-2": "#ffaf5f",
            "series-3": "#87d787",
            "series-4": "#d787d7",
        },
    ),
    _theme(
        LIGHT,
        dark=False,
        base={
            "accent": "#005fd7",
            "text": "#262626",
            "muted": "#626262",
            "faint": "#8a8a8a",
            "line": "#bcbcbc",
            "ground": "#ffffff",
            "raised": "#eeeeee",
            "cursor": "#dadada",
            "select": "#afd7ff",
            "run": "#008787",
            "good": "#008700",
            "warn": "#875f00",
            "bad": "#d70000",
            "series-1": "#005fd7",
            "series-2": "#d75f00",
            "series-3": "#008700",
            "series-4": "#870087",
        },
    ),
)

OWN_VARIABLES = {
    name: THEMES[0].variables[name]
    for name in (
        "muted",
        "faint",
        "line",
        "cursor",
        "raised",
        "run",
        "good",
        "warn",
        "bad",
        "series-1",
        "series-2",
        "series-3",
        "series-4",
    )
}
"""Our own variables with values to fall back on when a theme of somebody else is chosen."""
