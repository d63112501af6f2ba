"""The broker's properties, one row each: what can be set and what it does here.

Names, types and defaults are Kafka's; the few of ours begin with ``kafkascope.``. The properties of
the logs (``log.*``, ``message.max.bytes`` ...) stand in ``LogConfig``.

System calls: none.

Kafka: kafka.server.KafkaConfig
"""

from engine.server.config_def import ConfigKey, ConfigType, at_least, one_of

_INT, _LONG, _STRING = ConfigType.INT, ConfigType.LONG, ConfigType.STRING
_BOOLEAN = ConfigType.BOOLEAN
_YES = True

PROPERTIES: tuple[ConfigKey, ...] = (
    ConfigKey("broker.id", _INT, 0, "this broker's number in Metadata", at_least(0)),
    ConfigKey("log.dirs", _STRING, "", "the data directory; --data-dir comes first"),
    ConfigKey("listeners", _STRING, "", "PLAINTEXT://host:port; --host and --port come first"),
    ConfigKey("num.network.threads", _INT, 3, "processors", at_least(1)),
    ConfigKey("num.io.threads", _INT, 8, "request handlers", at_least(1)),
    ConfigKey("queued.max.requests", _INT, 500, "requests that may wait", at_least(1)),
    ConfigKey("socket.request.max.bytes", _INT, 104_857_600, "largest frame", at_least(1)),
    ConfigKey(
        "socket.receive.buffer.bytes", _INT, 102_400, "SO_RCVBUF; -1 leaves it", at_least(-1)
    ),
    ConfigKey("socket.listen.backlog.size", _INT, 50, "listen(2)'s backlog", at_least(1)),
    ConfigKey("connections.max.idle.ms", _LONG, 600_000, "idle connections are closed; -1 never"),
    ConfigKey("num.partitions", _INT, 1, "partitions of a new topic", at_least(1)),
    ConfigKey("default.replication.factor", _INT, 1, "only 1 is possible here", at_least(1)),
    ConfigKey("auto.create.topics.enable", _BOOLEAN, _YES, "Metadata creates missing topics"),
    ConfigKey("delete.topic.enable", _BOOLEAN, _YES, "DeleteTopics is allowed"),
    ConfigKey("fetch.max.bytes", _INT, 57_671_680, "largest answer to a fetch", at_least(1024)),
    ConfigKey("log.initial.task.delay.ms", _LONG, 30_000, "before the first run", at_least(0)),
    ConfigKey(
        "log.retention.check.interval.ms", _LONG, 300_000, "how often old data goes", at_least(1)
    ),
    ConfigKey(
        "log.flush.scheduler.interval.ms",
        _LONG,
        (1 << 63) - 1,
        "how often log.flush.interval.ms is looked at, and its default",
        at_least(1),
    ),
    ConfigKey(
        "log.flush.offset.checkpoint.interval.ms",
        _INT,
        60_000,
        "how often recovery points are written down",
        at_least(0),
    ),
    ConfigKey(
        "log.flush.start.offset.checkpoint.interval.ms",
        _INT,
        60_000,
        "how often the logs' start offsets are written down",
        at_least(0),
    ),
    ConfigKey("log.cleaner.enable", _BOOLEAN, _YES, "compacted topics are compacted"),
    ConfigKey(
        "log.cleaner.backoff.ms", _LONG, 15_000, "pause when nothing is to be cleaned", at_least(0)
    ),
    ConfigKey(
        "log.cleaner.dedupe.buffer.size",
        _LONG,
        128 << 20,
        "most bytes for the offsets of keys while cleaning",
        at_least(1 << 20),
    ),
    ConfigKey("offsets.topic.num.partitions", _INT, 50, "of __consumer_offsets", at_least(1)),
    ConfigKey("offsets.topic.segment.bytes", _INT, 100 << 20, "of its segments", at_least(1)),
    ConfigKey("offset.metadata.max.bytes", _INT, 4096, "longest commit metadata", at_least(0)),
    ConfigKey("group.initial.rebalance.delay.ms", _INT, 3000, "wait for more members", at_least(0)),
    ConfigKey("group.min.session.timeout.ms", _INT, 6000, "shortest session", at_least(0)),
    ConfigKey("group.max.session.timeout.ms", _INT, 1_800_000, "longest session", at_least(1)),
    ConfigKey("group.max.size", _INT, (1 << 31) - 1, "members of a group", at_least(1)),
    ConfigKey(
        "producer.id.expiration.ms",
        _INT,
        86_400_000,
        "idle idempotent producers are forgotten",
        at_least(1),
    ),
    ConfigKey(
        "kafkascope.transfer.mode",
        _STRING,
        "auto",
        "how FileChannel.transfer_to moves bytes",
        one_of("auto", "sendfile", "mmap", "read-write", "splice"),
    ),
    ConfigKey(
        "kafkascope.transfer.buffer.bytes",
        _INT,
        65_536,
        "the bounce buffer of read-write; the JDK's is 8192",
        at_least(512),
    ),
)

# Real broker properties of Kafka 3.9 that a server.properties may well hold and that do nothing
# here: one broker, no replication, no TLS, no controller. They are named on stderr, not refused.
WITHOUT_EFFECT: frozenset[str] = frozenset(
    {
        "advertised.listeners",
        "auto.leader.rebalance.enable",
        "background.threads",
        "connections.max.reauth.ms",
        "control.plane.listener.name",
        "controlled.shutdown.enable",
        "controller.listener.names",
        "controller.quorum.bootstrap.servers",
        "controller.quorum.voters",
        "fetch.purgatory.purge.interval.requests",
        "group.coordinator.rebalance.protocols",
        "host.name",
        "inter.broker.listener.name",
        "inter.broker.protocol.version",
        "leader.imbalance.check.interval.seconds",
        "leader.imbalance.per.broker.percentage",
        "listener.security.protocol.map",
        "log.cleaner.io.buffer.load.factor",
        "log.cleaner.io.buffer.size",
        "log.cleaner.io.max.bytes.per.second",
        "log.cleaner.threads",
        "log.dir",
        "max.connection.creation.rate",
        "max.connections",
        "max.connections.per.ip",
        "metadata.log.dir",
        "metric.reporters",
        "metrics.num.samples",
        "metrics.sample.window.ms",
        "node.id",
        "num.recovery.threads.per.data.dir",
        "num.replica.fetchers",
        "offsets.commit.timeout.ms",
        "offsets.load.buffer.size",
        "offsets.retention.check.interval.ms",
        "offsets.retention.minutes",
        "offsets.topic.compression.codec",
        "offsets.topic.replication.factor",
        "port",
        "process.roles",
        "producer.purgatory.purge.interval.requests",
        "queued.max.request.bytes",
        "quota.window.num",
        "replica.fetch.max.bytes",
        "replica.lag.time.max.ms",
        "request.timeout.ms",
        "sasl.enabled.mechanisms",
        "security.inter.broker.protocol",
        "socket.send.buffer.bytes",
        "transaction.max.timeout.ms",
        "transaction.state.log.min.isr",
        "transaction.state.log.num.partitions",
        "transaction.state.log.replication.factor",
        "transactional.id.expiration.ms",
        "zookeeper.connect",
        "zookeeper.connection.timeout.ms",
        "zookeeper.session.timeout.ms",
    }
)

# Read and checked by LogConfig, shown by DescribeConfigs, and without effect: there is one replica.
LOG_PROPERTIES_WITHOUT_EFFECT: frozenset[str] = frozenset(
    {
        "min.insync.replicas",
        "unclean.leader.election.enable",
    }
)
