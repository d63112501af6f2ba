"""Where each leader epoch of a partition begins: ``leader-epoch-checkpoint``.

::

    0          version
    1          number of lines that follow
    0 0        epoch, first offset

System calls: those of ``files.read_all`` and ``files.write_atomically``.

Kafka: org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile
"""

from collections.abc import Sequence
from typing import NamedTuple

from engine.common.errors import KafkaStorageException
from engine.log.checkpoint_file import read_checkpoint, write_checkpoint

FILE_NAME = "leader-epoch-checkpoint"
_MAX_EPOCH = 2**31 - 1
_MAX_OFFSET = 2**63 - 1


class EpochEntry(NamedTuple):
    """A leader epoch and the offset of its first record."""

    epoch: int
    start_offset: int


class LeaderEpochCheckpointFile:
    """The file of one partition; LeaderEpochFileCache holds what is in it."""

    def __init__(self, directory: str) -> None:
        self.path = f"{directory}/{FILE_NAME}"

    def read(self) -> list[EpochEntry]:
        """The entries, none if the file is missing; KafkaStorageException if it is broken."""
        return [_split(line, self.path) for line in read_checkpoint(self.path)]

    def write(self, entries: Sequence[EpochEntry]) -> None:
        """Replaces the file's contents in one step."""
        write_checkpoint(self.path, [f"{epoch} {start}" for epoch, start in entries])


def _split(line: str, path: str) -> EpochEntry:
    try:
        epoch, start = (int(part) for part in line.split(" "))
    except ValueError:
        epoch, start = -1, -1
    if not (0 <= epoch <= _MAX_EPOCH and 0 <= start <= _MAX_OFFSET):
        raise KafkaStorageException(
            f"The checkpoint {path} has a broken line: {line!r}; remove it, and it is written anew."
        )
    return EpochEntry(epoch, start)
