"""ApiVersions: says which requests this broker takes, and in which versions.

System calls: none.

Kafka: org.apache.kafka.common.requests.ApiVersionsResponse
"""

from collections.abc import Iterable

from engine.network.request import Request
from engine.protocol.api_keys import SUPPORTED, ApiKeys
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond


class ApiVersionsHandler:
    """Answers with the ranges of the requests that have a handler."""

    def __init__(self, served: Iterable[ApiKeys]) -> None:
        self._served = sorted(served)

    def __call__(self, context: BrokerContext, request: Request, respond: Respond) -> None:
        """Answer; that the version is known was checked before."""
        del context, request
        response = message_type("ApiVersionsResponse")
        ranges = ((key, SUPPORTED[key]) for key in self._served)
        respond(
            response(
                api_keys=[
                    response.ApiVersion(api_key=key, min_version=r.lowest, max_version=r.highest)
                    for key, r in ranges
                ]
            )
        )
