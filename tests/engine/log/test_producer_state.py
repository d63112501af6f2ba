"""Idempotent producers: duplicates, order, epochs, expiry, snapshots, and what a restart knows."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.common.errors import (
    ApiException,
    InvalidProducerEpochException,
    InvalidRecordException,
    OutOfOrderSequenceException,
)
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.producer_state_manager import ProducerStateManager
from engine.log.unified_log import UnifiedLog
from tests.engine.log.producers import PID, now_ms, numbered
from tests.engine.record.batches import a_batch, several

TP = TopicPartition("orders", 0)
CONFIG = LogConfig(segment_index_bytes=4096)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[UnifiedLog]:
    """An empty log."""
    with closing(UnifiedLog(str(tmp_path / str(TP)), TP, CONFIG)) as one:
        yield one


def reopened(log: UnifiedLog, *, clean: bool, recovery_point: int = 0) -> UnifiedLog:
    """The same directory opened again; the caller closes the old log first if it was clean."""
    return UnifiedLog(
        log.directory,
        TP,
        CONFIG,
        recovery_point=recovery_point,
        had_clean_shutdown=clean,
    )


def killed(log: UnifiedLog, tmp_path: Path) -> UnifiedLog:
    """A log opened on what a kill at this moment would leave."""
    copy = tmp_path / "after-the-kill" / str(TP)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(log.directory, copy)
    return UnifiedLog(str(copy), TP, CONFIG, had_clean_shutdown=False)


def snapshots(log: UnifiedLog) -> list[str]:
    """The names of the snapshot files."""
    return sorted(path.name for path in Path(log.directory).glob("*.snapshot"))


def test_a_duplicate_is_answered_and_not_appended(log: UnifiedLog) -> None:
    """Each of the last five batches may come again; its first offset is the answer."""
    batches = [numbered(sequence, 3) for sequence in range(0, 21, 3)]
    originals = [log.append_as_leader(batch) for batch in batches]
    assert log.log_end_offset == 21
    size = log.size
    for batch, original in list(zip(batches, originals, strict=True))[-5:]:
        info = log.append_as_leader(batch)
        assert (info.first_offset, info.last_offset) == (
            original.first_offset,
            original.last_offset,
        )
    assert (log.log_end_offset, log.size) == (21, size)
    for batch in batches[:2]:
        with pytest.raises(OutOfOrderSequenceException):
            log.append_as_leader(batch)


def test_only_the_whole_batch_is_a_duplicate(log: UnifiedLog) -> None:
    """The same first number with another last number is out of order, as in Kafka."""
    log.append_as_leader(numbered(0, 3))
    with pytest.raises(OutOfOrderSequenceException):
        log.append_as_leader(numbered(0, 2))


@pytest.mark.parametrize("sequence", [0, 2, 4, 2**31 - 1])
def test_a_gap_is_refused(log: UnifiedLog, sequence: int) -> None:
    """Number 3 is due; the log is as it was."""
    log.append_as_leader(numbered(0, 3))
    with pytest.raises(OutOfOrderSequenceException, match="3 is due"):
        log.append_as_leader(numbered(sequence, 2))
    assert log.log_end_offset == 3
    assert log.append_as_leader(numbered(3)).first_offset == 3


def test_an_unknown_producer_may_begin_anywhere(log: UnifiedLog) -> None:
    """Its earlier batches may have been deleted (KIP-360)."""
    assert log.append_as_leader(numbered(77)).first_offset == 0
    assert log.append_as_leader(numbered(78)).first_offset == 1


def test_numbers_go_round(log: UnifiedLog) -> None:
    """After 2^31 - 1 comes 0, inside a batch and between two."""
    log.append_as_leader(numbered(2**31 - 2))
    log.append_as_leader(numbered(2**31 - 1, 3))
    entry = log.producer_state_manager.last_entry(PID)
    assert entry is not None
    assert (entry.last_seq, entry.batch_metadata[-1].first_seq) == (1, 2**31 - 1)
    assert log.append_as_leader(numbered(2**31 - 1, 3)).first_offset == 1
    log.append_as_leader(numbered(2, pid=PID))
    log.append_as_leader(numbered(2**31 - 1, pid=5))
    assert log.append_as_leader(numbered(0, pid=5)).first_offset == 6


def test_epochs(log: UnifiedLog) -> None:
    """A new epoch begins with 0, and the old one may write no more."""
    log.append_as_leader(numbered(0, 2))
    with pytest.raises(OutOfOrderSequenceException):
        log.append_as_leader(numbered(2, epoch=1))
    log.append_as_leader(numbered(0, epoch=1))
    with pytest.raises(InvalidProducerEpochException):
        log.append_as_leader(numbered(2, epoch=0))
    assert log.log_end_offset == 3


def test_what_no_producer_sends(log: UnifiedLog) -> None:
    """A producer id without a sequence number is no record that can be checked."""
    with pytest.raises(InvalidRecordException, match="sequence number"):
        log.append_as_leader(numbered(-1))


def test_two_batches_of_which_one_is_refused(log: UnifiedLog) -> None:
    """Nothing of the append is kept, in the log or in the state."""
    with pytest.raises(ApiException):
        log.append_as_leader(several(numbered(0), numbered(5)))
    assert log.log_end_offset == 0
    assert log.producer_state_manager.last_entry(PID) is None
    log.append_as_leader(several(numbered(0), a_batch(b"of nobody"), numbered(1)))
    assert log.log_end_offset == 3


def test_expiry(log: UnifiedLog) -> None:
    """A producer idle for the time set is forgotten."""
    log.append_as_leader(numbered(0))
    manager = log.producer_state_manager
    limit = ProducerStateManager.producer_id_expiration_ms
    assert manager.remove_expired_producers(now_ms() + limit - 60_000) == 0
    assert manager.remove_expired_producers(now_ms() + limit + 1) == 1
    assert dict(manager.active_producers) == {}


def test_expired_producers_are_not_loaded(log: UnifiedLog) -> None:
    """Those in a snapshot that are too old stay away."""
    log.append_as_leader(numbered(0, timestamp=1_000_000))
    log.append_as_leader(numbered(0, pid=5))
    log.close()
    with closing(reopened(log, clean=True)) as again:
        assert list(again.producer_state_manager.active_producers) == [5]


def test_snapshots_come_with_rolling_and_closing(log: UnifiedLog) -> None:
    """Named by the offset up to which they go."""
    log.append_as_leader(numbered(0, 3))
    log.roll()
    log.append_as_leader(numbered(3, 2))
    log.close()
    assert snapshots(log) == [f"{3:020}.snapshot", f"{5:020}.snapshot"]


def test_a_restart_in_order_knows_the_last_batch(log: UnifiedLog) -> None:
    """The snapshot holds one batch of each producer, as Kafka's does."""
    batches = [numbered(sequence) for sequence in range(3)]
    for batch in batches:
        log.append_as_leader(batch)
    log.close()
    with closing(reopened(log, clean=True)) as again:
        assert again.append_as_leader(batches[2]).first_offset == 2
        with pytest.raises(OutOfOrderSequenceException):
            again.append_as_leader(batches[1])
        assert again.append_as_leader(numbered(3)).first_offset == 3


