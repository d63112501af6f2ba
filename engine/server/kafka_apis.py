"""Sends each request to its handler: one table.

System calls: none of its own.

Kafka: kafka.server.KafkaApis
"""

import functools
import logging
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from engine.network.multi_records_send import Part
from engine.network.request import Request
from engine.network.request_channel import RequestChannel
from engine.protocol.api_keys import ApiKeys
from engine.protocol.messages import (
    encode_response,
    encode_unsupported_api_versions,
    is_supported,
)
from engine.server.broker_context import BrokerContext, Respond
from engine.server.handlers import (
    configs,
    delete_records,
    fetch,
    group_admin,
    groups,
    leader_epochs,
    list_offsets,
    metadata,
    offsets,
    produce,
    producer_ids,
    topics,
)
from engine.server.handlers.api_versions import ApiVersionsHandler
from engine.server.handlers.unanswerable import UnanswerableError

_log = logging.getLogger(__name__)

Handler = Callable[[BrokerContext, Request, Respond], None]

_HANDLERS: dict[ApiKeys, Handler] = {
    ApiKeys.PRODUCE: produce.handle_produce_request,
    ApiKeys.FETCH: fetch.handle_fetch_request,
    ApiKeys.LIST_OFFSETS: list_offsets.handle_list_offsets_request,
    ApiKeys.METADATA: metadata.handle_metadata_request,
    ApiKeys.OFFSET_COMMIT: offsets.handle_offset_commit_request,
    ApiKeys.OFFSET_FETCH: offsets.handle_offset_fetch_request,
    ApiKeys.FIND_COORDINATOR: groups.handle_find_coordinator_request,
    ApiKeys.JOIN_GROUP: groups.handle_join_group_request,
    ApiKeys.HEARTBEAT: groups.handle_heartbeat_request,
    ApiKeys.LEAVE_GROUP: groups.handle_leave_group_request,
    ApiKeys.SYNC_GROUP: groups.handle_sync_group_request,
    ApiKeys.DESCRIBE_GROUPS: group_admin.handle_describe_groups_request,
    ApiKeys.LIST_GROUPS: group_admin.handle_list_groups_request,
    ApiKeys.DELETE_GROUPS: group_admin.handle_delete_groups_request,
    ApiKeys.CREATE_TOPICS: topics.handle_create_topics_request,
    ApiKeys.DELETE_TOPICS: topics.handle_delete_topics_request,
    ApiKeys.CREATE_PARTITIONS: topics.handle_create_partitions_request,
    ApiKeys.DELETE_RECORDS: delete_records.handle_delete_records_request,
    ApiKeys.INIT_PRODUCER_ID: producer_ids.handle_init_producer_id_request,
    ApiKeys.OFFSET_FOR_LEADER_EPOCH: leader_epochs.handle_offset_for_leader_epoch_request,
    ApiKeys.DESCRIBE_CONFIGS: configs.handle_describe_configs_request,
}
_HANDLERS[ApiKeys.API_VERSIONS] = ApiVersionsHandler([*_HANDLERS, ApiKeys.API_VERSIONS])

HANDLERS: Mapping[ApiKeys, Handler] = MappingProxyType(_HANDLERS)


def _refuse(context: BrokerContext, request: Request, respond: Respond) -> None:
    del context, respond
    raise UnanswerableError(f"{request.header.api_key.name} is not served here")


class KafkaApis:
    """What a request handler thread calls for each request."""

    def __init__(self, context: BrokerContext, request_channel: RequestChannel) -> None:
        self._context = context
        self._request_channel = request_channel

    def handle(self, request: Request) -> None:
        """Answer, or arrange to be answered later; an unforeseen error closes the connection."""
        header = request.header
        try:
            if header.api_key is ApiKeys.API_VERSIONS and not is_supported(header):
                parts = encode_unsupported_api_versions(header.correlation_id)
                self._send(request, parts)
                return
            handler = HANDLERS.get(header.api_key, _refuse)
            handler(self._context, request, functools.partial(self._respond, request))
        except UnanswerableError as refusal:
            _log.warning("closing connection %s: %s", request.connection_id, refusal)
            self._request_channel.close_connection(request)
        except Exception:  # noqa: BLE001 -- a thread outlives a bug in one request
            _log.exception("closing connection %s: %s failed", request.connection_id, header)
            self._request_channel.close_connection(request)
        finally:
            self._context.replica_manager.try_complete_actions()

    def _respond(self, request: Request, body: Any) -> None:
        if body is None:
            self._request_channel.send_no_op(request)
            return
        header = request.header
        parts = encode_response(header.api_key, header.api_version, header.correlation_id, body)
        self._send(request, parts)

    def _send(self, request: Request, parts: Sequence[object]) -> None:
        # The protocol knows of records no more than their size; here they can also move.
        self._request_channel.send_response(request, cast("Sequence[Part]", parts))
