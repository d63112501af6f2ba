"""A small text file that says an offset for each partition.

::

    0                          version
    2                          number of lines that follow
    orders 0 1234              topic partition offset
    orders 1 88

System calls: those of ``files.read_all`` and ``files.write_atomically``.

Kafka: kafka.server.checkpoints.OffsetCheckpointFile
"""

from collections.abc import Mapping

from engine.common.errors import KafkaStorageException
from engine.common.topic_partition import TopicPartition
from engine.log.checkpoint_file import read_checkpoint, write_checkpoint


class OffsetCheckpointFile:
    """One such file by its path; a missing file says nothing about any partition."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._written: Mapping[TopicPartition, int] | None = None

    def read(self) -> dict[TopicPartition, int]:
        """The offsets; KafkaStorageException if the file is broken."""
        offsets = {}
        for line in read_checkpoint(self.path):
            topic, partition, offset = _split(line, self.path)
            offsets[TopicPartition(topic, partition)] = offset
        return offsets

    def write(self, offsets: Mapping[TopicPartition, int]) -> None:
        """Replaces the file's contents in one step, unless they were written last time."""
        if offsets == self._written:
            return
        lines = [f"{tp.topic} {tp.partition} {offset}" for tp, offset in sorted(offsets.items())]
        write_checkpoint(self.path, lines)
        self._written = dict(offsets)


def _split(line: str, path: str) -> tuple[str, int, int]:
    try:
        topic, partition, offset = line.split(" ")
        return topic, int(partition), int(offset)
    except ValueError:
        raise KafkaStorageException(f"The checkpoint {path} has a broken line: {line!r}.") from None
