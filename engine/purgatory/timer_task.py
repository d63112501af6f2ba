"""A piece of work with a due time, to be run once by a timer unless it is cancelled first.

System calls: none.

Kafka: org.apache.kafka.server.util.timer.TimerTask
"""

from abc import ABC, abstractmethod


class TimerTask(ABC):
    """Work that is due ``delay_ms`` milliseconds after it was handed to a timer."""

    def __init__(self, delay_ms: int) -> None:
        self.delay_ms = delay_ms
        self._cancelled = False

    def cancel(self) -> None:
        """Tell the timer to forget this task; harmless after the task has run."""
        self._cancelled = True

    @property
    def cancelled(self) -> bool:
        """Whether the timer will skip this task."""
        return self._cancelled

    @abstractmethod
    def run(self) -> None:
        """Do the work, on the timer's thread."""
