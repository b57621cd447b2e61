"""Each check of a rehearsal passes a good generation, and fails the fault that it looks for."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, delete, func, select, update

from indexer.building.build_generation import build_generation
from search.database.connection import session_scope
from search.database.models import GenerationRow, Product, ProductImage, SearchEvent
from search.encoder import Encoder
from search.index.generation_files import COLUMNS, INDEX, Generation, load_generation, read_manifest
from search.index.index_planning import plan_index, train_index
from search.index.manifest_files import file_entry, write_manifest
from search.index.vector_index import write_index
from search.merchandising.saved_descriptions import add_saved, mark
from search.publication.checks import RehearsalCheck, rehearse
from search.publication.checks.comparison_sides import Sides
from search.publication.checks.index_checks import check_recall, judge_latency
from search.publication.checks.live_comparison import (
    check_overlap,
    check_size,
    first_of,
    share_in_common,
)
from search.publication.checks.product_counts import check_counts, recount
from search.publication.checks.suite_check import check_suite
from search.results import Query
from search.settings import Settings
from tests.support.shops.encoded_shop import fill_shop, product_of
from tests.support.written_generations import flip_byte

N = 40
Build = Callable[[], Generation]


@pytest.fixture
def build(database: Engine, settings: Settings, small_encoder: Encoder) -> Build:
    """Build a generation of a shop of forty products."""
    fill_shop(database, settings, small_encoder.tag, N)

    def call() -> Generation:
        number = build_generation(database, settings, small_encoder)
        return load_generation(directory(database, settings, number), number)

    return call


@pytest.fixture
def sides(database: Engine, settings: Settings, small_encoder: Encoder) -> Sides:
    return Sides(database, settings, small_encoder)


def directory(database: Engine, settings: Settings, number: int) -> Path:
    with session_scope(database) as session:
        name = session.get_one(GenerationRow, number).directory
    return settings.root / "generations" / name


def retire(database: Engine, *numbers: int) -> None:
    ids = [product_of(database, number) for number in numbers]
    with session_scope(database) as session:
        retired = update(Product).where(Product.id.in_(ids))
        session.execute(retired.values(retired_at=func.now()))


def swap_pictures(database: Engine) -> None:
    """Give every product another product's picture."""
    with session_scope(database) as session:
        images = session.scalars(select(ProductImage).order_by(ProductImage.id)).all()
        digests = [image.sha256 for image in images]
        order = np.random.default_rng(2).permutation(len(images))
        for image, place in zip(images, order.tolist(), strict=True):
            image.sha256 = digests[place]


def test_every_product_is_accounted_for(database: Engine, build: Build) -> None:
    with session_scope(database) as session:
        session.add(Product(sku="BARE", title="without a picture", source="shop"))
    retire(database, 3, 4)

    generation = build()
    found = recount(database, generation)

    assert (found.products, found.indexed) == (N + 1, N - 2)
    assert (found.without_picture, found.retired, found.waiting) == (1, 2, 0)
    assert check_counts(database, generation) == RehearsalCheck(
        "counts",
        "passed",
        "41 products = 38 indexed + 1 without a usable picture + 2 retired.",
        0,
        0,
    )


def test_what_changed_since_the_build_is_not_missing(
    database: Engine, settings: Settings, small_encoder: Encoder, build: Build
) -> None:
    generation = build()
    retire(database, 0)  # still in the index
    fill_shop(database, settings, small_encoder.tag, 2, first=N)  # not yet in the index

    found = recount(database, generation)

    assert (found.products, found.indexed, found.waiting) == (N + 2, N, 2)
    assert found.wrong == 0


def test_one_product_too_few_is_found_by_name(
    database: Engine, settings: Settings, build: Build
) -> None:
    """The index lacks a product that the catalogue held all along."""
    generation = build()
    kept = load_generation(directory(database, settings, generation.id), generation.id)
    kept.columns.product_id.setflags(write=False)
    lost = product_of(database, 7)
    other = product_of(database, 8)
    products = np.where(kept.columns.product_id == lost, other, kept.columns.product_id)
    object.__setattr__(kept.columns, "product_id", products)

    check = check_counts(database, kept)

    assert check.verdict == "failed"
    assert "1 missing (SHOP-00007)" in check.sentence
    assert "1 more or less than its manifest says" in check.sentence


