"""Work to be done later, once or again and again, on a thread of its own.

Kafka's has ``background.threads`` threads; the work here is short and one is enough.

System calls: ``futex``: the thread sleeps until the next task is due.

Kafka: org.apache.kafka.server.util.KafkaScheduler
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from engine.common.system_time import SystemTime

_logger = logging.getLogger(__name__)

THREAD_NAME = "kafka-scheduler-0"
# Condition.wait refuses what does not fit a time_t; log.flush.scheduler.interval.ms is 2**63 - 1.
_LONGEST_WAIT_SECONDS = 86_400.0


class _Task(NamedTuple):
    due_ms: int
    order: int
    name: str
    run: Callable[[], object]
    period_ms: int


class KafkaScheduler:
    """Runs tasks between ``startup`` and ``shutdown``; safe to call from any thread.

    Without ``startup`` nothing runs by itself, and ``run_due`` does what is due by ``time``.
    """

    def __init__(self, time: SystemTime | None = None) -> None:
        self.time = time or SystemTime()
        self._tasks: list[_Task] = []
        self._order = itertools.count()
        self._condition = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def startup(self) -> None:
        """Starts the thread."""
        self._thread = threading.Thread(target=self._run, name=THREAD_NAME, daemon=True)
        self._thread.start()

    def shutdown(self) -> None:
        """Waits for the task that runs; those not yet due never run. Safe to call twice."""
        with self._condition:
            self._closed = True
            self._tasks.clear()
            self._condition.notify()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def schedule_once(self, name: str, run: Callable[[], object], delay_ms: int = 0) -> None:
        """Runs a task one time, after a delay; after ``shutdown`` never."""
        self.schedule(name, run, delay_ms, period_ms=-1)

    def schedule(self, name: str, run: Callable[[], object], delay_ms: int, period_ms: int) -> None:
        """Runs a task after a delay and from then on each period; a late one runs once."""
        due = self.time.hi_res_clock_ms() + max(0, delay_ms)
        self._add(_Task(due, next(self._order), name, run, period_ms))

    def run_due(self) -> int:
        """Runs what is due, on the caller's thread; how many tasks ran."""
        ran = 0
        now = self.time.hi_res_clock_ms()
        while (task := self._next_due(now)) is not None:
            try:
                task.run()
            except Exception:
                _logger.exception("The task %s failed.", task.name)
            ran += 1
            if task.period_ms >= 0:
                due = max(task.due_ms, now) + max(1, task.period_ms)
                self._add(task._replace(due_ms=due))
        return ran

    def _add(self, task: _Task) -> None:
        with self._condition:
            if self._closed:
                return
            heapq.heappush(self._tasks, task)
            if self._tasks[0] is task:
                self._condition.notify()

    def _next_due(self, now: int) -> _Task | None:
        with self._condition:
            if self._tasks and self._tasks[0].due_ms <= now:
                return heapq.heappop(self._tasks)
        return None

    def _run(self) -> None:
        while True:
            self.run_due()
            with self._condition:
                if self._closed:
                    return
                self._condition.wait(self._seconds_to_wait())

    def _seconds_to_wait(self) -> float | None:
        if not self._tasks:
            return None
        wait_ms = max(0, self._tasks[0].due_ms - self.time.hi_res_clock_ms())
        return min(wait_ms / 1000, _LONGEST_WAIT_SECONDS)
