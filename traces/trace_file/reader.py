"""Reads a trace at any point without decoding the rest; follows one that still grows."""

import os
import threading
import weakref
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import msgspec
from crc32c import crc32c

from traces.event import ObservedEvent
from traces.trace_file.errors import TraceError
from traces.trace_file.frame import (
    HEAD,
    KIND_END,
    KIND_EVENTS,
    KIND_HEADER,
    MAGIC,
    PREAMBLE,
    FrameHead,
    parse_head,
    unpack_payload,
)
from traces.trace_file.header import FORMAT_VERSION, TraceHeader

CACHED_FRAMES: Final = 16

_EVENTS = msgspec.msgpack.Decoder(list[ObservedEvent])
_HEADER = msgspec.msgpack.Decoder(TraceHeader)
_SUMMARY = msgspec.msgpack.Decoder(dict[str, int])


@dataclass(frozen=True, slots=True)
class _Indexed:
    head: FrameHead
    offset: int  # of the payload


class TraceReader:
    """A trace as a sequence of events: ``len()``, ``[i]``, ``events()``.

    ``header`` says how it was recorded. ``cut`` is None for a file with its end frame, else one
    sentence about where and why reading ends. ``lost`` is the total that the recorder knew of.
    Raises TraceError if the file is no trace, or of a later version.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.cut: str | None = None
        self.complete = False
        self.lost = 0
        try:
            self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError as error:
            raise TraceError(
                f"The trace {self.path} cannot be opened ({error.strerror}): check the path."
            ) from error
        self._closer = weakref.finalize(self, os.close, self._fd)
        self._frames: list[_Indexed] = []
        self._ends: list[int] = []  # events up to and with each frame
        self._last: list[int] = []  # largest ts up to and with each frame
        self._cache: OrderedDict[int, list[ObservedEvent]] = OrderedDict()
        self._lock = threading.Lock()
        try:
            self.header, self._end = self._open()
        except (TraceError, OSError) as error:
            self.close()
            if isinstance(error, OSError):
                raise TraceError(
                    f"The trace {self.path} cannot be read ({error.strerror}): check the path."
                ) from error
            raise
        self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: int) -> ObservedEvent:
        total = len(self)
        position = index + total if index < 0 else index
        if not 0 <= position < total:
            raise IndexError(f"event {index} of {total}")
        frame = bisect_right(self._ends, position)
        return self._frame(frame)[position - self._start(frame)]

    @property
    def first_ts(self) -> int:
        """The time of the first event, nanoseconds; 0 in an empty trace."""
        return min((frame.head.first_ts for frame in self._frames[:2]), default=0)

    @property
    def last_ts(self) -> int:
        """The time of the last event, nanoseconds; 0 in an empty trace."""
        return self._last[-1] if self._last else 0

    def events(self, start: int = 0, stop: int | None = None) -> Iterator[ObservedEvent]:
        """Yield the events from ``start`` up to ``stop`` (or the end as known now), in order."""
        end = len(self) if stop is None else min(stop, len(self))
        frame = bisect_right(self._ends, max(start, 0))
        while frame < len(self._frames) and self._start(frame) < end:
            first = self._start(frame)
            yield from self._frame(frame)[max(start - first, 0) : end - first]
            frame += 1

    def index_at(self, ts: int) -> int:
        """Return the index of the first event at or after ``ts``; ``len()`` if there is none."""
        frame = bisect_left(self._last, ts)
        if frame == len(self._frames):
            return len(self)
        stamps = [event.ts for event in self._frame(frame)]
        return self._start(frame) + bisect_left(stamps, ts)

    def refresh(self) -> int:
        """Look for frames that were added since; return how many events are new."""
        with self._lock:
            before = len(self)
            while not self.complete and self._read_next():
                pass
            return len(self) - before

    def close(self) -> None:
        """Close the file; indexing after that fails."""
        self._closer()

    def _open(self) -> tuple[TraceHeader, int]:
        preamble = os.pread(self._fd, PREAMBLE.size, 0)
        if not preamble or not MAGIC.startswith(preamble[: len(MAGIC)]):
            raise TraceError(f"{self.path} is not a kafkascope trace: name a .trace file.")
        if len(preamble) < PREAMBLE.size:
            raise TraceError(f"The trace {self.path} was cut before its first frame: record again.")
        _, version, crc = PREAMBLE.unpack(preamble)
        if crc != crc32c(preamble[:12]):
            raise TraceError(f"The first bytes of the trace {self.path} are damaged: record again.")
        if version != FORMAT_VERSION:
            raise TraceError(
                f"The trace {self.path} is of format version {version}, this kafkascope reads "
                f"version {FORMAT_VERSION}: use the kafkascope that recorded it."
            )
        return self._open_header()

    def _open_header(self) -> tuple[TraceHeader, int]:
        offset = PREAMBLE.size
        found = self._check(offset)
        if isinstance(found, str) or found.kind != KIND_HEADER:
            raise TraceError(f"The header of the trace {self.path} is damaged: record again.")
        payload = os.pread(self._fd, found.length, offset + HEAD.size)
        try:
            header = _HEADER.decode(unpack_payload(payload, found.raw))
        except msgspec.MsgspecError as error:
            raise TraceError(
                f"The header of the trace {self.path} has unknown contents: record again."
            ) from error
        return header, offset + HEAD.size + found.length

    def _read_next(self) -> bool:
        found = self._check(self._end)
        if isinstance(found, str):
            self.cut = found
            return False
        payload = self._end + HEAD.size
        self._end = payload + found.length
        if found.kind == KIND_END:
            self._finish(payload, found)
        elif found.kind == KIND_EVENTS and found.count:
            self._frames.append(_Indexed(found, payload))
            self._ends.append(len(self) + found.count)
            self._last.append(max(found.last_ts, self.last_ts))
        return True

    def _finish(self, offset: int, head: FrameHead) -> None:
        self.complete, self.cut = True, None
        try:
            raw = unpack_payload(os.pread(self._fd, head.length, offset), head.raw)
            self.lost = _SUMMARY.decode(raw).get("lost", 0)
        except (TraceError, msgspec.MsgspecError):
            self.lost = 0

    def _check(self, offset: int) -> FrameHead | str:
        """Return the sound frame at ``offset``, or the sentence that says why there is none."""
        head_bytes = os.pread(self._fd, HEAD.size, offset)
        known = f"{len(self)} events can be read"
        if not head_bytes:
            return f"The trace has no end frame, its recording was cut off or still runs: {known}."
        if len(head_bytes) < HEAD.size:
            return f"The trace was cut inside a frame at byte {offset}: {known}."
        head = parse_head(head_bytes)
        if head is None:
            return f"The trace is damaged at byte {offset}: {known}."
        if offset + HEAD.size + head.length > os.fstat(self._fd).st_size:
            return f"The trace was cut inside a frame at byte {offset}: {known}."
        if crc32c(os.pread(self._fd, head.length, offset + HEAD.size)) != head.crc:
            return f"The trace is damaged at byte {offset}: {known}."
        return head

    def _start(self, frame: int) -> int:
        return self._ends[frame - 1] if frame else 0

    def _frame(self, number: int) -> list[ObservedEvent]:
        with self._lock:
            cached = self._cache.get(number)
            if cached is None:
                cached = self._cache[number] = self._decode(self._frames[number])
                if len(self._cache) > CACHED_FRAMES:
                    self._cache.popitem(last=False)
            else:
                self._cache.move_to_end(number)
            return cached

    def _decode(self, frame: _Indexed) -> list[ObservedEvent]:
        payload = os.pread(self._fd, frame.head.length, frame.offset)
        try:
            events = _EVENTS.decode(unpack_payload(payload, frame.head.raw))
        except msgspec.MsgspecError as error:
            raise TraceError(
                f"The trace {self.path} holds events this kafkascope does not know at byte "
                f"{frame.offset}: use the kafkascope that recorded it."
            ) from error
        if len(events) != frame.head.count:
            raise TraceError(f"The trace {self.path} is damaged at byte {frame.offset}.")
        return events
