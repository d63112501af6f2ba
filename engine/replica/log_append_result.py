"""What appending to one partition gave.

System calls: none.

Kafka: kafka.server.LogAppendResult
"""

from dataclasses import dataclass

from engine.common.errors import Errors


@dataclass(frozen=True, slots=True)
class LogAppendResult:
    """Where the records went, or why they did not; ``message`` says the latter in one sentence.

    ``log_append_time`` in milliseconds since 1970, -1 where the producer's time stands.
    """

    error: Errors
    base_offset: int = -1
    log_append_time: int = -1
    log_start_offset: int = -1
    message: str | None = None
