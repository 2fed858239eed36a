"""The weights of a saved model: all of them with their statistics, and views of each."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.style import Style
from textual.widget import AwaitMount, Widget
from textual.worker import Worker

from kerastui.datasets.errors import UserError
from kerastui.tui.inspect import words as inspect_words
from kerastui.tui.inspect.difference import compare
from kerastui.tui.inspect.embedding import NeighboursView
from kerastui.tui.inspect.heat import HeatView
from kerastui.tui.inspect.histogram import HistogramView
from kerastui.tui.inspect.kernels import KernelsView
from kerastui.tui.inspect.lines import LinesView
from kerastui.tui.inspect.looked import Looked, WeightView
from kerastui.tui.inspect.matrix import MOST_COLUMNS, NumbersView
from kerastui.tui.inspect.pane import InspectPane, LinesPane
from kerastui.tui.inspect.subject import Found, read_live
from kerastui.tui.inspect.write_weight import write_formulas, write_weight
from kerastui.tui.widgets import words
from kerastui.tui.widgets.line_view import LineView
from kerastui.tui.widgets.row_list import Row

if TYPE_CHECKING:
    from kerastui.models.saved.survey import Cut, Extremes

VIEWS: tuple[type[WeightView], ...] = (
    NumbersView, HistogramView, HeatView, KernelsView, NeighboursView,
)  # fmt: skip

LIVE_EVERY = 3.0
"""Seconds between two looks at the checkpoint of a run that goes on."""

_LIVE = "as the last checkpoint has them; they change while the run goes on"

_THEN = ", as the checkpoint was then"

EXPORT = Binding("x", "export", "export", tooltip="Write the numbers to a .csv or .npy file")


class WeightsPane(InspectPane):
    """The layers' weights in one table, or one of them in the view that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_view(1)", "next view", key_display="Tab",
                tooltip="Numbers, histogram, picture and what else there is of this weight"),
        Binding("shift+tab", "next_view(-1)", "view before", show=False,
                tooltip="The view of this weight before"),
        Binding("m", "extreme", "extremes",
                tooltip="Go to the largest number, the smallest, the first that is NaN"),
        Binding("N,left_square_bracket", "slice(-1)", "slice before", show=False,
                tooltip="The slice before, along the axes that stand still"),
        Binding("n,right_square_bracket", "slice(1)", "next slice", key_display="n",
                tooltip="The next slice, along the axes that stand still"),
        Binding("equals_sign", "compare", "compare", key_display="=",
                tooltip="Set the weights beside those of another run, epoch or file"),
        Binding("v", "turn", "other axes", tooltip="Let other axes go down and across"),
        EXPORT,
    ]  # fmt: skip

    def __init__(self) -> None:
        super().__init__()
        self.looked: Looked | None = None
        self._view: type[WeightView] = NumbersView
        self._beside: tuple[str, list[Content]] = "", []
        self._extremes: tuple[Looked, Extremes, int] | None = None
        self._stamp = 0
        self._made: dict[type[WeightView], AwaitMount] = {}
        self._newer: Worker[None] | None = None

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        found = found.live or found
        count = found.model.parameters if found.model else 0
        made = [Row("layers", ("layers", Content.styled(f"{count:,}" if count else "–", "$muted")))]
        shapes = [words.shape(one.shape) or "1" for one in found.statistics]
        for place, (name, shape) in enumerate(zip(found.weight_names, shapes, strict=True)):
            made.append(Row(f"weight {place}", (name, Content.styled(shape, "$muted")), level=1))
        return made

    def compose(self) -> ComposeResult:
        yield LineView(id="weight-note")
        yield LinesView(id="weight-lines")

    def on_mount(self) -> None:
        self.set_interval(LIVE_EVERY, self._again)

    # What is shown

    def _again(self) -> None:
        """Look for a newer checkpoint, while the run goes on, unless one is just being read."""
        live = self.display and self.found is not None and self.found.of_checkpoint
        if live and (self._newer is None or self._newer.is_finished):
            self._newer = self._renew()

    @work(group="live", exit_on_error=False)
    async def _renew(self) -> None:
        """Show the weights of a newer checkpoint."""
        found = self.found
        assert found is not None
        stamp = await asyncio.to_thread(_stamp, found.path)
        if stamp == self._stamp:
            return
        newer = await asyncio.to_thread(read_live, found)
        if newer is None or found is not self.found or self.model_changed(newer):
            return
        self._stamp, self._extremes = stamp, None
        self.found = newer
        if self.looked is None:
            self.show("layers", self.size.width)
        else:
            self.looked = Looked(newer, self.looked.place, self.looked.cut)
            self._tell(self.size.width)
            self._show_view()

    def model_changed(self, newer: Found) -> bool:
        """Say whether another checkpoint is of another model."""
        assert self.found is not None
        return [one.shape for one in newer.weights] != [one.shape for one in self.found.weights]

    def set_found(self, found: Found) -> None:
        super().set_found(found)
        self.found = found.live or found
        self.looked, self._extremes, self._stamp = None, None, 0
        self._beside = "", []

    def show(self, key: str, width: int) -> str:
        found = self.found
        assert found is not None
        single = key != "layers"
        self.query_one("#weight-note").display = single
        lines = self.query_one("#weight-lines", LinesView)
        if not single:
            self.looked = None
            for view in self.query(WeightView):
                view.display = False
            lines.display = True
            if found.model is None:
                lines.show(inspect_words.no_model(found, "model", width))
            else:
                head, told = inspect_words.layers(found.model, found.statistics)
                if self._beside[0]:
                    head, *told = self._beside[1]
                    note = f"{self._beside[0]}{_THEN * found.of_checkpoint} · = for others"
                    told += [Content(""), Content.styled(note, "$muted")]
                elif found.of_checkpoint:
                    told += [Content(""), Content.styled(_LIVE, "$muted")]
                lines.show(told, head)
            return key
        from kerastui.models.saved.survey import Cut

        place = int(key.removeprefix("weight "))
        if self.looked is None or self.looked.place != place:
            self.looked = Looked(found, place, Cut.last(found.weights[place].shape))
            if self._view not in self.views:
                self._view = NumbersView
            lines.show([])  # they keep the focus until there is a view to have it
            self._show_view()
        self._tell(width)
        return found.weight_names[place]

    @property
    def views(self) -> list[type[WeightView]]:
        """The views of the weight that is shown."""
        looked = self.looked
        return [view for view in VIEWS if view.suits(looked)] if looked is not None else []

    @property
    def view(self) -> WeightView | None:
        """The view that was chosen, once it is shown."""
        views = self.query(self._view) if self.looked is not None else ()
        return next((view for view in views if view.is_mounted and view.display), None)

    def _tell(self, width: int) -> None:
        looked = self.looked
        assert looked is not None
        lines = inspect_words.weight(looked.statistics, width)
        tabs = [
            Content.assemble(
                (str(place), "$primary"), " ",
                (view.NAME, "bold" if view is self._view else "$muted"),
            ).stylize(Style.from_meta({"view": place}))
            for place, view in enumerate(self.views, 1)
        ]  # fmt: skip
        parts = [Content("   ") if place % 2 else tabs[place // 2]
                 for place in range(2 * len(tabs) - 1)]  # fmt: skip
        self.query_one("#weight-note", LineView).show([*lines, Content.assemble(*parts), ""])

    @work(group="view", exclusive=True, exit_on_error=False)
    async def _show_view(self, go: tuple[int, ...] | None = None) -> None:
        """Show the chosen view of the weight, made when it is first wanted."""
        kind, looked = self._view, self.looked
        if kind not in self._made:
            self._made[kind] = self.mount(kind())
        with self.kerastui.hold_keys():
            await self._made[kind]  # also where another worker began it
        if kind is not self._view or looked is not self.looked or looked is None:
            return
        within = self.has_focus_within  # what goes away takes the focus along
        self.query_one("#weight-lines").display = False
        for view in self.query(WeightView):
            view.display = view.__class__ is kind
        view = self.query_one(kind)
        if view.looked is not looked:
            self.call_after_refresh(view.show_weight, looked)
        if go is not None and isinstance(view, NumbersView):
            self.call_after_refresh(view.go, go)
        if within:
            self.take_focus()
        self.screen.refresh_bindings()

    @property
    def to_focus(self) -> Widget:
        view = self.view
        return view.to_focus if view is not None else self.query_one("#weight-lines")

    def on_click(self, event: events.Click) -> None:
        if place := event.style.meta.get("view"):
            self.action_choose(int(place) - 1)

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        looked = self.looked
        if action == "compare":
            return looked is None and self.found is not None and self.found.model is not None
        if action == "edit":
            return looked is not None and self._view is NeighboursView
        if action in ("choose", "next_view", "export", "extreme", "slice", "turn"):
            if looked is None:
                return False
            if action == "slice":
                return looked.cut.slices > 1
            if action == "turn":
                return len(looked.weight.shape) > 1
        return super().check_action(action, parameters)

    def action_choose(self, place: int) -> None:
        """Show another view of the weight."""
        if place < len(self.views):
            self._view = self.views[place]
            self._tell(self.size.width)
            self._show_view()

    @work(group="ask word", exclusive=True, exit_on_error=False)
    async def action_edit(self) -> None:
        """Ask for the word whose neighbours are wanted."""
        if isinstance(view := self.view, NeighboursView):
            await view.ask()

    def action_next_view(self, step: int) -> None:
        """Show the next view."""
        place = self.views.index(self._view) + step
        self.action_choose(place % len(self.views))

    def action_slice(self, step: int) -> None:
        """Show another slice."""
        if self.looked is not None:
            self._take(self.looked.cut.moved(step))

    def action_turn(self) -> None:
        """Show a slice along other axes."""
        if self.looked is not None:
            self._take(self.looked.cut.turned())

    def _take(self, cut: Cut, go: tuple[int, ...] | None = None) -> None:
        assert self.looked is not None
        if cut != self.looked.cut:
            self.looked = Looked(self.looked.found, self.looked.place, cut)
        self._show_view(go)

    @work(group="extremes", exit_on_error=False)
    async def action_extreme(self) -> None:
        """Go to the largest number; again: to the smallest, then to the first NaN."""
        from kerastui.models.saved.survey import extremes

        looked = self.looked
        if looked is None:
            return
        if self._extremes is None or self._extremes[0].place != looked.place:
            try:
                found = await asyncio.to_thread(extremes, looked.weight)
            except UserError as error:
                self.kerastui.tell_error(error, "The weight can't be searched")
                return
            now = self.looked
            if now is None or now.found is not looked.found or now.place != looked.place:
                return
            looked = now
            # Every press is a step, also where it came before the first answer.
            if self._extremes is None or self._extremes[0].place != looked.place:
                self._extremes = looked, found, 0
        _, found, turn = self._extremes
        places = [place for place in (found.high, found.low, found.broken) if place is not None]
        if not places:
            return
        self._extremes = looked, found, turn + 1
        index = places[turn % len(places)]
        if self._view is not NumbersView:
            self._view = NumbersView
            self._tell(self.size.width)
        cut = looked.cut
        if cut.cell(index)[1] >= MOST_COLUMNS:
            cut = cut.turned()
        self._take(cut.holding(index), index)

    @work(group="compare", exclusive=True, exit_on_error=False)
    async def action_compare(self) -> None:
        """Set the weights beside those of another run, of another epoch, or of a file."""
        found = self.found
        if found is None or found.model is None:
            return
        try:
            beside = await compare(self.kerastui, found, shown=bool(self._beside[0]))
        except UserError as error:
            self.kerastui.tell_error(error, "The weights can't be compared")
            return
        # A newer checkpoint of the same run may have come meanwhile.
        if beside is not None and self.found is not None and found.path == self.found.path:
            self._beside = beside
            if self.looked is None:  # who looks at one weight meanwhile goes on with that
                self.show("layers", self.size.width)

    @work(group="export", exclusive=True, exit_on_error=False)
    async def action_export(self) -> None:
        """Write the numbers to a file."""
        if self.looked is not None:
            await write_weight(self.kerastui, self.looked)


class FormulasPane(LinesPane):
    """A dense network weight by weight, as the lessons write it down."""

    BINDINGS: ClassVar[list[BindingType]] = [EXPORT]

    @classmethod
    def rows(cls, found: Found) -> list[Row]:
        told = f"{len(found.formulas):,}" if found.formulas else "–"
        return [Row("formulas", ("as formulas", Content.styled(told, "$muted")))]

    def show(self, key: str, width: int) -> str:
        assert self.found is not None
        if self.found.formulas is None:
            self.view.show(inspect_words.no_model(self.found, "formulas", width))
        else:
            head = Content.styled(
                "from -> to, and the weight · x writes all of it as CSV", "$faint"
            )
            self.view.show(self.found.formulas, head, width=60)
        return "as formulas"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "export":
            return self.found is not None and self.found.formulas is not None
        return super().check_action(action, parameters)

    @work(group="export", exclusive=True, exit_on_error=False)
    async def action_export(self) -> None:
        """Write the listing to a file."""
        if self.found is not None and self.found.formulas is not None:
            await write_formulas(self.kerastui, self.found.formulas, self.found.name)


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0
