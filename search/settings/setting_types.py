"""What groups of settings have in common, and types of settings with a form of their own."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, PlainSerializer
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from search.cron import check_expression, check_zone

PREFIX = "FINDALIKE_"
RATE = re.compile(r"[1-9]\d{0,6}/(second|minute|hour|day)")
ORIGIN = re.compile(r"\*|https?://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(:\d+)?")


class SettingsGroup(BaseSettings):
    """Settings that belong together; a docstring "Title: sentence." introduces them in docs."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,  # it may be a secret, and errors end up in logs
    )


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


Rate = Annotated[str, AfterValidator(_check_rate)]
Origins = Annotated[
    tuple[str, ...], NoDecode, BeforeValidator(_take_origins), PlainSerializer(",".join)
]
CronExpression = Annotated[str, AfterValidator(check_expression)]
ZoneName = Annotated[str, AfterValidator(check_zone)]
