"""The error codes of Kafka's protocol, and the exceptions that carry them.

``Errors`` is the number that goes over the wire; an ``ApiException`` is what the engine raises and
``Errors.for_exception`` turns into that number. The codes are those that a broker of this size may
answer with; an unknown code read from a peer becomes ``UNKNOWN_SERVER_ERROR``, as in Kafka.

System calls: none.

Kafka: org.apache.kafka.common.protocol.Errors
"""

from enum import IntEnum
from typing import ClassVar


class Errors(IntEnum):
    """Kafka's error codes; the value is the int16 of the wire."""

    UNKNOWN_SERVER_ERROR = -1
    NONE = 0
    OFFSET_OUT_OF_RANGE = 1
    CORRUPT_MESSAGE = 2
    UNKNOWN_TOPIC_OR_PARTITION = 3
    INVALID_FETCH_SIZE = 4
    LEADER_NOT_AVAILABLE = 5
    NOT_LEADER_OR_FOLLOWER = 6
    REQUEST_TIMED_OUT = 7
    BROKER_NOT_AVAILABLE = 8
    REPLICA_NOT_AVAILABLE = 9
    MESSAGE_TOO_LARGE = 10
    OFFSET_METADATA_TOO_LARGE = 12
    NETWORK_EXCEPTION = 13
    COORDINATOR_LOAD_IN_PROGRESS = 14
    COORDINATOR_NOT_AVAILABLE = 15
    NOT_COORDINATOR = 16
    INVALID_TOPIC_EXCEPTION = 17
    RECORD_LIST_TOO_LARGE = 18
    NOT_ENOUGH_REPLICAS = 19
    INVALID_REQUIRED_ACKS = 21
    ILLEGAL_GENERATION = 22
    INCONSISTENT_GROUP_PROTOCOL = 23
    INVALID_GROUP_ID = 24
    UNKNOWN_MEMBER_ID = 25
    INVALID_SESSION_TIMEOUT = 26
    REBALANCE_IN_PROGRESS = 27
    INVALID_COMMIT_OFFSET_SIZE = 28
    INVALID_TIMESTAMP = 32
    UNSUPPORTED_VERSION = 35
    TOPIC_ALREADY_EXISTS = 36
    INVALID_PARTITIONS = 37
    INVALID_REPLICATION_FACTOR = 38
    INVALID_REPLICA_ASSIGNMENT = 39
    INVALID_CONFIG = 40
    NOT_CONTROLLER = 41
    INVALID_REQUEST = 42
    UNSUPPORTED_FOR_MESSAGE_FORMAT = 43
    POLICY_VIOLATION = 44
    OUT_OF_ORDER_SEQUENCE_NUMBER = 45
    DUPLICATE_SEQUENCE_NUMBER = 46
    INVALID_PRODUCER_EPOCH = 47
    INVALID_TXN_STATE = 48
    INVALID_PRODUCER_ID_MAPPING = 49
    CONCURRENT_TRANSACTIONS = 51
    TRANSACTION_COORDINATOR_FENCED = 52
    KAFKA_STORAGE_ERROR = 56
    LOG_DIR_NOT_FOUND = 57
    UNKNOWN_PRODUCER_ID = 59
    NON_EMPTY_GROUP = 68
    GROUP_ID_NOT_FOUND = 69
    FETCH_SESSION_ID_NOT_FOUND = 70
    INVALID_FETCH_SESSION_EPOCH = 71
    FENCED_LEADER_EPOCH = 74
    UNKNOWN_LEADER_EPOCH = 75
    UNSUPPORTED_COMPRESSION_TYPE = 76
    MEMBER_ID_REQUIRED = 79
    GROUP_MAX_SIZE_REACHED = 81
    FENCED_INSTANCE_ID = 82
    INVALID_RECORD = 87
    UNKNOWN_TOPIC_ID = 100
    INCONSISTENT_TOPIC_ID = 103

    @classmethod
    def for_code(cls, code: int) -> "Errors":
        """The error of a wire code; one that is not known here is UNKNOWN_SERVER_ERROR."""
        try:
            return cls(code)
        except ValueError:
            return cls.UNKNOWN_SERVER_ERROR

    @classmethod
    def for_exception(cls, exception: BaseException) -> "Errors":
        """The code an exception stands for; anything but an ApiException is the server's fault."""
        if isinstance(exception, ApiException):
            return exception.error
        return cls.UNKNOWN_SERVER_ERROR


