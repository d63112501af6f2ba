"""From an offset to a position in the segment: one entry about every 4 KiB of batches.

::

    entry, 8 bytes:  relative offset int32 | position int32

The offset is the *last* one of the batch that starts at the position, less the segment's base
offset; so a lookup never overshoots, and the search goes on from there in the log itself.

System calls: AbstractIndex's.

Kafka: org.apache.kafka.storage.internals.log.OffsetIndex
"""

import struct
from typing import ClassVar

from engine.log.abstract_index import AbstractIndex
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.offset_position import OffsetPosition
from engine.nio.mapped_byte_buffer import MappedByteBuffer


class OffsetIndex(AbstractIndex):
    """Sparse index by offset; positions are bytes from the segment's start."""

    ENTRY_SIZE: ClassVar[int] = 8
    KEY: ClassVar[struct.Struct] = struct.Struct(">i")

    def __init__(
        self, path: str, base_offset: int, max_index_size: int = -1, *, writable: bool = True
    ) -> None:
        super().__init__(path, base_offset, max_index_size, writable=writable)
        self._key_base = base_offset

    @property
    def last_offset(self) -> int:
        """Offset of the last entry, the base offset if there is none."""
        return self.entry(self._entries - 1).offset if self._entries else self.base_offset

    def entry(self, slot: int) -> OffsetPosition:
        """The entry in a slot; IndexError outside the entries."""
        if not 0 <= slot < self._entries:
            raise IndexError(f"The index {self.path} has {self._entries} entries, none at {slot}.")
        return self._entry(self._mapped(), slot)

    def lookup(self, target_offset: int) -> OffsetPosition:
        """The last entry that is not above the target; (base offset, 0) if there is none."""
        with self._lock:
            slot = self.largest_lower_bound_slot_for(target_offset)
            if slot < 0:
                return OffsetPosition(self.base_offset, 0)
            return self._entry(self._mapped(), slot)

    def fetch_upper_bound_offset(self, fetch: OffsetPosition, fetch_size: int) -> int | None:
        """The offset of the first entry at or behind the end of a read, None if there is none."""
        with self._lock:
            low, high = 0, self._entries
            while low < high:
                middle = (low + high) // 2
                if self.entry(middle).position < fetch.position + fetch_size:
                    low = middle + 1
                else:
                    high = middle
            return self.entry(low).offset if low < self._entries else None

    def append(self, offset: int, position: int) -> None:
        """Adds an entry; ValueError if it is full or the offset is not above the last entry's."""
        with self._lock:
            if self.is_full:
                raise ValueError(f"The index {self.path} is full with {self._entries} entries.")
            if self._entries and offset <= self.last_offset:
                raise ValueError(f"Offset {offset} does not come after {self.last_offset}.")
            relative = self._relative_offset(offset)
            at = self._reserve_entry()
            mmap = self._mapped()
            mmap.put_int(at, relative)
            mmap.put_int(at + 4, position)
            self._entries += 1

    def truncate_to(self, offset: int) -> None:
        """Forgets entries at or above an offset."""
        with self._lock:
            self._truncate_to_entries(self.largest_lower_bound_slot_for(offset - 1) + 1)

    def sanity_check(self) -> None:
        """Raises CorruptIndexException if the last entry is below the base, or the size odd."""
        self._check_length()
        if self._entries and self.last_offset < self.base_offset:
            raise CorruptIndexException(
                f"The index {self.path} ends with offset {self.last_offset}, "
                f"below its base {self.base_offset}."
            )

    def _entry(self, mmap: MappedByteBuffer, slot: int) -> OffsetPosition:
        return OffsetPosition(self._key(mmap, slot), mmap.get_int(slot * 8 + 4))
