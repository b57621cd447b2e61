"""The parts of the nightly benchmark: its changing catalogue, and its arithmetic."""

import csv
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, select

from indexer.ingest.ingest_run import ingest
from indexer.snapshot.catalogue_snapshot import take_snapshot
from scripts.benchmarks.nightly_run_time import BenchedNight
from scripts.benchmarks.synthetic_catalogue import SyntheticCatalogue, encode_synthetically
from search.database.connection import session_scope
from search.database.models import ProductImage
from search.encoder import Encoder
from search.index.embedding_store import EmbeddingStore
from search.results import HalfVectors
from search.settings import Settings
from search.text.attribute_vocabulary import load_vocabulary

PRODUCTS = 64
PICTURES = 72


@pytest.fixture
def catalogue(tmp_path: Path) -> SyntheticCatalogue:
    made = SyntheticCatalogue(tmp_path / "large", PRODUCTS)
    made.write()
    return made


def vectors(database: Engine, settings: Settings, encoder: Encoder) -> HalfVectors:
    """Return the vectors that a build would put into the index."""
    snapshot = take_snapshot(database, encoder.tag, load_vocabulary(settings.vocabulary))
    rows = np.asarray(snapshot.shard_rows)
    return EmbeddingStore(settings.root).gather(encoder.tag, snapshot.shards, rows).vectors


def test_every_picture_is_encoded_once_and_changed_ones_again(
    database: Engine, settings: Settings, small_encoder: Encoder, catalogue: SyntheticCatalogue
) -> None:
    first = ingest(database, catalogue.path, settings)
    assert (first.new, first.images_new) == (PRODUCTS, PICTURES)
    assert encode_synthetically(database, settings, small_encoder) == PICTURES
    assert encode_synthetically(database, settings, small_encoder) == 0
    before = vectors(database, settings, small_encoder)

    changed = catalogue.change_pictures(0.05)
    again = ingest(database, catalogue.path, settings)

    assert again.images_changed == changed > 0
    assert encode_synthetically(database, settings, small_encoder) == changed
    after = vectors(database, settings, small_encoder)
    assert (before != after).any(axis=1).sum() == changed
    assert np.linalg.norm(after.astype(np.float32), axis=1) == pytest.approx(1, abs=1e-2)
    with session_scope(database) as session:
        assert set(session.scalars(select(ProductImage.state))) == {"ready"}


def test_changed_fields_want_no_encoding(
    database: Engine, settings: Settings, small_encoder: Encoder, catalogue: SyntheticCatalogue
) -> None:
    ingest(database, catalogue.path, settings)
    encode_synthetically(database, settings, small_encoder)

    count = catalogue.change_fields(0.1)
    again = ingest(database, catalogue.path, settings)

    assert count == round(0.1 * PRODUCTS)
    assert (again.changed, again.unchanged) == (count, PRODUCTS - count)
    assert encode_synthetically(database, settings, small_encoder) == 0


def test_second_pictures_resemble_the_first(
    database: Engine, settings: Settings, small_encoder: Encoder, catalogue: SyntheticCatalogue
) -> None:
    ingest(database, catalogue.path, settings)
    encode_synthetically(database, settings, small_encoder)

    found = vectors(database, settings, small_encoder).astype(np.float32)

    assert found[0] @ found[1] > 0.9
    with catalogue.path.open(encoding="utf-8") as opened:
        assert [len(row["image"].split("|")) for row in csv.DictReader(opened)][:3] == [2, 1, 1]


def test_a_night_is_compared_without_its_build() -> None:
    def night(seconds: float, build: float, encoding: float) -> BenchedNight:
        stages = {"ingest": 1.0, "build": build}
        return BenchedNight("a night", seconds, stages, 10, encoding, None, True)

    full, other = night(30.0, 20.0, 90.0), night(21.0, 18.0, 1.0)

    figures = other.as_dict(full)

    assert figures["build_s"] == 18
    assert figures["without_build_s"] == 4
    assert figures["without_build_to_full"] == 0.04
    assert full.as_dict(full)["without_build_to_full"] == 1
