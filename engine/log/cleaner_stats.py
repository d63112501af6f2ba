"""What one compaction read and kept.

Kafka: kafka.log.CleanerStats
"""

from dataclasses import dataclass


@dataclass(slots=True)
class CleanerStats:
    """Records and bytes."""

    messages_read: int = 0
    messages_kept: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    map_messages_read: int = 0
    map_size: int = 0
