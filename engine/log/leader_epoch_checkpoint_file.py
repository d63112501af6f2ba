"""Where each leader epoch of a partition begins: ``leader-epoch-checkpoint``.

::

    0          version
    1          number of lines that follow
    0 0        epoch, first offset

System calls: those of ``files.read_all`` and ``files.write_atomically``.

Kafka: org.apache.kafka.storage.internals.checkpoint.LeaderEpochCheckpointFile
"""

from engine.common.errors import KafkaStorageException
from engine.log.checkpoint_file import read_checkpoint, write_checkpoint

FILE_NAME = "leader-epoch-checkpoint"


class LeaderEpochCheckpointFile:
    """The epochs of one partition, in memory and on disk."""

    def __init__(self, directory: str) -> None:
        self.path = f"{directory}/{FILE_NAME}"
        self._entries = [_split(line, self.path) for line in read_checkpoint(self.path)]

    @property
    def entries(self) -> tuple[tuple[int, int], ...]:
        """Epochs and their first offsets, ascending."""
        return tuple(self._entries)

    @property
    def latest_epoch(self) -> int | None:
        """The last epoch, None if there is none."""
        return self._entries[-1][0] if self._entries else None

    def assign(self, epoch: int, start_offset: int) -> None:
        """Notes that an epoch begins, unless it is known already."""
        latest = self.latest_epoch
        if latest is None or epoch > latest:
            self._entries.append((epoch, start_offset))
            self.flush()

    def truncate_from_end(self, end_offset: int) -> None:
        """Forgets epochs that begin at or after the log's end."""
        kept = [entry for entry in self._entries if entry[1] < end_offset]
        if kept != self._entries:
            self._entries = kept
            self.flush()

    def truncate_from_start(self, start_offset: int) -> None:
        """Forgets epochs that end before the log's start; the one that holds it begins there."""
        later = [entry for entry in self._entries if entry[1] > start_offset]
        earlier = self._entries[: len(self._entries) - len(later)]
        kept = [(earlier[-1][0], max(earlier[-1][1], start_offset)), *later] if earlier else later
        if kept != self._entries:
            self._entries = kept
            self.flush()

    def end_offset_for(self, epoch: int, log_end_offset: int) -> tuple[int, int]:
        """The largest epoch up to the one asked for, and where it ends; (-1, -1) if none."""
        known = [e for e, _ in self._entries if e <= epoch]
        if not known:
            return -1, -1
        later = [start for e, start in self._entries if e > epoch]
        return known[-1], min(later, default=log_end_offset)

    def flush(self) -> None:
        """Replaces the file's contents in one step."""
        write_checkpoint(self.path, [f"{epoch} {start}" for epoch, start in self._entries])


def _split(line: str, path: str) -> tuple[int, int]:
    try:
        epoch, start = line.split(" ")
        return int(epoch), int(start)
    except ValueError:
        raise KafkaStorageException(f"The checkpoint {path} has a broken line: {line!r}.") from None
