"""Where a sequential read or write works: the kernel keeps that place, and strace does not print it."""

from typing import Final

from traces.probes.strace.arguments import Arguments

SEQUENTIAL: Final = frozenset(("read", "write", "readv", "writev"))
_OPENS: Final = {"open": 1, "openat": 2, "creat": -1}
_REPLACED: Final = {"close": 0, "dup2": 1, "dup3": 1, "sendfile": 1, "splice": 0}
_O_APPEND: Final = 0o2000


class Positions:
    """Follows places of descriptors from the calls that set and move them, where all were seen.

    A descriptor opened before recording began, appended to, or duplicated has no known place.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], int] = {}

    def of(self, pid: int, fd: int) -> int | None:
        """Return the place of a descriptor of a process, None if it is not known."""
        return self._known.get((pid, fd))

    def follow(self, pid: int, name: str, arguments: Arguments, ret: int) -> None:
        """Take note of a call that returned ``ret``."""
        values = arguments.values
        if ret < 0 or not values:
            return
        if name in _OPENS:
            self._open(pid, ret, _OPENS[name], values)
        elif name == "lseek":
            self._known[pid, values[0]] = ret
        elif name in SEQUENTIAL:
            if (pid, values[0]) in self._known:
                self._known[pid, values[0]] += ret
        elif name in _REPLACED and len(values) > _REPLACED[name]:
            self._known.pop((pid, values[_REPLACED[name]]), None)

    def _open(self, pid: int, fd: int, flags_at: int, values: tuple[int, ...]) -> None:
        appends = 0 <= flags_at < len(values) and values[flags_at] & _O_APPEND
        if appends:
            self._known.pop((pid, fd), None)
        else:
            self._known[pid, fd] = 0
