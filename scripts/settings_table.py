"""Writes `docs/settings.md` from the descriptions in `search/settings`.

    python scripts/settings_table.py

A test fails if the page is not what this script writes.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from search.settings import Settings
from search.settings.setting_types import PREFIX, SettingsGroup

PAGE = ROOT / "docs" / "settings.md"
HEAD = """\
<!-- Written by `python scripts/settings_table.py`; edit the descriptions in search/settings. -->

# Settings

Every setting is an environment variable. None needs to be set. A process reads them once, when it
starts. If a value is not allowed, it stops and says which values are.

A setting marked *secret* may hold a password or a token. No page, log line or error shows its
value. `findalike doctor` and `/ops` show the scheme, host and port of an address, and nothing else.
"""


def groups() -> Iterator[type[SettingsGroup]]:
    """Yield the groups of settings in the order of their fields."""
    yield from (base for base in reversed(Settings.__bases__) if issubclass(base, SettingsGroup))


def default_of(field: FieldInfo) -> str:
    """Return a default as the variable's value, or `unset`."""
    value = field.default
    if value is None or value == ():
        return "unset"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def table(group: type[SettingsGroup]) -> Iterator[str]:
    """Yield the lines of a group."""
    title, _, sentence = (group.__doc__ or "").partition(": ")
    yield from (f"## {title}", "", sentence[:1].upper() + sentence[1:], "")
    yield from ("| variable | default | meaning |", "|---|---|---|")
    for name, field in group.model_fields.items():
        secret = " *Secret.*" if name in Settings.secrets() else ""
        meaning = f"{field.description}{secret}".replace("|", r"\|")
        yield f"| `{PREFIX}{name.upper()}` | {default_of(field)} | {meaning} |"
    yield ""


def page() -> str:
    """Return the whole page."""
    return "\n".join([HEAD, *(line for group in groups() for line in table(group))])


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
