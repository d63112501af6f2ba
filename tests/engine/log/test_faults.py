"""A disk that fails, by a dispatcher that answers as the kernel would.

A full disk refuses and the partition goes on; a broken one takes the partition offline
(LogDirFailureChannel says how Kafka differs). What was acknowledged is there after a restart.
"""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.nio.buffer import Buffer
from engine.nio.file_dispatcher import FileDispatcher
from engine.replica.log_append_result import LogAppendResult
from engine.replica.log_read_result import FetchParams, LogReadResult, PartitionFetch
from engine.replica.replica_manager import ReadResults, ReplicaManager
from tests.engine.record.batches import a_batch

SICK, SOUND = TopicPartition("sick", 0), TopicPartition("sound", 0)
CONFIG = LogConfig(segment_index_bytes=4096, index_interval_bytes=200)
PLENTY = 1 << 20
WRITE, FORCE, PREAD = "write", "force", "pread"


class Disk:
    """Replaces one call of the dispatcher for the files of the partition ``sick``."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.failures = 0

    def fails(self, call: str, code: int, *, after_bytes: int = 0) -> None:
        """Every ``call`` on a ``.log`` is refused; a write takes ``after_bytes`` first, once."""
        real: Callable[..., int] = getattr(FileDispatcher, call)

        def refuse(fd: int, *arguments: Buffer, **options: int) -> int:
            if not _is_sick(fd):
                return real(fd, *arguments, **options)
            self.failures += 1
            if after_bytes and self.failures == 1:
                return real(fd, memoryview(arguments[0])[:after_bytes])
            raise OSError(code, os.strerror(code))

        self._monkeypatch.setattr(FileDispatcher, call, staticmethod(refuse))

    def writes_short(self) -> None:
        """Each write takes at most seven bytes."""
        real = FileDispatcher.write

        def nibble(fd: int, src: Buffer) -> int:
            self.failures += _is_sick(fd)
            return real(fd, memoryview(src)[:7] if _is_sick(fd) else src)

        self._monkeypatch.setattr(FileDispatcher, WRITE, staticmethod(nibble))

    def heals(self) -> None:
        """The kernel answers again."""
        self._monkeypatch.undo()


def _is_sick(fd: int) -> bool:
    path = os.readlink(f"/proc/self/fd/{fd}")
    return "/sick-0/" in path and path.endswith(".log")


@pytest.fixture
def disk() -> Iterator[Disk]:
    with pytest.MonkeyPatch.context() as patch:
        yield Disk(patch)


class Node:
    """The storage half of a broker with both partitions."""

    def __init__(self, directory: Path, config: LogConfig = CONFIG) -> None:
        self.logs = LogManager(str(directory), config)
        self.logs.startup()
        for partition in (SICK, SOUND):
            self.logs.get_or_create_log(partition)
        self.replicas = ReplicaManager(self.logs)

    def append(self, value: bytes, partition: TopicPartition = SICK) -> LogAppendResult:
        """What a producer is told."""
        return self.replicas.append_records({partition: a_batch(value)})[partition]

    def fetch(self, partition: TopicPartition = SICK, offset: int = 0) -> LogReadResult:
        """What a consumer is told."""
        wanted = [PartitionFetch(partition, offset, PLENTY)]
        return self.replicas.read_from_log(FetchParams(0, 0, PLENTY), wanted)[0][1]

    def values(self, partition: TopicPartition = SICK) -> list[bytes]:
        """Everything in the log, each batch checked; no byte of the file belongs to none."""
        log = self.logs.get_log(partition)
        assert log is not None
        found = []
        for segment in log.segments:
            size = 0
            for batch in segment.log.batches():
                batch.full_batch.ensure_valid()
                size += batch.size_in_bytes()
                found += [bytes(record.value or b"") for record in batch.full_batch]
            assert size == segment.size == Path(segment.log.path).stat().st_size
        return found

    def stop(self) -> None:
        """Shuts down as a broker does on SIGTERM."""
        self.replicas.shutdown()
        self.logs.shutdown()


def test_short_writes_are_gone_on_with(tmp_path: Path, disk: Disk) -> None:
    node = Node(tmp_path)
    disk.writes_short()
    assert node.append(b"one").error is Errors.NONE
    assert disk.failures > 1
    disk.heals()
    assert node.append(b"two").error is Errors.NONE
    assert node.values() == [b"one", b"two"]
    node.stop()


@pytest.mark.parametrize("code", [errno.EINTR, errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("after_bytes", [0, 40])
def test_what_passes_is_refused_and_the_partition_goes_on(
    tmp_path: Path, disk: Disk, code: int, after_bytes: int
) -> None:
    """Nothing of the batch stays, the producer is told, and the next append is taken.

    CPython repeats a call that a signal interrupted (PEP 475), so EINTR only comes from a file
    system that insists.
    """
    node = Node(tmp_path)
    assert node.append(b"before").error is Errors.NONE
    disk.fails(WRITE, code, after_bytes=after_bytes)
    refused = node.append(b"never")
    assert refused.error is Errors.KAFKA_STORAGE_ERROR
    assert os.strerror(code) in str(refused.message)
    assert node.values() == [b"before"]
    disk.heals()
    assert node.append(b"after").base_offset == 1
    node.stop()
    again = Node(tmp_path)
    assert again.values() == [b"before", b"after"]
    again.stop()


@pytest.mark.parametrize("after_bytes", [0, 40])
def test_a_failed_write_takes_the_partition_offline(
    tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture, after_bytes: int
) -> None:
    node = Node(tmp_path)
    assert node.append(b"kept").error is Errors.NONE
    disk.fails(WRITE, errno.EIO, after_bytes=after_bytes)
    assert node.append(b"never").error is Errors.KAFKA_STORAGE_ERROR
    disk.heals()
    assert "sick-0 is offline: cannot append to it (Input/output error)" in caplog.text
    assert node.append(b"nor this").error is Errors.KAFKA_STORAGE_ERROR
    assert node.fetch().error is Errors.KAFKA_STORAGE_ERROR
    assert node.values() == [b"kept"]
    _goes_on(node)
    _comes_back(node, tmp_path, [b"kept"])


def test_a_failed_fsync_takes_the_partition_offline(
    tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """The append that waited for it is not acknowledged, and no later fsync is believed."""
    node = Node(tmp_path, LogConfig(segment_index_bytes=4096, flush_messages=1))
    assert node.append(b"kept").error is Errors.NONE
    disk.fails(FORCE, errno.EIO)
    assert node.append(b"in doubt").error is Errors.KAFKA_STORAGE_ERROR
    disk.heals()
    assert "sick-0 is offline: cannot flush it (Input/output error)" in caplog.text
    log = node.logs.get_log(SICK)
    assert log is not None
    assert log.recovery_point == 1
    assert node.append(b"nor this").error is Errors.KAFKA_STORAGE_ERROR
    assert node.fetch().error is Errors.KAFKA_STORAGE_ERROR
    _goes_on(node)
    _comes_back(node, tmp_path, [b"kept", b"in doubt"])


@pytest.mark.parametrize("code", [errno.EIO, errno.ENOSPC])
def test_a_failed_flush_in_the_background_is_said(
    tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    """A full disk that refuses a flush has lost pages too (delayed allocation)."""
    node = Node(tmp_path, LogConfig(segment_index_bytes=4096, flush_ms=0))
    assert node.append(b"kept").error is Errors.NONE
    assert node.append(b"kept", SOUND).error is Errors.NONE
    disk.fails(FORCE, code)
    assert node.logs.flush_dirty_logs() == 1
    disk.heals()
    assert f"sick-0 is offline: cannot flush it ({os.strerror(code)})" in caplog.text
    assert node.logs.flush_dirty_logs() == 0
    assert node.append(b"no").error is Errors.KAFKA_STORAGE_ERROR
    _comes_back(node, tmp_path, [b"kept"])


def test_a_failed_read_takes_the_partition_offline(tmp_path: Path, disk: Disk) -> None:
    node = Node(tmp_path)
    assert node.append(b"kept").error is Errors.NONE
    disk.fails(PREAD, errno.EIO)
    assert node.fetch().error is Errors.KAFKA_STORAGE_ERROR
    disk.heals()
    assert node.append(b"no").error is Errors.KAFKA_STORAGE_ERROR
    _comes_back(node, tmp_path, [b"kept"])


def test_fetches_that_wait_are_answered_when_the_partition_goes_offline(
    tmp_path: Path, disk: Disk
) -> None:
    node = Node(tmp_path)
    answers: list[ReadResults] = []
    wanted = [PartitionFetch(SICK, 0, PLENTY)]
    node.replicas.fetch_messages(FetchParams(60_000, 1, PLENTY), wanted, answers.append)
    assert not answers
    disk.fails(WRITE, errno.EIO)
    node.append(b"never")
    node.replicas.try_complete_actions()
    disk.heals()
    assert [result.error for _, result in answers[0]] == [Errors.KAFKA_STORAGE_ERROR]
    node.stop()


def test_a_failed_flush_at_the_stop_is_checked_at_the_next_start(
    tmp_path: Path, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    node = Node(tmp_path)
    assert node.append(b"kept").error is Errors.NONE
    disk.fails(FORCE, errno.EIO)
    node.stop()
    disk.heals()
    assert not (tmp_path / ".kafka_cleanshutdown").exists()
    caplog.set_level(logging.INFO)
    again = Node(tmp_path)
    assert "Recovered" in caplog.text
    assert again.values() == [b"kept"]
    again.stop()


def _goes_on(node: Node) -> None:
    assert node.append(b"unharmed", SOUND).error is Errors.NONE
    assert node.fetch(SOUND).size > 0


def _comes_back(node: Node, directory: Path, kept: list[bytes]) -> None:
    node.stop()
    assert not (directory / ".kafka_cleanshutdown").exists()
    again = Node(directory)
    assert again.values() == kept
    assert again.append(b"again").base_offset == len(kept)
    again.stop()
