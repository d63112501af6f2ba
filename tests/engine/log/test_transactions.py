"""Transactions in the log: markers, last stable offset, aborted transactions, hostile bytes."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.common.errors import (
    InvalidProducerEpochException,
    InvalidRecordException,
    InvalidTxnStateException,
    TransactionCoordinatorFencedException,
)
from engine.common.topic_partition import TopicPartition
from engine.log.aborted_txn import AbortedTxn
from engine.log.append_origin import AppendOrigin
from engine.log.corrupt_index_exception import CorruptIndexException
from engine.log.corrupt_snapshot_exception import CorruptSnapshotException
from engine.log.fetch_data_info import FetchDataInfo
from engine.log.fetch_isolation import FetchIsolation
from engine.log.log_config import LogConfig
from engine.log.producer_state_entry import ProducerStateEntry
from engine.log.snapshot_file import decode_snapshot, encode_snapshot
from engine.log.transaction_index import TransactionIndex
from engine.log.unified_log import UnifiedLog
from engine.record.control_record_type import ControlRecordType
from engine.record.default_record import DefaultRecord
from engine.record.end_transaction_marker import EndTransactionMarker
from engine.record.memory_records import MemoryRecords
from tests.engine.log.producers import PID, end_transaction, now_ms, numbered
from tests.engine.record.batches import a_batch

TP = TopicPartition("orders", 0)
CONFIG = LogConfig(segment_index_bytes=4096, index_interval_bytes=100)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[UnifiedLog]:
    """An empty log."""
    with closing(UnifiedLog(str(tmp_path / str(TP)), TP, CONFIG)) as one:
        yield one


def plain(value: bytes) -> MemoryRecords:
    """A batch of no producer, as late as the others: an old one would roll the segment."""
    return a_batch(value, timestamp=now_ms())


def committed(log: UnifiedLog, offset: int = 0, size: int = 100_000) -> FetchDataInfo:
    """What a reader of committed records gets."""
    return log.read(offset, size, min_one_message=True, isolation=FetchIsolation.TXN_COMMITTED)


def aborted(found: FetchDataInfo) -> list[tuple[int, int]]:
    """Producers and first offsets, as Fetch answers them."""
    return [(each.producer_id, each.first_offset) for each in found.aborted_transactions or ()]


def test_committed_readers_wait_for_the_marker(log: UnifiedLog) -> None:
    """They see up to the oldest open transaction; others see everything."""
    log.append_as_leader(plain(b"before"))
    log.append_as_leader(numbered(0, 2, transactional=True))
    log.append_as_leader(plain(b"between"))
    assert (log.last_stable_offset, log.high_watermark) == (1, 4)
    assert committed(log).records.size_in_bytes() == plain(b"before").size_in_bytes()
    assert committed(log, 1).records.size_in_bytes() == 0
    assert committed(log, 4).records.size_in_bytes() == 0
    assert log.read(0, 100_000).records.size_in_bytes() == log.size
    assert log.read(0, 100_000).aborted_transactions is None
    end_transaction(log, commit=True)
    assert log.last_stable_offset == log.log_end_offset == 5
    assert committed(log).records.size_in_bytes() == log.size
    assert aborted(committed(log)) == []


def test_aborted_transactions_are_named(log: UnifiedLog) -> None:
    """Also where the marker stands in a later segment than the records."""
    log.append_as_leader(numbered(0, 2, transactional=True))
    log.append_as_leader(numbered(0, 2, pid=5, transactional=True))
    log.roll()
    end_transaction(log, commit=False)
    assert log.last_stable_offset == 2
    assert aborted(committed(log)) == [(PID, 0)]
    end_transaction(log, commit=False, pid=5)
    log.append_as_leader(plain(b"later"))
    assert aborted(committed(log)) == [(PID, 0), (5, 2)]
    assert aborted(committed(log, 6)) == []
    assert sorted(path.name for path in Path(log.directory).glob("*.txnindex")) == [
        f"{4:020}.txnindex"
    ]
    assert log.segments[1].txn_index.all_aborted_txns() == [
        AbortedTxn(PID, 0, 4, 2),
        AbortedTxn(5, 2, 5, 6),
    ]


def test_a_short_read_names_only_what_overlaps(log: UnifiedLog) -> None:
    """The offset index says where a read of so many bytes ends."""
    for number in range(20):
        log.append_as_leader(numbered(number, transactional=True))
        end_transaction(log, commit=number % 2 == 0)
    assert len(aborted(committed(log))) == 10
    assert aborted(committed(log, 2, 150))[0] == (PID, 2)
    assert len(aborted(committed(log, 2, 150))) <= 3


def test_what_does_not_fit_a_transaction(log: UnifiedLog) -> None:
    """Epochs of producers and coordinators, and records outside of the transaction."""
    log.append_as_leader(numbered(0, epoch=3, transactional=True))
    with pytest.raises(InvalidTxnStateException):
        log.append_as_leader(numbered(1, epoch=3))
    with pytest.raises(InvalidProducerEpochException):
        end_transaction(log, commit=True, epoch=2)
    end_transaction(log, commit=True, epoch=3, coordinator_epoch=7)
    with pytest.raises(TransactionCoordinatorFencedException):
        end_transaction(log, commit=True, epoch=3, coordinator_epoch=6)
    marker = EndTransactionMarker(ControlRecordType.COMMIT, 0).to_records(PID, 3, now_ms())
    with pytest.raises(InvalidRecordException, match="control"):
        log.append_as_leader(marker)
    assert log.log_end_offset == 2


def test_a_marker_without_a_transaction(log: UnifiedLog) -> None:
    """Fences the older epoch and changes nothing else."""
    end_transaction(log, commit=False, epoch=5)
    assert log.last_stable_offset == 1
    assert aborted(committed(log)) == []
    with pytest.raises(InvalidProducerEpochException):
        log.append_as_leader(numbered(0, epoch=4))
    log.append_as_leader(numbered(0, epoch=5, transactional=True))


@pytest.mark.parametrize("clean", [True, False])
def test_open_transactions_survive_a_restart(log: UnifiedLog, *, clean: bool) -> None:
    """From the snapshot or from the log; the marker ends them then."""
    log.append_as_leader(plain(b"x"))
    log.append_as_leader(numbered(0, 2, transactional=True))
    log.append_as_leader(numbered(0, pid=5, transactional=True))
    end_transaction(log, commit=False, pid=5)
    log.close()
    again = UnifiedLog(log.directory, TP, CONFIG, had_clean_shutdown=clean)
    with closing(again):
        assert again.last_stable_offset == 1
        assert committed(again, 0).records.size_in_bytes() == plain(b"x").size_in_bytes()
        end_transaction(again, commit=False)
        assert aborted(committed(again)) == [(5, 3), (PID, 1)]


@pytest.mark.parametrize("damage", [b"", b"\0", b"\0\1" + bytes(32), b"\xff" * 34, bytes(68)])
def test_a_broken_transaction_index_is_written_anew(log: UnifiedLog, damage: bytes) -> None:
    """From the log, also after an orderly stop; empty it is no less than not there."""
    log.append_as_leader(numbered(0, transactional=True))
    end_transaction(log, commit=False)
    log.close()
    path = Path(log.directory) / f"{0:020}.txnindex"
    whole = path.read_bytes()
    path.write_bytes(damage)
    with closing(UnifiedLog(log.directory, TP, CONFIG, had_clean_shutdown=bool(damage))) as again:
        assert aborted(committed(again)) == [(PID, 0)]
    assert path.read_bytes() == whole


def test_what_stands_in_the_log_never_keeps_it_from_opening(log: UnifiedLog) -> None:
    """A log whose marker is missing opens, and its reader waits where the transaction began."""
    log.append_as_leader(numbered(0, transactional=True))
    log.append_as_leader(numbered(1), origin=AppendOrigin.REPLICATION)
    log.close()
    with closing(UnifiedLog(log.directory, TP, CONFIG, had_clean_shutdown=False)) as again:
        assert (again.last_stable_offset, again.log_end_offset) == (0, 2)
    stray = Path(log.directory) / f"{7:020}.txnindex"
    stray.write_bytes(b"")
    with closing(UnifiedLog(log.directory, TP, CONFIG)):
        assert not stray.exists()


class Model:
    """What a reader must be told, in the plainest way."""

    def __init__(self) -> None:
        self.end = 0
        self.sequences: dict[int, int] = {}
        self.open: dict[int, int] = {}
        self.aborted: list[tuple[int, int]] = []

    @property
    def stable(self) -> int:
        """The oldest open transaction's first offset."""
        return min(self.open.values(), default=self.end)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["data", "commit", "abort", "roll", "close", "kill"]), st.integers(0, 2)
    ),
    max_size=25,
)


