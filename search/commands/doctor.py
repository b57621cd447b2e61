"""`findalike doctor`: check everything the product needs, and say what to do about what fails."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from search.cli import echo_json, json_option
from search.settings import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from search.operation.doctor_checks import DoctorCheck

MARKS = {"ok": "[green]ok[/]", "failed": "[red]FAILED[/]", "skipped": "[yellow]skipped[/]"}


def describe(check: "DoctorCheck") -> "Table":
    """Return the line of one check, its remedy below."""
    from rich.table import Table
    from rich.text import Text

    line = Table.grid(padding=(0, 2))
    line.add_column(width=7)
    line.add_column(width=10, style="bold")
    line.add_column(overflow="fold")
    line.add_row(MARKS[check.state], check.name, Text(check.found))
    if check.remedy:
        line.add_row("", "", Text(f"→ {check.remedy}", style="bold"))
    return line


def try_alarm() -> "list[DoctorCheck]":
    """Raise an alarm that is none; return what became of each way that is set."""
    from search.operation.alarm import Alarm, raise_alarm
    from search.operation.doctor_checks import DoctorCheck

    alarm = Alarm("test", "none", "This is a test; nothing is wrong. `findalike doctor` sent it.")
    deliveries = raise_alarm(load_settings(), alarm)
    if not deliveries:
        remedy = "Set FINDALIKE_ALARM_WEBHOOK, or FINDALIKE_ALARM_EMAIL and FINDALIKE_SMTP_URL."
        return [DoctorCheck("alarm", "failed", "nobody is told but the log", remedy)]
    return [
        DoctorCheck(each.channel, "failed" if each.error else "ok", each.error or "taken")
        for each in deliveries
    ]


@click.command()
@click.option("--alarm", is_flag=True, help="Only raise an alarm, to see whether it is heard.")
@json_option
def doctor(*, alarm: bool, as_json: bool) -> None:
    """Check installation, settings, database, broker, model and live index; exit 1 if one fails."""
    from rich.console import Console

    from search.operation.doctor_checks import run_checks

    checks = []
    console = Console(quiet=as_json)
    for check in (
        try_alarm() if alarm else run_checks()
    ):  # shown one by one: loading a model takes a while
        checks.append(check)
        console.print(describe(check))
    failed = [check.name for check in checks if check.state == "failed"]
    if as_json:
        echo_json({"healthy": not failed, "checks": [asdict(check) for check in checks]})
    else:
        console.print(f"Failed: {', '.join(failed)}." if failed else "All is well.")
    sys.exit(1 if failed else 0)
