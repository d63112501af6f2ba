"""One member of a consumer group.

System calls: none.

Kafka: kafka.coordinator.group.MemberMetadata
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.common.errors import Errors


@dataclass(frozen=True, slots=True)
class JoinGroupResult:
    """What a JoinGroup is answered with; ``members`` only for the leader: (id, metadata)."""

    error: Errors
    generation_id: int = -1
    protocol_name: str = ""
    leader_id: str = ""
    member_id: str = ""
    members: tuple[tuple[str, str | None, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class SyncGroupResult:
    """What a SyncGroup is answered with."""

    error: Errors
    assignment: bytes = b""


JoinCallback = Callable[[JoinGroupResult], None]
SyncCallback = Callable[[SyncGroupResult], None]


@dataclass(slots=True)
class MemberMetadata:
    """Who a member is, what it can do, and the requests of it that wait for an answer.

    Timeouts in milliseconds; ``protocols`` in the member's order of preference.
    """

    member_id: str
    group_instance_id: str | None
    client_id: str
    client_host: str
    rebalance_timeout_ms: int
    session_timeout_ms: int
    protocol_type: str
    protocols: tuple[tuple[str, bytes], ...]
    assignment: bytes = b""
    awaiting_join: JoinCallback | None = None
    awaiting_sync: SyncCallback | None = None
    # Counts up with every sign of life, so that an older timeout knows it is stale.
    heartbeat: int = field(default=0)

    def metadata(self, protocol_name: str) -> bytes:
        """The member's metadata for the protocol that the group has chosen."""
        return dict(self.protocols).get(protocol_name, b"")

    def vote(self, candidates: frozenset[str]) -> str:
        """The first of the member's protocols that all members speak."""
        return next(name for name, _ in self.protocols if name in candidates)

    def matches(self, protocols: tuple[tuple[str, bytes], ...]) -> bool:
        """Whether a new JoinGroup says the same as the last."""
        return self.protocols == protocols
