"""How a group gets from one generation to the next, and who is thrown out on the way.

::

    prepare_rebalance -> (everyone joins, or the rebalance timeout) -> complete_join
        -> (the leader's assignment, or the rebalance timeout) -> Stable

The first rebalance of an empty group waits ``group.initial.rebalance.delay.ms`` for more members,
so that ten consumers that start together do not rebalance ten times (KIP-134).

System calls: futex.

Kafka: kafka.coordinator.group.GroupCoordinator
"""

import logging
from collections.abc import Callable

from engine.common.errors import Errors
from engine.coordinator.delayed_group_tasks import DelayedGroupTask
from engine.coordinator.group_metadata import GroupMetadata
from engine.coordinator.group_state import GroupState
from engine.coordinator.member_metadata import MemberMetadata, SyncGroupResult
from engine.purgatory.system_timer import SystemTimer

_log = logging.getLogger(__name__)

Action = Callable[[], None]
GroupAction = Callable[[GroupMetadata], None]


class GroupRebalance:
    """Rebalances and timeouts. Every method is called with the group's lock held."""

    def __init__(self, timer: SystemTimer, initial_delay_ms: int) -> None:
        self._timer = timer
        self._initial_delay_ms = initial_delay_ms

    def prepare(self, group: GroupMetadata, reason: str) -> None:
        """Begin a rebalance: every member has to join again."""
        if group.state is GroupState.COMPLETING_REBALANCE:
            for member in group.members.values():
                member.assignment = b""
                group.answer_sync(member, SyncGroupResult(Errors.REBALANCE_IN_PROGRESS))
        initial = group.state is GroupState.EMPTY and self._initial_delay_ms > 0
        group.transition_to(GroupState.PREPARING_REBALANCE)
        _log.info(
            "group %s: rebalance from generation %d: %s",
            group.group_id,
            group.generation_id,
            reason,
        )
        group.joining_is_held = initial
        if initial:
            left = max(0, group.rebalance_timeout_ms - self._initial_delay_ms)
            self._hold_initial_join(group, self._initial_delay_ms, left)
        else:
            self._limit(group, GroupState.PREPARING_REBALANCE, self.complete_join)
            self.maybe_complete_join(group)

    def maybe_complete_join(self, group: GroupMetadata) -> None:
        """Close the joining if everyone is here and no initial delay holds it."""
        preparing = group.state is GroupState.PREPARING_REBALANCE
        if preparing and not group.joining_is_held and group.all_joined:
            self.complete_join(group)

    def complete_join(self, group: GroupMetadata) -> None:
        """Close the joining: who has not come back is out, the rest learn their generation."""
        absent = [m for m in group.members.values() if m.awaiting_join is None]
        for member in absent:
            _log.info("group %s: %s did not rejoin", group.group_id, member.member_id)
            group.remove(member.member_id)
        group.pending_members.clear()
        group.init_next_generation()
        if group.state is GroupState.EMPTY:
            _log.info("group %s: empty at generation %d", group.group_id, group.generation_id)
            return
        for member in tuple(group.members.values()):
            group.answer_join(member, group.join_result(member))
            self.heard_from(group, member)
        self._limit(group, GroupState.COMPLETING_REBALANCE, self._abandon_sync)

    def heard_from(self, group: GroupMetadata, member: MemberMetadata) -> None:
        """Start the member's session timeout anew."""
        member.heartbeat += 1
        beat = member.heartbeat

        def expire() -> None:
            with group.lock:
                waiting = member.awaiting_join or member.awaiting_sync
                alive = member.heartbeat != beat or waiting
                if group.members.get(member.member_id) is member and not alive:
                    _log.info("group %s: %s timed out", group.group_id, member.member_id)
                    self.remove_member(group, member.member_id, "a session timed out")

        self._later(member.session_timeout_ms, expire)

    def await_pending(self, group: GroupMetadata, member_id: str, timeout_ms: int) -> None:
        """Expect a second JoinGroup from a member that was just given its id (KIP-394)."""
        group.pending_members.add(member_id)

        def expire() -> None:
            with group.lock:
                if member_id in group.pending_members:
                    group.pending_members.discard(member_id)
                    self.maybe_complete_join(group)

        self._later(timeout_ms, expire)

    def remove_member(self, group: GroupMetadata, member_id: str, reason: str) -> None:
        """Let a member go and let the others know by a rebalance."""
        group.remove(member_id)
        if group.state in {GroupState.STABLE, GroupState.COMPLETING_REBALANCE}:
            self.prepare(group, reason)
        else:
            self.maybe_complete_join(group)

    def _hold_initial_join(self, group: GroupMetadata, delay_ms: int, left_ms: int) -> None:
        """Wait ``delay_ms``; as long as members keep coming wait on, ``left_ms`` more at most."""
        members_before = len(group.members)

        def expire() -> None:
            with group.lock:
                if not group.joining_is_held:
                    return
                if len(group.members) > members_before and left_ms > 0:
                    delay = min(self._initial_delay_ms, left_ms)
                    self._hold_initial_join(group, delay, left_ms - delay)
                    return
                group.joining_is_held = False
                self.complete_join(group)

        self._later(delay_ms, expire)

    def _abandon_sync(self, group: GroupMetadata) -> None:
        """The leader sent no assignment in time: it goes, and the others start again."""
        leader = group.leader_id
        if leader is not None:
            self.remove_member(group, leader, "the leader sent no assignment")

    def _limit(self, group: GroupMetadata, state: GroupState, too_late: GroupAction) -> None:
        generation = group.generation_id

        def expire() -> None:
            with group.lock:
                if group.state is state and group.generation_id == generation:
                    too_late(group)

        self._later(group.rebalance_timeout_ms, expire)

    def _later(self, delay_ms: int, action: Action) -> None:
        self._timer.add(DelayedGroupTask(delay_ms, action))
