"""Heat maps from the API: pictures, browser caching, refusals with advice."""

import io
from dataclasses import replace

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from search.engine.search_engine import SearchEngine
from search.pictures.rendition_store import LONGEST_SIDE_PX
from tests.support.shops.plain_shop import draw
from web.errors import PROBLEM_JSON

HEAT = "/api/v1/heat"


def sent(client: FlaskClient) -> tuple[str, int]:
    """Send a wide photo of a red plate; return its token and the best hit's picture."""
    photo = Image.new("RGB", (900, 600), "#f4f2ee")
    photo.paste(draw("Plate", "red", side_px=500), (50, 50))
    content = io.BytesIO()
    photo.save(content, "JPEG", quality=92)
    content.seek(0)
    form = {"photo": (content, "p.jpg"), "keep": "true", "k": "1"}
    found = client.post("/api/v1/search", data=form).json
    assert found["hits"][0]["product"]["sku"] == "PLATE-RED"
    return found["photo"], int(found["hits"][0]["picture"].rpartition("/")[2])


def pixels(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB"), dtype=np.float32)


def test_the_products_picture_glows_where_it_agrees(client: FlaskClient) -> None:
    photo, image_id = sent(client)

    answer = client.get(HEAT, query_string={"photo": photo, "image_id": image_id})

    assert answer.status_code == 200
    assert answer.mimetype == "image/png"
    assert answer.headers["Cache-Control"].startswith("private")
    with Image.open(io.BytesIO(client.get(f"/pictures/{image_id}").data)) as rendition:
        before = np.asarray(rendition.convert("RGB"), dtype=np.float32)
    after = pixels(answer.data)
    assert after.shape == before.shape
    changed = np.abs(after - before).mean(axis=2)
    middle = changed[len(changed) // 3 : -len(changed) // 3, len(changed) // 3 : -len(changed) // 3]
    assert middle.mean() > 20
    assert middle.mean() > 2 * changed[:20].mean()


def test_the_photo_or_its_part_can_be_shown_instead(client: FlaskClient) -> None:
    photo, image_id = sent(client)
    asked = {"photo": photo, "image_id": image_id, "side": "photo"}

    whole = pixels(client.get(HEAT, query_string=asked).data)
    part = pixels(client.get(HEAT, query_string={**asked, "box": "0,0,0.5,1"}).data)

    assert whole.shape == (LONGEST_SIDE_PX * 600 // 900, LONGEST_SIDE_PX, 3)
    assert part.shape == (LONGEST_SIDE_PX, LONGEST_SIDE_PX * 450 // 600, 3)


def test_what_a_browser_has_is_not_sent_again(client: FlaskClient) -> None:
    photo, image_id = sent(client)
    asked = {"photo": photo, "image_id": image_id}
    etag = client.get(HEAT, query_string=asked).headers["ETag"]

    same = client.get(HEAT, query_string=asked, headers={"If-None-Match": etag})
    other = client.get(
        HEAT, query_string={**asked, "side": "photo"}, headers={"If-None-Match": etag}
    )

    assert (same.status_code, same.data) == (304, b"")
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"photo": "0" * 32}, 404, "no longer kept"),
        ({"photo": "../../secret"}, 422, "photo"),
        ({"image_id": 10**9}, 404, "no such picture"),
        ({"image_id": "x"}, 422, "image_id"),
        ({"side": "both"}, 422, "side"),
        ({"box": "0,0,2,2"}, 400, "box must be"),
        ({"more": "1"}, 422, "more"),
    ],
)
def test_what_cannot_be_shown_is_explained(
    client: FlaskClient, changed: dict[str, object], status: int, said: str
) -> None:
    photo, image_id = sent(client)

    answer = client.get(HEAT, query_string={"photo": photo, "image_id": image_id, **changed})

    assert answer.status_code == status
    assert answer.content_type == PROBLEM_JSON
    assert said in answer.json["detail"]


def test_an_index_without_local_features_says_what_to_do(
    client: FlaskClient, engine: SearchEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo, image_id = sent(client)
    now = engine.answering()
    none = np.empty((len(now.generation.vectors), 0, 1), np.int8)
    bare = replace(now, generation=replace(now.generation, patches=none))
    monkeypatch.setattr(engine, "answering", lambda: bare)

    answer = client.get(HEAT, query_string={"photo": photo, "image_id": image_id})
    found = client.post("/api/v1/search", json={"photo": photo, "k": 1}).json

    assert answer.status_code == 409
    assert answer.json["type"] == "urn:findalike:problem:no-local-features"
    assert "findalike reindex" in answer.json["detail"]
    assert found["hits"][0]["heat"] is None
