"""`/healthz` says that the process is alive; `/readyz` that it can answer queries."""

from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy import text

from search.database.connection import session_scope
from web.state import engine

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Answer as long as the process runs; asks nothing else."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def readyz() -> ResponseReturnValue:
    """Answer once database, live generation and model work; otherwise 503 says which does not."""
    with session_scope(engine().database) as session:
        session.execute(text("SELECT 1"))
    engine().answering().encoder.encode_texts(["ready?"])
    return {"status": "ready", **engine().status()}
