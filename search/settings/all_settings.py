"""All settings as one frozen object, and reading them once per process."""

from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr, ValidationError

from search.errors import WrongSetting
from search.settings.indexing_settings import (
    EncoderSettings,
    FetchingSettings,
    PublicationSettings,
    StateSettings,
)
from search.settings.secret_values import holds_secret
from search.settings.serving_settings import OperationSettings, SearchSettings, WebSettings
from search.settings.setting_types import PREFIX


class Settings(  # pydantic takes the fields of the last base first
    OperationSettings,
    WebSettings,
    SearchSettings,
    PublicationSettings,
    FetchingSettings,
    EncoderSettings,
    StateSettings,
):
    """Every setting an operator has; the field `home` is the variable `FINDALIKE_HOME`."""

    @property
    def root(self) -> Path:
        """`FINDALIKE_HOME` with `~` expanded, absolute."""
        return self.home.expanduser().absolute()

    @classmethod
    def secrets(cls) -> tuple[str, ...]:
        """Return the fields that may hold a credential: those whose type says so."""
        return tuple(n for n, field in cls.model_fields.items() if holds_secret(field.annotation))

    def as_environment(self) -> dict[str, str]:
        """Return the variables that another process reads the same settings from.

        Secrets among them: this is for the environment of a child process, and for nothing else.
        """
        values = {
            name: value.get_secret_value() if isinstance(value, SecretStr) else str(value)
            for name, value in self.model_dump(exclude_none=True).items()
        }
        return {f"{PREFIX}{name.upper()}": value for name, value in values.items()}


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
        secret = field in Settings.secrets()
        value = "(not shown)" if secret else repr(first["input"])
        raise WrongSetting(f"{PREFIX}{field.upper()}", value, first["msg"]) from error
