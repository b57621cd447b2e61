"""Turns errors into answers: one table of statuses, problem details for the API, pages for people.

Messages of our own faults are not shown, since they may name files and hosts. They are logged under
an incident number that the answer shows.
"""

import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

import structlog
from flask import Flask, Response, render_template, request
from flask.typing import ResponseReturnValue
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, UnprocessableEntity

from search import errors
from search.errors import FindalikeError, UnknownProduct, UnusablePicture
from web.problems import Problem, RefusedField
from web.rendering.language import N_, gettext

log = structlog.get_logger()

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True)
class ErrorAnswer:
    """The answer to a kind of error."""

    status: int
    kind: str  # last part of the problem's type
    title: str
    detail: str | None = None  # None: the error's own message, which is meant for the client
    on_pages: str | None = None  # what pages show instead of a message for operators


BUSY = N_("The search can't answer right now. Please try again in a moment.")
BROKEN = N_("Something went wrong on our side. It has been noted.")
NOT_READY = ErrorAnswer(503, "not-ready", N_("Not ready"), BUSY)
OWN_FAULT = ErrorAnswer(500, "own-fault", N_("Something went wrong"), BROKEN)

ANSWERS: dict[type[FindalikeError], ErrorAnswer] = {
    errors.FindalikeError: OWN_FAULT,
    errors.WrongSetting: OWN_FAULT,
    errors.UnusableVocabulary: OWN_FAULT,
    errors.DatabaseUnavailable: NOT_READY,
    errors.SchemaOutdated: NOT_READY,
    errors.ModelUnavailable: NOT_READY,
    errors.DeviceOutOfMemory: NOT_READY,
    errors.UnusablePicture: ErrorAnswer(422, "unusable-picture", N_("This picture can't be used")),
    errors.UnusableCatalogue: OWN_FAULT,
    errors.CatalogueShrunk: OWN_FAULT,
    errors.UnusableQuery: ErrorAnswer(400, "unusable-query", N_("This can't be searched for")),
    errors.UnknownProduct: ErrorAnswer(404, "unknown-product", N_("No such product")),
    errors.UnknownPicture: ErrorAnswer(404, "unknown-picture", N_("No such picture")),
    errors.NoLocalFeatures: ErrorAnswer(409, "no-local-features", "Nothing to compare"),
    errors.UnknownEvent: ErrorAnswer(404, "unknown-event", "No such search event"),
    errors.NotShown: ErrorAnswer(409, "not-shown", "Not shown"),
    errors.UnusableRule: ErrorAnswer(400, "unusable-rule", "This rule can't be kept"),
    errors.UnknownRule: ErrorAnswer(404, "unknown-rule", "No such rule"),
    errors.UnusableEntry: ErrorAnswer(400, "unusable-entry", "This can't be kept"),
    errors.UnknownEntry: ErrorAnswer(404, "unknown-entry", "Not found"),
    errors.EditedMeanwhile: ErrorAnswer(409, "edited-meanwhile", "Edited meanwhile"),
    errors.NoGeneration: ErrorAnswer(
        503,
        "nothing-published",
        N_("Nothing to search yet"),
        N_("The catalogue is not indexed yet."),
    ),
    errors.UnknownGeneration: ErrorAnswer(404, "unknown-generation", "No such generation"),
    errors.ModelMismatch: ErrorAnswer(
        503, "model-mismatch", "The model is not the one of the index", on_pages=BUSY
    ),
    errors.DimensionMismatch: OWN_FAULT,
    errors.DamagedGeneration: NOT_READY,
    errors.DamagedShard: OWN_FAULT,
    errors.RehearsalRefused: ErrorAnswer(409, "refused", "Not published"),
    errors.NothingToBuild: OWN_FAULT,
    errors.JobFailed: OWN_FAULT,
    errors.TooManyChanges: ErrorAnswer(503, "too-many-changes", "Too many changes wait"),
    errors.AlreadyRunning: ErrorAnswer(409, "already-running", "Already running"),
}
"""The answer to every error of the tree; a class without an entry is answered as its base."""

STATUS_WORDS = {
    400: (N_("This can't be understood"), N_("Please go back and try it another way.")),
    404: (N_("There is nothing here"), N_("The address may be mistyped, or the thing is gone.")),
    405: (
        N_("That doesn't work here"),
        N_("This address shows nothing when it is opened like that."),
    ),
    413: (N_("This picture is too large"), N_("Please choose a smaller one.")),
    422: (
        N_("This address can't be understood"),
        N_("A part of it has a value that is not allowed."),
    ),
    429: (N_("That was a lot at once"), N_("Please try again in a moment.")),
}
"""What a page shows instead of HTTP's own words for a status."""

