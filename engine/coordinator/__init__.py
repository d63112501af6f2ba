"""The group coordinator and its state machine."""
