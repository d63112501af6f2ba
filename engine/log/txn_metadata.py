"""A transaction as one partition sees it: who, and from where to where.

Kafka: org.apache.kafka.storage.internals.log.TxnMetadata
"""

from dataclasses import dataclass

from engine.log.fetch_data_info import LogOffsetMetadata


@dataclass(slots=True)
class TxnMetadata:
    """``last_offset`` is its marker's, None while the transaction is open."""

    producer_id: int
    first_offset: LogOffsetMetadata
    last_offset: int | None = None
