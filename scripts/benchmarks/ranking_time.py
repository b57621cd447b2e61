"""The time of each step of a search among synthetic products, compared with encoding a photo."""

import statistics
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.table import Table

from indexer.sample.drawn_product import draw_product
from scripts.benchmarks.synthetic_generation import FAR_STEP, STEP, open_generation, seen_again
from search.encoder import Encoder, load_encoder
from search.encoder.local_features import TRAINED_SHARE
from search.index.generation_files import Generation
from search.index.product_columns import Columns
from search.query.attribute_wishes import Wish
from search.query.cell_matching import query_cells
from search.query.photo_regions import EncodedPhoto
from search.query.rule_effects import Pin, RuleEffects, Shift
from search.query.understood_query import UnderstoodQuery
from search.ranking.facets import facets
from search.ranking.rank_candidates import rank
from search.ranking.stages import STAGES, Ranking, Stage, StageInput
from search.ranking.stages.folding import fold
from search.results import Filters, Vector
from search.settings import Settings
from search.telemetry.step_timer import Stopwatch
from search.text.fulltext_search import Lexical, Match

PHOTO_PX = 1024
"""Side to which the engine shrinks a shopper's photo."""
PHOTOS = 8
QUERIES = 25
"""Queries of each kind in each round."""
LEXICAL = 300
"""Products that full text search finds for a text."""
FILTERS = Filters(categories=("Part 1", "Part 2"), brands=("Brand 1", "Brand 2"), in_stock=True)
STEPS = ("encode", "filter", "candidates", "rescore", *STAGES, "facets", "fold")
RANKING = ("rescore", *STAGES, "facets", "fold")
"""Steps whose time together is compared with encoding."""


def measure_search(products: int, rounds: int, kept: Path | None) -> dict[str, Any]:
    """Return for photo and text queries the median milliseconds of each step.

    Args:
        products: Size of the generation.
        rounds: Rounds of `QUERIES` queries of each kind.
        kept: Folder that keeps the generation for the next run; None: a temporary one.
    """
    encoder = load_encoder("embedded", "cpu")
    drawn = [draw_product(7, i, size_px=512).image for i in range(PHOTOS)]
    photos = [image.resize((PHOTO_PX, PHOTO_PX), Image.Resampling.BICUBIC) for image in drawn]
    with open_generation(products, kept) as generation:
        queries = {
            "photo": _photo_queries(generation, QUERIES * rounds),
            "text": _text_queries(generation, QUERIES * rounds),
        }
        for of_kind in queries.values():
            _turn(encoder, photos[0], generation, of_kind[0])
        turns: dict[str, list[dict[str, float]]] = {kind: [] for kind in queries}
        for i in range(QUERIES * rounds):
            for kind, of_kind in queries.items():
                photo = photos[i % PHOTOS]
                turns[kind].append(_turn(encoder, photo, generation, of_kind[i]))
        return {
            "products": generation.manifest.products,
            "vectors": generation.manifest.vectors,
            "index": generation.manifest.factory,
            "nprobe": generation.manifest.nprobe,
            "questions": QUERIES * rounds,
            "torch_threads": torch.get_num_threads(),
            "kinds": {kind: _medians(times) for kind, times in turns.items()},
        }


def _medians(turns: list[dict[str, float]]) -> dict[str, Any]:
    """Return the medians over turns; ratios are taken within each turn."""

    def spent(turn: dict[str, float], steps: tuple[str, ...]) -> float:
        return sum(turn[step] for step in steps)

    return {
        "ms": {step: statistics.median(turn[step] for turn in turns) for step in STEPS},
        "ranking_ms": statistics.median(spent(turn, RANKING) for turn in turns),
        "ranking_to_encode": statistics.median(
            spent(turn, RANKING) / turn["encode"] for turn in turns
        ),
        "all_to_encode": statistics.median(
            spent(turn, STEPS[1:]) / turn["encode"] for turn in turns
        ),
    }


def _turn(
    encoder: Encoder, photo: Image.Image, generation: Generation, query: UnderstoodQuery
) -> dict[str, float]:
    """Encode one photo and answer one query; return milliseconds by step."""
    watch, within = Stopwatch(), Stopwatch()
    with watch.step("encode"):
        encoder.describe([photo])
    with watch.step("filter"):
        generation.columns.mask(FILTERS)
    ranked = rank(
        generation,
        query,
        candidates=Settings().candidates,
        available=_timed(STAGES, within),
        stopwatch=watch,
    )
    with watch.step("facets"):
        facets(generation, ranked.ranking)
    with watch.step("fold"):
        fold(generation.columns, ranked.ranking)
    times = watch.timings_ms | within.timings_ms
    # The rest of re-ranking: rescoring, grouping by product, and recording what moved.
    times["rescore"] = times.pop("rerank") - sum(within.timings_ms.values())
    return times


