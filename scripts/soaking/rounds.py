"""The rounds of the soak: a day passes, a run is killed, now and then one may heal everything."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from scripts.soaking.household import KILLED, Household, outcome
from scripts.soaking.invariant import Indexed, find_wrong_after_run, find_wrong_now, read_indexed
from scripts.soaking.shop import SoakedShop
from scripts.soaking.shoppers import SoakShoppers
from search.database.connection import connect_database, session_scope
from search.results import Vector
from search.settings import Settings

WEIGHTS = dict(zip(KILLED, (4, 2, 2, 2), strict=True))
KILLED_AGAIN = 0.4
"""Share of the kills after which the next run is killed too, before one may heal."""
HEAL_ATTEMPTS = 3
"""Runs that may fail before one must be done: a run that notices a killed database may give up."""
TOLERANCE = 2e-3
"""Numbers of a vector may differ so much between two homes: float16 rounds, and how many pictures
go through the model together changes the last bits."""

Tell = Callable[[str], None]


@dataclass(slots=True)
class Soak:
    """What came of it."""

    kills: dict[str, int] = field(default_factory=dict)  # by what was killed
    healed: int = 0  # runs that were let be, each followed by all checks
    failed_runs: int = 0  # of those, runs that ended with an error and were started again
    searches: int = 0
    slowest_search_s: float = 0.0
    search_failures: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def killed(self) -> int:
        """How often something was killed."""
        return sum(self.kills.values())

    @property
    def sound(self) -> bool:
        """Whether nothing was lost, doubled or failed."""
        return not self.wrong and not self.search_failures


def soak(
    folder: Path, *, kills: int, products: int, seed: int, minutes: float, watch: bool, tell: Tell
) -> Soak:
    """Run the test.

    Args:
        folder: Empty; gets the shop and the homes.
        kills: After so many it ends.
        products: Of the shop.
        seed: Of shop, moments and victims; the machine's own timing adds to it.
        minutes: After so long it ends, whatever is left to do.
        watch: Whether `findalike watch` runs meanwhile, and is killed too.
        tell: Told what happens.
    """
    started, result = time.monotonic(), Soak()
    rng = random.Random(f"soak/{seed}")  # noqa: S311  (moments, no secrets)
    shop = SoakedShop(folder / "shop", products, seed)
    household = Household(folder / "home", watch)
    settings = Settings(home=household.home)
    try:
        household.keep_all()
        whole_s = _first_run(household, shop)
        database = connect_database(settings, application_name="findalike-soak")
        rounds = _Rounds(household, shop, database, rng, result, whole_s, tell)
        with (
            household.serving() as address,
            SoakShoppers(address, next(i for i in shop.items.values() if not i.broken)) as shoppers,
        ):
            while result.killed < kills and time.monotonic() - started < 60 * minutes:
                rounds.kill_one()
                result.search_failures[:] = shoppers.failures
                if not result.sound:
                    break
                if rng.random() >= KILLED_AGAIN or result.killed == kills:
                    rounds.heal()
        result.searches, result.slowest_search_s = shoppers.searches, shoppers.slowest_s
        result.search_failures[:] = shoppers.failures
        result.wrong += _compare(database, household, shop, folder / "fresh")
        database.dispose()
    finally:
        household.stop_all()
    result.seconds = time.monotonic() - started
    return result


def _first_run(household: Household, shop: SoakedShop) -> float:
    """Index the shop; return the seconds it took."""
    began = time.monotonic()
    code, _ = outcome(household.reindex(shop.catalogue))
    if code != 0:
        raise RuntimeError(f"The first run failed; see {household.home}/logs.")
    return time.monotonic() - began


@dataclass(slots=True)
class _Rounds:
    household: Household
    shop: SoakedShop
    database: Engine
    rng: random.Random
    result: Soak
    whole_s: float  # of an undisturbed run
    tell: Tell

    def kill_one(self) -> None:
        """Let a day pass, start a run, kill something at some moment of it."""
        self.household.keep_all()
        self.shop.pass_a_day()
        what = self.rng.choices(KILLED, list(WEIGHTS.values()))[0]
        after_s = self.rng.uniform(0, self.whole_s)
        run = self.household.reindex(self.shop.catalogue)
        until = time.monotonic() + after_s
        while time.monotonic() < until and run.lives:
            time.sleep(0.02)
        over = not run.lives
        if not over or what != "reindex":
            self.household.kill(what, run)
        code, _ = outcome(run)
        if over and what == "reindex":
            return  # it was done before its moment came
        self.result.kills[what] = self.result.kills.get(what, 0) + 1
        self.tell(f"{self.result.killed:>4}  {what} killed after {after_s:.1f} s; exit {code}")
        self._note(find_wrong_now(self.database, self.household.home))

    def heal(self) -> None:
        """Let a run be, and look whether everything is as if nothing had happened."""
        self.household.keep_all()
        for _ in range(HEAL_ATTEMPTS):
            began = time.monotonic()
            code, report = outcome(self.household.reindex(self.shop.catalogue))
            if code == 0:
                break
            self.result.failed_runs += 1
            self.tell(f"      a run that nobody disturbed ended with {code}")
        else:
            self._note([f"{HEAL_ATTEMPTS} runs failed one after the other."])
            return
        self.whole_s = 0.7 * self.whole_s + 0.3 * (time.monotonic() - began)
        self.result.healed += 1
        home, catalogue = self.household.home, self.shop.catalogue
        self._note(find_wrong_after_run(self.database, home, catalogue, report))

    def _note(self, wrong: list[str]) -> None:
        for sentence in wrong:
            self.tell(f"      {sentence}")
        self.result.wrong += wrong


def _compare(database: Engine, tested: Household, shop: SoakedShop, fresh: Path) -> list[str]:
    """Index the shop in a home where nothing ever happened; return how the index differs."""
    other = Household(fresh)
    code, _ = outcome(other.start("reindex", str(shop.catalogue), "--workers", "1", "--json"))
    if code != 0:
        return [f"A fresh home could not index the shop; see {fresh}/logs."]
    with session_scope(database) as session:
        soaked = read_indexed(session, tested.home)
    pristine = connect_database(Settings(home=fresh), application_name="findalike-soak")
    with session_scope(pristine) as session:
        expected = read_indexed(session, fresh)
    pristine.dispose()
    return find_differences(soaked, expected)


def find_differences(soaked: dict[Indexed, Vector], expected: dict[Indexed, Vector]) -> list[str]:
    """Return how what one index holds differs from what another holds: sentences, or nothing."""
    wrong = [f"Missing: {row}" for row in expected.keys() - soaked.keys()]
    wrong += [f"Too many: {row}" for row in soaked.keys() - expected.keys()]
    wrong += [
        f"Another vector: {row}"
        for row in soaked.keys() & expected.keys()
        if np.abs(soaked[row] - expected[row]).max() > TOLERANCE
    ]
    return wrong
