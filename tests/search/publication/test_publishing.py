"""The live pointer moves only to a generation that passed its checks."""

import json
import pickle
import threading
import time
from collections.abc import Callable

import numpy as np
import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, select, update

from indexer.building.build_generation import build_generation
from search.commands.publish import publish as publish_command
from search.commands.rollback import rollback as rollback_command
from search.database.advisory_locks import exclusively
from search.database.audit_trail import cli_actor, read_trail
from search.database.connection import session_scope
from search.database.models import GenerationRow, ProductImage
from search.encoder import Encoder
from search.errors import (
    AlreadyRunning,
    RehearsalRefused,
    UnknownGeneration,
)
from search.index.generation_files import COLUMNS, INDEX, VECTORS, read_manifest
from search.index.manifest_files import MANIFEST, file_entry, write_manifest
from search.jobs.job_records import latest_job
from search.live.generation_loader import LiveGenerations
from search.live.model_pairing import ModelPairing
from search.publication.checks import CHECKS, latest_rehearsal
from search.publication.publishing import prune, publish, rollback
from search.settings import Settings
from tests.support.live_states import Build, directory_of, live, states
from tests.support.shops.encoded_shop import fill_shop, picture_sha256
from tests.support.written_generations import flip_byte


def test_publishing_makes_the_newest_live(
    database: Engine, settings: Settings, build: Build
) -> None:
    first, second = build(), build()

    assert publish(database, settings) == second

    # The older one is no longer needed, and removed.
    assert states(database) == {second: "live"}
    assert not any(str(first) == path.name for path in settings.root.glob("generations/*"))
    with session_scope(database) as session:
        assert session.get_one(GenerationRow, second).published_at is not None


def test_the_one_before_is_retired(database: Engine, settings: Settings, build: Build) -> None:
    first = publish(database, settings, build())
    second = publish(database, settings, build())

    assert states(database) == {first: "retired", second: "live"}


def test_a_named_generation_is_published(
    database: Engine, settings: Settings, build: Build
) -> None:
    first, second = build(), build()

    assert publish(database, settings, first) == first
    assert states(database) == {first: "live", second: "verified"}
    assert publish(database, settings) == second


def test_a_retired_generation_can_be_published_again(
    database: Engine, settings: Settings, build: Build
) -> None:
    first = publish(database, settings, build())
    second = publish(database, settings, build())

    assert publish(database, settings, first) == first
    assert states(database) == {first: "live", second: "retired"}


def test_publishing_what_is_live_changes_nothing(
    database: Engine, settings: Settings, build: Build
) -> None:
    first = publish(database, settings, build())

    assert publish(database, settings, first) == first
    assert states(database) == {first: "live"}


def test_nothing_to_publish_is_said(database: Engine, settings: Settings, build: Build) -> None:
    with pytest.raises(UnknownGeneration, match="Run `findalike build`"):
        publish(database, settings)

    publish(database, settings, build())
    with pytest.raises(UnknownGeneration, match="Run `findalike build`"):
        publish(database, settings)


def test_an_unknown_generation_is_said(database: Engine, settings: Settings) -> None:
    with pytest.raises(UnknownGeneration, match="Generation 99 does not exist"):
        publish(database, settings, 99)


def test_a_failed_generation_is_not_published(
    database: Engine, settings: Settings, build: Build
) -> None:
    built = build()
    with session_scope(database) as session:
        session.get_one(GenerationRow, built).state = "failed"

    with pytest.raises(UnknownGeneration, match="is in state failed"):
        publish(database, settings, built)


@pytest.mark.parametrize("name", [INDEX, VECTORS, COLUMNS, MANIFEST])
def test_a_damaged_generation_never_goes_live(
    database: Engine, settings: Settings, build: Build, name: str
) -> None:
    first = publish(database, settings, build())
    second = build()
    flip_byte(directory_of(database, settings, second) / name)

    with pytest.raises(RehearsalRefused, match=rf"checksums: {name} of generation"):
        publish(database, settings, in_spite_of=CHECKS)  # this check can't be overruled

    assert live(database) == first
    assert states(database)[second] == "verified"


