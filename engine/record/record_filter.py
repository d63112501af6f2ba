"""A batch with some of its records left out, as the log cleaner writes it.

Offsets, sequence numbers, producer, epoch and codec stay as they were: the first and the last offset
of the batch too, even if their records are gone, because the producer's next sequence number
follows from the last. A batch may even stay without a record (KIP-98).

System calls: none.

Kafka: org.apache.kafka.common.record.MemoryRecords
"""

from collections.abc import Sequence

from engine.record.compression import compress
from engine.record.compression_type import CompressionType
from engine.record.default_record import DefaultRecord, write_record
from engine.record.default_record_batch import (
    CRC_OFFSET,
    DELETE_HORIZON_FLAG_MASK,
    HEADER,
    RECORD_BATCH_OVERHEAD,
    DefaultRecordBatch,
)
from engine.record.record_batch import LOG_OVERHEAD, NO_TIMESTAMP
from engine.record.timestamp_type import TimestampType


def filter_batch(
    batch: DefaultRecordBatch,
    retained: Sequence[DefaultRecord],
    delete_horizon_ms: int | None = None,
) -> bytearray:
    """The batch with the ``retained`` records only, compressed as it was.

    ``delete_horizon_ms`` says until when its tombstones are kept; None leaves what the batch says.
    The horizon takes the place of the base timestamp, and a flag says so (KIP-534).
    """
    horizon = batch.delete_horizon_ms if delete_horizon_ms is None else delete_horizon_ms
    base_timestamp = batch.base_timestamp if horizon is None else horizon
    records = bytearray()
    for record in retained:
        deltas = (record.offset - batch.base_offset, record.timestamp - base_timestamp)
        write_record(records, deltas, record.key, record.value, record.headers)
    if retained and batch.compression_type is not CompressionType.NONE:
        records = bytearray(compress(batch.compression_type, records))
    buffer = bytearray(RECORD_BATCH_OVERHEAD) + records
    flag = 0 if horizon is None else DELETE_HORIZON_FLAG_MASK
    HEADER.pack_into(
        buffer,
        0,
        batch.base_offset,
        len(buffer) - LOG_OVERHEAD,
        batch.partition_leader_epoch,
        batch.magic,
        0,
        batch.attributes | flag,
        batch.last_offset_delta,
        base_timestamp,
        _max_timestamp(batch, retained),
        batch.producer_id,
        batch.producer_epoch,
        batch.base_sequence,
        len(retained),
    )
    crc = DefaultRecordBatch(buffer).compute_checksum()
    buffer[CRC_OFFSET : CRC_OFFSET + 4] = crc.to_bytes(4, "big")
    return buffer


def _max_timestamp(batch: DefaultRecordBatch, retained: Sequence[DefaultRecord]) -> int:
    if not retained or batch.timestamp_type is TimestampType.LOG_APPEND_TIME:
        return batch.max_timestamp
    return max((record.timestamp for record in retained), default=NO_TIMESTAMP)
