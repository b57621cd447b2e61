"""Settings: each is an environment variable, and a wrong value is explained."""

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from search.errors import WrongSetting
from search.settings import Settings, load_settings


def test_defaults_need_no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A start needs no settings at all."""
    monkeypatch.delenv("FINDALIKE_HOME")
    settings = load_settings()
    assert settings.model == "embedded"
    assert settings.database_url is None
    assert settings.broker_url is None
    assert settings.root == Path("~/.findalike").expanduser()


@pytest.mark.parametrize(
    ("variable", "value", "field", "read"),
    [
        ("FINDALIKE_HOME", "/srv/shop", "home", Path("/srv/shop")),
        (
            "FINDALIKE_DATABASE_URL",
            "postgresql://h/d",
            "database_url",
            SecretStr("postgresql://h/d"),
        ),
        ("FINDALIKE_BROKER_URL", "redis://h:6379/0", "broker_url", SecretStr("redis://h:6379/0")),
        ("FINDALIKE_DEVICE", "cuda:1", "device", "cuda:1"),
        ("FINDALIKE_BATCH_IMAGES", "128", "batch_images", 128),
        ("FINDALIKE_RECALL_TARGET", "0.9", "recall_target", 0.9),
        ("FINDALIKE_LOG_FORMAT", "json", "log_format", "json"),
        ("FINDALIKE_API_ANONYMOUS", "false", "api_anonymous", False),
        ("FINDALIKE_RATE_KEY", "5/second", "rate_key", "5/second"),
        ("FINDALIKE_CORS_ORIGINS", "", "cors_origins", ()),
        (
            "FINDALIKE_CORS_ORIGINS",
            "https://a.example, http://localhost:3000",
            "cors_origins",
            ("https://a.example", "http://localhost:3000"),
        ),
    ],
)
def test_variables_are_read(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, field: str, read: object
) -> None:
    """Each is converted to the type of its field."""
    monkeypatch.setenv(variable, value)
    assert getattr(load_settings(), field) == read


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("FINDALIKE_DEVICE", "gpu", "cuda"),
        ("FINDALIKE_BATCH_IMAGES", "0", "greater than or equal to 1"),
        ("FINDALIKE_BATCH_IMAGES", "many", "integer"),
        ("FINDALIKE_RECALL_FLOOR", "95", "less than or equal to 1"),
        ("FINDALIKE_LOG_LEVEL", "loud", "'warning'"),
        ("FINDALIKE_RATE_ANONYMOUS", "60", "such as 60/minute"),
        ("FINDALIKE_RATE_PAGES", "0/minute", "such as 60/minute"),
        ("FINDALIKE_RATE_KEY", "5 per week", "such as 60/minute"),
        ("FINDALIKE_CORS_ORIGINS", "https://a.example/shop", "without a path"),
        ("FINDALIKE_CORS_ORIGINS", "a.example", "without a path"),
        ("FINDALIKE_PROXIES", "-1", "greater than or equal to 0"),
        ("FINDALIKE_MODEL", "", "at least 1 character"),
    ],
)
def test_wrong_value_names_variable_value_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    """The operator needs no source code to correct it."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSetting) as caught:
        load_settings()
    assert variable in str(caught.value)
    assert value in str(caught.value)
    assert allowed in str(caught.value)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FINDALIKE_DATABASE_URL", "mysql://shop:s3cret@host/catalogue"),
        ("FINDALIKE_BROKER_URL", "kafka://:s3cret@host"),
        ("FINDALIKE_SECRET_KEY", "s3cret"),
    ],
)
def test_wrong_secret_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """Error messages end up in logs and tickets."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(WrongSetting, match=variable) as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)


def test_settings_are_frozen_and_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two parts of one process never see different settings."""
    first = load_settings()
    monkeypatch.setenv("FINDALIKE_DEVICE", "cpu")
    assert load_settings() is first
    with pytest.raises(ValidationError, match="frozen"):
        first.device = "cpu"


def test_root_is_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Even if the variable is not, so that a change of directory does not move the state."""
    monkeypatch.chdir(tmp_path)
    assert Settings(home=Path("shop")).root == tmp_path / "shop"


def test_every_setting_says_what_it_is() -> None:
    """The documentation is generated from these sentences."""
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
