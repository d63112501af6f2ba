"""What every batch of records can be asked, whatever its format, and the numbers they share.

Kafka: org.apache.kafka.common.record.RecordBatch
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Final

from engine.record.compression_type import CompressionType
from engine.record.default_record import DefaultRecord
from engine.record.timestamp_type import TimestampType

NO_TIMESTAMP: Final = -1
NO_OFFSET: Final = -1
NO_PRODUCER_ID: Final = -1
NO_PRODUCER_EPOCH: Final = -1
NO_SEQUENCE: Final = -1
NO_PARTITION_LEADER_EPOCH: Final = -1

MAGIC_VALUE_V0: Final = 0
MAGIC_VALUE_V1: Final = 1
MAGIC_VALUE_V2: Final = 2

# Every format begins alike: base offset int64, length int32 (of what follows it); and in all of
# them the byte at 16 is the magic number.
OFFSET_OFFSET: Final = 0
SIZE_OFFSET: Final = 8
LOG_OVERHEAD: Final = 12
MAGIC_OFFSET: Final = 16
HEADER_SIZE_UP_TO_MAGIC: Final = 17

COMPRESSION_CODEC_MASK: Final = 0x07
TIMESTAMP_TYPE_MASK: Final = 0x08


class RecordBatch(ABC):
    """One batch; offsets are the log's, timestamps milliseconds since 1970, sizes bytes."""

    magic: int
    base_offset: int
    last_offset: int
    max_timestamp: int
    position: int | None = None
    partition_leader_epoch: int = NO_PARTITION_LEADER_EPOCH
    producer_id: int = NO_PRODUCER_ID
    producer_epoch: int = NO_PRODUCER_EPOCH
    base_sequence: int = NO_SEQUENCE
    last_sequence: int = NO_SEQUENCE
    is_transactional: bool = False
    is_control_batch: bool = False
    delete_horizon_ms: int | None = None

    @property
    @abstractmethod
    def compression_type(self) -> CompressionType:
        """The codec; CorruptRecordException if its number is not known."""

    @property
    @abstractmethod
    def timestamp_type(self) -> TimestampType:
        """Who set the timestamps."""

    @property
    @abstractmethod
    def count_or_null(self) -> int | None:
        """Records in the batch, None where the format does not say."""

    @property
    @abstractmethod
    def checksum(self) -> int:
        """The checksum that the batch carries."""

    @abstractmethod
    def is_valid(self) -> bool:
        """Whether the checksum fits the bytes."""

    @abstractmethod
    def ensure_valid(self) -> None:
        """Raises CorruptRecordException, with reason and position, unless ``is_valid``."""

    @abstractmethod
    def size_in_bytes(self) -> int:
        """The whole batch, header included."""

    @abstractmethod
    def iterator(self) -> Iterator[DefaultRecord]:
        """The records, unpacked one by one; CorruptRecordException where they are broken."""

    def __iter__(self) -> Iterator[DefaultRecord]:
        return self.iterator()

    @property
    def next_offset(self) -> int:
        """The offset after the batch."""
        return self.last_offset + 1
