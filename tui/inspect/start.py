"""Going on with the model that is looked into: which data, what is trained, a new experiment."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from kerastui.datasets.errors import UserError
from kerastui.tui.screens.dialogs import Ask, Choice
from kerastui.tui.widgets.form_edit import Choose
from kerastui.tui.widgets.form_fields import Option
from kerastui.tui.widgets.toast import say

if TYPE_CHECKING:
    from kerastui.datasets.catalogue import Card
    from kerastui.models.experiment.schema import Experiment
    from kerastui.models.file_data import Train
    from kerastui.tui.app import KerasTui
    from kerastui.tui.inspect.subject import Found

CHANNEL = "keep"


@dataclass(frozen=True)
class Offer:
    """Data that the model can be given.

    Attributes:
        name: As it stands in the list.
        note: What it is, and whether it fits.
        experiment: The experiment whose data it is; None where one is to be proposed.
        card: The data set, where one is to be proposed.
    """

    name: str
    note: str
    experiment: Experiment | None = None
    card: Card | None = None


async def go_on(app: KerasTui, found: Found) -> None:
    """Ask for data and for what is trained, and make an experiment of it; what fails is told."""
    try:
        told = await _prepared(app, found)
        if len(told["inputs"]) > 1:
            raise UserError(
                f"{found.path.name} has {len(told['inputs'])} inputs. Here only models with one "
                "can be trained further.",
                "Its weights and activations can be looked at all the same.",
            )
        offers = await asyncio.to_thread(_offers, app, found, told["inputs"][0])
        options = [Option(offer.name, offer.note) for offer in offers]
        chosen = await app.push_screen_wait(Choose("with which data?", options, None))
        if chosen is None:
            return
        offer = next(one for one in offers if one.name == chosen)
        train = await _train(app, told)
        if train is None:
            return
        await _begin(app, found, told, offer, train)
    except UserError as error:
        app.tell_error(error, "The model can't be used like this")


async def repair(app: KerasTui, found: Found) -> None:
    """Write a copy that today's Keras opens by itself, and look into that."""
    try:
        told = await _prepared(app, found)
    except UserError as error:
        app.tell_error(error, "No repaired copy was written")
        return
    if not told["changes"]:
        say(app, f"Today's Keras opens {found.path.name} as it is.", title="Nothing to repair")
        return
    from pathlib import Path

    app.open_model(Path(told["path"]))
    count = len(told["changes"])
    changes = f"{count} change{'s' * (count != 1)}; the old file is untouched."
    say(app, f"{told['path']}\n{changes}", title="Repaired copy")


async def _prepared(app: KerasTui, found: Found) -> dict[str, Any]:
    """Ask for a file that an experiment can begin with."""
    await app.launcher.start()
    say(app, f"Opening {found.path.name} with Keras …", title="Model")
    return await app.launcher.request(
        "model.start", channel=CHANNEL, path=str(found.path),
        folder=str(app.workspace.root.absolute() / "models"),
    )  # fmt: skip


def _offers(app: KerasTui, found: Found, wanted: list[int | None]) -> list[Offer]:
    """Return the data to choose from: the model's own, the current, own files, the catalogue."""
    from kerastui.datasets.catalogue import cards
    from kerastui.datasets.files.library import Library
    from kerastui.models.file_data import card_fits

    made: list[Offer] = []
    if found.run is not None and found.experiment is not None:
        made.append(Offer("its own", f"{found.experiment.data.dataset}, as it was trained on",
                          found.experiment))  # fmt: skip
    current = app.current
    if current is not None and (not made or current.data != made[0].experiment.data):  # type: ignore[union-attr]
        made.append(Offer("the current one", f"{current.data.dataset}, as it is prepared now",
                          current))  # fmt: skip
    known: list[tuple[int, Offer]] = []
    for card in [*Library(app.workspace.root).cards(), *cards()]:
        fits, what = card_fits(card, wanted)
        says = {True: "fits", False: "does not fit", None: "may fit"}[fits]
        order = {True: 0, None: 1, False: 2}[fits]
        known.append((order, Offer(card.name, f"{says} · {what}", card=card)))
    known.sort(key=lambda pair: pair[0])
    return [*made, *(offer for _, offer in known)]


