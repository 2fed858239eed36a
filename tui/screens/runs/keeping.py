"""What is done to runs on the Runs screen: remove and bring back, tags, notes, pins, export.

Dialogs are imported when one is needed: inputs take their time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from textual import work

from kerastui.datasets.errors import UserError
from kerastui.models.runs import notes as run_notes
from kerastui.models.runs.notes import Notes
from kerastui.tui.paths import expanded
from kerastui.tui.run_index import Record
from kerastui.tui.screens.base import SectionScreen
from kerastui.tui.widgets.toast import say


class KeepingScreen(SectionScreen):
    """A section with runs that are chosen.

    Attributes:
        removals: How many runs each removal took away, the last one last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.removals: list[int] = []

    @property
    def chosen(self) -> list[Record]:
        """The runs that are marked, else the one under the cursor."""
        raise NotImplementedError

    def unmark(self) -> None:
        """Mark nothing any more."""
        raise NotImplementedError

    async def look_again(self, key: str = "") -> None:
        """Show what is on the disk now, with the cursor on a run."""
        raise NotImplementedError

    @work(group="trash", exit_on_error=False)
    async def action_remove(self) -> None:
        """Move the marked runs, or the one under the cursor, to the trash."""
        chosen = self.chosen
        if not chosen:
            return
        if any(record.active for record in chosen):
            which = "The run goes" if len(chosen) == 1 else "One of the runs goes"
            say(self.app, f"{which} on. Stop it first, on the Train screen.", "warning")
            return
        gone = 0
        for record in chosen:
            try:
                await asyncio.to_thread(self.kerastui.trash.put, record.run)
            except UserError as error:
                self.kerastui.tell_error(error, "The run was not removed")
                break
            gone += 1
            self.kerastui.run_gone(record.run)
        if gone:
            self.removals.append(gone)
            what = chosen[0].run.id if gone == 1 else f"{gone} runs"
            back = "it" if gone == 1 else "them"
            say(self.app, f"{what}\nu brings {back} back until you leave.", title="Removed")
            self.unmark()
            await self.look_again()

    @work(group="trash", exit_on_error=False)
    async def action_undo(self) -> None:
        """Bring back what was removed last."""
        key, count = "", self.removals[-1] if self.removals else 1
        for place in range(count):
            try:
                run = await asyncio.to_thread(self.kerastui.trash.restore)
            except UserError as error:
                self.kerastui.tell_error(error)
                if place and self.removals:
                    self.removals[-1] -= place
                break
            key = run.id if run else key
        else:
            del self.removals[-1:]
        await self.look_again(key)
        if key:
            say(self.app, key if count == 1 else f"{count} runs", title="Brought back")

    @work(group="notes", exclusive=True, exit_on_error=False)
    async def action_tags(self) -> None:
        """Ask for the tags of the chosen runs."""
        from kerastui.tui.screens.dialogs import AskText

        chosen = self.chosen
        if not chosen:
            return
        shared = [
            tag
            for tag in chosen[0].notes.tags
            if all(tag in record.notes.tags for record in chosen)
        ]
        of = _of(chosen)
        answer = await self.app.push_screen_wait(
            AskText(
                f"tags of {of}",
                "Words, with spaces between them. tag:WORD in the filter finds them."
                + (" Tags that only some of them have stay." if len(chosen) > 1 else ""),
                " ".join(shared),
                "best baseline",
                _wrong_tags,
            )
        )
        if answer is None:
            return
        tags = run_notes.tags(answer)
        gone = [tag for tag in shared if tag not in tags]
        await self._write(
            [
                (one, replace(one.notes, tags=run_notes.changed(one.notes.tags, tags, gone)))
                for one in chosen
            ]
        )

    @work(group="notes", exclusive=True, exit_on_error=False)
    async def action_note(self) -> None:
        """Ask for the note of the run under the cursor."""
        from kerastui.tui.screens.dialogs import AskText

        chosen = self.chosen[:1]
        if not chosen:
            return
        answer = await self.app.push_screen_wait(
            AskText(
                f"note on {_of(chosen)}",
                "What is worth knowing about this run; empty takes the note away.",
                chosen[0].notes.note,
                "",
                _wrong_note,
            )
        )
        if answer is not None:
            await self._write([(chosen[0], replace(chosen[0].notes, note=answer))])

    @work(group="notes", exclusive=True, exit_on_error=False)
    async def action_pin(self) -> None:
        """Keep the chosen runs on top; all pinned: not any more."""
        chosen = self.chosen
        pinned = not all(record.notes.pinned for record in chosen)
        await self._write([(one, replace(one.notes, pinned=pinned)) for one in chosen])

    @work(group="export", exclusive=True, exit_on_error=False)
    async def action_export(self) -> None:
        """Ask what the chosen runs are written as, and write them."""
        from kerastui.tui.screens.dialogs import Ask, AskText, Choice

        chosen = [record for record in self.chosen if record.info]
        if not chosen:
            return
        kind = await self.app.push_screen_wait(
            Ask(
                f"export {_of(chosen)}",
                "What shall be written?",
                [
                    Choice("z", "One zip file that opens elsewhere",
                           "Everything but the data; open it with kerastui FILE.zip or Ctrl+O"),
                    Choice("b", "Event files for TensorBoard",
                           "The curves, as Keras' own callback would have written them"),
                ],
            )
        )  # fmt: skip
        if kind is None:
            return
        here = os.getcwd() if kind == "z" else f"{os.getcwd()}{os.sep}tensorboard"
        typed = await self.app.push_screen_wait(
            AskText("export", "Into which folder?" if kind == "z" else "TensorBoard's --logdir:",
                    here, "a folder")
        )  # fmt: skip
        if not typed:
            return
        try:
            folder = await asyncio.to_thread(_folder, typed)
            if kind == "z":
                await self._pack(chosen, folder)
            else:
                await self._board(chosen, folder)
        except UserError as error:
            self.kerastui.tell_error(error, "Not exported")

    async def _pack(self, chosen: Sequence[Record], folder: Path) -> None:
        from kerastui.models.runs import archive as run_archive

        for record in chosen:
            packed = await asyncio.to_thread(run_archive.pack, record.run, folder)
            say(self.app, f"{packed.path}\n{run_archive.in_words(packed)}", title="Packed")

    async def _board(self, chosen: Sequence[Record], folder: Path) -> None:
        from kerastui.models.runs import tensorboard

        for record in chosen:
            await asyncio.to_thread(tensorboard.write, record.run, folder)
        say(self.app, f"See them: tensorboard --logdir {folder}", title="Written")

    async def _write(self, changes: Sequence[tuple[Record, Notes]]) -> None:
        for record, notes in changes:
            try:
                await asyncio.to_thread(run_notes.write, record.run.path, notes)
            except UserError as error:
                self.kerastui.tell_error(error, "Not written")
                break
        await self.look_again()


def _of(chosen: Sequence[Record]) -> str:
    if len(chosen) > 1:
        return f"{len(chosen)} runs"
    return chosen[0].info.name if chosen[0].info else chosen[0].run.id


def _wrong_tags(text: str) -> str:
    try:
        run_notes.tags(text)
    except UserError as error:
        return f"{error.message} {error.hint}"
    return ""


def _wrong_note(text: str) -> str:
    if len(text) > run_notes.LONGEST_NOTE:
        return f"{len(text):,} characters; accepted: at most {run_notes.LONGEST_NOTE:,}."
    return ""


def _folder(typed: str) -> Path:
    """Return the folder that was typed, made where it is missing."""
    folder = expanded(typed)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"{folder} can't be made: {error.strerror}.", "Choose another folder."
        ) from None
    return folder
