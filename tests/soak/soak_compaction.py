"""Memory does not grow with a compacted log: 4 GiB appended, compacted and read by one process.

Repeat with: make soak. Another size: KAFKASCOPE_SOAK_COMPACTION_BYTES, in bytes.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOG_BYTES = int(os.environ.get("KAFKASCOPE_SOAK_COMPACTION_BYTES", str(4 << 30)))
MOST_RESIDENT = 300 << 20
MEBIBYTE = 1 << 20


@pytest.mark.timeout(1800)
def test_four_gibibytes_are_compacted_in_under_300_mebibytes(tmp_path: Path) -> None:
    """The last value of every key stays, with its offset, and nothing else does."""
    directory = tmp_path / "data" / "soak-0"
    command = [sys.executable, "-m", "tests.soak.compacting", str(directory), str(LOG_BYTES)]
    try:
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout)
    speed = report["bytes"] / MEBIBYTE / report["compact_s"]
    print(f"\n{report}, compacted at {speed:.0f} MiB/s")
    assert report["bytes"] >= LOG_BYTES
    assert report["kept"] == report["keys"]
    assert report["kept"] < report["records"] / 8
    assert report["kept_bytes"] < report["bytes"] / 8
    assert report["resident"] < MOST_RESIDENT
