"""How often a broker looks after its logs; all in milliseconds.

Kafka: org.apache.kafka.server.config.ServerLogConfigs
"""

from dataclasses import dataclass

_NEVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ServerLogConfigs:
    """The periods of LogManager's tasks and the delay before their first run."""

    initial_task_delay_ms: int = 30_000
    retention_check_interval_ms: int = 300_000
    flush_scheduler_interval_ms: int = _NEVER
    flush_offset_checkpoint_interval_ms: int = 60_000
    flush_start_offset_checkpoint_interval_ms: int = 60_000
