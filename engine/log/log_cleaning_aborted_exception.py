"""Says that a compaction was to stop.

Kafka: kafka.common.LogCleaningAbortedException
"""


class LogCleaningAbortedException(Exception):
    """The log is as it was or partly compacted; both are sound."""