def step(log: UnifiedLog, model: Model, what: str, pid: int) -> UnifiedLog:
    """One thing happens to both."""
    if what == "data":
        sequence = model.sequences.get(pid, 0)
        log.append_as_leader(numbered(sequence, 2, pid=pid, transactional=True))
        model.sequences[pid] = sequence + 2
        model.open.setdefault(pid, model.end)
        model.end += 2
    elif what in ("commit", "abort"):
        end_transaction(log, commit=what == "commit", pid=pid)
        model.end += 1
        first = model.open.pop(pid, None)
        if what == "abort" and first is not None:
            model.aborted.append((pid, first))
    elif what == "roll":
        log.roll()
    elif what == "close":
        log.close()
        return UnifiedLog(log.directory, TP, CONFIG)
    else:
        copy = tempfile.mkdtemp(dir=Path(log.directory).parent)
        shutil.copytree(log.directory, copy, dirs_exist_ok=True)
        log.close()
        return UnifiedLog(copy, TP, CONFIG, had_clean_shutdown=False)
    return log


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_any_course_of_transactions(steps: list[tuple[str, int]]) -> None:
    """Last stable offset and aborted transactions, through rolls, stops and kills."""
    with tempfile.TemporaryDirectory() as directory:
        log = UnifiedLog(f"{directory}/one", TP, CONFIG)
        model = Model()
        try:
            for what, pid in steps:
                log = step(log, model, what, pid)
                assert (log.log_end_offset, log.last_stable_offset) == (model.end, model.stable)
                told = [pair for s in log.segments for pair in s.txn_index.all_aborted_txns()]
                assert [(each.producer_id, each.first_offset) for each in told] == model.aborted
                first = committed(log, 0)
                assert set(aborted(first)) <= set(model.aborted)
        finally:
            log.close()


