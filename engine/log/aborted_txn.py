"""An aborted transaction, as a line of the transaction index.

Kafka: org.apache.kafka.storage.internals.log.AbortedTxn
"""

from typing import NamedTuple


class AbortedTxn(NamedTuple):
    """Offsets are inclusive; ``last_offset`` is the marker's.

    ``last_stable_offset`` is where the partition was stable once the marker had come: no
    transaction that ends before it can appear later in the index.
    """

    producer_id: int
    first_offset: int
    last_offset: int
    last_stable_offset: int
    version: int = 0
