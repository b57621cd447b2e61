"""Health lists from tables: pictures, refusals and retries, missing values, doubtful colours."""

import re
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from search.database.audit_trail import read_trail
from search.database.models import GenerationRow, Product, ProductAttribute, Quarantine
from search.jobs.job_records import finish, start_job
from search.merchandising.health.finding_store import (
    JOB,
    count_findings,
    inspected,
    keep_findings,
    list_findings,
    list_groups,
)
from search.merchandising.health.missing_values import (
    attribute_names,
    contradicted_colours,
    count_lacking,
    count_without_picture,
    lacking,
    without_picture,
)
from search.merchandising.health.refusals import (
    WORDS,
    RefusalFilter,
    count_reasons,
    in_words,
    list_refusals,
    retry_pictures,
    retry_refusals,
)
from search.merchandising.health.survey import Found
from search.text.attribute_vocabulary import load_vocabulary
from tests.support.factories import make_image, make_product

VOCABULARY = load_vocabulary()
SOURCES = [
    path
    for folder in ("search", "indexer")
    for path in (Path(__file__).parents[4] / folder).rglob("*.py")
]


def refuse(session: Session, reason: str, product: Product | None = None) -> Quarantine:
    """Add a refused picture, or a refused row if no product is given."""
    image = (
        make_image(session, product, state="failed", sha256=None, error="It ends early.")
        if product is not None
        else None
    )
    entry = Quarantine(
        kind="row" if image is None else "image",
        source="shop.csv",
        line=7 if image is None else None,
        sku="X" if product is None else product.sku,
        product_image_id=image.id if image is not None else None,
        reason=reason,
        detail="Do this.",
    )
    session.add(entry)
    session.flush()
    return entry


def test_products_without_a_usable_picture(session: Session) -> None:
    fine, none, broken, waiting, gone = (make_product(session) for _ in range(5))
    make_image(session, fine)
    make_image(session, fine, state="failed")
    make_image(session, broken, state="failed", sha256=None, error="It ends early.")
    make_image(session, waiting, state="pending", sha256=None)
    gone.retired_at = gone.created_at
    session.flush()

    found = {each.sku: each for each in without_picture(session, limit=None)}

    assert set(found) == {none.sku, broken.sku, waiting.sku}
    assert count_without_picture(session) == 3
    assert (found[none.sku].pictures, found[broken.sku].error) == (0, "It ends early.")
    assert found[waiting.sku].pending == 1
    assert len(without_picture(session, limit=2, offset=2)) == 1


def test_every_reason_has_words() -> None:
    """Every code in the sources has a sentence."""
    refusing = r'(?:UnusablePicture|Remark|RefusedRow|Refused)\(\s*"([a-z_]+)"'
    table = r'\("([a-z_]+)", "(?:The|Give)'
    codes = {
        code
        for path in SOURCES
        for pattern in (refusing, table)
        for code in re.findall(pattern, path.read_text(encoding="utf-8"))
    }
    assert {"truncated", "no_sku", "odd_price"} <= codes
    others = {"ignore", "rule"}  # codes of the warnings module and of reasons for hits
    assert codes - set(WORDS) - others == set()
    assert in_words("http_404") == "The picture's server answers 404"


def test_refusals_by_reason(session: Session) -> None:
    product = make_product(session)
    refuse(session, "truncated", product)
    refuse(session, "empty_title")
    refuse(session, "empty_title")

    assert [(r.kind, r.code, r.count) for r in count_reasons(session)] == [
        ("row", "empty_title", 2),
        ("image", "truncated", 1),
    ]
    found, total = list_refusals(session, RefusalFilter(kind="image"), limit=10)
    assert (total, found[0].words, found[0].known) == (1, "The picture ends early", True)
    assert list_refusals(session, RefusalFilter(code="empty_title"), limit=1)[1] == 2
    assert not list_refusals(session, RefusalFilter(kind="row"), limit=1)[0][0].known


def test_pictures_are_tried_again_and_rows_are_not(session: Session) -> None:
    product = make_product(session)
    one, other = refuse(session, "truncated", product), refuse(session, "truncated", product)
    row = refuse(session, "empty_title")

    assert retry_refusals(session, actor="mia", refusal_id=one.id) == 1
    assert retry_refusals(session, actor="mia", refusal_id=one.id) == 0  # it is pending already
    assert retry_refusals(session, actor="mia", refusal_id=row.id) == 0
    waiting = {
        each.id: each.waiting for each in list_refusals(session, RefusalFilter(), limit=None)[0]
    }
    assert waiting == {one.id: True, other.id: False, row.id: False}
    assert retry_refusals(session, actor="mia", code="truncated") == 1
    assert [entry.subject for entry in read_trail(session, action="picture.retry")[0]] == [
        "truncated",
        f"quarantine {one.id}",
    ]
    assert retry_pictures(session) == 0