ENTRIES = st.lists(
    st.builds(
        ProducerStateEntry,
        st.integers(0, 2**63 - 1),
        st.integers(-1, 2**15 - 1),
        st.integers(-1, 2**31 - 1),
        st.integers(-1, 2**63 - 1),
        st.none() | st.integers(0, 2**63 - 1),
    ),
    max_size=5,
)


@given(ENTRIES)
def test_snapshots_round_trip(entries: list[ProducerStateEntry]) -> None:
    """Bytes to entries and back to the same bytes, 46 an entry behind a head of 10."""
    data = encode_snapshot(entries)
    assert len(data) == 10 + 46 * len(entries)
    assert encode_snapshot(decode_snapshot(data)) == data


def test_a_snapshot_byte_by_byte() -> None:
    """Version 1, the checksum from byte 6 on, then the entry as Kafka lays it out."""
    data = encode_snapshot([ProducerStateEntry(1, 2, 3, 4, 5)])
    assert data[:2] == b"\0\1"
    assert data[6:10] == b"\0\0\0\1"
    numbers = [(1, 8), (2, 2), (-1, 4), (-1, 8), (0, 4), (4, 8), (3, 4), (5, 8)]
    assert data[10:] == b"".join(n.to_bytes(size, "big", signed=True) for n, size in numbers)


@given(st.binary(max_size=120))
def test_hostile_snapshots(data: bytes) -> None:
    """Any bytes are entries or a CorruptSnapshotException."""
    try:
        entries = decode_snapshot(data)
    except CorruptSnapshotException:
        return
    assert len(data) == 10 + 46 * len(entries)


@given(ENTRIES.filter(bool), st.data())
def test_damaged_snapshots(entries: list[ProducerStateEntry], data: st.DataObject) -> None:
    """A flipped bit, a cut or bytes too many are always noticed."""
    whole = bytearray(encode_snapshot(entries))
    match data.draw(st.sampled_from(["flip", "cut", "longer"])):
        case "flip":
            at = data.draw(st.integers(0, len(whole) - 1))
            whole[at] ^= 1 << data.draw(st.integers(0, 7))
        case "cut":
            del whole[data.draw(st.integers(0, len(whole) - 1)) :]
        case _:
            whole += data.draw(st.binary(min_size=1, max_size=50))
    with pytest.raises(CorruptSnapshotException):
        decode_snapshot(bytes(whole))


@given(st.binary(max_size=200))
def test_hostile_transaction_indexes(data: bytes) -> None:
    """Any bytes are entries or a CorruptIndexException."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.txnindex"
        path.write_bytes(data)
        index = TransactionIndex(str(path), 0)
        try:
            index.sanity_check()
            assert len(index.all_aborted_txns()) == len(data) // 34
        except CorruptIndexException:
            index.reset()
            assert path.read_bytes() == b""
        finally:
            index.close()


@given(st.none() | st.binary(max_size=8), st.none() | st.binary(max_size=8))
def test_hostile_markers(key: bytes | None, value: bytes | None) -> None:
    """Any key and value are a marker or an InvalidRecordException."""
    try:
        marker = EndTransactionMarker.deserialize(DefaultRecord(0, 0, key, value))
    except InvalidRecordException:
        return
    assert marker.control_type in {ControlRecordType.ABORT, ControlRecordType.COMMIT}
