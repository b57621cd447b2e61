"""An alarm reaches the configured recipients through real servers, and hides no other error."""

import json
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from socket import socket
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import AuthResult, LoginPassword
from click.testing import CliRunner
from structlog.testing import capture_logs

import search.operation.alarm as alarm_module
from search.commands.doctor import doctor
from search.errors import CatalogueShrunk, RehearsalRefused, WrongSetting
from search.operation.alarm import Alarm, Delivery, alarm_about, raise_alarm
from search.settings import Settings, load_settings

CHECK = {
    "name": "overlap", "verdict": "failed", "measured": 0.3, "limit": 0.5, "sentence": "Too few.",
}  # fmt: skip


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry without waiting."""
    monkeypatch.setattr(alarm_module, "wait_exponential", lambda **_: lambda _state: 0)


class Webhook:
    """A server that answers with the given statuses in turn, and then always with the last."""

    def __init__(self, *statuses: int) -> None:
        self.got: list[dict[str, Any]] = []
        webhook = self
        waiting = list(statuses)

        class WebhookHandler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                webhook.got.append(json.loads(content))
                self.send_response(waiting.pop(0) if len(waiting) > 1 else waiting[0])
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), WebhookHandler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/hook/SECRET"
        self.thread = threading.Thread(target=self.server.serve_forever)

    def __enter__(self) -> "Webhook":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class Inbox(Message):
    """Records the mails that a server accepts."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[EmailMessage] = []
        self.logins: list[bytes] = []

    def prepare_message(self, session: Any, envelope: Any) -> EmailMessage:
        """Parse a mail with Python's modern email policy."""
        return message_from_bytes(envelope.content, policy=policy.default)

    def handle_message(self, message: Any) -> None:
        """Record a mail."""
        self.mails.append(message)

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any
    ) -> AuthResult:
        """Accept only the right password."""
        assert isinstance(given, LoginPassword)
        self.logins.append(given.login + b":" + given.password)
        return AuthResult(success=given.password == b"p@ss", handled=False)


def free_port() -> int:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def inbox() -> Iterator[tuple[Inbox, int]]:
    """A mail server on this machine, and its port."""
    kept, port = Inbox(), free_port()
    server = Controller(
        kept, "127.0.0.1", port, authenticator=kept.authenticate, auth_require_tls=False
    )
    server.start()
    yield kept, port
    server.stop()


def shop(**changed: Any) -> Settings:
    return Settings(**changed)


ALARM = Alarm("reindex_refused", "RehearsalRefused", "It was refused.", job=7, checks=(CHECK,))


def test_a_webhook_gets_it_as_json_and_again_after_a_failure() -> None:
    with Webhook(503, 429, 204) as webhook:
        assert raise_alarm(shop(alarm_webhook=webhook.address), ALARM) == [Delivery("webhook")]

    assert len(webhook.got) == 3
    told = webhook.got[-1]
    assert (told["event"], told["error"], told["job"]) == ("reindex_refused", "RehearsalRefused", 7)
    assert told["checks"] == [CHECK]
    assert told["host"]
    assert told["when"].endswith("+00:00")


def test_a_webhook_that_refuses_is_not_asked_again_and_named_nowhere() -> None:
    with Webhook(404) as webhook, capture_logs() as logs:
        deliveries = raise_alarm(shop(alarm_webhook=webhook.address), ALARM)

    assert deliveries == [Delivery("webhook", "it answers 404")]
    assert len(webhook.got) == 1
    assert [line["event"] for line in logs] == ["alarm", "alarm_not_sent"]
    assert "SECRET" not in str(logs)


