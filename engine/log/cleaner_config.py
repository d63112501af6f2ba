"""How the log cleaner works; sizes in bytes, times in milliseconds.

Kafka: org.apache.kafka.storage.internals.log.CleanerConfig
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CleanerConfig:
    """One thread cleans; ``dedupe_buffer_size`` bounds the memory for the offsets of keys."""

    enable_cleaner: bool = True
    backoff_ms: int = 15_000
    dedupe_buffer_size: int = 128 << 20
    dedupe_buffer_load_factor: float = 0.9
