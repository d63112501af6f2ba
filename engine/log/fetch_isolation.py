"""How far a reader may see.

Kafka: org.apache.kafka.storage.internals.log.FetchIsolation
"""

from enum import Enum, auto


class FetchIsolation(Enum):
    """TXN_COMMITTED ends at the last stable offset and names the aborted transactions."""

    LOG_END = auto()
    HIGH_WATERMARK = auto()
    TXN_COMMITTED = auto()