def _timed(stages: Mapping[str, Stage], watch: Stopwatch) -> dict[str, Stage]:
    """Return the same stages, each of which measures its own time."""

    def timed(name: str, stage: Stage) -> Stage:
        def run(given: StageInput, ranking: Ranking) -> Ranking:
            with watch.step(name):
                return stage(given, ranking)

        return run

    return {name: timed(name, stage) for name, stage in stages.items()}


def _photo_queries(generation: Generation, count: int) -> list[UnderstoodQuery]:
    """Make photo queries for what stored pictures show, each with a region and all its cells."""
    vectors = seen_again(generation.vectors, count, STEP, 3)
    regions = seen_again(generation.vectors, count, STEP, 4)
    weights = np.full(generation.patches.shape[1], 1 / generation.patches.shape[1], np.float32)
    return [
        UnderstoodQuery(
            vector=vector,
            kind="photo",
            photo=EncodedPhoto(
                vector,
                query_cells(generation.patches[i], weights, TRAINED_SHARE),
                region_vector=region,
            ),
            extra_ids=np.array([i], np.int64),
            rules=_rules(i),
        )
        for i, (vector, region) in enumerate(zip(vectors, regions, strict=True))
    ]


def _text_queries(generation: Generation, count: int) -> list[UnderstoodQuery]:
    """Make text queries whose words occur in products and name a colour and a pattern."""
    dice = np.random.default_rng(5)
    return [
        UnderstoodQuery(
            vector=vector,
            kind="text",
            text="red striped",
            lexical=_lexical(dice, generation, vector),
            extra_ids=np.array([i], np.int64),
            rules=_rules(i),
            wishes=tuple(_wish(generation.columns, name) for name in ("colour", "pattern")),
        )
        for i, vector in enumerate(seen_again(generation.vectors, count, FAR_STEP, 6))
    ]


def _lexical(dice: np.random.Generator, generation: Generation, vector: Vector) -> Lexical:
    """Return products found by full text: half of them resemble the query, half do not."""
    near = generation.candidates(vector, LEXICAL // 2).rows
    ids = np.union1d(
        generation.columns.product_id[near], dice.choice(generation.manifest.products, LEXICAL // 2)
    )
    scores = np.sort(dice.random(len(ids)).astype(np.float32))[::-1]
    matches = np.full(len(ids), Match.SOME_WORDS, np.int8)
    return Lexical(
        text="red striped",
        words=("red", "striped"),
        product_ids=dice.permutation(ids),
        matches=matches,
        scores=scores,
        word_bits=np.ones(len(ids), np.int64),
    )


def _wish(columns: Columns, name: str) -> Wish:
    """Make a wish for the first value of an attribute."""
    fits = np.zeros(len(columns.facets[name].values) + 1, np.bool_)
    fits[0] = True
    return Wish(name, fits)


def _rules(pinned: int) -> RuleEffects:
    return RuleEffects(
        pins=(Pin(3, pinned),),
        shifts=(Shift(0.2, brand="Brand 1"), Shift(-0.3, category="Part 3")),
        out_of_stock="lower",
    )


def table(found: dict[str, Any]) -> None:
    """Show the figures."""
    shown = Table(
        title=f"{found['products']:,} products, {found['vectors']:,} pictures, {found['index']}, "
        f"nprobe {found['nprobe']}; medians of {found['questions']} queries, "
        f"{found['torch_threads']} torch threads"
    )
    shown.add_column("ms")
    for kind in found["kinds"]:
        shown.add_column(kind, justify="right")
    kinds = found["kinds"].values()

    def row(name: str, figure: Callable[[dict[str, Any]], str]) -> None:
        shown.add_row(name, *(figure(kind) for kind in kinds))

    for step in STEPS:
        name = "encode one photo" if step == "encode" else step
        row(name, lambda kind, step=step: f"{kind['ms'][step]:.2f}")  # type: ignore[misc]
    row("rescore to fold", lambda kind: f"{kind['ranking_ms']:.2f}")
    row("relative to encode", lambda kind: f"{kind['ranking_to_encode']:.2f} ×")
    row("with filter and candidates", lambda kind: f"{kind['all_to_encode']:.2f} ×")
    Console(width=100).print(shown)
