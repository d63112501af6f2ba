"""What a real Kafka wrote is read: every segment, every checksum, every look-up, a whole broker.

The numbers are those of the manifest beside the files.
"""

import logging
import shutil
import subprocess
from pathlib import Path

import pytest

from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.log.unified_log import UnifiedLog
from engine.nio import files
from engine.record.file_records import FileRecords
from tests.engine.log.foreign import NOT_CLEANLY_SHUT, REFERENCE, needs_fixtures
from tests.engine.server.broker import DEADLINE_SECONDS, running

pytestmark = needs_fixtures

KCAT = shutil.which("kcat")
TEST = TopicPartition("test", 0)
# An entry for every batch, so that the index has something to be wrong about.
DENSE = LogConfig(index_interval_bytes=0, segment_index_bytes=4096)
# Batches, records, and the format's version, by the manifest.
WRITTEN_BY_KAFKA_3_9 = {
    "v0-none": (42, 42, 0),
    "v0-gzip": (4, 42, 0),
    "v0-lz4": (4, 42, 0),
    "v1-none": (42, 42, 1),
    "v1-snappy": (4, 42, 1),
    "v2-none": (4, 42, 2),
    "v2-gzip": (4, 42, 2),
    "v2-zstd": (4, 42, 2),
    "v2-idempotent": (2, 8, 2),
    "v2-transactions-commit-abort": (5, 9, 2),
}
RECORDS_OF_KAFKA_2 = {
    TEST: (9, 9),
    TopicPartition("__consumer_offsets", 20): (3, 3),
    TopicPartition("__consumer_offsets", 21): (47, 47),
}


def counted(records: FileRecords) -> tuple[int, int, set[int]]:
    """Batches and records, each batch checked, and the versions seen; every byte is one of them."""
    batches = count = size = 0
    magics = set()
    for lazy in records.batches():
        batch = lazy.full_batch
        batch.ensure_valid()
        batches += 1
        count += len(list(batch))
        size += batch.size_in_bytes()
        magics.add(batch.magic)
    assert size == records.size_in_bytes()
    return batches, count, magics


def check_lookups(log: UnifiedLog) -> int:
    """Every offset and every timestamp, by the indexes and by reading it all; how many."""
    scanned = [
        (record.offset, record.timestamp, lazy.position)
        for lazy in log.active_segment.log.batches()
        for record in lazy.full_batch
    ]
    assert log.active_segment.offset_index.entries > 0
    for offset, timestamp, position in scanned:
        found = log.active_segment.translate_offset(offset)
        assert found is not None
        assert found.position == position
        if timestamp >= 0:
            first = next(each for each, at, _ in scanned if at >= timestamp)
            by_time = log.fetch_offset_by_timestamp(timestamp)
            assert by_time is not None
            assert by_time.offset == first
    return len(scanned)


@pytest.mark.parametrize("name", WRITTEN_BY_KAFKA_3_9)
def test_a_segment_opens_and_its_checksums_hold(tmp_path: Path, name: str) -> None:
    path = shutil.copy(REFERENCE / f"{name}.log", tmp_path)
    records = FileRecords.open(str(path), mutable=False)
    batches, count, magic = WRITTEN_BY_KAFKA_3_9[name]
    try:
        assert counted(records) == (batches, count, {magic})
    finally:
        records.close()


@pytest.mark.parametrize("name", WRITTEN_BY_KAFKA_3_9)
def test_rebuilt_indexes_agree_with_a_full_scan(tmp_path: Path, name: str) -> None:
    directory = tmp_path / "test-0"
    directory.mkdir()
    shutil.copy(REFERENCE / f"{name}.log", directory / f"{0:020}.log")
    log = UnifiedLog(str(directory), TEST, DENSE, had_clean_shutdown=False)
    try:
        assert check_lookups(log) == WRITTEN_BY_KAFKA_3_9[name][1]
    finally:
        log.close()


def test_a_cut_segment_is_cut_at_its_last_whole_batch(tmp_path: Path) -> None:
    directory = tmp_path / "test-0"
    directory.mkdir()
    shutil.copy(REFERENCE / "corrupt-truncated-last-batch.log", directory / f"{0:020}.log")
    log = UnifiedLog(str(directory), TEST, DENSE, had_clean_shutdown=False)
    try:
        assert counted(log.active_segment.log) == (3, 24, {2})
        assert log.log_end_offset == 24
    finally:
        log.close()


def test_the_directory_that_was_not_shut_cleanly_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    manager = LogManager(str(a_copy(tmp_path)), DENSE)
    manager.startup()
    try:
        assert {log.topic_partition for log in manager.all_logs()} == set(RECORDS_OF_KAFKA_2)
        for partition, (batches, count) in RECORDS_OF_KAFKA_2.items():
            log = manager.get_log(partition)
            assert log is not None
            assert counted(log.active_segment.log) == (batches, count, {2})
            assert log.log_end_offset == count
            assert check_lookups(log) == count
            assert log.leader_epochs.entries
    finally:
        manager.shutdown()
    assert "was not closed in order; its logs were checked" in caplog.text
    assert caplog.text.count("Recovered ") == len(RECORDS_OF_KAFKA_2)


@pytest.mark.interop
@pytest.mark.skipif(KCAT is None, reason="kcat is not installed: apt-get install kcat")
def test_a_broker_on_a_copy_serves_it_to_kcat(tmp_path: Path) -> None:
    path = NOT_CLEANLY_SHUT / str(TEST) / f"{0:020}.log"
    records = FileRecords.open(str(path), mutable=False)
    try:
        written = [bytes(r.value or b"") for batch in records.batches() for r in batch.full_batch]
    finally:
        records.close()
    with running(a_copy(tmp_path)) as broker:
        assert KCAT is not None
        command = [KCAT, "-q", "-b", broker.address, "-C", "-t", "test", "-o", "beginning", "-e"]
        run = subprocess.run(command, capture_output=True, timeout=DEADLINE_SECONDS, check=True)
    assert run.stdout.splitlines() == written
    assert len(written) == RECORDS_OF_KAFKA_2[TEST][1]


def a_copy(tmp_path: Path) -> Path:
    """The directory, to be written to."""
    copy = tmp_path / "data"
    shutil.copytree(NOT_CLEANLY_SHUT, copy)
    for path in [copy, *copy.rglob("*")]:
        path.chmod(0o755 if files.is_directory(str(path)) else 0o644)
    return copy
