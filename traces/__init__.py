"""What processes did, as a file of events; a file of events, as models."""
