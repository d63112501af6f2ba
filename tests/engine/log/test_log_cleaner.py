"""Compaction: the last value of each key wins, offsets stay, kills harm nothing."""

import random
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from engine.common.kafka_scheduler import KafkaScheduler
from engine.common.topic_partition import TopicPartition
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_cleaner import LogCleaner
from engine.log.log_config import LogConfig
from engine.log.log_segment import LogSegment
from engine.log.unified_log import UnifiedLog
from engine.record.compression_type import CompressionType
from engine.record.default_record import DefaultRecord
from engine.record.default_record_batch import DefaultRecordBatch
from engine.record.memory_records_builder import MemoryRecordsBuilder, ProducerState
from tests.engine.common.mock_time import MockTime

TP = TopicPartition("state", 0)
COMPACT = LogConfig(
    segment_bytes=2000,
    segment_index_bytes=4096,
    index_interval_bytes=200,
    cleanup_policy=("compact",),
    min_cleanable_dirty_ratio=0.01,
    file_delete_delay_ms=0,
)


class Compacting:
    """A log, a clock and a cleaner whose thread does not run."""

    def __init__(self, directory: Path, config: LogConfig = COMPACT) -> None:
        self.directory = directory / str(TP)
        self.time = MockTime()
        self.scheduler = KafkaScheduler(self.time)
        self.log = UnifiedLog(str(self.directory), TP, config)
        self.log.scheduler = self.scheduler
        self.cleaner = self.with_config(CleanerConfig())

    def with_config(self, config: CleanerConfig) -> LogCleaner:
        """A cleaner of this log."""
        return LogCleaner(config, str(self.directory.parent), lambda: (self.log,), self.time)

    def append(
        self,
        *pairs: tuple[str, str | None],
        codec: CompressionType = CompressionType.NONE,
        producer: ProducerState | None = None,
    ) -> int:
        """One batch; its last offset."""
        builder = MemoryRecordsBuilder(codec, producer=producer)
        for key, value in pairs:
            data = None if value is None else value.encode()
            builder.append(self.time.milliseconds(), key.encode(), data)
        return self.log.append_as_leader(builder.build()).last_offset

    def clean(self) -> bool:
        """Rolls, compacts once, and removes the old files."""
        self.log.roll()
        cleaned = self.cleaner.try_clean_filthiest_log()
        self.scheduler.run_due()
        return cleaned


def records(log: UnifiedLog) -> list[DefaultRecord]:
    """All records, found by reading from the log's start on."""
    found: list[DefaultRecord] = []
    for segment in log.segments:
        for lazy in segment.log.batches():
            batch = lazy.full_batch
            batch.ensure_valid()
            found += batch
    return found


def pairs(log: UnifiedLog) -> list[tuple[int, str, str | None]]:
    """Offset, key and value of each record."""
    return [
        (r.offset, str(r.key or b"", "utf-8"), None if r.value is None else str(r.value, "utf-8"))
        for r in records(log)
    ]


def state(log: UnifiedLog) -> dict[str, str | None]:
    """The last value of each key."""
    return {key: value for _, key, value in pairs(log)}


@pytest.fixture
def one(tmp_path: Path) -> Iterator[Compacting]:
    """An empty compacted log."""
    made = Compacting(tmp_path / "data")
    with closing(made.log):
        yield made


def test_the_last_value_of_each_key(one: Compacting) -> None:
    """Offsets stay, the active segment is left alone, what was clean is not read as dirty."""
    one.append(("a", "1"), ("b", "1"))
    one.append(("a", "2"), ("c", "1"))
    one.append(("b", "2"))
    one.log.roll()
    one.append(("c", "2"))
    assert one.cleaner.try_clean_filthiest_log()
    assert pairs(one.log) == [(2, "a", "2"), (3, "c", "1"), (4, "b", "2"), (5, "c", "2")]
    assert one.cleaner.manager.all_cleaner_checkpoints() == {TP: 5}
    text = (one.directory.parent / "cleaner-offset-checkpoint").read_text()
    assert text == "0\n1\nstate 0 5\n"
    assert not one.cleaner.try_clean_filthiest_log()
    assert one.clean()
    assert pairs(one.log) == [(2, "a", "2"), (4, "b", "2"), (5, "c", "2")]
    assert one.log.log_end_offset == 6


