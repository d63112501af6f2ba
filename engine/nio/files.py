"""Directories and names: what is done to files without opening them, and small files whole.

``write_atomically`` replaces a small file so that a crash leaves the old one or the new one::

    open name.tmp -> write -> fsync -> close -> rename to name -> fsync the directory

System calls: ``mkdir``, ``openat``+``getdents64`` (names), ``stat``, ``rename``, ``unlink``,
``rmdir``, ``fsync`` on a directory, and FileChannel's for contents.

JDK: java.nio.file.Files
"""

import contextlib
import errno
import os
import stat

from engine.nio.file_channel import FileChannel
from engine.nio.file_dispatcher import FileDispatcher


def create_directories(path: str) -> None:
    """Makes a directory and its missing parents."""
    os.makedirs(path, exist_ok=True)


def names(path: str) -> list[str]:
    """The names in a directory, sorted."""
    return sorted(os.listdir(path))


def exists(path: str) -> bool:
    """Whether something of that name is there."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def identity(path: str) -> tuple[int, int] | None:
    """Device and inode of a file, None if there is none of that name."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def is_directory(path: str) -> bool:
    """Whether a directory of that name is there."""
    try:
        return stat.S_ISDIR(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def size(path: str) -> int:
    """A file's length in bytes."""
    return os.stat(path).st_size


def last_modified(path: str) -> int:
    """When a file's contents last changed, in milliseconds since 1970."""
    return os.stat(path).st_mtime_ns // 1_000_000


def set_last_modified(path: str, milliseconds: int) -> None:
    """Says when a file's contents last changed, in milliseconds since 1970 (utimensat(2))."""
    os.utime(path, ns=(milliseconds * 1_000_000, milliseconds * 1_000_000))


def move(source: str, target: str, *, flush_parent: bool = True) -> None:
    """Renames, replacing the target in one step (rename(2)), and forces the directory after it.

    Without ``flush_parent`` the caller forces it, once for several names.
    """
    os.rename(source, target)
    if flush_parent:
        force_directory(os.path.dirname(target) or ".")


def delete_if_exists(path: str) -> bool:
    """Removes a file; whether it was there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def delete_directory(path: str) -> None:
    """Removes a directory and everything in it."""
    for name in names(path):
        inner = os.path.join(path, name)
        if is_directory(inner):
            delete_directory(inner)
        else:
            delete_if_exists(inner)
    os.rmdir(path)


def force_directory(path: str) -> None:
    """Waits until a directory's names are on the device."""
    fd = FileDispatcher.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        FileDispatcher.force(fd, metadata=True)
    except OSError as refusal:
        # Some file systems have nothing to force in a directory and say so.
        if refusal.errno != errno.EINVAL:
            raise
    finally:
        FileDispatcher.close(fd)


def read_all(path: str) -> bytes:
    """The contents of a small file."""
    channel = FileChannel.open(path, read_only=True)
    with contextlib.closing(channel):
        contents = bytearray(channel.size())
        return bytes(contents[: channel.read(contents, 0)])


def write_atomically(path: str, contents: bytes) -> None:
    """Replaces the contents of a small file; on OSError the old contents stand."""
    temporary = f"{path}.tmp"
    channel = FileChannel.open(temporary, create=True)
    with contextlib.closing(channel):
        channel.truncate(0)
        channel.write(contents)
        channel.force()
    move(temporary, path)
