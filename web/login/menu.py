"""The menu of the staff's pages: what each role sees."""

from dataclasses import dataclass

from web.accounts.account_store import AccountView


@dataclass(frozen=True, slots=True)
class Entry:
    """One page of the menu."""

    endpoint: str
    label: str
    also: tuple[str, ...] = ()  # further endpoints that are below it


@dataclass(frozen=True, slots=True)
class Section:
    """Pages of one role."""

    label: str
    role: str
    entries: tuple[Entry, ...]


MENU = (
    Section(
        "Studio",
        "merchandiser",
        (
            Entry("studio.catalogue", "Catalogue", ("studio.product",)),
            Entry("studio.rules", "Rules", ("studio.new_rule", "studio.removal")),
            Entry("studio.saved", "Saved"),
            Entry("studio.health", "Health"),
            Entry("studio.gaps", "Gaps"),
        ),
    ),
    Section(
        "Operations",
        "operator",
        (
            Entry("ops.overview", "Overview"),
            Entry("ops.jobs", "Jobs"),
            Entry("ops.generations", "Generations"),
            Entry("ops.charts", "Charts"),
        ),
    ),
    Section(
        "People",
        "admin",
        (
            Entry("people.accounts", "Accounts"),
            Entry("people.keys", "API keys"),
            Entry("people.trail", "Changes"),
        ),
    ),
)


def menu(account: AccountView) -> list[Section]:
    """Return the sections that an account may open."""
    return [section for section in MENU if account.may(section.role)]
