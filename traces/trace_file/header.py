"""The first frame of a trace: where and how it was recorded, and the watched source code."""

from typing import Final

import msgspec

FORMAT_VERSION: Final = 1
"""Raised whenever a reader of the version before could misread a file."""


class Function(msgspec.Struct, frozen=True, kw_only=True):
    """A watched function with its source text, so that a trace explains itself anywhere.

    ``id`` is what SpanStart and SpanEnd name; ``file`` is a path below the package's root;
    ``source`` holds the whole function from its line ``first_line`` on, or "" if it was not found.
    """

    id: int
    module: str
    qualname: str
    file: str = ""
    first_line: int = 0
    source: str = ""

    @property
    def name(self) -> str:
        """The name people write: ``engine.log.log_segment:LogSegment.append``."""
        return f"{self.module}:{self.qualname}"


class TraceHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a reader must know before the first event.

    ``created``: ISO 8601 in UTC; ``machine``: the processor's kind; ``capabilities``: which of
    ``traces.probes.base.CAPABILITIES`` the probe could see; ``gaps``: sentences about the rest.
    """

    probe: str
    format_version: int = FORMAT_VERSION
    created: str = ""
    kernel: str = ""
    machine: str = ""
    cpus: int = 0
    python: str = ""
    command: str = ""
    capabilities: dict[str, bool] = {}
    gaps: tuple[str, ...] = ()
    clock: str = "CLOCK_MONOTONIC"
    functions: tuple[Function, ...] = ()
