"""Puts a whole trace into order again, for the rare events that came too late."""

import os
from operator import attrgetter
from pathlib import Path
from typing import Final

from traces.trace_file import TraceError, TraceReader, TraceWriter

MOST: Final = 4_000_000
"""Events are sorted in memory, about 250 bytes each."""


def restore_order(path: Path) -> str | None:
    """Rewrite a complete trace sorted by time; return one sentence if that was not possible.

    The new file takes the old one's place only once it is whole.
    """
    part = path.with_name(f"{path.name}.sorting")
    try:
        with TraceReader(path) as reader:
            if len(reader) > MOST:
                return f"Some of the {len(reader)} events came late and stand out of order."
            events = sorted(reader.events(), key=attrgetter("ts"))
            with TraceWriter(part, reader.header) as writer:
                writer.lost = reader.lost
                writer.write(events)
        os.replace(part, path)
    except (TraceError, OSError) as error:
        part.unlink(missing_ok=True)
        return f"Some events came late and stand out of order ({error})."
    return None
