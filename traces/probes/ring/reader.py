"""The recorder's side of a ring."""

import mmap
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from traces.probes.ring.layout import (
    CONSUMED_AT,
    HEADER,
    HEADER_SIZE,
    LOST_AT,
    NOTE,
    NOTE_SIZE,
    NOTE_TEXT_AT,
    PID_AT,
)

CHUNK: Final = 2048


@dataclass(frozen=True, slots=True)
class Note:
    """A text that the writer left: ``kind`` as in the layout, two numbers, the text."""

    kind: int
    a: int
    b: int
    text: str


class RingReader:
    """Takes records and notes out of a ring while its writer runs, or after it died."""

    def __init__(self, path: str, record: struct.Struct) -> None:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._map = mmap.mmap(fd, 0, flags=mmap.MAP_SHARED)
        finally:
            os.close(fd)
        _, _, self._capacity, self._notes, _ = HEADER.unpack_from(self._map)
        self._record = record
        self._records_at = HEADER_SIZE + self._notes * NOTE_SIZE
        self._position = 0
        self._next_note = 0

    @property
    def pid(self) -> int:
        """The writer's process id; 0 before it has mapped the ring."""
        return self._number("<I", PID_AT)

    @property
    def lost(self) -> int:
        """How many records found no room."""
        return self._number("<Q", LOST_AT)

    def notes(self) -> list[Note]:
        """Return the notes left since the last call."""
        found = []
        while self._next_note < self._notes:
            at = HEADER_SIZE + self._next_note * NOTE_SIZE
            if not self._number("<I", at):
                break
            kind, length, a, b = NOTE.unpack_from(self._map, at + 4)
            text = self._map[at + NOTE_TEXT_AT : at + NOTE_TEXT_AT + length]
            found.append(Note(kind, a, b, text.decode("utf-8", "replace")))
            self._next_note += 1
        return found

    def drain(self) -> Iterator[tuple[Any, ...]]:
        """Yield the complete records so far, each as the fields of the record's struct."""
        while chunk := self._take():
            yield from self._record.iter_unpack(chunk)

    def close(self) -> None:
        """Unmap the ring; the file itself is its creator's to delete."""
        self._map.close()

    def _take(self) -> bytes:
        slot = self._position % self._capacity
        start = self._records_at + slot * self._record.size
        stop = start + min(CHUNK, self._capacity - slot) * self._record.size
        ready = 0
        for fields in self._record.iter_unpack(self._map[start:stop]):
            if fields[-1] != self._position + ready + 1 & 0xFFFFFFFF:
                break
            ready += 1
        # Copied a second time: in the first copy a body may be older than its number.
        data = self._map[start : start + ready * self._record.size]
        self._position += ready
        struct.pack_into("<Q", self._map, CONSUMED_AT, self._position)
        return data

    def _number(self, form: str, at: int) -> int:
        value: int = struct.unpack_from(form, self._map, at)[0]
        return value
