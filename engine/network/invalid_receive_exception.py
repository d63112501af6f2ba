"""A frame whose announced size cannot be accepted.

System calls: none.

Kafka: org.apache.kafka.common.network.InvalidReceiveException
"""


class InvalidReceiveException(Exception):
    """The size is negative, or above ``socket.request.max.bytes``; the connection is closed."""
