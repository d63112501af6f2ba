"""An offset and where it stands in the segment: an entry of an offset index.

Kafka: org.apache.kafka.storage.internals.log.OffsetPosition
"""

from typing import NamedTuple


class OffsetPosition(NamedTuple):
    """An absolute offset and a position in bytes."""

    offset: int
    position: int
