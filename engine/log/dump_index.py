"""Prints an index's entries and checks each against the log beside it.

A line per trouble is returned, in Kafka's words; a broken file raises an ApiException or an
OSError.

System calls: those of reading files, and ``mmap``.

Kafka: kafka.tools.DumpLogSegments
"""

import contextlib
from collections.abc import Callable
from typing import NamedTuple

from engine.common.errors import CorruptRecordException
from engine.log.abstract_index import AbstractIndex
from engine.log.log_file_utils import INDEX_FILE_SUFFIX, LOG_FILE_SUFFIX
from engine.log.offset_index import OffsetIndex
from engine.log.time_index import TimeIndex
from engine.record.file_log_input_stream import FileChannelRecordBatch
from engine.record.file_records import FileRecords
from engine.record.record_batch import NO_TIMESTAMP

Say = Callable[[str], None]


class IndexCheck(NamedTuple):
    """What is asked of an index; ``max_message_size`` is in bytes."""

    verify_only: bool = False
    sanity_only: bool = False
    max_message_size: int = 5 * 2**20


def _beside(path: str, suffix: str) -> str:
    return path[: path.rfind(".")] + suffix


def dump_index(path: str, base_offset: int, check: IndexCheck, say: Say) -> list[str]:
    """Says the entries of an ``.index``; returns the mismatches with the log."""
    mismatches = []
    with contextlib.ExitStack() as stack:
        log = FileRecords.open(_beside(path, LOG_FILE_SUFFIX), mutable=False)
        stack.callback(log.close)
        index = OffsetIndex(path, base_offset, writable=False)
        stack.callback(index.close)
        if index.entries == 0:
            say(f"{path} is empty.")
        elif check.sanity_only:
            _sanity_check(index, say)
            return []
        for slot in range(index.entries):
            offset, position = index.entry(slot)
            # A crash leaves the preallocated rest as zeros.
            if offset == base_offset and slot > 0:
                break
            found = _batch_at(log, position, path, check.max_message_size).last_offset
            if found != offset:
                mismatches.append(f"  Index offset: {offset}, log offset: {found}")
            if not check.verify_only:
                say(f"offset: {offset} position: {position}")
    return [f"Mismatches in :{path}", *reversed(mismatches)] if mismatches else []


def dump_time_index(path: str, base_offset: int, check: IndexCheck, say: Say) -> list[str]:
    """Says the entries of a ``.timeindex``; returns what contradicts the log."""
    troubles = _Troubles(path)
    with contextlib.ExitStack() as stack:
        log = FileRecords.open(_beside(path, LOG_FILE_SUFFIX), mutable=False)
        stack.callback(log.close)
        index = OffsetIndex(_beside(path, INDEX_FILE_SUFFIX), base_offset, writable=False)
        stack.callback(index.close)
        time_index = TimeIndex(path, base_offset, writable=False)
        stack.callback(time_index.close)
        if check.sanity_only:
            _sanity_check(time_index, say)
            return []
        previous = NO_TIMESTAMP
        for slot in range(time_index.entries):
            timestamp, offset = time_index.entry(slot)
            if offset == base_offset and slot > 0:
                break
            position = index.lookup(offset).position
            batches = log.batches_from(position)
            found = next((b for b in batches if b.last_offset >= offset), None)
            troubles.check((timestamp, offset), previous, found)
            if not check.verify_only:
                say(f"timestamp: {timestamp} offset: {offset}")
            previous = timestamp
    return troubles.lines()


class _Troubles:
    def __init__(self, path: str) -> None:
        self._path = path
        self._mismatches: list[str] = []
        self._disorder: list[str] = []
        self._not_found: list[str] = []

    def check(
        self, entry: tuple[int, int], previous: int, batch: FileChannelRecordBatch | None
    ) -> None:
        timestamp, offset = entry
        if batch is None or batch.last_offset != offset:
            found = -1 if batch is None else batch.last_offset
            self._not_found.append(f"Indexed offset: {offset}, found log offset: {found}")
            return
        largest = max((r.timestamp for r in batch.full_batch), default=NO_TIMESTAMP)
        if largest != timestamp:
            self._mismatches.append(f"  Index timestamp: {timestamp}, log timestamp: {largest}")
        if previous >= timestamp:
            self._disorder.append(
                f"  Index timestamp: {timestamp}, Previously indexed timestamp: {previous}"
            )

    def lines(self) -> list[str]:
        lines = []
        if self._mismatches:
            lines += [f"Found timestamp mismatch in :{self._path}", *self._mismatches]
        if self._disorder:
            lines += [f"Found out of order timestamp in :{self._path}", *self._disorder]
        if self._not_found:
            lines += ["The following indexed offsets are not found in the log.", *self._not_found]
        return lines


def _sanity_check(index: AbstractIndex, say: Say) -> None:
    index.sanity_check()
    say(f"{index.path} passed sanity check.")


def _batch_at(log: FileRecords, position: int, path: str, limit: int) -> FileChannelRecordBatch:
    if 0 <= position <= log.size_in_bytes():
        batch = next(log.slice(position, limit).batches(), None)
        if batch is not None:
            return batch
    raise CorruptRecordException(
        f"{path} points to byte {position}, where no batch of at most {limit} bytes stands"
    )
