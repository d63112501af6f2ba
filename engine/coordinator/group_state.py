"""The five states of a consumer group, and from which states each may be entered.

::

            JoinGroup            all members joined         leader's SyncGroup
    Empty ------------> PreparingRebalance ---> CompletingRebalance ---> Stable
      ^                   ^   |   ^                    |                   |
      |                   |   |   +--------------------+-------------------+
      +-------------------+---+      a member joins, leaves or times out
        last member gone
    any state ---> Dead      the group is removed

System calls: none.

Kafka: kafka.coordinator.group.GroupState
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class GroupState(StrEnum):
    """Where a group stands; the values are the names that ListGroups and DescribeGroups answer."""

    EMPTY = "Empty"
    PREPARING_REBALANCE = "PreparingRebalance"
    COMPLETING_REBALANCE = "CompletingRebalance"
    STABLE = "Stable"
    DEAD = "Dead"


VALID_PREVIOUS_STATES: Mapping[GroupState, frozenset[GroupState]] = MappingProxyType(
    {
        GroupState.EMPTY: frozenset({GroupState.PREPARING_REBALANCE}),
        GroupState.PREPARING_REBALANCE: frozenset(
            {GroupState.STABLE, GroupState.COMPLETING_REBALANCE, GroupState.EMPTY}
        ),
        GroupState.COMPLETING_REBALANCE: frozenset({GroupState.PREPARING_REBALANCE}),
        GroupState.STABLE: frozenset({GroupState.COMPLETING_REBALANCE}),
        GroupState.DEAD: frozenset(GroupState),
    }
)
