"""A transaction whose marker has just been appended.

Kafka: org.apache.kafka.storage.internals.log.CompletedTxn
"""

from typing import NamedTuple


class CompletedTxn(NamedTuple):
    """Offsets are inclusive; the last one is the marker's."""

    producer_id: int
    first_offset: int
    last_offset: int
    is_aborted: bool
