"""What the log costs over the bare system calls: appends, look-ups, start-up, recovery.

Repeat with: make bench. Each figure is a median, as a share of the bare speed in the same run.
"""

import bisect
import functools
import os
import random
import shutil
import statistics
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from crc32c import crc32c

from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.log.log_segment import LogSegment
from engine.log.offset_index import OffsetIndex
from engine.log.unified_log import UnifiedLog
from engine.nio.append_mode import AppendMode
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder
from tests.benchmarks.measure import medians, report, seconds

KIB, MIB = 1024, 1024 * 1024
APPENDED = 128 * MIB
LOOKUPS = 1_000_000
SEGMENTS = 1_000
RECOVERED = 1024 * MIB
TP = TopicPartition("bench", 0)


def a_batch_of(size: int) -> MemoryRecords:
    """One batch of about ``size`` bytes, in records of 1 KiB."""
    builder = MemoryRecordsBuilder()
    while builder.estimated_bytes_written < size - 1100:
        builder.append(1_700_000_000_000, None, bytes(1024))
    return builder.build()


def write_all(path: Path, data: memoryview, count: int, before: Callable[..., object]) -> float:
    """Seconds of the bare loop: ``before`` and then a write, into a fresh file."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)

    def loop() -> None:
        for _ in range(count):
            before(data)
            os.write(fd, data)

    try:
        return seconds(loop)
    finally:
        os.close(fd)
        path.unlink()


def append_all(path: Path, records: MemoryRecords, count: int, mode: AppendMode) -> float:
    """Seconds of the same through FileRecords."""
    file = FileRecords.open(str(path), append_mode=mode)

    def loop() -> None:
        for _ in range(count):
            file.append(records)

    try:
        return seconds(loop)
    finally:
        file.close()
        path.unlink()


def log_all(path: Path, records: MemoryRecords, count: int) -> float:
    """Seconds of the same through a whole log: checked, numbered, indexed."""
    log = UnifiedLog(str(path), TP, LogConfig(max_message_bytes=2 * MIB))

    def loop() -> None:
        for _ in range(count):
            log.append_as_leader(MemoryRecords(records.buffer))

    try:
        return seconds(loop)
    finally:
        log.close()
        shutil.rmtree(path)


@pytest.mark.parametrize(("size", "aim"), [(16 * KIB, 0.5), (MIB, 0.85)])
def test_append_against_write(tmp_path: Path, size: int, aim: float) -> None:
    records = a_batch_of(size)
    count = APPENDED // records.size_in_bytes()
    data = records.buffer
    found = medians(
        {
            "bare": lambda: write_all(tmp_path / "bare", data, count, len),
            "checked": lambda: write_all(tmp_path / "bare", data, count, crc32c),
            "records": lambda: append_all(tmp_path / "ours", records, count, AppendMode.WRITE),
            "log": lambda: log_all(tmp_path / "bench-0", records, count),
        }
    )
    name = f"{count} batches of {records.size_in_bytes()} bytes"
    report(f"FileRecords.append against write, {name}", found["records"], found["bare"], aim)
    report(f"UnifiedLog.append_as_leader against write, {name}", found["log"], found["bare"], aim)
    report("the same against a CRC-32C and a write", found["log"], found["checked"], aim)


@pytest.mark.parametrize("mode", list(AppendMode)[1:])
def test_append_modes_against_write(tmp_path: Path, mode: AppendMode) -> None:
    records = a_batch_of(64 * KIB)
    count = APPENDED // records.size_in_bytes()
    way = functools.partial(append_all, tmp_path / "log", records, count)
    found = medians(
        {
            "write": lambda: way(AppendMode.WRITE),
            mode.value: lambda: way(mode),
        }
    )
    ours, bare = found[mode.value], found["write"]
    print(f"\nappend mode {mode.value}: {bare / ours:.2f} of the speed of write, 64 KiB batches")


def call_each(function: Callable[[int], object], targets: list[int]) -> None:
    """Call ``function`` with each target."""
    for target in targets:
        function(target)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[OffsetIndex]:
    """A full index of 10 MiB, as large as Kafka makes them."""
    index = OffsetIndex(str(tmp_path / "0.index"), 0, 10 * MIB)
    for number in range(10 * MIB // 8):
        index.append(number * 37 + 1, number * 1500)
    yield index
    index.close()


def test_a_million_lookups(index: OffsetIndex) -> None:
    keys = [number * 37 + 1 for number in range(index.entries)]
    chance = random.Random(1)
    anywhere = [chance.randrange(keys[-1]) for _ in range(LOOKUPS)]
    at_the_end = [keys[-1] - chance.randrange(37 * 1000) for _ in range(LOOKUPS)]
    for where, targets in (("anywhere", anywhere), ("among the last 1000", at_the_end)):
        ours = seconds(functools.partial(call_each, index.lookup, targets))
        bare = seconds(
            functools.partial(call_each, functools.partial(bisect.bisect, keys), targets)
        )
        print(
            f"\n{LOOKUPS} look-ups {where}: {ours:.2f} s, {ours * 1e6 / LOOKUPS:.2f} us each, "
            f"{bare / ours:.3f} of bisect in a list"
        )
        assert ours < 60


def test_start_up_on_clean_segments(tmp_path: Path) -> None:
    config = LogConfig(segment_bytes=20 * KIB, segment_index_bytes=4 * KIB)
    records = a_batch_of(16 * KIB)
    manager = LogManager(str(tmp_path), config)
    manager.startup()
    log = manager.get_or_create_log(TP)
    for _ in range(SEGMENTS):
        log.append_as_leader(MemoryRecords(records.buffer))
    assert len(log.segments) == SEGMENTS
    manager.shutdown()

    def restart() -> None:
        again = LogManager(str(tmp_path), config)
        took.append(seconds(again.startup))
        again.shutdown()

    took: list[float] = []
    for _ in range(3):
        restart()
    print(f"\nstart-up on {SEGMENTS} clean segments: {sorted(took)[1]:.2f} s (aim: under 2)")
    assert sorted(took)[1] < 10


@pytest.mark.timeout(600)
def test_recovery_against_reading(tmp_path: Path) -> None:
    records = a_batch_of(64 * KIB)
    config = LogConfig(max_message_bytes=2 * MIB)
    log = UnifiedLog(str(tmp_path / "bench-0"), TP, config)
    while log.size + records.size_in_bytes() < RECOVERED:
        log.append_as_leader(MemoryRecords(records.buffer))
    path = Path(log.active_segment.log.path)
    log.close()
    buffer = bytearray(MIB)

    def forget() -> None:
        fd = os.open(path, os.O_RDONLY)
        os.fsync(fd)
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(fd)

    def read() -> None:
        with path.open("rb", buffering=0) as file:
            while file.readinto(buffer):
                pass

    def recover() -> None:
        segment = LogSegment(str(path.parent), 0, config)
        assert segment.recover() == 0
        segment.close()

    found = medians({"bare": lambda: seconds(read), "recover": lambda: seconds(recover)}, rounds=3)
    report("recovery of 1 GiB against reading it, cached", found["recover"], found["bare"], 0.2)
    cold: dict[str, list[float]] = {"bare": [], "recover": []}
    # The first round is the host's, whose own cache is not ours to empty.
    for _ in range(4):
        for name, run in (("bare", read), ("recover", recover)):
            forget()
            cold[name].append(seconds(run))
    ours, bare = (statistics.median(cold[name][1:]) for name in ("recover", "bare"))
    report("recovery of 1 GiB against reading it, from the disk", ours, bare, 0.9)
