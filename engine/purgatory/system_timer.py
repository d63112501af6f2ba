"""Runs tasks when they are due, on one thread which otherwise sleeps.

Kafka keeps due times in a hierarchy of timing wheels, because a busy broker holds a hundred
thousand waiting requests and a heap would cost O(log n) for each. A workshop broker holds a few
dozen, so a heap stands in for the wheels; a cancelled task stays in it until its time would have
come, and is thrown away without waking anybody when it reaches the top.

System calls: futex (the condition on which the thread sleeps), clock_gettime through the vDSO.

Kafka: org.apache.kafka.server.util.timer.SystemTimer
"""

import heapq
import itertools
import logging
import threading
import time

from engine.purgatory.timer_task import TimerTask

_log = logging.getLogger(__name__)


class SystemTimer:
    """A heap of (due time, task) and the thread that runs what is due."""

    def __init__(self, thread_name: str) -> None:
        self._heap: list[tuple[float, int, TimerTask]] = []
        self._order = itertools.count()
        self._condition = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name=thread_name, daemon=True)
        self._thread.start()

    def add(self, task: TimerTask) -> None:
        """Run ``task`` once its delay is over; after ``shutdown`` tasks are dropped."""
        due = time.monotonic() + max(0, task.delay_ms) / 1000
        with self._condition:
            if self._closed:
                return
            entry = (due, next(self._order), task)
            heapq.heappush(self._heap, entry)
            if self._heap[0] is entry:
                self._condition.notify()

    def size(self) -> int:
        """How many tasks still wait to run."""
        with self._condition:
            return sum(1 for _, _, task in self._heap if not task.cancelled)

    def shutdown(self) -> None:
        """Stop the thread; tasks that are not yet due never run."""
        with self._condition:
            self._closed = True
            self._heap.clear()
            self._condition.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        while (task := self._next_due()) is not None:
            try:
                task.run()
            except Exception:  # noqa: BLE001 -- a thread outlives a bug in one request
                _log.exception("a delayed operation failed on %s", self._thread.name)

    def _next_due(self) -> TimerTask | None:
        with self._condition:
            while not self._closed:
                self._drop_cancelled()
                if not self._heap:
                    self._condition.wait()
                    continue
                remaining = self._heap[0][0] - time.monotonic()
                if remaining <= 0:
                    return heapq.heappop(self._heap)[2]
                self._condition.wait(remaining)
        return None

    def _drop_cancelled(self) -> None:
        while self._heap and self._heap[0][2].cancelled:
            heapq.heappop(self._heap)
