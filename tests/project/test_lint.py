"""Format, lint, types and layers hold for the whole tree: the tools run here, not beside the tests."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


@pytest.mark.timeout(400)
@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--check", "."),
        ("ruff", "check", "."),
        ("mypy",),
        ("lint-imports", "--no-cache"),
    ],
    ids=["format", "lint", "types", "layers"],
)
def test_tool_is_content(command: tuple[str, ...]) -> None:
    """The tool finds nothing to say."""
    tool = BIN / command[0]
    assert tool.exists(), f"{tool} is missing: run make test, which installs it"
    run = subprocess.run(
        [tool, *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
