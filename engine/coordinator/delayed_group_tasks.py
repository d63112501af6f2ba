"""The timeouts of a group: of a session, of joining, of syncing.

System calls: none of their own; they run on the coordinator's timer thread.

Kafka: kafka.coordinator.group.DelayedHeartbeat, kafka.coordinator.group.DelayedJoin
Kafka: kafka.coordinator.group.DelayedSync
"""

from collections.abc import Callable

from engine.purgatory.timer_task import TimerTask


class DelayedGroupTask(TimerTask):
    """Runs ``action`` under the group's conditions; the action itself looks whether it is stale."""

    def __init__(self, delay_ms: int, action: Callable[[], None]) -> None:
        super().__init__(delay_ms)
        self._action = action

    def run(self) -> None:
        """Let the coordinator act."""
        self._action()
