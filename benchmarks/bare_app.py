"""The smallest Textual app: what any app on Textual has to pay for its first frame."""

from textual.app import App, ComposeResult
from textual.widgets import Label


class Bare(App[None]):
    """One label."""

    def compose(self) -> ComposeResult:
        yield Label("one label")


if __name__ == "__main__":
    Bare().run()
