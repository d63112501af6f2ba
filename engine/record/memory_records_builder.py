"""Builds one batch of magic 2 from records.

System calls: none.

Kafka: org.apache.kafka.common.record.MemoryRecordsBuilder
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.record import record_batch as constants
from engine.record.compression import compress
from engine.record.compression_type import CompressionType
from engine.record.default_record import Bytes, write_record
from engine.record.default_record_batch import (
    CONTROL_FLAG_MASK,
    CRC_OFFSET,
    DELETE_HORIZON_FLAG_MASK,
    HEADER,
    RECORD_BATCH_OVERHEAD,
    TRANSACTIONAL_FLAG_MASK,
    DefaultRecordBatch,
)
from engine.record.memory_records import MemoryRecords


@dataclass(frozen=True, slots=True)
class ProducerState:
    """What an idempotent producer puts into a batch; the defaults mean that there is none."""

    producer_id: int = constants.NO_PRODUCER_ID
    producer_epoch: int = constants.NO_PRODUCER_EPOCH
    base_sequence: int = constants.NO_SEQUENCE
    is_transactional: bool = False


@dataclass(frozen=True, slots=True)
class BatchTimes:
    """Times in milliseconds that the broker puts into a batch; None where it puts none.

    ``log_append_time`` stands for the time of every record; ``delete_horizon_ms`` says when the
    cleaner may drop the batch's tombstones, and takes the place of the base timestamp (KIP-534).
    """

    log_append_time: int | None = None
    delete_horizon_ms: int | None = None


class MemoryRecordsBuilder:
    """Append records in offset order, then ``build`` once."""

    def __init__(
        self,
        compression: CompressionType = CompressionType.NONE,
        *,
        base_offset: int = 0,
        producer: ProducerState | None = None,
        partition_leader_epoch: int = constants.NO_PARTITION_LEADER_EPOCH,
        is_control: bool = False,
        times: BatchTimes | None = None,
    ) -> None:
        self._compression = compression
        self._base_offset = base_offset
        self._producer = producer or ProducerState()
        self._leader_epoch = partition_leader_epoch
        self._is_control = is_control
        self._times = times or BatchTimes()
        self._records = bytearray()
        self._count = 0
        self._last_offset = base_offset - 1
        horizon = self._times.delete_horizon_ms
        self._base_timestamp = constants.NO_TIMESTAMP if horizon is None else horizon
        self._max_timestamp = constants.NO_TIMESTAMP

    @property
    def num_records(self) -> int:
        """Records appended so far."""
        return self._count

    @property
    def estimated_bytes_written(self) -> int:
        """Size of the batch if it were built now, before compression."""
        return RECORD_BATCH_OVERHEAD + len(self._records)

    def append(
        self,
        timestamp: int,
        key: Bytes | None,
        value: Bytes | None,
        headers: Sequence[tuple[str, Bytes | None]] = (),
    ) -> None:
        """Adds a record with the next offset; the timestamp is in milliseconds since 1970."""
        self.append_with_offset(self._last_offset + 1, timestamp, key, value, headers)

    def append_with_offset(
        self,
        offset: int,
        timestamp: int,
        key: Bytes | None,
        value: Bytes | None,
        headers: Sequence[tuple[str, Bytes | None]] = (),
    ) -> None:
        """Adds a record with an offset above the last one; ValueError otherwise."""
        if offset <= self._last_offset:
            raise ValueError(f"Offset {offset} does not come after {self._last_offset}.")
        if not self._count and self._times.delete_horizon_ms is None:
            self._base_timestamp = timestamp
        deltas = (offset - self._base_offset, timestamp - self._base_timestamp)
        write_record(self._records, deltas, key, value, headers)
        self._count += 1
        self._last_offset = offset
        self._max_timestamp = max(self._max_timestamp, timestamp)

    def build(self) -> MemoryRecords:
        """The batch in a writable buffer of its own; EMPTY if nothing was appended."""
        if not self._count:
            return MemoryRecords.EMPTY
        plain = self._compression is CompressionType.NONE
        records = self._records if plain else compress(self._compression, self._records)
        buffer = bytearray(RECORD_BATCH_OVERHEAD + len(records))
        buffer[RECORD_BATCH_OVERHEAD:] = records
        self._write_header(buffer)
        batch = DefaultRecordBatch(buffer)
        crc = batch.compute_checksum()
        buffer[CRC_OFFSET : CRC_OFFSET + 4] = crc.to_bytes(4, "big")
        return MemoryRecords(buffer)

    def _write_header(self, buffer: bytearray) -> None:
        attributes = int(self._compression)
        attributes |= TRANSACTIONAL_FLAG_MASK if self._producer.is_transactional else 0
        attributes |= CONTROL_FLAG_MASK if self._is_control else 0
        by_log = self._times.log_append_time
        attributes |= 0 if by_log is None else constants.TIMESTAMP_TYPE_MASK
        has_horizon = self._times.delete_horizon_ms is not None
        attributes |= DELETE_HORIZON_FLAG_MASK if has_horizon else 0
        HEADER.pack_into(
            buffer,
            0,
            self._base_offset,
            len(buffer) - constants.LOG_OVERHEAD,
            self._leader_epoch,
            constants.MAGIC_VALUE_V2,
            0,
            attributes,
            self._last_offset - self._base_offset,
            self._base_timestamp,
            self._max_timestamp if by_log is None else by_log,
            self._producer.producer_id,
            self._producer.producer_epoch,
            self._producer.base_sequence,
            self._count,
        )
