"""Stops that were not clean: what was acknowledged is there, what was torn is gone."""

import itertools
import logging
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from engine.common.errors import KafkaStorageException
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.log.unified_log import UnifiedLog
from tests.engine.record.batches import a_batch

TP = TopicPartition("orders", 0)
CONFIG = LogConfig(segment_bytes=30_000, segment_index_bytes=8192, index_interval_bytes=500)

WRITER = """
import itertools, sys
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.record.memory_records_builder import MemoryRecordsBuilder
config = LogConfig(segment_bytes=30_000, segment_index_bytes=8192, index_interval_bytes=500)
manager = LogManager(sys.argv[1], config)
manager.startup()
log = manager.get_or_create_log(TopicPartition("orders", 0))
for number in itertools.count():
    builder = MemoryRecordsBuilder()
    builder.append(1000 + number, None, b"%d" % number)
    log.append_as_leader(builder.build())
    print(log.log_end_offset, flush=True)
"""

FULL_DISK = """
import resource, sys
from engine.common.errors import KafkaStorageException
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.unified_log import UnifiedLog
from engine.record.memory_records_builder import MemoryRecordsBuilder
config = LogConfig(segment_index_bytes=4096)
log = UnifiedLog(sys.argv[1], TopicPartition("orders", 0), config)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
def batch():
    builder = MemoryRecordsBuilder()
    builder.append(0, None, b"x" * 3000)
    return builder.build()
for _ in range(9):
    try:
        log.append_as_leader(batch())
    except KafkaStorageException as refusal:
        print("refused", log.log_end_offset, refusal)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.append_as_leader(batch())
print("end", log.log_end_offset)
log.close()
"""


@contextmanager
def opened(directory: Path, config: LogConfig = CONFIG) -> Iterator[UnifiedLog]:
    """The log in a directory, by a manager that is stopped cleanly afterwards."""
    manager = LogManager(str(directory), config)
    manager.startup()
    try:
        yield manager.get_or_create_log(TP)
    finally:
        manager.shutdown()


def values(log: UnifiedLog) -> list[bytes]:
    """Every value in the log."""
    return [
        bytes(record.value or b"")
        for segment in log.segments
        for batch in segment.log.batches()
        for record in batch.full_batch
    ]


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory as a kill leaves it, copied from under a running log; 200 batches."""
    running = tmp_path_factory.mktemp("running")
    copy = tmp_path_factory.mktemp("crashed") / "data"
    with opened(running) as log:
        for number in range(200):
            log.append_as_leader(a_batch(b"%05d" % number, b"x" * 200, timestamp=1000 + number))
        shutil.copytree(running, copy)
    return copy


def last_log(directory: Path) -> Path:
    """The active segment's file."""
    return max((directory / str(TP)).glob("*.log"))


