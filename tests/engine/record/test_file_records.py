"""Batches in a file."""

import errno
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from engine.common.errors import CorruptRecordException, KafkaStorageException
from engine.nio.file_dispatcher import FileDispatcher
from engine.nio.server_socket_channel import ServerSocketChannel
from engine.nio.socket_channel import SocketChannel
from engine.record.file_records import FileRecords
from engine.record.memory_records import MemoryRecords
from engine.record.memory_records_builder import MemoryRecordsBuilder
from tests.engine.record.batches import a_batch


def batch_at(offset: int, *values: bytes, timestamp: int) -> MemoryRecords:
    """One batch from an offset on, a millisecond a record."""
    builder = MemoryRecordsBuilder(base_offset=offset, partition_leader_epoch=4)
    for index, value in enumerate(values):
        builder.append(timestamp + index, None, value)
    return builder.build()


@pytest.fixture
def records(tmp_path: Path) -> Iterator[FileRecords]:
    """Three batches: offsets 0-1, 2-4, 5."""
    with closing(FileRecords.open(str(tmp_path / "00000000000000000000.log"))) as file:
        file.append(batch_at(0, b"a", b"b", timestamp=1000))
        file.append(batch_at(2, b"c", b"d", b"e", timestamp=2000))
        file.append(batch_at(5, b"f", timestamp=3000))
        yield file


def test_batches_stand_where_they_were_appended(records: FileRecords) -> None:
    """Positions, sizes and records are those of what was written."""
    batches = list(records.batches())
    assert [(b.base_offset, b.last_offset) for b in batches] == [(0, 1), (2, 4), (5, 5)]
    assert [b.position for b in batches] == [0, 77, 162]
    assert [b.size_in_bytes() for b in batches] == [77, 85, 69]
    values = [bytes(r.value or b"") for b in batches for r in b.full_batch]
    assert values == [b"a", b"b", b"c", b"d", b"e", b"f"]
    for batch in batches:
        batch.full_batch.ensure_valid()


def test_searching_by_offset(records: FileRecords) -> None:
    """The batch that holds the offset, from a position on; beyond the end there is none."""
    found = [records.search_for_offset_with_size(offset, 0) for offset in range(7)]
    assert [f and f.position for f in found] == [0, 0, 77, 77, 77, 162, None]
    late = records.search_for_offset_with_size(0, 77)
    assert late is not None
    assert (late.offset, late.size) == (2, 85)


def test_searching_by_time(records: FileRecords) -> None:
    """The first record that is not earlier, inside its batch."""
    found = records.search_for_timestamp(2001, 0, 0)
    assert found == (2001, 3, 4)
    assert records.search_for_timestamp(500, 0, 1) == (1001, 1, 4)
    assert records.search_for_timestamp(3001, 0, 0) is None


def test_slices_are_ranges_of_the_same_file(records: FileRecords) -> None:
    """A slice counts from its own start, and no slice reaches beyond its parent."""
    middle = records.slice(77, 85)
    assert [b.base_offset for b in middle.batches()] == [2]
    inner = middle.slice(10, 1000)
    assert inner.size_in_bytes() == 75
    buffer = bytearray(200)
    assert inner.read_into(buffer, 73) == 2
    whole = bytearray(231)
    assert records.read_into(whole, 0) == 231
    assert buffer[:2] == whole[160:162]
    for position, size in ((-1, 1), (232, 0), (0, -1)):
        with pytest.raises(ValueError, match="No slice"):
            records.slice(position, size)
    middle.close()
    assert records.slice(0, 10).size_in_bytes() == 10


def test_a_torn_tail_is_not_a_batch(records: FileRecords) -> None:
    """Iteration ends before a batch that is not whole."""
    records.truncate_to(records.size_in_bytes() - 1)
    assert [b.base_offset for b in records.batches()] == [0, 2]
    records.append(MemoryRecords(b"\0" * 30))
    with pytest.raises(CorruptRecordException):
        list(records.batches_from(162 + 68))


def test_append_after_reopening(records: FileRecords) -> None:
    """The position is the file's end, whoever wrote it."""
    with closing(FileRecords.open(records.path)) as again:
        again.append(batch_at(6, b"g", timestamp=1))
        assert [b.base_offset for b in again.batches()] == [0, 2, 5, 6]


def test_preallocated_file(tmp_path: Path) -> None:
    """Writing starts at 0 and closing gives back the rest."""
    path = str(tmp_path / "0.log")
    with closing(FileRecords.open(path, preallocate=100_000)) as file:
        assert file.channel.size() == 100_000
        size = file.append(a_batch(b"x"))
        assert file.size_in_bytes() == size
        assert len(list(file.batches())) == 1
    assert Path(path).stat().st_size == size


def test_a_refused_write_leaves_no_part(
    records: FileRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the disk takes half a batch and then no more, the half is removed."""
    real = FileDispatcher.write

    def half(fd: int, src: memoryview) -> int:
        if len(src) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(fd, src[:40])

    before = records.size_in_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(FileDispatcher, "write", staticmethod(half))
        with pytest.raises(KafkaStorageException, match="No space left on device"):
            records.append(a_batch(b"x"))
    assert records.size_in_bytes() == records.channel.size() == before
    records.append(batch_at(6, b"g", timestamp=1))
    assert [b.base_offset for b in records.batches()] == [0, 2, 5, 6]


def test_write_to_sends_a_range(records: FileRecords) -> None:
    """A slice's bytes arrive; bytes that were cut meanwhile are an error and not a wait."""
    with (
        closing(ServerSocketChannel.bind("127.0.0.1", 0)) as server,
        closing(SocketChannel.connect(*server.local_address)) as client,
    ):
        server.configure_blocking(blocking=True)
        accepted = server.accept()
        assert accepted is not None
        with closing(accepted):
            part = records.slice(77, 154)
            assert part.write_to(client, 85, 1000) == 69
            buffer = bytearray(100)
            assert accepted.read_into(buffer) == 69
            batch = next(MemoryRecords(buffer[:69]).batches())
            assert (batch.base_offset, batch.is_valid()) == (5, True)
            records.truncate_to(162)
            with pytest.raises(KafkaStorageException, match="was cut"):
                part.write_to(client, 85, 69)
