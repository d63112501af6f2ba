"""Builds messages of magic 0 and 1, as clients before Kafka 0.11 wrote them.

Without compression every record is a message, and so a batch, of its own. With it all of them
become the value of one wrapper::

    magic 0   wrapper 41 [ 40 | 41 ]   inner offsets are the log's
    magic 1   wrapper 41 [  0 |  1 ]   inner offsets count from 0 (KIP-31), so that the broker
                                       needs to write the wrapper's alone

In Kafka one builder writes all formats; here the old ones stand apart from the one in use.

System calls: none.

Kafka: org.apache.kafka.common.record.MemoryRecordsBuilder
"""

from engine.common.errors import UnsupportedCompressionTypeException
from engine.record import record_batch as constants
from engine.record.compression import compress
from engine.record.compression_type import CompressionType
from engine.record.default_record import Bytes
from engine.record.legacy_record import MessageHead, write_message
from engine.record.memory_records import MemoryRecords


class LegacyRecordsBuilder:
    """Append records in offset order, then ``build`` once.

    With ``log_append_time`` (milliseconds) the messages say that the broker set it.
    """

    def __init__(
        self,
        magic: int,
        compression: CompressionType = CompressionType.NONE,
        *,
        base_offset: int = 0,
        log_append_time: int | None = None,
    ) -> None:
        if magic not in (constants.MAGIC_VALUE_V0, constants.MAGIC_VALUE_V1):
            raise ValueError(f"Magic {magic} is not an old format; 0 and 1 are.")
        if magic == constants.MAGIC_VALUE_V0 and log_append_time is not None:
            raise ValueError("Messages of magic 0 have no timestamp.")
        if compression is CompressionType.ZSTD:
            raise UnsupportedCompressionTypeException(
                f"Messages of magic {magic} cannot be compressed with zstd; "
                "use gzip, snappy or lz4, or magic 2."
            )
        self._magic = magic
        self._compression = compression
        self._base_offset = base_offset
        self._log_append_time = log_append_time
        self._time_attribute = 0 if log_append_time is None else constants.TIMESTAMP_TYPE_MASK
        self._messages = bytearray()
        self._last_offset = base_offset - 1
        self._max_timestamp = constants.NO_TIMESTAMP
        self._count = 0

    @property
    def num_records(self) -> int:
        """Records appended so far."""
        return self._count

    def append(self, timestamp: int, key: Bytes | None, value: Bytes | None) -> None:
        """Adds a record with the next offset; the timestamp is in milliseconds since 1970."""
        self.append_with_offset(self._last_offset + 1, timestamp, key, value)

    def append_with_offset(
        self, offset: int, timestamp: int, key: Bytes | None, value: Bytes | None
    ) -> None:
        """Adds a record with an offset above the last one; ValueError otherwise."""
        if offset <= self._last_offset:
            raise ValueError(f"Offset {offset} does not come after {self._last_offset}.")
        wrapped = self._compression is not CompressionType.NONE
        relative = wrapped and self._magic == constants.MAGIC_VALUE_V1
        # Inside a wrapper the producer's own times stay; the wrapper's is the one that counts.
        time = timestamp if self._log_append_time is None or wrapped else self._log_append_time
        head = MessageHead(
            offset - self._base_offset if relative else offset,
            self._magic,
            self._time_attribute,
            time,
        )
        write_message(self._messages, head, key, value)
        self._last_offset = offset
        self._max_timestamp = max(self._max_timestamp, time)
        self._count += 1

    def build(self) -> MemoryRecords:
        """The messages in a writable buffer of their own; EMPTY if nothing was appended."""
        if not self._count:
            return MemoryRecords.EMPTY
        if self._compression is CompressionType.NONE:
            return MemoryRecords(self._messages)
        head = MessageHead(
            self._last_offset,
            self._magic,
            self._time_attribute | self._compression,
            self._max_timestamp if self._log_append_time is None else self._log_append_time,
        )
        out = bytearray()
        packed = compress(self._compression, self._messages, magic=self._magic)
        write_message(out, head, None, packed)
        return MemoryRecords(out)
