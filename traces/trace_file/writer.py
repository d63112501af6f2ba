"""Writes a trace: frames that each stand alone, so that whatever was written can be read."""

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec

from traces.event import ObservedEvent
from traces.trace_file.errors import TraceError
from traces.trace_file.frame import (
    KIND_END,
    KIND_EVENTS,
    KIND_HEADER,
    pack_frame,
    pack_preamble,
)
from traces.trace_file.header import FORMAT_VERSION, TraceHeader

EVENTS_A_FRAME: Final = 4096
"""Large enough for zstd to find repeats, small enough to decode in a few milliseconds."""


class TraceWriter:
    """Appends events to a new trace file, a frame at a time; a reader may follow.

    Replaces an existing file. Raises TraceError if the file cannot be written; what was written
    before stays whole and readable.
    """

    def __init__(self, path: str | Path, header: TraceHeader) -> None:
        self.path = Path(path)
        self.events = 0
        self.size = 0
        self.lost = 0
        self._pending: list[ObservedEvent] = []
        self._encoder = msgspec.msgpack.Encoder()
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        try:
            self._fd = os.open(self.path, flags, 0o644)
        except OSError as error:
            raise TraceError(
                f"The trace {self.path} cannot be created ({error.strerror}): name another place."
            ) from error
        self._closed = False
        self._failed = False
        start = pack_preamble(FORMAT_VERSION)
        try:
            self._append(start + pack_frame(KIND_HEADER, self._encoder.encode(header)))
        except TraceError:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, events: Iterable[ObservedEvent]) -> None:
        """Take events in order of time; whole frames go to the file at once."""
        self._pending.extend(events)
        while len(self._pending) >= EVENTS_A_FRAME:
            self._write_frame(EVENTS_A_FRAME)

    def flush(self) -> None:
        """Put everything taken so far into the file, so that a follower sees it."""
        if self._pending:
            self._write_frame(len(self._pending))

    def close(self) -> None:
        """Flush, write the end frame, close. A file that failed gets no end frame."""
        if self._closed:
            return
        self._closed = True
        try:
            if not self._failed:
                self.flush()
                summary = self._encoder.encode({"events": self.events, "lost": self.lost})
                self._append(pack_frame(KIND_END, summary))
        finally:
            os.close(self._fd)

    def _write_frame(self, count: int) -> None:
        events = self._pending[:count]
        stamps = [event.ts for event in events]
        raw = self._encoder.encode(events)
        self._append(pack_frame(KIND_EVENTS, raw, count, (min(stamps), max(stamps))))
        del self._pending[:count]
        self.events += count

    def _append(self, data: bytes) -> None:
        if self._failed:
            raise TraceError(f"The trace {self.path} could not be written before: start a new one.")
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            self._failed = True
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self.size)
            raise TraceError(
                f"The trace {self.path} ends after {self.events} events ({error.strerror}): "
                "make room and record again."
            ) from error
        self.size += len(data)
