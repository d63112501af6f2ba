"""``kafkascope.append.mode``: four ways, the same log."""

import itertools
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from engine.common.errors import InvalidConfigurationException
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.log.unified_log import UnifiedLog
from engine.nio.append_mode import AppendMode
from tests.engine.record.batches import a_batch

TP = TopicPartition("orders", 0)
MODES = [mode.value for mode in AppendMode]

WRITER = """
import itertools, sys
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.record.memory_records_builder import MemoryRecordsBuilder
config = LogConfig(segment_bytes=30_000, segment_index_bytes=8192, append_mode=sys.argv[2])
manager = LogManager(sys.argv[1], config)
manager.startup()
log = manager.get_or_create_log(TopicPartition("orders", 0))
for number in itertools.count():
    builder = MemoryRecordsBuilder()
    builder.append(1000 + number, None, b"%d" % number * 40)
    log.append_as_leader(builder.build())
    print(log.log_end_offset, flush=True)
"""


def config(mode: str) -> LogConfig:
    """Small segments, appended to in a given way."""
    return LogConfig(
        segment_bytes=30_000,
        segment_index_bytes=8192,
        index_interval_bytes=500,
        append_mode=mode,
    )


def values(log: UnifiedLog) -> list[bytes]:
    """Every value in the log."""
    return [
        bytes(record.value or b"")
        for segment in log.segments
        for batch in segment.log.batches()
        for record in batch.full_batch
    ]


def written(directory: Path, mode: str) -> dict[str, bytes]:
    """The files of a log that was appended to, reopened, appended to again and closed."""
    log_directory = directory / str(TP)
    for half in range(2):
        with closing(UnifiedLog(str(log_directory), TP, config(mode))) as log:
            for number in range(250):
                time = 1000 * half + number
                log.append_as_leader(a_batch(b"%d" % number * (9 + number % 90), timestamp=time))
    return {path.name: path.read_bytes() for path in log_directory.iterdir()}


@pytest.mark.parametrize("mode", MODES[1:])
def test_the_files_are_the_same_after_a_clean_close(tmp_path: Path, mode: str) -> None:
    """Logs and indexes, byte for byte, over several segments and a restart."""
    files = written(tmp_path / mode, mode)
    assert len([name for name in files if name.endswith(".log")]) > 2
    assert files == written(tmp_path / "write", "write")


@pytest.mark.parametrize("mode", MODES)
def test_kill_9_in_full_flight(tmp_path: Path, mode: str) -> None:
    """What was reported is there; what no batch filled is cut; appending goes on, any way."""
    command = [sys.executable, "-c", WRITER, str(tmp_path), mode]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        reported = [int(line) for line in itertools.islice(writer.stdout, 500)]
        writer.kill()
    for again in (mode, "write"):
        manager = LogManager(str(tmp_path), config(again))
        manager.startup()
        try:
            log = manager.get_or_create_log(TP)
            end = log.log_end_offset
            assert end >= reported[-1] == 500
            assert values(log)[:500] == [b"%d" % number * 40 for number in range(500)]
            assert log.append_as_leader(a_batch(b"after")).first_offset == end
            assert values(log)[-1] == b"after"
        finally:
            manager.shutdown()
    last = log.segments[-1]
    assert Path(last.log.path).stat().st_size == last.size


def test_only_the_four_names_are_taken() -> None:
    """A way that does not exist is refused when the settings are read."""
    assert LogConfig.from_broker({"kafkascope.append.mode": "direct"}).append_mode == "direct"
    with pytest.raises(InvalidConfigurationException, match="one of write, mapped, direct, direct"):
        LogConfig.from_broker({"kafkascope.append.mode": "paper"})
