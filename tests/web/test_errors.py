"""Every error has a response, and no response reveals too much."""

import inspect

import pytest
from flask import Flask
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import NotFound

from search import errors
from search.errors import FindalikeError
from web.errors import ANSWERS, InvalidFields, answer_to, problem_of


def error_tree() -> list[type[FindalikeError]]:
    return [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, FindalikeError)
    ]


@pytest.mark.parametrize("kind", error_tree(), ids=lambda kind: kind.__name__)
def test_every_error_has_its_own_answer(kind: type[FindalikeError]) -> None:
    """An error that is added to the tree must get a response on purpose."""
    assert kind in ANSWERS
    assert 400 <= ANSWERS[kind].status <= 599


def test_the_table_holds_no_error_that_is_gone() -> None:
    assert set(ANSWERS) == set(error_tree())


def test_a_subclass_is_answered_as_its_base() -> None:
    class BlurredPicture(errors.UnusablePicture):
        """Too blurred."""

    assert answer_to(BlurredPicture("blurred", "Hold still.")) is ANSWERS[errors.UnusablePicture]


@pytest.fixture
def in_request() -> Flask:
    return Flask(__name__)


def test_our_own_faults_keep_their_secrets(in_request: Flask) -> None:
    """Messages for operators name hosts and files; clients only get a number to quote."""
    with in_request.test_request_context("/api/v1/search"):
        problem = problem_of(errors.DamagedGeneration("/srv/secret/index.faiss is truncated"))
        other = problem_of(OperationalError("SELECT 1", {}, Exception("host db7 is down")))
        bug = problem_of(ZeroDivisionError("division by zero"))

    assert (problem.status, other.status, bug.status) == (503, 503, 500)
    shown = problem.detail + other.detail + bug.detail
    assert shown.count("incident") == 3
    assert not any(word in shown for word in ("secret", "db7", "division"))


def test_what_the_client_did_is_explained(in_request: Flask) -> None:
    with in_request.test_request_context("/api/v1/search"):
        picture = problem_of(errors.UnusablePicture("truncated", "The file ends too early."))
        query = problem_of(errors.UnusableQuery("k is 0; it must be 1 to 100."))
        missing = problem_of(NotFound("There is no such picture."))

    assert (picture.status, picture.reason) == (422, "truncated")
    assert picture.detail == "The file ends too early."
    assert picture.type == "urn:findalike:problem:unusable-picture"
    assert (query.status, query.detail) == (400, "k is 0; it must be 1 to 100.")
    assert (missing.status, missing.type) == (404, "about:blank")


def test_refused_fields_are_named() -> None:
    class Fields(BaseModel):
        k: int

    with pytest.raises(ValidationError) as refused:
        Fields.model_validate({"k": "many"})

    error = InvalidFields.of(refused.value)

    assert [field.field for field in error.refused] == ["k"]
    assert "many" not in error.refused[0].detail, "what was sent is not sent back"
