"""Puts the broker together, starts it and stops it.

Stopping goes from the outside in: no new requests, the queued ones are answered, then the logs are
flushed and closed, which leaves the mark of a clean shutdown.

System calls: those of the parts.

Kafka: kafka.server.BrokerServer
"""

import contextlib
import logging

from engine.common.kafka_scheduler import KafkaScheduler
from engine.coordinator.group_config import GroupConfig
from engine.coordinator.group_coordinator import GroupCoordinator
from engine.coordinator.group_metadata_manager import GROUP_METADATA_TOPIC, GroupMetadataManager
from engine.coordinator.producer_id_manager import ProducerIdManager
from engine.log.cleaner_config import CleanerConfig
from engine.log.log_manager import LogManager
from engine.log.producer_state_manager import ProducerStateManager
from engine.log.server_log_configs import ServerLogConfigs
from engine.network.request_channel import RequestChannel
from engine.network.socket_server import SocketServer, SocketServerConfigs
from engine.nio.file_channel import FileChannel
from engine.nio.transfer_mode import TransferMode
from engine.protocol.messages import preload
from engine.replica.replica_manager import ReplicaManager
from engine.server.broker_context import BrokerContext
from engine.server.kafka_apis import HANDLERS, KafkaApis
from engine.server.kafka_config import KafkaConfig
from engine.server.kafka_request_handler_pool import KafkaRequestHandlerPool
from engine.server.node import Node
from engine.server.topic_configs import TopicConfigs
from engine.server.topic_manager import TopicManager

_log = logging.getLogger(__name__)


class BrokerServer:
    """One broker: ``startup``, then ``shutdown``."""

    def __init__(self, config: KafkaConfig, data_dir: str, host: str, port: int) -> None:
        self._config = config
        self._data_dir = data_dir
        self._host = host
        self._requested_port = port
        self._closers = contextlib.ExitStack()
        self.port = 0

    def startup(self) -> None:
        """Start everything; OSError for a busy port, LogDirError and others for the data directory.

        Whatever was started is stopped again if something fails.
        """
        with contextlib.ExitStack() as started:
            self._start(started)
            self._closers = started.pop_all()
        _log.info("started on %s:%d with the data of %s", self._host, self.port, self._data_dir)

    def shutdown(self) -> None:
        """Stop everything, in the opposite order."""
        self._closers.close()
        _log.info("stopped")

    def _start(self, started: contextlib.ExitStack) -> None:
        config = self._config
        FileChannel.transfer_mode = TransferMode(config.text("kafkascope.transfer.mode"))
        ProducerStateManager.producer_id_expiration_ms = config.integer("producer.id.expiration.ms")
        FileChannel.bounce_buffer_size = config.integer("kafkascope.transfer.buffer.bytes")
        request_channel = RequestChannel(config.integer("queued.max.requests"))
        socket_server = SocketServer(self._socket_server_configs(), request_channel)
        started.callback(socket_server.close)
        self.port = socket_server.bound_port
        scheduler = KafkaScheduler()
        log_manager = LogManager(
            self._data_dir,
            config.log_config,
            broker_id=config.integer("broker.id"),
            tasks=self._server_log_configs(),
            scheduler=scheduler,
            cleaner_config=self._cleaner_config(),
        )
        log_manager.startup()
        started.callback(log_manager.shutdown)
        replica_manager = ReplicaManager(log_manager)
        started.callback(replica_manager.shutdown)
        topics = TopicManager(log_manager, TopicConfigs(self._data_dir, config.log_config))
        coordinator = self._coordinator(replica_manager, topics)
        started.callback(coordinator.shutdown)
        scheduler.startup()
        started.callback(scheduler.shutdown)
        node = Node(config.integer("broker.id"), self._host, self.port)
        context = BrokerContext(
            config,
            node,
            log_manager.cluster_id,
            topics,
            replica_manager,
            coordinator,
            ProducerIdManager(),
        )
        preload(HANDLERS)
        apis = KafkaApis(context, request_channel)
        pool = KafkaRequestHandlerPool(request_channel, apis, config.integer("num.io.threads"))
        started.callback(pool.shutdown)
        socket_server.enable_request_processing()
        started.callback(socket_server.stop_processing_requests)

    def _coordinator(
        self, replica_manager: ReplicaManager, topics: TopicManager
    ) -> GroupCoordinator:
        config = self._config
        partitions = config.integer("offsets.topic.num.partitions")

        def ensure_topic() -> int:
            return topics.ensure(GROUP_METADATA_TOPIC, partitions, self._offsets_properties())

        # Without its policy, a directory from before it was compacted would lose old commits.
        topics.complete_properties(GROUP_METADATA_TOPIC, self._offsets_properties())
        manager = GroupMetadataManager(replica_manager, ensure_topic)
        logs = replica_manager.log_manager.all_logs()
        manager.load(log for log in logs if log.topic_partition.topic == GROUP_METADATA_TOPIC)
        session_timeouts = (
            config.integer("group.min.session.timeout.ms"),
            config.integer("group.max.session.timeout.ms"),
        )
        group_config = GroupConfig(
            session_timeouts,
            config.integer("group.max.size"),
            config.integer("group.initial.rebalance.delay.ms"),
        )
        return GroupCoordinator(group_config, manager)

    def _offsets_properties(self) -> dict[str, str]:
        segment_bytes = str(self._config.integer("offsets.topic.segment.bytes"))
        return {"segment.bytes": segment_bytes, "cleanup.policy": "compact"}

    def _cleaner_config(self) -> CleanerConfig:
        config = self._config
        return CleanerConfig(
            enable_cleaner=config.boolean("log.cleaner.enable"),
            backoff_ms=config.integer("log.cleaner.backoff.ms"),
            dedupe_buffer_size=config.integer("log.cleaner.dedupe.buffer.size"),
        )

    def _server_log_configs(self) -> ServerLogConfigs:
        config = self._config
        return ServerLogConfigs(
            initial_task_delay_ms=config.integer("log.initial.task.delay.ms"),
            retention_check_interval_ms=config.integer("log.retention.check.interval.ms"),
            flush_scheduler_interval_ms=config.integer("log.flush.scheduler.interval.ms"),
            flush_offset_checkpoint_interval_ms=config.integer(
                "log.flush.offset.checkpoint.interval.ms"
            ),
            flush_start_offset_checkpoint_interval_ms=config.integer(
                "log.flush.start.offset.checkpoint.interval.ms"
            ),
        )

    def _socket_server_configs(self) -> SocketServerConfigs:
        config = self._config
        return SocketServerConfigs(
            host=self._host,
            port=self._requested_port,
            num_network_threads=config.integer("num.network.threads"),
            max_request_size=config.integer("socket.request.max.bytes"),
            connections_max_idle_ms=config.integer("connections.max.idle.ms"),
            listen_backlog=config.integer("socket.listen.backlog.size"),
            receive_buffer=config.integer("socket.receive.buffer.bytes"),
        )