PICTURE_REASONS = {
    "empty": N_("The file is empty. Please choose it again."),
    "not_a_picture": N_(
        "This is not a picture that can be read. JPEG, PNG, WebP and HEIC are fine."
    ),
    "truncated": N_("The picture's file ends early. Please send it again."),
    "damaged": N_("The picture's file is damaged. Please try another."),
    "too_large": N_("The picture has more pixels than can be read. Please choose a smaller one."),
    "bad_address": N_("This is no address of a picture. It begins with http:// or https://."),
    "private_address": N_("This address is not one that everyone can open. Try another picture."),
    "no_addresses": N_("Addresses of pictures are not taken here. Please send the picture itself."),
    "busy": N_("Many pictures are being fetched. Please try again in a moment."),
    "timeout": N_("The other site took too long to hand out this picture."),
    "unreachable": N_("The other site can't be reached. Is the address right?"),
    "redirect_loop": N_("The other site sends us around in circles. Try another address."),
    "web_page": N_(
        "This is the address of a web page. Open the picture itself, and copy its address."
    ),
    "refused": N_("The other site does not hand out this picture. Try to save it, and send it."),
    "too_small": N_("The picture is too small, or far longer than wide. Please choose another."),
}
"""What a page shows for each reason why a picture can't be used."""


class InvalidFields(UnprocessableEntity):
    """Fields of a request that can't be used."""

    def __init__(self, refused: list[RefusedField]) -> None:
        super().__init__(" ".join(f"{field.field}: {field.detail}." for field in refused))
        self.refused = refused

    @classmethod
    def of(cls, error: ValidationError) -> Self:
        """Return the fields that pydantic refused, with its messages."""
        return cls(
            [
                RefusedField(field=".".join(map(str, e["loc"])) or "body", detail=e["msg"])
                for e in error.errors(include_context=False, include_input=False)
            ]
        )


def answer_to(error: FindalikeError) -> ErrorAnswer:
    """Return the answer to this error, or to its nearest base."""
    return next(ANSWERS[kind] for kind in type(error).__mro__ if kind in ANSWERS)


def problem_of(error: Exception, *, on_page: bool = False) -> Problem:
    """Describe an error to the client. Our own faults are logged, and their messages not shown."""
    if isinstance(error, HTTPException):
        status = HTTPStatus(error.code or 500)
        return Problem(
            type="about:blank",  # RFC 9457: nothing to say beyond the status
            title=status.phrase,
            status=status,
            detail=error.description or status.description,
            errors=error.refused if isinstance(error, InvalidFields) else None,
        )
    if isinstance(error, FindalikeError):
        answer = answer_to(error)
    else:
        answer = NOT_READY if isinstance(error, OperationalError) else OWN_FAULT
    title, detail = answer.title, answer.detail or str(error)
    if on_page:
        title, detail = gettext(title), _in_plain_words(error, answer)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        incident = secrets.token_hex(4)
        log.error("request_failed", incident=incident, path=request.path, exc_info=error)
        number = (
            gettext("incident %(number)s", number=incident) if on_page else f"incident {incident}"
        )
        detail = f"{detail} ({number})"
    return Problem(
        type=f"urn:findalike:problem:{answer.kind}",
        title=title,
        status=answer.status,
        detail=detail,
        reason=error.reason if isinstance(error, UnusablePicture) else None,
    )


def _in_plain_words(error: Exception, answer: ErrorAnswer) -> str:
    """Return what a page shows of an error; what has no translation stays English."""
    if isinstance(error, UnusablePicture):
        refused = error.reason.startswith("http_")  # followed by the other site's status
        reason = "refused" if refused else error.reason
        if reason in PICTURE_REASONS:
            return gettext(PICTURE_REASONS[reason])
    if isinstance(error, UnknownProduct):
        return gettext("No product has the article number %(sku)s.", sku=error.sku)
    return gettext(answer.on_pages or answer.detail or str(error))


def wants_problem() -> bool:
    """Say whether the client is a program."""
    return request.path.startswith("/api/") or request.path in ("/healthz", "/readyz", "/metrics")


def respond(error: Exception) -> ResponseReturnValue:
    """Answer an error: with problem details for programs, with a page for people."""
    if isinstance(error, HTTPException) and error.response is not None:
        return error.get_response()
    to_program = wants_problem()
    problem = problem_of(error, on_page=not to_program)
    if to_program:
        content = problem.model_dump_json(exclude_none=True)
        response = Response(content, problem.status, content_type=PROBLEM_JSON)
    else:
        title, detail = problem.title, problem.detail
        if isinstance(error, HTTPException):
            title, detail = map(gettext, STATUS_WORDS.get(problem.status, (title, detail)))
        page = render_template("error.html", status=problem.status, title=title, detail=detail)
        response = Response(page, problem.status, content_type="text/html; charset=utf-8")
    if isinstance(error, HTTPException):  # Allow, Retry-After and the like
        for name, value in error.get_headers():
            if name != "Content-Type":
                response.headers[name] = value
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def install(app: Flask) -> None:
    """Answer every error of the application."""
    app.register_error_handler(Exception, respond)
