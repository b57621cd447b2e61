"""Indexes a catalogue in a home of its own and measures search on it.

The operator's own database and index are not touched: an evaluation always runs on an embedded
PostgreSQL under its own directory.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy import select

from indexer.building.build_generation import build_generation
from indexer.encode_jobs.encode_control import encode_all
from indexer.ingest.ingest_run import ingest
from search.database.connection import open_database, session_scope
from search.database.models import GenerationRow, Product
from search.encoder import load_encoder
from search.engine.configured_stages import configured_stages
from search.evaluation.evaluator import Evaluator
from search.evaluation.judged_queries import Judged
from search.live.stored_generations import load_recorded
from search.query.photo_and_text import Composer
from search.query.regions import RegionProposer, load_proposer
from search.settings import Settings
from search.text.attribute_vocabulary import load_vocabulary

Progress = Callable[[str, int, int | None], None]
"""Called with the name of a step, how much is done, and how much there is."""


def evaluate_catalogue(
    catalogue: Path,
    judged: Sequence[Judged],
    settings: Settings,
    *,
    proposer: RegionProposer | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Index a catalogue and ask it judged queries.

    Args:
        catalogue: Anything `findalike ingest` reads.
        judged: The queries.
        settings: Its `home` is filled with a database and an index; a database set by the
            operator is ignored.
        proposer: Finds the things in photos; None: the one that the settings name.
        progress: Called with how far each step is.

    Returns:
        `{data, model, index, queries}`; see `search.evaluation.evaluator`.
    """
    tell = progress or (lambda _step, _done, _total: None)
    own = settings.model_copy(update={"database_url": None, "broker_url": None})
    database = open_database(own, application_name="findalike-evaluate")
    try:
        encoder = load_encoder(own.model, own.device)
        report = ingest(
            database, catalogue, own, progress=lambda done, total: tell("ingest", done, total)
        )
        encode_all(database, own, encoder, progress=lambda done, total: tell("encode", done, total))
        generation_id = build_generation(database, own, encoder)
        proposer = proposer or load_proposer(own.regions, own.device)
        composer = Composer(encoder, load_vocabulary(own.vocabulary), proposer)
        evaluator = _evaluator(database, own, composer, generation_id)
        measured = evaluator.evaluate(judged, lambda done, total: tell("ask", done, total))
    finally:
        database.dispose()
    manifest = evaluator.generation.manifest
    return {
        "data": {
            "catalogue": str(catalogue),
            "products": report.rows,
            "indexed_products": len(evaluator.skus),
            "queries": len(judged),
        },
        "model": {"name": own.model, "tag": encoder.tag, "dim": encoder.dim},
        "index": manifest.model_dump(mode="json"),
        "queries": measured,
    }


def _evaluator(
    database: sqlalchemy.Engine, settings: Settings, composer: Composer, generation_id: int
) -> Evaluator:
    """Load the built generation with the skus and categories that judge it."""
    with session_scope(database) as session:
        row = session.get_one(GenerationRow, generation_id)
        products = session.execute(
            select(Product.id, Product.sku, Product.category).where(Product.retired_at.is_(None))
        ).all()
    generation = load_recorded(settings.root, row)
    indexed = set(generation.columns.product_id.tolist())
    return Evaluator(
        generation=generation,
        composer=composer,
        settings=settings,
        database=database,
        skus={product_id: sku for product_id, sku, _ in products if product_id in indexed},
        categories={sku: category for _, sku, category in products},
        reranking=configured_stages(settings, database),
    )
