"""What the views of one application share, and how they ask the engine."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from search.engine.search_engine import SearchEngine
from search.pictures.rendition_store import PictureStore
from search.pictures.sent_store import SentPictures
from search.pictures.thumbnails import ThumbnailStore
from search.results import Filters, Query, SearchPage, Sort
from search.settings import Settings
from web.accounts.key_cache import KeyRing
from web.monitoring.metrics import Metrics
from web.monitoring.shop_state import ShopWatch
from web.photos.photo_addresses import PhotoAddresses
from web.photos.upload_store import UploadStore


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
    watch: ShopWatch
    keys: KeyRing


def open_state(settings: Settings, engine: SearchEngine) -> WebState:
    """Return the parts of a new application."""
    watch = ShopWatch(settings, engine)
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
