"""Settings of how searches are answered, and of what watches over that."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from search.settings.secret_values import CookieKey, MailServerUrl, WebUrl
from search.settings.setting_types import CronExpression, Origins, Rate, SettingsGroup, ZoneName

EMAIL_ADDRESSES = r"^[^@\s,]+@[^@\s,]+(,\s*[^@\s,]+@[^@\s,]+)*$"


class SearchSettings(SettingsGroup):
    """Search: how a query is understood and answered."""

    candidates: int = Field(
        default=400,
        ge=50,
        le=5000,
        description="Candidates of a query whose similarity is computed exactly.",
    )
    vocabulary: Path | None = Field(
        default=None,
        description="A file of the shop's own attributes, values and words, in the form of "
        "`search/text/attribute_vocabulary.toml`. It adds to the built-in ones.",
    )
    cross_encoder: Path | None = Field(
        default=None,
        description="The folder of a BLIP image-text matching model. It re-ranks the first 20 "
        "hits of a text query. Unset: no such stage.",
    )
    regions: str = Field(
        default="encoder",
        pattern=r"^(encoder|saliency|local-dir:.+)$",
        description="What finds the things in a photo. `encoder`: the model's own region head, or "
        "saliency if it has none. `saliency`: always that. `local-dir:PATH`: the OWLv2 detector in "
        "that folder.",
    )
    photo_addresses: Literal["public", "any", "off"] = Field(
        default="public",
        description="The picture addresses that shoppers may search with. `public`: hosts of the "
        "public Internet. `any`: also hosts of your own network; use it only if you trust your "
        "visitors. `off`: none.",
    )
    out_of_stock: Literal["as_is", "lower", "last"] = Field(
        default="lower",
        description="Where products rank that can't be bought now. `lower`: behind products that "
        "are about as similar. `last`: behind all others. `as_is`: as if they could be bought.",
    )
    refresh_s: float = Field(
        default=2.0,
        gt=0,
        le=60,
        description="Seconds between two looks of a searcher for new generations and rules.",
    )


class WebSettings(SettingsGroup):
    """Web: the server of pages and API, and what visitors may do."""

    host: str = Field(default="127.0.0.1", description="The address that `findalike serve` binds.")
    port: int = Field(
        default=8000,
        ge=0,
        le=65535,
        description="The port that `findalike serve` binds; `0` picks a free one.",
    )
    proxies: int = Field(
        default=0,
        ge=0,
        le=9,
        description="The number of trusted proxies in front. The address of the client and the "
        "use of HTTPS are read from the X-Forwarded headers that they add.",
    )
    secret_key: CookieKey | None = Field(
        default=None,
        description="The key that signs cookies, at least 16 characters. Unset: one is made once "
        "below `FINDALIKE_HOME`.",
    )
    api_anonymous: bool = Field(
        default=True,
        description="Whether the API answers searches without a key. The shop's own pages never "
        "need one.",
    )
    rate_anonymous: Rate = Field(
        default="60/minute",
        description="API requests that one address may send without a key.",
    )
    rate_key: Rate = Field(
        default="600/minute",
        description="API requests that one key may send.",
    )
    rate_pages: Rate = Field(
        default="300/minute",
        description="Requests for the shop's pages that one address may send.",
    )
    cors_origins: Origins = Field(
        default=(),
        description="Sites whose pages may call the API, separated by commas, such as "
        "`https://a.example,https://b.example`; `*` for all. Unset: none.",
    )


class OperationSettings(SettingsGroup):
    """Operation: schedule, alarms, logs and traces."""

    schedule: CronExpression | None = Field(
        default=None,
        description="When `findalike schedule` runs `reindex`: five fields as in cron, such as "
        "`30 2 * * *`. Unset: nothing is scheduled.",
    )
    timezone: ZoneName = Field(
        default="UTC",
        description="The time zone of `FINDALIKE_SCHEDULE`, such as `Europe/Lisbon`.",
    )
    watch_s: float = Field(
        default=5.0,
        gt=0,
        le=60,
        description="Seconds between two looks of `findalike watch` for changes.",
    )
    delta_limit: int = Field(
        default=5000,
        ge=1,
        description="Changed products that searchers are told of between two builds. Withdrawn "
        "products are always told.",
    )
    events_days: float = Field(
        default=90.0,
        gt=0,
        description="Days that searches, clicks, and photos kept with consent are stored. "
        "`reindex` deletes older ones.",
    )
    alarm_webhook: WebUrl | None = Field(
        default=None,
        description="A web address that gets a POST of JSON when a nightly run fails or is "
        "refused. `findalike doctor --alarm` tries it.",
    )
    alarm_email: str | None = Field(
        default=None,
        pattern=EMAIL_ADDRESSES,
        description="E-mail addresses that get a message then, separated by commas.",
    )
    smtp_url: MailServerUrl | None = Field(
        default=None,
        description="The mail server that sends it: `smtp://USER:PASSWORD@HOST:PORT`, or "
        "`smtps://…`.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="The least severe log lines that are written: `debug`, `info`, `warning` or "
        "`error`.",
    )
    log_format: Literal["console", "json"] = Field(
        default="console",
        description="The form of log lines: `console` for people, `json` for programs.",
    )
    otlp_endpoint: WebUrl | None = Field(
        default=None,
        description="The OpenTelemetry collector that gets traces by OTLP over HTTP, such as "
        "`http://collector:4318`. Needs the extra `tracing`. Unset: no traces.",
    )
