"""An index file that is mapped: what the offset index and the time index have in common.

::

    | entry | entry | ... | entry | 0 0 0 ... preallocated, sparse ... 0 |
    0                             entries * entry_size        segment.index.bytes

A new file is preallocated and mapped whole, so that appending is a store into memory and no system
call. It is cut to its entries when the segment is rolled or closed, and made large again when it
is opened as the active segment's.

The search is binary, but starts in the *warm section*, the last 8 KiB of entries. Lookups come
mostly from consumers near the end; a plain binary search would also touch the middle, the quarter
and so on of the file, pages that nobody else uses, that have left the page cache and cost a major
fault each time a new page's entry moves the probes (KAFKA-6432).

System calls: ``openat``, ``ftruncate``, ``mmap`` (open, resize), ``msync`` (flush); a page fault
at the first touch of each page; ``fallocate`` when an append reaches a new page: a store into a
sparse page of a full disk would be answered with SIGBUS (mmap(2)) and end the process.

Kafka: org.apache.kafka.storage.internals.log.AbstractIndex
"""

import struct
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

from engine.common.errors import KafkaStorageException
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.nio import files
from engine.nio.file_channel import FileChannel
from engine.nio.mapped_byte_buffer import MappedByteBuffer

# Two pages: the last 8 KiB are touched by every lookup near the end, so they stay warm.
_WARM_BYTES = 8192
_PAGE = 4096


class AbstractIndex(ABC):
    """Entries of a fixed size in ascending order; ``base_offset`` is the segment's.

    Appending belongs to the log's lock; lookups may come from any thread.
    """

    ENTRY_SIZE: ClassVar[int]
    # What the entries are ordered by stands at the start of each.
    KEY: ClassVar[struct.Struct]

    def __init__(
        self, path: str, base_offset: int, max_index_size: int = -1, *, writable: bool = True
    ) -> None:
        self.path = path
        self.base_offset = base_offset
        self.max_index_size = max_index_size
        self._lock = threading.RLock()
        # What stored keys count from: an index whose keys are relative says so.
        self._key_base = 0
        fresh = writable and not files.exists(path)
        self._channel = FileChannel.open(path, read_only=not writable, create=writable)
        try:
            if fresh:
                self._channel.truncate(self._rounded(max_index_size))
            self.length = self._channel.size()
            self._entries = 0 if fresh else self.length // self.ENTRY_SIZE
            self._allocated = self._entries * self.ENTRY_SIZE
            self._mmap = self._map()
        except BaseException:
            self._channel.close()
            raise

    @property
    def entries(self) -> int:
        """Entries written."""
        return self._entries

    @property
    def max_entries(self) -> int:
        """Entries for which the file has room now."""
        return self.length // self.ENTRY_SIZE

    @property
    def is_full(self) -> bool:
        """Whether no entry can be appended."""
        return self._entries >= self.max_entries

    def size_in_bytes(self) -> int:
        """Bytes of the entries."""
        return self._entries * self.ENTRY_SIZE

    @abstractmethod
    def sanity_check(self) -> None:
        """Raises CorruptIndexException if the file cannot be an index of its segment."""

    @abstractmethod
    def truncate_to(self, offset: int) -> None:
        """Forgets entries at or above an offset."""

    def reset(self) -> None:
        """Forgets all entries and makes the file as large as it may be."""
        self._truncate_to_entries(0)
        self._allocated = 0
        if self.max_index_size > 0:
            self.resize(self.max_index_size)

    def resize(self, size: int) -> None:
        """Gives the file ``size`` bytes, rounded down to whole entries, and maps it again."""
        with self._lock:
            rounded = self._rounded(size)
            if rounded == self.length:
                return
            self._channel.truncate(rounded)
            self.length = rounded
            self._allocated = min(self._allocated, rounded)
            # The old mapping goes when the last lookup lets go of it.
            self._mmap = self._map()

    def trim_to_valid_size(self) -> None:
        """Cuts the file to its entries."""
        self.resize(self.size_in_bytes())

    def rename_to(self, path: str) -> None:
        """Gives the file another name in its directory, which the caller forces."""
        with self._lock:
            files.move(self.path, path, flush_parent=False)
            self.path = path

    def flush(self) -> None:
        """Waits until the entries are on the device."""
        with self._lock:
            if self._mmap is not None:
                self._mmap.force()

    def close(self) -> None:
        """Cuts the file to its entries and lets go of it; safe to call twice."""
        with self._lock:
            if self._channel.fileno() < 0:
                return
            if not self._channel.read_only:
                self.trim_to_valid_size()
            self._mmap = None
            self._entries = 0
            self._channel.close()

    def largest_lower_bound_slot_for(self, target: int) -> int:
        """The last slot whose key is not above ``target``, -1 if there is none."""
        entries, mmap = self._entries, self._mmap
        if entries == 0 or mmap is None:
            return -1
        first_hot = max(0, entries - 1 - _WARM_BYTES // self.ENTRY_SIZE)
        if self._key(mmap, first_hot) <= target:
            return self._binary_search(mmap, target, first_hot, entries - 1)
        if self._key(mmap, 0) > target:
            return -1
        return self._binary_search(mmap, target, 0, first_hot)

    def _binary_search(self, mmap: MappedByteBuffer, target: int, low: int, high: int) -> int:
        # Some twenty probes a look-up: a call less in each halves the time of the whole.
        read, buffer, size = self.KEY.unpack_from, mmap.buffer, self.ENTRY_SIZE
        wanted = target - self._key_base
        while low < high:
            middle = (low + high + 1) // 2
            if read(buffer, middle * size)[0] <= wanted:
                low = middle
            else:
                high = middle - 1
        return low

    def _key(self, mmap: MappedByteBuffer, slot: int) -> int:
        stored: int = self.KEY.unpack_from(mmap.buffer, slot * self.ENTRY_SIZE)[0]
        return self._key_base + stored

    def _mapped(self) -> MappedByteBuffer:
        if self._mmap is None:
            raise KafkaStorageException(f"The index {self.path} is closed or has no room.")
        return self._mmap

    def _reserve_entry(self) -> int:
        """The byte position of the next entry, with a block of the disk under it."""
        start = self._entries * self.ENTRY_SIZE
        end = start + self.ENTRY_SIZE
        if end > self._allocated:
            page_end = min(self.length, (end + _PAGE - 1) // _PAGE * _PAGE)
            self._channel.allocate(self._allocated, page_end - self._allocated)
            self._allocated = page_end
        return start

    def _truncate_to_entries(self, entries: int) -> None:
        with self._lock:
            self._entries = min(self._entries, entries)

    def _relative_offset(self, offset: int) -> int:
        relative = offset - self.base_offset
        if not 0 <= relative < 2**31:
            raise ValueError(f"Offset {offset} does not fit the index {self.path}.")
        return relative

    def _rounded(self, size: int) -> int:
        return size // self.ENTRY_SIZE * self.ENTRY_SIZE

    def _check_length(self) -> None:
        if self.length % self.ENTRY_SIZE:
            raise CorruptIndexException(
                f"The index {self.path} has {self.length} bytes, "
                f"which is no multiple of {self.ENTRY_SIZE}."
            )

    def _map(self) -> MappedByteBuffer | None:
        # mmap(2) has no mapping of 0 bytes.
        if self.length < self.ENTRY_SIZE:
            return None
        return self._channel.map(self.length, read_only=self._channel.read_only)
