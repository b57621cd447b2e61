"""What the views of one application share, and how they ask the engine."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from search.engine import SearchEngine
from search.pictures import PictureStore
from search.results import Filters, Query, SearchPage
from search.settings import Settings
from web.metrics import Metrics
from web.uploads import UploadStore
from web.watch import Watch


@dataclass(frozen=True, slots=True)
class WebState:
    """The parts behind one application."""

    settings: Settings
    engine: SearchEngine
    uploads: UploadStore
    pictures: PictureStore
    metrics: Metrics
    watch: Watch


def open_state(settings: Settings, engine: SearchEngine) -> WebState:
    """Return the parts of a new application."""
    watch = Watch(settings, engine)
    return WebState(
        settings=settings,
        engine=engine,
        uploads=UploadStore(settings.root / "uploads"),
        pictures=PictureStore(settings.root),
        metrics=Metrics(watch.status),
        watch=watch,
    )


def state() -> WebState:
    """Return the parts behind the application that handles this request."""
    return cast(WebState, current_app.extensions["findalike"])


def search(query: Query) -> SearchPage:
    """Ask the engine and count how long its steps took."""
    page = state().engine.search(query)
    state().metrics.observe_search(page)
    return page


def similar(sku: str, filters: Filters, *, k: int, page: int = 1, fold: bool = True) -> SearchPage:
    """Ask the engine for products that look like this one, and count its steps."""
    found = state().engine.similar(sku, filters=filters, k=k, page=page, fold=fold)
    state().metrics.observe_search(found)
    return found
