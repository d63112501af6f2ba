"""KafkaApis, its handlers, the handler pool and the wiring of a broker."""
