"""A held generation: the first one that answers stays until its holder releases it."""

import gc
import weakref
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from search.encoder import Encoder
from search.errors import NoGeneration
from search.live.answering_generation import HeldGeneration, OneGeneration
from search.live.generation_loader import LiveGenerations
from search.live.model_pairing import ModelPairing
from search.settings import Settings
from tests.support.factories import clustered_vectors
from tests.support.written_generations import make_live, write_generation

REFRESH_S = 3600.0
"""So long that only explicit checks notice anything."""


@pytest.fixture
def live(database: Engine, settings: Settings, small_encoder: Encoder) -> Iterator[LiveGenerations]:
    pairing = ModelPairing(settings, at_hand=(small_encoder,))
    watched = LiveGenerations(database, settings.root, REFRESH_S, pairing)
    yield watched
    watched._closed.set()  # without waiting for its next check


@pytest.fixture
def publish(
    live: LiveGenerations, database: Engine, settings: Settings, small_encoder: Encoder
) -> Callable[[str], int]:
    """Write a generation, make it live, and let readers notice it."""

    def publish(name: str) -> int:
        vectors = clustered_vectors(20, small_encoder.dim, seed=len(name))
        directory = settings.root / "generations" / name
        write_generation(directory, vectors, model_tag=small_encoder.tag)
        new = make_live(database, name)
        live.refresh()
        return new

    return publish


def test_what_answers_first_goes_on_answering(
    live: LiveGenerations, publish: Callable[[str], int]
) -> None:
    first, held = publish("first"), HeldGeneration(live)
    assert held.answering().generation.id == first

    second = publish("second")
    held.refresh()
    held.close()
    assert held.answering().generation.id == first
    assert HeldGeneration(live).answering().generation.id == second
    assert held.trouble == live.trouble == ""


def test_nothing_is_held_while_nothing_is_published(
    live: LiveGenerations, publish: Callable[[str], int]
) -> None:
    held = HeldGeneration(live)
    with pytest.raises(NoGeneration):
        held.answering()
    first = publish("first")
    assert held.answering().generation.id == first


def test_a_generation_goes_with_the_last_who_holds_it(
    live: LiveGenerations, publish: Callable[[str], int]
) -> None:
    publish("first")
    held = HeldGeneration(live)
    gone = weakref.ref(held.answering().generation.index)
    publish("second")
    gc.collect()
    assert gone() is not None

    del held
    gc.collect()
    assert gone() is None


def test_one_generation_stays(live: LiveGenerations, publish: Callable[[str], int]) -> None:
    first = publish("first")
    one = OneGeneration(live.answering())
    publish("second")
    one.refresh()
    one.close()
    assert (one.answering().generation.id, one.trouble) == (first, "")
