"""What time it is, as an object, so that a test can hand in a clock of its own.

System calls: none; ``clock_gettime`` is answered by the vDSO (vdso(7)).

Kafka: org.apache.kafka.common.utils.SystemTime
"""

import time


class SystemTime:
    """The machine's clocks, in milliseconds."""

    def milliseconds(self) -> int:
        """Since 1970; what records and files are stamped with."""
        return time.time_ns() // 1_000_000

    def hi_res_clock_ms(self) -> int:
        """Since some moment in the past, never set back: for measuring how long something took."""
        return time.monotonic_ns() // 1_000_000
