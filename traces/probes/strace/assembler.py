"""Lines of strace, put together into events: halves joined, processes told from threads."""

import errno
import re
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from traces.event import (
    FdRef,
    FileSeen,
    ObservedEvent,
    ProcessExit,
    ProcessSeen,
    SyscallEnter,
    SyscallExit,
)
from traces.probes.strace.arguments import Arguments, number, offset, parse_arguments
from traces.probes.strace.descriptors import Descriptors
from traces.probes.strace.line_parser import (
    Ended,
    Entered,
    Result,
    Returned,
    Unparsed,
    Whole,
    parse_half,
    parse_line,
)
from traces.probes.strace.positions import SEQUENTIAL, Positions

_KERNEL_ONLY: Final = {
    "ERESTARTSYS": 512,
    "ERESTARTNOINTR": 513,
    "ERESTARTNOHAND": 514,
    "ERESTART_RESTARTBLOCK": 516,
}
"""Never seen by a program: the kernel will run the call again (include/linux/errno.h)."""

_CLONES: Final = frozenset(("clone", "clone3", "fork", "vfork"))
_CLONE_THREAD: Final = 0x10000
_FLAGS = re.compile(r"flags=(0x[0-9a-f]+)")

_OFFSET_ARGUMENT: Final = {
    "pread64": {0: 3},
    "pwrite64": {0: 3},
    "preadv": {0: 3},
    "pwritev": {0: 3},
    "preadv2": {0: 3},
    "pwritev2": {0: 3},
    "sendfile": {1: 2},
    "splice": {0: 1, 2: 3},
    "copy_file_range": {0: 1, 2: 3},
}
"""For a call: the place of a descriptor -> the place of the offset it works at."""


@dataclass(slots=True)
class _Open:
    """A call whose end has not been seen; ``told``: its SyscallEnter was given out already."""

    ts: int
    name: str
    arguments: str
    told: bool = False


