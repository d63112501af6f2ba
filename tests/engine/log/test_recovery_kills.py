"""A start that is killed while it mends a torn log: the next start goes on where it stopped."""

import itertools
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.log.log_manager import LogManager
from tests.engine.log.test_recovery import CONFIG, TP, opened, values
from tests.engine.record.batches import a_batch


def test_a_kill_while_segments_behind_a_cut_are_removed_leaves_no_gap(tmp_path: Path) -> None:
    """Wherever the removal stops, the next start goes on with it."""
    with opened(tmp_path / "data") as log:
        for number in range(120):
            log.append_as_leader(a_batch(b"%d" % number + b"x" * 1000))
        bases = [segment.base_offset for segment in log.segments]
    assert len(bases) > 3
    (tmp_path / "data" / ".kafka_cleanshutdown").unlink()
    with (tmp_path / "data" / str(TP) / f"{bases[1]:020}.log").open("r+b") as file:
        file.truncate(5000)
    (tmp_path / "data" / "recovery-point-offset-checkpoint").unlink()
    for calls in itertools.count():
        copy = tmp_path / str(calls)
        shutil.copytree(tmp_path / "data", copy)
        killed = _killed_at_change(copy, calls)
        with opened(copy) as log:
            found = [int(value.rstrip(b"x")) for value in values(log)]
            assert found == list(range(log.log_end_offset))
            assert bases[1] < log.log_end_offset < bases[2]
        if not killed:
            break
    assert calls > 6


def _killed_at_change(directory: Path, calls: int) -> bool:
    """Starts on a directory until so many names or sizes have changed; whether it came so far."""
    patch = pytest.MonkeyPatch()
    left = itertools.count(calls, -1)

    def until(real: Callable[..., None]) -> Callable[..., None]:
        def change(*arguments: object) -> None:
            if next(left) <= 0:
                raise KeyboardInterrupt
            real(*arguments)

        return change

    for name in ("unlink", "ftruncate"):
        patch.setattr(os, name, until(getattr(os, name)))
    manager = LogManager(str(directory), CONFIG)
    try:
        manager.startup()
    except KeyboardInterrupt:
        return True
    finally:
        patch.undo()
    manager.shutdown()
    return False
