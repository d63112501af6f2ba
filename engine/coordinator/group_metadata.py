"""One consumer group: state, generation, members, committed offsets. Its lock guards all of it.

System calls: futex.

Kafka: kafka.coordinator.group.GroupMetadata
"""

import threading
from collections import Counter
from dataclasses import dataclass

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_state import VALID_PREVIOUS_STATES, GroupState
from engine.coordinator.member_metadata import (
    JoinCallback,
    JoinGroupResult,
    MemberMetadata,
    SyncCallback,
    SyncGroupResult,
)


@dataclass(frozen=True, slots=True)
class OffsetAndMetadata:
    """A committed offset; ``commit_timestamp`` in milliseconds since 1970."""

    offset: int
    leader_epoch: int
    metadata: str
    commit_timestamp: int


class GroupMetadata:
    """A group. Callers hold ``lock`` around every method."""

    def __init__(self, group_id: str) -> None:
        self.group_id = group_id
        self.lock = threading.RLock()
        self.state = GroupState.EMPTY
        self.generation_id = 0
        self.protocol_type: str | None = None
        self.protocol_name: str | None = None
        self.leader_id: str | None = None
        self.members: dict[str, MemberMetadata] = {}
        self.pending_members: set[str] = set()
        # True while the first rebalance of an empty group waits for more members.
        self.joining_is_held = False
        self.offsets: dict[TopicPartition, OffsetAndMetadata] = {}

    def transition_to(self, target: GroupState) -> None:
        """Enter ``target``; RuntimeError if the table does not allow it."""
        if self.state not in VALID_PREVIOUS_STATES[target]:
            raise RuntimeError(f"group {self.group_id} cannot go from {self.state} to {target}")
        self.state = target

    @property
    def can_rebalance(self) -> bool:
        """Whether a rebalance may begin now."""
        return self.state in VALID_PREVIOUS_STATES[GroupState.PREPARING_REBALANCE]

    def add(self, member: MemberMetadata, callback: JoinCallback | None) -> None:
        """Take a member in; the first one leads."""
        if not self.members:
            self.protocol_type = member.protocol_type
        if self.leader_id is None:
            self.leader_id = member.member_id
        member.awaiting_join = callback
        self.members[member.member_id] = member
        self.pending_members.discard(member.member_id)

    def remove(self, member_id: str) -> None:
        """Let a member go; if it led, another one leads."""
        self.members.pop(member_id, None)
        if self.leader_id == member_id:
            self.leader_id = next(iter(self.members), None)

    def static_member(self, group_instance_id: str | None) -> MemberMetadata | None:
        """The member with that static identity (KIP-345)."""
        if group_instance_id is None:
            return None
        of_instance = (m for m in self.members.values() if m.group_instance_id == group_instance_id)
        return next(of_instance, None)

    @property
    def all_joined(self) -> bool:
        """Whether every member's JoinGroup is here."""
        joined = all(member.awaiting_join for member in self.members.values())
        return joined and not self.pending_members

    @property
    def rebalance_timeout_ms(self) -> int:
        """The longest any member wants to be waited for."""
        return max((member.rebalance_timeout_ms for member in self.members.values()), default=0)

    def supports(self, protocol_type: str, protocols: tuple[tuple[str, bytes], ...]) -> bool:
        """Whether a member with these protocols fits in."""
        if not protocol_type or not protocols:
            return False
        if not self.members:
            return True
        names = {name for name, _ in protocols}
        return protocol_type == self.protocol_type and bool(names & self._common_protocols())

    def init_next_generation(self) -> None:
        """Close the joining: choose the protocol and await the leader's assignment."""
        self.generation_id += 1
        if self.members:
            self.protocol_name = self._select_protocol()
            self.transition_to(GroupState.COMPLETING_REBALANCE)
        else:
            self.protocol_name = None
            self.transition_to(GroupState.EMPTY)

    def join_result(self, member: MemberMetadata) -> JoinGroupResult:
        """What ``member`` is told about the generation; the leader learns who is in it."""
        protocol = self.protocol_name or ""
        everyone = tuple(
            (each.member_id, each.group_instance_id, each.metadata(protocol))
            for each in self.members.values()
        )
        return JoinGroupResult(
            error=Errors.NONE,
            generation_id=self.generation_id,
            protocol_name=protocol,
            leader_id=self.leader_id or "",
            member_id=member.member_id,
            members=everyone if member.member_id == self.leader_id else (),
        )

    def answer_join(self, member: MemberMetadata, result: JoinGroupResult) -> None:
        """Answer a waiting JoinGroup, if there is one."""
        callback, member.awaiting_join = member.awaiting_join, None
        if callback is not None:
            callback(result)

    def answer_sync(self, member: MemberMetadata, result: SyncGroupResult) -> None:
        """Answer a waiting SyncGroup, if there is one."""
        callback, member.awaiting_sync = member.awaiting_sync, None
        if callback is not None:
            callback(result)

    def await_sync(self, member: MemberMetadata, callback: SyncCallback) -> None:
        """Keep a SyncGroup until the leader's assignment is here."""
        member.awaiting_sync = callback

    def _common_protocols(self) -> frozenset[str]:
        sets = [frozenset(name for name, _ in m.protocols) for m in self.members.values()]
        return frozenset.intersection(*sets)

    def _select_protocol(self) -> str:
        candidates = self._common_protocols()
        votes = Counter(member.vote(candidates) for member in self.members.values())
        return votes.most_common(1)[0][0]
