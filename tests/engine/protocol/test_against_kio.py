"""kio, an independent implementation, reads our bytes and writes the same ones back."""

import io
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from kio.index import load_request_schema, load_response_schema
from kio.serial import entity_reader, entity_writer

from engine.protocol.api_keys import SUPPORTED, ApiKeys
from tests.engine.protocol.values import encoded, sensible_messages

FLEXIBLE = {
    ApiKeys.PRODUCE: (9, 10, 13),
    ApiKeys.FETCH: (12, 13, 16, 17),
    ApiKeys.LIST_OFFSETS: (6, 7, 8),
    ApiKeys.METADATA: (9, 10, 12, 13),
    ApiKeys.OFFSET_COMMIT: (8, 9),
    ApiKeys.OFFSET_FETCH: (6, 8),
    ApiKeys.FIND_COORDINATOR: (3, 4),
    ApiKeys.JOIN_GROUP: (6, 9),
    ApiKeys.SYNC_GROUP: (4, 5),
    ApiKeys.CREATE_TOPICS: (5, 7),
    ApiKeys.DELETE_TOPICS: (4, 6),
    ApiKeys.DESCRIBE_CLUSTER: (0, 2),
    ApiKeys.DESCRIBE_TOPIC_PARTITIONS: (0,),
}
OLDEST_OF_KIO = {
    ApiKeys.PRODUCE: 3,
    ApiKeys.OFFSET_COMMIT: 2,
    ApiKeys.CREATE_TOPICS: 2,
    ApiKeys.DELETE_TOPICS: 1,
    ApiKeys.DESCRIBE_CONFIGS: 1,
}
CASES = [
    *((key, v) for key, r in SUPPORTED.items() for v in r if v >= OLDEST_OF_KIO.get(key, 0)),
    *((key, v) for key, versions in FLEXIBLE.items() for v in versions),
]


@pytest.mark.parametrize(("api_key", "version"), CASES)
@pytest.mark.parametrize("side", ["Request", "Response"])
def test_kio_agrees(api_key: ApiKeys, version: int, side: str) -> None:
    load = load_request_schema if side == "Request" else load_response_schema
    schema = load(api_key, version)
    read, write = entity_reader(schema), entity_writer(schema)
    name = f"{api_key.message_name}{side}"

    @settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
    @given(sensible_messages(name, version))
    def check(body: Any) -> None:
        raw = encoded(name, version, body)
        entity, size = read(raw, 0)
        assert size == len(raw)
        out = io.BytesIO()
        write(out, entity)
        assert out.getvalue() == raw

    check()
