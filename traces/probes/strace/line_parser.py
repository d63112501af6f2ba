"""One line of strace's output as a small value. Pure; knows the grammar and nothing else.

Lines begin ``PID SECONDS.NANOSECONDS`` and are one of::

    name(args) = ret <seconds>          a whole call
    name(args <unfinished ...>          its first half, if another thread came between
    <... name resumed>args) = ret <s>   its second half, which may be unfinished again
    --- SIGCHLD {...} ---               a signal
    +++ exited with 0 +++               the end of a thread or process
"""

import re
from typing import Final

import msgspec

from traces.probes.strace.arguments import ANNOTATION

_PREFIX = re.compile(r"(\d+) +(\d+)\.(\d{9}) (.*)", re.DOTALL)
_WHOLE = re.compile(r"(\w+)\((.*)\) += (.+)", re.DOTALL)
_HALF = re.compile(r"(\w+)\((.*)", re.DOTALL)
_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>(.*)", re.DOTALL)
_REST = re.compile(r"(.*)\) += (.+)", re.DOTALL)
_RETURN = re.compile(
    rf"(0x[0-9a-f]+|-?\d+|\?)(?:({ANNOTATION})(?:\(deleted\))?)?(?: (E[A-Z0-9_]+))?"
)
_SECONDS = re.compile(r"<(\d+)\.(\d+)>$")
_ENDED = re.compile(r"\+\+\+ (?:exited with (\d+)|killed by (SIG\w+))")
UNFINISHED: Final = "<unfinished ...>"
_DETACHED: Final = "<detached ...>"


class Result(msgspec.Struct, frozen=True, gc=False):
    """What stands after the equals sign.

    ``ret``: the value as printed, None for "?"; ``errno``: its symbol; ``opened``: what a new
    descriptor stands for; ``duration``: nanoseconds in the call, where printed.
    """

    ret: int | None
    errno: str | None = None
    opened: str | None = None
    duration: int | None = None


class Entered(msgspec.Struct, frozen=True, gc=False):
    """The first half of a call: its name and what is known of its arguments."""

    tid: int
    ts: int
    name: str
    arguments: str


class Returned(msgspec.Struct, frozen=True, gc=False):
    """The second half: the rest of the arguments (None if it goes on) and the result."""

    tid: int
    ts: int
    name: str
    arguments: str
    result: Result | None


class Whole(msgspec.Struct, frozen=True, gc=False):
    """A call on one line."""

    tid: int
    ts: int
    name: str
    arguments: str
    result: Result


class Ended(msgspec.Struct, frozen=True, gc=False):
    """A thread or process ended: exit status, or minus the signal's place in ``signal``."""

    tid: int
    ts: int
    status: int | None
    killed_by: str | None = None


class Signalled(msgspec.Struct, frozen=True, gc=False):
    """A signal arrived."""

    tid: int
    ts: int


class Unparsed(msgspec.Struct, frozen=True, gc=False):
    """A line that is none of these; ``reason`` is a short constant to count by."""

    reason: str


Line = Entered | Returned | Whole | Ended | Signalled | Unparsed


def parse_line(line: str) -> Line:
    """Read one line without its newline; ``ts`` is what was printed, in nanoseconds."""
    prefix = _PREFIX.match(line)
    if prefix is None:
        return Unparsed("a message of strace itself" if line else "an empty line")
    tid, ts, body = int(prefix[1]), int(prefix[2]) * 1_000_000_000 + int(prefix[3]), prefix[4]
    if body.startswith("<... "):
        return _resumed(tid, ts, body)
    if body.startswith("+++ "):
        return _ended(tid, ts, body)
    if body.startswith("--- "):
        return Signalled(tid, ts)
    return _call(tid, ts, body)


def parse_half(line: str) -> Entered | None:
    """Read a line that strace has not finished writing: a call that is still in the kernel."""
    prefix = _PREFIX.match(line)
    call = _HALF.match(prefix[4]) if prefix else None
    if prefix is None or call is None:
        return None
    ts = int(prefix[2]) * 1_000_000_000 + int(prefix[3])
    return Entered(int(prefix[1]), ts, call[1], call[2])


def _call(tid: int, ts: int, body: str) -> Line:
    for ending in (UNFINISHED, _DETACHED):
        if body.endswith(ending):
            half = _HALF.match(body[: -len(ending)])
            return Entered(tid, ts, half[1], half[2].rstrip()) if half else Unparsed("half a call")
    whole = _WHOLE.fullmatch(body)
    if whole is None:
        return Unparsed("an unknown form")
    result = _result(whole[3])
    return Whole(tid, ts, whole[1], whole[2], result) if result else Unparsed("an unknown result")


def _resumed(tid: int, ts: int, body: str) -> Line:
    resumed = _RESUMED.fullmatch(body)
    if resumed is None:
        return Unparsed("an unknown form of resumption")
    name, rest = resumed[1], resumed[2]
    if rest.endswith((UNFINISHED, _DETACHED)):
        return Returned(tid, ts, name, rest.rpartition("<")[0].rstrip(), None)
    split = _REST.fullmatch(rest)
    result = _result(split[2]) if split else None
    if split is None or result is None:
        return Unparsed("an unknown result")
    return Returned(tid, ts, name, split[1], result)


def _result(text: str) -> Result | None:
    match = _RETURN.match(text)
    if match is None:
        return None
    seconds = _SECONDS.search(text)
    duration = None
    if seconds is not None:
        duration = int(seconds[1]) * 1_000_000_000 + int(seconds[2].ljust(9, "0"))
    ret = None if match[1] == "?" else int(match[1], 0) if match[1][:2] == "0x" else int(match[1])
    opened = match[2][1:-1] if match[2] else None
    return Result(ret, match[3], opened, duration)


def _ended(tid: int, ts: int, body: str) -> Line:
    match = _ENDED.match(body)
    if match is None:
        # "+++ superseded by execve in pid N +++": the thread's id lives on as the process's.
        return Signalled(tid, ts)
    return Ended(tid, ts, int(match[1]) if match[1] else None, match[2])
