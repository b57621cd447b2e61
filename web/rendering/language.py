"""The language of a page: English, or another one of `web/translations`.

The browser says which languages its user reads. The switch in the footer sets a cookie, which comes
first. The API and the pages for staff are always in English.
"""

from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import Babel, get_locale
from flask_babel import gettext as translate
from jinja2 import pass_context
from jinja2.runtime import Context

from search.results import Reason

blueprint = Blueprint("language", __name__)

T = TypeVar("T")

ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "de": "Deutsch"}
"""The languages of pages, by code. Each code is a folder of `web/translations`."""
ENGLISH_ONLY = ("/api", "/studio", "/ops", "/login", "/logout", "/password")
"""How paths begin whose answers are not translated."""
COOKIE = "language"
COOKIE_MAX_AGE_S = 365 * 24 * 3600


def N_(message: str) -> str:  # noqa: N802  (the name by which translators' tools know it)
    """Mark a message for translation where it is defined, not shown; return it unchanged."""
    return message


def gettext(message: str, **values: object) -> str:
    """Return a message in the language of the page, with each `%(name)s` filled in."""
    return str(translate(message, **values))


def is_translated() -> bool:
    """Return whether the answer to this request is translated."""
    return not request.path.startswith(ENGLISH_ONLY)


def language() -> str:
    """Return the code of the language of the answer."""
    if not is_translated():
        return ENGLISH
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or ENGLISH


@blueprint.post("/language")
def choose() -> ResponseReturnValue:
    """Remember the language that was chosen in the footer, and show the same page again.

    This changes nothing that anyone else sees, so the form has no token against forged requests.
    """
    response = redirect(_previous_page(), 303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=COOKIE_MAX_AGE_S,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


def _previous_page() -> str:
    """Return the address of our page that sent this request, or else of the home page."""
    home = url_for("pages.home")
    page = urlsplit(request.referrer or "")
    if page.netloc != request.host or not page.path.startswith("/"):
        return home
    path = "/" + page.path.lstrip("/")  # `//host/` would be another site
    return f"{path}?{page.query}" if page.query else path


ATTRIBUTE_NAMES = (N_("Brand"), N_("Category"), N_("Colour"), N_("Material"), N_("Pattern"))
"""Names of the built-in attributes. Those of a shop's own vocabulary are not translated."""


def attribute_label(name: str) -> str:
    """Return the name of an attribute in the language of the page."""
    return gettext(name.capitalize())


def reason_text(reason: Reason) -> str:
    """Return a reason as a sentence in the language of the page, with words in quotes."""
    values = {
        name: ", ".join(gettext("“%(word)s”", word=word) for word in value)
        if isinstance(value, tuple)
        else value
        for name, value in reason.values.items()
    }
    if "attribute" in values:
        values["attribute"] = gettext(str(values["attribute"]))
    return gettext(reason.message, **values)


def _at_each_request(words: Callable[[T], str]) -> Callable[[Context, T], str]:
    """Return a filter that runs at each request: Jinja folds filters of constants otherwise."""

    @pass_context
    def filter_(_context: Context, value: T) -> str:
        return words(value)

    return filter_


def install(app: Flask) -> None:
    """Translate templates, and let caches know what a page depends on."""
    Babel(app, default_locale=ENGLISH, locale_selector=language)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    for words in (attribute_label, reason_text):
        app.add_template_filter(_at_each_request(words), words.__name__)

    @app.context_processor
    def language_of_page() -> dict[str, object]:
        return {
            "language": str(get_locale()),
            "languages": LANGUAGES if is_translated() else {},
        }

    @app.after_request
    def add_vary(response: Response) -> Response:
        if response.mimetype == "text/html" and is_translated():
            response.vary.update(("Accept-Language", "Cookie"))
        return response
