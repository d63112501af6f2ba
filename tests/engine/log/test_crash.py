"""A few kills at random points; ``make soak`` has hundreds."""

from pathlib import Path

import pytest

from tests.engine.log.crashes import campaign


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_twice_or_torn(tmp_path: Path, seed: int) -> None:
    """Every record whose append had returned is there; after a loss of power, what was flushed."""
    counts = campaign(tmp_path, seed, 8)
    assert counts["appends"] > 100
    assert counts["kills at a call"]
    assert counts["kills at any instruction"]
