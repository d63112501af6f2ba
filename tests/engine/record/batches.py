"""Batches for tests, by the engine's own builder."""

from engine.record.compression_type import CompressionType
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder


def a_batch(
    *values: bytes,
    timestamp: int = 1_700_000_000_000,
    codec: CompressionType = CompressionType.NONE,
) -> MemoryRecords:
    """One batch with these values, a millisecond apart and without keys."""
    builder = MemoryRecordsBuilder(codec)
    for index, value in enumerate(values):
        builder.append(timestamp + index, None, value)
    return builder.build()


def several(*batches: MemoryRecords) -> MemoryRecords:
    """The batches one behind the other."""
    return MemoryRecords(bytearray().join(batch.buffer for batch in batches))
