"""Consumer groups of the classic protocol: who is in a group, and who gets which partitions.

The broker never assigns partitions: it elects a leader among the members, hands it everybody's
metadata with the JoinGroup answer, and passes the leader's assignment on with SyncGroup.

System calls: futex.

Kafka: kafka.coordinator.group.GroupCoordinator
"""

import uuid
from dataclasses import dataclass

from engine.common.errors import Errors
from engine.coordinator.group_config import GroupConfig
from engine.coordinator.group_metadata import GroupMetadata
from engine.coordinator.group_metadata_manager import GroupMetadataManager
from engine.coordinator.group_rebalance import GroupRebalance
from engine.coordinator.group_state import GroupState
from engine.coordinator.member_metadata import (
    JoinCallback,
    JoinGroupResult,
    MemberMetadata,
    SyncCallback,
    SyncGroupResult,
)
from engine.purgatory.system_timer import SystemTimer


@dataclass(frozen=True, slots=True)
class JoinGroup:
    """What a member says when it joins; ``member_id`` is empty the first time."""

    group_id: str
    member: MemberMetadata
    require_known_member_id: bool


class GroupCoordinator:
    """All groups of this broker."""

    def __init__(self, config: GroupConfig, manager: GroupMetadataManager) -> None:
        self._config = config
        self.manager = manager
        self._timer = SystemTimer("ExpirationReaper-0-Heartbeat")
        self._rebalance = GroupRebalance(self._timer, config.initial_rebalance_delay_ms)

    def shutdown(self) -> None:
        """Stop the timeouts; who waits is not answered."""
        self._timer.shutdown()

    def handle_join_group(self, join: JoinGroup, callback: JoinCallback) -> None:
        """Take a member in; ``callback`` is called once the rebalance it causes has ended."""
        member_id = join.member.member_id
        if error := self._refusal(join):
            callback(JoinGroupResult(error, member_id=member_id))
            return
        group = self.manager.get_or_create(join.group_id)
        with group.lock:
            if not group.supports(join.member.protocol_type, join.member.protocols):
                known = not group.members or member_id == "" or member_id in group.members
                error = Errors.INCONSISTENT_GROUP_PROTOCOL if known else Errors.UNKNOWN_MEMBER_ID
                callback(JoinGroupResult(error, member_id=member_id))
            elif member_id == "":
                self._join_new(group, join, callback)
            else:
                self._join_known(group, join.member, callback)

    def handle_sync_group(
        self,
        group_id: str,
        member_id: str,
        generation_id: int,
        assignments: dict[str, bytes],
        callback: SyncCallback,
    ) -> None:
        """Take the leader's assignment, or wait for it."""
        group = self.manager.get(group_id)
        if group is None:
            callback(SyncGroupResult(Errors.UNKNOWN_MEMBER_ID))
            return
        with group.lock:
            if error := _member_error(group, member_id, generation_id):
                callback(SyncGroupResult(error))
                return
            member = group.members[member_id]
            match group.state:
                case GroupState.PREPARING_REBALANCE:
                    callback(SyncGroupResult(Errors.REBALANCE_IN_PROGRESS))
                case GroupState.COMPLETING_REBALANCE:
                    group.await_sync(member, callback)
                    if member_id == group.leader_id:
                        self._assign(group, assignments)
                case _:
                    callback(SyncGroupResult(Errors.NONE, member.assignment))
                    self._rebalance.heard_from(group, member)

    def handle_heartbeat(self, group_id: str, member_id: str, generation_id: int) -> Errors:
        """Keep a member's session alive; tells it if it has to join again."""
        group = self.manager.get(group_id)
        if group is None:
            return Errors.UNKNOWN_MEMBER_ID
        with group.lock:
            if error := _member_error(group, member_id, generation_id):
                return error
            self._rebalance.heard_from(group, group.members[member_id])
            if group.state is GroupState.PREPARING_REBALANCE:
                return Errors.REBALANCE_IN_PROGRESS
            return Errors.NONE

    def handle_leave_group(self, group_id: str, member_id: str, instance_id: str | None) -> Errors:
        """Let a member go at its own wish."""
        group = self.manager.get(group_id)
        if group is None:
            return Errors.UNKNOWN_MEMBER_ID
        with group.lock:
            static = group.static_member(instance_id)
            leaving = static.member_id if static and not member_id else member_id
            if leaving in group.pending_members:
                group.pending_members.discard(leaving)
                self._rebalance.maybe_complete_join(group)
                return Errors.NONE
            if leaving not in group.members:
                return Errors.UNKNOWN_MEMBER_ID
            self._rebalance.remove_member(group, leaving, f"{leaving} left")
            return Errors.NONE

    def validate_commit(self, group_id: str, member_id: str, generation_id: int) -> Errors:
        """Whether offsets may be committed; a consumer without membership says generation -1."""
        if not group_id:
            return Errors.INVALID_GROUP_ID
        group = self.manager.get(group_id)
        if group is None:
            return Errors.NONE if generation_id < 0 else Errors.ILLEGAL_GENERATION
        with group.lock:
            if generation_id < 0 and group.state is GroupState.EMPTY:
                return Errors.NONE
            if error := _member_error(group, member_id, generation_id):
                return error
            if group.state is GroupState.COMPLETING_REBALANCE:
                return Errors.REBALANCE_IN_PROGRESS
            self._rebalance.heard_from(group, group.members[member_id])
            return Errors.NONE

    def _refusal(self, join: JoinGroup) -> Errors | None:
        if not join.group_id:
            return Errors.INVALID_GROUP_ID
        shortest, longest = self._config.session_timeouts_ms
        if not shortest <= join.member.session_timeout_ms <= longest:
            return Errors.INVALID_SESSION_TIMEOUT
        if self.manager.get(join.group_id) is None and join.member.member_id:
            return Errors.UNKNOWN_MEMBER_ID
        return None

    def _join_new(self, group: GroupMetadata, join: JoinGroup, callback: JoinCallback) -> None:
        member = join.member
        if len(group.members) >= self._config.max_size:
            callback(JoinGroupResult(Errors.GROUP_MAX_SIZE_REACHED))
            return
        member.member_id = f"{member.group_instance_id or member.client_id}-{uuid.uuid4()}"
        if former := group.static_member(member.group_instance_id):
            group.answer_join(former, JoinGroupResult(Errors.UNKNOWN_MEMBER_ID))
            group.answer_sync(former, SyncGroupResult(Errors.UNKNOWN_MEMBER_ID))
            group.remove(former.member_id)
        elif join.require_known_member_id and member.group_instance_id is None:
            self._rebalance.await_pending(group, member.member_id, member.session_timeout_ms)
            callback(JoinGroupResult(Errors.MEMBER_ID_REQUIRED, member_id=member.member_id))
            return
        self._add_and_rebalance(group, member, callback)

    def _join_known(
        self, group: GroupMetadata, joining: MemberMetadata, callback: JoinCallback
    ) -> None:
        member = group.members.get(joining.member_id)
        if joining.member_id in group.pending_members:
            self._add_and_rebalance(group, joining, callback)
        elif member is None or group.state in {GroupState.EMPTY, GroupState.DEAD}:
            callback(JoinGroupResult(Errors.UNKNOWN_MEMBER_ID, member_id=joining.member_id))
        elif self._changes_nothing(group, member, joining):
            callback(group.join_result(member))
        else:
            member.protocols = joining.protocols
            member.session_timeout_ms = joining.session_timeout_ms
            member.rebalance_timeout_ms = joining.rebalance_timeout_ms
            member.awaiting_join = callback
            self._rebalance_for(group, f"{member.member_id} joined again")

    def _changes_nothing(
        self, group: GroupMetadata, member: MemberMetadata, joining: MemberMetadata
    ) -> bool:
        """A JoinGroup sent twice; a stable group's leader joins again to force a rebalance."""
        if not member.matches(joining.protocols):
            return False
        if group.state is GroupState.COMPLETING_REBALANCE:
            return True
        return group.state is GroupState.STABLE and member.member_id != group.leader_id

    def _add_and_rebalance(
        self, group: GroupMetadata, member: MemberMetadata, callback: JoinCallback
    ) -> None:
        group.add(member, callback)
        self._rebalance_for(group, f"{member.member_id} joined")

    def _rebalance_for(self, group: GroupMetadata, reason: str) -> None:
        if group.can_rebalance:
            self._rebalance.prepare(group, reason)
        else:
            self._rebalance.maybe_complete_join(group)

    def _assign(self, group: GroupMetadata, assignments: dict[str, bytes]) -> None:
        group.transition_to(GroupState.STABLE)
        for member in group.members.values():
            member.assignment = assignments.get(member.member_id, b"")
            group.answer_sync(member, SyncGroupResult(Errors.NONE, member.assignment))
            self._rebalance.heard_from(group, member)


def _member_error(group: GroupMetadata, member_id: str, generation_id: int) -> Errors | None:
    if member_id not in group.members:
        return Errors.UNKNOWN_MEMBER_ID
    return None if generation_id == group.generation_id else Errors.ILLEGAL_GENERATION
