"""The race: equal bytes, and the counts that tell the modes apart."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.commands.support import kafkascope, why_not

SIZE = 3_000_000
HEADER = 61  # of a batch: all that the broker itself reads of the log to find an offset in it
FIGURES = {
    "events",
    "lost",
    "probe",
    "syscalls",
    "mode_switches",
    "context_switches",
    "faults",
    "page_cache",
    "copies",
    "by_reference_bytes",
    "dma",
    "mode",
    "cache",
    "bytes",
    "cpu_s_per_gb",
    "wall_s",
    "checksum",
}


def race(cwd: Path, *options: str) -> list[dict[str, Any]]:
    """Run ``race --json``; return its rows."""
    run = kafkascope("race", "--json", "--bytes", str(SIZE), *options, cwd=cwd)
    assert run.returncode == 0, run.stdout + run.stderr
    rows: list[dict[str, Any]] = json.loads(run.stdout)
    return rows


def copied(row: dict[str, Any], source: str, target: str) -> int:
    """Bytes copied from one place to another."""
    return sum(
        copy["bytes"] for copy in row["copies"] if (copy["from"], copy["to"]) == (source, target)
    )


def calls(row: dict[str, Any], start: str) -> int:
    """Calls of a family: the C library is free to take preadv2 for preadv."""
    return sum(
        figures["calls"] for name, figures in row["syscalls"].items() if name.startswith(start)
    )


def check_common(rows: list[dict[str, Any]]) -> None:
    """What holds under every probe: shape, equal bytes, and who copied."""
    assert len({(row["checksum"], row["bytes"]) for row in rows}) == 1
    for row in rows:
        assert set(row) >= FIGURES
        assert row["bytes"] >= SIZE
        assert row["wall_s"] > 0
        assert row["cpu_s_per_gb"] > 0
        to_user = copied(row, "page cache", "user")
        if row["mode"] == "read-write":
            assert to_user >= row["bytes"]
        else:
            assert to_user <= HEADER * calls(row, "preadv")
        # A fetch ends anywhere in a batch, and the consumer asks again for the part at the end.
        by_reference = row["by_reference_bytes"]
        if row["mode"] in {"sendfile", "splice"}:
            assert row["bytes"] <= by_reference < 1.1 * row["bytes"]
        else:
            assert by_reference == 0


@pytest.mark.skipif(bool(why_not("strace")), reason=why_not("strace") or "runs")
def test_race_under_strace(tmp_path: Path) -> None:
    rows = race(tmp_path, "--probe", "strace", "--cache", "warm")
    assert [row["mode"] for row in rows] == ["read-write", "mmap", "sendfile"]
    check_common(rows)
    assert all(row["page_cache"]["hits"] is None for row in rows)


@pytest.mark.bcc
@pytest.mark.skipif(bool(why_not("bpf")), reason=why_not("bpf") or "runs")
def test_race_under_bpf_cold_and_warm(tmp_path: Path) -> None:
    rows = race(tmp_path, "--probe", "bpf", "--modes", "read-write,sendfile,splice")
    assert [(row["mode"], row["cache"]) for row in rows] == [
        (mode, cache) for mode in ("read-write", "sendfile", "splice") for cache in ("cold", "warm")
    ]
    check_common(rows)
    for row in rows:
        if row["remarks"]:
            continue
        from_disk = row["dma"]["read_bytes"]
        assert from_disk >= row["bytes"] if row["cache"] == "cold" else from_disk < row["bytes"]


def test_race_prints_one_table_and_names_its_files(tmp_path: Path) -> None:
    options = ("--probe", "inprocess", "--modes", "sendfile", "--cache", "warm")
    run = kafkascope("race", "--bytes", "100000", *options, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr
    for words in ("CPU s per GB", "median of", "checksum", "equal", "race.png"):
        assert words in run.stdout
    assert (tmp_path / "kafkascope-out/race.png").stat().st_size
    assert (tmp_path / "kafkascope-out/race-sendfile-warm.trace").stat().st_size
