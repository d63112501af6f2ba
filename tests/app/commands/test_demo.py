"""The main job, end to end, under every probe that works here."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.commands.demo import PLOT, STAGE, TRACE
from app.commands.input_text import ROUNDS, bundled_lines
from tests.app.commands.support import ROOT, kafkascope, why_not
from traces.event import Mark
from traces.trace_file import TraceReader

PROBES = [
    pytest.param(
        name,
        marks=[pytest.mark.skipif(bool(why_not(name)), reason=why_not(name) or "runs")],
    )
    for name in ("bpf", "strace", "inprocess")
]
LINES = 23
NOBODY = 65534


def demo(cwd: Path, *options: str, **how: Any) -> dict[str, Any]:
    """Run the demo without a terminal; return the figures of its trace."""
    run = kafkascope("demo", "--no-tui", "--output-dir", "out", *options, cwd=cwd, **how)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "byte for byte" in run.stdout
    for name in (TRACE, STAGE, PLOT):
        assert (cwd / "out" / name).stat().st_size
        assert name in run.stdout
    stats = kafkascope("stats", f"out/{TRACE}", "--json", cwd=cwd)
    figures: dict[str, Any] = json.loads(stats.stdout)
    return figures


@pytest.fixture
def lines(tmp_path: Path) -> Path:
    """A text of ``LINES`` lines, one of them empty, some beyond ASCII."""
    path = tmp_path / "lines.txt"
    text = [f"{number} 日志 {'x' * 600}" for number in range(LINES - 1)]
    path.write_text("\n".join(["", *text]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("probe", PROBES)
def test_demo_under_each_probe(probe: str, lines: Path, tmp_path: Path) -> None:
    figures = demo(tmp_path, "--probe", probe, "--input", str(lines))
    assert figures["probe"] == probe
    assert figures["syscalls"]["sendfile"]["bytes"] > lines.stat().st_size
    assert figures["by_reference_bytes"] >= figures["syscalls"]["sendfile"]["bytes"]
    assert (tmp_path / "out/demo-data/records.out").read_bytes() == lines.read_bytes()
    with TraceReader(tmp_path / "out" / TRACE) as reader:
        chapters = [event.text for event in reader.events() if isinstance(event, Mark)]
        assert reader.cut is None
    assert chapters == ["produce", "fetch"]
    roles = {process["role"] for process in figures["by_process"]}
    assert {"broker", "producer", "consumer"} <= roles


def test_bundled_text_twice_into_the_same_directory(tmp_path: Path) -> None:
    for _ in range(2):
        demo(tmp_path, "--probe", "inprocess")
    got = (tmp_path / "out/demo-data/records.out").read_text(encoding="utf-8").splitlines()
    assert len(got) == ROUNDS * len(bundled_lines())
    assert got[0].endswith(bundled_lines()[0])


def test_transfer_mode_is_the_brokers(lines: Path, tmp_path: Path) -> None:
    options = ("--probe", "inprocess", "--transfer-mode", "read-write", "--flush-every", "1")
    figures = demo(tmp_path, "--input", str(lines), *options)
    assert "sendfile" not in figures["syscalls"]
    assert figures["syscalls"]["fsync"]["calls"] + figures["syscalls"].get("fdatasync", {}).get(
        "calls", 0
    )


def engines_in(directory: Path) -> list[int]:
    """Engine processes that work below this directory."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if any(str(directory) in word for word in process.cmdline()):
                found.append(process.pid)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_in_the_middle_it_leaves_no_broker_and_a_whole_trace(
    number: signal.Signals, tmp_path: Path
) -> None:
    many = tmp_path / "many.txt"
    many.write_text("a line that takes its time\n" * 300_000)
    options = ("--no-tui", "--probe", "inprocess", "--input", str(many))
    with subprocess.Popen(
        [sys.executable, "-m", "app", "demo", *options, "--output-dir", str(tmp_path / "out")],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        told = ""
        while "Producing" not in told:
            told = process.stderr.readline()
            assert told, "the demo ended before it produced"
        process.send_signal(number)
        rest = process.stderr.read()
        code = process.wait(60)
    assert code in {1, 128 + signal.SIGTERM}
    assert "Traceback" not in rest
    assert engines_in(tmp_path / "out") == []
    with TraceReader(tmp_path / "out" / TRACE) as reader:
        assert reader.cut is None


def test_no_broker_is_left_behind(tmp_path: Path) -> None:
    demo(tmp_path, "--probe", "inprocess")
    assert engines_in(tmp_path / "out") == []


def test_files_that_are_not_ours_are_never_removed(tmp_path: Path) -> None:
    precious = tmp_path / "out/demo-data/thesis.txt"
    precious.parent.mkdir(parents=True)
    precious.write_text("years of work")
    run = kafkascope("demo", "--no-tui", "--output-dir", "out", cwd=tmp_path)
    assert run.returncode == 1
    assert "not ours" in run.stderr
    assert precious.read_text() == "years of work"


def test_an_empty_input_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "nothing").touch()
    options = ("--no-tui", "--probe", "inprocess", "--input", "nothing")
    run = kafkascope("demo", *options, cwd=tmp_path)
    assert run.returncode == 1
    assert "has no lines" in run.stderr


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="becoming a plain user needs root")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv (util-linux) is missing")
@pytest.mark.skipif(bool(why_not("strace")), reason=why_not("strace") or "runs")
def test_a_plain_user_gets_strace_and_a_sentence(lines: Path, tmp_path: Path) -> None:
    python, packages = _python_for_all()
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    for directory in (tmp_path, *tmp_path.parents[:3]):
        directory.chmod(directory.stat().st_mode | 0o055)
    shutil.copy(lines, home / "lines.txt")
    (home / "lines.txt").chmod(0o644)
    front = ("setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups")
    env = {"PYTHONPATH": f"{ROOT}:{packages}", "HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    options = ("--no-tui", "--output-dir", "out", "--input", "lines.txt")
    run = kafkascope("demo", *options, cwd=home, front=front, python=python, env=env)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "bpf" in run.stderr
    figures = json.loads(kafkascope("stats", f"out/{TRACE}", "--json", cwd=home).stdout)
    assert figures["probe"] == "strace"
    assert figures["page_cache"]["hits"] is None


def _python_for_all() -> tuple[str, str]:
    """An interpreter that a plain user may run, of our version, and our packages for it."""
    packages = next(path for path in sys.path if path.endswith("site-packages"))
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (os.path.realpath(sys.executable), f"/usr/bin/{version}"):
        readable = all(parent.stat().st_mode & 0o001 for parent in Path(candidate).parents)
        if Path(candidate).exists() and readable:
            return candidate, packages
    pytest.skip(f"no {version} that a plain user may run")
