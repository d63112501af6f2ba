"""Which descriptors were opened with O_DIRECT, so that their reads do not look like copies."""

from typing import Final

from traces.models.calls import DATA_CALLS, Call

O_DIRECT: Final = 0o40000
"""Its value on x86-64 (asm-generic/fcntl.h); arm64 has another, and a probe there none yet."""

_FLAGS_ARGUMENT: Final = {"open": 1, "openat": 2}


class OpenFlags:
    """The direct descriptors of every process, as far as the trace saw them opened."""

    def __init__(self) -> None:
        self._direct: frozenset[tuple[int, int]] = frozenset()  # process, descriptor

    def copy(self) -> "OpenFlags":
        """Return a table that changes on its own from here."""
        twin = OpenFlags()
        twin._direct = self._direct
        return twin

    def follow(self, pid: int, call: Call, ret: int) -> None:
        """Note a call that returned ``ret``: an open adds, a close takes away."""
        if call.name in _FLAGS_ARGUMENT and ret >= 0:
            place = _FLAGS_ARGUMENT[call.name]
            if len(call.args) > place and call.args[place] & O_DIRECT:
                self._direct |= {(pid, ret)}
            elif self._direct:
                self._direct -= {(pid, ret)}
        elif call.name == "close" and self._direct and call.args:
            self._direct -= {(pid, call.args[0])}

    def is_direct(self, pid: int, call: Call) -> bool:
        """Say whether a data call goes past the page cache."""
        if not self._direct or call.name not in DATA_CALLS:
            return False
        return any((pid, ref.fd) in self._direct for ref in call.fds)

    def gone(self, pid: int) -> None:
        """Forget a process that ended."""
        if self._direct:
            self._direct = frozenset(one for one in self._direct if one[0] != pid)
