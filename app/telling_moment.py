"""The moment of a trace that a still picture should show."""

from pathlib import Path

from traces.event import Copy, DerivedEvent, HandOver, Region
from traces.models.derivation import Derivation
from traces.replay.replay import Replay
from traces.trace_file import TraceReader

ANYWHERE = 0.6


def telling_moment(trace: Path) -> float:
    """Where in the story (0 to 1) most of a file goes to a socket, by reference if any does.

    ``ANYWHERE`` if nothing goes there.
    """
    with TraceReader(trace) as reader:
        story = Replay(reader).story
        rules = Derivation(reader.header.capabilities)
        weights = [
            max((_weight(following) for following in rules.feed(event)), default=(False, 0))
            for event in reader.events()
        ]
    best = max((weights[index] for index in story), default=(False, 0))
    if not best[1]:
        return ANYWHERE
    place = next(place for place, index in enumerate(story) if weights[index] == best)
    return place / max(len(story) - 1, 1)


def _weight(event: DerivedEvent) -> tuple[bool, int]:
    if isinstance(event, HandOver | Copy) and event.target is Region.SOCKET:
        return isinstance(event, HandOver), event.size
    return False, 0
