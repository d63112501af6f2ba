"""The membership requests: FindCoordinator, JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

A JoinGroup or SyncGroup is answered when the group is ready, by whichever thread makes it so; its
connection stays muted until then. Bytes are copied out of the request, because its buffer is used
again after the answer while the group lives on.

System calls: none.

Kafka: kafka.server.KafkaApis
"""

from typing import Any

from engine.common.errors import Errors
from engine.coordinator.group_coordinator import JoinGroup
from engine.coordinator.member_metadata import JoinGroupResult, MemberMetadata, SyncGroupResult
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond

_GROUP_KEY = 0


def handle_find_coordinator_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """This broker coordinates every group, and no transaction."""
    response = message_type("FindCoordinatorResponse")
    if request.body.key_type != _GROUP_KEY:
        message = "transactions are not supported by this broker"
        respond(
            response(
                error_code=Errors.COORDINATOR_NOT_AVAILABLE,
                error_message=message,
                node_id=-1,
                port=-1,
            )
        )
        return
    context.group_coordinator.manager.ensure_topic()
    node = context.node
    respond(response(error_message=None, node_id=node.id, host=node.host, port=node.port))


def handle_join_group_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Join; from version 4 on a new member first learns its id and joins again (KIP-394)."""
    body = request.body
    version = request.header.api_version
    member = MemberMetadata(
        member_id=body.member_id,
        group_instance_id=body.group_instance_id,
        client_id=request.header.client_id or "",
        client_host=f"/{request.client_host}",
        # Version 0 had one timeout for both.
        rebalance_timeout_ms=body.rebalance_timeout_ms if version >= 1 else body.session_timeout_ms,
        session_timeout_ms=body.session_timeout_ms,
        protocol_type=body.protocol_type,
        protocols=tuple((each.name, bytes(each.metadata)) for each in body.protocols),
    )
    join = JoinGroup(body.group_id, member, require_known_member_id=version >= 4)
    context.group_coordinator.handle_join_group(
        join, lambda result: respond(_join_response(result))
    )


def _join_response(result: JoinGroupResult) -> Any:
    response = message_type("JoinGroupResponse")
    return response(
        error_code=result.error,
        generation_id=result.generation_id,
        protocol_name=result.protocol_name,
        leader=result.leader_id,
        member_id=result.member_id,
        members=[
            response.JoinGroupResponseMember(
                member_id=member_id, group_instance_id=instance, metadata=metadata
            )
            for member_id, instance, metadata in result.members
        ],
    )


def handle_sync_group_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Pass the leader's assignment on."""
    body = request.body

    def answer(result: SyncGroupResult) -> None:
        response = message_type("SyncGroupResponse")
        respond(response(error_code=result.error, assignment=result.assignment))

    context.group_coordinator.handle_sync_group(
        body.group_id,
        body.member_id,
        body.generation_id,
        {each.member_id: bytes(each.assignment) for each in body.assignments},
        answer,
    )


def handle_heartbeat_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Keep a session alive."""
    body = request.body
    error = context.group_coordinator.handle_heartbeat(
        body.group_id, body.member_id, body.generation_id
    )
    respond(message_type("HeartbeatResponse")(error_code=error))


def handle_leave_group_request(context: BrokerContext, request: Request, respond: Respond) -> None:
    """Let members go; before version 3 one at a time."""
    body = request.body
    leave = context.group_coordinator.handle_leave_group
    response = message_type("LeaveGroupResponse")
    if request.header.api_version < 3:
        respond(response(error_code=leave(body.group_id, body.member_id, None)))
        return
    members = [
        response.MemberResponse(
            member_id=each.member_id,
            group_instance_id=each.group_instance_id,
            error_code=leave(body.group_id, each.member_id, each.group_instance_id),
        )
        for each in body.members
    ]
    respond(response(members=members))
