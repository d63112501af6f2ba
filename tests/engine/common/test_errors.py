"""Codes and exceptions."""

import pytest
from kio.schema.errors import ErrorCode

from engine.common.errors import ApiException, CorruptRecordException, Errors


def every_exception(base: type[ApiException] = ApiException) -> list[type[ApiException]]:
    """All exceptions there are."""
    return [e for sub in base.__subclasses__() for e in [sub, *every_exception(sub)]]


@pytest.mark.parametrize("error", [e for e in Errors if e > 0])
def test_codes_are_kafkas(error: Errors) -> None:
    """Each code has the name that an independent implementation read in Kafka's table."""
    assert ErrorCode(int(error)).name == error.name.lower()


def test_each_exception_has_its_own_code() -> None:
    """Two exceptions with one code could not be told apart by a client."""
    codes = [exception.error for exception in every_exception()]
    assert len(codes) == len(set(codes)) > 20
    assert Errors.UNKNOWN_SERVER_ERROR not in codes


def test_an_exception_becomes_its_code() -> None:
    """Anything but ours is the server's fault; so is a code from the future."""
    assert Errors.for_exception(CorruptRecordException("x")) is Errors.CORRUPT_MESSAGE
    assert Errors.for_exception(KeyError("x")) is Errors.UNKNOWN_SERVER_ERROR
    assert Errors.for_code(0) is Errors.NONE
    assert Errors.for_code(30_000) is Errors.UNKNOWN_SERVER_ERROR


def test_a_corrupt_record_says_where() -> None:
    """Reason and position are in the sentence and beside it."""
    error = CorruptRecordException("The size is wrong", 122)
    assert str(error) == "The size is wrong (batch at position 122)"
    assert (error.reason, error.position) == ("The size is wrong", 122)
