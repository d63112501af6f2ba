"""A data directory from start to stop."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.common.errors import KafkaStorageException
from engine.common.topic_partition import TopicPartition
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.nio.server_socket_channel import ServerSocketChannel
from engine.nio.socket_channel import SocketChannel
from tests.engine.record.batches import a_batch

A = TopicPartition("a-b", 0)
B = TopicPartition("b", 12)
CONFIG = LogConfig(segment_index_bytes=4096)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[LogManager]:
    """A manager that has started, and is stopped if the test has not done so."""
    one = LogManager(str(tmp_path / "data"), CONFIG, broker_id=3)
    one.startup()
    yield one
    one.shutdown()


def test_the_directory_after_a_clean_stop(manager: LogManager, tmp_path: Path) -> None:
    """Every file that Kafka leaves, in Kafka's form."""
    manager.get_or_create_log(A).append_as_leader(a_batch(b"x", b"y"))
    manager.get_or_create_log(B)
    manager.shutdown()
    manager.shutdown()
    data = tmp_path / "data"
    assert sorted(path.name for path in data.iterdir()) == [
        ".kafka_cleanshutdown",
        ".lock",
        "a-b-0",
        "b-12",
        "log-start-offset-checkpoint",
        "meta.properties",
        "recovery-point-offset-checkpoint",
        "replication-offset-checkpoint",
    ]
    text = "0\n2\na-b 0 2\nb 12 0\n"
    assert (data / "recovery-point-offset-checkpoint").read_text() == text
    assert (data / "replication-offset-checkpoint").read_text() == text
    assert (data / "log-start-offset-checkpoint").read_text() == "0\n0\n"
    properties = (data / "meta.properties").read_text()
    assert f"version=1\ncluster.id={manager.cluster_id}\nnode.id=3\n" in properties
    assert len(manager.cluster_id) == 22


def test_the_next_start_finds_it_all(manager: LogManager, tmp_path: Path) -> None:
    """The same logs, the same cluster; the clean mark is gone while it runs."""
    manager.get_or_create_log(A).append_as_leader(a_batch(b"x", b"y"))
    manager.shutdown()
    again = LogManager(str(tmp_path / "data"), CONFIG, broker_id=3)
    again.startup()
    try:
        assert again.cluster_id == manager.cluster_id
        log = again.get_log(A)
        assert log is not None
        assert (log.log_end_offset, again.all_logs()) == (2, (log,))
        assert again.get_log(B) is None
        assert not (tmp_path / "data" / ".kafka_cleanshutdown").exists()
    finally:
        again.shutdown()


def test_a_second_broker_is_refused(manager: LogManager, tmp_path: Path) -> None:
    """One sentence that says what to do; the first broker is unharmed."""
    second = LogManager(str(tmp_path / "data"), CONFIG)
    with pytest.raises(KafkaStorageException, match="held by another broker; stop that one"):
        second.startup()
    second.shutdown()
    manager.get_or_create_log(A).append_as_leader(a_batch(b"x"))


def test_another_brokers_directory_is_refused(manager: LogManager, tmp_path: Path) -> None:
    """The number in meta.properties counts; after the refusal the directory is free."""
    manager.shutdown()
    data = str(tmp_path / "data")
    with pytest.raises(KafkaStorageException, match="belongs to broker 3, and this is broker 4"):
        LogManager(data, CONFIG, broker_id=4).startup()
    right = LogManager(data, CONFIG, broker_id=3)
    right.startup()
    right.shutdown()


def test_a_directory_that_cannot_be_one(tmp_path: Path) -> None:
    """A file in its place is refused in one sentence."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(KafkaStorageException, match="Cannot use the data directory"):
        LogManager(str(tmp_path / "file"), CONFIG).startup()


@pytest.mark.parametrize("text", ["1\n0\n", "0\n2\na 0 1\n", "0\n1\na 0\n", "0\nx\n", "garbage"])
def test_a_broken_checkpoint_is_named(manager: LogManager, tmp_path: Path, text: str) -> None:
    """The file's name is in the sentence, and nothing is guessed."""
    manager.shutdown()
    path = tmp_path / "data" / "recovery-point-offset-checkpoint"
    path.write_text(text)
    broken = LogManager(str(tmp_path / "data"), CONFIG, broker_id=3)
    with pytest.raises(KafkaStorageException, match="recovery-point-offset-checkpoint"):
        broken.startup()


def test_deleting_a_log_that_is_being_sent(manager: LogManager, tmp_path: Path) -> None:
    """Name and files are gone at once; a slice on its way out still has its bytes."""
    log = manager.get_or_create_log(A)
    log.append_as_leader(a_batch(b"x" * 500))
    records = log.read(0, 10_000).records
    del log
    assert manager.delete_log(A)
    assert not manager.delete_log(A)
    assert manager.get_log(A) is None
    assert not [p for p in (tmp_path / "data").iterdir() if p.is_dir()]
    with (
        closing(ServerSocketChannel.bind("127.0.0.1", 0)) as server,
        closing(SocketChannel.connect(*server.local_address)) as client,
    ):
        size = records.size_in_bytes()
        assert records.write_to(client, 0, size) == size
    assert manager.get_or_create_log(A).log_end_offset == 0


def test_strangers_in_the_directory_are_left_alone(manager: LogManager, tmp_path: Path) -> None:
    """A directory that is no partition's is neither read nor touched."""
    manager.shutdown()
    for name in ("lost+found", "no-number-x", "-3"):
        (tmp_path / "data" / name).mkdir()
    again = LogManager(str(tmp_path / "data"), CONFIG, broker_id=3)
    again.startup()
    assert again.all_logs() == ()
    again.shutdown()
    assert (tmp_path / "data" / "lost+found").is_dir()
