"""The own files of a workspace: `data/NAME.toml` for each, with its recipe and never the data."""

from __future__ import annotations

import re
import tomllib
import uuid
from contextlib import suppress
from pathlib import Path

from pydantic import Field, ValidationError

from kerastui.datasets.catalogue import Card, cards, closest, own_card
from kerastui.datasets.errors import UserError
from kerastui.datasets.files.place import fingerprint
from kerastui.datasets.recipe import FileRecipe
from kerastui.datasets.sniffed import Sniffed
from kerastui.datasets.spec import Data, Task
from kerastui.datasets.strict import Strict

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_LARGEST = 16 * 1024 * 1024


class OwnFile(Strict):
    """What is remembered of an own file: how it is read, and what it seems to be for."""

    task: Task = "regression"
    target: list[str] = Field(default=[])
    rows: int = Field(default=0, ge=0, description="Counted or estimated; 0 where unknown.")
    file: FileRecipe

    def card(self, name: str) -> Card:
        """Its card under a name."""
        target = tuple(self.target)
        return own_card(name, self.file, task=self.task, target=target, rows=self.rows)


class Library:
    """Own files that were imported, in a folder of the workspace.

    Args:
        workspace: The workspace; nothing is made there before something is imported.
    """

    def __init__(self, workspace: Path) -> None:
        self.folder = workspace / "data"

    def cards(self) -> list[Card]:
        """A card for every own file, by name; what can't be read is left out."""
        return self.read()[0]

    def read(self) -> tuple[list[Card], dict[str, UserError]]:
        """Return the cards by name, and by name what is wrong with those that can't be read."""
        found, broken = [], {}
        for name in self.names():
            try:
                found.append(self.card(name))
            except UserError as error:
                broken[name] = error
        return found, broken

    def newest(self) -> str:
        """The name of the own file that was imported last; empty where there is none."""
        changed = {}
        for name in self.names():
            with suppress(OSError):
                changed[name] = (self.folder / f"{name}.toml").stat().st_mtime
        return max(changed, key=lambda name: changed[name], default="")

    def names(self) -> list[str]:
        """The names in sorted order."""
        try:
            return sorted(path.stem for path in self.folder.glob("*.toml") if path.is_file())
        except OSError:
            return []

    def card(self, name: str) -> Card:
        """The card of an own file; raises `UserError` as `get` does."""
        return self.get(name).card(name)

    def get(self, name: str) -> OwnFile:
        """What is remembered of an own file.

        Raises:
            UserError: There is none of that name, or its TOML can't be read.
        """
        path = self._path(name)
        try:
            if path.stat().st_size > _LARGEST:
                raise UserError(f"{path} is no recipe: it is too large.", "Remove that file.")
            return OwnFile.model_validate(tomllib.loads(path.read_text("utf-8")))
        except FileNotFoundError:
            raise UserError(
                f"There is no own file called {name!r}.", hint=closest(name, self.names())
            ) from None
        except OSError as error:
            raise UserError(
                f"{path} can't be read: {error.strerror}.", "Check its rights."
            ) from None
        except (ValidationError, ValueError) as error:
            first = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise UserError(
                f"{path} can't be read: {first.removeprefix('Value error, ')}.",
                hint=f"Mend it, or forget it: kerastui data forget {name}",
            ) from None

    def add(self, name: str, own: OwnFile) -> None:
        """Remember an own file; one of the same name is replaced.

        Raises:
            UserError: The name is the catalogue's or no name, or the workspace can't be written.
        """
        path = self._path(name)
        import tomlkit

        text = tomlkit.dumps(own.model_dump(mode="json", exclude_defaults=True))
        temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(text, "utf-8")
            temporary.replace(path)
        except OSError as error:
            raise UserError(
                f"{path} can't be written: {error.strerror}.",
                "Choose another workspace with --workspace DIR or KERASTUI_HOME.",
            ) from None

    def forget(self, name: str) -> OwnFile | None:
        """Forget an own file, whose data stay where they are.

        Returns:
            What was remembered, for `add` to bring it back; None where that could not be read.

        Raises:
            UserError: There is none of that name, or it can't be removed.
        """
        path = self._path(name)
        try:
            own = self.get(name)
        except UserError:
            if not path.exists():
                raise
            own = None
        try:
            path.unlink()
        except OSError as error:
            raise UserError(
                f"{path} can't be removed: {error.strerror}.", "Check its rights."
            ) from None
        return own

    def free_name(self, path: Path) -> str:
        """A name for a file that nothing else has."""
        base = re.sub(r"[^a-z0-9._-]+", "-", path.stem.lower()).strip("-._")[:50] or "data"
        taken = {card.name for card in cards()} | set(self.names())
        number, name = 2, base
        while name in taken:
            name, number = f"{base}-{number}", number + 1
        return name

    def name_of(self, path: Path) -> str:
        """The name a file was imported with, or empty."""
        for name in self.names():
            try:
                if self.get(name).file.place == path:
                    return name
            except UserError:
                continue
        return ""

    def check_name(self, name: str) -> None:
        """Raise `UserError` for a name that data can't have here."""
        self._path(name)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{name!r} is no name for data.",
                hint="Use small letters, digits, and . _ - between them.",
            )
        if any(card.name == name for card in cards()):
            raise UserError(
                f"The catalogue has a data set called {name}.", hint="Choose another name."
            )
        return self.folder / f"{name}.toml"


def imported(sniffed: Sniffed) -> OwnFile:
    """What is to be remembered of a file that was looked into; reads it once for its SHA-256.

    Raises:
        UserError: It can't be read any more.
    """
    from kerastui.datasets.advice.facts import facts_of_sniffed
    from kerastui.datasets.advice.proposals import propose

    size, digest = fingerprint(sniffed.recipe.place)
    recipe = sniffed.recipe.model_copy(update={"size": size, "sha256": digest})
    proposal = propose(facts_of_sniffed(sniffed))
    rows = sniffed.total or 0
    return OwnFile(task=proposal.task, target=proposal.target, rows=rows, file=recipe)


def data_of(card: Card) -> Data:
    """The data of a card as they are, without any preparation."""
    target = list(card.target) if card.recipe is not None and card.kind != "image" else []
    plain = {"dataset": card.name, "task": card.task, "target": target, "file": card.recipe}
    return Data.model_validate(plain)
