"""A batch of records, magic 2: a header of 61 bytes, then the records, compressed as one.

::

     0 base offset int64       | 12 partition leader epoch int32 | 16 magic int8 = 2
     8 batch length int32      | 17 crc-32c uint32, of everything from 21 on
    21 attributes int16        | 23 last offset delta int32      | 27 base timestamp int64
    35 max timestamp int64     | 43 producer id int64            | 51 producer epoch int16
    53 base sequence int32     | 57 records int32                | 61 records

    attributes: 0-2 codec, 3 log append time, 4 transactional, 5 control, 6 delete horizon

The checksum leaves out what the broker fills in: it writes the base offset and the leader epoch
into the batch as it came and appends the bytes unchanged (KIP-98).

System calls: none.

Kafka: org.apache.kafka.common.record.DefaultRecordBatch
"""

import struct
from collections.abc import Iterator

from crc32c import crc32c

from engine.common.errors import CorruptRecordException
from engine.nio.buffer import Buffer
from engine.record import record_batch as constants
from engine.record.compression import decompress
from engine.record.compression_type import CompressionType
from engine.record.default_record import DefaultRecord, RecordContext, increment_sequence
from engine.record.record_batch import RecordBatch
from engine.record.timestamp_type import TimestampType

HEADER = struct.Struct(">qiibIhiqqqhii")
RECORD_BATCH_OVERHEAD = HEADER.size
PARTITION_LEADER_EPOCH_OFFSET = 12
CRC_OFFSET = 17
ATTRIBUTES_OFFSET = 21
MAX_TIMESTAMP_OFFSET = 35

TRANSACTIONAL_FLAG_MASK = 0x10
CONTROL_FLAG_MASK = 0x20
DELETE_HORIZON_FLAG_MASK = 0x40

_LONG = struct.Struct(">q")
_INT = struct.Struct(">i")
_UNSIGNED_INT = struct.Struct(">I")
_SHORT = struct.Struct(">h")
# Six one-byte numbers and the length before them: nothing shorter is a record.
_LEAST_RECORD = 7


