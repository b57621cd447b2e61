"""Settings, read once from `FINDALIKE_*` variables into a frozen object.

Nothing else in the project reads the environment for its own configuration.
"""

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from search.cron import check_expression, check_zone
from search.errors import WrongSetting


def _check_rate(rate: str) -> str:
    """Refuse what is no number of requests in a time."""
    if not RATE.fullmatch(rate):
        raise PydanticCustomError(
            "rate", "give requests per second, minute, hour or day, such as 60/minute"
        )
    return rate


def _take_origins(value: object) -> object:
    """Take a list in one variable apart; refuse what no browser sends as an origin."""
    origins = value.replace(",", " ").split() if isinstance(value, str) else value
    if isinstance(origins, list) and not all(ORIGIN.fullmatch(origin) for origin in origins):
        raise PydanticCustomError(
            "origin",
            "list scheme, host and port of sites, separated by commas, without a path, such as "
            "https://shop.example, or * for all",
        )
    return origins


ADDRESSES = r"^[^@\s,]+@[^@\s,]+(,\s*[^@\s,]+@[^@\s,]+)*$"
SECRET = ("database_url", "broker_url", "secret_key", "alarm_webhook", "smtp_url")
RATE = re.compile(r"[1-9]\d{0,6}/(second|minute|hour|day)")
ORIGIN = re.compile(r"\*|https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d+)?")
Rate = Annotated[str, AfterValidator(_check_rate)]
Origins = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_take_origins), PlainSerializer(",".join)
]


