"""What the cleaner is doing with a partition, and what may follow what.

================  ======================  ===============================
state             may be entered from     meanwhile
================  ======================  ===============================
NONE              IN_PROGRESS, PAUSED     anyone may take the partition
IN_PROGRESS       NONE                    its segments are being compacted or deleted
ABORTED           IN_PROGRESS             someone waits for the cleaner to let go
PAUSED            NONE, ABORTED           the cleaner leaves it alone
================  ======================  ===============================

Kafka: kafka.log.LogCleaningState
"""

from enum import Enum


class LogCleaningState(Enum):
    """NONE is what a partition is in that the table of LogCleanerManager does not hold."""

    NONE = "none"
    IN_PROGRESS = "in progress"
    ABORTED = "aborted"
    PAUSED = "paused"


VALID_PREVIOUS: dict[LogCleaningState, frozenset[LogCleaningState]] = {
    LogCleaningState.NONE: frozenset({LogCleaningState.IN_PROGRESS, LogCleaningState.PAUSED}),
    LogCleaningState.IN_PROGRESS: frozenset({LogCleaningState.NONE}),
    LogCleaningState.ABORTED: frozenset({LogCleaningState.IN_PROGRESS}),
    LogCleaningState.PAUSED: frozenset({LogCleaningState.NONE, LogCleaningState.ABORTED}),
}
