"""Tells somebody that a run failed: a log line always, a webhook and e-mail where they are set.

An alarm never raises: what keeps it from being heard is logged, and the error that it is about
goes its own way. Addresses of webhooks and passwords are secrets, so no line repeats them.
"""

import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

import httpx
import structlog
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from search.errors import CatalogueShrunk, RehearsalRefused
from search.settings import Settings
from search.telemetry.hidden_addresses import hide_address

ATTEMPTS = 3
TIMEOUT_S = 10.0
PORTS = {"smtp": 25, "smtps": 465}
LOOPBACK = ("localhost", "127.0.0.1", "::1")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Alarm:
    """What happened."""

    event: str  # reindex_failed, reindex_refused, reindex_killed or test
    error: str  # name of the error
    message: str  # what is wrong and what to do
    job: int | None = None
    checks: Sequence[dict[str, Any]] = ()  # of the rehearsal that refused
    host: str = field(default_factory=socket.gethostname)
    when: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one way to tell somebody."""

    channel: str  # webhook or email
    error: str | None = None  # why nobody was reached; None: it was taken


def alarm_about(error: Exception, job: int | None) -> Alarm:
    """Return the alarm about a run that an error ended."""
    refused = isinstance(error, RehearsalRefused | CatalogueShrunk)
    return Alarm(
        event="reindex_refused" if refused else "reindex_failed",
        error=type(error).__name__,
        message=str(error) or type(error).__name__,
        job=job,
        checks=error.rehearsal["checks"] if isinstance(error, RehearsalRefused) else (),
    )


def raise_alarm(settings: Settings, alarm: Alarm) -> list[Delivery]:
    """Tell everybody that the settings name; never raises.

    Returns:
        What became of each channel that is set; empty where none is.
    """
    told = {name: value for name, value in asdict(alarm).items() if name not in ("event", "when")}
    log.error("alarm", alarm=alarm.event, **told)
    ways: dict[str, Callable[[], None]] = {}
    if settings.alarm_webhook is not None:
        webhook = settings.alarm_webhook.get_secret_value()
        ways["webhook"] = lambda: post(webhook, alarm)
    if settings.alarm_email is not None:
        ways["email"] = lambda: send_mail(settings, alarm)
    return [_deliver(channel, send) for channel, send in ways.items()]


def _deliver(channel: str, send: Callable[[], None]) -> Delivery:
    """Send, again where that may help; say what became of it."""
    retrying = Retrying(
        retry=retry_if_exception(_may_pass),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_exponential(multiplier=0.5, max=5),
        reraise=True,
    )
    try:
        retrying(send)
    except Exception as error:  # the alarm is about another error, which must not be hidden
        delivery = Delivery(channel, _reason(error))
        # Without its traceback, which may name the address.
        log.error("alarm_not_sent", channel=channel, error=delivery.error)  # noqa: TRY400
        return delivery
    return Delivery(channel)


def post(webhook: str, alarm: Alarm) -> None:
    """Post an alarm as JSON.

    Raises:
        httpx.HTTPError: nobody answers, or not with success.
    """
    hide_address(webhook, "httpx")
    answer = httpx.post(webhook, json=asdict(alarm), timeout=TIMEOUT_S)
    answer.raise_for_status()


def send_mail(settings: Settings, alarm: Alarm) -> None:
    """Send an alarm through FINDALIKE_SMTP_URL, encrypted wherever the server can.

    Raises:
        OSError: the server does not take it (smtplib's errors are of this kind), or a password
            would be readable on the way.
    """
    if settings.smtp_url is None:
        raise OSError("FINDALIKE_SMTP_URL is not set: smtp://USER:PASSWORD@HOST:PORT")
    server = urlsplit(settings.smtp_url.get_secret_value())
    message = written(alarm, server, str(settings.alarm_email))
    with _connected(server) as client:
        if server.username is not None:
            _refuse_plain(client, server.hostname or "")
            client.login(unquote(server.username), unquote(server.password or ""))
        client.send_message(message)


def written(alarm: Alarm, server: SplitResult, recipients: str) -> EmailMessage:
    """Return an alarm as a message for people."""
    message = EmailMessage()
    message["Subject"] = f"findalike on {alarm.host}: {alarm.event.replace('_', ' ')}"
    user = unquote(server.username or "")
    message["From"] = user if "@" in user else f"findalike@{alarm.host}"
    message["To"] = recipients
    message["Date"] = datetime.now(UTC)
    checks = [f"{each['verdict']:<8} {each['name']}: {each['sentence']}" for each in alarm.checks]
    job = f"Job {alarm.job}; `findalike status` and /ops tell more." if alarm.job else ""
    lines = [alarm.message, "", f"{alarm.error} on {alarm.host}, {alarm.when}.", job, "", *checks]
    message.set_content("\n".join(lines).rstrip() + "\n")
    return message


def _connected(server: SplitResult) -> smtplib.SMTP:
    """Connect to a mail server, encrypted where it offers that."""
    host, port = server.hostname or "", server.port or PORTS[server.scheme]
    context = ssl.create_default_context()
    if server.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
    client = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
    try:
        client.ehlo()
        if client.has_extn("starttls"):
            client.starttls(context=context)
            client.ehlo()
    except BaseException:
        client.close()
        raise
    return client


def _refuse_plain(client: smtplib.SMTP, host: str) -> None:
    """Refuse to send a password that others could read on the way."""
    if not isinstance(client.sock, ssl.SSLSocket) and host not in LOOPBACK:
        raise OSError("the server offers no STARTTLS, so no password is sent; use smtps://")


def _may_pass(error: BaseException) -> bool:
    """Return whether sending again may help."""
    if isinstance(error, httpx.HTTPStatusError):
        return error.response.status_code >= 500 or error.response.status_code == 429
    if isinstance(error, smtplib.SMTPResponseException):
        return 400 <= error.smtp_code < 500
    return isinstance(error, httpx.TransportError | smtplib.SMTPServerDisconnected | TimeoutError)


def _reason(error: Exception) -> str:
    """Say what went wrong without the address, which may be a secret."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"it answers {error.response.status_code}"
    return f"{type(error).__name__}: {error}".rstrip(": ")
