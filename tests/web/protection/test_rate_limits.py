"""Rate limits: who is counted together, how refusals look, what happens while Redis is down."""

from pathlib import Path

import pytest
from flask import Flask, request
from flask.testing import FlaskClient
from pydantic import SecretStr
from structlog.testing import capture_logs

from tests.support.api_programs import another, make_key
from tests.support.servers.redis_server import free_port, running_redis
from tests.support.staff import log_in, token_of
from tests.web.api.test_api import problem

PRODUCT = "/api/v1/products/PLATE-RED"


def statuses(client: FlaskClient, path: str, times: int, **options: object) -> list[int]:
    return [client.get(path, **options).status_code for _ in range(times)]  # type: ignore[arg-type]


def test_programs_without_a_key_share_their_addresss_limit(app: Flask) -> None:
    client = another(app, rate_anonymous="3/hour").test_client()

    first = client.get(PRODUCT)
    assert first.headers["RateLimit-Policy"] == '"anonymous";q=3;w=3600'
    assert first.headers["RateLimit"].startswith('"anonymous";r=2;t=')
    assert "Retry-After" not in first.headers
    client.post("/api/v1/search", json={"text": "plate"})
    client.get("/api/v1/search?text=plate")
    refused = client.get(PRODUCT)

    detail = problem(refused, 429)["detail"]
    assert "3/hour" in detail
    assert "key" in detail
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["RateLimit"].startswith('"anonymous";r=0;t=')
    elsewhere = client.get(PRODUCT, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 200


def test_a_key_is_counted_for_itself(app: Flask) -> None:
    client = another(app, rate_anonymous="1/hour", rate_key="2/hour").test_client()
    _, header = make_key(app, "search")
    _, other = make_key(app, "search")

    assert statuses(client, PRODUCT, 3, headers=header) == [200, 200, 429]
    assert "2/hour" in problem(client.get(PRODUCT, headers=header), 429)["detail"]
    assert client.get(PRODUCT, headers=other).status_code == 200
    assert client.get(PRODUCT).status_code == 200


def test_guessing_keys_counts(app: Flask) -> None:
    client = another(app, rate_anonymous="2/hour").test_client()

    guesses = [
        client.get(PRODUCT, headers={"Authorization": f"Bearer fa_{n}"}).status_code
        for n in range(3)
    ]
    assert guesses == [401, 401, 429]


def test_an_ipv6_network_counts_as_one(app: Flask) -> None:
    client = another(app, rate_anonymous="1/hour").test_client()

    def ask(address: str) -> int:
        return client.get(PRODUCT, environ_base={"REMOTE_ADDR": address}).status_code

    assert [ask("2001:db8::1"), ask("2001:db8::2"), ask("2001:db8:0:1::1")] == [200, 429, 200]
    assert [ask("unknown"), ask("unknown"), ask("fe80::1%eth0")] == [200, 429, 200]


def test_pages_are_limited_in_words_for_people(app: Flask) -> None:
    client = another(app, rate_pages="2/hour", rate_anonymous="9/hour").test_client()

    client.get("/search?text=plate")
    client.get("/api/v1/heat?photo=x&image_id=1")  # scripts of pages count as pages do
    refused = client.get("/products/PLATE-RED")

    assert refused.status_code == 429
    assert refused.mimetype == "text/html"
    assert "Please try again in a moment." in refused.text
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get(PRODUCT).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_refused_logins_are_limited_and_others_not(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.protection.rate_limits.LOGIN", "2/minute")
    made = another(app)
    for _ in range(3):
        log_in(made, "operator")
    client = made.test_client()
    token = token_of(client, "/login")

    def attempt(number: int) -> int:
        fields = {"csrf_token": token, "name": f"nobody-{number}", "password": "wrong"}
        return client.post("/login", data=fields).status_code

    assert [attempt(number) for number in range(3)] == [403, 403, 429]
    assert client.get("/login").status_code == 200


def test_what_browsers_ask_before_costs_nothing(app: Flask) -> None:
    client = another(app, rate_anonymous="1/hour").test_client()

    assert [client.options(PRODUCT).status_code for _ in range(3)] == [200] * 3
    assert client.get(PRODUCT).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [(0, "198.51.100.1", "127.0.0.1"), (1, "198.51.100.1", "198.51.100.1"),
     (1, "203.0.113.9, 198.51.100.1", "198.51.100.1")],
)  # fmt: skip
def test_only_trusted_proxies_say_who_asks(
    app: Flask, proxies: int, forwarded: str, counted: str
) -> None:
    headers = {"X-Forwarded-For": forwarded, "X-Forwarded-Proto": "https"}
    with another(app, proxies=proxies).test_client() as client:
        client.get("/healthz", headers=headers)

        assert request.remote_addr == counted
        assert request.is_secure == bool(proxies)


@pytest.mark.parametrize(("proxies", "told"), [(0, 1), (1, 0)])
def test_a_proxy_that_is_not_trusted_is_said_once(app: Flask, proxies: int, told: int) -> None:
    client = another(app, proxies=proxies).test_client()
    with capture_logs() as logs:
        for _ in range(3):
            client.get(PRODUCT, headers={"X-Forwarded-For": "192.0.2.7"})
    assert [line["event"] for line in logs].count("proxy_not_trusted") == told


def test_processes_count_together_in_redis_and_go_on_without_it(app: Flask, tmp_path: Path) -> None:
    port = free_port()
    with running_redis(port, tmp_path) as url:
        one, two = (
            another(app, rate_anonymous="2/hour", broker_url=SecretStr(url)).test_client()
            for _ in range(2)
        )
        assert statuses(one, PRODUCT, 1) == [200]
        assert statuses(two, PRODUCT, 2) == [200, 429]

    assert statuses(one, PRODUCT, 3) == [200, 200, 429], "each process for itself"
    assert two.get(PRODUCT).headers["RateLimit-Policy"] == '"anonymous";q=2;w=3600'