class Settings(BaseSettings):
    """Every knob an operator has; the field `home` is the variable `FINDALIKE_HOME`."""

    model_config = SettingsConfigDict(env_prefix="FINDALIKE_", frozen=True, extra="ignore")

    home: Annotated[
        Path, Field(description="All state: database, embeddings, generations, uploads.")
    ] = Path("~/.findalike")
    database_url: Annotated[
        str | None,
        Field(
            pattern=r"^postgresql(\+psycopg)?://",
            description="PostgreSQL 15+; unset: the embedded server under FINDALIKE_HOME.",
        ),
    ] = None
    broker_url: Annotated[
        str | None,
        Field(
            pattern=r"^(redis|rediss|amqp|amqps|pyamqp|sqla\+postgresql\+psycopg)://",
            description="Redis or RabbitMQ for Celery; unset: the PostgreSQL database itself.",
        ),
    ] = None
    model: Annotated[
        str,
        Field(
            min_length=1,
            description="`embedded`, `local-dir:PATH`, `hf-hub:ORG/NAME`, or an open_clip pair "
            "such as `ViT-B-32/laion2b_s34b_b79k`.",
        ),
    ] = "embedded"
    vocabulary: Annotated[
        Path | None,
        Field(description="A shop's own attribute values and words, added to the built-in ones."),
    ] = None
    cross_encoder: Annotated[
        Path | None,
        Field(description="Folder of a BLIP image-text matching model; unset: no such stage."),
    ] = None
    regions: Annotated[
        str,
        Field(
            pattern=r"^(encoder|saliency|local-dir:.+)$",
            description="What finds the things in a photo: `encoder`, `saliency`, or "
            "`local-dir:PATH` of an OWLv2 detector.",
        ),
    ] = "encoder"
    device: Annotated[
        str,
        Field(
            pattern=r"^(auto|cpu|cuda(:\d+)?)$",
            description="Where the model runs; `auto` takes CUDA where there is one.",
        ),
    ] = "auto"
    batch_images: Annotated[
        int, Field(ge=1, le=4096, description="Pictures per encode task; about a minute of work.")
    ] = 64
    decode_threads: Annotated[
        int | None,
        Field(
            ge=1,
            le=64,
            description="Threads that read and decode pictures per worker; unset: this machine's "
            "cores shared out among its workers, 2 at least.",
        ),
    ] = None
    fetch_timeout_s: Annotated[
        float, Field(gt=0, le=600, description="Longest wait for one picture from an address.")
    ] = 20.0
    fetch_threads: Annotated[
        int, Field(ge=1, le=32, description="Pictures that a fetching worker asks for at a time.")
    ] = 16
    fetch_ahead: Annotated[
        int, Field(ge=1, description="Fetched pictures not yet encoded at which fetching pauses.")
    ] = 2000
    recheck_hours: Annotated[
        float, Field(ge=0, description="How long hosts are not asked again whether one changed.")
    ] = 20.0
    photo_addresses: Annotated[
        Literal["public", "any", "off"],
        Field(
            description="Which addresses of pictures shoppers may give: of the public Internet, "
            "`any`, or none."
        ),
    ] = "public"
    max_image_bytes: Annotated[
        int, Field(ge=1024, description="Larger picture files are refused.")
    ] = 40_000_000
    max_image_pixels: Annotated[
        int, Field(ge=1_000_000, description="Larger pictures are refused before decoding.")
    ] = 500_000_000
    shrink_limit: Annotated[
        float,
        Field(ge=0, le=1, description="Larger shares of a catalogue are not retired at once."),
    ] = 0.2
    recall_target: Annotated[
        float,
        Field(gt=0, le=1, description="Recall at 10 against exact search that nprobe must meet."),
    ] = 0.98
    recall_floor: Annotated[
        float, Field(gt=0, le=1, description="A generation below this recall is never published.")
    ] = 0.95
    latency_limit: Annotated[
        float,
        Field(ge=1, description="How many times the live index's p95 a new one's may be."),
    ] = 3.0
    overlap_floor: Annotated[
        float,
        Field(ge=0, le=1, description="Least share of first hits that a new index must keep."),
    ] = 0.5
    suite_drop: Annotated[
        float,
        Field(ge=0, le=1, description="Share of the marks of saved descriptions it may lose."),
    ] = 0.1
    alarm_webhook: Annotated[
        str | None,
        Field(pattern=r"^https?://", description="Gets a POST of JSON when a run fails."),
    ] = None
    alarm_email: Annotated[
        str | None,
        Field(pattern=ADDRESSES, description="Addresses that get a message when a run fails."),
    ] = None
    smtp_url: Annotated[
        str | None,
        Field(
            pattern=r"^smtps?://[^/\s]+/?$",
            description="Where it is sent through: smtp://USER:PASSWORD@HOST:PORT, or smtps://.",
        ),
    ] = None
    index_memory_mb: Annotated[
        int | None, Field(ge=1, description="Memory for the index codes; unset: 64 bytes a vector.")
    ] = None
    keep_generations: Annotated[
        int, Field(ge=1, le=100, description="Generations kept for rollback beside the live one.")
    ] = 2
    candidates: Annotated[
        int, Field(ge=50, le=5000, description="Candidates per query that are rescored exactly.")
    ] = 400
    out_of_stock: Annotated[
        Literal["as_is", "lower", "last"],
        Field(description="Where products stand that can't be bought now."),
    ] = "lower"
    refresh_s: Annotated[
        float,
        Field(gt=0, le=60, description="How often searchers look for new generations and rules."),
    ] = 2.0
    delta_limit: Annotated[
        int,
        Field(ge=1, description="Changed products that searchers are told of between two builds."),
    ] = 5000
    watch_s: Annotated[
        float, Field(gt=0, le=60, description="How often `findalike watch` looks for changes.")
    ] = 5.0
    events_days: Annotated[
        float,
        Field(gt=0, description="Searches and clicks older than this are deleted by `reindex`."),
    ] = 90.0
    schedule: Annotated[
        Annotated[str, AfterValidator(check_expression)] | None,
        Field(description="When `findalike schedule` runs `reindex`: five fields as in cron."),
    ] = None
    timezone: Annotated[
        str, AfterValidator(check_zone), Field(description="Time zone of FINDALIKE_SCHEDULE.")
    ] = "UTC"
    host: Annotated[str, Field(description="Address that `findalike serve` binds.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port that it binds.")] = 8000
    proxies: Annotated[
        int,
        Field(ge=0, le=9, description="Trusted proxies in front, each adding X-Forwarded headers."),
    ] = 0
    api_anonymous: Annotated[
        bool, Field(description="Whether the API answers searches without a key.")
    ] = True
    rate_anonymous: Annotated[
        Rate, Field(description="API requests that an address without a key may send.")
    ] = "60/minute"
    rate_key: Annotated[Rate, Field(description="API requests that a key may send.")] = "600/minute"
    rate_pages: Annotated[
        Rate, Field(description="Requests for the shop's pages that an address may send.")
    ] = "300/minute"
    cors_origins: Annotated[
        Origins, Field(description="Sites whose pages may ask the API; none where empty.")
    ] = ()
    secret_key: Annotated[
        str | None,
        Field(min_length=16, description="Signs cookies; unset: made once under FINDALIKE_HOME."),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="Least severe log line.")
    ] = "info"
    log_format: Annotated[Literal["console", "json"], Field(description="How log lines look.")] = (
        "console"
    )
    otlp_endpoint: Annotated[
        str | None,
        Field(
            pattern=r"^https?://",
            description="OpenTelemetry collector for traces, by OTLP over HTTP; unset: none.",
        ),
    ] = None

    @property
    def root(self) -> Path:
        """`FINDALIKE_HOME` with `~` expanded, absolute."""
        return self.home.expanduser().absolute()


@lru_cache(maxsize=1)
def load_settings() -> Settings:
    """Read the environment once per process.

    Raises:
        WrongSetting: a variable's value is not allowed; names variable, value and what is.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0])
        # Errors end up in logs: what may hold a password is not repeated, nor is the cause kept.
        secret = field in SECRET
        value = "(not shown)" if secret else repr(first.get("input"))
        raise WrongSetting(f"FINDALIKE_{field.upper()}", value, first["msg"]) from (
            None if secret else error
        )
