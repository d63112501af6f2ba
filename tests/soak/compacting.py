"""Fills a log with keyed records, compacts it, reads it back and prints what was found, as JSON.

A process of its own, so that its largest resident size is the log's and not the tests'::

    python -m tests.soak.compacting DIRECTORY BYTES
"""

import itertools
import json
import random
import re
import sys
import time
from array import array
from pathlib import Path

from engine.common.topic_partition import TopicPartition
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_cleaner import LogCleaner
from engine.log.log_config import LogConfig
from engine.log.unified_log import UnifiedLog
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder

TP = TopicPartition("soak", 0)
VALUE_BYTES = 4096
RECORDS_A_KEY = 10
RECORDS_A_BATCH = 128
TIMESTAMP_MS = 1_700_000_000_000
CONFIG = LogConfig(segment_bytes=256 << 20, cleanup_policy=("compact",))


def key_of(number: int) -> bytes:
    """A key of 16 bytes."""
    return b"key-%012d" % number


def value_of(offset: int) -> bytes:
    """A value that no other record has."""
    return offset.to_bytes(8, "big") * (VALUE_BYTES // 8)


def resident_bytes() -> int:
    """The most that was resident so far; getrusage(2) would count who forked this process."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def fill(log: UnifiedLog, size: int) -> "array[int]":
    """Appends keys by chance until the log has ``size`` bytes; each key's last offset, or -1."""
    chance = random.Random(20_110_107)
    last = array("q", [-1]) * max(1, size // VALUE_BYTES // RECORDS_A_KEY)
    while log.size < size:
        builder = MemoryRecordsBuilder()
        base = log.log_end_offset
        for offset in range(base, base + RECORDS_A_BATCH):
            number = chance.randrange(len(last))
            builder.append(TIMESTAMP_MS, key_of(number), value_of(offset))
            last[number] = offset
        assert log.append_as_leader(builder.build()).first_offset == base
    return last


def compact(log: UnifiedLog) -> None:
    """One pass of the cleaner over everything; after it nothing is dirty."""
    log.roll()
    cleaner = LogCleaner(CleanerConfig(), str(Path(log.directory).parent), lambda: (log,))
    assert cleaner.try_clean_filthiest_log()
    assert cleaner.manager.all_cleaner_checkpoints() == {TP: log.log_end_offset}
    assert not cleaner.try_clean_filthiest_log()


def read_back(log: UnifiedLog, last: "array[int]") -> int:
    """Reads and checks every record; how many there are.

    Each is the last of its key, with its own offset and value, and each key is there once.
    """
    buffer, offset, count, previous = bytearray(8 << 20), 0, 0, -1
    missing = bytearray(number >= 0 for number in last)
    while offset < log.log_end_offset:
        found = log.read(offset, len(buffer), min_one_message=True).records
        assert isinstance(found, FileRecords)
        view = memoryview(buffer)[: found.read_into(buffer, 0)]
        for batch in MemoryRecords(view).batches():
            batch.ensure_valid()
            for record in batch:
                assert record.key is not None
                number = int(bytes(record.key)[4:])
                assert previous < record.offset == last[number]
                assert record.value == value_of(record.offset)
                missing[number] = 0
                previous = record.offset
                count += 1
            offset = batch.next_offset
    assert not any(missing)
    return count


def main(directory: str, size: int) -> None:
    """Fill, compact, read back, and print the figures: bytes, seconds, records."""
    log = UnifiedLog(directory, TP, CONFIG)
    marks = [time.monotonic()]
    last = fill(log, size)
    marks.append(time.monotonic())
    report = {"bytes": log.size, "segments": len(log.segments), "records": log.log_end_offset}
    report |= {"keys": sum(offset >= 0 for offset in last), "resident_filled": resident_bytes()}
    compact(log)
    marks.append(time.monotonic())
    report |= {"kept_bytes": log.size, "resident_compacted": resident_bytes()}
    assert log.log_end_offset == report["records"]
    report["kept"] = read_back(log, last)
    marks.append(time.monotonic())
    log.close()
    took = [round(after - before, 2) for before, after in itertools.pairwise(marks)]
    report["resident"] = resident_bytes()
    print(json.dumps(report | dict(zip(("fill_s", "compact_s", "read_s"), took, strict=True))))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
