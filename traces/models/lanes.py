"""The pieces of a thread's row on the timeline, as immutable values; times are nanoseconds."""

import msgspec

from traces.models.calls import Family


class Interval(msgspec.Struct, frozen=True, gc=False):
    """Time a thread spent in one system call; ``end`` is None while it lasts."""

    start: int
    end: int | None
    name: str
    family: Family
    depth: int = 0  # watched functions on the stack at its start
    index: int = 0  # of its SyscallEnter


class LaneMark(msgspec.Struct, frozen=True, gc=False):
    """A moment on a lane. ``kind``: fault-minor, fault-major, fault, or switch-REASON."""

    ts: int
    kind: str
    index: int


class SpanInterval(msgspec.Struct, frozen=True, gc=False):
    """Time inside a watched function; ``depth`` 0 is the outermost."""

    start: int
    end: int | None
    function: int
    depth: int
