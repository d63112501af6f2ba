"""What an append and a look-up cost in system calls, counted by strace from outside."""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.engine.record.file_records_workload import APPENDS, SIZE

ROOT = Path(__file__).parents[3]
WORKLOAD = "tests.engine.record.file_records_workload"
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")
STRACE = shutil.which("strace")


def calls_on(path: Path, mode: str) -> Counter[str]:
    """The system calls on a file while the workload runs, by name."""
    if STRACE is None:
        pytest.skip("strace is not installed: apt-get install strace")
    report = path.with_suffix(".strace")
    trace = [STRACE, "-f", "-P", str(path), "-o", str(report)]
    run = subprocess.run(
        [*trace, sys.executable, "-m", WORKLOAD, str(path), mode],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if "Operation not permitted" in run.stderr:
        pytest.skip("strace may not trace here: ptrace is refused")
    assert run.returncode == 0, run.stderr
    found = (CALL.match(line) for line in report.read_text().splitlines())
    return Counter(call.group(1) for call in found if call)


# What each way does for 31 appends: nothing else is called but what opening, sizes, the flush and
# the search cost, which is the same for all.
COSTS = {
    "write": {"write": APPENDS},
    "direct-buffer": {"write": APPENDS},
    "mapped": {"fallocate": 1, "mmap": 1},
    "direct": {"pwrite64": APPENDS},
}


@pytest.mark.parametrize("mode", COSTS)
def test_what_an_append_costs(tmp_path: Path, mode: str) -> None:
    """One call an append where bytes are written; none at all while a mapped window lasts."""
    path = tmp_path / "0.log"
    calls = calls_on(path, mode)
    moving = {"write", "pwrite64", "fallocate", "mmap", "msync", "writev", "pwritev2"}
    assert {name: calls[name] for name in moving & calls.keys()} == COSTS[mode]
    assert calls["openat"] == (2 if mode == "direct" else 1)
    assert calls["ftruncate"] == (1 if mode in {"mapped", "direct"} else 0)
    assert path.stat().st_size == APPENDS * SIZE


def test_a_look_up_reads_each_batch_it_passes_once(tmp_path: Path) -> None:
    """61 bytes are the whole header; Kafka reads 17 of them first and then all 61."""
    calls = calls_on(tmp_path / "0.log", "write")
    assert calls["preadv"] + calls["preadv2"] == APPENDS
