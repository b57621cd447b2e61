"""Whether a shopper agreed to what is recorded. Anything but a clear yes is a no.

Clicks and photos are two questions. The answers are two first-party cookies, which
`static/clicks.js` and `static/photos.js` set; they identify nobody. A browser that asks not to be
tracked is not asked, and its cookies do not count. The cookies are SameSite=Lax, so that a page of
another site can't send anything in a shopper's name.
"""

from typing import Literal

from flask import Request
from werkzeug.exceptions import Forbidden

Consent = Literal["clicks", "photos"]
"""What may be agreed to; also the name of the cookie."""
AGREED = "yes"
RECORDED = {"clicks": "click is recorded", "photos": "photo is kept"}


def check_consent(request: Request, to: Consent) -> None:
    """Refuse what the shopper did not agree to.

    Raises:
        Forbidden: no consent, or the browser asks not to be tracked.
    """
    if "1" in (request.headers.get("DNT"), request.headers.get("Sec-GPC")):
        raise Forbidden(f"The browser asks not to be tracked, so no {RECORDED[to]}.")
    if request.cookies.get(to) != AGREED:
        raise Forbidden(
            f"No {RECORDED[to]} without consent. Ask, and send the cookie {to}={AGREED}."
        )
