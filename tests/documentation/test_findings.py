"""The scripts of `findings/` run as they are, install exact versions, and are listed once."""

import os
import re
import subprocess
from pathlib import Path

import pytest

FINDINGS = Path(__file__).parents[2] / "findings"
SCRIPTS = sorted(FINDINGS.glob("*.sh"))
ROWS = re.findall(
    r"^\| \[(\S+)\]\((\S+)\) \| (.+?) \| (.+?) \|$",
    (FINDINGS / "README.md").read_text(encoding="utf-8"),
    flags=re.MULTILINE,
)
EXACT = re.compile(r"^([A-Za-z0-9_-]+)(?:\[[a-z,]+\])?==(\d[\w.]*)$")


def pins(script: Path) -> dict[str, str]:
    """Return the version of each package that a script installs; fail where one is open."""
    found = {}
    lines = re.findall(
        r"pip\" install --quiet (.+)$", script.read_text(encoding="utf-8"), re.MULTILINE
    )
    for requirement in " ".join(lines).replace('"', "").split():
        exact = EXACT.match(requirement)
        assert exact, f"{requirement} is not pinned by =="
        found[exact[1].lower()] = exact[2]
    return found


def test_each_script_is_listed_once() -> None:
    assert [name for name, _, _, _ in ROWS] == [script.name for script in SCRIPTS]
    assert all(name == address for name, address, _, _ in ROWS)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_can_be_run_and_cleans_up(script: Path) -> None:
    text = script.read_text(encoding="utf-8")
    assert text.startswith("#!/usr/bin/env bash\n# ")
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
    assert "place=$(mktemp -d)\ntrap 'rm -rf \"$place\"' EXIT\n" in text
    assert "findalike" not in text


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_script_says_what_it_shows(script: Path) -> None:
    header = script.read_text(encoding="utf-8").partition("\nset -euo pipefail\n")[0]
    assert all(part in header for part in ("\n# Behaviour: ", "\n# Seen", "\n# Why it matters: "))


@pytest.mark.parametrize(("name", "libraries"), [(row[0], row[2]) for row in ROWS])
def test_the_versions_listed_are_those_installed(name: str, libraries: str) -> None:
    pinned = pins(FINDINGS / name)
    assert pinned
    for library in libraries.split(", "):
        package, version = library.split(" ")
        assert pinned[package] == version
        assert version in (FINDINGS / name).read_text(encoding="utf-8").splitlines()[1]
