"""A study on the Train screen: its members' curves over each other, and their live table."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content

from kerastui.models.studies.view import Row
from kerastui.tui.screens.base import Dialog
from kerastui.tui.screens.train import study_words as say
from kerastui.tui.study_monitor import Picture
from kerastui.tui.widgets import metrics_table
from kerastui.tui.widgets.footer import FooterLine
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.loss_chart import Line, LossChart
from kerastui.tui.widgets.measured import Static
from kerastui.tui.widgets.panel import Panel
from kerastui.tui.widgets.row_list import Column, RowList
from kerastui.tui.widgets.row_list import Row as ListRow

COLOURS = 4
"""Lines that have a colour of their own; the next ones share them, drawn as single signs."""


def curves(picture: Picture, metric: str, selected: str) -> list[Line]:
    """Return what one chart shows: a colour for each variant.

    Where there are repeats or folds, their mean is drawn, each of them faintly, and the one
    under the cursor in the colour of the text.
    """
    variants = picture.variants
    joined = picture.joined.get(metric)
    several = picture.repeated or metric in picture.spoken
    found = [
        Line(f"{variant}, mean of {count}" if len(variants) > 1 else f"mean of {count}", mean,
             colour=variants.index(variant))
        for variant, (count, mean) in picture.means.get(metric, {}).items()
    ]  # fmt: skip
    if joined:
        found.append(Line("mean, smoothed", joined, colour=len(variants), exact=True, marks=False))
    for row in picture.overview.rows:
        values = picture.series.get(row.run, {}).get(metric)
        if values is None:
            continue
        colour = variants.index(row.variant)
        label = say.name(row, picture)
        if several:
            found.append(Line(label, values, colour=colour, faint=True))
        if not several or row.run == selected:
            dotted = colour // COLOURS % 2 == 1
            found.append(Line(label, values, colour=colour, dotted=dotted, plain=several))
    return found


class StudyView(Vertical):
    """A study as a whole."""

    DEFAULT_CSS = """
    StudyView {
        & > #study-charts { height: 1fr; min-height: 5; }
        & > #study-figures { height: auto; }
        & > #study-figures > Panel { width: 1fr; height: auto; }
        & > #study-status { padding: 0 1; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.picture: Picture | None = None
        self.metric = ""
        self._chosen = False
        self._rows: list[ListRow] = []

    def compose(self) -> ComposeResult:
        with Horizontal(id="study-charts"):
            yield LossChart(id="study-chart")
            yield LossChart(id="study-second")
        with Panel(title="study", id="study-members"):
            yield RowList(
                [
                    Column("variant"),
                    Column("state", 11),
                    Column("epochs", say.EPOCHS_WIDTH, "right"),
                    Column("last", 10, "right"),
                    Column("best", 19, "right", least=100),
                    Column("time", 11, "right", least=74),
                    Column("left", 12, "right", least=100),
                ],
                id="study-rows",
            )
        with Horizontal(id="study-figures"):
            for name, title in (("spread", "over the seeds"), ("verdicts", "published")):
                with Panel(title=title, id=f"study-{name}"):
                    yield LineView(id=f"lines-{name}")
        yield LineView(id="study-status")

    @property
    def selected(self) -> Row | None:
        """The member under the cursor."""
        if self.picture is None:
            return None
        key = self.query_one("#study-rows", RowList).key
        return next((row for row in self.picture.overview.rows if _key(row) == key), None)

    @property
    def epochs(self) -> int:
        """The epochs of the member that is farthest."""
        rows = self.picture.overview.rows if self.picture else ()
        return max((row.epoch for row in rows), default=0)

    def show(self, picture: Picture | None) -> None:
        """Show a study as it is now; None: it is still being read."""
        self.picture = picture
        if picture is None:
            self._chosen = False
            self._put_rows([])
            for chart in self.query(LossChart):
                chart.show("", [], empty="reading the study …")
            return
        self._put_rows([_list_row(row, picture) for row in picture.overview.rows])
        overview = picture.overview
        metric = next((row.metric for row in overview.rows if row.metric), "")
        best = " and best" if self.size.width >= 100 else ""
        note = f"last{best} of {metric}" if metric else ""
        self.query_one("#study-members", Panel).set_title(f"study {picture.experiment.name}", note)
        self.draw_charts()
        self.lay_out()

    def draw_charts(self) -> None:
        """Draw the curves, as the cursor or the metric may have changed."""
        picture = self.picture
        if picture is None:
            return
        names = list(picture.metrics) or ["loss"]
        both = len(names) > 1 and self.screen.has_class("-wide")
        if not self._chosen or self.metric not in names or (both and self.metric == names[0]):
            spoken = [name for name in names if name in picture.spoken]
            self.metric = (spoken or (names[1:] if both else names))[0]
        second = self.query_one("#study-second")
        second.display = both
        chosen = self.selected
        total = max((row.epochs for row in picture.overview.rows), default=0)
        trains = any(row.state == "running" for row in picture.overview.rows)
        begins = "the first epoch is under way" if trains else "the workers are starting …"
        shown = (names[0], self.metric) if both else (self.metric,)
        for chart_id, metric in zip(("#study-chart", "#study-second"), shown, strict=False):
            self.query_one(chart_id, LossChart).show(
                metric.replace("_", " "),
                curves(picture, metric, chosen.run if chosen else ""),
                total=total,
                ended=picture.over,
                empty="no epoch was trained" if picture.over else begins,
            )

    def next_metric(self) -> None:
        """Show the next metric, in the second chart where there are two."""
        names = list(self.picture.metrics) if self.picture else []
        if self.query_one("#study-second").display:
            names = names[1:]
        if names:
            here = names.index(self.metric) if self.metric in names else -1
            self.metric, self._chosen = names[(here + 1) % len(names)], True
            self.draw_charts()

    def lay_out(self) -> None:
        """Share the height out, and write what the study says as a whole."""
        picture = self.picture
        if picture is None:
            return
        height, width = self.size.height, self.size.width
        wide = self.screen.has_class("-wide") and height >= 24
        rows = max(4 if height >= 20 else 2, len(picture.overview.rows) + 1)  # 4: with a headline
        self.query_one("#study-members").styles.height = 2 + min(rows, max(3, height * 2 // 5 - 2))
        spread = say.spread(picture, width // 2 - 4) if wide else []
        room = (width // 2 if spread else width) - 4
        judged = picture.overview.verdicts if wide else ()
        verdicts = metrics_table.published(judged, room, ended=picture.over)
        most = max(3, height // 4)
        for name, lines in (("spread", spread), ("verdicts", verdicts)):
            self.query_one(f"#study-{name}").display = bool(lines)
            if len(lines) > most:
                more = f"… {len(lines) - most + 1} more, t shows all"
                lines = [*lines[: most - 1], Content.styled(more, "$faint")]
            self.query_one(f"#lines-{name}", LineView).show(lines)
        self.query_one("#study-status", LineView).show(say.status(picture, max(10, width - 2)))

    def on_resize(self) -> None:
        self.call_after_refresh(self.lay_out)

    def on_row_list_moved(self) -> None:
        self.draw_charts()

    def _put_rows(self, rows: list[ListRow]) -> None:
        same = len(rows) == len(self._rows) and all(
            one.key == other.key and list(map(str, one.cells)) == list(map(str, other.cells))
            for one, other in zip(rows, self._rows, strict=True)
        )
        if not same:
            self._rows = rows
            self.query_one("#study-rows", RowList).set_rows(rows)


class StudyFigures(Dialog[None]):
    """Everything that a study says in figures, for screens with little room beside the charts."""

    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("escape,t", "close", "back", key_display="Esc", tooltip="Close the figures"),
    ]

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture

    def compose(self) -> ComposeResult:
        panel = Panel(title=f"figures of {self.picture.experiment.name}", classes="dialog -large")
        with panel, VerticalScroll(classes="dialog-text"):
            yield Static()
        yield FooterLine()

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def on_resize(self) -> None:
        self.call_after_refresh(self._fill)

    def _fill(self) -> None:
        picture, width = self.picture, max(20, self.query_one(Static).size.width)
        parts = [
            say.status(picture, width),
            metrics_table.published(picture.overview.verdicts, width, ended=picture.over),
            say.spread(picture, width),
        ]
        lines = [line for part in parts if part for line in (*part, Content(""))]
        self.query_one(Static).update(Content("\n").join(lines))

    def action_close(self) -> None:
        self.dismiss(None)


def _key(row: Row) -> str:
    return f"{row.variant}\0{row.seed}"


def _list_row(row: Row, picture: Picture) -> ListRow:
    return ListRow(_key(row), say.cells(row, picture))
