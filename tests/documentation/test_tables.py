"""Tables that list parts of the code are complete."""

import tomllib

from search.database.models.people_tables import ROLES, SCOPES
from search.jobs.queues import QUEUES
from search.publication.checks import CHECKS
from search.ranking.stages import STAGES
from search.ranking.stages.cross_encoding import NAME, insert_before
from tests.support.documentation_pages import ROOT, MarkdownPage
from tests.test_architecture import FOLDER_MODULES, FUNCTION_LINES, MODULE_LINES

PACKAGES = ("search", "indexer", "web")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ARCHITECTURE, OPERATING = (
    MarkdownPage(ROOT / "docs" / f"{name}.md") for name in ("architecture", "operating")
)


def page(name: str) -> MarkdownPage:
    return MarkdownPage(ROOT / "docs" / name)


def test_every_folder_is_named_once() -> None:
    """Each folder with modules has one line that says what it holds."""
    headings = (
        "search: everything a search needs",
        "indexer: a catalogue comes in, a generation goes out",
        "web: pages and the API",
    )
    named = [folder for heading in headings for folder in ARCHITECTURE.first_column(heading)]
    folders = sorted(
        f"{path.parent.relative_to(ROOT).as_posix()}/"
        for package in PACKAGES
        for path in (ROOT / package).rglob("__init__.py")
    )

    assert len(folders) > 50
    assert sorted(named) == folders


def test_layers_are_those_of_the_contracts() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layered = [contract for contract in contracts if "containers" in contract]
    blocks = ARCHITECTURE.blocks("")

    assert {contract["containers"][0] for contract in layered} == set(PACKAGES)
    for contract in layered:
        assert "\n".join(contract["layers"]) + "\n" in blocks


def test_stages_are_listed_in_their_order() -> None:
    stages = insert_before(STAGES, "rules", **{NAME: STAGES["rules"]})
    assert page("searching.md").first_column("The stages") == list(stages)


def test_checks_of_a_rehearsal_are_listed_in_their_order() -> None:
    listed = OPERATING.first_column("The nightly run")
    assert [name for name in listed if not name.startswith("FINDALIKE_")] == list(CHECKS)


def test_queues_are_listed() -> None:
    assert OPERATING.first_column("Workers and queues") == list(QUEUES)


def test_scopes_of_keys_are_listed() -> None:
    assert page("http.md").first_column("Keys and scopes") == list(SCOPES)


def test_roles_are_listed() -> None:
    for role in ROLES:
        assert f"\n| {role} |" in OPERATING.prose


def test_limits_of_size_are_told() -> None:
    """The pages state the limits that the tests of the architecture check."""
    told = " ".join(page("contributing.md").prose.split())
    assert (
        f"A module has at most {MODULE_LINES} lines, a function at most {FUNCTION_LINES}, "
        f"a folder at most {FOLDER_MODULES} modules."
    ) in told


def test_markers_of_tests_are_listed() -> None:
    markers = PROJECT["tool"]["pytest"]["ini_options"]["markers"]
    listed = page("contributing.md").first_column("How the tests are laid out")
    assert [name for name in listed if "/" not in name] == [m.partition(":")[0] for m in markers]
