"""A writer is killed 300 times, in every state a log can be in: nothing is lost, twice or torn.

Repeat with: make soak. KAFKASCOPE_KILLS asks for another number of kills.
"""

import os
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.engine.log.crashes import campaign

KILLS = int(os.environ.get("KAFKASCOPE_KILLS", "300"))
KILLS_A_LIFE = 25


@pytest.mark.timeout(1800)
def test_300_kills(tmp_path: Path) -> None:
    """Lives of 25 kills each, a seed a life."""
    began = time.monotonic()
    total: Counter[str] = Counter()
    for seed in range(100, 100 + -(-KILLS // KILLS_A_LIFE)):
        total += campaign(tmp_path / str(seed), seed, KILLS_A_LIFE)
    figures = ", ".join(f"{count} {what}" for what, count in sorted(total.items()))
    print(f"\n{figures} in {time.monotonic() - began:.0f} s")
