"""Where both tracers put spans, and how they know a chosen function and a telling call."""

import types
from collections.abc import Sequence
from time import monotonic_ns
from typing import Any, Final

from traces.probes.ring.layout import SPAN_END, SPAN_LINE, SPAN_START
from traces.probes.ring.writer import RingWriter

PURE_MODULES: Final = frozenset(
    ("builtins", "time", "math", "itertools", "_operator", "_functools", "_collections", "_abc")
)
"""C functions of these modules never enter the kernel for long enough to be worth a line."""


class SpanSink:
    """Writes span records for the functions of ``names`` (``module:Qual.name``; place = id)."""

    def __init__(self, writer: RingWriter, names: Sequence[str]) -> None:
        self._put, self._tid = writer.put, writer.tid
        self._functions = {name: number for number, name in enumerate(names)}
        self._names = frozenset(name.partition(":")[2] for name in names)

    def function(self, code: types.CodeType, namespace: dict[str, Any]) -> int | None:
        """Return the id of a chosen function, None for any other; ``namespace``: its globals."""
        if code.co_qualname not in self._names:
            return None
        module = namespace.get("__name__", "")
        if module == "__main__":
            module = getattr(namespace.get("__spec__"), "name", module)
        return self._functions.get(f"{module}:{code.co_qualname}")

    def start(self, function: int, caller_line: int) -> None:
        """Record that a chosen function began, called from a line of its caller."""
        self._put(monotonic_ns(), self._tid(), SPAN_START, function, caller_line)

    def line(self, line: int) -> None:
        """Record that the innermost chosen function makes a call in this line."""
        self._put(monotonic_ns(), self._tid(), SPAN_LINE, 0, line)

    def end(self, function: int) -> None:
        """Record that a chosen function ended, however."""
        self._put(monotonic_ns(), self._tid(), SPAN_END, function, 0)


def is_telling(called: object) -> bool:
    """Say whether a call of this object may enter the kernel, so that its line matters."""
    if isinstance(called, types.FunctionType | types.MethodType):
        return True
    if isinstance(called, type):
        return called.__module__ not in PURE_MODULES
    owner = getattr(called, "__objclass__", None) or getattr(called, "__self__", None)
    if isinstance(owner, types.ModuleType):
        return owner.__name__ not in PURE_MODULES
    kind = owner if isinstance(owner, type) else type(owner)
    return kind.__module__ not in PURE_MODULES
