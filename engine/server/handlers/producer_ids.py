"""InitProducerId: a number for an idempotent producer.

The sequence numbers that come with it are checked by each partition's ProducerStateManager.
Transactions are refused.

System calls: none.

Kafka: kafka.server.KafkaApis
"""

from engine.common.errors import Errors
from engine.network.request import Request
from engine.protocol.messages import message_type
from engine.server.broker_context import BrokerContext, Respond


def handle_init_producer_id_request(
    context: BrokerContext, request: Request, respond: Respond
) -> None:
    """Give a fresh number, epoch 0."""
    response = message_type("InitProducerIdResponse")
    if request.body.transactional_id is not None:
        respond(
            response(error_code=Errors.COORDINATOR_NOT_AVAILABLE, producer_id=-1, producer_epoch=-1)
        )
        return
    number = context.producer_ids.generate_producer_id()
    respond(response(producer_id=number, producer_epoch=0))
