"""Widgets: thin, fed by ``data_bind``, asking nobody."""