class DefaultRecordBatch(RecordBatch):
    """A view of a batch's bytes; the header is read once, the records when asked for.

    ``position`` is where the batch starts in its file or buffer, for messages.
    """

    magic: int = constants.MAGIC_VALUE_V2

    def __init__(self, buffer: Buffer, position: int | None = None) -> None:
        self.buffer = memoryview(buffer)
        self.position = position
        if len(self.buffer) < RECORD_BATCH_OVERHEAD:
            raise CorruptRecordException(
                f"A batch of {len(self.buffer)} bytes is smaller than its header of "
                f"{RECORD_BATCH_OVERHEAD}",
                position,
            )
        (
            self.base_offset,
            self.length,
            self.partition_leader_epoch,
            _,
            self._crc,
            self.attributes,
            self.last_offset_delta,
            self.base_timestamp,
            self.max_timestamp,
            self.producer_id,
            self.producer_epoch,
            self.base_sequence,
            self.count,
        ) = HEADER.unpack_from(self.buffer)

    @property
    def last_offset(self) -> int:  # type: ignore[override]  # derived here, stored elsewhere
        """Offset of the last record, or of the one that compaction removed from the end."""
        return int(self.base_offset) + int(self.last_offset_delta)

    @property
    def last_sequence(self) -> int:  # type: ignore[override]  # derived here, stored elsewhere
        """Sequence number of the last record, -1 without an idempotent producer."""
        if self.base_sequence == constants.NO_SEQUENCE:
            return constants.NO_SEQUENCE
        return increment_sequence(self.base_sequence, self.last_offset_delta)

    @property
    def is_transactional(self) -> bool:  # type: ignore[override]  # derived here
        """Whether the batch belongs to a transaction."""
        return bool(self.attributes & TRANSACTIONAL_FLAG_MASK)

    @property
    def is_control_batch(self) -> bool:  # type: ignore[override]  # derived here
        """Whether the batch holds a transaction's marker and no data."""
        return bool(self.attributes & CONTROL_FLAG_MASK)

    @property
    def delete_horizon_ms(self) -> int | None:  # type: ignore[override]  # derived here
        """When tombstones may go (KIP-534), kept in the place of the base timestamp."""
        return self.base_timestamp if self.attributes & DELETE_HORIZON_FLAG_MASK else None

    @property
    def compression_type(self) -> CompressionType:
        """The codec; CorruptRecordException if its number is not known."""
        return CompressionType.for_id(self.attributes & constants.COMPRESSION_CODEC_MASK)

    @property
    def timestamp_type(self) -> TimestampType:
        """Who set the timestamps."""
        if self.attributes & constants.TIMESTAMP_TYPE_MASK:
            return TimestampType.LOG_APPEND_TIME
        return TimestampType.CREATE_TIME

    @property
    def count_or_null(self) -> int:
        """Records in the batch."""
        return int(self.count)

    @property
    def checksum(self) -> int:
        """The checksum that the batch carries."""
        return int(self._crc)

    def compute_checksum(self) -> int:
        """CRC-32C of everything from the attributes on."""
        return int(crc32c(self.buffer[ATTRIBUTES_OFFSET : self.size_in_bytes()]))

    def size_in_bytes(self) -> int:
        """The whole batch, header included."""
        return constants.LOG_OVERHEAD + int(self.length)

    def is_valid(self) -> bool:
        """Whether the size is possible and the checksum fits the bytes."""
        size = self.size_in_bytes()
        return RECORD_BATCH_OVERHEAD <= size <= len(self.buffer) and (
            self.checksum == self.compute_checksum()
        )

    def ensure_valid(self) -> None:
        """Raises CorruptRecordException, with reason and position, unless ``is_valid``."""
        size = self.size_in_bytes()
        if not RECORD_BATCH_OVERHEAD <= size <= len(self.buffer):
            raise CorruptRecordException(
                f"A batch claims {size} bytes where {len(self.buffer)} are there", self.position
            )
        if self._crc != (computed := self.compute_checksum()):
            raise CorruptRecordException(
                f"A batch's checksum is {self._crc} and its bytes give {computed}", self.position
            )

    def iterator(self) -> Iterator[DefaultRecord]:
        """The records, unpacked one by one; CorruptRecordException where they are broken."""
        data = self.buffer[RECORD_BATCH_OVERHEAD : self.size_in_bytes()]
        try:
            yield from self._records(decompress(self.compression_type, data))
        except CorruptRecordException as broken:
            raise CorruptRecordException(broken.reason, self.position) from broken

    def set_last_offset(self, offset: int) -> None:
        """Writes the base offset that makes ``offset`` the last one; the buffer must be writable."""
        self.base_offset = offset - self.last_offset_delta
        _LONG.pack_into(self.buffer, constants.OFFSET_OFFSET, self.base_offset)

    def set_partition_leader_epoch(self, epoch: int) -> None:
        """Writes the leader epoch; the buffer must be writable."""
        self.partition_leader_epoch = epoch
        _INT.pack_into(self.buffer, PARTITION_LEADER_EPOCH_OFFSET, epoch)

    def set_max_timestamp(self, timestamp_type: TimestampType, timestamp: int) -> None:
        """Writes type and largest timestamp, and the checksum over them."""
        mask = constants.TIMESTAMP_TYPE_MASK
        by_log = timestamp_type is TimestampType.LOG_APPEND_TIME
        self.attributes = self.attributes | mask if by_log else self.attributes & ~mask
        self.max_timestamp = timestamp
        _SHORT.pack_into(self.buffer, ATTRIBUTES_OFFSET, self.attributes)
        _LONG.pack_into(self.buffer, MAX_TIMESTAMP_OFFSET, timestamp)
        self._crc = self.compute_checksum()
        _UNSIGNED_INT.pack_into(self.buffer, CRC_OFFSET, self._crc)

    def _records(self, data: memoryview) -> Iterator[DefaultRecord]:
        if not 0 <= self.count <= len(data) // _LEAST_RECORD:
            raise CorruptRecordException(
                f"A batch claims {self.count} records in {len(data)} bytes"
            )
        by_log = self.timestamp_type is TimestampType.LOG_APPEND_TIME
        context = RecordContext(
            self.base_offset,
            self.base_timestamp,
            self.base_sequence,
            self.max_timestamp if by_log else None,
        )
        position = 0
        for _ in range(self.count):
            record, position = DefaultRecord.read_from(data, position, context)
            yield record
        if position != len(data):
            raise CorruptRecordException(
                f"{len(data) - position} bytes follow the last of {self.count} records"
            )
