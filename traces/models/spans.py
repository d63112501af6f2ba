"""Which watched functions are on each thread's stack, and the line each is at."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from traces.event import SpanEnd, SpanLine, SpanStart
from traces.trace_file import Function

Stack: TypeAlias = tuple[tuple[int, int], ...]
"""Function id and line of each frame, outermost first; line 0 is "not seen"."""


class SpanStacks:
    """The stacks of all threads after the last event fed.

    A caller's line is taken over only if it lies inside the watched caller: between two watched
    functions there may be others, whose lines mean nothing here.
    """

    def __init__(self, functions: Iterable[Function] = ()) -> None:
        self.lines: Mapping[int, range] = {
            one.id: range(one.first_line, one.first_line + one.source.count("\n") + 1)
            for one in functions
        }
        self.stacks: dict[int, Stack] = {}

    def copy(self) -> "SpanStacks":
        """Return stacks that change on their own from here."""
        twin = SpanStacks()
        twin.lines = self.lines
        twin.stacks = dict(self.stacks)
        return twin

    def start(self, event: SpanStart) -> None:
        """A watched function began."""
        stack = self.stacks.get(event.tid, ())
        if stack and event.caller_line in self.lines.get(stack[-1][0], ()):
            stack = (*stack[:-1], (stack[-1][0], event.caller_line))
        self.stacks[event.tid] = (*stack, (event.function, 0))

    def line(self, event: SpanLine) -> None:
        """The innermost function of the thread moved to a line."""
        stack = self.stacks.get(event.tid)
        if stack:
            self.stacks[event.tid] = (*stack[:-1], (stack[-1][0], event.line))

    def end(self, event: SpanEnd) -> None:
        """A watched function ended; one whose end was lost ends with its caller."""
        stack = self.stacks.get(event.tid, ())
        for depth in range(len(stack) - 1, -1, -1):
            if stack[depth][0] == event.function:
                self.stacks[event.tid] = stack[:depth]
                return

    def depth(self, tid: int) -> int:
        """How many watched functions the thread is in."""
        return len(self.stacks.get(tid, ()))
