"""What every layer of the engine may use: errors, topic partitions, varints, checksums."""
