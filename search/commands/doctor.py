"""`findalike doctor`: check everything the product needs, and say what to do about what fails."""

import sys
from dataclasses import asdict

import click

from search.cli import echo_json, json_option

MARKS = {"ok": "[green]ok[/]", "failed": "[red]FAILED[/]", "skipped": "[yellow]skipped[/]"}


@click.command()
@json_option
def doctor(*, as_json: bool) -> None:
    """Check installation, settings, database, broker, model and live index; exit 1 if one fails."""
    from rich.console import Console
    from rich.text import Text

    from search.checks import run_checks

    checks = []
    console = Console(quiet=as_json)
    for check in run_checks():  # shown one by one: loading a model takes a while
        checks.append(check)
        console.print(f"{MARKS[check.state]:<18}", Text(check.name, style="bold"))
        console.print(Text(check.found), style="dim")
        if check.remedy:
            console.print(Text(f"→ {check.remedy}", style="bold"))
    failed = [check.name for check in checks if check.state == "failed"]
    if as_json:
        echo_json({"healthy": not failed, "checks": [asdict(check) for check in checks]})
    else:
        console.print(f"Failed: {', '.join(failed)}." if failed else "All is well.")
    sys.exit(1 if failed else 0)
