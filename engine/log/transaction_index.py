"""The aborted transactions whose marker stands in a segment: ``.txnindex``.

::

    entry, 34 bytes:  int16 version (0) | int64 producer id | int64 first offset
                      int64 last offset | int64 last stable offset

The file is made with its first entry: most segments have none. Unlike the other indexes it is
written, not mapped.

System calls: ``openat``, ``write`` an entry, ``preadv2`` of the whole file for a search.

Kafka: org.apache.kafka.storage.internals.log.TransactionIndex
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from engine.log.aborted_txn import AbortedTxn
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.nio import files
from engine.nio.file_channel import FileChannel

_ENTRY = struct.Struct(">hqqqq")
_VERSION = 0
# Entries that are read at once.
_CHUNK = 1024 * _ENTRY.size


class TxnIndexSearchResult(NamedTuple):
    """What was found, and whether later segments can have no more of it."""

    aborted_transactions: list[AbortedTxn]
    is_complete: bool


class TransactionIndex:
    """One segment's index; appending belongs to the log's lock, searching to any thread."""

    def __init__(self, path: str, start_offset: int, *, writable: bool = True) -> None:
        self.path = path
        self.start_offset = start_offset
        self._channel: FileChannel | None = None
        self._writable = writable
        self._last_offset: int | None = None
        self._size = 0
        if files.exists(path):
            self._open()

    def append(self, aborted: AbortedTxn) -> None:
        """Adds an entry; ValueError if its marker does not come after the last one."""
        last = self._last()
        if last is not None and aborted.last_offset <= last:
            raise ValueError(f"Offset {aborted.last_offset} does not come after {last}.")
        channel = self._channel or self._open()
        channel.position = self._size
        channel.write(_ENTRY.pack(aborted.version, *aborted[:4]))
        self._size += _ENTRY.size
        self._last_offset = aborted.last_offset

    def all_aborted_txns(self) -> list[AbortedTxn]:
        """Every entry; CorruptIndexException at one of a version that is not known."""
        return list(self._entries())

    def collect_aborted_txns(self, fetch_offset: int, upper_bound: int) -> TxnIndexSearchResult:
        """Those that overlap the offsets from ``fetch_offset`` to below ``upper_bound``."""
        found = []
        for aborted in self._entries():
            if aborted.last_offset >= fetch_offset and aborted.first_offset < upper_bound:
                found.append(aborted)
            if aborted.last_stable_offset >= upper_bound:
                return TxnIndexSearchResult(found, is_complete=True)
        return TxnIndexSearchResult(found, is_complete=False)

    def truncate_to(self, offset: int) -> None:
        """Forgets the transactions whose marker stands at or above an offset."""
        kept = 0
        self._last_offset = None
        for aborted in self._entries():
            if aborted.last_offset >= offset:
                break
            kept += 1
            self._last_offset = aborted.last_offset
        self._cut(kept * _ENTRY.size)

    def reset(self) -> None:
        """Forgets all entries."""
        self._last_offset = None
        self._cut(0)

    def sanity_check(self) -> None:
        """Raises CorruptIndexException if the file cannot be this segment's."""
        if self._size % _ENTRY.size:
            raise CorruptIndexException(
                f"The index {self.path} has {self._size} bytes, no multiple of {_ENTRY.size}."
            )
        last = self.start_offset - 1
        for aborted in self._entries():
            if aborted.last_offset <= last or aborted.first_offset > aborted.last_offset:
                raise CorruptIndexException(
                    f"The index {self.path} has a transaction from {aborted.first_offset} to "
                    f"{aborted.last_offset} after offset {last}."
                )
            last = aborted.last_offset

    def flush(self) -> None:
        """Waits until the entries are on the device."""
        if self._channel is not None:
            self._channel.force()

    def close(self) -> None:
        """Closes the file; safe to call twice."""
        channel, self._channel = self._channel, None
        self._size = 0
        if channel is not None:
            channel.close()

    def rename_to(self, path: str) -> None:
        """Gives the file another name, if there is one; the caller forces the directory."""
        if files.exists(self.path):
            files.move(self.path, path, flush_parent=False)
        self.path = path

    def delete_if_exists(self) -> bool:
        """Removes the file; whether it was there."""
        self.close()
        return files.delete_if_exists(self.path)

    def _last(self) -> int | None:
        if self._last_offset is None:
            self._last_offset = max((a.last_offset for a in self._entries()), default=None)
        return self._last_offset

    def _open(self) -> FileChannel:
        channel = FileChannel.open(self.path, read_only=not self._writable, create=self._writable)
        self._size = channel.size()
        self._channel = channel
        return channel

    def _cut(self, size: int) -> None:
        if self._channel is not None and self._size != size:
            self._channel.truncate(size)
            self._size = size

    def _entries(self) -> Iterator[AbortedTxn]:
        channel = self._channel
        whole = self._size // _ENTRY.size * _ENTRY.size
        for position in range(0, whole, _CHUNK):
            if channel is None:
                return
            chunk = bytearray(min(_CHUNK, whole - position))
            # Cut meanwhile: what is left is what there is.
            size = channel.read(chunk, position) // _ENTRY.size * _ENTRY.size
            for version, *fields in _ENTRY.iter_unpack(memoryview(chunk)[:size]):
                if version != _VERSION:
                    raise CorruptIndexException(
                        f"The index {self.path} has an entry of version {version}, "
                        f"which is not {_VERSION}."
                    )
                yield AbortedTxn(*fields)
