"""Spans on Python 3.12 and later, by sys.monitoring: code that was not chosen costs nothing."""

import sys
import types
from typing import Any, Final

from traces.probes.spans.span_sink import SpanSink, is_telling

TOOL: Final = "kafkascope"


class MonitoringTracer:
    """Follows calls, returns, unwinding and telling calls of the chosen functions.

    Every code object is looked at once, when it first runs; what was not chosen answers DISABLE.
    A generator's spans go from start or resume to yield, as sys.setprofile sees them too.
    """

    def __init__(self, sink: SpanSink) -> None:
        self._sink = sink
        self._api: Any = vars(sys)["monitoring"]
        self._chosen: dict[int, int] = {}
        self._lines: dict[int, dict[int, int]] = {}
        self._alive: list[types.CodeType] = []
        self._tool = self._free_tool()

    def install(self) -> None:
        """Follow all threads from now on."""
        events, tool = self._api.events, self._tool
        self._api.use_tool_id(tool, TOOL)
        for event, callback in (
            (events.PY_START, self._start),
            (events.PY_RESUME, self._resume),
            (events.PY_THROW, self._throw),
            (events.PY_RETURN, self._end),
            (events.PY_YIELD, self._end),
            (events.PY_UNWIND, self._unwind),
            (events.CALL, self._call),
        ):
            self._api.register_callback(tool, event, callback)
        # Exceptional ways in and out exist only as global events.
        self._api.set_events(tool, events.PY_START | events.PY_UNWIND | events.PY_THROW)

    def _free_tool(self) -> int:
        for tool in (self._api.PROFILER_ID, 3, 4, self._api.OPTIMIZER_ID):
            if self._api.get_tool(tool) is None:
                return int(tool)
        raise RuntimeError("no sys.monitoring tool id is free in this process")

    def _start(self, code: types.CodeType, _offset: int) -> Any:
        function = self._chosen.get(id(code))
        if function is None:
            frame = sys._getframe(1)  # noqa: SLF001 - the frame that is about to run
            function = self._sink.function(code, frame.f_globals)
            if function is None:
                return self._api.DISABLE
            self._choose(code, function)
        self._sink.start(function, _caller_line())
        return None

    def _choose(self, code: types.CodeType, function: int) -> None:
        self._alive.append(code)
        self._chosen[id(code)] = function
        self._lines[id(code)] = {
            offset: line
            for start, end, line in code.co_lines()
            if line is not None
            for offset in range(start, end, 2)
        }
        events = self._api.events
        local = events.PY_RESUME | events.PY_RETURN | events.PY_YIELD | events.CALL
        self._api.set_local_events(self._tool, code, events.PY_START | local)

    def _resume(self, code: types.CodeType, _offset: int) -> None:
        self._sink.start(self._chosen[id(code)], _caller_line())

    def _throw(self, code: types.CodeType, _offset: int, _error: BaseException) -> None:
        function = self._chosen.get(id(code))
        if function is not None:
            self._sink.start(function, _caller_line())

    def _end(self, code: types.CodeType, _offset: int, _value: object) -> None:
        self._sink.end(self._chosen[id(code)])

    def _unwind(self, code: types.CodeType, _offset: int, _error: BaseException) -> None:
        function = self._chosen.get(id(code))
        if function is not None:
            self._sink.end(function)

    def _call(self, code: types.CodeType, offset: int, called: object, _first: object) -> Any:
        own = getattr(getattr(called, "__func__", called), "__code__", None)
        if id(own) in self._chosen or not is_telling(called):
            return self._api.DISABLE
        line = self._lines[id(code)].get(offset)
        if line is not None:
            self._sink.line(line)
        return None


def _caller_line() -> int:
    """Return the line in the caller of the function whose event is being handled."""
    caller = sys._getframe(2).f_back  # noqa: SLF001 - two down: the callback, this helper
    return (caller.f_lineno or 0) if caller else 0
