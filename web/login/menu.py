"""The menu of the staff's pages, by role."""

from dataclasses import dataclass

from web.accounts.account_store import AccountView


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One page of the menu."""

    endpoint: str
    label: str
    subpages: tuple[str, ...] = ()  # endpoints of the pages below it


@dataclass(frozen=True, slots=True)
class MenuSection:
    """The pages of one role."""

    label: str
    role: str
    entries: tuple[MenuEntry, ...]


MENU = (
    MenuSection(
        "Studio",
        "merchandiser",
        (
            MenuEntry("studio.catalogue", "Catalogue", ("studio.product",)),
            MenuEntry("studio.rules", "Rules", ("studio.new_rule", "studio.removal")),
            MenuEntry("studio.saved", "Saved"),
            MenuEntry("studio.health", "Health"),
            MenuEntry("studio.gaps", "Gaps"),
        ),
    ),
    MenuSection(
        "Operations",
        "operator",
        (
            MenuEntry("ops.overview", "Overview"),
            MenuEntry("ops.jobs", "Jobs"),
            MenuEntry("ops.generations", "Generations"),
            MenuEntry("ops.charts", "Charts"),
        ),
    ),
    MenuSection(
        "People",
        "admin",
        (
            MenuEntry("people.accounts", "Accounts"),
            MenuEntry("people.keys", "API keys"),
            MenuEntry("people.trail", "Changes"),
        ),
    ),
)


def menu(account: AccountView) -> list[MenuSection]:
    """Return the sections that an account may open."""
    return [section for section in MENU if account.may(section.role)]
