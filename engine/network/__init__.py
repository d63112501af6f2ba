"""Acceptor, processors and the request channel between them and the handlers."""
