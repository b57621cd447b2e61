"""Hosts that refuse, send rubbish or are down stop no other host."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from indexer.encode_jobs.encode_control import encode_all
from search.database.connection import session_scope
from search.database.models import Quarantine
from search.encoder import Encoder
from search.errors import JobFailed
from search.jobs.job_records import JobRecord
from search.settings import Settings
from tests.support.servers.picture_host import PictureHost, serve_pictures
from tests.support.shops.spooled_pictures import QUICK, Add, image, put, spooled, states

BAD = {
    "missing": "http_404",
    "page": "web_page",
    "loop": "redirect_loop",
    "declared-huge": "too_large",
    "huge": "too_large",
    "hang": "timeout",
    "drip": "timeout",
    "broken": "http_503",
}


def test_bad_hosts_are_refused_and_stop_nobody(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord], database: Engine
) -> None:
    """Endless bodies, web pages, redirect loops, silence: each is named, the rest is encoded."""
    good = put(host, 12)
    bad = [f"{host.address}/{path}" for path in BAD]
    ids = add(*good[:6], *bad, *good[6:])

    job = encode()

    assert (job.state, job.done, job.failed) == ("done", 12, len(BAD))
    assert states(database) == ["ready"] * 6 + ["failed"] * len(BAD) + ["ready"] * 6
    with session_scope(database) as session:
        entries = session.scalars(select(Quarantine).order_by(Quarantine.product_image_id)).all()
        found = {entry.product_image_id: entry.reason for entry in entries}
        assert all(str(entry.address) in entry.detail for entry in entries)
    assert found == dict(zip(ids[6:], BAD.values(), strict=False))
    assert sum(job.report["fetch"]["refused"].values()) == len(BAD)
    assert job.report["failed"] == job.report["fetch"]["refused"]


def test_what_is_sent_but_no_picture_is_quarantined_when_encoded(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord], settings: Settings
) -> None:
    add(*put(host, 2), f"{host.address}/good")

    job = encode()

    assert (job.done, job.failed) == (2, 1)
    assert job.report["failed"] == {"truncated": 1}
    assert job.report["fetch"]["refused"] == {}
    assert spooled(settings) == []


@pytest.mark.parametrize("status", [404, 503])
def test_a_picture_whose_host_refuses_it_now_works_on(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord], database: Engine, status: int
) -> None:
    ids = add(*put(host, 2))
    encode()
    before = image(database, ids[0])
    host.status = status

    job = encode()

    after = image(database, ids[0])
    assert (job.state, job.failed) == ("done", 0)
    assert job.report["fetch"]["kept"] == {f"http_{status}": 2}
    assert (after.state, after.sha256) == ("ready", before.sha256)
    assert encode().report["fetch"]["asked"] == 2


def test_pictures_of_a_host_that_is_away_are_put_off(
    host: PictureHost, add: Add, encode: Callable[..., JobRecord], database: Engine
) -> None:
    """Only this host is left alone; nothing is quarantined, and the job ends."""
    with serve_pictures() as away:
        away.status = 503
        add(*put(away, 40), *put(host, 40, start=50))
        job = encode(fetch_threads=2)

        assert job.state == "done"
        assert job.done == 40
        assert (job.failed, job.report["failed"]) == (0, {})
        assert job.report["fetch"]["put_off"] == {away.host: 40}
        assert job.report["fetch"]["new"] == 40
        assert "fetching" not in job.report
        assert states(database) == ["pending"] * 40 + ["ready"] * 40
        # Two at a time with four tries each: five failures open the breaker, two more are trials.
        assert away.asked <= 4 * (5 + 1 + 2)
        away.status = 200
        assert encode().report["fetch"]["new"] == 40
    assert states(database) == ["ready"] * 80


def test_a_host_that_comes_back_gets_its_trial(
    host: PictureHost, add: Add, database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    add(*put(host, 20))
    host.status = 503

    def recover(_done: int, _total: int) -> None:
        host.status = 200

    job = encode_all(database, settings, small_encoder, patience=QUICK, progress=recover)

    assert (job.state, job.done, job.report["fetch"]["put_off"]) == ("done", 20, {})


def test_without_a_network_the_job_fails(
    add: Add, encode: Callable[..., JobRecord], database: Engine
) -> None:
    """No host answers at all, so nothing is wrong with the pictures."""
    add(*(f"http://127.0.0.1:{9 + i % 2}/{i}.png" for i in range(12)))

    with pytest.raises(JobFailed, match="network"):
        encode(fetch_timeout_s=0.5)

    assert states(database) == ["pending"] * 12
    with session_scope(database) as session:
        assert session.scalars(select(Quarantine)).all() == []
