"""The scheduler: by a clock that the test moves, and once by its own thread."""

import logging
import threading

import pytest

from engine.common.kafka_scheduler import THREAD_NAME, KafkaScheduler
from tests.engine.common.mock_time import MockTime


def test_once_and_again() -> None:
    """In order of their time; a late task runs once; an error keeps none of the others away."""
    time = MockTime()
    scheduler = KafkaScheduler(time)
    ran: list[str] = []
    scheduler.schedule("period", lambda: ran.append("period"), 30, 10)
    scheduler.schedule_once("once", lambda: ran.append("once"), 20)
    assert scheduler.run_due() == 0
    time.sleep(30)
    assert scheduler.run_due() == 2
    assert ran == ["once", "period"]
    time.sleep(9)
    assert scheduler.run_due() == 0
    time.sleep(100)
    assert scheduler.run_due() == 1
    assert ran == ["once", "period", "period"]


def test_a_task_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """It is named, and it comes again."""
    time = MockTime()
    scheduler = KafkaScheduler(time)
    scheduler.schedule("broken", lambda: 1 // 0, 0, 5)
    with caplog.at_level(logging.ERROR):
        assert scheduler.run_due() == 1
    assert "The task broken failed." in caplog.text
    time.sleep(5)
    assert scheduler.run_due() == 1
    scheduler.shutdown()
    time.sleep(5)
    scheduler.schedule_once("late", lambda: None)
    assert scheduler.run_due() == 0


def test_its_own_thread() -> None:
    """A task that is due wakes the thread, even behind one that is due in 292 million years."""
    scheduler = KafkaScheduler()
    scheduler.schedule("never", lambda: None, 2**63 - 1, 2**63 - 1)
    scheduler.startup()
    done = threading.Event()
    names: list[str] = []

    def task() -> None:
        names.append(threading.current_thread().name)
        done.set()

    scheduler.schedule_once("soon", task, 1)
    assert done.wait(10)
    assert names == [THREAD_NAME]
    scheduler.shutdown()
    scheduler.shutdown()
