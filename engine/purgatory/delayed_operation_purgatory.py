"""Holds operations that wait, by the keys whose events may complete them.

An append to ``lines-0`` calls ``check_and_complete(TopicPartition("lines", 0))`` and so releases
the fetches that wait for its bytes; nobody polls. Completed operations are dropped from the lists
of their other keys when a list is next looked at, or by a sweep every ``purge_interval``.

System calls: futex.

Kafka: kafka.server.DelayedOperationPurgatory
"""

import threading
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from engine.purgatory.delayed_operation import DelayedOperation
from engine.purgatory.system_timer import SystemTimer

OperationT = TypeVar("OperationT", bound=DelayedOperation)


class DelayedOperationPurgatory(Generic[OperationT]):
    """Watch lists by key, and one timer for the operations' timeouts."""

    def __init__(self, name: str, broker_id: int = 0, purge_interval: int = 1000) -> None:
        self.name = name
        self._timer = SystemTimer(f"ExpirationReaper-{broker_id}-{name}")
        self._purge_interval = purge_interval
        self._lock = threading.Lock()
        self._watchers: dict[Hashable, list[OperationT]] = {}
        self._watches_since_purge = 0

    def try_complete_else_watch(self, operation: OperationT, keys: Iterable[Hashable]) -> bool:
        """Complete ``operation`` now (True), or watch it under every key until its timeout.

        The second attempt after watching closes the gap in which an event could have passed
        between the first attempt and the registration (KAFKA-1430).
        """
        if operation.safe_try_complete():
            return True
        self._watch(operation, keys)
        if operation.safe_try_complete():
            return True
        if not operation.is_completed:
            self._timer.add(operation)
        return False

    def check_and_complete(self, key: Hashable) -> int:
        """Try every operation that waits for ``key``; return how many this call completed."""
        with self._lock:
            waiting = list(self._watchers.get(key, ()))
        completed = sum(1 for operation in waiting if operation.safe_try_complete())
        if waiting:
            self._drop_completed(key)
        return completed

    def watched(self) -> int:
        """How many watch entries exist; an operation counts once a key."""
        with self._lock:
            return sum(len(operations) for operations in self._watchers.values())

    def num_delayed(self) -> int:
        """How many operations wait for their timeout."""
        return self._timer.size()

    def shutdown(self) -> None:
        """Stop the timer; whoever still waits is not answered."""
        self._timer.shutdown()

    def _watch(self, operation: OperationT, keys: Iterable[Hashable]) -> None:
        with self._lock:
            for key in keys:
                self._watchers.setdefault(key, []).append(operation)
                self._watches_since_purge += 1
            if self._watches_since_purge >= self._purge_interval:
                self._purge()

    def _drop_completed(self, key: Hashable) -> None:
        with self._lock:
            self._keep_waiting(key)

    def _purge(self) -> None:
        self._watches_since_purge = 0
        for key in list(self._watchers):
            self._keep_waiting(key)

    def _keep_waiting(self, key: Hashable) -> None:
        left = [each for each in self._watchers.get(key, ()) if not each.is_completed]
        if left:
            self._watchers[key] = left
        else:
            self._watchers.pop(key, None)
