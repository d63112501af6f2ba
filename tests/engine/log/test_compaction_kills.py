"""A writer that rolls, compacts and deletes all the time is killed, again and again."""

import random
import subprocess
import sys
from pathlib import Path

from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager

ROOT = Path(__file__).parents[3]
TP = TopicPartition("state", 0)
KEYS = 20
KILLS = 8

WRITER = """
import itertools, sys
from engine.common.kafka_scheduler import KafkaScheduler
from engine.common.topic_partition import TopicPartition
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.record.memory_records_builder import MemoryRecordsBuilder
config = LogConfig(
    segment_bytes=1500, segment_index_bytes=4096, index_interval_bytes=100,
    cleanup_policy=("compact",), min_cleanable_dirty_ratio=0.01, file_delete_delay_ms=1,
)
scheduler = KafkaScheduler()
scheduler.startup()
manager = LogManager(
    sys.argv[1], config, scheduler=scheduler, cleaner_config=CleanerConfig(backoff_ms=0)
)
manager.startup()
log = manager.get_or_create_log(TopicPartition("state", 0))
for number in itertools.count(int(sys.argv[2])):
    builder = MemoryRecordsBuilder()
    builder.append(1000 + number, b"k%d" % (number % 20), b"%d" % number)
    log.append_as_leader(builder.build())
    print(number, flush=True)
"""


def killed_after(data: Path, first: int, acknowledged: int) -> int:
    """Lets the writer acknowledge some records from a number on, kills it; the last one's number."""
    command = [sys.executable, "-c", WRITER, str(data), str(first)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(acknowledged):
            assert process.stdout.readline()
        process.kill()
        rest = process.stdout.read().split("\n")
    # The last line may be cut by the kill.
    return max((int(line) for line in rest[:-1]), default=first + acknowledged - 1)


def test_no_kill_loses_the_last_value_of_a_key(tmp_path: Path) -> None:
    """After each kill: every acknowledged last value, ascending offsets, nothing left over."""
    chance = random.Random(11)
    data = tmp_path / "data"
    first = 0
    for _ in range(KILLS):
        last = killed_after(data, first, chance.randrange(200, 700))
        manager = LogManager(str(data), LogConfig(segment_index_bytes=4096))
        manager.startup()
        log = manager.get_log(TP)
        assert log is not None
        found = {}
        previous = -1
        for segment in log.segments:
            for lazy in segment.log.batches():
                lazy.full_batch.ensure_valid()
                for record in lazy.full_batch:
                    assert record.key is not None
                    assert record.value is not None
                    assert record.offset > previous
                    previous = record.offset
                    found[int(bytes(record.key)[1:])] = int(bytes(record.value))
        for number in range(max(0, last - KEYS + 1), last + 1):
            assert found[number % KEYS] >= number
        assert log.log_end_offset == previous + 1
        left = {".cleaned", ".swap", ".deleted"} & {p.suffix for p in (data / str(TP)).iterdir()}
        assert not left
        assert len(log.segments) < last // 8, "it was compacted at all"
        first = max(found.values()) + 1
        # Not an orderly stop: the next writer, too, finds the directory as after a kill.
        log.close()
        assert manager._file_lock is not None
        manager._file_lock.release()