class Assembler:
    """Feed it lines in order; it returns events. Time stamps go through ``clock``.

    ``tgid_of`` asks the machine which process a thread belongs to, None if it is gone.
    ``unparsed`` counts lines that were not understood, by reason.
    """

    def __init__(
        self,
        clock: Callable[[int], int],
        tgid_of: Callable[[int], int | None] = lambda _tid: None,
        descriptors: Descriptors | None = None,
    ) -> None:
        self._clock = clock
        self._tgid_of = tgid_of
        self._descriptors = descriptors or Descriptors()
        self._positions = Positions()
        self._open: dict[int, _Open] = {}
        self._tgids: dict[int, int] = {}
        self._files: set[tuple[int, int, str]] = set()
        self.unparsed: Counter[str] = Counter()

    def feed(self, line: str) -> list[ObservedEvent]:
        """Take one whole line, without its newline."""
        parsed = parse_line(line)
        if isinstance(parsed, Whole):
            return self._whole(parsed)
        if isinstance(parsed, Returned):
            return self._returned(parsed)
        if isinstance(parsed, Entered):
            self._enter(parsed)
        elif isinstance(parsed, Ended):
            return self._ended(parsed)
        elif isinstance(parsed, Unparsed):
            self.unparsed[parsed.reason] += 1
        return []

    def waiting(self, before: int, unfinished_line: str = "") -> list[ObservedEvent]:
        """Return the entries of calls that began before ``before`` and have not come back.

        ``unfinished_line``: what strace has written of its last line. Arguments that the kernel
        fills in are not known for these.
        """
        half = parse_half(unfinished_line) if unfinished_line else None
        if half is not None and half.tid not in self._open:
            self._enter(half)
        events: list[ObservedEvent] = []
        for tid, call in self._open.items():
            if not call.told and self._clock(call.ts) < before:
                call.told = True
                events += self._entry(tid, call, parse_arguments(call.arguments))
        return events

    def _enter(self, line: Entered) -> None:
        known = self._open.get(line.tid)
        told = known is not None and known.ts == line.ts and known.told
        self._open[line.tid] = _Open(line.ts, line.name, line.arguments, told)

    def _whole(self, line: Whole) -> list[ObservedEvent]:
        known = self._open.pop(line.tid, None)
        told = known is not None and known.ts == line.ts and known.told
        call = _Open(line.ts, line.name, line.arguments, told)
        return self._finish(line.tid, call, line.result, line.ts)

    def _returned(self, line: Returned) -> list[ObservedEvent]:
        known = self._open.pop(line.tid, None)
        if known is None:
            self.unparsed["the second half of a call whose first was not seen"] += 1
            return []
        known.arguments = _join(known.arguments, line.arguments)
        if line.result is None:
            self._open[line.tid] = known
            return []
        return self._finish(line.tid, known, line.result, line.ts)

    def _finish(self, tid: int, call: _Open, result: Result, seen: int) -> list[ObservedEvent]:
        arguments = parse_arguments(call.arguments)
        events = [] if call.told else self._entry(tid, call, arguments)
        end = self._clock(seen if result.duration is None else call.ts + result.duration)
        pid = self._tgid(tid)
        ret = _kernel_value(result)
        if ret is not None:
            self._positions.follow(pid, call.name, arguments, ret)
            events.append(SyscallExit(end, pid, tid, call.name, ret))
        if result.opened is not None and ret is not None:
            events += self._seen(end, pid, tid, self._descriptors.opened(result.opened))
        if call.name in _CLONES and ret is not None and ret > 0:
            events += self._cloned(end, tid, ret, call.arguments)
        return events

    def _entry(self, tid: int, call: _Open, arguments: Arguments) -> list[ObservedEvent]:
        pid, ts = self._tgid(tid), self._clock(call.ts)
        fds = tuple(self._references(pid, call.name, arguments))
        events: list[ObservedEvent] = []
        for ref in fds:
            events += self._seen(ts, pid, tid, ref)
        return [*events, SyscallEnter(ts, pid, tid, call.name, arguments.values, fds)]

    def _references(self, pid: int, name: str, arguments: Arguments) -> list[FdRef]:
        refs = [self._descriptors.reference(printed) for printed in arguments.descriptors]
        if name in SEQUENTIAL and refs and refs[0].kind == "file":
            first = refs[0]
            place = self._positions.of(pid, first.fd)
            return [FdRef(first.fd, first.kind, first.dev, first.ino, first.name, place)]
        for place, offset_place in _OFFSET_ARGUMENT.get(name, {}).items():
            if max(place, offset_place) >= len(arguments.texts):
                continue
            text = arguments.texts[offset_place]
            position = offset(text) if text.startswith("[") else number(text)
            if text == "NULL" or position is None:
                continue
            fd = arguments.values[place]
            refs = [
                FdRef(r.fd, r.kind, r.dev, r.ino, r.name, position) if r.fd == fd else r
                for r in refs
            ]
        return refs

    def _seen(self, ts: int, pid: int, tid: int, ref: FdRef) -> list[ObservedEvent]:
        key = (ref.dev, ref.ino, ref.name or "")
        if ref.ino == 0 or not ref.name or key in self._files:
            return []
        self._files.add(key)
        return [FileSeen(ts, pid, tid, ref.dev, ref.ino, ref.name, ref.kind)]

    def _cloned(self, ts: int, parent: int, child: int, arguments: str) -> list[ObservedEvent]:
        if _is_thread(arguments):
            self._tgids[child] = self._tgid(parent)
            return []
        self._tgids[child] = child
        return [ProcessSeen(ts, child, child, "process", "", self._tgid(parent))]

    def _tgid(self, tid: int) -> int:
        known = self._tgids.get(tid)
        if known is None:
            known = self._tgids[tid] = self._tgid_of(tid) or self._parent_in_clone(tid)
        return known

    def _parent_in_clone(self, tid: int) -> int:
        """Guess for a thread that ended already: someone is just now making a thread."""
        for parent, call in self._open.items():
            if call.name in _CLONES and _is_thread(call.arguments) and parent in self._tgids:
                return self._tgids[parent]
        return tid

    def _ended(self, line: Ended) -> list[ObservedEvent]:
        pid = self._tgid(line.tid)
        self._open.pop(line.tid, None)
        self._tgids.pop(line.tid, None)
        if pid != line.tid:
            return []
        status = line.status
        if line.killed_by is not None:
            status = -int(getattr(signal, line.killed_by, 0))
        return [ProcessExit(self._clock(line.ts), pid, pid, status)]


def _join(first: str, second: str) -> str:
    """Join the halves of an argument list: strace breaks after the comma, or inside one."""
    return f"{first} {second.lstrip()}" if first.endswith(",") else first + second


def _is_thread(arguments: str) -> bool:
    flags = _FLAGS.search(arguments)
    return flags is not None and bool(int(flags[1], 16) & _CLONE_THREAD)


def _kernel_value(result: Result) -> int | None:
    """Return what the kernel returned: minus errno for an error, None if nothing came back."""
    if result.errno is not None:
        known = _KERNEL_ONLY.get(result.errno) or getattr(errno, result.errno, None)
        return -int(known) if known else -1
    return result.ret
