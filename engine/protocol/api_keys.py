"""The numbers of Kafka's requests, and the versions of each that this broker announces.

System calls: none.

Kafka: org.apache.kafka.common.protocol.ApiKeys
"""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

from engine.protocol.versions import VersionRange


class ApiKeys(IntEnum):
    """What a request asks for; the value is the int16 that opens its header."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    DESCRIBE_GROUPS = 15
    LIST_GROUPS = 16
    SASL_HANDSHAKE = 17
    API_VERSIONS = 18
    CREATE_TOPICS = 19
    DELETE_TOPICS = 20
    DELETE_RECORDS = 21
    INIT_PRODUCER_ID = 22
    OFFSET_FOR_LEADER_EPOCH = 23
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    WRITE_TXN_MARKERS = 27
    TXN_OFFSET_COMMIT = 28
    DESCRIBE_ACLS = 29
    CREATE_ACLS = 30
    DELETE_ACLS = 31
    DESCRIBE_CONFIGS = 32
    ALTER_CONFIGS = 33
    ALTER_REPLICA_LOG_DIRS = 34
    DESCRIBE_LOG_DIRS = 35
    SASL_AUTHENTICATE = 36
    CREATE_PARTITIONS = 37
    DELETE_GROUPS = 42
    ELECT_LEADERS = 43
    INCREMENTAL_ALTER_CONFIGS = 44
    ALTER_PARTITION_REASSIGNMENTS = 45
    LIST_PARTITION_REASSIGNMENTS = 46
    OFFSET_DELETE = 47
    DESCRIBE_CLIENT_QUOTAS = 48
    ALTER_CLIENT_QUOTAS = 49
    DESCRIBE_USER_SCRAM_CREDENTIALS = 50
    ALTER_USER_SCRAM_CREDENTIALS = 51
    DESCRIBE_QUORUM = 55
    UPDATE_FEATURES = 57
    DESCRIBE_CLUSTER = 60
    DESCRIBE_PRODUCERS = 61
    DESCRIBE_TRANSACTIONS = 65
    LIST_TRANSACTIONS = 66
    LIST_CONFIG_RESOURCES = 74
    DESCRIBE_TOPIC_PARTITIONS = 75

    @property
    def message_name(self) -> str:
        """The stem of its schemas' names: ``OffsetForLeaderEpoch``."""
        return self.name.title().replace("_", "")


SUPPORTED: Mapping[ApiKeys, VersionRange] = MappingProxyType(
    {
        # librdkafka before 2.2 drops gzip, snappy and lz4 where Produce does not start at 0
        # (KAFKA-18659); requests below 3 carry old record formats and are refused by the handler.
        ApiKeys.PRODUCE: VersionRange(0, 8),
        # Fetch 13 and later name topics by id, so Metadata must have real ones first (KIP-516).
        ApiKeys.FETCH: VersionRange(4, 11),
        ApiKeys.LIST_OFFSETS: VersionRange(1, 5),
        ApiKeys.METADATA: VersionRange(0, 8),
        ApiKeys.OFFSET_COMMIT: VersionRange(1, 7),
        ApiKeys.OFFSET_FETCH: VersionRange(1, 5),
        ApiKeys.FIND_COORDINATOR: VersionRange(0, 2),
        ApiKeys.JOIN_GROUP: VersionRange(0, 5),
        ApiKeys.HEARTBEAT: VersionRange(0, 3),
        ApiKeys.LEAVE_GROUP: VersionRange(0, 3),
        ApiKeys.SYNC_GROUP: VersionRange(0, 3),
        ApiKeys.DESCRIBE_GROUPS: VersionRange(0, 4),
        ApiKeys.LIST_GROUPS: VersionRange(0, 2),
        ApiKeys.API_VERSIONS: VersionRange(0, 4),
        ApiKeys.CREATE_TOPICS: VersionRange(0, 4),
        ApiKeys.DELETE_TOPICS: VersionRange(0, 3),
        ApiKeys.DELETE_RECORDS: VersionRange(0, 1),
        ApiKeys.INIT_PRODUCER_ID: VersionRange(0, 1),
        # librdkafka asks for exactly 2.
        ApiKeys.OFFSET_FOR_LEADER_EPOCH: VersionRange(2, 3),
        ApiKeys.ADD_PARTITIONS_TO_TXN: VersionRange(0, 1),
        ApiKeys.ADD_OFFSETS_TO_TXN: VersionRange(0, 1),
        ApiKeys.END_TXN: VersionRange(0, 1),
        ApiKeys.TXN_OFFSET_COMMIT: VersionRange(0, 3),
        ApiKeys.DESCRIBE_CONFIGS: VersionRange(0, 2),
        ApiKeys.INCREMENTAL_ALTER_CONFIGS: VersionRange(0, 0),
        ApiKeys.CREATE_PARTITIONS: VersionRange(0, 1),
        ApiKeys.DELETE_GROUPS: VersionRange(0, 1),
    }
)
