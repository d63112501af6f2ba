"""A request that cannot be answered yet: it completes by an event, or by its timeout, once.

``try_complete`` looks whether the condition now holds and calls ``force_complete`` if so;
``force_complete`` lets exactly one of all racing threads through to ``on_complete``.

System calls: none of its own.

Kafka: kafka.server.DelayedOperation
"""

import threading
from abc import abstractmethod
from contextlib import AbstractContextManager

from engine.purgatory.timer_task import TimerTask


class DelayedOperation(TimerTask):
    """Base of the operations that wait in a purgatory."""

    def __init__(self, delay_ms: int, lock: AbstractContextManager[bool] | None = None) -> None:
        super().__init__(delay_ms)
        self._completed = False
        self._completion_lock = threading.Lock()
        self.lock = lock if lock is not None else threading.RLock()

    @property
    def is_completed(self) -> bool:
        """Whether ``on_complete`` has been entered."""
        return self._completed

    def force_complete(self) -> bool:
        """Complete now; True for the one caller whose call did it."""
        with self._completion_lock:
            if self._completed:
                return False
            self._completed = True
        self.cancel()
        self.on_complete()
        return True

    def safe_try_complete(self) -> bool:
        """``try_complete`` under the operation's lock."""
        with self.lock:
            return not self._completed and self.try_complete()

    def run(self) -> None:
        """Expire: the timer's side of the race with the events."""
        if self.force_complete():
            self.on_expiration()

    @abstractmethod
    def try_complete(self) -> bool:
        """Complete through ``force_complete`` if the awaited condition holds."""

    @abstractmethod
    def on_complete(self) -> None:
        """Answer the waiting request; called exactly once."""

    def on_expiration(self) -> None:
        """Do what only a timeout asks for; called after ``on_complete``."""
