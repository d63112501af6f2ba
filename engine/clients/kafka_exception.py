"""What a client tells its user when it cannot go on.

Kafka: org.apache.kafka.common.KafkaException
"""


class KafkaException(Exception):
    """One sentence that says what happened and, where there is one, what to do."""