def test_a_picture_twice_and_a_product_that_was_gone_before(
    database: Engine, settings: Settings, build: Build
) -> None:
    generation = build()
    images = generation.columns.image_id.copy()
    images[1] = images[0]
    object.__setattr__(generation.columns, "image_id", images)
    with session_scope(database) as session:
        session.execute(delete(Product).where(Product.id == product_of(database, 5)))

    check = check_counts(database, generation)

    assert "1 that should not be there" in check.sentence
    assert "1 pictures twice" in check.sentence


def test_an_index_of_other_vectors_misses_its_neighbours(
    database: Engine, settings: Settings, small_encoder: Encoder, build: Build, sides: Sides
) -> None:
    """All checksums are right, and the manifest claims perfect recall."""
    generation = build()
    assert check_recall(sides, generation, 0.95).verdict == "passed"
    folder = directory(database, settings, generation.id)
    few = settings.model_copy(update={"candidates": 50})
    shuffled = np.random.default_rng(1).permutation(np.asarray(generation.vectors))
    write_index(train_index(plan_index(*shuffled.shape), shuffled), folder / INDEX)
    manifest = read_manifest(folder)
    files = manifest.files | {INDEX: file_entry(folder / INDEX)}
    write_manifest(folder, manifest.model_copy(update={"files": files, "candidates": 10}))

    rehearsed = rehearse(database, few, (generation.id, folder), None, encoder=small_encoder)

    failed = {check.name: check for check in rehearsed.rehearsal.refusing}
    assert failed["recall"].measured is not None
    assert failed["recall"].measured < 0.9
    assert "Raise FINDALIKE_INDEX_MEMORY_MB" in failed["recall"].sentence


@pytest.mark.parametrize(
    ("new_ms", "live_ms", "verdict"),
    [(70, 25, "passed"), (90, 25, "failed"), (15, 0.1, "passed"), (30, 0, "failed")],
)
def test_slower_is_refused_only_where_somebody_notices(
    new_ms: float, live_ms: float, verdict: str
) -> None:
    assert judge_latency(new_ms, live_ms, 3).verdict == verdict


def test_losing_more_products_than_allowed(
    database: Engine, build: Build, settings: Settings
) -> None:
    live = build()
    spoilt = [product_of(database, number) for number in range(10)]
    with session_scope(database) as session:
        theirs = update(ProductImage).where(ProductImage.product_id.in_(spoilt))
        session.execute(theirs.values(state="failed"))
    new = build()

    check = check_size(database, new, live, settings.shrink_limit)

    assert (check.verdict, check.measured) == ("failed", 0.25)
    assert check.sentence.startswith("30 products after 40; 0 were withdrawn, 10 are on sale")
    assert check_size(database, live, new, settings.shrink_limit).verdict == "passed"


def test_products_that_their_catalogue_withdrew_may_go(
    database: Engine, build: Build, settings: Settings
) -> None:
    """However many: the limit per night was applied when the catalogue was read."""
    live = build()
    retire(database, *range(30))

    check = check_size(database, build(), live, settings.shrink_limit)

    assert (check.verdict, check.measured) == ("passed", 0)
    assert "30 were withdrawn" in check.sentence


def test_products_that_came_or_went_do_not_count_against_the_overlap(
    database: Engine, settings: Settings, small_encoder: Encoder, build: Build, sides: Sides
) -> None:
    live = build()
    retire(database, *range(0, N, 4))
    fill_shop(database, settings, small_encoder.tag, 20, first=N)
    with session_scope(database) as session:
        session.add_all(asked(text) for text in ["Red thing", "red thing", "blue thing"])

    check = check_overlap(sides, build(), live, 0.5)

    assert check.verdict == "passed"
    assert check.measured is not None
    assert check.measured > 0.9
    assert "titles" in check.sentence
    assert "texts asked" in check.sentence
    assert "(2)" in check.sentence  # the same text twice counts once