@pytest.mark.parametrize("codec", list(CompressionType))
def test_codecs_and_headers_stay(one: Compacting, codec: CompressionType) -> None:
    """A batch is written with its codec; times and the batch's ends are as they were."""
    one.append(("a", "1"), ("b", "1"), ("c", "x" * 100), codec=codec)
    one.append(("a", "2"), ("c", "3"), codec=codec)
    assert one.clean()
    lazy = next(one.log.segments[0].log.batches())
    batch = lazy.full_batch
    assert isinstance(batch, DefaultRecordBatch)
    assert (batch.base_offset, batch.last_offset, batch.count) == (0, 2, 1)
    assert batch.compression_type is codec
    assert [r.timestamp for r in batch] == [one.time.milliseconds()]
    assert pairs(one.log) == [(1, "b", "1"), (3, "a", "2"), (4, "c", "3")]


def test_many_segments_against_a_dictionary(one: Compacting) -> None:
    """Random writes and compactions: the state is that of a dictionary, the log stays small."""
    chance = random.Random(7)
    expected: dict[str, str] = {}
    for step in range(600):
        key, value = f"k{chance.randrange(40)}", f"{step}" * 10
        expected[key] = value
        assert one.append((key, value)) == step
        if step % 97 == 96:
            one.clean()
    assert one.clean()
    assert state(one.log) == expected
    found = pairs(one.log)
    assert [offset for offset, _, _ in found] == sorted({offset for offset, _, _ in found})
    assert len(found) == 40
    assert len(one.log.segments) < 8
    for offset, key, _ in found:
        read = one.log.read(offset, 1, min_one_message=True).records
        assert read.size_in_bytes() > 0, key
    assert not list(one.directory.glob("*.deleted"))


def test_a_small_map_needs_several_passes(one: Compacting) -> None:
    """Memory is bounded: what the map has no room for stays dirty until the next pass."""
    one.cleaner = one.with_config(CleanerConfig(dedupe_buffer_size=24 * 10))
    for number in range(100):
        one.append((f"k{number % 20}", f"{number}"))
    assert one.clean()
    assert one.cleaner.manager.all_cleaner_checkpoints() == {TP: 9}
    passes = 1
    while one.cleaner.try_clean_filthiest_log():
        passes += 1
        assert passes < 40
    assert state(one.log) == {f"k{number}": str(80 + number) for number in range(20)}
    assert one.cleaner.manager.all_cleaner_checkpoints() == {TP: 100}


def test_tombstones_go_after_their_horizon(one: Compacting) -> None:
    """The first pass sets the horizon, a pass after it drops the record."""
    one.append(("a", "1"))
    one.append(("a", None))
    assert one.clean()
    assert pairs(one.log) == [(1, "a", None)]
    horizon = one.time.milliseconds() + COMPACT.delete_retention_ms
    batch = next(one.log.segments[0].log.batches()).full_batch
    assert batch.delete_horizon_ms == horizon
    assert [r.timestamp for r in batch] == [one.time.milliseconds()]
    one.time.sleep(COMPACT.delete_retention_ms - 1)
    one.append(("b", "1"))
    assert one.clean()
    assert pairs(one.log) == [(1, "a", None), (2, "b", "1")]
    one.time.sleep(1)
    one.append(("c", "1"))
    assert one.clean()
    assert pairs(one.log) == [(2, "b", "1"), (3, "c", "1")]


def test_the_lags(one: Compacting) -> None:
    """Young records are left alone, old dirty ones are compacted whatever the ratio."""
    one.log.update_config(replace(COMPACT, min_compaction_lag_ms=1000))
    one.append(("a", "1"), ("a", "2"))
    assert not one.clean()
    one.time.sleep(1000)
    assert one.clean()
    one.log.update_config(
        replace(COMPACT, min_cleanable_dirty_ratio=1.0, max_compaction_lag_ms=1000)
    )
    one.append(("a", "3"), ("a", "4"))
    assert not one.clean()
    one.time.sleep(1001)
    assert one.clean()
    assert pairs(one.log) == [(3, "a", "4")]


