"""Memory does not grow with the log: 4 GiB appended and read.

Repeat with: make soak.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from engine.nio.append_mode import AppendMode

ROOT = Path(__file__).parents[2]
LOG_BYTES = 4 << 30
MOST_RESIDENT = 300 << 20

# A process of its own, so that its largest resident size is the log's and not the tests'.
WORKER = """
import json, re, sys, time
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.unified_log import UnifiedLog
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder
directory, mode, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
builder = MemoryRecordsBuilder()
while builder.estimated_bytes_written < 900_000:
    builder.append(1_700_000_000_000, b"key", bytes(1000))
batch = builder.build()
config = LogConfig(segment_bytes=256 << 20, append_mode=mode)
log = UnifiedLog(directory, TopicPartition("soak", 0), config)
began = time.monotonic()
while log.size < size:
    log.append_as_leader(MemoryRecords(batch.buffer))
appended = time.monotonic() - began
buffer, offset, records = bytearray(8 << 20), 0, 0
began = time.monotonic()
while offset < log.log_end_offset:
    found = log.read(offset, len(buffer), min_one_message=True).records
    view = memoryview(buffer)[: found.read_into(buffer, 0)]
    for each in MemoryRecords(view).batches():
        each.ensure_valid()
        assert each.base_offset == offset
        offset = each.next_offset
        records += each.count
read = time.monotonic() - began
assert records == log.log_end_offset
report = {"bytes": log.size, "segments": len(log.segments), "records": records,
          "append_s": round(appended, 2), "read_s": round(read, 2)}
log.close()
# getrusage(2) would count the process that forked this one, as it was before the exec.
status = open("/proc/self/status").read()
report["resident"] = int(re.search(r"VmHWM:\\s+(\\d+) kB", status).group(1)) * 1024
print(json.dumps(report))
"""


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("mode", [mode.value for mode in AppendMode])
def test_four_gibibytes_in_under_300_mebibytes(tmp_path: Path, mode: str) -> None:
    """Appended in order, then read whole and checked, by one process."""
    directory = tmp_path / "soak-0"
    command = [sys.executable, "-c", WORKER, str(directory), mode, str(LOG_BYTES)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    print(f"\n{mode}: {report}")
    assert report["bytes"] >= LOG_BYTES
    assert report["resident"] < MOST_RESIDENT
    for path in directory.iterdir():
        path.unlink()
