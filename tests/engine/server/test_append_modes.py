"""Append modes in a running broker, read by a stock client."""

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from engine.nio.append_mode import AppendMode
from tests.engine.server.broker import Broker, Wire, batch, create_topic, produce, running

KCAT = shutil.which("kcat")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(KCAT is None, reason="kcat is not installed: apt-get install kcat"),
]


def kcat_reads(broker: Broker, topic: str) -> list[bytes]:
    """Every value of a topic."""
    assert KCAT is not None
    command = [KCAT, "-q", "-b", broker.address, "-C", "-t", topic, "-o", "beginning", "-e"]
    run = subprocess.run(command, capture_output=True, timeout=30, check=True)
    return run.stdout.splitlines()


@pytest.mark.parametrize("mode", [mode.value for mode in AppendMode])
def test_kcat_reads_while_the_log_grows_and_after_a_kill(tmp_path: Path, mode: str) -> None:
    """Between appends, and after a kill -9, kcat gets every record that was acknowledged."""
    setting = f"kafkascope.append.mode={mode}"
    values = [b"%d " % number + b"x" * (number % 3000) for number in range(600)]
    with Broker(tmp_path / "data", setting) as broker, Wire(broker) as wire:
        create_topic(wire, "modes")
        for end in (200, 400, 600):
            for start in range(end - 200, end, 20):
                answer = produce(wire, "modes", batch(values[start : start + 20]))
                assert answer.error_code == 0
            assert kcat_reads(broker, "modes") == values[:end]
        broker.stop(signal.SIGKILL)
    with running(tmp_path / "data", setting) as broker, Wire(broker) as wire:
        assert kcat_reads(broker, "modes") == values
        produce(wire, "modes", batch([b"after"]))
        assert kcat_reads(broker, "modes") == [*values, b"after"]
