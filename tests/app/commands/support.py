"""Runs the command line as a person does: its own process, its own directory."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from traces.recorder.choose import Choice, try_probe

ROOT = Path(__file__).parents[3]
SECONDS = 150


def kafkascope(
    *arguments: str,
    cwd: Path,
    front: tuple[str, ...] = (),
    python: str = sys.executable,
    env: Mapping[str, str] | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run ``kafkascope ARGUMENTS`` without a terminal; ``front`` stands before the command."""
    return subprocess.run(
        [*front, python, "-m", "app", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160", **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def why_not(probe: str) -> str:
    """Why this probe cannot be tested here; empty if it can."""
    answer = try_probe(probe)
    return "" if isinstance(answer, Choice) else f"{answer.reason} {answer.remedy}"
