"""Who works on which log: the table of states, waiting for the cleaner, the offset map."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.common.errors import KafkaStorageException
from engine.common.topic_partition import TopicPartition
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_cleaner_manager import LogCleanerManager
from engine.log.log_cleaning_aborted_exception import LogCleaningAbortedException
from engine.log.log_cleaning_state import VALID_PREVIOUS, LogCleaningState
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.log.skimpy_offset_map import ENTRY_SIZE, SkimpyOffsetMap
from engine.log.unified_log import UnifiedLog
from engine.record.memory_records_builder import MemoryRecordsBuilder

TP = TopicPartition("state", 0)
CONFIG = LogConfig(segment_index_bytes=4096, cleanup_policy=("compact",))


@pytest.fixture
def log(tmp_path: Path) -> Iterator[UnifiedLog]:
    """A compacted log with a dirty segment."""
    with closing(UnifiedLog(str(tmp_path / str(TP)), TP, CONFIG)) as one:
        append(one)
        one.roll()
        yield one


def append(log: UnifiedLog) -> None:
    """Twice the same key."""
    builder = MemoryRecordsBuilder()
    builder.append(1, b"a", b"1")
    builder.append(1, b"a", b"2")
    log.append_as_leader(builder.build())


@pytest.mark.parametrize(
    ("present", "wanted"), list(itertools.product(LogCleaningState, LogCleaningState))
)
def test_every_pair_of_states(
    tmp_path: Path, present: LogCleaningState, wanted: LogCleaningState
) -> None:
    """What the table allows happens, anything else is refused and changes nothing."""
    manager = LogCleanerManager(str(tmp_path), tuple)
    if present is not LogCleaningState.NONE:
        manager._states[TP] = present
    if present in VALID_PREVIOUS[wanted]:
        manager._enter(TP, wanted)
        assert manager.state(TP) is wanted
    else:
        with pytest.raises(KafkaStorageException, match="cannot go from"):
            manager._enter(TP, wanted)
        assert manager.state(TP) is present


def test_only_one_has_a_log(tmp_path: Path, log: UnifiedLog) -> None:
    """A log in progress is not grabbed again; one that is gone is not grabbed at all."""
    logs = [log]
    manager = LogCleanerManager(str(tmp_path), lambda: logs)
    grabbed = manager.grab_filthiest_compacted_log(10)
    assert grabbed is not None
    assert (grabbed.first_dirty_offset, grabbed.first_uncleanable_offset) == (0, 2)
    assert grabbed.cleanable_ratio == 1.0
    assert manager.grab_filthiest_compacted_log(10) is None
    assert not manager.try_begin(log)
    manager.done_cleaning(TP, 2)
    assert manager.grab_filthiest_compacted_log(10) is None
    logs.clear()
    assert not manager.try_begin(log)
    assert manager.state(TP) is LogCleaningState.NONE
    manager.forget(TP)
    assert manager.all_cleaner_checkpoints() == {}


def check_for_ever(manager: LogCleanerManager) -> None:
    """What a cleaner does that has endlessly many batches."""
    while True:
        manager.check_cleaning_aborted(TP)


def test_who_aborts_waits_for_the_cleaner(tmp_path: Path, log: UnifiedLog) -> None:
    """The cleaner hears of it at its next batch, lets go, and writes nothing down."""
    manager = LogCleanerManager(str(tmp_path), lambda: [log])
    assert manager.try_begin(log)
    manager.check_cleaning_aborted(TP)
    waiting = threading.Thread(target=manager.abort_and_pause_cleaning, args=(TP,))
    waiting.start()
    with pytest.raises(LogCleaningAbortedException):
        check_for_ever(manager)
    assert waiting.is_alive()
    manager.done_cleaning(TP, 2)
    waiting.join(10)
    assert manager.state(TP) is LogCleaningState.PAUSED
    assert manager.all_cleaner_checkpoints() == {}
    manager.resume_cleaning(TP)
    assert manager.state(TP) is LogCleaningState.NONE


def test_a_checkpoint_behind_the_end(tmp_path: Path, log: UnifiedLog) -> None:
    """A checkpoint that cannot be right makes all of the log dirty."""
    (tmp_path / "cleaner-offset-checkpoint").write_text("0\n1\nstate 0 99\n")
    grabbed = LogCleanerManager(str(tmp_path), lambda: [log]).grab_filthiest_compacted_log(10)
    assert grabbed is not None
    assert grabbed.first_dirty_offset == 0


def test_by_its_own_thread(tmp_path: Path) -> None:
    """LogManager's cleaner compacts while the broker runs, and a deleted log is let go of."""
    manager = LogManager(str(tmp_path / "data"), CONFIG, cleaner_config=CleanerConfig(backoff_ms=1))
    manager.startup()
    try:
        log = manager.get_or_create_log(TP)
        append(log)
        log.roll()
        assert manager.cleaner is not None
        checkpoints = manager.cleaner.manager.all_cleaner_checkpoints
        deadline = threading.Event()
        for _ in range(3000):
            if checkpoints() == {TP: 2}:
                break
            deadline.wait(0.01)
        assert checkpoints() == {TP: 2}
        assert [len(list(lazy.full_batch)) for lazy in log.segments[0].log.batches()] == [1]
        assert manager.delete_log(TP)
        assert checkpoints() == {}
    finally:
        manager.shutdown()


def test_the_offset_map() -> None:
    """It agrees with a dictionary until it is full, and takes no more memory than it was given."""
    offset_map = SkimpyOffsetMap(100 * ENTRY_SIZE + 7)
    assert offset_map.slots == 100
    expected = {b"key %d" % (number % 100): number for number in range(250)}
    for number in range(250):
        offset_map.put(b"key %d" % (number % 100), number)
    assert {key: offset_map.get(key) for key in expected} == expected
    assert (offset_map.size, offset_map.latest_offset) == (100, 249)
    assert offset_map.get(b"missing") == -1
    with pytest.raises(ValueError, match="All 100 slots"):
        offset_map.put(b"one more", 250)
    assert SkimpyOffsetMap(0).get(b"x") == -1
