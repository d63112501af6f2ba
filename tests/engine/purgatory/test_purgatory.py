"""Delayed operations: completed by an event or by time, by whoever is first, once."""

import threading
from collections.abc import Iterator

import pytest

from engine.purgatory.delayed_operation import DelayedOperation
from engine.purgatory.delayed_operation_purgatory import DelayedOperationPurgatory
from engine.purgatory.system_timer import SystemTimer
from engine.purgatory.timer_task import TimerTask

LONG_MS = 600_000
PATIENCE_SECONDS = 20


class Waiting(DelayedOperation):
    """Completes once ``ready`` is set; counts what happens to it."""

    def __init__(self, delay_ms: int = LONG_MS) -> None:
        super().__init__(delay_ms)
        self.ready = False
        self.completions = 0
        self.expirations = 0
        self.done = threading.Event()

    def try_complete(self) -> bool:
        return self.ready and self.force_complete()

    def on_complete(self) -> None:
        self.completions += 1
        self.done.set()

    def on_expiration(self) -> None:
        self.expirations += 1


class Task(TimerTask):
    """Notes that it ran."""

    def __init__(self, delay_ms: int, ran: list["Task"], last: threading.Event) -> None:
        super().__init__(delay_ms)
        self._ran = ran
        self._last = last

    def run(self) -> None:
        self._ran.append(self)
        if self.delay_ms == 60:
            self._last.set()


@pytest.fixture
def purgatory() -> Iterator[DelayedOperationPurgatory[Waiting]]:
    made: DelayedOperationPurgatory[Waiting] = DelayedOperationPurgatory("Test", purge_interval=10)
    yield made
    made.shutdown()


def test_what_is_ready_does_not_wait(purgatory: DelayedOperationPurgatory[Waiting]) -> None:
    operation = Waiting()
    operation.ready = True
    assert purgatory.try_complete_else_watch(operation, ["key"])
    assert (operation.completions, purgatory.watched()) == (1, 0)


def test_an_event_completes_who_is_ready(purgatory: DelayedOperationPurgatory[Waiting]) -> None:
    ready, other = Waiting(), Waiting()
    for operation in (ready, other):
        assert not purgatory.try_complete_else_watch(operation, ["a", "b"])
    assert (purgatory.watched(), purgatory.num_delayed()) == (4, 2)
    assert purgatory.check_and_complete("a") == 0
    ready.ready = True
    assert purgatory.check_and_complete("c") == 0
    assert purgatory.check_and_complete("a") == 1
    assert (ready.completions, other.completions) == (1, 0)
    # Its entry under the other key goes when that key is looked at.
    assert purgatory.check_and_complete("b") == 0
    assert (purgatory.watched(), purgatory.num_delayed()) == (2, 1)


def test_time_completes_who_was_forgotten(purgatory: DelayedOperationPurgatory[Waiting]) -> None:
    operation = Waiting(20)
    assert not purgatory.try_complete_else_watch(operation, ["a"])
    assert operation.done.wait(PATIENCE_SECONDS)
    assert not operation.force_complete()
    assert operation.completions == 1
    assert purgatory.check_and_complete("a") == 0
    assert purgatory.watched() == 0


def test_many_threads_complete_it_once() -> None:
    operation = Waiting()
    barrier = threading.Barrier(8)
    won: list[bool] = []

    def race() -> None:
        barrier.wait()
        won.append(operation.force_complete())

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]
    assert operation.completions == 1


def test_completed_operations_are_swept(purgatory: DelayedOperationPurgatory[Waiting]) -> None:
    for _ in range(25):
        operation = Waiting()
        purgatory.try_complete_else_watch(operation, ["never looked at"])
        operation.force_complete()
    assert purgatory.watched() < 10


def test_tasks_run_in_the_order_of_their_times() -> None:
    timer = SystemTimer("test-timer")
    ran: list[Task] = []
    last = threading.Event()
    tasks = [Task(delay, ran, last) for delay in (60, 1, 30)]
    forgotten = Task(2, ran, last)
    for task in (*tasks, forgotten):
        timer.add(task)
    forgotten.cancel()
    assert last.wait(PATIENCE_SECONDS)
    timer.shutdown()
    assert [task.delay_ms for task in ran] == [1, 30, 60]
    timer.add(Task(0, ran, last))
    assert timer.size() == 0


def test_a_task_that_fails_does_not_stop_the_timer(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(TimerTask):
        def run(self) -> None:
            raise ValueError("a task that fails")

    timer = SystemTimer("test-timer")
    last = threading.Event()
    timer.add(Failing(1))
    timer.add(Task(60, [], last))
    assert last.wait(PATIENCE_SECONDS)
    timer.shutdown()
    assert "a delayed operation failed" in caplog.text
