"""No page, answer, report, log line, metric or error shows a secret setting.

Each setting with a secret type gets a unique mark in every place that may hold a credential. Then
all output is searched for the marks.
"""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import AuthResult
from click.testing import CliRunner
from flask import Flask, url_for
from pydantic import SecretStr, ValidationError
from sqlalchemy import make_url
from structlog.testing import capture_logs

import search.operation.alarm as alarm_module
from indexer.queue.celery_app import make_app
from search.cli import commands
from search.database.connection import connect_database
from search.encoder import Encoder
from search.errors import FindalikeError
from search.operation.alarm import Alarm, raise_alarm
from search.settings import Settings, load_settings, show_setting
from search.telemetry import tracing
from search.telemetry.tracing import configure_tracing, end_tracing, span
from tests.conftest import open_engine
from tests.support.api_programs import make_key
from tests.support.servers.redis_server import free_port
from tests.support.shops.plain_shop import ODD_SKU
from tests.support.staff import log_in
from web import create_app
from web.accounts.api_keys import SCOPES
from web.state import WebState

NOWHERE = "127.0.0.1:1"  # nothing listens there
PLACES = {
    "database_url": f"postgresql://shop:MARK@{NOWHERE}/shop?sslpassword=MARK",
    "broker_url": f"redis://shop:MARK@{NOWHERE}/0",
    "secret_key": "MARK-MARK-MARK-MARK",
    "alarm_webhook": f"http://shop:MARK@{NOWHERE}/MARK?token=MARK",
    "smtp_url": f"smtp://shop:MARK@{NOWHERE}",
    "otlp_endpoint": f"http://shop:MARK@{NOWHERE}/MARK?token=MARK",
}
BROKEN = (
    "MARK",
    "gopher://shop:MARK@127.0.0.1/MARK",
    "{scheme}://shop:MARK/x@127.0.0.1:1/MARK",
    "{scheme}://shop:MARK#x@127.0.0.1:1/MARK",
    "{scheme}://shop:MARK@127.0.0.1:MARK/MARK",
    "{scheme}://shop:x@MARK@127.0.0.1:1/MARK",
    "{scheme}://shop:MARK@[127.0.0.1/MARK",
)
ARGUMENTS = {"sku": ODD_SKU, "name": "refused", "filename": "style.css", "token": "0" * 32}
ALARM = Alarm("test", "none", "This is a test.")


def mark(field: str) -> str:
    return f"Mk{list(PLACES).index(field)}q7Zx"


def marked_value(field: str, shape: str) -> str:
    """Return a value with its field's mark in place of each MARK."""
    scheme = PLACES[field].partition("://")[0]
    return shape.replace("{scheme}", scheme).replace("MARK", mark(field))


def marked_values() -> dict[str, str]:
    return {field: marked_value(field, shape) for field, shape in PLACES.items()}


def marked_settings(settings: Settings, **others: str) -> Settings:
    """Return settings with marks everywhere; the database is the same and accepts any password."""
    url = make_url(settings.as_environment()["FINDALIKE_DATABASE_URL"])
    secret = mark("database_url")
    url = url.set(password=secret).update_query_dict({"sslpassword": secret})
    own = {"database_url": url.render_as_string(hide_password=False)}
    secrets = {n: SecretStr(value) for n, value in (marked_values() | own | others).items()}
    return settings.model_copy(update=secrets | {"alarm_email": "ops@shop.example"})


def shown_marks(text: str) -> list[str]:
    """Return the fields whose marks are in a text, even across line breaks."""
    squeezed = re.sub(r"\s+", "", text)
    return [field for field in PLACES if mark(field) in squeezed]


