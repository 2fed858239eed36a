"""What a run's curves show, in plain words, and which techniques answer it.

Problems come in the order in which they are best solved: first whether the model learns its
training rows at all, then whether it does as well on rows it never saw, last how much of the
result is luck. Every rule is deterministic, has its threshold below, and names its figures.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kerastui.models.adviser import overfit
from kerastui.models.adviser import techniques as try_
from kerastui.models.adviser.curves import CLEAR, Curve, curve, first_bad
from kerastui.models.adviser.overfit import TOO_FEW, WORSE
from kerastui.models.adviser.techniques import Maker, Technique
from kerastui.models.experiment.schema import Experiment
from kerastui.models.runs.figures import number
from kerastui.models.runs.history import History, lower_is_better

__all__ = ["Advice", "Technique", "advise", "describe"]

Kind = Literal[
    "not_finite", "too_short", "not_learning", "rising", "unstable", "stuck", "improving",
    "overfitting", "gap", "no_validation", "validation_better", "variance", "converged", "steady",
]  # fmt: skip
Area = Literal["learning", "generalization", "prediction", "fine"]

LEAST_GAIN = 0.05  # of the first loss: less is what a model gains that only finds the mean
RESTLESS = 0.02  # noise of the first loss: a loss that jumps about without learning
CHANCE = 0.97  # of the loss of blind guessing: still there, but for a little luck
KNOWN = 0.5  # of the same: a flat loss below it was learnt before, as when training goes on
SHAKY = 0.05  # noise of a loss, of all that was gained: calm lessons have 0 to 0.04, wild ones more
RISING = 0.1  # of all that was gained, lost again: more than a last unlucky stretch
JUMP = 0.5  # of all that was gained: an epoch that throws half of it away is a spike
STILL = 0.02  # of all that was gained, in the last tenth: more is worth waiting for
GAP, ACCURACY_GAP = 1.5, 0.03  # validation loss by training loss; difference of accuracies
BETTER = 0.1  # of the training loss: more than its being an epoch's mean explains
SKILL = 0.6  # of the way from guessing to perfect; a fifth of wrong labels still leaves that
SPREAD, ACCURACY_SPREAD = 0.1, 0.02  # deviation of repeats: of their mean; of an accuracy
REPEATS = 3  # runs: fewer have no deviation to speak of


@dataclass(frozen=True)
class Advice:
    """One thing that the curves show.

    Attributes:
        kind: Which of the rules found it.
        area: The kind of problem: learning, generalization, prediction; or fine.
        sentence: What it is, in plain words.
        evidence: The figures that say so.
        techniques: What to try, the most promising first.
    """

    kind: Kind
    area: Area
    sentence: str
    evidence: list[str]
    techniques: list[Technique]


def advise(
    history: History, experiment: Experiment, repeats: Sequence[History] = ()
) -> list[Advice]:
    """Say what a run's curves show.

    Args:
        history: The run's history; it may still grow.
        experiment: What was run.
        repeats: Histories of the same experiment with other seeds.

    Returns:
        What was found, problems of learning first; never empty.
    """
    found = [
        *_learning(history, experiment),
        *_generalization(history, experiment),
        *_prediction([history, *repeats], experiment),
    ]
    if all(advice.area == "prediction" or advice.kind in _HARMLESS for advice in found):
        found += _fine(history, experiment)
    order: tuple[Area, ...] = ("learning", "generalization", "prediction", "fine")
    return sorted(found, key=lambda advice: order.index(advice.area))


_HARMLESS = ("no_validation", "validation_better", "steady")


# --- learning ------------------------------------------------------------------------------


def _learning(history: History, experiment: Experiment) -> list[Advice]:
    def advice(kind: Kind, sentence: str, evidence: list[str], *makers: Maker) -> Advice:
        return Advice(kind, "learning", sentence, evidence, try_.available(experiment, makers))

    bad = first_bad(history, "loss")
    if bad is not None:
        value = number(history.series["loss"][bad - 1])
        early = " Already in the first epoch: look at the data too." if bad == 1 else ""
        return [
            advice("not_finite", f"The loss stopped being a number in epoch {bad}.{early}",
                   [f"loss {value} in epoch {bad}"],
                   try_.learning_rate(0.1), try_.scaled_inputs, try_.clip)
        ]  # fmt: skip
    loss = curve(history, "loss")
    count = len(loss.values) if loss else 0
    if loss is None or count < TOO_FEW:
        sentence = f"{_epochs(count)} {'is' if count == 1 else 'are'} too few to say anything."
        return [advice("too_short", sentence, [f"{TOO_FEW} epochs at least"],
                       try_.more_epochs(10))]  # fmt: skip
    found = []
    if not _learned(history, experiment, loss):
        rates = [try_.learning_rate(10), try_.learning_rate(0.1)]
        if loss.noise > RESTLESS * abs(loss.first):  # it moves, but nowhere
            rates.reverse()
        evidence = [_way(loss)]
        if (chance := _chance(experiment)) is not None:
            evidence.append(f"blind guessing among equal classes has a loss of {number(chance)}")
        found.append(
            advice("not_learning", "The model does not learn: its loss hardly moved.", evidence,
                   try_.scaled_inputs, *rates,
                   try_.adam, try_.he_initializer, try_.batch_normalization, try_.wider)
        )  # fmt: skip
        return found
    # A model that was trained before gains little; its steadiness is judged by its level.
    gained = loss.gain if _clear_gain(loss) else max(loss.gain, abs(loss.end))
    spikes = loss.spikes(max(JUMP * gained, CLEAR * loss.noise))
    curves = [c for c in (loss, curve(history, "val_loss")) if c is not None]
    shaky = [c for c in curves if c.noise > SHAKY * max(gained, c.gain)]
    if loss.setback > max(RISING * gained, CLEAR * loss.noise):
        found.append(
            advice("rising", f"The training loss rises again since about epoch {loss.best[0]}: "
                   "the steps have become too large.", [_turn(loss)],
                   try_.learning_rate(0.1), try_.clip, try_.plateau, try_.larger_batch)
        )  # fmt: skip
    elif shaky or len(spikes) > 1:
        evidence = [f"{c.name} goes up and down by ±{number(c.noise)} an epoch, of "
                    f"{number(c.gain)} gained in all" for c in shaky or [loss]]  # fmt: skip
        if len(spikes) > 1:
            evidence.append(f"{len(spikes)} epochs lost half of the gain, the last one epoch "
                            f"{spikes[-1]}")  # fmt: skip
        found.append(
            advice("unstable", "Training is unstable: how good it is changes from epoch to epoch.",
                   evidence, try_.learning_rate(0.1), try_.larger_batch, try_.plateau, try_.clip)
        )  # fmt: skip
    watched = curve(history, "val_loss") or loss
    gain = 0.0 if watched.turned(WORSE) else watched.improving(STILL)
    if gain:
        stopped = any(note.kind == "early_stopping" for note in history.notes)
        found.append(
            advice("improving", "It was still getting better when it ended.",
                   [f"{watched.name} fell by {number(gain)} in the last tenth of the run, "
                    f"{gain / watched.gain:.0%} of all it gained" if watched.gain
                    else f"{watched.name} fell by {number(gain)} in the last tenth of the run"],
                   try_.more_patience if stopped else try_.more_epochs(2),
                   try_.learning_rate(3), try_.batch_normalization, try_.smaller_batch)
        )  # fmt: skip
    accuracy, skill = _skill(history, experiment)
    if not found and accuracy is not None and skill < SKILL:
        found.append(
            advice("stuck", "It learnt a little, then got stuck at a poor level.",
                   [f"{accuracy.name} {number(accuracy.end)} on the training rows",
                    f"loss flat since epoch {loss.flat_since}"],
                   try_.learning_rate(10), try_.wider, try_.batch_normalization,
                   try_.he_initializer, try_.smaller_batch, try_.scaled_inputs)
        )  # fmt: skip
    return found


def _learned(history: History, experiment: Experiment, loss: Curve) -> bool:
    chance, (_, skill) = _chance(experiment), _skill(history, experiment)
    if chance is not None and loss.end < KNOWN * chance:
        return True
    if chance is not None and loss.end >= CHANCE * chance and not skill > SKILL:
        return False
    return _clear_gain(loss) or skill > SKILL


def _clear_gain(loss: Curve) -> bool:
    return loss.gain > max(LEAST_GAIN * abs(loss.first), CLEAR * loss.noise)


def _chance(experiment: Experiment) -> float | None:
    """The loss of guessing blindly among the classes, None where the loss is no crossentropy."""
    loss = experiment.compile.loss
    classes = _classes(experiment)
    if isinstance(loss, dict) or "crossentropy" not in loss.type.lower() or classes is None:
        return None
    if "focal" in loss.type.lower() or experiment.fit.class_weight or loss.parameters:
        return None
    return math.log(classes)


def _classes(experiment: Experiment) -> int | None:
    task, last = experiment.data.task, try_.last_layer(experiment)
    if task == "binary":
        return 2
    units = last.parameters.get("units") if last else None
    return units if task == "multiclass" and isinstance(units, int) and units > 1 else None


def _skill(history: History, experiment: Experiment) -> tuple[Curve | None, float]:
    """The training accuracy, and how far it is from guessing (0) to perfect (1); NaN unknown."""
    classes = _classes(experiment)
    name = next((n for n in history.metrics if "acc" in n and not n.startswith("val_")), "")
    accuracy = curve(history, name)
    if accuracy is None or classes is None:
        return None, math.nan
    return accuracy, (accuracy.end - 1 / classes) / (1 - 1 / classes)


# --- generalization ------------------------------------------------------------------------


def _generalization(history: History, experiment: Experiment) -> list[Advice]:
    def advice(kind: Kind, sentence: str, evidence: list[str], *makers: Maker) -> list[Advice]:
        techniques = try_.available(experiment, makers)
        return [Advice(kind, "generalization", sentence, evidence, techniques)]

    loss, val = curve(history, "loss"), curve(history, "val_loss")
    if loss is None or len(loss.values) < TOO_FEW:
        return []
    if val is None:
        return advice("no_validation", "No curve says how it does on rows it never saw.",
                      ["no val_loss in the history"], try_.validation)  # fmt: skip
    if len(val.values) < TOO_FEW:
        return []
    stiffer = (try_.early_stopping, try_.weight_decay, try_.noise, try_.dropout, try_.narrower)
    if (epoch := overfit.turning(loss, val)) is not None:
        kept = " The run went back to the best weights." if try_.restores_best(experiment) else ""
        return advice(
            "overfitting",
            f"It overfits since about epoch {epoch}: from there on it learns its training rows "
            f"by heart and gets worse on others.{kept}",
            [_turn(val), f"loss {number(loss.at(epoch))} at epoch {epoch}, {number(loss.end)} at "
             "the end", *_accuracies(history)],
            *stiffer,
        )  # fmt: skip
    noise = max(loss.noise, val.noise)
    difference = val.end - loss.end
    accuracies = _accuracy_pair(history)
    visible = accuracies is None or abs(accuracies[0].end - accuracies[1].end) > ACCURACY_GAP
    if difference > CLEAR * noise and val.end > GAP * loss.end and visible:
        return advice(
            "gap", "It does clearly better on its training rows than on others.",
            [f"loss {number(loss.end)}, val_loss {number(val.end)}", *_accuracies(history)],
            *stiffer[1:],
        )  # fmt: skip
    if -difference > max(CLEAR * noise, BETTER * abs(loss.end)):
        masked = try_.uses(experiment, "Dropout", "Noise")
        sentence = "It does better on validation than on training rows. " + (
            "That is as it should be: dropout and noise work only while it trains."
            if masked
            else "The validation part may be easier than the rest, or too small."
        )
        return advice(
            "validation_better", sentence,
            [f"loss {number(loss.end)}, val_loss {number(val.end)}", *_accuracies(history)],
            *([try_.less_dropout] if masked else [try_.other_split, try_.repeats]),
        )  # fmt: skip
    return []


def _accuracy_pair(history: History) -> tuple[Curve, Curve] | None:
    for name in history.metrics:
        if not lower_is_better(name) and not name.startswith("val_"):
            train, val = curve(history, name), curve(history, f"val_{name}")
            if train and val:
                return train, val
    return None


def _accuracies(history: History) -> list[str]:
    pair = _accuracy_pair(history)
    return [f"{c.name} {number(c.end)} at the end" for c in pair] if pair else []


# --- prediction ----------------------------------------------------------------------------


def _prediction(histories: Sequence[History], experiment: Experiment) -> list[Advice]:
    if len(histories) < REPEATS:
        return []
    name = _judged(histories)
    curves = [found for history in histories if (found := curve(history, name)) is not None]
    if len(curves) < REPEATS:
        return []
    ends = sorted(found.end for found in curves)
    mean, deviation = statistics.fmean(ends), statistics.stdev(ends)
    evidence = [f"{name} of {len(ends)} runs: {number(mean)} ± {number(deviation)}, "
                f"{number(ends[0])} to {number(ends[-1])}"]  # fmt: skip
    failed = 0
    for history in histories:
        loss = curve(history, "loss")
        broken = first_bad(history, "loss") is not None
        failed += loss is None or broken or not _learned(history, experiment, loss)
    if failed:
        evidence.append(f"{failed} of {len(histories)} runs did not learn at all")
    limit = SPREAD * abs(mean) if lower_is_better(name) else ACCURACY_SPREAD
    if deviation > limit or 0 < failed < len(histories):
        makers = (try_.repeats, try_.he_initializer, try_.plateau, try_.early_stopping,
                  try_.larger_batch, try_.learning_rate(0.1), try_.batch_normalization)  # fmt: skip
        return [Advice("variance", "prediction", "Luck decides too much: the same experiment ends "
                       "elsewhere with every seed.", evidence,
                       try_.available(experiment, makers))]  # fmt: skip
    return [Advice("steady", "fine", "Repeats agree: the seed matters little.", evidence, [])]


def _judged(histories: Sequence[History]) -> str:
    """The metric that runs are judged by: of validation where there is any, rather no loss."""
    common = set.intersection(*(set(history.series) for history in histories))
    names = sorted(common - {"learning_rate", "loss", "val_loss"})
    validation = [name for name in names if name.startswith("val_")]
    wanted = [*validation, "val_loss"] if "val_loss" in common else names
    return next((name for name in wanted if name in common), "loss")


# --- fine ----------------------------------------------------------------------------------


def _fine(history: History, experiment: Experiment) -> list[Advice]:
    loss = curve(history, "val_loss") or curve(history, "loss")
    if loss is None:
        return []
    since = loss.flat_since
    makers = (try_.early_stopping, try_.plateau, try_.repeats)
    return [
        Advice("converged", "fine", f"It learnt what it could: flat since about epoch {since}.",
               [_way(loss), f"{loss.name} flat since epoch {since}"],
               try_.available(experiment, makers))
    ]  # fmt: skip


# --- the curve in words --------------------------------------------------------------------


_TOLD = ("early_stopping", "nan")  # a changed rate is in its own curve


def describe(history: History) -> str:
    """Return a run's curves in one paragraph, for whoever cannot see the chart."""
    if not history.epoch:
        return "No epoch has ended yet."
    of = f" of {history.epochs}" if history.epochs > history.epoch else ""
    state = f"{history.status.capitalize()} after {_epochs(history.epoch)}{of}"
    words = [text for name in history.metrics if (text := _in_words(history, name))]
    notes = [f"Epoch {n.epoch}: {n.text.rstrip('.')}." for n in history.notes if n.kind in _TOLD]
    return " ".join([f"{state}: {'; '.join(words)}.", *notes[-3:]])