def test_missing_values_by_any_source(session: Session) -> None:
    bare = make_product(session, colour=None, brand=None, price_cents=None)
    seen = make_product(session, colour=None)
    session.add(
        ProductAttribute(
            product_id=seen.id, name="colour", source="picture", value="red", confidence=0.9,
            model_tag="m",
        )
    )  # fmt: skip
    session.flush()
    names = attribute_names(VOCABULARY)
    assert names[:4] == ("category", "brand", "colour", "price")
    counts = count_lacking(session, names)
    assert (counts["category"], counts["brand"], counts["colour"], counts["price"]) == (0, 1, 1, 1)
    assert counts["pattern"] == 2
    assert [each.sku for each in lacking(session, "colour", limit=None)] == [bare.sku]


@pytest.mark.parametrize(
    ("stated", "seen", "confidence", "doubtful"),
    [
        ("red", "blue", 0.95, True),
        ("Crimson red", "red", 0.95, False),
        ("red", "blue", 0.8, False),  # not confident enough
        ("oak", "beige", 0.99, False),  # not a colour in the vocabulary
        ("red and white", "blue", 0.99, False),  # several
    ],
)
def test_colours_that_pictures_contradict(
    session: Session, stated: str, seen: str, confidence: float, doubtful: bool
) -> None:
    product = make_product(session, colour=stated)
    fields = {"product_id": product.id, "name": "colour", "confidence": confidence}
    session.add(ProductAttribute(**fields, source="picture", value=seen, model_tag="m"))
    session.flush()
    found, total = contradicted_colours(session, VOCABULARY, limit=10)
    assert [each.sku for each in found] == ([product.sku] if doubtful else [])
    assert total == doubtful
    edited = fields | {"confidence": 1.0}
    session.add(ProductAttribute(**edited, source="merchandiser", value=stated, model_tag=None))
    session.flush()
    assert contradicted_colours(session, VOCABULARY, limit=10) == ([], 0), "someone decided"


def make_generation(session: Session, state: str = "live") -> int:
    row = GenerationRow(state=state, model_tag="m", directory=f"g-{state}")
    session.add(row)
    session.flush()
    return row.id


def test_findings_are_kept_replaced_and_left_out_once_put_right(session: Session) -> None:
    generation = make_generation(session)
    products = [make_product(session, category="Home > Mugs", title=f"Mug {i}") for i in range(4)]
    images = [make_image(session, product).id for product in products]
    ids = [product.id for product in products]
    doubles = [Found("duplicate", ids[i], images[i], 0.9, {}, group=ids[0]) for i in range(2)]
    lone = Found("duplicate", ids[2], images[2], 0.99, {}, group=ids[2])
    says = {"stated": "Home > Mugs", "seen": "Home > Lamps"}
    misfits = [Found("category", ids[i], images[i], 0.5 + i / 10, says) for i in range(3)]
    named = Found("title", ids[3], images[3], 0.4, {"title": "Mug 3"})
    for _ in range(2):
        keep_findings(session, generation, [*doubles, lone, *misfits, named])

    assert [count_findings(session, generation, k) for k in ("duplicate", "category", "title")] == [
        1, 3, 1,
    ]  # fmt: skip
    [group] = list_groups(session, generation, limit=None)
    assert {each.product_id for each in group} == set(ids[:2])
    surest = list_findings(session, generation, "category", limit=2)
    assert [each.product_id for each in surest] == [ids[2], ids[1]]
    products[2].category = "Home > Lamps"
    products[3].title = "Lamp"
    products[1].retired_at = products[1].created_at
    session.flush()
    assert [count_findings(session, generation, k) for k in ("duplicate", "category", "title")] == [
        0, 1, 0,
    ]  # fmt: skip
    changed = {"name": "category", "source": "merchandiser", "value": "Home > Lamps"}
    session.add(ProductAttribute(product_id=ids[0], confidence=1, model_tag=None, **changed))
    session.flush()
    assert count_findings(session, generation, "category") == 0


def test_whether_the_live_generation_was_looked_over(session: Session) -> None:
    assert inspected(session) is None
    generation = make_generation(session)
    assert inspected(session) is None
    finish(session, start_job(session, JOB), {"generation": generation})
    session.flush()
    assert inspected(session) == generation
