"""ListGroups, DescribeGroups and DeleteGroups.

System calls: for deleting, those of an append to ``__consumer_offsets``.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import Errors
from engine.coordinator.group_metadata import GroupMetadata
from engine.coordinator.group_state import GroupState
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond


def handle_list_groups_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Name every group."""
    del request
    response = message_type("ListGroupsResponse")
    respond(
        response(
            groups=[
                response.ListedGroup(
                    group_id=group.group_id,
                    protocol_type=group.protocol_type or "",
                    group_state=group.state.value,
                )
                for group in context.group_coordinator.manager.groups()
            ]
        )
    )


def handle_describe_groups_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Tell the state and the members of groups; an unknown group is Dead, not an error."""
    response = message_type("DescribeGroupsResponse")
    manager = context.group_coordinator.manager
    respond(
        response(
            groups=[
                _described(response, group_id, manager.get(group_id))
                for group_id in request.body.groups
            ]
        )
    )


def _described(response: Any, group_id: str, group: GroupMetadata | None) -> Any:
    if group is None:
        return response.DescribedGroup(group_id=group_id, group_state=GroupState.DEAD.value)
    with group.lock:
        protocol = group.protocol_name if group.state is GroupState.STABLE else ""
        return response.DescribedGroup(
            group_id=group_id,
            group_state=group.state.value,
            protocol_type=group.protocol_type or "",
            protocol_data=protocol or "",
            members=[
                response.DescribedGroupMember(
                    member_id=member.member_id,
                    group_instance_id=member.group_instance_id,
                    client_id=member.client_id,
                    client_host=member.client_host,
                    member_metadata=member.metadata(protocol or ""),
                    member_assignment=member.assignment,
                )
                for member in group.members.values()
            ],
        )


def handle_delete_groups_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Forget empty groups and their offsets."""
    response = message_type("DeleteGroupsResponse")
    respond(
        response(
            results=[
                response.DeletableGroupResult(
                    group_id=group_id, error_code=_delete(context, group_id)
                )
                for group_id in request.body.groups_names
            ]
        )
    )


def _delete(context: BrokerContext, group_id: str) -> Errors:
    manager = context.group_coordinator.manager
    group = manager.get(group_id)
    if group is None:
        return Errors.GROUP_ID_NOT_FOUND
    with group.lock:
        if group.state is not GroupState.EMPTY:
            return Errors.NON_EMPTY_GROUP
        return manager.delete(group)
