"""Where the files lie that a real Kafka wrote: beside the repository, never in it."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FIXTURES = Path(os.environ.get("KAFKASCOPE_FIXTURES", ROOT.parent / "shared" / "fixtures"))
REFERENCE = FIXTURES / "reference"
NOT_CLEANLY_SHUT = FIXTURES / "real" / "kafka-2.x-not-cleanly-shut"

needs_fixtures = pytest.mark.skipif(
    not NOT_CLEANLY_SHUT.is_dir(),
    reason=f"no files of a real Kafka in {FIXTURES}; KAFKASCOPE_FIXTURES may say where they are",
)