def test_a_generation_below_the_floor_never_goes_live(
    database: Engine, settings: Settings, build: Build
) -> None:
    first = publish(database, settings, build())
    directory = directory_of(database, settings, build())
    manifest = read_manifest(directory)
    measured = manifest.measured.model_copy(update={"recall_at_10": 0.94})
    write_manifest(directory, manifest.model_copy(update={"measured": measured}))

    with pytest.raises(RehearsalRefused, match=r"recall: .* measured 0\.940\."):
        publish(database, settings)
    assert live(database) == first

    lenient = settings.model_copy(update={"recall_floor": 0.9})
    assert publish(database, lenient) != first


def test_a_generation_that_does_not_find_its_own_picture_never_goes_live(
    database: Engine, settings: Settings, build: Build
) -> None:
    """All checksums are right, but the vectors do not have unit length."""
    first = publish(database, settings, build())
    directory = directory_of(database, settings, build())
    vectors = np.fromfile(directory / VECTORS, dtype=np.float16)
    (vectors / 2).astype(np.float16).tofile(directory / VECTORS)
    manifest = read_manifest(directory)

    files = manifest.files | {VECTORS: file_entry(directory / VECTORS)}
    write_manifest(directory, manifest.model_copy(update={"files": files}))

    with pytest.raises(RehearsalRefused, match="probe: It does not find its own picture"):
        publish(database, settings)
    assert live(database) == first


def test_one_picture_used_by_every_product_is_no_obstacle(
    database: Engine, settings: Settings, small_encoder: Encoder
) -> None:
    """With more equal pictures than candidates, it does not matter which are found."""
    fill_shop(database, settings, small_encoder.tag, 1100)
    with session_scope(database) as session:
        session.execute(update(ProductImage).values(sha256=picture_sha256(0)))
    few = settings.model_copy(update={"candidates": 50})

    built = build_generation(database, few, small_encoder)

    assert publish(database, few) == built
    manifest = read_manifest(directory_of(database, settings, built))
    assert manifest.measured.recall_at_10 == 1


def test_a_refused_generation_is_kept_and_can_be_published_all_the_same(
    database: Engine, settings: Settings, build: Build
) -> None:
    first = publish(database, settings, build())
    with session_scope(database) as session:
        spoilt = select(ProductImage.id).order_by(ProductImage.product_id).limit(9)
        session.execute(
            update(ProductImage).where(ProductImage.id.in_(spoilt)).values(state="failed")
        )
    second = build()

    with pytest.raises(RehearsalRefused, match=rf"publish {second} --in-spite-of size") as caught:
        publish(database, settings)

    assert states(database) == {first: "live", second: "verified"}
    again = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - our own, as workers send it
    assert (again.rehearsal, str(again)) == (caught.value.rehearsal, str(caught.value))
    with session_scope(database) as session:
        kept = latest_rehearsal(session, second)
        job = latest_job(session, "rehearsal", "failed")
    assert job is not None
    assert job.error == str(caught.value)
    assert kept == json.loads(json.dumps(caught.value.rehearsal))
    assert kept["refused"] is True

    outcome = CliRunner().invoke(publish_command, ["--json"])
    told = json.loads(outcome.stdout)
    assert (outcome.exit_code, told["error"]) == (1, "RehearsalRefused")
    assert [c["name"] for c in told["rehearsal"]["checks"] if c["verdict"] == "failed"] == ["size"]
    assert CliRunner().invoke(publish_command, ["--in-spite-of", "checksums"]).exit_code == 2

    outcome = CliRunner().invoke(publish_command, ["--in-spite-of", "size, overlap"])
    assert outcome.exit_code == 0, outcome.output
    assert (
        "FAILED   size       11 products after 20; 0 were withdrawn, 9 are on sale"
        in outcome.stdout
    )
    assert live(database) == second
    with session_scope(database) as session:
        entries, _ = read_trail(session, action="generation.publish")
    assert entries[0].details == {"left": first, "in_spite_of": ["size"]}


def test_refused_generations_do_not_pile_up(
    database: Engine, settings: Settings, build: Build
) -> None:
    first = publish(database, settings, build())
    hopeless = settings.model_copy(update={"recall_floor": 1.5})
    for _ in range(3):
        last = build()
        with pytest.raises(RehearsalRefused):
            publish(database, hopeless, last)

    assert states(database) == {first: "live", last: "verified"}
    assert len(list(settings.root.glob("generations/*"))) == 2


