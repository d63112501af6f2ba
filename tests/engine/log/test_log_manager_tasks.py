"""What LogManager does from time to time, by a clock that the test moves."""

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.common.kafka_scheduler import KafkaScheduler
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.log.log_start_offset_increment_reason import LogStartOffsetIncrementReason
from engine.log.server_log_configs import ServerLogConfigs
from engine.log.unified_log import UnifiedLog
from tests.engine.common.mock_time import MockTime
from tests.engine.record.batches import a_batch

A = TopicPartition("a", 0)
B = TopicPartition("b", 0)
CONFIG = LogConfig(segment_bytes=1000, segment_index_bytes=4096, retention_ms=50_000)
TASKS = ServerLogConfigs(
    initial_task_delay_ms=10,
    retention_check_interval_ms=100_000,
    flush_scheduler_interval_ms=1000,
    flush_offset_checkpoint_interval_ms=60_000,
    flush_start_offset_checkpoint_interval_ms=60_000,
)


class Running:
    """A manager, its clock, and ``run``: move the clock and do what is due."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.time = MockTime()
        self.scheduler = KafkaScheduler(self.time)
        self.manager = LogManager(str(data), CONFIG, tasks=TASKS, scheduler=self.scheduler)
        self.manager.startup()

    def run(self, ms: int) -> None:
        """Move the clock and do what is due."""
        self.time.sleep(ms)
        self.scheduler.run_due()

    def log(self, partition: TopicPartition, batches: int) -> UnifiedLog:
        """A log with batches of now, three to a segment."""
        log = self.manager.get_or_create_log(partition)
        for _ in range(batches):
            log.append_as_leader(a_batch(b"x" * 250, timestamp=self.time.milliseconds()))
        return log

    def text(self, name: str) -> str:
        """A checkpoint's contents."""
        return (self.data / name).read_text()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """One that is stopped at the end."""
    one = Running(tmp_path / "data")
    yield one
    one.manager.shutdown()


def test_retention_is_looked_at(running: Running) -> None:
    """First after the initial delay, then each interval; not in compacted logs."""
    deleting, compacting = running.log(A, 7), running.log(B, 7)
    compacting.update_config(replace(CONFIG, cleanup_policy=("compact", "delete")))
    running.run(10)
    assert len(deleting.segments) == 3
    running.run(100_000)
    assert (len(deleting.segments), deleting.log_start_offset) == (1, 7)
    assert len(compacting.segments) == 3


def test_dirty_logs_are_flushed(running: Running) -> None:
    """Those not flushed for flush.ms, and only if there is something to flush."""
    lazy, eager = running.log(A, 1), running.log(B, 1)
    eager.update_config(replace(CONFIG, flush_ms=5000))
    running.run(4999)
    assert eager.recovery_point == 0
    running.run(1010)
    assert (eager.recovery_point, lazy.recovery_point) == (1, 0)
    assert running.manager.flush_dirty_logs() == 0


def test_checkpoints(running: Running) -> None:
    """Recovery points and start offsets are on disk without a shutdown, and count after a kill."""
    log = running.log(A, 8)
    log.update_config(replace(CONFIG, retention_ms=-1))
    log.flush()
    reason = LogStartOffsetIncrementReason.CLIENT_RECORD_DELETION
    log.maybe_increment_log_start_offset(4, reason)
    running.run(60_000)
    assert running.text("recovery-point-offset-checkpoint") == "0\n1\na 0 8\n"
    # Retention ran first and took the segment from 0 to 3, where the log does not begin.
    assert running.text("log-start-offset-checkpoint") == "0\n1\na 0 4\n"
    before = (running.data / "log-start-offset-checkpoint").stat().st_mtime_ns
    running.run(60_000)
    assert (running.data / "log-start-offset-checkpoint").stat().st_mtime_ns == before


def test_a_broken_log_keeps_none_waiting(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """What the disk refuses is named; the other log is looked after."""
    broken, sound = running.log(A, 7), running.log(B, 7)
    for path in Path(broken.directory).glob("*.log"):
        path.rename(path.with_suffix(".away"))
    running.time.sleep(60_000)
    with caplog.at_level(logging.WARNING):
        running.manager.cleanup_logs()
    assert "Cannot delete old segments of a-0" in caplog.text
    assert len(sound.segments) == 1
    assert len(broken.segments) >= 1