def asked(text: str) -> SearchEvent:
    return SearchEvent(
        kind="text", text=text, filters={}, page=1, total=1, shown=[], elapsed_ms=1.0,
        created_at=datetime.now(UTC),
    )  # fmt: skip


def test_pictures_that_changed_places_are_noticed(
    database: Engine, settings: Settings, build: Build, sides: Sides
) -> None:
    live = build()
    swap_pictures(database)

    check = check_overlap(sides, build(), live, 0.9)

    assert check.verdict == "failed"


def test_another_model_only_tells_its_overlap(database: Engine, build: Build, sides: Sides) -> None:
    live = build()
    new = build()
    foreign = new.manifest.model_copy(update={"model_tag": "another-model", "model": "nowhere"})
    object.__setattr__(new, "manifest", foreign)

    check = check_overlap(sides, new, live, 1.0)

    assert check.verdict == "told"
    assert "Another model built it" in check.sentence


def test_the_first_places_are_those_of_products_in_common() -> None:
    common = np.array([1, 2, 3])
    assert first_of([9, 3, 3, 1, 8], common) == [3, 1]
    assert share_in_common([1, 2], [2, 3, 4, 5]) == 0.25
    assert share_in_common([], []) is None


def test_marks_that_hold_no_longer(database: Engine, build: Build, sides: Sides) -> None:
    live = build()
    assert check_suite(sides, live, None, 0.1).check.verdict == "skipped"
    engine = sides.engine(live)
    assert engine is not None
    text = "velvet dragon"  # not a word of the catalogue, so only vectors find anything
    hits = engine.search(Query(text=text, k=8, record=False, fold=False)).hits
    with session_scope(database) as session:
        saved = add_saved(session, text, actor="mia")
        for hit in hits:
            mark(session, saved, hit.product.sku, True, actor="mia")
    alone = check_suite(sides, live, None, 0.1)
    assert alone.check.verdict == "told"
    assert len(alone.outcomes) == 1
    same = check_suite(sides, build(), live, 0.1)
    assert (same.check.verdict, same.check.measured) == ("passed", 0)

    swap_pictures(database)
    worse = check_suite(sides, build(), live, 0.1).check

    assert worse.verdict == "failed"
    assert worse.measured is not None
    assert worse.measured > 0.3


def test_a_marked_product_that_left_the_catalogue_is_no_loss(
    database: Engine, build: Build, sides: Sides
) -> None:
    live = build()
    with session_scope(database) as session:
        saved = add_saved(session, "thing number 3", actor="mia")
        for number in (3, 5):
            mark(session, saved, f"SHOP-{number:05d}", True, actor="mia")
    retire(database, 5)

    assert check_suite(sides, build(), live, 0.0).check.verdict == "passed"


def test_a_damaged_generation_is_checked_no_further(
    database: Engine, settings: Settings, build: Build
) -> None:
    generation = build()
    folder = directory(database, settings, generation.id)
    flip_byte(folder / COLUMNS)

    rehearsal = rehearse(database, settings, (generation.id, folder), None).rehearsal

    [check] = rehearsal.checks
    assert (check.name, check.verdict) == ("checksums", "failed")


def test_a_live_generation_that_can_not_be_read_is_no_obstacle(
    database: Engine, settings: Settings, small_encoder: Encoder, build: Build
) -> None:
    live, new = build(), build()
    gone = directory(database, settings, live.id)
    (gone / INDEX).unlink()
    here = directory(database, settings, new.id)

    rehearsal = rehearse(
        database, settings, (new.id, here), (live.id, gone), encoder=small_encoder
    ).rehearsal

    assert rehearsal.refusing == ()
    verdicts = {check.name: check.verdict for check in rehearsal.checks}
    assert verdicts["overlap"] == "skipped"
    assert verdicts["recall"] == "passed"
