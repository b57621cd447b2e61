"""The commands and options that the pages show exist."""

import re
from importlib.metadata import entry_points

import click
import pytest

from scripts.benchmarks.__main__ import bench
from scripts.soaking.__main__ import main as soak
from search.cli import commands
from tests.support.documentation_pages import pages

PROGRAMS: dict[str, click.Command] = {"findalike": commands, "bench": bench, "soak": soak}
"""The programs by name."""
PAGES = pages()
TEXT = "\n".join(page.text for page in PAGES if page.name != "CHANGELOG.md")
NAMES = sorted(entry.name for entry in entry_points(group="findalike.commands"))


def typed(words: list[str]) -> tuple[click.Command, list[str]] | None:
    """Return the program that a command starts, and its arguments; None for any other program."""
    for place, word in enumerate(words):
        if word == "findalike" or re.fullmatch(r".*/(findalike|bench|soak)", word):
            return PROGRAMS[word.rpartition("/")[2]], words[place + 1 :]
    return None


def shown() -> list[list[str]]:
    """Return all commands in console blocks and in sentences, split into words."""
    found = [words for page in PAGES for words in page.commands()]
    starts = re.compile(r"(\S*/)?findalike [a-z]|scripts/(bench|soak)( |$)")
    spans = (span for page in PAGES for span in page.spans)
    found += [span.split() for span in spans if starts.match(span)]
    return [words for words in found if typed(words)]


def understand(command: click.Command, words: list[str], path: str = "") -> None:
    """Parse a command line as click does, without running it.

    Raises:
        click.UsageError: there is no such subcommand or option, or an argument too many.
    """
    context = click.Context(command, info_name=path)
    if isinstance(command, click.Group) and words and not words[0].startswith("-"):
        below = command.get_command(context, words[0])
        if below is None:
            raise click.UsageError(f"No such command: {path} {words[0]}")
        understand(below, words[1:], f"{path} {words[0]}")
        return
    _, left, _ = command.make_parser(context).parse_args(list(words))
    if left:
        raise click.UsageError(f"{path} takes no {left}")


COMMANDS = shown()


def test_the_commands_were_found() -> None:
    """An empty list would pass all tests below."""
    assert len(COMMANDS) > 60


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_shown_command_is_understood(words: list[str]) -> None:
    program = typed(words)
    assert program is not None
    understand(*program)


@pytest.mark.parametrize(
    "line",
    [
        "findalike nothing",
        "findalike key nothing",
        "findalike status --nothing",
        "findalike key add --scop",
        "findalike rollback 7 8",
        "findalike search --photo",
        "scripts/bench nothing",
        "scripts/soak --nothing",
    ],
)
def test_a_wrong_command_is_seen(line: str) -> None:
    program = typed(line.split())
    assert program is not None
    with pytest.raises(click.UsageError):
        understand(*program)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_is_shown(name: str) -> None:
    assert re.search(rf"findalike {name}\b", TEXT)


@pytest.mark.parametrize("name", sorted(bench.commands))
def test_every_benchmark_is_shown(name: str) -> None:
    assert re.search(rf"scripts/bench {name}\b", TEXT)
