"""Timestamps: which are refused, which are the broker's, and how records are found by them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.common.errors import InvalidTimestampException
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.unified_log import UnifiedLog
from engine.record.compression_type import CompressionType
from engine.record.file_records import FileRecords
from engine.record.legacy_records_builder import LegacyRecordsBuilder
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder

HOUR = 3_600_000


@pytest.fixture
def log(tmp_path: Path) -> Iterator[UnifiedLog]:
    """An empty log whose topic allows an hour either way."""
    config = LogConfig(message_timestamp_before_max_ms=HOUR, message_timestamp_after_max_ms=HOUR)
    with closing(UnifiedLog(str(tmp_path / "t-0"), TopicPartition("t", 0), config)) as log:
        yield log


def batch_of(timestamps: Sequence[int], base_offset: int = 0) -> MemoryRecords:
    """One batch of a record a timestamp."""
    builder = MemoryRecordsBuilder(base_offset=base_offset)
    for timestamp in timestamps:
        builder.append(timestamp, None, b"x")
    return builder.build()


@pytest.mark.parametrize("wrong", [-2 * HOUR, 2 * HOUR])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_each_record_counts(log: UnifiedLog, wrong: int, place: int) -> None:
    """One record too old or too new, wherever it stands in the batch, refuses all of it."""
    now = time.time_ns() // 1_000_000
    times = [now, now, now]
    times[place] += wrong
    with pytest.raises(InvalidTimestampException, match=f"of record {place} is outside"):
        log.append_as_leader(batch_of(times))
    assert log.log_end_offset == 0


def test_a_record_without_a_time_is_not_too_old(log: UnifiedLog) -> None:
    """-1 stands for no timestamp at all, and near ones pass."""
    now = time.time_ns() // 1_000_000
    log.append_as_leader(batch_of([now - HOUR // 2, -1, now + HOUR // 2]))
    assert log.log_end_offset == 3


def test_the_brokers_time_needs_no_limit(log: UnifiedLog) -> None:
    """With LogAppendTime what the producer said does not count."""
    log.update_config(
        LogConfig(message_timestamp_type="LogAppendTime", message_timestamp_before_max_ms=1)
    )
    info = log.append_as_leader(batch_of([5, 6]))
    found = log.fetch_offset_by_timestamp(6)
    assert found is not None
    assert (found.timestamp, found.offset) == (info.log_append_time, 0)


def first_at(rows: Sequence[tuple[int, int]], time: int, start: int) -> tuple[int, int] | None:
    """By a full scan: timestamp and offset of the first record at or after a time and an offset."""
    return next(((t, o) for o, t in rows if t >= time and o >= start), None)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(st.lists(st.integers(0, 50), min_size=1, max_size=4), max_size=6),
    magic=st.sampled_from([0, 1, 2]),
    codec=st.sampled_from([CompressionType.NONE, CompressionType.GZIP]),
    wanted=st.tuples(st.integers(-1, 60), st.integers(0, 25)),
)
def test_search_for_timestamp_agrees_with_a_full_scan(
    tmp_path: Path,
    batches: list[list[int]],
    magic: int,
    codec: CompressionType,
    wanted: tuple[int, int],
) -> None:
    """In every format, times in any order; magic 0 has none and so nothing later than -1."""
    path = tmp_path / "0.log"
    path.unlink(missing_ok=True)
    rows: list[tuple[int, int]] = []
    with closing(FileRecords.open(str(path))) as records:
        for times in batches:
            builder = (
                MemoryRecordsBuilder(codec, base_offset=len(rows))
                if magic == 2
                else LegacyRecordsBuilder(magic, codec, base_offset=len(rows))
            )
            for each in times:
                builder.append(each, None, b"x")
                rows.append((len(rows), each if magic else -1))
            records.append(builder.build())
        found = records.search_for_timestamp(wanted[0], 0, wanted[1])
    assert (found and found[:2]) == first_at(rows, *wanted)
