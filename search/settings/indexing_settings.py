"""Settings of what is kept and how an index comes about."""

from pathlib import Path

from pydantic import Field

from search.settings.secret_values import BrokerUrl, DatabaseUrl
from search.settings.setting_types import SettingsGroup


class StateSettings(SettingsGroup):
    """State: what is kept, and where."""

    home: Path = Field(
        default=Path("~/.findalike"),
        description="The folder of all state: database, embeddings, generations, uploads.",
    )
    database_url: DatabaseUrl | None = Field(
        default=None,
        description="The PostgreSQL database, version 15 or newer: "
        "`postgresql://USER:PASSWORD@HOST:5432/DATABASE`. Unset: the embedded server below "
        "`FINDALIKE_HOME`.",
    )
    broker_url: BrokerUrl | None = Field(
        default=None,
        description="The message broker for Celery: Redis (`redis://…`, `rediss://…`) or RabbitMQ "
        "(`amqp://…`, `amqps://…`). Unset: the PostgreSQL database itself.",
    )


class EncoderSettings(SettingsGroup):
    """Encoder: the model that turns pictures and texts into vectors."""

    model: str = Field(
        default="embedded",
        min_length=1,
        description="The model that `reindex` encodes with: `embedded`, `local-dir:PATH`, "
        "`hf-hub:ORG/NAME`, or an open_clip pair such as `ViT-B-32/laion2b_s34b_b79k`. Searches "
        "use the model of the live generation.",
    )
    device: str = Field(
        default="auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?)$",
        description="The device that the model runs on: `auto`, `cpu`, `cuda`, or one GPU such as "
        "`cuda:1`. `auto` takes CUDA if there is a GPU.",
    )
    batch_images: int = Field(
        default=64,
        ge=1,
        le=4096,
        description="Pictures in one encoding task. Aim for about a minute of work.",
    )
    decode_threads: int | None = Field(
        default=None,
        ge=1,
        le=64,
        description="Threads in each worker that read and decode pictures. Unset: the workers "
        "share the cores of the machine, and each has at least 2 threads.",
    )


class FetchingSettings(SettingsGroup):
    """Ingest and fetching: how products and pictures come in."""

    shrink_limit: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="The largest share of the catalogue that one ingest may retire. If more "
        "products are missing, none is retired and the run stops. A new index may not lack a "
        "larger share of the live one's products either; withdrawn ones do not count.",
    )
    fetch_timeout_s: float = Field(
        default=20.0,
        gt=0,
        le=600,
        description="Seconds to wait for one picture from a web address.",
    )
    fetch_threads: int = Field(
        default=16,
        ge=1,
        le=32,
        description="Pictures that one worker fetches at the same time.",
    )
    fetch_ahead: int = Field(
        default=2000,
        ge=1,
        description="Fetching pauses while this many fetched pictures wait to be encoded.",
    )
    recheck_hours: float = Field(
        default=20.0,
        ge=0,
        description="Hours before a host is asked again whether a picture has changed.",
    )
    max_image_bytes: int = Field(
        default=40_000_000,
        ge=1024,
        description="The largest picture file, in bytes. Larger files are refused.",
    )
    max_image_pixels: int = Field(
        default=500_000_000,
        ge=1_000_000,
        description="The most pixels of a picture. Larger ones are refused before they are "
        "decoded.",
    )


class PublicationSettings(SettingsGroup):
    """Index and publication: how an index is built, and what it must reach to go live."""

    index_memory_mb: int | None = Field(
        default=None,
        ge=1,
        description="Memory for the codes of the index, in MB. Unset: 64 bytes for each vector.",
    )
    recall_target: float = Field(
        default=0.98,
        gt=0,
        le=1,
        description="The recall at 10, against exact search, that the build tunes `nprobe` for.",
    )
    recall_floor: float = Field(
        default=0.95,
        gt=0,
        le=1,
        description="The lowest recall at 10 of a new index. Below it, the index is not published.",
    )
    latency_limit: float = Field(
        default=3.0,
        ge=1,
        description="How many times slower than the live index a new one may be, by the 95th "
        "percentile. Up to 20 ms is always fast enough.",
    )
    overlap_floor: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="The least share of the first ten hits that a new index must have in common "
        "with the live one.",
    )
    suite_drop: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="The largest share of the marks on saved descriptions that a new index may "
        "lose.",
    )
    keep_generations: int = Field(
        default=2,
        ge=1,
        le=100,
        description="Generations that are kept for `rollback`, besides the live one.",
    )
