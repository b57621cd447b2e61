"""What the views of one application share, and the engine as one request sees it."""

from dataclasses import dataclass
from typing import cast

from flask import current_app, g

from search.engine.search_engine import SearchEngine
from search.pictures.rendition_store import PictureStore
from search.pictures.sent_store import SentPictures
from search.pictures.thumbnails import ThumbnailStore
from search.settings import Settings
from web.accounts.key_cache import KeyRing
from web.monitoring.metrics import Metrics
from web.monitoring.shop_state import ShopWatch
from web.photos.photo_addresses import PhotoAddresses
from web.photos.upload_store import UploadStore


@dataclass(frozen=True, slots=True)
class WebState:
    """What all requests of one application share."""

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
    """Open what the requests of a new application share."""
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
    """Return what the requests of this application share."""
    return cast(WebState, current_app.extensions["findalike"])


def engine() -> SearchEngine:
    """Return the engine for this request: all of its answers come from one generation.

    Ask it for everything that the live generation says. `state().engine` is for what outlives the
    request: the database, and looking whether another generation is live.
    """
    if "engine" not in g:
        g.engine = state().engine.of_one_generation()
    return cast(SearchEngine, g.engine)