@contextmanager
def refusing_webhook() -> Iterator[str]:
    """Run a server that answers 404; yield its address with the webhook's marks."""

    class RefusingHandler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), RefusingHandler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield marked_values()["alarm_webhook"].replace(NOWHERE, f"127.0.0.1:{server.server_port}")
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def refusing_mail_server() -> Iterator[str]:
    """Run a mail server that refuses logins; yield its address with the mail server's mark."""
    port = free_port()
    server = Controller(
        Sink(),
        "127.0.0.1",
        port,
        authenticator=lambda *_: AuthResult(success=False, handled=False),
        auth_require_tls=False,
    )
    server.start()
    yield marked_values()["smtp_url"].replace(NOWHERE, f"127.0.0.1:{port}")
    server.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Wait for no retries; restore logging and tracing afterwards."""
    monkeypatch.setattr(alarm_module, "wait_exponential", lambda **_: lambda _state: 0)
    monkeypatch.setattr(tracing, "SEND_WITHIN_S", 0.2)
    configured = structlog.get_config()
    yield
    end_tracing()
    structlog.configure(**configured)


@pytest.fixture
def marked_app(shop_settings: Settings, encoder: Encoder) -> Iterator[Flask]:
    """The application over the shop, with marks in all secret settings."""
    settings = marked_settings(shop_settings)
    for engine in open_engine(settings, encoder):
        yield create_app(settings, engine)


def addresses(app: Flask) -> list[str]:
    """Return an address of every page and endpoint that can be fetched."""
    with app.test_request_context():
        return [
            url_for(rule.endpoint, **{name: ARGUMENTS.get(name, 1) for name in rule.arguments})
            for rule in app.url_map.iter_rules()
            if "GET" in (rule.methods or ())
        ]


def test_every_secret_setting_has_a_mark() -> None:
    """A new secret setting must be added here, with the places of its credentials."""
    assert set(PLACES) == set(Settings.secrets())


def test_no_page_and_no_answer_shows_one(
    marked_app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    admin, (_, key) = log_in(marked_app, "admin"), make_key(marked_app, *SCOPES)
    state: WebState = marked_app.extensions["findalike"]
    state.watch.examination.begin()
    state.watch.examination.wait(60)

    with capture_logs() as lines:
        answers = {
            path: admin.get(path, headers=key, buffered=True) for path in addresses(marked_app)
        }

    assert "FINDALIKE_SMTP_URL=smtp://…@127.0.0.1:1" in answers["/ops"].text
    assert answers["/api/v1/status"].is_json
    assert answers["/readyz"].status_code == 200
    assert "findalike_" in answers["/metrics"].text
    assert {path: a.status for path, a in answers.items() if a.status_code in (401, 403)} == {}
    shown = {
        path: found
        for path, answer in answers.items()
        if (found := shown_marks(f"{answer.headers}{answer.get_data().decode(errors='replace')}"))
    }
    assert shown == {}
    assert shown_marks(f"{lines}{caplog.text}") == []


@pytest.mark.parametrize("silent", [None, "database_url"])
@pytest.mark.parametrize(
    "asked",
    ["doctor", "doctor --json", "status", "status --json", "report", "report --json", "worker"],
)
def test_no_command_shows_one(
    settings: Settings,
    encoder: Encoder,
    asked: str,
    silent: str | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """They run with a database that answers, and with one that does not."""
    caplog.set_level("DEBUG")
    marked = marked_settings(settings, **({silent: marked_values()[silent]} if silent else {}))
    monkeypatch.setattr("search.encoder.load_encoder", lambda _model, _device: encoder)
    load_settings.cache_clear()

    environment = marked.as_environment() | {"FINDALIKE_LOG_LEVEL": "debug", "COLUMNS": "200"}
    ended = CliRunner().invoke(commands, asked.split(), env=environment)

    assert ended.output or isinstance(ended.exception, FindalikeError)
    assert shown_marks(f"{ended.output}{ended.stderr}{caplog.text}{told(ended.exception)}") == []


def told(error: BaseException | None) -> str:
    """Return the text of an error and of its causes."""
    return "".join(traceback.format_exception(error)) + repr(error) if error else ""


def test_no_alarm_that_is_not_heard_shows_one(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    with refusing_webhook() as webhook, refusing_mail_server() as mail, capture_logs() as lines:
        refused = marked_settings(settings, alarm_webhook=webhook, smtp_url=mail)
        deliveries = raise_alarm(refused, ALARM) + raise_alarm(marked_settings(settings), ALARM)

    errors = [delivery.error or "" for delivery in deliveries]
    assert ["404" in errors[0], "535" in errors[1]] == [True, True]
    assert ["refused" in error for error in errors[2:]] == [True, True]
    assert "HTTP Request: POST …" in caplog.text
    assert shown_marks(f"{deliveries}{lines}{caplog.text}") == []


def test_no_trace_that_is_not_taken_shows_one(
    settings: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("DEBUG")
    monkeypatch.setattr(tracing, "SEND_WITHIN_S", 2.0)  # long enough to retry
    with refusing_webhook() as collector:
        for endpoint in (collector, marked_values()["otlp_endpoint"]):
            address = endpoint.replace(mark("alarm_webhook"), mark("otlp_endpoint"))
            configure_tracing(marked_settings(settings, otlp_endpoint=address), "findalike")
            with span("work"):
                pass
            end_tracing()

    assert "Failed to export spans" in caplog.text
    assert "with url: …" in caplog.text
    assert shown_marks(caplog.text) == []


@pytest.mark.parametrize("field", PLACES)
def test_no_wrong_value_is_shown(field: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the error that names the variable nor its cause shows the value."""
    variable, refused = f"FINDALIKE_{field.upper()}", []
    for shape in BROKEN:
        value = marked_value(field, shape)
        monkeypatch.setenv(variable, value)
        load_settings.cache_clear()
        try:
            assert shown_marks(show_setting(getattr(load_settings(), field))) == []
        except FindalikeError as error:
            with pytest.raises(ValidationError) as caught:
                Settings(**{field: value})
            refused.append((str(error), told(error), told(caught.value)))
    assert refused
    assert all(f"{variable}=(not shown)" in sentence for sentence, *_ in refused)
    assert shown_marks(str(refused)) == []


@pytest.mark.parametrize("shape", [shape for shape in BROKEN if shape.startswith("{scheme}")])
def test_no_database_that_cannot_be_opened_is_shown(shape: str) -> None:
    broken = Settings(database_url=marked_value("database_url", shape))
    with pytest.raises(FindalikeError) as caught:
        connect_database(broken)
    assert shown_marks(told(caught.value)) == []


def test_no_form_of_the_settings_shows_one(settings: Settings) -> None:
    marked = marked_settings(settings)
    forms = (repr, str, Settings.model_dump, Settings.model_dump_json, Settings.__rich_repr__)
    for form in forms:
        assert shown_marks(str(form(marked))) == []
    assert shown_marks(str(marked.as_environment())) == list(PLACES), "for child processes alone"


@pytest.mark.parametrize(
    "broker",
    [None, "redis://shop:MARK@h/0", "amqp://shop:MARK@h//", "amqp://shop:MARK@h;amqp://x:MARK@i"],
)
def test_celery_names_its_broker_without_one(settings: Settings, broker: str | None) -> None:
    """Celery's worker logs this."""
    marked = marked_settings(settings)
    url = SecretStr(marked_value("broker_url", broker)) if broker else None
    app = make_app(marked.model_copy(update={"broker_url": url}))
    connection = app.connection_for_read()
    assert shown_marks(f"{connection!r}{connection.as_uri()}") == []
