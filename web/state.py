"""What the views of one application share, and how they ask the engine."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from search.engine import SearchEngine
from search.pictures import PictureStore
from search.results import Filters, Query, SearchPage, Sort
from search.sent_pictures import SentPictures
from search.settings import Settings
from search.thumbnails import ThumbnailStore
from web.api.key_ring import KeyRing
from web.metrics import Metrics
from web.photo_addresses import PhotoAddresses
from web.uploads import UploadStore
from web.watch import Watch


@dataclass(frozen=True, slots=True)
class WebState:
    """The parts behind one application."""

    settings: Settings
    engine: SearchEngine
    uploads: UploadStore
    sent_pictures: SentPictures
    pictures: PictureStore
    thumbnails: ThumbnailStore
    metrics: Metrics
    photo_addresses: PhotoAddresses
    watch: Watch
    keys: KeyRing


def open_state(settings: Settings, engine: SearchEngine) -> WebState:
    """Return the parts of a new application."""
    watch = Watch(settings, engine)
    return WebState(
        settings=settings,
        engine=engine,
        uploads=UploadStore(settings.root / "uploads"),
        sent_pictures=SentPictures(settings.root),
        pictures=PictureStore(settings.root),
        thumbnails=ThumbnailStore(settings.root),
        metrics=Metrics(watch.status),
        photo_addresses=PhotoAddresses(settings),
        watch=watch,
        keys=KeyRing(engine.database, keep_s=settings.refresh_s),
    )


def state() -> WebState:
    """Return the parts behind the application that handles this request."""
    return cast(WebState, current_app.extensions["findalike"])


def search(query: Query) -> SearchPage:
    """Ask the engine and count how long its steps took."""
    page = state().engine.search(query)
    state().metrics.observe_search(page)
    return page


def similar(
    sku: str,
    filters: Filters,
    *,
    k: int,
    page: int = 1,
    fold: bool = True,
    sort: Sort = "relevance",
) -> SearchPage:
    """Ask the engine for products that look like this one, and count its steps."""
    found = state().engine.similar(sku, filters=filters, k=k, page=page, fold=fold, sort=sort)
    state().metrics.observe_search(found)
    return found