def test_two_publications_at_once_are_one_too_many(
    database: Engine, settings: Settings, build: Build
) -> None:
    built = build()

    work: Callable[[Engine, Settings], int]
    for work in (publish, rollback):
        with (
            exclusively(database, "publication"),
            pytest.raises(AlreadyRunning, match="Another publication is at work"),
        ):
            work(database, settings)

    assert states(database) == {built: "verified"}


def test_old_generations_are_pruned(database: Engine, settings: Settings, build: Build) -> None:
    published = [publish(database, settings, build()) for _ in range(5)]

    kept = published[-1 - settings.keep_generations :]
    assert sorted(states(database)) == kept
    directories = {directory_of(database, settings, kept_id) for kept_id in kept}
    assert set((settings.root / "generations").iterdir()) == directories


def test_what_nobody_knows_is_pruned(database: Engine, settings: Settings, build: Build) -> None:
    built = build()
    (settings.root / "generations" / "stray").mkdir()
    with session_scope(database) as session:
        session.add(GenerationRow(state="failed", model_tag="m", directory="failed"))

    assert prune(database, settings) == ["stray"]
    assert states(database) == {built: "verified"}


def test_pruning_without_any_generation_does_nothing(database: Engine, settings: Settings) -> None:
    assert prune(database, settings) == []


def test_searchers_go_on_while_generations_are_published_rolled_back_and_pruned(
    database: Engine, settings: Settings, build: Build, small_encoder: Encoder
) -> None:
    publish(database, settings, build())
    pairing = ModelPairing(settings, at_hand=(small_encoder,))
    watched = LiveGenerations(database, settings.root, 0.01, pairing)
    stop, failures, seen = threading.Event(), [], set()

    def search_all_the_time() -> None:
        while not stop.is_set():
            generation = watched.current()
            try:
                found = generation.candidates(generation.vectors[3].astype(np.float32), 5)
                assert len(found.rows) == 5
                seen.add(generation.id)
            except Exception as error:
                failures.append(error)
                return

    searchers = [threading.Thread(target=search_all_the_time) for _ in range(3)]
    for searcher in searchers:
        searcher.start()
    try:
        for _ in range(4):
            publish(database, settings, build())
            watched.refresh()
        last = rollback(database, settings)
        watched.refresh()
        deadline = time.monotonic() + 10
        while last not in seen and time.monotonic() < deadline and not failures:
            time.sleep(0.01)
    finally:
        stop.set()
        for searcher in searchers:
            searcher.join(10)
        watched.close()

    assert failures == []
    assert last in seen
    assert len(seen) >= 3


def test_the_commands_say_what_is_live(database: Engine, settings: Settings, build: Build) -> None:
    first, second = build(), build()

    outcome = CliRunner().invoke(publish_command, [str(first), "--json"], catch_exceptions=False)
    told = json.loads(outcome.stdout)
    assert (told["generation"], told["state"]) == (first, "live")
    outcome = CliRunner().invoke(publish_command, catch_exceptions=False)
    assert f"Generation {second} is live.\n" in outcome.stdout
    outcome = CliRunner().invoke(rollback_command, catch_exceptions=False)
    assert outcome.stdout == f"Generation {first} is live again.\n"

    assert live(database) == first


def test_a_generation_that_is_no_number_is_asked_wrongly(settings: Settings) -> None:
    assert CliRunner().invoke(publish_command, ["newest"]).exit_code == 2


def test_the_trail_says_who_moved_the_pointer(
    database: Engine, settings: Settings, build: Build
) -> None:
    first = publish(database, settings, build(), actor="ada")
    second = publish(database, settings, build())
    publish(database, settings, second, actor="ada")  # already live: nothing moved
    rollback(database, settings, actor="bob")

    with session_scope(database) as session:
        entries, _ = read_trail(session, action="generation")
    told = [(entry.actor, entry.action, entry.subject, entry.details) for entry in entries]
    assert told == [
        ("bob", "generation.rollback", str(first), {"left": second}),
        (cli_actor(), "generation.publish", str(second), {"left": first}),
        ("ada", "generation.publish", str(first), {"left": None}),
    ]
