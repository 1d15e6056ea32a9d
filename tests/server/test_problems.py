"""Every error of the tree is answered as a problem that the libraries and people understand."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

import pytest

from trato import errors
from trato.server.problems import note_fault, problem, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def tree(kind: type[errors.TratoError] = errors.TratoError) -> Iterator[type[errors.TratoError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


def made(kind: type[errors.TratoError]) -> errors.TratoError:
    if issubclass(kind, errors.TooMuchAtOnce):
        return kind("what is wrong", seconds=7)
    return kind("what is wrong", hint="what to do", where="shop/sources.yaml:3")


@pytest.mark.parametrize("kind", list(tree()), ids=lambda kind: kind.code)
def test_an_error_is_told_with_its_code_and_no_place_of_ours(kind: type[errors.TratoError]) -> None:
    answer = problem(made(kind))
    told = json.loads(bytes(answer.body))
    assert answer.media_type == "application/problem+json"
    assert 400 <= answer.status_code == told["status"] < 600
    assert (told["code"], told["message"], told["detail"]) == (kind.code, "what is wrong", "what is wrong")
    assert "sources.yaml" not in str(told)
    asks_to_wait = answer.status_code in {429, 503}
    assert ("retry-after" in answer.headers) is asks_to_wait
    if issubclass(kind, errors.StorageError):
        assert answer.status_code == 503
        assert "hint" not in told


def test_the_nearest_class_decides() -> None:
    assert status_of(errors.BadOption("x")) == 400
    assert status_of(errors.UnknownCustomer("x")) == 404
    assert status_of(errors.PermissionWithdrawn("x")) == 403
    assert status_of(errors.PermitVoid("x")) == 500
    assert problem(errors.TooMuchAtOnce("x", seconds=7)).headers["retry-after"] == "7"


def test_a_fault_is_noted_without_what_it_may_tell_of_customers(caplog: pytest.LogCaptureFixture) -> None:
    personal = "ana@example.org"
    try:
        raise ValueError(personal)  # noqa: TRY301 as a library would
    except ValueError as error:
        with caplog.at_level(logging.ERROR):
            note_fault(error)
    assert "ValueError" in caplog.text
    assert "test_a_fault_is_noted" in caplog.text  # where it arose
    assert personal not in caplog.text
