"""Files: appending, reading, mapping, cutting, locking, replacing."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.nio import files
from engine.nio.file_channel import FileChannel
from engine.nio.file_lock import FileLock
from engine.nio.io_util import IOUtil


def test_write_appends_and_read_leaves_the_position(tmp_path: Path) -> None:
    """Reading at a position has no effect on where the next write goes."""
    with closing(FileChannel.open(str(tmp_path / "f"), create=True)) as channel:
        assert channel.write(b"hello ") == 6
        buffer = bytearray(3)
        assert channel.read(buffer, 1) == 3
        assert channel.write(memoryview(b"xworldx")[1:6]) == 5
        assert buffer == b"ell"
        assert (channel.position, channel.size()) == (11, 11)
    assert (tmp_path / "f").read_bytes() == b"hello world"


def test_read_stops_at_the_end(tmp_path: Path) -> None:
    """A buffer larger than the file is filled in part."""
    (tmp_path / "f").write_bytes(b"abc")
    with closing(FileChannel.open(str(tmp_path / "f"), read_only=True)) as channel:
        buffer = bytearray(8)
        assert channel.read(buffer, 1) == 2
        assert channel.read(buffer, 3) == 0
        assert buffer[:2] == b"bc"


def test_truncate_moves_the_position_back(tmp_path: Path) -> None:
    """What is written after a cut follows the cut, with no hole before it."""
    with closing(FileChannel.open(str(tmp_path / "f"), create=True)) as channel:
        channel.write(b"0123456789")
        channel.truncate(4)
        channel.write(b"x")
        channel.force()
        channel.force(metadata=False)
    assert (tmp_path / "f").read_bytes() == b"0123x"


def test_preallocated_only_when_created(tmp_path: Path) -> None:
    """A file that has contents keeps its size."""
    path = str(tmp_path / "f")
    with closing(FileChannel.open(path, create=True, preallocate=8192)) as channel:
        assert channel.size() == 8192
        channel.truncate(10)
    with closing(FileChannel.open(path, create=True, preallocate=8192)) as channel:
        assert channel.size() == 10


def test_a_mapping_is_the_file(tmp_path: Path) -> None:
    """A store into the mapping is in the file, and numbers are big-endian."""
    with closing(FileChannel.open(str(tmp_path / "f"), create=True, preallocate=4096)) as channel:
        mapped = channel.map(4096, read_only=False)
        mapped.put_int(0, -2)
        mapped.put_long(4, 2**40)
        mapped.force()
        assert (mapped.get_int(0), mapped.get_long(4), mapped.capacity()) == (-2, 2**40, 4096)
        mapped.unmap()
        mapped.unmap()
    assert (tmp_path / "f").read_bytes()[:12] == bytes.fromhex("fffffffe0000010000000000")


@given(st.binary(max_size=300))
def test_the_heap_buffer_step_changes_no_byte(data: bytes) -> None:
    """Java's extra copy is a copy of the very same bytes, both ways."""
    written = bytearray()

    def native_write(src: object) -> int:
        written.extend(memoryview(src))  # type: ignore[arg-type]  # whatever buffer it is
        return len(written)

    def native_read(dst: object) -> int:
        memoryview(dst)[: len(data)] = data  # type: ignore[arg-type]  # whatever buffer it is
        return len(data)

    target = bytearray(len(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(IOUtil, "use_temporary_buffers", True)
        assert IOUtil.write(native_write, data) == len(data)
        assert IOUtil.read(native_read, target) == len(data)
    assert written == target == data


def test_replacing_a_small_file(tmp_path: Path) -> None:
    """The new contents stand alone, however long the old ones were, and no other name is left."""
    path = str(tmp_path / "checkpoint")
    files.write_atomically(path, b"a much longer text")
    files.write_atomically(path, b"short")
    assert files.read_all(path) == b"short"
    assert files.names(str(tmp_path)) == ["checkpoint"]


def test_names_and_directories(tmp_path: Path) -> None:
    """Making, asking, removing; asking for what is not there is no error."""
    inner = f"{tmp_path}/a/b"
    files.create_directories(inner)
    files.create_directories(inner)
    files.write_atomically(f"{inner}/f", b"12345")
    assert files.exists(f"{inner}/f")
    assert files.size(f"{inner}/f") == 5
    assert files.last_modified(f"{inner}/f") > 1_600_000_000_000
    assert files.is_directory(inner)
    assert not files.is_directory(f"{inner}/f")
    assert not files.exists(f"{inner}/f/g")
    assert not files.delete_if_exists(f"{inner}/none")
    files.delete_directory(f"{tmp_path}/a")
    assert files.names(str(tmp_path)) == []


TRY_LOCK = """
import sys
from engine.nio.file_lock import FileLock
sys.exit(0 if FileLock.try_lock(sys.argv[1]) else 7)
"""


def test_a_lock_keeps_everybody_else_out(tmp_path: Path) -> None:
    """Neither this process nor another gets a held lock; after release both do."""
    path = str(tmp_path / ".lock")
    lock = FileLock.try_lock(path)
    assert lock is not None
    assert FileLock.try_lock(path) is None
    command = [sys.executable, "-c", TRY_LOCK, path]
    assert subprocess.run(command, check=False).returncode == 7
    lock.release()
    lock.release()
    assert subprocess.run(command, check=False).returncode == 0
    again = FileLock.try_lock(path)
    assert again is not None
    again.release()
