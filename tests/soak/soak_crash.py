"""A writer is killed 300 times, in every state a log can be in: nothing is lost, twice or torn.

Then a broker that flushes before it answers, 30 times.

Repeat with: make soak. KAFKASCOPE_KILLS asks for another number of kills.
"""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.engine.log.crashes import campaign
from tests.engine.server.broker import Broker, Wire, create_topic
from tests.soak.soak_kills import KCAT, acknowledged, read_all

KILLS = int(os.environ.get("KAFKASCOPE_KILLS", "300"))
KILLS_A_LIFE = 25
KILLS_OF_BROKERS = -(-KILLS // 10)
BUSY = (
    "log.retention.ms=-1",
    "log.segment.bytes=20000",
    "log.index.interval.bytes=200",
    "log.flush.interval.messages=1",
    "log.initial.task.delay.ms=1",
    "log.retention.check.interval.ms=20",
    "log.flush.offset.checkpoint.interval.ms=5",
    "log.flush.start.offset.checkpoint.interval.ms=5",
)


@pytest.mark.timeout(1800)
def test_300_kills(tmp_path: Path) -> None:
    """Lives of 25 kills each, a seed a life."""
    began = time.monotonic()
    total: Counter[str] = Counter()
    for seed in range(100, 100 + -(-KILLS // KILLS_A_LIFE)):
        total += campaign(tmp_path / str(seed), seed, KILLS_A_LIFE)
    figures = ", ".join(f"{count} {what}" for what, count in sorted(total.items()))
    print(f"\n{figures} in {time.monotonic() - began:.0f} s")


@pytest.mark.skipif(KCAT is None, reason="kcat is not installed: apt-get install kcat")
@pytest.mark.timeout(900)
def test_kills_of_a_broker_that_flushes_before_it_answers(tmp_path: Path) -> None:
    """What a producer was told to be there is there, once and in order, after every kill."""
    began = time.monotonic()
    chance = random.Random(20_260_721)
    kept: list[bytes] = []
    for kill in range(KILLS_OF_BROKERS):
        with Broker(tmp_path / "data", *BUSY) as broker:
            if kill == 0:
                with Wire(broker) as wire:
                    create_topic(wire, "soak")
            check(broker, kept)
            kept += acknowledged(broker, b"%d" % kill, chance.randrange(1, 60))
            broker.process.wait(30)
    with Broker(tmp_path / "data", *BUSY) as broker:
        check(broker, kept)
        assert broker.stop() == 0
    took = time.monotonic() - began
    print(f"\n{KILLS_OF_BROKERS} kills of a broker, {len(kept)} records, {took:.0f} s")


def check(broker: Broker, kept: list[bytes]) -> None:
    """Every value once, and what was acknowledged in its order."""
    found = read_all(broker)
    assert len(set(found)) == len(found)
    wanted = set(kept)
    assert [value for value in found if value in wanted] == kept
