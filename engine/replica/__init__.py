"""The replica manager: partitions, appends, reads and who waits for them."""