async def _train(app: KerasTui, told: dict[str, Any]) -> Train | None:
    """Ask what is trained."""
    weighted = [layer for layer in told["layers"] if layer["parameters"]]
    last = f"{weighted[-1]['name']} ({weighted[-1]['type']})" if weighted else "none"
    some = (f"{weighted[-1]['parameters']:,} of {told_parameters(told):,} parameters; the others "
            "stay as they are.") if weighted else ""  # fmt: skip
    choices = [
        Choice("n", "nothing: evaluate it and predict with it",
               "Inspect then judges it by these data."),
        Choice("w", "a new last layer, for another task",
               f"{last} is cut, one that suits the target is put on, and alone is trained."),
        Choice("l", f"its last layer with weights, {last}", some),
        Choice("e", "everything", f"All {told_parameters(told):,} parameters go on from here."),
    ]  # fmt: skip
    key = await app.push_screen_wait(Ask("use the model", "What shall be trained?", choices))
    kinds = {"n": "nothing", "w": "new", "l": "last", "e": "all"}
    return cast("Train", kinds[key]) if key else None


def told_parameters(told: dict[str, Any]) -> int:
    """Return the number of all parameters of a file's layers."""
    return sum(int(layer["parameters"]) for layer in told["layers"])


async def _begin(
    app: KerasTui, found: Found, told: dict[str, Any], offer: Offer, train: Train
) -> None:
    """Make the experiment, and go where it is seen."""
    from pathlib import Path

    from kerastui.models.file_data import experiment_with

    base = offer.experiment or await _proposed(app, offer)
    stem = found.name.partition(".")[0] if found.run is None else found.name
    made = experiment_with(base, told, train, f"{stem}-on" if train != "new" else f"{stem}-new")
    made, notes = await _fitted(app, made)
    if train == "nothing":
        await _check(app, made)
        app.open_model(Path(told["path"]), made)
        say(app, f"{found.name} is judged by {made.data.dataset} now.", title="Data chosen")
        return
    if train == "new":
        end = await app.launcher.request("model.end", channel=CHANNEL, experiment=made.plain())
        first = told["layers"][-end["changes"]["model.cut"]]["name"]
        made = made.changed({**end["changes"], "model.trainable_from": first})
        notes.append(end["words"])
    app.set_current(made, new=True)
    app.action_section("model")
    if told["changes"]:
        notes.append(f"begins with the repaired copy {told['path']}")
    told_all = "\n".join(f"· {note}" for note in notes)
    say(app, f"f freezes layers, a adds some on top, T trains.\n{told_all}".strip(),
        title="A new experiment")  # fmt: skip


async def _proposed(app: KerasTui, offer: Offer) -> Experiment:
    """Return an experiment with a data set, prepared as the adviser proposes it."""
    from kerastui.models.experiment.toml import parse

    assert offer.card is not None
    data: dict[str, Any] = {"dataset": offer.card.name}
    if offer.card.recipe is not None:
        data["file"] = offer.card.recipe.model_dump(mode="json", exclude_defaults=True)
    say(app, f"Preparing {offer.card.name} …", title="Data")
    target = list(offer.card.target) or None
    told = await app.launcher.request(
        "prepare.start", channel="prepare", data=data, target=target, task=None
    )
    return parse(told["experiment"])


async def _fitted(app: KerasTui, made: Experiment) -> tuple[Experiment, list[str]]:
    """Return the experiment with a preparation that gives what the model takes, where one does."""
    said = await app.summary(made)
    for finding in said.get("findings", []):
        for cure in finding.get("cures", ()):
            if finding["where"] == "model" and set(cure["changes"]) == {"data.steps"}:
                return made.changed(cure["changes"]), [f"data: {cure['words']}"]
    return made, []


async def _check(app: KerasTui, made: Experiment) -> None:
    """Raise `UserError` where the model as it is can't be judged by the data."""
    for finding in (await app.summary(made)).get("findings", []):
        if finding["level"] == "problem":
            raise UserError(
                f"These data can't judge the model as it is: {finding['sentence']}",
                "Choose other data; or press o again and w, for a new last layer.",
            )