def test_a_mail_says_what_is_wrong_and_who_can_read_it(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    settings = shop(
        alarm_email="ops@shop.example, night@shop.example", smtp_url=f"smtp://127.0.0.1:{port}"
    )

    assert raise_alarm(settings, ALARM) == [Delivery("email")]

    [mail] = kept.mails
    assert "reindex refused" in mail["Subject"]
    assert mail["To"] == "ops@shop.example, night@shop.example"
    assert "It was refused." in mail.get_content()
    assert "failed   overlap: Too few." in mail.get_content()
    assert kept.logins == []


@pytest.mark.parametrize(("password", "error"), [("p%40ss", None), ("wrong", "535")])
def test_a_mail_server_that_wants_a_login(
    inbox: tuple[Inbox, int], password: str, error: str | None
) -> None:
    kept, port = inbox
    url = f"smtp://night%40shop.example:{password}@127.0.0.1:{port}"

    [delivery] = raise_alarm(shop(alarm_email="ops@shop.example", smtp_url=url), ALARM)

    assert kept.logins[0].startswith(b"night@shop.example:")
    if error is None:
        assert delivery.error is None
        assert kept.mails[0]["From"] == "night@shop.example"
    else:
        assert error in (delivery.error or "")
        assert kept.mails == []


def test_no_password_is_sent_where_others_can_read_it(
    inbox: tuple[Inbox, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, port = inbox
    monkeypatch.setattr(alarm_module, "LOOPBACK", ())
    settings = shop(alarm_email="ops@shop.example", smtp_url=f"smtp://a:b@127.0.0.1:{port}")

    [delivery] = raise_alarm(settings, ALARM)

    assert "use smtps://" in (delivery.error or "")
    assert kept.logins == []


def test_one_dead_way_does_not_close_the_other(inbox: tuple[Inbox, int]) -> None:
    kept, port = inbox
    settings = shop(
        alarm_webhook=f"http://127.0.0.1:{free_port()}/",
        alarm_email="ops@shop.example",
        smtp_url=f"smtp://127.0.0.1:{port}",
    )

    webhook, email = raise_alarm(settings, ALARM)

    assert (webhook.channel, email) == ("webhook", Delivery("email"))
    assert "ConnectError" in (webhook.error or "")
    assert len(kept.mails) == 1


def test_addresses_without_a_server_are_said() -> None:
    [delivery] = raise_alarm(shop(alarm_email="ops@shop.example"), ALARM)
    assert "FINDALIKE_SMTP_URL is not set" in (delivery.error or "")


def test_what_an_error_makes_of_an_alarm() -> None:
    refused = RehearsalRefused("No.", {"checks": [CHECK]})
    assert alarm_about(refused, 3).checks == [CHECK]
    assert alarm_about(refused, 3).event == "reindex_refused"
    assert alarm_about(CatalogueShrunk("/a.csv", 5, 9), 3).event == "reindex_refused"
    assert alarm_about(OSError("full"), None).event == "reindex_failed"
    assert alarm_about(ValueError(), None).message == "ValueError"


def test_the_doctor_tries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    load_settings.cache_clear()
    silent = CliRunner().invoke(doctor, ["--alarm"])
    assert (silent.exit_code, "FINDALIKE_ALARM_WEBHOOK" in silent.stdout) == (1, True)
    with Webhook(200) as webhook:
        monkeypatch.setenv("FINDALIKE_ALARM_WEBHOOK", webhook.address)
        load_settings.cache_clear()
        heard = CliRunner().invoke(doctor, ["--alarm", "--json"])
    assert heard.exit_code == 0, heard.output
    assert json.loads(heard.stdout)["checks"][0]["name"] == "webhook"
    assert webhook.got[0]["event"] == "test"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ALARM_WEBHOOK", "ftp://x.example/SECRET"),
        ("ALARM_EMAIL", "nobody"),
        ("SMTP_URL", "http://u:SECRET@x.example"),
    ],
)
def test_a_wrong_address_is_said_without_its_secrets(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"FINDALIKE_{variable}", value)
    load_settings.cache_clear()
    with pytest.raises(WrongSetting, match=variable) as caught:
        load_settings()
    assert "SECRET" not in str(caught.value)
