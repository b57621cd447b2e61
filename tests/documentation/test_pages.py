"""Pages respect their limits of size, their links work, and what they name exists."""

import re
import tomllib
from urllib.parse import unquote

import pytest

from tests.support.documentation_pages import ROOT, MarkdownPage, anchor_of, pages

README_BYTES = 9000
PAGES = pages()
TOP = {path.name for path in ROOT.iterdir() if path.is_dir()} - {".git", ".venv"}
MODULE = re.compile(r"\b(?:search|indexer|web|migrations|scripts)(?:\.[a-z_]+)+\b")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
KINDS_OF_CHANGE = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def broken_links(page: MarkdownPage) -> list[str]:
    """Return the links to missing files and missing headings."""
    broken = []
    for link in page.links:
        if re.match(r"[a-z]+:", link):
            continue
        address, _, anchor = link.partition("#")
        target = (page.path.parent / unquote(address)).resolve() if address else page.path
        within = not address or target.is_relative_to(ROOT)
        if not (within and target.exists()) or (
            anchor and anchor not in MarkdownPage(target).anchors
        ):
            broken.append(link)
    return broken


def missing_paths(page: MarkdownPage) -> list[str]:
    """Return the missing files and folders that a page names."""
    code = [*page.spans, *(" ".join(words) for words in page.commands())]
    words = (word.rstrip(",.;:") for text in code for word in text.split())
    paths = [word for word in words if "/" in word and word.split("/")[0] in TOP]
    return [path for path in paths if not any(ROOT.glob(path))]


def missing_modules(page: MarkdownPage) -> list[str]:
    """Return the missing modules that a page names."""
    code = [*page.spans, *(" ".join(words) for words in page.commands())]
    names = {name for text in code for name in MODULE.findall(text)}
    return sorted(
        name
        for name in names
        if not (ROOT / f"{name.replace('.', '/')}.py").is_file()
        and not (ROOT / name.replace(".", "/")).is_dir()
    )


def test_the_readme_is_one_page() -> None:
    assert (ROOT / "README.md").stat().st_size <= README_BYTES


def test_all_pages_were_found() -> None:
    """An empty list would pass all tests below."""
    names = {page.name for page in PAGES}
    assert {"README.md", "CHANGELOG.md", "docs/README.md", "docs/decisions/README.md"} <= names
    assert len(names) > 20


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: MarkdownPage) -> None:
    assert broken_links(page) == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_paths_and_modules_exist(page: MarkdownPage) -> None:
    assert missing_paths(page) == []
    assert missing_modules(page) == []


def test_every_page_is_in_an_index() -> None:
    """The README links to each page, directly or through the index of its folder."""
    for folder in (ROOT / "docs", ROOT / "docs" / "decisions"):
        index = MarkdownPage(folder / "README.md")
        others = {path.name for path in folder.glob("*.md")} - {"README.md"}
        assert others - {link.partition("#")[0] for link in index.links} == set()
    assert "docs/decisions/README.md" in MarkdownPage(ROOT / "README.md").links


def test_what_is_missing_is_seen(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The tests above can indeed fail."""
    path = tmp_path_factory.mktemp("pages") / "page.md"
    path.write_text(
        "# A page\n[gone](nowhere.md) [no heading](#a-pag) [this](#a-page)\n"
        "`search/nowhere.py` `search/engine/` `search.nowhere.at_all` `search.engine`\n"
        "```console\n$ scripts/nothing --json\n```\n"
    )
    page = MarkdownPage(path)

    assert broken_links(page) == ["nowhere.md", "#a-pag"]
    assert missing_paths(page) == ["search/nowhere.py", "scripts/nothing"]
    assert missing_modules(page) == ["search.nowhere.at_all"]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("A new model", "a-new-model"),
        ("How to add …", "how-to-add-"),
        ("Publication lives in `search`", "publication-lives-in-search"),
        ("Test, lint, types", "test-lint-types"),
        ("A [link](to.md) within", "a-link-within"),
    ],
)
def test_headings_are_named_as_github_does(heading: str, anchor: str) -> None:
    assert anchor_of(heading) == anchor


def test_the_changelog_keeps_its_form() -> None:
    """It lists versions, and under each the kinds of change from Keep a Changelog."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.+)$", changelog, flags=re.MULTILINE)
    kinds = re.findall(r"^### (.+)$", changelog, flags=re.MULTILINE)

    assert versions[0] == "Unreleased"
    assert all(re.match(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d$", version) for version in versions[1:])
    assert set(kinds) <= KINDS_OF_CHANGE
    assert {"Added", "Changed", "Fixed"} <= set(kinds)
    assert PROJECT["version"] in changelog


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if re.match(r'  "[A-Za-z0-9_.\[\]-]+(==|>=)', line)]
    assert len(listed) >= len(PROJECT["dependencies"])
    assert [line for line in listed if "#" not in line] == []
