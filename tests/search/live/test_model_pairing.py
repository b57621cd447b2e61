"""A generation is searched with the model that built it, whatever the settings say."""

import gc
import shutil
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from search.encoder import Encoder, load_encoder
from search.errors import ModelMismatch, ModelUnavailable
from search.index.generation_files import Manifest, load_generation, read_manifest
from search.index.manifest_files import write_manifest
from search.live.generation_loader import LiveGenerations
from search.live.model_pairing import ModelPairing, ServedGeneration
from search.operation.concerns import find_concerns
from search.operation.shop_status import read_status
from search.settings import Settings
from tests.support.factories import clustered_vectors, make_picture
from tests.support.models.small_encoder import write_checkpoint
from tests.support.waiting import wait_until
from tests.support.written_generations import make_live, write_generation

REFRESH_S = 0.05
WITHIN_S = 30.0
WEIGHTS = "open_clip_model.safetensors"


@pytest.fixture
def other_checkpoint(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "other", seed=4)


@pytest.fixture
def write(settings: Settings) -> Callable[[str, Path], Manifest]:
    """Write a generation whose manifest names a checkpoint as its model."""

    def write(name: str, checkpoint: Path) -> Manifest:
        directory = settings.root / "generations" / name
        model = f"local-dir:{checkpoint}"
        tag = load_encoder(model, "cpu").tag
        manifest = write_generation(directory, clustered_vectors(20, 32), model_tag=tag)
        return write_manifest(directory, manifest.model_copy(update={"model": model}))

    return write


@pytest.fixture
def live(
    database: Engine,
    settings: Settings,
    small_checkpoint: Path,
    write: Callable[[str, Path], Manifest],
) -> Iterator[LiveGenerations]:
    """Searchers over a generation of the small model."""
    write("first", small_checkpoint)
    make_live(database, "first")
    watched = LiveGenerations(database, settings.root, REFRESH_S, ModelPairing(settings))
    yield watched
    watched.close()


def test_a_pair_of_two_models_can_not_be_made(
    settings: Settings, live: LiveGenerations, encoder: Encoder
) -> None:
    generation = live.answering().generation
    directory = settings.root / "generations" / "first"
    sealed = write_manifest(
        directory, read_manifest(directory).model_copy(update={"model": "embedded"})
    )
    changed = load_generation(directory, generation.id)

    assert sealed.model_tag != encoder.tag
    with pytest.raises(ModelMismatch, match="--publish-new-model"):
        ModelPairing(settings).of(changed)
    with pytest.raises(ModelMismatch):
        ServedGeneration(generation, ModelPairing(settings).of(generation).composer.__class__(
            encoder, live.answering().composer.vocabulary
        ))  # fmt: skip


def test_the_model_follows_the_generation_and_the_old_one_is_let_go(
    database: Engine,
    live: LiveGenerations,
    other_checkpoint: Path,
    write: Callable[[str, Path], Manifest],
) -> None:
    old = live.answering()
    old.composer.describer.describe([make_picture(1)])
    gone = weakref.ref(old.encoder)
    second = write("second", other_checkpoint)
    make_live(database, "second")
    wait_until(lambda: live.answering().encoder.tag == second.model_tag)
    new = live.answering()

    # A request that began before ends with its own model and cache.
    assert old.encoder.tag == old.generation.manifest.model_tag != new.encoder.tag
    assert new.composer.describer is not old.composer.describer
    del old
    gc.collect()
    assert gone() is None


def test_another_generation_of_the_model_takes_over_its_composer(
    database: Engine,
    live: LiveGenerations,
    small_checkpoint: Path,
    write: Callable[[str, Path], Manifest],
) -> None:
    """The cache of photos stays, and no model is loaded."""
    before = live.answering()
    write("second", small_checkpoint)
    second = make_live(database, "second")
    wait_until(lambda: live.answering().generation.id == second)

    assert live.answering().composer is before.composer


@pytest.mark.parametrize("fault", ["damaged", "changed"])
def test_a_model_that_can_not_be_had_leaves_the_old_pair_at_work(
    database: Engine,
    settings: Settings,
    live: LiveGenerations,
    other_checkpoint: Path,
    write: Callable[[str, Path], Manifest],
    fault: str,
) -> None:
    """The failure is logged once, shown to operators, and ends by itself when the model is back."""
    before = live.answering()
    second = write("second", other_checkpoint)
    whole = other_checkpoint.with_name("whole")
    shutil.copytree(other_checkpoint, whole)
    if fault == "damaged":
        (other_checkpoint / WEIGHTS).write_bytes(b"no weights")
    else:
        write_checkpoint(other_checkpoint, seed=5)
    with capture_logs() as logs:
        make_live(database, "second")
        wait_until(lambda: live.trouble != "")
        time.sleep(6 * REFRESH_S)

    assert live.answering() is before
    told = [log for log in logs if log["event"] == "live_generation_unreadable"]
    assert len(told) == 1
    concerns = find_concerns(read_status(database, settings), settings, live.trouble)
    assert [c.subject for c in concerns if live.trouble in c.found] == ["searches"]
    # A process that starts now has no old pair.
    late = LiveGenerations(database, settings.root, WITHIN_S, ModelPairing(settings))
    with pytest.raises(ModelUnavailable if fault == "damaged" else ModelMismatch):
        late.answering()
    late._closed.set()

    shutil.rmtree(other_checkpoint)
    shutil.copytree(whole, other_checkpoint)
    wait_until(lambda: live.answering().encoder.tag == second.model_tag)
    assert live.trouble == ""
