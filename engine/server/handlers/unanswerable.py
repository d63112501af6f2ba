"""A request that can only be answered by closing its connection.

System calls: none.

Kafka: none, because Kafka sends a CloseConnectionResponse from each such place
"""


class UnanswerableError(Exception):
    """The text is the log line; the connection is closed."""
