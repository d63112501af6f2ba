"""Gives each idempotent producer a number of its own.

Kafka hands out blocks of numbers that the controller keeps; here the next number is the start of
the broker in microseconds plus a count, which no later start of the same broker repeats.

System calls: none.

Kafka: kafka.coordinator.transaction.ProducerIdManager
"""

import itertools
import time


class ProducerIdManager:
    """Numbers from one start of the broker."""

    def __init__(self) -> None:
        self._ids = itertools.count(time.time_ns() // 1000)

    def generate_producer_id(self) -> int:
        """A number that nobody has had."""
        return next(self._ids)
