"""Secret settings: refused values, and the parts of a value that are shown."""

import pytest
from pydantic import SecretStr, ValidationError

from search.settings import Settings, show_address, show_setting


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("smtp://shop:s3cret@mail.example:587", "smtp://…@mail.example:587"),
        ("smtps://mail.example/", "smtps://mail.example"),
        ("https://hooks.example/services/s3cret", "https://hooks.example/…"),
        ("https://hooks.example?token=s3cret", "https://hooks.example/…"),
        ("amqp://shop:s3@cret@queue.example:5672//", "amqp://…@queue.example:5672/…"),
        ("redis://[::1]:6379/0", "redis://[::1]:6379/…"),
        ("postgresql://shop@/shop?host=/run/s3cret", "postgresql://…@/…"),
        # It is unclear which part is the host.
        ("redis://:12/s3cret@queue.example/0", "(set)"),
        ("https://hooks.example/@s3cret", "(set)"),
        ("postgresql://shop:s3cret@one:5432,two:5432/shop", "(set)"),
        ("redis://one;redis://:s3cret@two", "(set)"),
        ("smtp://shop:s3cret@mail.example:port", "(set)"),
        ("a key of s3crets", "(set)"),
    ],
)
def test_of_an_address_scheme_host_and_port_are_shown(address: str, shown: str) -> None:
    assert show_address(address) == show_setting(SecretStr(address)) == shown


def test_what_is_no_secret_is_shown_as_it_is() -> None:
    assert [show_setting(value) for value in ("cpu", 64, None)] == ["cpu", "64", "None"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("broker_url", "amqp://shop:s3cret@queue.example:5672//"),
        ("broker_url", "redis://:s3%2Fcret@one:6379/0;redis://:s3cret@two:6379/0"),
        ("broker_url", "sqla+postgresql+psycopg://shop@/shop?host=/run/postgresql"),
        ("alarm_webhook", "https://hooks.example/@shop/s3cret?a=b@c"),
        ("otlp_endpoint", "http://[::1]:4318"),
        ("smtp_url", "smtps://night%40shop.example:s3cret@mail.example"),
        ("secret_key", "sixteen letters!"),
    ],
)
def test_what_is_allowed(field: str, value: str) -> None:
    assert getattr(Settings(**{field: value}), field).get_secret_value() == value


@pytest.mark.parametrize(
    ("field", "value", "advice"),
    [
        ("broker_url", "amqp://shop:s3/cret@queue.example//", "write / as %2F"),
        ("broker_url", "redis://:s3cret@queue.example:port", "the port is a number"),
        ("smtp_url", "smtp://shop:s3#cret@mail.example", "write / as %2F"),
        ("alarm_webhook", "https://", "give https://HOST/PATH"),
        ("otlp_endpoint", "http://collector:port", "give https://HOST/PATH"),
        ("secret_key", "s3cret", "at least 16 characters"),
    ],
)
def test_what_is_refused(field: str, value: str, advice: str) -> None:
    with pytest.raises(ValidationError, match=advice) as caught:
        Settings(**{field: value})
    assert "s3" not in str(caught.value)


def test_secret_is_what_has_a_secret_type() -> None:
    secrets = Settings.secrets()
    assert {"database_url", "smtp_url", "secret_key"} <= set(secrets)
    assert "home" not in secrets
    assert "alarm_email" not in secrets
