"""A writer that does everything a log can do, to be killed at it.

``python -m tests.engine.log.crash_writer DIRECTORY SEED CALL`` works on three partitions until the
kernel call number CALL on a file, at which it kills itself; a write is half done by then. CALL 0
leaves the killing to somebody else. A line on stdout says what was acknowledged or flushed::

    a TOPIC OFFSET               everything up to OFFSET was appended
    f TOPIC OFFSET BASE SIZE     everything up to OFFSET is on the device; it stands in the first
                                 SIZE bytes of segment BASE and in the segments before
"""

import itertools
import os
import random
import signal
import sys
from collections.abc import Callable
from typing import Any

from engine.common.errors import KafkaStorageException
from engine.common.kafka_scheduler import KafkaScheduler
from engine.common.topic_partition import TopicPartition
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.log.log_start_offset_increment_reason import LogStartOffsetIncrementReason
from engine.log.unified_log import UnifiedLog
from engine.nio.file_dispatcher import FileDispatcher
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder
from tests.engine.log.producers import now_ms, numbered

KEYS = 20
KEPT, AGED, STATE = (TopicPartition(name, 0) for name in ("kept", "aged", "state"))
_SMALL = LogConfig(
    segment_bytes=3000, segment_index_bytes=4096, index_interval_bytes=200, file_delete_delay_ms=1
)
CONFIGS = {
    KEPT: _SMALL.with_topic({"retention.ms": "-1"}),
    AGED: _SMALL.with_topic({"retention.bytes": "6000"}),
    STATE: _SMALL.with_topic({"cleanup.policy": "compact", "min.cleanable.dirty.ratio": "0.01"}),
}
_CALLS = ("write", "force", "truncate", "map")
_NAME_CALLS = ("rename", "unlink")


class Writer:
    """One process's work, chosen by the seed."""

    def __init__(self, directory: str, seed: int) -> None:
        self._directory = directory
        self._chance = random.Random(seed)
        self._open()

    def run(self) -> None:
        """Works for ever."""
        work: tuple[tuple[int, Callable[[], object]], ...] = (
            (60, lambda: self._append(KEPT)),
            (25, lambda: self._append(AGED)),
            (40, lambda: self._append(STATE)),
            (8, self._flush),
            (6, self._roll),
            (5, self._retain),
            (5, self._checkpoint),
            (2, self._delete_records),
            (1, self._restart),
        )
        weights = [weight for weight, _ in work]
        while True:
            self._chance.choices(work, weights)[0][1]()

    def _open(self) -> None:
        self._scheduler = KafkaScheduler()
        self._scheduler.startup()
        self._manager = LogManager(
            self._directory,
            _SMALL,
            scheduler=self._scheduler,
            cleaner_config=CleanerConfig(backoff_ms=1, dedupe_buffer_size=1 << 20),
        )
        self._manager.startup()
        self._logs: dict[TopicPartition, UnifiedLog] = {}
        for partition, config in CONFIGS.items():
            self._logs[partition] = self._manager.get_or_create_log(partition, config)
            self._logs[partition].update_config(config)

    def _append(self, partition: TopicPartition) -> None:
        log = self._logs[partition]
        offset = log.log_end_offset
        count = self._chance.randrange(1, 6)
        records = (
            _keyed(offset) if partition == STATE else numbered(offset, count, timestamp=now_ms())
        )
        info = log.append_as_leader(records)
        if info.first_offset != offset:
            raise SystemExit(f"{partition}: {offset} was taken for {info.first_offset}")
        _say(f"a {partition.topic} {log.log_end_offset}")

    def _flush(self) -> None:
        for partition, log in self._logs.items():
            end = log.log_end_offset_metadata
            log.flush()
            place = f"{end.segment_base_offset} {end.relative_position_in_segment}"
            _say(f"f {partition.topic} {end.message_offset} {place}")

    def _roll(self) -> None:
        self._logs[self._chance.choice((KEPT, STATE))].roll()

    def _retain(self) -> None:
        self._manager.cleanup_logs()

    def _checkpoint(self) -> None:
        self._manager.checkpoint()

    def _delete_records(self) -> None:
        log = self._logs[KEPT]
        before = self._chance.randint(log.log_start_offset, log.log_end_offset)
        reason = LogStartOffsetIncrementReason.CLIENT_RECORD_DELETION
        log.maybe_increment_log_start_offset(before, reason)

    def _restart(self) -> None:
        self._flush()
        self._scheduler.shutdown()
        self._manager.shutdown()
        self._open()


def _keyed(offset: int) -> MemoryRecords:
    builder = MemoryRecordsBuilder()
    builder.append(now_ms(), b"k%d" % (offset % KEYS), b"value %d" % offset)
    return builder.build()


def _say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


def die_at(call: int) -> None:
    """Kills this process at its ``call``-th kernel call on a file, from any thread."""
    counter = itertools.count(1)

    def deadly(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def instead(*arguments: Any, **options: Any) -> Any:
            if next(counter) == call:
                if name == "write":
                    source = memoryview(arguments[1]).cast("B")
                    real(arguments[0], source[: len(source) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return instead

    for name in _CALLS:
        setattr(FileDispatcher, name, staticmethod(deadly(name, getattr(FileDispatcher, name))))
    for name in _NAME_CALLS:
        setattr(os, name, deadly(name, getattr(os, name)))


def main(directory: str, seed: int, call: int) -> None:
    """Works until killed."""
    if call:
        die_at(call)
    Writer(directory, seed).run()


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except KafkaStorageException as failure:
        sys.exit(str(failure))
