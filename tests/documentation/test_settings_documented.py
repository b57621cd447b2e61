"""README and CHANGELOG agree with the code."""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from search.settings import Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.mark.parametrize("field", sorted(Settings.model_fields))
def test_every_setting_is_documented(field: str) -> None:
    assert f"`FINDALIKE_{field.upper()}`" in README


def test_no_setting_is_documented_that_does_not_exist() -> None:
    documented = set(re.findall(r"`FINDALIKE_([A-Z_]+)`", README))
    assert documented == {field.upper() for field in Settings.model_fields}


@pytest.mark.parametrize("name", sorted(e.name for e in entry_points(group="findalike.commands")))
def test_every_command_is_documented(name: str) -> None:
    assert f"findalike {name}" in README


def test_every_findalike_command_in_the_readme_exists() -> None:
    known = {e.name for e in entry_points(group="findalike.commands")}
    used = set(re.findall(r"^(?:\$ )?findalike ([a-z]+)", README, flags=re.MULTILINE))
    assert used <= known


def test_the_changelog_names_the_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## {PROJECT['version']}" in changelog


def test_every_dependency_says_why_it_is_there() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    listed = [line for line in lines if re.match(r'  "[A-Za-z0-9_.\[\]-]+(==|>=)', line)]
    assert len(listed) >= len(PROJECT["dependencies"])
    assert [line for line in listed if "#" not in line] == []


def test_pictures_in_the_readme_are_there() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    assert [p for p in pictures if not (ROOT / p).is_file()] == []
