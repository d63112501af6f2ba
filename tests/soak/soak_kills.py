"""A broker that is killed again and again while a producer sends: nothing acknowledged is lost.

Repeat with: make soak. The moments of the kills come from fixed seeds.
"""

import random
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from engine.nio.append_mode import AppendMode
from engine.protocol.api_keys import ApiKeys
from tests.engine.server.broker import Broker, Wire, batch, create_topic, frame, produce_body

KCAT = shutil.which("kcat")
KILLS = 12
SETTINGS = ("log.segment.bytes=200000", "log.index.interval.bytes=500")


def acknowledged(broker: Broker, prefix: bytes, kill_after: int) -> list[bytes]:
    """Send batches, several on their way at once, until the broker is killed; what it answered."""
    sent: list[list[bytes]] = []
    answers = 0
    with Wire(broker) as wire:
        alive = True
        while alive:
            values = [b"%s-%d-%d " % (prefix, len(sent), i) + b"x" * (i * 37) for i in range(20)]
            sent.append(values)
            alive = still_sends(wire, values)
            # Always two requests ahead, so that the kill meets the broker at work.
            if alive and len(sent) > 2:
                alive = wire_answers(wire)
                answers += alive
            if answers == kill_after:
                broker.process.send_signal(signal.SIGKILL)
        while wire_answers(wire):
            answers += 1
    return [value for values in sent[:answers] for value in values]


def still_sends(wire: Wire, values: list[bytes]) -> bool:
    """Send one batch; whether the connection took it."""
    try:
        wire.send(frame(ApiKeys.PRODUCE, 8, produce_body("soak", batch(values))))
    except OSError:
        return False
    return True


def wire_answers(wire: Wire) -> bool:
    """Whether one more answer had reached us before the end."""
    try:
        return bool(wire.receive_frame())
    except OSError:
        return False


def read_all(broker: Broker) -> list[bytes]:
    """Every value of the topic, by kcat."""
    assert KCAT is not None
    command = [KCAT, "-q", "-b", broker.address, "-C", "-t", "soak", "-o", "beginning", "-e"]
    return subprocess.run(command, capture_output=True, timeout=120, check=True).stdout.splitlines()


@pytest.mark.skipif(KCAT is None, reason="kcat is not installed: apt-get install kcat")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("mode", [mode.value for mode in AppendMode])
def test_every_acknowledged_record_outlives_the_kills(tmp_path: Path, mode: str) -> None:
    """After each restart all of them are there, once, in order; nothing is torn."""
    chance = random.Random(20_110_107)
    kept: list[bytes] = []
    for kill in range(KILLS):
        settings = (*SETTINGS, f"kafkascope.append.mode={mode}")
        with Broker(tmp_path / "data", *settings) as broker:
            if kill == 0:
                with Wire(broker) as wire:
                    create_topic(wire, "soak")
            found = read_all(broker)
            assert len(set(found)) == len(found)
            wanted = set(kept)
            assert [value for value in found if value in wanted] == kept
            kept += acknowledged(broker, b"%d" % kill, chance.randrange(1, 120))
            broker.process.wait(30)
    with Broker(tmp_path / "data", f"kafkascope.append.mode={mode}") as broker:
        found = read_all(broker)
        wanted = set(kept)
        assert [value for value in found if value in wanted] == kept
        assert broker.stop() == 0
    print(f"\n{mode}: {KILLS} kills, {len(kept)} acknowledged records, all there of {len(found)}")
