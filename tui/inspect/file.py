"""The file of a model: what it is, what Keras needs changed in it, its layers as saved."""

from __future__ import annotations

from textual.content import Content

from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.lines import aligned
from kerastui.tui.inspect.pane import LinesPane
from kerastui.tui.inspect.subject import Found
from kerastui.tui.widgets import words
from kerastui.tui.widgets.row_list import Row


class FilePane(LinesPane):
    """What a model's file says of itself, read without Keras."""

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        size = words.size(found.model.size) if found.model else "–"
        return [Row("file", ("the file", Content.styled(size, "$muted")))]

    def show(self, key: str, width: int) -> str:
        found = self.found
        assert found is not None
        if found.model is None:
            self.view.show(inspect_words.no_model(found, "model", width))
        else:
            self.view.show(_told(found, width))
        return found.path.name


def _told(found: Found, width: int) -> list[Content]:
    from kerastui.models.saved.model import FORMATS
    from kerastui.models.saved.repair import repair

    model = found.model
    assert model is not None
    facts = [
        ("Path", str(found.path)),
        ("Format", FORMATS[model.format]),
        ("Keras", " · ".join(filter(None, (model.keras_version, model.backend)))),
        ("Saved", model.saved),
        ("Model", model.kind),
        ("Compiled", _training(model.training)),
    ]
    lines: list[Content] = []
    for name, value in facts:
        for part in Content(value).wrap(max(8, width - 12)) if value else ():
            lines.append(Content.assemble((f"{name:<12}", "$muted"), part))
            name = ""
    done = repair(model)
    for sentence in done.refused:
        lines += Content.styled(f"▲ {sentence}", "$warn").wrap(max(8, width))
    if done.refused:
        lines += Content.styled(
            "So Keras can't build it. What is in it can be looked at all the same.", "$muted"
        ).wrap(max(8, width))
    elif done.changes and not model.keras_version.startswith("3"):
        lines += [
            Content(""),
            Content.styled("changed on a copy, so that Keras 3 builds it", "$faint"),
        ]
        for change in done.changes:
            lines += Content(f"· {change}").wrap(max(8, width))
    rows: list[list[Content | str]] = [
        [layer.name, Content.styled(layer.kind, "$muted"),
         "–" if model.format == "json" else f"{sum(one.count for one in layer.weights):,}",
         Content.styled(" ← " + ", ".join(dict.fromkeys(layer.inbound)), "$faint")
         if layer.inbound else ""]
        for layer in model.layers
    ]  # fmt: skip
    head, table = aligned(rows, ["layer", "class", "parameters", ""], [False, False, True, False])
    return [*lines, Content(""), head, *table]


def _training(training: object) -> str:
    """Return optimizer and loss by name, as far as the file says."""
    if not isinstance(training, dict) or not training:
        return ""
    optimizer = training.get("optimizer_config") or training.get("optimizer")
    return " · ".join(filter(None, (_called(optimizer), _called(training.get("loss")))))


def _called(part: object) -> str:
    if isinstance(part, dict) and "class_name" in part:
        return str(part["class_name"]).rpartition(">")[2]
    return str(part)[:60] if part else ""
