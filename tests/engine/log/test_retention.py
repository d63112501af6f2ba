"""Rolling and deleting: by size, by time, by log start offset, later and after a kill."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.common.errors import OffsetOutOfRangeException
from engine.common.kafka_scheduler import KafkaScheduler
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_start_offset_increment_reason import LogStartOffsetIncrementReason
from engine.log.unified_log import UnifiedLog
from tests.engine.common.mock_time import MockTime
from tests.engine.record.batches import a_batch

TP = TopicPartition("orders", 0)
SMALL = LogConfig(
    segment_bytes=1000, segment_index_bytes=4096, index_interval_bytes=100, retention_ms=-1
)
DELETED = LogStartOffsetIncrementReason.CLIENT_RECORD_DELETION


@pytest.fixture
def time() -> MockTime:
    """A clock that the test moves."""
    return MockTime()


@pytest.fixture
def log(tmp_path: Path, time: MockTime) -> Iterator[UnifiedLog]:
    """An empty log that deletes by its scheduler, which the test drives."""
    with closing(UnifiedLog(str(tmp_path / str(TP)), TP, SMALL)) as one:
        one.scheduler = KafkaScheduler(time)
        yield one


def fill(log: UnifiedLog, batches: int, timestamp: int = -1) -> None:
    """Appends batches of one record; three of them fill a segment."""
    stamp = log.scheduler.time.milliseconds() if timestamp < 0 and log.scheduler else timestamp
    for _ in range(batches):
        log.append_as_leader(a_batch(b"x" * 250, timestamp=stamp))


def bases(log: UnifiedLog) -> list[int]:
    """The segments' base offsets."""
    return [segment.base_offset for segment in log.segments]


def names(log: UnifiedLog, suffix: str) -> list[str]:
    """The files with a suffix."""
    return sorted(path.name for path in Path(log.directory).iterdir() if path.name.endswith(suffix))


def run(log: UnifiedLog) -> int:
    """Lets the scheduler do what is due."""
    assert log.scheduler is not None
    return log.scheduler.run_due()


def test_a_roll_is_flushed_by_the_scheduler(log: UnifiedLog) -> None:
    """What was rolled is on the device, what is active need not be."""
    fill(log, 4)
    assert (bases(log), log.recovery_point) == ([0, 3], 0)
    assert run(log) == 1
    assert log.recovery_point == 3
    log.flush()
    assert log.recovery_point == 4


def test_segments_roll_by_age_less_a_jitter(tmp_path: Path) -> None:
    """By the records' time; the jitter closes a segment earlier, never later."""
    plain = replace(SMALL, segment_ms=1000)
    jittery = replace(plain, segment_jitter_ms=2**40)
    assert all(0 <= jittery.random_segment_jitter() < 1000 for _ in range(100))
    with closing(UnifiedLog(str(tmp_path / "a-0"), TP, plain)) as log:
        for stamp in (5000, 6000, 6001):
            log.append_as_leader(a_batch(b"x", timestamp=stamp))
        assert bases(log) == [0, 2]
    compacted = replace(plain, cleanup_policy=("compact",), max_compaction_lag_ms=10)
    assert (plain.max_segment_ms, compacted.max_segment_ms) == (1000, 10)


def test_deletion_by_time(log: UnifiedLog, time: MockTime) -> None:
    """A segment goes when its largest timestamp is too old, and only from the beginning on."""
    fill(log, 3)
    time.sleep(1000)
    fill(log, 4)
    log.update_config(replace(SMALL, retention_ms=1000))
    assert log.delete_old_segments() == 0
    time.sleep(1)
    assert log.delete_old_segments() == 1
    assert (bases(log), log.log_start_offset) == ([3, 6], 3)
    with pytest.raises(OffsetOutOfRangeException):
        log.read(2, 1000)
    time.sleep(5000)
    assert log.delete_old_segments() == 2
    assert (bases(log), log.log_start_offset, log.log_end_offset) == ([7], 7, 7)
    assert log.delete_old_segments() == 0
    fill(log, 1)
    assert log.log_end_offset == 8


