"""The language of a page: English as written here, or another that `web/translations` holds.

The browser says which languages its reader knows; the switch in the footer overrides that with a
cookie. The API and the pages for staff are in English, whatever was chosen.
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
"""What pages can be read in: code to its own name. The codes name folders of `web/translations`."""
ENGLISH_ONLY = ("/api", "/studio", "/ops", "/login", "/logout", "/password")
"""Where addresses begin whose answers are not translated."""
COOKIE = "language"
KEPT_S = 365 * 24 * 3600


def N_(message: str) -> str:  # noqa: N802  (the name by which translators' tools know it)
    """Mark a message for translation where it is not shown yet; returns it as it is."""
    return message


def gettext(message: str, **values: object) -> str:
    """Return a message in the language of the page, each `%(name)s` in it filled in."""
    return str(translate(message, **values))


def is_translated() -> bool:
    """Say whether the answer to this request is in the reader's language."""
    return not request.path.startswith(ENGLISH_ONLY)


def language() -> str:
    """Return the code of the language that answers this request."""
    if not is_translated():
        return ENGLISH
    chosen = request.cookies.get(COOKIE)
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(LANGUAGES) or ENGLISH


@blueprint.post("/language")
def choose() -> ResponseReturnValue:
    """Remember the language of the footer's switch and show the page again where it was pressed.

    Like searching, it changes nothing that anyone else sees, so it takes no token against forged
    requests.
    """
    response = redirect(_came_from(), 303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        response.set_cookie(
            COOKIE,
            chosen,
            max_age=KEPT_S,
            secure=request.is_secure,
            httponly=True,
            samesite="Lax",
        )
    return response


def _came_from() -> str:
    """Return the address of the page of ours that sent this request; the home page by default."""
    home = url_for("pages.home")
    page = urlsplit(request.referrer or "")
    if page.netloc != request.host or not page.path.startswith("/"):
        return home
    path = "/" + page.path.lstrip("/")  # `//host/` would be another site
    return f"{path}?{page.query}" if page.query else path


NAMES = (N_("Brand"), N_("Category"), N_("Colour"), N_("Material"), N_("Pattern"))
"""What built-in attributes are called; those of a shop's own vocabulary stay as it names them."""


def attribute_label(name: str) -> str:
    """Return what an attribute is called on a page."""
    return gettext(name.capitalize())


def said(reason: Reason) -> str:
    """Return a reason as a sentence in the language of the page; words are quoted and listed."""
    values = {
        name: ", ".join(gettext("“%(word)s”", word=word) for word in value)
        if isinstance(value, tuple)
        else value
        for name, value in reason.values.items()
    }
    if "attribute" in values:
        values["attribute"] = gettext(str(values["attribute"]))
    return gettext(reason.message, **values)


def _for_each_request(words: Callable[[T], str]) -> Callable[[Context, T], str]:
    """Keep Jinja from asking once, while it compiles a template, what a constant is called."""

    @pass_context
    def filter_(_context: Context, value: T) -> str:
        return words(value)

    return filter_


def install(app: Flask) -> None:
    """Translate templates, and tell caches what a page depends on."""
    Babel(app, default_locale=ENGLISH, locale_selector=language)
    app.jinja_env.policies["ext.i18n.trimmed"] = True
    for words in (attribute_label, said):
        app.add_template_filter(_for_each_request(words), words.__name__)

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
