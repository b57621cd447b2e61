"""Clicks: which shown products were opened."""

from flask import request

from search.database.connection import session_scope
from search.traffic.clicks import record_click
from web.api.api_access import OPEN
from web.api.blueprint import blueprint
from web.api.consent import check_consent
from web.api.documentation.openapi_document import operation
from web.api.response_models import ClickView
from web.request.fields import ClickFields
from web.state import state

EXAMPLES = {"application/json": {"event_id": 4711, "sku": "S007-00042", "rank": 1}}


@blueprint.post("/clicks")
@operation(
    "click",
    ClickView,
    *(400, 403, 404, 409, 415),
    tag="clicks",
    scope=OPEN,
    examples=EXAMPLES,
)
def click(json: ClickFields) -> ClickView:
    """Record that a shown product was opened, where the shopper agreed to that.

    The cookie `clicks=yes` means yes; `DNT: 1` and `Sec-GPC: 1` mean no, whatever the cookie.
    Recorded are the answer, the product and its rank: no person, no address.
    """
    check_consent(request, "clicks")
    with session_scope(state().engine.database) as session:
        recorded = record_click(session, json.event_id, json.sku, json.rank)
    return ClickView(recorded=recorded)
