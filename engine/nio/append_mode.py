"""The names of the ways to append, as ``kafkascope.append.mode`` gives them.

Kafka: none, because Kafka has one way, FileRecords.append
"""

from enum import Enum

from engine.nio.append_strategy import AppendStrategy
from engine.nio.direct_append import DirectAppend
from engine.nio.file_channel import FileChannel
from engine.nio.mapped_append import MappedAppend
from engine.nio.write_append import WriteAppend


class AppendMode(Enum):
    """Kafka's own way first."""

    WRITE = "write"
    MAPPED = "mapped"
    DIRECT = "direct"
    DIRECT_BUFFER = "direct-buffer"

    def strategy(self, channel: FileChannel) -> AppendStrategy:
        """What appends to ``channel`` this way."""
        match self:
            case AppendMode.WRITE:
                return WriteAppend(channel)
            case AppendMode.MAPPED:
                return MappedAppend(channel)
            case AppendMode.DIRECT:
                return DirectAppend(channel)
            case AppendMode.DIRECT_BUFFER:
                return WriteAppend(channel, heap_buffers=True)
