"""What is remembered of a batch, to know it again when its producer sends it twice.

Kafka: org.apache.kafka.storage.internals.log.BatchMetadata
"""

from typing import NamedTuple

from engine.record.default_record import decrement_sequence


class BatchMetadata(NamedTuple):
    """Last sequence number and last offset, and how far before them the batch begins."""

    last_seq: int
    last_offset: int
    offset_delta: int
    timestamp: int

    @property
    def first_seq(self) -> int:
        """The batch's first sequence number; they go round at 2^31."""
        return decrement_sequence(self.last_seq, self.offset_delta)

    @property
    def first_offset(self) -> int:
        """The batch's first offset."""
        return self.last_offset - self.offset_delta
