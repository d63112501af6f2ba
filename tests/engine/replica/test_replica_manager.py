"""Appending to and reading from real logs; fetches that wait for appends."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder
from engine.replica.log_read_result import FetchParams, PartitionFetch
from engine.replica.replica_manager import ReadResults, ReplicaManager

A, B, UNKNOWN = TopicPartition("a", 0), TopicPartition("b", 0), TopicPartition("c", 0)
PATIENCE_SECONDS = 20
PLENTY = 1 << 20


def batch(value: bytes) -> MemoryRecords:
    builder = MemoryRecordsBuilder()
    builder.append(1, None, value)
    return builder.build()


class Answer:
    """What a fetch is told, once it is; told twice it fails."""

    def __init__(self) -> None:
        self.told = threading.Event()
        self.results: ReadResults = ()

    def __call__(self, results: ReadResults) -> None:
        assert not self.told.is_set()
        self.results = results
        self.told.set()

    @property
    def sizes(self) -> list[int]:
        return [result.size for _, result in self.results]


@pytest.fixture
def replicas(tmp_path: Path) -> Iterator[ReplicaManager]:
    logs = LogManager(str(tmp_path / "data"), LogConfig(segment_index_bytes=4096))
    logs.startup()
    for partition in (A, B):
        logs.get_or_create_log(partition)
    made = ReplicaManager(logs)
    yield made
    made.shutdown()
    logs.shutdown()


def append(replicas: ReplicaManager, partition: TopicPartition, value: bytes = b"value") -> None:
    assert replicas.append_records({partition: batch(value)})[partition].error is Errors.NONE
    replicas.try_complete_actions()


def fetch(
    replicas: ReplicaManager, *fetches: PartitionFetch, wait_ms: int, least: int = 1
) -> Answer:
    answer = Answer()
    replicas.fetch_messages(FetchParams(wait_ms, least, PLENTY), fetches, answer)
    return answer


def test_one_bad_partition_does_not_keep_the_others(replicas: ReplicaManager) -> None:
    results = replicas.append_records(
        {A: batch(b"1"), UNKNOWN: batch(b"2"), B: MemoryRecords(b"no batch at all" * 10)}
    )
    assert (results[A].error, results[A].base_offset) == (Errors.NONE, 0)
    assert results[UNKNOWN].error is Errors.UNKNOWN_TOPIC_OR_PARTITION
    assert results[B].error is Errors.CORRUPT_MESSAGE


def test_the_first_batch_is_whole_and_the_rest_within_limits(replicas: ReplicaManager) -> None:
    size = batch(b"value").size_in_bytes()
    for _ in range(3):
        append(replicas, A)
        append(replicas, B)
    fetches = [PartitionFetch(A, 0, 1), PartitionFetch(B, 0, PLENTY)]
    results = replicas.read_from_log(FetchParams(0, 0, 2 * size), fetches)
    assert [result.size for _, result in results] == [size, size]
    results = replicas.read_from_log(FetchParams(0, 0, 1), fetches[::-1])
    assert [result.size for _, result in results] == [size, 0]


def test_a_fetch_waits_for_the_append_of_its_partition(replicas: ReplicaManager) -> None:
    waiting = fetch(replicas, PartitionFetch(A, 0, PLENTY), wait_ms=600_000)
    append(replicas, B)
    assert not waiting.told.is_set()
    append(replicas, A)
    assert waiting.told.is_set()
    assert waiting.sizes == [batch(b"value").size_in_bytes()]


def test_a_fetch_waits_for_enough_bytes(replicas: ReplicaManager) -> None:
    size = batch(b"value").size_in_bytes()
    fetches = (PartitionFetch(A, 0, PLENTY), PartitionFetch(B, 0, PLENTY))
    waiting = fetch(replicas, *fetches, wait_ms=600_000, least=3 * size)
    append(replicas, A)
    append(replicas, B)
    assert not waiting.told.is_set()
    append(replicas, A)
    assert waiting.sizes == [2 * size, size]


def test_a_fetch_ends_by_time_with_what_there_is(replicas: ReplicaManager) -> None:
    append(replicas, A)
    waiting = fetch(replicas, PartitionFetch(A, 0, PLENTY), wait_ms=20, least=PLENTY)
    assert waiting.told.wait(PATIENCE_SECONDS)
    assert waiting.sizes == [batch(b"value").size_in_bytes()]


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (PartitionFetch(A, 99, PLENTY), Errors.OFFSET_OUT_OF_RANGE),
        (PartitionFetch(A, -1, PLENTY), Errors.OFFSET_OUT_OF_RANGE),
        (PartitionFetch(UNKNOWN, 0, PLENTY), Errors.UNKNOWN_TOPIC_OR_PARTITION),
    ],
)
def test_an_error_is_told_at_once(
    replicas: ReplicaManager, wanted: PartitionFetch, error: Errors
) -> None:
    answer = fetch(replicas, PartitionFetch(B, 0, PLENTY), wanted, wait_ms=600_000)
    assert [result.error for _, result in answer.results] == [Errors.NONE, error]


def test_a_partition_that_goes_ends_the_wait(replicas: ReplicaManager) -> None:
    waiting = fetch(replicas, PartitionFetch(A, 0, PLENTY), wait_ms=600_000)
    replicas.log_manager.delete_log(A)
    replicas.complete_fetches_of(A)
    assert [result.error for _, result in waiting.results] == [Errors.UNKNOWN_TOPIC_OR_PARTITION]
