"""Settings that may hold a credential: their types, what is refused, and how they are shown.

A secret is a `SecretStr`, whose `str` and `repr` show nothing. Whoever uses one calls
`get_secret_value()` as late as possible; whoever shows one to people calls `show_setting`.
"""

import re
from typing import Annotated, get_args

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

USER = r"[^\s/?#]*@"
HOST = r"(?:[^\s/?#@:;\[\]]*|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?"
REST = r"[/?#][^\s@;]*"
ADDRESS = rf"[a-z][a-z0-9+]*://(?:{USER})?{HOST}(?:{REST})?"
SHOWN = re.compile(rf"([a-z][a-z0-9+]*://)({USER})?({HOST})({REST})?")


def show_setting(value: object) -> str:
    """Return a setting as people may see it: of a secret, where it points to, or that it is set."""
    return show_address(value.get_secret_value()) if isinstance(value, SecretStr) else str(value)


def show_address(address: str) -> str:
    """Return scheme, host and port of an address, and `…` for what else it says.

    User, password, path and query may each be a credential. Where it is not certain which part is
    the host, nothing is shown.

    Returns:
        Such as `smtp://…@mail.example:587`, or `(set)`.
    """
    parts = SHOWN.fullmatch(address)
    if parts is None:
        return "(set)"
    scheme, user, host, rest = parts.groups()
    return f"{scheme}{'…@' if user else ''}{host}{'/…' if rest not in (None, '/') else ''}"


def holds_secret(annotation: object) -> bool:
    """Return whether a type is that of a secret, or may be it, as `SecretStr | None` is."""
    if isinstance(annotation, type) and issubclass(annotation, SecretStr):
        return True
    return any(holds_secret(part) for part in get_args(annotation))


def _starting_with(pattern: str, advice: str) -> AfterValidator:
    """Return a check that a secret begins as a pattern says; its error gives the advice alone."""
    begins = re.compile(pattern)

    def check(secret: SecretStr) -> SecretStr:
        if begins.match(secret.get_secret_value()) is None:
            raise PydanticCustomError("secret", "{advice}", {"advice": advice})
        return secret

    return AfterValidator(check)


ESCAPED = "in user and password write / as %2F, ? as %3F, # as %23, @ as %40; the port is a number"
"""A `/`, `?` or `#` ends what libraries take for the host. What precedes it becomes the port that
they complain of, and a part of the password stands in their message."""

DatabaseUrl = Annotated[
    SecretStr,
    _starting_with(
        r"postgresql(\+psycopg)?://", "give postgresql://USER:PASSWORD@HOST:5432/DATABASE"
    ),
]
"""Where it is opened, SQLAlchemy checks the rest: it reads more than `ADDRESS`."""
BrokerUrl = Annotated[
    SecretStr,
    _starting_with(
        r"(redis|rediss|amqp|amqps|pyamqp|sqla\+postgresql\+psycopg)://",
        "give redis://:PASSWORD@HOST:6379/0 or amqp://USER:PASSWORD@HOST:5672//",
    ),
    _starting_with(rf"{ADDRESS}(;{ADDRESS})*\Z", ESCAPED),  # Celery tries several in turn
]
WebUrl = Annotated[
    SecretStr,
    _starting_with(
        rf"https?://({USER})?(?=[^\s:/?#]){HOST}([/?#]\S*)?\Z", "give https://HOST/PATH"
    ),
]
MailServerUrl = Annotated[
    SecretStr,
    _starting_with(r"smtps?://[^/\s]+/?\Z", "give smtp://USER:PASSWORD@HOST:PORT, or smtps://"),
    _starting_with(rf"{ADDRESS}\Z", ESCAPED),
]
CookieKey = Annotated[SecretStr, _starting_with(r"(?s).{16}", "give at least 16 characters")]