def test_a_kill_loses_nothing(log: UnifiedLog, tmp_path: Path) -> None:
    """Everything behind the last snapshot is read back from the log."""
    batches = [numbered(sequence) for sequence in range(8)]
    for number, batch in enumerate(batches):
        log.append_as_leader(batch)
        if number in (2, 4):
            log.roll()
    with closing(killed(log, tmp_path)) as again:
        assert again.append_as_leader(batches[7]).first_offset == 7
        assert again.append_as_leader(batches[3]).first_offset == 3
        assert snapshots(again) == [f"{offset:020}.snapshot" for offset in (3, 5)]
        assert again.append_as_leader(numbered(8)).first_offset == 8


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "version"])
def test_a_broken_snapshot_is_removed(log: UnifiedLog, damage: str) -> None:
    """An older one and the log serve in its place."""
    log.append_as_leader(numbered(0, 3))
    log.roll()
    log.append_as_leader(numbered(3, 2))
    log.close()
    path = Path(log.directory) / f"{5:020}.snapshot"
    whole = path.read_bytes()
    broken = {
        "cut": whole[:-1],
        "flipped": whole[:20] + bytes([whole[20] ^ 1]) + whole[21:],
        "empty": b"",
        "version": b"\0\2" + whole[2:],
    }[damage]
    path.write_bytes(broken)
    with closing(reopened(log, clean=True)) as again:
        assert snapshots(again) == [f"{3:020}.snapshot"]
        assert again.append_as_leader(numbered(3, 2)).first_offset == 3
        assert again.append_as_leader(numbered(5)).first_offset == 5


def test_all_snapshots_broken(log: UnifiedLog) -> None:
    """The whole log is read."""
    for sequence in range(4):
        log.append_as_leader(numbered(sequence))
        log.roll()
    log.close()
    for path in Path(log.directory).glob("*.snapshot"):
        path.write_bytes(b"\xff" * 40)
    with closing(reopened(log, clean=True)) as again:
        assert again.append_as_leader(numbered(2)).first_offset == 2
        assert again.append_as_leader(numbered(4)).first_offset == 4


def test_stale_snapshots_go(log: UnifiedLog) -> None:
    """Those of no segment, and those behind the log's end."""
    log.append_as_leader(numbered(0, 3))
    log.roll()
    log.append_as_leader(numbered(3, 2))
    log.close()
    directory = Path(log.directory)
    for offset in (1, 4, 99):
        shutil.copy(directory / f"{3:020}.snapshot", directory / f"{offset:020}.snapshot")
    with closing(reopened(log, clean=True)) as again:
        assert snapshots(again) == [f"{3:020}.snapshot"]
        assert again.append_as_leader(numbered(3, 2)).first_offset == 3


def test_truncation_goes_back(log: UnifiedLog) -> None:
    """The numbers of dropped batches are due again."""
    for sequence in range(6):
        log.append_as_leader(numbered(sequence))
        if sequence % 2:
            log.roll()
    log.truncate_to(3)
    assert snapshots(log) == [f"{2:020}.snapshot"]
    with pytest.raises(OutOfOrderSequenceException, match="3 is due"):
        log.append_as_leader(numbered(6))
    assert log.append_as_leader(numbered(3)).first_offset == 3


def test_a_log_of_before_there_were_snapshots(log: UnifiedLog) -> None:
    """It opens, its producers are unknown, and the next stop writes one."""
    log.append_as_leader(numbered(0, 3))
    log.close()
    (Path(log.directory) / f"{3:020}.snapshot").unlink()
    with closing(reopened(log, clean=True)) as again:
        assert dict(again.producer_state_manager.active_producers) == {}
        assert again.append_as_leader(numbered(3)).first_offset == 3
    assert snapshots(again) == [f"{4:020}.snapshot"]
