"""A timestamp and the offset that had it: an entry of a time index.

Kafka: org.apache.kafka.storage.internals.log.TimestampOffset
"""

from typing import Final, NamedTuple


class TimestampOffset(NamedTuple):
    """A timestamp in milliseconds and an absolute offset."""

    timestamp: int
    offset: int


UNKNOWN: Final = TimestampOffset(-1, -1)
