"""What the coordinator needs of the configuration.

System calls: none.

Kafka: kafka.coordinator.group.GroupConfig
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GroupConfig:
    """Times in milliseconds; ``session_timeouts_ms`` is the shortest and the longest allowed."""

    session_timeouts_ms: tuple[int, int]
    max_size: int
    initial_rebalance_delay_ms: int
