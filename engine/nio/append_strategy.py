"""How bytes get to the end of a segment's file: one interface, and the ways behind it.

Kafka writes; the other ways exist to be compared with it. After a clean close a file has the same
bytes whichever way they took. Until then a file may be longer than what was appended, by zeros that
no batch can start with, so that recovery cuts them.

System calls: none of its own.

Kafka: none, because Kafka has one way, FileRecords.append
"""

from abc import ABC, abstractmethod

from engine.nio.buffer import Buffer


class AppendStrategy(ABC):
    """Appends to one file; one thread at a time."""

    @abstractmethod
    def append(self, src: Buffer, position: int) -> None:
        """Puts all of ``src`` at ``position``, which is the end of what was appended.

        OSError if the disk refuses: then part of ``src`` may stand there.
        """

    @abstractmethod
    def release(self) -> None:
        """Lets go of mappings, buffers and descriptors: before the file is cut, and at its close.

        The next ``append`` takes them again.
        """
