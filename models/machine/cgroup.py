"""What a container or a batch system lets this process use: Linux control groups, v1 and v2."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class MemoryLimit:
    """A limit and what is used of it, in bytes; file cache that can be given back is not used."""

    limit: int
    used: int


class Cgroup:
    """The control groups of this process.

    A limit of any group above counts too. Inside a container the paths named in
    `/proc/self/cgroup` may be the host's, which are absent here; the mounted root is then ours.
    """

    def __init__(self, root: Path = Path("/")) -> None:
        mounted = root / "sys/fs/cgroup"
        self._memory: list[Path] = []
        self._cpu: list[Path] = []
        for line in _read(root / "proc/self/cgroup").splitlines():
            _, _, rest = line.partition(":")
            controllers, _, path = rest.partition(":")
            names = controllers.split(",")
            if not controllers:  # v2: one tree for all controllers
                levels = _levels(mounted, path)
                self._memory += levels
                self._cpu += levels
            elif "memory" in names:
                self._memory += _levels(mounted / "memory", path)
            elif "cpu" in names:
                self._cpu += _levels(mounted / "cpu", path)

    def memory_limits(self) -> list[MemoryLimit]:
        """Return every memory limit in force, the innermost first."""
        found = []
        for group in self._memory:
            for limit_name, used_name, cache_key in (
                ("memory.max", "memory.current", "inactive_file"),
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            ):
                limit = _number(group / limit_name)
                used = _number(group / used_name)
                if limit is not None and used is not None:
                    cache = _entry(group / "memory.stat", cache_key)
                    found.append(MemoryLimit(limit, max(0, used - cache)))
        return found

    def cpus(self) -> float | None:
        """Return how many CPUs' time may be used, such as 1.5; None without a limit."""
        quotas = []
        for group in self._cpu:
            both = _read(group / "cpu.max").split()
            if len(both) == 2 and both[0].isdigit():
                quotas.append(int(both[0]) / int(both[1]))
            quota = _number(group / "cpu.cfs_quota_us")
            period = _number(group / "cpu.cfs_period_us")
            if quota is not None and period:
                quotas.append(quota / period)
        return min(quotas, default=None)


def _levels(base: Path, path: str) -> list[Path]:
    group = base / path.strip("/")
    levels = [group, *(parent for parent in group.parents if parent.is_relative_to(base))]
    return [level for level in levels if level.is_dir()]


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def _number(path: Path) -> int | None:
    """Return the number in a file; None where it is missing, `max` or -1 (no limit)."""
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _entry(path: Path, key: str) -> int:
    for line in _read(path).splitlines():
        name, _, value = line.partition(" ")
        if name == key and value.isdigit():
            return int(value)
    return 0