def test_the_ratio(one: Compacting) -> None:
    """A log is left alone until enough of it is dirty."""
    one.log.update_config(replace(COMPACT, min_cleanable_dirty_ratio=0.5))
    for number in range(10):
        one.append((f"k{number}", "1"))
    assert one.clean()
    one.append(("k1", "2"))
    assert not one.clean()
    for number in range(11):
        one.append((f"k{number}", "2"))
    assert one.clean()


def test_the_last_batch_of_a_producer_stays_empty(one: Compacting) -> None:
    """Its sequence number counts until the producer has written something else."""
    producer = ProducerState(producer_id=7, producer_epoch=0, base_sequence=0)
    one.append(("a", "1"), ("a", "2"), producer=producer)
    one.append(("a", "3"))
    assert one.clean()
    batches = [lazy.full_batch for lazy in one.log.segments[0].log.batches()]
    assert [(b.base_offset, b.last_offset, b.count_or_null) for b in batches] == [
        (0, 1, 0),
        (2, 2, 1),
    ]
    assert batches[0].last_sequence == 1
    batches[0].ensure_valid()
    one.append(("b", "1"), producer=replace(producer, base_sequence=2))
    assert one.clean()
    assert pairs(one.log) == [(2, "a", "3"), (3, "b", "1")]


def test_compact_and_delete(one: Compacting) -> None:
    """Such a log is compacted, and what is too old goes."""
    policy = ("compact", "delete")
    one.log.update_config(replace(COMPACT, cleanup_policy=policy, retention_ms=1000))
    one.append(("a", "1"), ("a", "2"))
    one.clean()
    assert pairs(one.log) == [(1, "a", "2")]
    one.time.sleep(1001)
    assert not one.cleaner.try_clean_filthiest_log()
    one.append(("b", "1"))
    assert one.clean()
    assert pairs(one.log) == [(2, "b", "1")]
    assert one.log.log_start_offset == 2


def test_a_broken_batch_stops_the_cleaner_there(one: Compacting) -> None:
    """The log is left as it is; nothing that was readable is lost."""
    one.append(("a", "1"))
    one.append(("a", "2"))
    one.log.roll()
    path = Path(one.log.segments[0].log.path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert not one.cleaner.try_clean_filthiest_log()
    assert path.read_bytes() == data
    assert not one.cleaner.try_clean_filthiest_log()
    assert not list(one.directory.glob("*.cleaned"))


# -- kills ---------------------------------------------------------------------------------------

STEPS = ["cleaned", "half swapped", "swapped", "half deleted", "deleted", "half final", "final"]


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_each_step(
    one: Compacting, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory as a kill leaves it opens to the same state, without leftovers."""
    for number in range(60):
        one.append((f"k{number % 7}", f"{number}" * 5))
    one.log.roll()
    one.append(("last", "1"))
    one.log.flush()
    expected = state(one.log)
    copy = tmp_path / "copy" / str(TP)
    renames: list[str] = []
    original = LogSegment.change_file_suffixes

    def snapshot(reached: str) -> None:
        if reached == step and not copy.exists():
            shutil.copytree(one.directory, copy)

    def spy(segment: LogSegment, old: str, new: str) -> None:
        kind = {".swap": "swapped", ".deleted": "deleted", "": "final"}[new]
        if not renames:
            snapshot("cleaned")
        if kind not in renames:
            renames.append(kind)
            # Half of a step: the log has its new name, the indexes have not.
            path = segment.log.path
            segment.log.rename_to(path.removesuffix(old) + new)
            snapshot(f"half {kind}")
            segment.log.rename_to(path)
        original(segment, old, new)
        snapshot(kind)

    monkeypatch.setattr(LogSegment, "change_file_suffixes", spy)
    one.cleaner.try_clean_filthiest_log()
    monkeypatch.undo()
    assert copy.exists()
    opened = UnifiedLog(str(copy), TP, COMPACT, recovery_point=61, had_clean_shutdown=False)
    with closing(opened) as again:
        assert state(again) == expected
        found = pairs(again)
        assert [offset for offset, _, _ in found] == sorted({offset for offset, _, _ in found})
        assert (again.log_end_offset, again.recovery_point) == (61, 61)
        names = [path.name for path in copy.iterdir()]
        assert not [n for n in names if n.endswith((".cleaned", ".swap", ".deleted"))]
        for offset, _, _ in found:
            assert again.read(offset, 1, min_one_message=True).records.size_in_bytes()