class ApiException(Exception):
    """What a client is told: ``error`` is its code, the message one sentence."""

    error: ClassVar[Errors] = Errors.UNKNOWN_SERVER_ERROR


class OffsetOutOfRangeException(ApiException):
    """The offset asked for is not between the log's start and its end."""

    error = Errors.OFFSET_OUT_OF_RANGE


class CorruptRecordException(ApiException):
    """Record bytes that are not what they say they are: size, checksum, or structure.

    ``position`` is the byte at which the batch in question starts, where known.
    """

    error = Errors.CORRUPT_MESSAGE

    def __init__(self, reason: str, position: int | None = None) -> None:
        where = "" if position is None else f" (batch at position {position})"
        super().__init__(f"{reason}{where}")
        self.reason = reason
        self.position = position


class UnknownTopicOrPartitionException(ApiException):
    """This broker hosts no such partition."""

    error = Errors.UNKNOWN_TOPIC_OR_PARTITION


class NotLeaderOrFollowerException(ApiException):
    """This broker does not lead the partition."""

    error = Errors.NOT_LEADER_OR_FOLLOWER


class RecordTooLargeException(ApiException):
    """A batch is larger than ``max.message.bytes``."""

    error = Errors.MESSAGE_TOO_LARGE


class RecordBatchTooLargeException(ApiException):
    """One append is larger than a segment may be."""

    error = Errors.RECORD_LIST_TOO_LARGE


class InvalidTopicException(ApiException):
    """A topic name that Kafka does not allow."""

    error = Errors.INVALID_TOPIC_EXCEPTION


class InvalidRequiredAcksException(ApiException):
    """``acks`` is none of -1, 0, 1."""

    error = Errors.INVALID_REQUIRED_ACKS


class InvalidTimestampException(ApiException):
    """A record's timestamp is outside what the topic allows."""

    error = Errors.INVALID_TIMESTAMP


class UnsupportedVersionException(ApiException):
    """A version of a request that this broker does not speak."""

    error = Errors.UNSUPPORTED_VERSION


class TopicExistsException(ApiException):
    """The topic is there already."""

    error = Errors.TOPIC_ALREADY_EXISTS


class InvalidPartitionsException(ApiException):
    """The number of partitions is not allowed."""

    error = Errors.INVALID_PARTITIONS


class InvalidReplicationFactorException(ApiException):
    """The replication factor is larger than the number of brokers, or below one."""

    error = Errors.INVALID_REPLICATION_FACTOR


class InvalidConfigurationException(ApiException):
    """A configuration name that is not known, or a value that does not fit it."""

    error = Errors.INVALID_CONFIG


class InvalidRequestException(ApiException):
    """A request that is well formed and makes no sense."""

    error = Errors.INVALID_REQUEST


class UnsupportedForMessageFormatException(ApiException):
    """The record format is too old for what was asked."""

    error = Errors.UNSUPPORTED_FOR_MESSAGE_FORMAT


class PolicyViolationException(ApiException):
    """The broker's policy forbids it."""

    error = Errors.POLICY_VIOLATION


class KafkaStorageException(ApiException):
    """The disk did not do as told; the log is as it was before the request."""

    error = Errors.KAFKA_STORAGE_ERROR


class UnsupportedCompressionTypeException(ApiException):
    """A compression codec that is not known here."""

    error = Errors.UNSUPPORTED_COMPRESSION_TYPE


class InvalidRecordException(ApiException):
    """A record that breaks a rule of its batch or topic, with sound bytes."""

    error = Errors.INVALID_RECORD


class OutOfOrderSequenceException(ApiException):
    """A producer's sequence number is not the one that is due: a batch before it is missing."""

    error = Errors.OUT_OF_ORDER_SEQUENCE_NUMBER


class InvalidProducerEpochException(ApiException):
    """A producer writes with an epoch older than one that has written since."""

    error = Errors.INVALID_PRODUCER_EPOCH


class UnknownProducerIdException(ApiException):
    """Nothing is known of a producer that should be known."""

    error = Errors.UNKNOWN_PRODUCER_ID


class InvalidTxnStateException(ApiException):
    """What a producer asks does not fit its transaction's state."""

    error = Errors.INVALID_TXN_STATE


class TransactionCoordinatorFencedException(ApiException):
    """A transaction's marker comes from a coordinator that has been replaced."""

    error = Errors.TRANSACTION_COORDINATOR_FENCED


class InconsistentTopicIdException(ApiException):
    """The topic id on disk is not the one the caller knows."""

    error = Errors.INCONSISTENT_TOPIC_ID
