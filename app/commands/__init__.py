"""The commands of ``kafkascope``: one module each, wired in ``app.cli``."""
