"""The command palette: every key of the screen, under the words of the footer."""

from __future__ import annotations

from functools import partial

from textual.binding import ActiveBinding
from textual.command import DiscoveryHit, Hit, Hits, Provider


class KeyCommands(Provider):
    """Offers what the keys of the screen do, with the key behind the words."""

    def _entries(self) -> list[tuple[str, ActiveBinding]]:
        seen: set[tuple[object, str]] = set()
        entries = []
        for active in self.screen.active_bindings.values():
            binding = active.binding
            # Moving about (arrows, paging) is not a command.
            if not active.enabled or not binding.tooltip or binding.system:
                continue
            if (active.node, binding.action) in seen or binding.key in _MOVING:
                continue
            seen.add((active.node, binding.action))
            entries.append((f"{binding.description}  {self.app.get_key_display(binding)}", active))
        return entries

    async def _run(self, active: ActiveBinding) -> None:
        await self.app.run_action(active.binding.action, active.node)

    async def discover(self) -> Hits:
        for text, active in self._entries():
            yield DiscoveryHit(
                text, partial(self._run, active), help=active.binding.tooltip or None
            )

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for text, active in self._entries():
            score = max(matcher.match(text), matcher.match(active.binding.tooltip) * 0.8)
            if score > 0:
                yield Hit(
                    score,
                    matcher.highlight(text),
                    partial(self._run, active),
                    help=active.binding.tooltip or None,
                )


_MOVING = frozenset({"up", "down", "left", "right", "pageup", "pagedown", "home", "end"})