def test_a_copy_of_a_running_log_recovers_whole(
    crashed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing was torn: all records are there, and the indexes are those of a clean stop."""
    clean, data = tmp_path / "clean", tmp_path / "data"
    shutil.copytree(crashed, data)
    preallocated = last_log(data).with_suffix(".index").stat().st_size
    with caplog.at_level(logging.INFO), opened(data) as log:
        assert log.log_end_offset == 400
        assert values(log)[::2] == [b"%05d" % number for number in range(200)]
    assert "0 bytes were cut" in caplog.text
    assert preallocated == 8192
    assert last_log(data).with_suffix(".index").stat().st_size < 8192
    with opened(clean) as log:
        for number in range(200):
            log.append_as_leader(a_batch(b"%05d" % number, b"x" * 200, timestamp=1000 + number))
    for path in (clean / str(TP)).iterdir():
        assert (data / str(TP) / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("torn", [1, 2, 17, 61, 150, 278, 279])
def test_a_torn_tail_is_cut_at_the_last_whole_batch(
    crashed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, torn: int
) -> None:
    """However many bytes are missing, whole batches stay, the rest goes, and it is said."""
    data = tmp_path / "data"
    shutil.copytree(crashed, data)
    tail = last_log(data)
    whole = tail.read_bytes()
    tail.write_bytes(whole[:-torn])
    with caplog.at_level(logging.INFO), opened(data) as log:
        assert log.log_end_offset == 398
        assert len(values(log)) == 398
        assert log.append_as_leader(a_batch(b"after")).first_offset == 398
    assert "bytes were cut" in caplog.text
    with opened(data) as log:
        assert values(log)[-1] == b"after"


def test_garbage_in_the_middle_cuts_there(crashed: Path, tmp_path: Path) -> None:
    """A broken batch ends the log, and the segments behind it go, so that no offset is missing."""
    data = tmp_path / "data"
    shutil.copytree(crashed, data)
    first = min((data / str(TP)).glob("*.log"))
    contents = bytearray(first.read_bytes())
    contents[5000] ^= 0xFF
    first.write_bytes(contents)
    with opened(data) as log:
        assert len(log.segments) == 1
        assert log.log_end_offset == 34
        assert values(log)[::2] == [b"%05d" % number for number in range(17)]
    assert len(list((data / str(TP)).glob("*.log"))) == 1


def test_a_preallocated_tail_of_zeros_is_cut(crashed: Path, tmp_path: Path) -> None:
    """What a crash leaves of log.preallocate is no batch."""
    data = tmp_path / "data"
    shutil.copytree(crashed, data)
    with last_log(data).open("ab") as file:
        file.write(bytes(5000))
    with opened(data) as log:
        assert log.log_end_offset == 400


@pytest.mark.parametrize("suffix", [".index", ".timeindex"])
@pytest.mark.parametrize("damage", ["gone", "odd", "wrong"])
def test_a_bad_index_is_rebuilt_even_after_a_clean_stop(
    crashed: Path, tmp_path: Path, suffix: str, damage: str
) -> None:
    """An index is only a shortcut: without it nothing is lost."""
    data = tmp_path / "data"
    shutil.copytree(crashed, data)
    with opened(data):
        pass
    index = last_log(data).with_suffix(suffix)
    good = index.read_bytes()
    match damage:
        case "gone":
            index.unlink()
        case "odd":
            index.write_bytes(good + b"x")
        case _:
            index.write_bytes(good[:-4] + b"\xff" * 4 if suffix == ".timeindex" else b"\xff" * 8)
    with opened(data) as log:
        assert log.log_end_offset == 400
    assert index.read_bytes() == good


def test_an_index_without_a_log_and_leftovers_are_removed(crashed: Path, tmp_path: Path) -> None:
    """Files that a crash left behind do not become a log."""
    data = tmp_path / "data"
    shutil.copytree(crashed, data)
    partition = data / str(TP)
    for name in ("00000000000000009999.index", "00000000000000000000.log.deleted", "x.tmp"):
        (partition / name).write_bytes(b"x")
    (data / "gone-0.abc-delete").mkdir()
    (data / "gone-0.abc-delete" / "0.log").write_bytes(b"x")
    with opened(data) as log:
        assert log.log_end_offset == 400
    left = {path.name for path in partition.iterdir()} | {path.name for path in data.iterdir()}
    assert not {"00000000000000009999.index", "x.tmp", "gone-0.abc-delete"} & left


def test_only_what_came_after_the_recovery_point_is_checked(
    crashed: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A segment that was flushed before is taken as it is."""
    data = tmp_path / "data"
    shutil.copytree(crashed, data)
    with opened(data):
        pass
    (data / ".kafka_cleanshutdown").unlink()
    with caplog.at_level(logging.INFO), opened(data) as log:
        assert log.log_end_offset == 400
    recovered = [r.getMessage() for r in caplog.records if "Recovered" in r.getMessage()]
    assert len(recovered) == 1
    assert last_log(data).name in recovered[0]


def test_a_killed_writer_loses_nothing_it_reported(tmp_path: Path) -> None:
    """Kill -9 in full flight: every offset that was reported is in the recovered log."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        reported = [int(line) for line in itertools.islice(writer.stdout, 700)]
        writer.kill()
    with opened(tmp_path) as log:
        assert log.log_end_offset >= reported[-1] == 700
        assert values(log) == [b"%d" % number for number in range(log.log_end_offset)]


def test_a_full_disk_leaves_no_torn_batch(tmp_path: Path) -> None:
    """The kernel takes part of a batch and refuses the rest: the log goes on without it."""
    directory = tmp_path / str(TP)
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(directory)],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("refused 6 Cannot append to ") for line in lines[:3])
    assert lines[3] == "end 7"
    with closing(UnifiedLog(str(directory), TP, CONFIG)) as log:
        assert log.log_end_offset == 7
        assert [len(value) for value in values(log)] == [3000] * 7


def test_storage_that_refuses_to_start_a_segment(tmp_path: Path) -> None:
    """A directory that is gone is said in one sentence, and the log's end has not moved."""
    with closing(UnifiedLog(str(tmp_path / str(TP)), TP, CONFIG)) as log:
        log.append_as_leader(a_batch(b"a"))
        (tmp_path / str(TP)).rename(tmp_path / "elsewhere")
        with pytest.raises(KafkaStorageException, match="Cannot start segment 1"):
            log.roll()
        assert log.log_end_offset == 1
