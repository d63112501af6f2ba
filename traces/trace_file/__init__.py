"""The trace file: versioned, compressed, readable up to any cut."""

from traces.trace_file.errors import TraceError
from traces.trace_file.header import FORMAT_VERSION, Function, TraceHeader
from traces.trace_file.reader import TraceReader
from traces.trace_file.writer import TraceWriter

__all__ = [
    "FORMAT_VERSION",
    "Function",
    "TraceError",
    "TraceHeader",
    "TraceReader",
    "TraceWriter",
]
