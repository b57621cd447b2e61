"""Search with wide and narrow filters: whether pages are full and right, and the time it takes."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from scripts.benchmarks.synthetic_generation import FAR_STEP, STEP, open_generation, seen_again
from search.index.generation_files import Generation
from search.index.index_planning import recall
from search.index.product_columns import Mask
from search.index.vector_index import FaissIndex, rescore
from search.results import Candidates, Embeddings, Vector

SHARES = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.001)
FEWEST = 20
"""Rows that the narrowest filter keeps."""
QUERIES = 10
"""Photo queries in each round, and as many text queries."""
PAGE = 24
SEED = 9
WAYS = ("searched", "exact", "lists")


@dataclass(frozen=True, slots=True)
class FilteredQuestion:
    """One query with a filter, answered in each of `WAYS`."""

    full: bool  # found a whole page, or all rows that the filter keeps
    recall: dict[str, float]  # at 10, by way
    ms: dict[str, float]  # by way
    exactly: bool  # whether `searched` compared the vectors of all kept rows


def measure_filters(products: int, rounds: int, kept: Path | None) -> dict[str, Any]:
    """Return for each filter the share of full pages, recall at 10 and milliseconds.

    A filter keeps random rows, or whole categories in the order of their distance from the query:
    from the farthest, or from halfway. Each query is answered as for searchers (`searched`), by
    exact search over the kept rows (`exact`), and by the index's lists however many rows are kept
    (`lists`).

    Args:
        products: Size of the generation.
        rounds: Rounds of `QUERIES` queries of each kind for each filter.
        kept: Folder that keeps the generation for the next run; None: a temporary one.
    """
    with open_generation(products, kept) as generation:
        count = QUERIES * rounds
        near = seen_again(generation.vectors, count, STEP, 7)
        far = seen_again(generation.vectors, count, FAR_STEP, 8)
        queries = np.concatenate([near, far])
        rows = len(generation.vectors)
        sizes = [*(max(FEWEST, round(share * rows)) for share in SHARES), FEWEST]
        makers = _makers(generation)
        filters = [
            {"kept": size, "share": size / rows, "rows": name}
            | _summed(
                [
                    _ask(generation, query, maker(query, size), turned=i % 2 == 1)
                    for i, query in enumerate(queries)
                ]
            )
            for name, maker in makers.items()
            for size in sizes
        ]
        return {
            "products": generation.manifest.products,
            "vectors": rows,
            "index": generation.manifest.factory,
            "nprobe": generation.manifest.nprobe,
            "queries": len(queries),
            "filters": filters,
        }


Maker = Callable[[Vector, int], Mask]
"""Makes a filter from a query and the number of rows to keep."""


def _makers(generation: Generation) -> dict[str, Maker]:
    dice = np.random.default_rng(SEED)
    codes = generation.columns.facets["category"].codes
    rows_of = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
    sample = [generation.vectors[rows[:500]].astype(np.float32).mean(axis=0) for rows in rows_of]
    middles: Embeddings = np.stack(sample)

    def mask(rows: np.ndarray) -> Mask:
        keep = np.zeros(len(codes), np.bool_)
        keep[rows] = True
        return keep

    def at_random(_: Vector, size: int) -> Mask:
        return mask(dice.choice(len(codes), size, replace=False))

    def from_category(first: float) -> Maker:
        def categories(query: Vector, size: int) -> Mask:
            order = np.argsort(middles @ query)
            turned = np.roll(order, -int(first * len(order)))
            return mask(np.concatenate([rows_of[code] for code in turned])[:size])

        return categories

    return {
        "at random": at_random,
        "halfway": from_category(0.5),
        "far away": from_category(0.0),
    }


def _ask(generation: Generation, query: Vector, keep: Mask, *, turned: bool) -> FilteredQuestion:
    """Answer in all ways, rescored; the order is reversed in turn, as the first warms the cache."""
    index, n = generation.index, generation.manifest.candidates
    by_lists = FaissIndex(index.index, index.exact.vectors, index.nprobe, exact_rows=0)
    ways: dict[str, Callable[[], Candidates]] = {
        "searched": lambda: generation.candidates(query, n, keep),
        "exact": lambda: generation.exact(query, n, keep),
        "lists": lambda: by_lists.search(query, n, keep),
    }
    truth = generation.exact(query, 10, keep)
    ms, recalls, found = {}, {}, {}
    for way, search in reversed(ways.items()) if turned else ways.items():
        started = time.perf_counter()
        found[way] = rescore(generation.vectors, query, search())
        ms[way] = 1000 * (time.perf_counter() - started)
        recalls[way] = recall([found[way]], [truth])
    kept = int(np.count_nonzero(keep))
    return FilteredQuestion(
        full=len(found["searched"].rows) >= min(PAGE, kept),
        recall=recalls,
        ms=ms,
        exactly=kept <= index.exact_rows,
    )


def _summed(answers: list[FilteredQuestion]) -> dict[str, Any]:
    return {
        "answered": "exactly" if answers[0].exactly else "by lists",
        "full_pages": statistics.mean(answer.full for answer in answers),
        "recall_at_10": {
            way: statistics.mean(answer.recall[way] for answer in answers) for way in WAYS
        },
        "ms": {way: statistics.median(answer.ms[way] for answer in answers) for way in WAYS},
        "searched_to_exact": statistics.median(a.ms["searched"] / a.ms["exact"] for a in answers),
    }


def table(found: dict[str, Any]) -> None:
    """Show the figures."""
    shown = Table(
        title=f"{found['products']:,} products, {found['vectors']:,} pictures, {found['index']}, "
        f"nprobe {found['nprobe']}; {found['queries']} queries per filter"
    )
    shown.add_column("kept rows")
    shown.add_column("number")
    for name in ("full pages", "recall at 10", "ms", "exact, ms", "× exact", "lists: recall", "ms"):
        shown.add_column(name, justify="right")
    shown.add_column("answered")
    for row in found["filters"]:
        ms, recalls = row["ms"], row["recall_at_10"]
        shown.add_row(
            row["rows"],
            f"{row['kept']:,}",
            f"{row['full_pages']:.0%}",
            f"{recalls['searched']:.3f}",
            f"{ms['searched']:.2f}",
            f"{ms['exact']:.2f}",
            f"{row['searched_to_exact']:.2f}",
            f"{recalls['lists']:.3f}",
            f"{ms['lists']:.2f}",
            row["answered"],
        )
    Console(width=120).print(shown)
