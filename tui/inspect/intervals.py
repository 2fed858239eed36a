"""Every figure of a part with its 95 % interval, beside the log's and beside published ones."""

from __future__ import annotations

from typing import Any

from textual.content import Content

from kerastui.models.look import judge_reasons
from kerastui.models.runs.figures import number
from kerastui.tui.inspect.judge import JudgeLines, left_out
from kerastui.tui.inspect.judging import judging
from kerastui.tui.inspect.lines import aligned, plain
from kerastui.tui.inspect.subject import Found

SHARES = frozenset({"accuracy", "precision", "recall", "F1", "ROC AUC", "average precision",
                    "precision, macro", "recall, macro", "F1, macro"})  # fmt: skip
"""Figures between 0 and 1, whose interval is also drawn."""


class IntervalsPane(JudgeLines):
    """The figures."""

    KEY, LABEL, NOTE = "figures", "figures ± chance", "95 %"

    @classmethod
    def fits(cls, found: Found) -> bool:
        # A model without data says here what is missing.
        return judging(found).experiment is None or super().fits(found)

    async def fetch(self) -> dict[str, Any]:
        return await self.ask("judge_figures_of")

    def lines(self, answer: dict[str, Any], width: int) -> tuple[list[Content], Content | None]:
        found, shared = self.found, self.judging
        assert found is not None
        rows, part = int(answer["rows"]), shared.part
        figures = answer["figures"]
        if not figures:
            return [*left_out(answer, width), Content.styled("No row is left to judge by.",
                                                             "$muted")], None  # fmt: skip
        beside = [self._beside(found, part, one) for one in figures]
        logged = any(log is not None for log, _ in beside)
        known = any(published is not None for _, published in beside)
        used = 46 + 17 * logged + 17 * known  # cells that the other columns take
        strip = min(16, width - used) if any(one["name"] in SHARES for one in figures) else 0
        drawn = strip >= 12
        table: list[list[Content | str]] = []
        for one, (log, published) in zip(figures, beside, strict=True):
            low, high = one["low"], one["high"]
            limits = low is not None and high is not None
            cells: list[Content | str] = [
                Content.styled(str(one["name"]), "$muted"),
                Content.styled(number(float(one["value"])), "bold"),
                f"{number(float(low))} – {number(float(high))}" if limits else "–",
            ]
            if drawn:
                share = one["name"] in SHARES and limits
                cells.append(
                    _strip(float(low), float(one["value"]), float(high), strip) if share else ""
                )
            if logged:
                cells.append(Content.styled(plain(log) if log is not None else "", "$muted"))
            if known:
                cells.append(_published(published, one))
            table.append(cells)
        titles = ["", part, "95 % interval", *([""] if drawn else []),
                  *(["log, last epoch"] if logged else []),
                  *(["published"] if known else [])]  # fmt: skip
        right = [False, True, True, *([False] if drawn else []), *([True] if logged else []),
                 *([True] if known else [])]  # fmt: skip
        head, lines = aligned(table, titles, right)
        lines = [*lines, *left_out(answer, width), Content("")]
        lines += Content.styled(
            f"n = {rows:,} rows. The interval: 95 % of {int(answer['resamples']):,} resamples of "
            "these rows, drawn with replacement (bootstrap, with a seed). So far chance moves a "
            "figure between samples of this size." + self._caution(), "$muted",
        ).wrap(max(8, width))  # fmt: skip
        flat = [one for one in figures if one["name"] in SHARES and one["low"] is not None
                and one["low"] == one["high"]]  # fmt: skip
        if flat:
            # Hanley & Lippman-Hand (1983), the rule of three: 95 % limit where nothing was seen.
            names = ", ".join(str(one["name"]) for one in flat)
            lines += Content.styled(
                f"{names}: the same in every resample, because no such row is told wrong. That is "
                f"no certainty: of {rows:,} rows without an error, about {3 / rows:.1%} may still "
                "be wrong (rule of three).", "$muted",
            ).wrap(max(8, width))  # fmt: skip
        reasons = self._reasons(found, part, rows, logged, known)
        for title, told in reasons:
            lines += [Content(""), Content.styled(title, "$faint")]
            for reason in told:
                wrapped = Content(reason).wrap(max(8, width - 2))
                lines += [Content.assemble(("· " if not place else "  ", "$faint"), line)
                          for place, line in enumerate(wrapped)]  # fmt: skip
        about = [one for one in figures if one["about"]]
        lines += [Content(""), Content.styled("what they are", "$faint")]
        wide = max(len(str(one["name"])) for one in about) if about else 0
        for one in about:
            wrapped = Content.styled(str(one["about"]), "$muted").wrap(max(8, width - wide - 2))
            for place, line in enumerate(wrapped):
                name = str(one["name"]) if not place else ""
                lines.append(Content.assemble((f"{name:<{wide}}  ", "$muted"), line))
        return lines, head

    def _caution(self) -> str:
        experiment = self.judging.experiment
        if experiment is not None and experiment.data.task == "forecasting":
            return " Values of a series hang together: the true uncertainty is larger."
        return ""

    def _beside(
        self, found: Found, part: str, one: dict[str, Any]
    ) -> tuple[float | str | None, Any]:
        """Return what the log's last epoch says, and the verdict on a published figure."""
        prefix = {"train": "last.", "validation": "last.val_"}.get(part)
        log = None
        if prefix is not None and found.run is not None:
            log = next((found.figures[prefix + key] for key in one["keys"]
                        if prefix + key in found.figures), None)  # fmt: skip
        paths = {f"{part}.{key}" for key in one["keys"]}
        published = next((verdict for verdict in found.verdicts if verdict.figure.figure in paths
                          and verdict.figure.value is not None), None)  # fmt: skip
        return log, published

    def _reasons(
        self, found: Found, part: str, rows: int, logged: bool, known: bool
    ) -> list[tuple[str, list[str]]]:
        experiment = self.judging.experiment
        if experiment is None or found.run is None or part == "file":
            return []
        told = []
        of_log = judge_reasons.of_log(experiment, part, found.info)
        if of_log:
            title = "why the log's last epoch differs" if logged else "the training log"
            told.append((title, of_log))
        of_published = judge_reasons.of_published(experiment, found.info, rows, known)
        if of_published:
            told.append(("why the published figure differs", of_published))
        return told


def _published(verdict: Any, one: dict[str, Any]) -> Content:
    if verdict is None:
        return Content("")
    value = verdict.figure.value
    text = plain(value)
    if not isinstance(value, int | float) or one["low"] is None or one["high"] is None:
        return Content(text)
    inside = float(one["low"]) <= float(value) <= float(one["high"])
    return Content.assemble(text, (" within" if inside else " beyond",
                                   "$good" if inside else "$warn"))  # fmt: skip


def _strip(low: float, value: float, high: float, width: int) -> Content:
    """Return an interval between 0 and 1 as a line, with its value on it."""
    first, last = round(low * (width - 1)), round(high * (width - 1))
    dot = round(value * (width - 1))
    parts: list[Any] = []
    for place in range(width):
        if place == dot:
            parts.append(("●", "$primary"))
        elif first <= place <= last:
            parts.append(("━", "$series-1"))
        else:
            parts.append(("─", "$line"))
    return Content.assemble(*parts)
