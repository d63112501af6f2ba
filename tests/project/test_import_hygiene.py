"""What must not be loaded is not loaded: the import graph, proven at run time."""

import subprocess
import sys

import pytest

QUESTION = "import sys, importlib; importlib.import_module({module!r}); print(*sorted(sys.modules))"


def loaded_by(module: str) -> set[str]:
    """Top-level names in ``sys.modules`` of a fresh interpreter that imported ``module``."""
    code = QUESTION.format(module=module)
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {name.split(".")[0] for name in run.stdout.split()}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("engine.server.broker_server", {"textual", "rich", "bcc", "traces", "app", "asyncio"}),
        ("engine.clients.kafka_consumer", {"textual", "rich", "bcc", "traces", "app", "asyncio"}),
        ("traces.replay.replay", {"textual", "rich", "bcc", "engine", "app"}),
        ("traces.recorder.recorder", {"textual", "rich", "engine", "app"}),
        ("lessons", {"textual", "rich", "engine", "app"}),
        ("app.app", {"bcc", "engine", "matplotlib"}),
    ],
)
def test_absent_modules(module: str, absent: set[str]) -> None:
    """Importing ``module`` leaves these alone."""
    assert not loaded_by(module) & absent
