"""``stats`` and ``events`` on a trace whose every figure is known, whole and cut."""

import json
from pathlib import Path
from typing import Any

import pytest

from app.commands.event_fields import event_fields
from app.commands.event_filter import FilterError, parse_filter
from tests.app.commands.support import kafkascope
from tests.traces.journey import CHUNK, TO_CONSUMER, journey, write_journey


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A hand-made journey: one append, fetches by sendfile, mmap and read."""
    return write_journey(tmp_path / "a.trace")


def matching(expression: str) -> list[dict[str, Any]]:
    """The journey's observed events that the filter lets through."""
    condition = parse_filter(expression)
    every = (event_fields(number, event) for number, event in enumerate(journey()))
    return [fields for fields in every if condition(fields)]


def test_stats_json_has_the_fixed_names(trace: Path) -> None:
    run = kafkascope("stats", trace.name, "--json", cwd=trace.parent)
    assert run.returncode == 0, run.stderr
    figures = json.loads(run.stdout)
    assert figures["probe"] == "bpf"
    assert figures["events"] == len(journey())
    assert figures["by_reference_bytes"] == CHUNK
    assert figures["syscalls"]["sendfile"]["calls"] == 1
    assert set(figures["faults"]) == {"minor", "major"}
    assert set(figures["page_cache"]) == {"hits", "misses", "prefetched"}
    assert set(figures["dma"]) == {"read_bytes", "write_bytes"}
    for copy in figures["copies"]:
        assert {"from", "to", "bytes", "count", "evidence"} <= set(copy)


def test_stats_tables_show_evidence_and_reference(trace: Path) -> None:
    run = kafkascope("stats", trace.name, cwd=trace.parent)
    assert run.returncode == 0, run.stderr
    assert "by reference, without a copy: 64.0 KiB" in run.stdout
    assert "observed" in run.stdout


def test_a_cut_trace_is_read_up_to_the_cut(trace: Path) -> None:
    whole = trace.read_bytes()
    trace.write_bytes(whole[:-9])
    for command in ("stats", "events"):
        run = kafkascope(command, trace.name, cwd=trace.parent)
        assert run.returncode == 0, run.stderr
        assert "cut" in run.stderr
        assert run.stdout


def test_events_in_json_are_an_array_with_derived_ones_behind_their_cause(trace: Path) -> None:
    run = kafkascope("events", trace.name, "--json", cwd=trace.parent)
    every = json.loads(run.stdout)
    observed = [event for event in every if event["evidence"] == "observed"]
    assert {event["n"] for event in every} == set(range(len(journey())))
    assert len(observed) >= len(journey())
    handed = [place for place, event in enumerate(every) if event["type"] == "reference"]
    assert sum(every[place]["size"] for place in handed) == CHUNK
    for place in handed:
        assert every[place - 1]["n"] == every[place]["n"]
        assert every[place]["rule"]


def test_events_limit_and_observed_only(trace: Path) -> None:
    few = kafkascope("events", trace.name, "--limit", "3", cwd=trace.parent)
    assert len(few.stdout.splitlines()) == 3
    seen = kafkascope("events", trace.name, "--observed-only", cwd=trace.parent)
    assert len(seen.stdout.splitlines()) == len(journey())


def test_filter_conditions_all_hold() -> None:
    (only,) = matching("type=enter name=sendfile")
    assert only["name"] == "sendfile"
    assert only["fds"][0]["fd"] == TO_CONSUMER.fd
    assert {event["type"] for event in matching("type=fault,switch")} == {"fault", "switch"}
    assert {event["name"] for event in matching("type=enter name=send*")} == {"sendto", "sendfile"}


def test_filter_by_descriptor_file_and_order() -> None:
    assert all("fds" in event for event in matching("fd=9"))
    assert matching("file=*.log") == matching("fd=9")
    assert all(event["n"] < 5 for event in matching("n<5"))
    assert len(matching("n<5")) == 5
    assert matching("") == matching("n>=0")


def test_filter_not_equal_needs_the_field() -> None:
    names = {event["name"] for event in matching("type=enter name!=sendfile")}
    assert "sendfile" not in names
    assert names
    assert matching("ret!=0 type=enter") == []


@pytest.mark.parametrize("expression", ["name", "=x", "colour=red", "ts>soon", "name='open"])
def test_filter_says_what_is_wrong(expression: str) -> None:
    with pytest.raises(FilterError, match=r"\w+"):
        parse_filter(expression)
