"""Whether a shopper agreed that clicks are recorded. Without a clear yes it is no.

The answer is a first-party cookie that `static/clicks.js` sets when the page asks; it names nobody.
A browser that asks not to be tracked is not asked, and its cookie does not count. The cookie is
SameSite=Lax, so that a page of another site can't send clicks in a shopper's name.
"""

from flask import Request
from werkzeug.exceptions import Forbidden

COOKIE = "clicks"
AGREED = "yes"


def check_consent(request: Request) -> None:
    """Refuse a click that the shopper did not agree to have recorded.

    Raises:
        Forbidden: no consent, or the browser asks not to be tracked.
    """
    if "1" in (request.headers.get("DNT"), request.headers.get("Sec-GPC")):
        raise Forbidden("The browser asks not to be tracked, so no click is recorded.")
    if request.cookies.get(COOKIE) != AGREED:
        raise Forbidden(
            f"No click is recorded without consent. Ask, and send the cookie {COOKIE}={AGREED}."
        )
