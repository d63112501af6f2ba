"""Consumer groups: joining, sharing, leaving, timing out, committing."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.common.errors import Errors
from engine.common.topic_partition import TopicPartition
from engine.coordinator.group_config import GroupConfig
from engine.coordinator.group_coordinator import GroupCoordinator, JoinGroup
from engine.coordinator.group_metadata import GroupMetadata, OffsetAndMetadata
from engine.coordinator.group_metadata_manager import GROUP_METADATA_TOPIC, GroupMetadataManager
from engine.coordinator.group_state import VALID_PREVIOUS_STATES, GroupState
from engine.coordinator.member_metadata import JoinGroupResult, MemberMetadata, SyncGroupResult
from engine.log.log_config import LogConfig
from engine.log.log_manager import LogManager
from engine.replica.replica_manager import ReplicaManager

LONG_MS = 60_000
PATIENCE_SECONDS = 20
PARTITION = TopicPartition("t", 0)
COMMITTED = OffsetAndMetadata(5, 0, "note", 1)


class Answer:
    """What a JoinGroup or SyncGroup is told, once it is."""

    def __init__(self) -> None:
        self._told = threading.Event()
        self._result: JoinGroupResult | SyncGroupResult | None = None

    def __call__(self, result: JoinGroupResult | SyncGroupResult) -> None:
        self._result = result
        self._told.set()

    @property
    def is_here(self) -> bool:
        return self._told.is_set()

    @property
    def join(self) -> JoinGroupResult:
        assert self._told.wait(PATIENCE_SECONDS)
        assert isinstance(self._result, JoinGroupResult)
        return self._result

    @property
    def sync(self) -> SyncGroupResult:
        assert self._told.wait(PATIENCE_SECONDS)
        assert isinstance(self._result, SyncGroupResult)
        return self._result


class Groups:
    """A coordinator over real logs, and short words for what members do."""

    def __init__(self, directory: Path, initial_delay_ms: int = 0) -> None:
        self.logs = LogManager(str(directory), LogConfig(segment_index_bytes=4096))
        self.logs.startup()
        self.replicas = ReplicaManager(self.logs)
        self.manager = GroupMetadataManager(self.replicas, self.ensure_topic)
        self.loaded = self.manager.load(self.logs.all_logs())
        config = GroupConfig((1, 10 * LONG_MS), 3, initial_delay_ms)
        self.coordinator = GroupCoordinator(config, self.manager)

    def ensure_topic(self) -> int:
        self.logs.get_or_create_log(TopicPartition(GROUP_METADATA_TOPIC, 0))
        return 1

    def close(self) -> None:
        self.coordinator.shutdown()
        self.replicas.shutdown()
        self.logs.shutdown()

    def join(
        self, member_id: str = "", *, known: bool = False, session_ms: int = LONG_MS, **more: str
    ) -> Answer:
        names = more.get("protocols", "range").split(",")
        member = MemberMetadata(
            member_id=member_id,
            group_instance_id=more.get("instance"),
            client_id="client",
            client_host="/127.0.0.1",
            rebalance_timeout_ms=LONG_MS,
            session_timeout_ms=session_ms,
            protocol_type=more.get("kind", "consumer"),
            protocols=tuple((name, b"likes " + name.encode()) for name in names),
        )
        answer = Answer()
        self.coordinator.handle_join_group(JoinGroup("g", member, known), answer)
        return answer

    def sync(self, member: JoinGroupResult, mine: bytes = b"") -> Answer:
        answer = Answer()
        member_id = member.member_id
        self.coordinator.handle_sync_group(
            "g", member_id, member.generation_id, {member_id: mine}, answer
        )
        return answer

    def is_in(self, state: GroupState) -> bool:
        return self.group.state is state

    def heartbeat(self, member: JoinGroupResult) -> Errors:
        return self.coordinator.handle_heartbeat("g", member.member_id, member.generation_id)

    def leave(self, member_id: str) -> Errors:
        return self.coordinator.handle_leave_group("g", member_id, None)

    @property
    def group(self) -> GroupMetadata:
        group = self.manager.get("g")
        assert group is not None
        return group


@pytest.fixture
def groups(tmp_path: Path) -> Iterator[Groups]:
    made = Groups(tmp_path / "data")
    yield made
    made.close()


@pytest.mark.parametrize("target", GroupState)
@pytest.mark.parametrize("source", GroupState)
def test_only_the_tables_transitions_are_made(source: GroupState, target: GroupState) -> None:
    group = GroupMetadata("g")
    group.state = source
    if source in VALID_PREVIOUS_STATES[target]:
        group.transition_to(target)
        assert group.state is target
    else:
        with pytest.raises(RuntimeError, match="cannot go"):
            group.transition_to(target)


def test_one_member_gets_everything(groups: Groups) -> None:
    member = groups.join().join
    assert (member.error, member.generation_id) == (Errors.NONE, 1)
    assert member.leader_id == member.member_id
    assert member.members == ((member.member_id, None, b"likes range"),)
    assert groups.is_in(GroupState.COMPLETING_REBALANCE)
    assert groups.sync(member, mine=b"all of it").sync.assignment == b"all of it"
    assert groups.is_in(GroupState.STABLE)
    assert groups.heartbeat(member) is Errors.NONE


def test_a_second_member_makes_the_first_join_again(groups: Groups) -> None:
    first = groups.join().join
    groups.sync(first, mine=b"all")
    second = groups.join()
    assert not second.is_here
    assert groups.heartbeat(first) is Errors.REBALANCE_IN_PROGRESS
    again = groups.join(first.member_id).join
    assert (again.generation_id, len(again.members)) == (2, 2)
    follower = second.join
    assert (follower.leader_id, follower.members) == (first.member_id, ())
    waiting = groups.sync(follower)
    assert not waiting.is_here
    answer = Answer()
    shares = {first.member_id: b"left", follower.member_id: b"right"}
    groups.coordinator.handle_sync_group("g", first.member_id, 2, shares, answer)
    assert (answer.sync.assignment, waiting.sync.assignment) == (b"left", b"right")
    assert groups.sync(first).sync.error is Errors.ILLEGAL_GENERATION


def test_who_leaves_makes_room(groups: Groups) -> None:
    first = groups.join().join
    groups.sync(first)
    assert groups.leave("nobody") is Errors.UNKNOWN_MEMBER_ID
    assert groups.leave(first.member_id) is Errors.NONE
    assert groups.is_in(GroupState.EMPTY)
    assert groups.heartbeat(first) is Errors.UNKNOWN_MEMBER_ID


def test_a_silent_member_times_out(groups: Groups) -> None:
    silent = groups.join(session_ms=30).join
    groups.sync(silent)
    second = groups.join()
    result = second.join
    assert result.leader_id == result.member_id
    assert list(groups.group.members) == [result.member_id]


def test_a_known_member_id_is_asked_for(groups: Groups) -> None:
    refused = groups.join(known=True).join
    assert refused.error is Errors.MEMBER_ID_REQUIRED
    assert refused.member_id
    member = groups.join(refused.member_id, known=True).join
    assert (member.error, member.member_id) == (Errors.NONE, refused.member_id)


def test_a_static_member_takes_its_own_place(groups: Groups) -> None:
    first = groups.join(known=True, instance="host-1").join
    groups.sync(first)
    again = groups.join(known=True, instance="host-1").join
    assert again.error is Errors.NONE
    assert again.member_id != first.member_id
    assert list(groups.group.members) == [again.member_id]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"session_ms": 0}, Errors.INVALID_SESSION_TIMEOUT),
        ({"member_id": "stranger"}, Errors.UNKNOWN_MEMBER_ID),
        ({"kind": "connect"}, Errors.INCONSISTENT_GROUP_PROTOCOL),
        ({"protocols": "other"}, Errors.INCONSISTENT_GROUP_PROTOCOL),
    ],
)
def test_who_does_not_fit_is_refused(groups: Groups, arguments: object, error: Errors) -> None:
    assert isinstance(arguments, dict)
    groups.join()
    assert groups.join(**arguments).join.error is error


def test_a_group_can_be_full(groups: Groups) -> None:
    for _ in range(3):
        groups.join()
    assert groups.join().join.error is Errors.GROUP_MAX_SIZE_REACHED


def test_the_protocol_most_members_want_wins(groups: Groups) -> None:
    first = groups.join(protocols="range,sticky").join
    groups.join(protocols="sticky,range")
    groups.join(protocols="sticky,range")
    assert groups.join(first.member_id, protocols="range,sticky").join.protocol_name == "sticky"


def test_members_that_come_together_join_together(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "data", initial_delay_ms=100)
    first, second = groups.join(), groups.join()
    assert not first.is_here
    assert first.join.generation_id == second.join.generation_id == 1
    assert len(groups.group.members) == 2
    groups.close()


def test_commits(groups: Groups) -> None:
    check = groups.coordinator.validate_commit
    assert check("", "", -1) is Errors.INVALID_GROUP_ID
    assert check("g", "", -1) is Errors.NONE
    assert check("g", "m", 4) is Errors.ILLEGAL_GENERATION
    member = groups.join().join
    assert check("g", member.member_id, 1) is Errors.REBALANCE_IN_PROGRESS
    groups.sync(member)
    assert check("g", member.member_id, 1) is Errors.NONE
    assert check("g", member.member_id, 2) is Errors.ILLEGAL_GENERATION
    assert check("g", "", -1) is Errors.UNKNOWN_MEMBER_ID


def test_offsets_are_on_disk(tmp_path: Path) -> None:
    groups = Groups(tmp_path / "data")
    other = TopicPartition("t", 1)
    later = OffsetAndMetadata(9, 0, "", 2)
    assert groups.manager.store_offsets("g", {PARTITION: COMMITTED, other: COMMITTED}) == 0
    assert groups.manager.store_offsets("g", {PARTITION: later}) == 0
    assert groups.manager.store_offsets("gone", {PARTITION: COMMITTED}) == 0
    gone = groups.manager.get("gone")
    assert gone is not None
    assert groups.manager.delete(gone) is Errors.NONE
    assert gone.state is GroupState.DEAD
    groups.close()
    again = Groups(tmp_path / "data")
    assert again.manager.offsets("g") == {PARTITION: later, other: COMMITTED}
    assert again.manager.offsets("gone") == {}
    again.close()
