"""What a client tells its user when it cannot go on.

Kafka: org.apache.kafka.common.KafkaException
"""


class KafkaException(Exception):  # noqa: N818 -- the name is Kafka's
    """One sentence that says what happened and, where there is one, what to do."""
