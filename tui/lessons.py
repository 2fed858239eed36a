"""What the Learn screen says about an example. Pure: plain values in, text out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.content import Content

from kerastui.datasets.errors import UserError
from kerastui.models.runs.figures import Value, Verdict, judge, number
from kerastui.tui.run_index import Record

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.datasets.fetch import Located
    from kerastui.models.experiment.schema import Experiment, Variant
    from kerastui.models.shipped import Entry


Variants = Mapping[str, Mapping[str, Value]]
"""Variant -> what it reached, by the path of the figure."""


@dataclass(frozen=True)
class Mine:
    """What the user's own runs of an example say.

    Attributes:
        verdicts: The published figures beside those of the last finished run on the real data.
        last: That run.
        running: A run that goes on now.
        values: The leading figure of all finished runs, the oldest first.
        substitute: The newest run, if it was on a substitute and nothing better is there.
    """

    verdicts: tuple[Verdict, ...] = ()
    last: Record | None = None
    running: Record | None = None
    values: tuple[float, ...] = ()
    substitute: Record | None = None

    @property
    def state(self) -> str:
        """All in all: `inside`, `outside` if any figure is, `missing` where there is nothing."""
        states = {verdict.state for verdict in self.verdicts if verdict.expected}
        if self.last is None or "outside" in states:
            return "outside" if states else "missing"
        return "missing" if "missing" in states else "inside"

    @property
    def done(self) -> bool:
        """Whether the last run has every figure right."""
        return self.state == "inside"


def mine(entry: Entry, records: Iterable[Record]) -> Mine:
    """Return what the runs of an example say; `records` are its runs, the newest first."""
    from kerastui.models.experiment.schema import Figure

    base = entry.plain.get("study", {}).get("base", "base")
    every = list(records)
    running = next((record for record in every if record.active), None)
    own = [
        record
        for record in every
        if record.info and record.info.status == "finished" and record.info.variant in ("", base)
    ]
    real = [record for record in own if record.info and not record.info.substitute]
    figures = [Figure.model_validate(plain) for plain in entry.plain.get("published", [])]
    if not real:
        return Mine(running=running, substitute=own[0] if own else None)
    last, variants = _study(real[0], real)
    reached = {**(last.info.figures if last.info else {}), **variants.get(base, {})}
    values = []
    if figures:
        for record in reversed(real):
            value = record.info.figures.get(figures[0].figure) if record.info else None
            if isinstance(value, int | float):
                values.append(float(value))
    return Mine(
        tuple(judge(figure, reached, variants) for figure in figures), last, running, tuple(values)
    )


def _study(newest: Record, own: Sequence[Record]) -> tuple[Record, Variants]:
    """Return the run that stands for the newest run's study, and what its members reached.

    Where a study repeats, the members' record holds the medians; and the run that stands for it
    is the one that succeeded, where it repeated until then.
    """
    from kerastui.models.studies import store as study_store

    folder = study_store.of_run(newest.run, newest.info) if newest.info else None
    if folder is None:
        return newest, {}
    try:
        info = folder.info()
    except UserError:
        return newest, {}
    standing = next((record for record in own if record.run.id == info.run), newest)
    return standing, info.figures


def leading(entry: Entry) -> dict[str, Any]:
    """Return the published figure that the list shows, as plain values; empty if none is."""
    published: Sequence[dict[str, Any]] = entry.plain.get("published", [])
    return next((figure for figure in published if "value" in figure), {})


def shown(value: Value | None) -> str:
    """Return a figure as the lists show it."""
    if value is None:
        return "–"
    return value if isinstance(value, str) else number(value)


def short_title(entry: Entry) -> str:
    """Return the title without the question that follows the colon."""
    return entry.title.partition(":")[0]


_TELLING = ("units", "filters", "rate", "pool_size", "kernel_size", "stddev", "input_dim",
            "output_dim", "activation")  # fmt: skip


def model_line(model: Mapping[str, Any]) -> str:
    """Return a model in one line: `Dense 10 relu → Dropout 0.5 → Dense 1 sigmoid`."""
    layers: Sequence[Mapping[str, Any]] = model.get("layers") or model.get("nodes") or []
    return " → ".join(_layer(layer) for layer in layers if not layer.get("disabled"))


def _layer(layer: Mapping[str, Any]) -> str:
    words = [str(layer.get("type", "?"))]
    for name in _TELLING:
        value = layer.get(name)
        if isinstance(value, dict):
            words.append(str(value.get("type", "")))
        elif isinstance(value, list):
            words.append("×".join(str(part) for part in value))
        elif value is not None:
            words.append(str(value))
    return " ".join(words)


def fit_line(entry: Entry, seconds: float | None) -> str:
    """Return how an example is trained, with the time it took here."""
    from kerastui.tui.widgets.words import duration

    fit = entry.plain.get("fit", {})
    batch = fit.get("batch_size", 32)
    stopping = any(
        callback == "EarlyStopping"
        or (isinstance(callback, dict) and callback.get("type") == "EarlyStopping")
        for callback in entry.plain.get("callbacks", [])
    )
    text = f"{'up to ' if stopping else ''}{fit.get('epochs', 10):,} epochs, "
    text += "all rows in one batch" if batch == "all" else f"batch {batch}"
    variants = entry.plain.get("study", {}).get("variants", [])
    if variants:
        text += f" · {len(variants) + 1} runs, one after the other"
    return f"{text} · {duration(seconds)} here" if seconds else text


def data_line(card: Card) -> str:
    """Return what a data set holds: `Ionosphere radar returns · 351 rows · 34 numbers each`."""
    from kerastui.tui.widgets.words import shape

    parts = [card.title]
    if card.rows:
        parts.append(f"{card.rows:,} rows")
    if card.shape:
        parts.append(
            f"{card.shape[0]} numbers each" if len(card.shape) == 1 else f"{shape(card.shape)} each"
        )
    return " · ".join(parts)


def data_state(card: Card, located: Located | None) -> tuple[str, str]:
    """Return where the data is, in words, and the colour of the words."""
    if card.recipe is not None:
        if located is None:
            return "not there, or not readable", "$bad"
        return ("here, as imported", "$good") if located.verified else (
            "here, but changed since it was imported", "$warn")  # fmt: skip
    if located is None:
        if card.embedded:
            return "needs scikit-learn", "$warn"
        text = "to be downloaded"
        return f"{text} (or the substitute {card.stand_in})" if card.stand_in else text, "$warn"
    if located.origin == "generated":
        return "made on the spot", "$good"
    if located.origin == "embedded":
        return "here, comes with scikit-learn", "$good"
    if located.verified:
        return "here, SHA-256 verified", "$good"
    return "here, your own copy (differs from the published file)", "$warn"


VERDICTS = {"inside": ("✓", "$good"), "outside": ("≠", "$warn"), "missing": ("·", "$muted")}
"""State of a figure -> its mark and colour."""


def figure_table(published: Sequence[Mapping[str, Any]], mine: Mine, width: int) -> Content:
    """Return the published figures beside the user's own, in aligned columns.

    Args:
        published: The figures as plain values.
        mine: What the user's runs say; its verdicts are in the same order, or there are none.
        width: Cells there are. Where they are few, what is expected stands on a line of its own.
    """
    labels = [str(figure.get("label") or figure.get("figure", "")) for figure in published]
    wide = width >= 58
    room = max(4, min(max(map(len, labels)), width - (42 if wide else 24)))
    head = f"{'':{room}} {'published':>10} {'yours':>10}" + ("   expected" if wide else "")
    lines = [Content.styled(head, "$faint")]
    for place, figure in enumerate(published):
        verdict = mine.verdicts[place] if place < len(mine.verdicts) else None
        mark, colour = VERDICTS.get(verdict.state if verdict else "", (" ", "$muted"))
        if verdict and verdict.state == "missing":
            mark = " "
        got = shown(verdict.got) if verdict else "–"
        expected = expectation(figure)
        label = Content(labels[place]).truncate(room, ellipsis=True, pad=True)
        line = Content.assemble(
            label,
            f" {shown(figure.get('value')):>10}",
            (f"{mark} ".rjust(11 - len(got)), colour),
            (got, "bold" if verdict and verdict.got is not None else "$faint"),
        )
        if expected:
            line = Content.assemble(
                line, (("   " if wide else "\n  expected ") + expected, "$muted")
            )
        lines.append(line)
    notes = [str(figure["note"]) for figure in published if figure.get("note")]
    lines += [Content.styled(note, "$muted") for note in dict.fromkeys(notes)]
    return Content("\n").join(lines)


def expectation(figure: Mapping[str, Any]) -> str:
    """Return what is right for a published figure, in words; empty where nothing says it."""
    if low_high := figure.get("band"):
        return f"{number(low_high[0])} – {number(low_high[1])}"
    if "equals" in figure:
        return shown(figure["equals"])
    if compare := figure.get("compare"):
        other = compare.get("variant") or compare.get("figure") or figure.get("figure", "")
        return f"{compare.get('relation', '')} {other}"
    return ""


def tried(experiment: Experiment, variant: Variant) -> Experiment:
    """Return an example with one thing changed.

    Published figures speak of the example as it stands: they stay as something to look at, but
    nothing says any longer what is right. Repeating it with other seeds changes nothing else.

    Raises:
        UserError: The variant does not fit the example.
    """
    changes = dict(variant.set)
    if not all(path.startswith("study.") for path in changes):
        if experiment.study is not None:
            # The runs of a base of that name are taken for those of the example itself.
            changes.setdefault("study.base", f"{experiment.study.base}, {variant.name}")
        changes["published"] = [
            figure.model_dump(include={"figure", "variant", "label", "value"})
            for figure in experiment.published
            if figure.value is not None
        ]
    return experiment.changed(changes)
