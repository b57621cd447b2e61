"""The cross-encoder reorders the first hits of a text; all others keep their place."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from search.engine.configured_stages import configured_stages
from search.engine.search_engine import SearchEngine
from search.pictures.rendition_reader import Renditions
from search.pictures.rendition_store import PictureStore
from search.ranking.stages import STAGES, Ranking, StageInput, group
from search.ranking.stages.cross_encoding import FIRST, CrossEncoding
from search.results import Query
from search.settings import Settings
from tests.support.candidates import stage_input
from tests.support.models.blip_models import write_blip


class Brightness:
    """A matcher that scores pictures by brightness, and records its calls."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int]] = []

    def match(self, text: str, pictures: Sequence[Image.Image]) -> np.ndarray:
        """Return the brightness of each picture."""
        self.asked.append((text, len(pictures)))
        return np.array([p.convert("L").getpixel((0, 0)) / 255 for p in pictures], np.float32)


def found(n: int, kind: str = "text") -> tuple[StageInput, Ranking]:
    """Return n products with similarities from 0.9 down to 0.5."""
    cosines = np.linspace(0.9, 0.5, n)
    vectors = np.stack((cosines, np.sqrt(1 - cosines**2)), axis=1)
    context = stage_input(vectors, list(range(1, n + 1)), np.array([1.0, 0.0]), kind)
    context = replace(context, query=replace(context.query, text="pale lamp"))
    return context, group(context.product_ids, context.rows, context.similarities)


def pictures(bright: Sequence[int], missing: Sequence[int] = ()) -> object:
    def of(image_ids: Sequence[int]) -> list[Image.Image | None]:
        return [
            None if i in missing else Image.new("RGB", (1, 1), "white" if i in bright else "black")
            for i in image_ids
        ]

    return of


def test_what_convinces_the_model_rises_within_the_first() -> None:
    context, plain = found(FIRST + 5)
    matcher = Brightness()
    ranking = CrossEncoding(matcher, pictures(bright=[4, FIRST + 2]))(context, plain)  # type: ignore[arg-type]
    assert matcher.asked == [("pale lamp", FIRST)]
    assert ranking.product_ids.tolist()[0] == 5
    assert ranking.product_ids.tolist()[FIRST:] == list(range(FIRST + 1, FIRST + 6))
    assert sorted(ranking.product_ids.tolist()) == list(range(1, FIRST + 6))
    assert ranking.scores.max() <= plain.scores.max() + 1e-6
    assert (np.diff(ranking.scores) <= 0).all()


def test_a_hit_without_a_picture_keeps_its_score() -> None:
    context, plain = found(5)
    stage = CrossEncoding(Brightness(), pictures(bright=[4], missing=[2]))  # type: ignore[arg-type]
    ranking = stage(context, plain)
    at = ranking.product_ids.tolist().index(3)
    assert float(ranking.scores[at]) == pytest.approx(float(plain.scores[2]), abs=1e-6)


@pytest.mark.parametrize(("n", "kind"), [(5, "photo"), (5, "both"), (1, "text"), (0, "text")])
def test_nothing_else_is_read(n: int, kind: str) -> None:
    context, plain = found(n, kind) if n else (found(1)[0], found(1)[1].take(np.arange(0)))
    matcher = Brightness()
    assert CrossEncoding(matcher, pictures([]))(context, plain) is plain  # type: ignore[arg-type]
    assert matcher.asked == []


@pytest.fixture(scope="module")
def reading(
    engine: SearchEngine, shop_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> SearchEngine:
    """The shop's engine with a small cross-encoder."""
    folder = write_blip(tmp_path_factory.mktemp("blip"))
    settings = shop_settings.model_copy(update={"cross_encoder": Path(folder)})
    stages = configured_stages(settings, engine.database)
    return SearchEngine(engine.database, engine.live, settings, stages)


def test_the_engine_reads_renditions_before_rules(reading: SearchEngine) -> None:
    assert list(reading.stages) == [*list(STAGES)[:-1], "cross_encode", "rules"]
    page = reading.search(Query(text="a red plate", k=50, fold=False))
    moved = {move.stage for hit in page.hits for move in hit.moves}
    assert "cross_encode" in moved
    tail = [hit for hit in page.hits if hit.rank > FIRST]
    assert all(move.stage != "cross_encode" for hit in tail for move in hit.moves)
    without = reading.search(Query(text="a red plate", k=50, fold=False, stages=("expand",)))
    assert {h.product.sku for h in without.hits} == {h.product.sku for h in page.hits}


def test_without_a_setting_there_is_no_such_stage(
    engine: SearchEngine, shop_settings: Settings
) -> None:
    assert configured_stages(shop_settings, engine.database) is STAGES


def test_renditions_come_in_the_order_asked(engine: SearchEngine, shop_settings: Settings) -> None:
    renditions = Renditions(engine.database, PictureStore(shop_settings.root))
    ids = [engine.product(sku).image_ids[0] for sku in ("PLATE-RED", "CUSHION-BLUE")]
    red, nothing, blue = renditions([ids[0], 10**9, ids[1]])
    assert nothing is None
    assert red is not None
    assert blue is not None
    centre = (red.width * 3 // 10, red.height // 2)
    assert red.getpixel(centre)[0] > 150  # type: ignore[index]
    assert blue.getpixel(centre)[2] > 150  # type: ignore[index]
