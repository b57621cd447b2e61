"""The attributes that pictures show, and the words shoppers use for their values.

The file `attribute_vocabulary.toml` beside this module lists them. A shop adds its own with
`FINDALIKE_VOCABULARY`. A file that can't be used is refused, with the name of the entry.

The `repr` of a vocabulary is part of a generation's signature: to rename a class or a field here
makes every shop build its index anew.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from search.errors import UnusableVocabulary
from search.settings import load_settings

RESERVED = ("category", "brand")
"""Names that no attribute may have: merchants' own fields, whose values come from catalogues."""
BUILT_IN = Path(__file__).with_name("attribute_vocabulary.toml")

Word = Annotated[str, Field(min_length=1, max_length=60)]


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute."""

    attribute: str
    name: str
    words: tuple[str, ...]  # shoppers' words for it, the name itself first; lower case


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that pictures show of a product."""

    name: str
    prompts: tuple[str, ...]  # texts that the encoder gets for a value, `{}` for its word
    values: tuple[Value, ...]
    nouns: tuple[str, ...] = ()  # shoppers' words for the attribute itself; lower case
    without: str | None = None  # name of the value of a thing without it: `plain`


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Attributes in the order of the files."""

    attributes: tuple[Attribute, ...]

    def value(self, attribute: str, name: str) -> Value | None:
        """Return a value by its name, None where there is none."""
        values = (v for a in self.attributes if a.name == attribute for v in a.values)
        return next((value for value in values if value.name == name), None)


class _Entry(BaseModel):
    """One attribute as a vocabulary file describes it."""

    model_config = ConfigDict(extra="forbid")

    prompts: list[Annotated[Word, Field(pattern=r"\{\}")]] = []
    nouns: list[Word] = []
    without: Word | None = None
    values: dict[Word, list[Word] | Literal[False]]


_FILE = TypeAdapter(dict[Word, _Entry])


@lru_cache(maxsize=1)
def shop_vocabulary() -> Vocabulary:
    """Read the vocabulary that this process's settings name, once.

    Raises:
        UnusableVocabulary: the shop's file can't be read or used.
    """
    return load_vocabulary(load_settings().vocabulary)


def load_vocabulary(extension: Path | None = None) -> Vocabulary:
    """Read the built-in vocabulary, and add a shop's own.

    Args:
        extension: A file in the same format. Its values and words are added to those of the same
            attribute. `false` removes a value. A new attribute needs prompts of its own.

    Raises:
        UnusableVocabulary: a file can't be read, or an entry is not what it must be.
    """
    merged = _read(BUILT_IN)
    if extension is not None:
        for name, entry in _read(extension).items():
            if name in RESERVED:
                raise UnusableVocabulary(extension, f"[{name}] is a field of every product.")
            known = merged.setdefault(name, _Entry(values={}))
            known.prompts = entry.prompts or known.prompts
            known.nouns = [*known.nouns, *entry.nouns]
            known.without = entry.without or known.without
            if not known.prompts:
                raise UnusableVocabulary(extension, f"[{name}] is new and needs prompts.")
            _add_values(known, entry.values)
    return Vocabulary(tuple(_attribute(name, entry) for name, entry in merged.items()))


def _add_values(known: _Entry, values: Mapping[str, list[str] | Literal[False]]) -> None:
    """Add a shop's values to those of an attribute."""
    for name, words in values.items():
        if words is False:
            known.values.pop(name, None)
        else:
            known.values[name] = [*(known.values.get(name) or []), *words]


def _attribute(name: str, entry: _Entry) -> Attribute:
    values = tuple(
        Value(name, value, tuple(dict.fromkeys(word.casefold() for word in (value, *words))))
        for value, words in entry.values.items()
        if words is not False
    )
    nouns = tuple(noun.casefold() for noun in entry.nouns)
    return Attribute(name, tuple(entry.prompts), values, nouns, entry.without)


def _read(path: Path) -> dict[str, _Entry]:
    try:
        return _FILE.validate_python(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise UnusableVocabulary(path, f"it can't be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UnusableVocabulary(path, f"it is no TOML: {error}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise UnusableVocabulary(path, f"{where}: {first['msg']}.") from error
