"""A small Kafka and nothing else: it does not know that it is watched."""
