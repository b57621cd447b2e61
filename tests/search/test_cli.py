"""The command line as users see it: a process, its output, its exit code."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from search.cli import commands

FINDALIKE = Path(sys.executable).with_name("findalike")


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the installed program."""
    return subprocess.run(
        [FINDALIKE, *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("name", sorted(e.name for e in entry_points(group="findalike.commands")))
def test_every_command_has_help_and_json(name: str) -> None:
    command = commands.get_command(click.Context(commands), name)
    inner = command.commands if isinstance(command, click.Group) else {"": None}
    for asked in ([name, *filter(None, [sub])] for sub in inner):
        result = CliRunner().invoke(commands, [*asked, "--help"])
        assert result.exit_code == 0, result.output
        assert "--json" in result.output


def test_the_list_of_commands_is_complete() -> None:
    result = CliRunner().invoke(commands, ["--help"])
    for name in ("ingest", "encode", "build", "publish", "rollback", "reindex", "search"):
        assert name in result.output
    for name in ("evaluate", "worker", "serve", "status", "doctor", "sample", "migrate"):
        assert name in result.output


def test_asked_wrongly_is_exit_code_2() -> None:
    result = run("search")
    assert result.returncode == 2
    assert "--photo" in result.stderr


@pytest.mark.parametrize("given", ["striped", "=striped", "pattern="])
def test_an_attribute_without_name_or_value_is_asked_wrongly(given: str) -> None:
    outcome = CliRunner().invoke(commands, ["search", "--text", "mug", "--attribute", given])

    assert outcome.exit_code == 2
    assert "such as pattern=striped" in outcome.output


def test_an_unknown_command_is_exit_code_2() -> None:
    assert run("serach").returncode == 2


def test_a_known_error_is_one_sentence_and_exit_code_1(tmp_path: Path) -> None:
    result = run("status", FINDALIKE_HOME=str(tmp_path), FINDALIKE_PORT="eighty")
    assert result.returncode == 1
    assert "FINDALIKE_PORT" in result.stderr
    assert "eighty" in result.stderr
    assert "Traceback" not in result.stderr


def test_with_json_an_error_is_json(tmp_path: Path) -> None:
    result = run("status", "--json", FINDALIKE_HOME=str(tmp_path), FINDALIKE_PORT="eighty")
    assert result.returncode == 1
    assert json.loads(result.stdout)["error"] == "WrongSetting"
