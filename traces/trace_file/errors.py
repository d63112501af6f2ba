"""The one error of this package."""


class TraceError(Exception):
    """A trace cannot be read or written; the text is one sentence with what to do."""
