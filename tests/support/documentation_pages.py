"""The Markdown pages of the repository, parsed: headings, links, code, tables, commands."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class MarkdownPage:
    """One page."""

    path: Path

    @property
    def name(self) -> str:
        """The page's path in the repository."""
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        """The page's whole text."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The text outside of code blocks."""
        return FENCE.sub("", self.text)

    @cached_property
    def spans(self) -> list[str]:
        """The texts between backticks in the prose, with spaces for line breaks."""
        return [" ".join(span.split()) for span in SPAN.findall(self.prose)]

    @cached_property
    def links(self) -> list[str]:
        """The targets of links and pictures."""
        return LINK.findall(SPAN.sub("", self.prose))

    @cached_property
    def anchors(self) -> set[str]:
        """The anchors of the page's headings, as GitHub names them."""
        found: set[str] = set()
        for heading in HEADING.findall(self.prose):
            name = anchor_of(heading)
            again = 0
            while (numbered := f"{name}-{again}" if again else name) in found:
                again += 1
            found.add(numbered)
        return found

    def blocks(self, language: str) -> list[str]:
        """Return the code blocks in a language."""
        return [body for _, named, body in FENCE.findall(self.text) if named == language]

    def commands(self) -> list[list[str]]:
        """Return the commands in console blocks, split into words; joined ones are separated."""
        found = []
        for block in self.blocks("console"):
            for line in console_lines(block):
                words = shlex.split(line, comments=True)
                found += [part for part in parted(words, "&&") if part]
        return found

    def first_column(self, heading: str) -> list[str]:
        """Return the texts between backticks in the first column of tables below a heading."""
        parts = re.split(r"^#+ (.+)$", self.prose, flags=re.MULTILINE)
        section = parts[parts.index(heading) + 1]
        rows = re.findall(r"^ *\| (`[^|]*) \|", section, flags=re.MULTILINE)
        return [name for row in rows for name in SPAN.findall(row)]


def anchor_of(heading: str) -> str:
    """Return GitHub's anchor of a heading: lower case, without punctuation, hyphens for spaces."""
    plain = LINK.sub(lambda link: link[0][1 : link[0].index("]")], heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


def console_lines(block: str) -> Iterator[str]:
    """Yield the lines that begin with a prompt, joined with their continuations."""
    for part in re.split(r"^ *\$ ", block, flags=re.MULTILINE)[1:]:
        command, more = "", iter(part.splitlines())
        for line in more:
            command += line.removesuffix("\\")
            if not line.endswith("\\"):
                break
        yield command


def parted(words: list[str], separator: str) -> Iterator[list[str]]:
    """Yield the words between separators."""
    part: list[str] = []
    for word in [*words, separator]:
        if word == separator:
            yield part
            part = []
        else:
            part.append(word)


def pages() -> list[MarkdownPage]:
    """Return every page that people read on GitHub."""
    paths = [
        ROOT / "README.md",
        ROOT / "CHANGELOG.md",
        ROOT / "search/encoder/checkpoints/embedded/MODEL_CARD.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    ]
    return [MarkdownPage(path) for path in paths]