def test_deletion_by_time_without_timestamps(log: UnifiedLog, time: MockTime) -> None:
    """Then the time of the file counts."""
    for _ in range(4):
        log.append_as_leader(a_batch(b"x" * 250, timestamp=-2))
    log.segments[0].last_modified = time.milliseconds() - 2000
    log.update_config(replace(SMALL, retention_ms=1000))
    log.segments[1].last_modified = time.milliseconds()
    assert log.delete_old_segments() == 1


def test_deletion_by_size(log: UnifiedLog) -> None:
    """As long as what is left has the size that is to be kept."""
    fill(log, 10)
    sizes = [segment.size for segment in log.segments]
    log.update_config(replace(SMALL, retention_bytes=sum(sizes[2:]) + 1))
    assert log.delete_old_segments() == 1
    log.update_config(replace(SMALL, retention_bytes=sum(sizes[2:])))
    assert log.delete_old_segments() == 1
    assert bases(log) == [6, 9]


def test_a_compacted_log_keeps_what_is_old(log: UnifiedLog, time: MockTime) -> None:
    """Only what comes before the log's start goes."""
    fill(log, 10)
    time.sleep(10**9)
    log.update_config(
        replace(SMALL, retention_ms=1, retention_bytes=1, cleanup_policy=("compact",))
    )
    assert log.delete_old_segments() == 0
    log.maybe_increment_log_start_offset(5, DELETED)
    assert log.delete_old_segments() == 1
    assert (bases(log), log.log_start_offset) == ([3, 6, 9], 5)


def test_the_log_start_offset(log: UnifiedLog) -> None:
    """It moves forward, up to the high watermark."""
    fill(log, 10)
    assert log.maybe_increment_log_start_offset(4, DELETED)
    assert not log.maybe_increment_log_start_offset(4, DELETED)
    assert log.leader_epochs.entries == ((0, 4),)
    with pytest.raises(OffsetOutOfRangeException, match="above its high watermark 10"):
        log.maybe_increment_log_start_offset(11, DELETED)
    assert log.delete_old_segments() == 1
    assert (bases(log), log.log_start_offset) == ([3, 6, 9], 4)
    assert log.maybe_increment_log_start_offset(10, DELETED)
    assert log.delete_old_segments() == 3
    assert (bases(log), log.log_end_offset) == ([10], 10)


def test_files_go_after_a_delay(log: UnifiedLog, time: MockTime) -> None:
    """Until then they bear another name, and who has a slice of one can read it for ever."""
    fill(log, 4)
    run(log)
    records = log.read(0, 100_000).records
    log.maybe_increment_log_start_offset(3, DELETED)
    assert log.delete_old_segments() == 1
    prefix = "0" * 20
    assert names(log, ".deleted") == [
        f"{prefix}.{kind}.deleted" for kind in ("index", "log", "timeindex")
    ]
    time.sleep(SMALL.file_delete_delay_ms - 1)
    assert run(log) == 0
    time.sleep(1)
    assert run(log) == 1
    assert names(log, ".deleted") == []
    assert records.size_in_bytes() > 750


def test_a_kill_before_the_files_are_gone(log: UnifiedLog, tmp_path: Path) -> None:
    """The next start finishes the deletion and goes on where the log begins."""
    fill(log, 4)
    log.flush()
    log.maybe_increment_log_start_offset(3, DELETED)
    log.delete_old_segments()
    copy = tmp_path / "copy" / str(TP)
    shutil.copytree(log.directory, copy)
    opened = UnifiedLog(str(copy), TP, SMALL, recovery_point=4, had_clean_shutdown=False)
    with closing(opened) as again:
        assert names(again, ".deleted") == []
        assert (again.log_start_offset, again.log_end_offset) == (3, 4)


def test_a_log_that_ends_before_its_start(tmp_path: Path) -> None:
    """After a kill lost unflushed records the log begins anew at its checkpointed start."""
    directory = str(tmp_path / str(TP))
    with closing(UnifiedLog(directory, TP, SMALL)) as log:
        for _ in range(4):
            log.append_as_leader(a_batch(b"x" * 250))
    opened = UnifiedLog(directory, TP, SMALL, log_start_offset=6, had_clean_shutdown=False)
    with closing(opened) as again:
        assert (again.log_start_offset, again.log_end_offset, bases(again)) == (6, 6, [6])
        assert again.append_as_leader(a_batch(b"x")).first_offset == 6
