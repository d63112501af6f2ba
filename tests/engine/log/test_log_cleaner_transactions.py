"""Compaction of transactions: what was aborted neither stays nor hides what was committed."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.record.memory_records_builder import ProducerState
from tests.engine.log.producers import end_transaction
from tests.engine.log.test_log_cleaner import COMPACT, Compacting


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Compacting]:
    """An empty compacted log."""
    made = Compacting(tmp_path / "data")
    with closing(made.log):
        yield made


def transactional(pid: int, sequence: int = 0) -> ProducerState:
    """A producer within a transaction."""
    return ProducerState(pid, 0, sequence, is_transactional=True)


def data(one: Compacting) -> list[tuple[int, str]]:
    """Offset and value of each record that is no marker."""
    return [
        (record.offset, str(record.value or b"", "utf-8"))
        for segment in one.log.segments
        for lazy in segment.log.batches()
        if not lazy.full_batch.is_control_batch
        for record in lazy.full_batch
    ]


def markers(one: Compacting) -> list[int]:
    """The offsets of the markers."""
    return [
        lazy.base_offset
        for segment in one.log.segments
        for lazy in segment.log.batches()
        if lazy.full_batch.is_control_batch
    ]


def test_aborted_and_committed(one: Compacting) -> None:
    """The aborted value goes, the committed one wins over what was there before."""
    one.append(("a", "old"), ("b", "old"))
    one.append(("a", "aborted"), producer=transactional(5))
    one.append(("b", "committed"), producer=transactional(6))
    end_transaction(one.log, commit=False, pid=5)
    end_transaction(one.log, commit=True, pid=6)
    one.append(("c", "1"))
    assert one.clean()
    assert data(one) == [(0, "old"), (3, "committed"), (6, "1")]
    assert markers(one) == [4, 5]
    entries = [t for s in one.log.segments for t in s.txn_index.all_aborted_txns()]
    assert [(t.producer_id, t.first_offset, t.last_offset) for t in entries] == [(5, 2, 4)]


def test_an_open_transaction_is_left_alone(one: Compacting) -> None:
    """Nothing from its first record on is compacted before it is decided."""
    one.append(("a", "1"))
    one.append(("a", "2"))
    one.log.roll()
    one.append(("a", "3"), producer=transactional(5))
    assert one.clean()
    assert data(one) == [(1, "2"), (2, "3")]
    end_transaction(one.log, commit=False, pid=5)
    assert one.clean()
    assert data(one) == [(1, "2")]


def test_markers_go_at_their_horizon(one: Compacting) -> None:
    """Once nothing of the transaction is left and a producer has gone on, the marker goes."""
    one.append(("a", "1"), producer=transactional(5))
    end_transaction(one.log, commit=True, pid=5)
    one.append(("a", "2"))
    one.append(("z", "1"), producer=transactional(5, 1))
    end_transaction(one.log, commit=True, pid=5)
    assert one.clean()
    assert markers(one) == [1, 4]
    one.append(("y", "1"))
    assert one.clean()
    assert markers(one) == [1, 4]
    one.time.sleep(COMPACT.delete_retention_ms)
    one.append(("x", "1"))
    assert one.clean()
    assert markers(one) == [4]