def _in_words(history: History, name: str) -> str:
    found = curve(history, name)
    if name == "learning_rate":
        if found is None or len(set(found.values)) < 2:
            return ""
        return f"learning_rate went from {number(found.first)} to {number(found.values[-1])}"
    if found is None:
        return f"{name} was never a number"
    last = found.values[-1]
    parts = []
    if len(found.values) == 1:
        parts.append(f"{name} is {number(last)}")
    elif number(last) == number(found.first):
        parts.append(f"{name} is at {number(last)} as in the beginning")
    else:
        verb = "fell" if last < found.first else "rose"
        parts.append(f"{name} {verb} from {number(found.first)} to {number(last)}")
    best = history.best(name)
    if best and len(found.values) > 1 and best.epoch != found.epochs[-1]:
        parts.append(f"best {number(best.value)} at epoch {best.epoch}")
    if len(found.values) >= TOO_FEW:
        if found.turned(WORSE):
            parts.append(f"{'rising' if found.falls else 'falling'} since about {found.best[0]}")
        elif found.flat_for >= max(3, len(found.values) // 10):
            parts.append(f"flat for the last {found.flat_for} epochs")
        elif found.improving(STILL):
            parts.append(f"still {'falling' if found.falls else 'rising'}")
    lost = len(history.series[name]) - found.epochs[-1]
    if lost > 0 and name == "loss":
        parts.append(f"no number since epoch {found.epochs[-1] + 1}")
    return ", ".join(parts)


def _way(found: Curve) -> str:
    count = _epochs(len(found.values))
    return f"{found.name} {number(found.first)} after the first of {count}, {number(found.end)} " \
           "at the end"  # fmt: skip


def _turn(found: Curve) -> str:
    epoch, best = found.best
    return f"{found.name} {number(best)} about epoch {epoch}, {number(found.end)} at the end"


def _epochs(count: int) -> str:
    return "1 epoch" if count == 1 else f"{count} epochs"
