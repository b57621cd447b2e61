"""`docs/settings.md` matches the settings' descriptions; no page names an unknown setting."""

import re
from pathlib import Path

import pytest

from scripts.settings_table import PAGE, default_of, groups, page
from search.settings import Settings

ROOT = Path(__file__).parents[2]
VARIABLE = re.compile(r"FINDALIKE_[A-Z][A-Z0-9_]*[A-Z0-9]")
KNOWN = {f"FINDALIKE_{field.upper()}" for field in Settings.model_fields}
READ = sorted(
    path
    for path in (
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "docker").rglob("*"),
        *(ROOT / "scripts").rglob("*"),
    )
    if path.is_file() and path.suffix != ".pyc"
)


def test_the_page_of_settings_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `python scripts/settings_table.py`"


def test_each_setting_has_one_row() -> None:
    rows = re.findall(r"^\| `(FINDALIKE_\w+)` \|", page(), flags=re.MULTILINE)
    assert sorted(rows) == sorted(KNOWN)


def test_each_setting_is_in_one_group() -> None:
    """A field of `Settings` itself would be on no page."""
    grouped = [name for group in groups() for name in group.model_fields]
    assert grouped == list(Settings.model_fields)


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("smtp_url", "unset"),
        ("cors_origins", "unset"),
        ("api_anonymous", "`true`"),
        ("fetch_timeout_s", "`20`"),
        ("overlap_floor", "`0.5`"),
        ("max_image_bytes", "`40000000`"),
        ("home", "`~/.findalike`"),
    ],
)
def test_defaults_are_written_as_a_variable_says_them(field: str, shown: str) -> None:
    assert default_of(Settings.model_fields[field]) == shown


@pytest.mark.parametrize("path", READ, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_variable_that_is_named_exists(path: Path) -> None:
    assert set(VARIABLE.findall(path.read_text(encoding="utf-8", errors="ignore"))) <= KNOWN


def test_variables_are_seen() -> None:
    """The test above can fail."""
    found = VARIABLE.findall(
        "ENV FINDALIKE_HOME=/x `FINDALIKE_*` ${FINDALIKE_NO_SUCH:-1} FINDALIKE_"
    )
    assert found == ["FINDALIKE_HOME", "FINDALIKE_NO_SUCH"]
