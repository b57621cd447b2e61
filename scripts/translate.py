"""Brings `web/translations` up to date with the messages in code and templates.

    python scripts/translate.py          collect messages, keep translations, compile them
    python scripts/translate.py --check  change nothing; fail if one is missing or out of date

A new message enters each `messages.po` without a translation: fill it in, and run the script again.
Messages are the arguments of `gettext`, `ngettext`, `_` and `N_`, the text of `trans` blocks, the
sentences of `Reason`, and the words of an `UnusableQuery`; the last two are translated when shown.
"""

import argparse
import sys
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
TRANSLATIONS = ROOT / "web" / "translations"
SOURCES = {"search": [("**.py", "python")], "web": [("**.py", "python"), ("**.html", "jinja2")]}
OPTIONS = {"**.html": {"trimmed": "true", "silent": "false", "encoding": "utf-8"}}
KEYWORDS = {**DEFAULT_KEYWORDS, "Reason": (2,), "UnusableQuery": (1,)}
HEADER = "# Words of the pages. `python scripts/translate.py` adds new messages and compiles them."


def catalogues() -> list[Path]:
    """Return the `messages.po` file of each language."""
    return sorted(TRANSLATIONS.glob("*/LC_MESSAGES/messages.po"))


def messages() -> Catalog:
    """Return all messages of code and templates."""
    found = Catalog(project="findalike", header_comment=HEADER)
    for folder, methods in SOURCES.items():
        for _, _, message, comments, context in extract_from_dir(
            ROOT / folder, methods, OPTIONS, KEYWORDS, comment_tags=("Translators:",)
        ):
            found.add(message, None, (), (), comments, context=context)
    return found


def read(path: Path) -> Catalog:
    """Return a language's messages as its file holds them."""
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain="messages")


def updated(path: Path, source: Catalog) -> Catalog:
    """Return a language's messages with new ones added and unused ones removed."""
    catalogue = read(path)
    catalogue.update(source, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    catalogue.header_comment = HEADER
    catalogue.project, catalogue.revision_date = "findalike", catalogue.creation_date
    catalogue.msgid_bugs_address = catalogue.last_translator = catalogue.language_team = ""
    return catalogue


def missing(catalogue: Catalog) -> list[Message]:
    """Return the messages without a translation, and those whose placeholders are wrong."""
    return [
        message
        for message in catalogue
        if message.id
        and (
            not all(message.string if isinstance(message.string, tuple) else (message.string,))
            or message.fuzzy
            or any(message.check(catalogue))
        )
    ]


def as_po(catalogue: Catalog) -> bytes:
    """Return the file that translators edit, without places in the code, which often change."""
    file = BytesIO()
    write_po(file, catalogue, width=100, sort_output=True, no_location=True)
    return file.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """Return the compiled file that pages read."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def main() -> int:
    """Update or check the translations; return the exit code."""
    parser = argparse.ArgumentParser(description="Update the translations of the pages.")
    parser.add_argument("--check", action="store_true", help="change nothing; say what is wrong")
    check = parser.parse_args().check
    source, wrong = messages(), 0
    for path in catalogues():
        catalogue = updated(path, source)
        files = {path: as_po(catalogue), path.with_suffix(".mo"): as_mo(catalogue)}
        for file, content in files.items():
            if check and (not file.is_file() or file.read_bytes() != content):
                wrong += 1
                print(f"{file.relative_to(ROOT)} is out of date; run scripts/translate.py.")
            elif not check:
                file.write_bytes(content)
        for message in missing(catalogue):
            wrong += 1
            print(f"{path.relative_to(ROOT)} lacks or mistranslates: {message.id!r}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
