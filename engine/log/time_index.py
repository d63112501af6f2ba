"""From a timestamp to an offset.

::

    entry, 12 bytes:  timestamp int64 | relative offset int32

An entry says: no record before this offset in this segment is later than this timestamp. It is
written with each entry of the offset index, if the largest timestamp has grown, and once more when
the segment is rolled or closed.

System calls: AbstractIndex's.

Kafka: org.apache.kafka.storage.internals.log.TimeIndex
"""

import struct
from typing import ClassVar

from engine.log.abstract_index import AbstractIndex
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.timestamp_offset import TimestampOffset
from engine.nio.mapped_byte_buffer import MappedByteBuffer
from engine.record.record_batch import NO_TIMESTAMP


class TimeIndex(AbstractIndex):
    """Sparse index by timestamp, in milliseconds."""

    ENTRY_SIZE: ClassVar[int] = 12
    KEY: ClassVar[struct.Struct] = struct.Struct(">q")

    @property
    def is_full(self) -> bool:
        """One slot is kept free for the entry that rolling writes."""
        return self._entries >= self.max_entries - 1

    @property
    def last_entry(self) -> TimestampOffset:
        """The last entry; (-1, base offset) if there is none."""
        if not self._entries:
            return TimestampOffset(NO_TIMESTAMP, self.base_offset)
        return self.entry(self._entries - 1)

    def entry(self, slot: int) -> TimestampOffset:
        """The entry in a slot; IndexError outside the entries."""
        if not 0 <= slot < self._entries:
            raise IndexError(f"The index {self.path} has {self._entries} entries, none at {slot}.")
        return self._entry(self._mapped(), slot)

    def lookup(self, target_timestamp: int) -> TimestampOffset:
        """The last entry that is not later than the target; (-1, base offset) if there is none."""
        with self._lock:
            slot = self.largest_lower_bound_slot_for(target_timestamp)
            if slot < 0:
                return TimestampOffset(NO_TIMESTAMP, self.base_offset)
            return self._entry(self._mapped(), slot)

    def maybe_append(self, timestamp: int, offset: int, *, skip_full_check: bool = False) -> None:
        """Adds an entry if the timestamp is above the last one; ValueError if it is full.

        ``skip_full_check`` takes the slot that is kept free.
        """
        with self._lock:
            full = self._entries >= self.max_entries if skip_full_check else self.is_full
            last = self.last_entry
            if timestamp <= last.timestamp:
                return
            if full:
                raise ValueError(f"The index {self.path} is full with {self._entries} entries.")
            if self._entries and offset < last.offset:
                raise ValueError(f"Offset {offset} comes before {last.offset}.")
            relative = self._relative_offset(offset)
            at = self._reserve_entry()
            mmap = self._mapped()
            mmap.put_long(at, timestamp)
            mmap.put_int(at + 8, relative)
            self._entries += 1

    def truncate_to(self, offset: int) -> None:
        """Forgets entries at or above an offset."""
        with self._lock:
            entries = self._entries
            while entries and self.entry(entries - 1).offset >= offset:
                entries -= 1
            self._truncate_to_entries(entries)

    def sanity_check(self) -> None:
        """Raises CorruptIndexException if the last entry contradicts the first, or the size is odd."""
        self._check_length()
        if not self._entries:
            return
        first, last = self.entry(0), self.last_entry
        if last.timestamp < first.timestamp or last.offset < self.base_offset:
            raise CorruptIndexException(
                f"The index {self.path} ends with timestamp {last.timestamp} and offset "
                f"{last.offset}, which cannot follow {first.timestamp} and {self.base_offset}."
            )

    def _entry(self, mmap: MappedByteBuffer, slot: int) -> TimestampOffset:
        return TimestampOffset(
            self._key(mmap, slot), self.base_offset + mmap.get_int(slot * 12 + 8)
        )
