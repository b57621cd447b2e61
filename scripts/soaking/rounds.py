"""The rounds of the soak: change the shop, kill a run; now and then let one finish and check it."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy import Engine

from scripts.soaking.invariant import Indexed, find_wrong_after_run, find_wrong_now, read_indexed
from scripts.soaking.shop_processes import KILLED, ShopProcesses, outcome
from scripts.soaking.shoppers import SoakShoppers
from scripts.soaking.soaked_shop import SoakedShop
from search.database.connection import connect_database, session_scope
from search.results import Vector
from search.settings import Settings

WEIGHTS = dict(zip(KILLED, (4, 2, 2, 2), strict=True))
KILLED_AGAIN = 0.4
"""Share of the kills after which the next run is killed too, instead of left undisturbed."""
UNDISTURBED_ATTEMPTS = 3
"""Undisturbed runs that may fail in a row: one that meets the killed database may give up."""
TOLERANCE = 2e-3
"""Largest difference between two homes in one number of a vector: float16 rounds, and the size of
a batch changes the last bits."""

OnEvent = Callable[[str], None]


@dataclass(slots=True)
class Soak:
    """The result of a soak."""

    kills: dict[str, int] = field(default_factory=dict)  # by what was killed
    healed: int = 0  # undisturbed runs that succeeded, each followed by all checks
    failed_runs: int = 0  # undisturbed runs that ended with an error and were repeated
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
    folder: Path,
    *,
    kills: int,
    products: int,
    seed: int,
    minutes: float,
    watch: bool,
    on_event: OnEvent,
) -> Soak:
    """Run the test.

    Args:
        folder: Empty; gets the shop and the homes.
        kills: Ends after this many kills.
        products: Size of the shop.
        seed: Chooses the shop, the moments and what is killed. The machine's timing varies too.
        minutes: Ends after this long, even with fewer kills.
        watch: Whether `findalike watch` runs too, and is killed with the machine.
        on_event: Called with a line for each event.
    """
    started, result = time.monotonic(), Soak()
    rng = random.Random(f"soak/{seed}")  # noqa: S311 - no secret
    shop = SoakedShop(folder / "shop", products, seed)
    processes = ShopProcesses(folder / "home", watch)
    settings = Settings(home=processes.home)
    try:
        processes.keep_all()
        whole_s = _first_run(processes, shop)
        database = connect_database(settings, application_name="findalike-soak")
        rounds = _Rounds(processes, shop, database, rng, result, whole_s, on_event)
        with (
            processes.serving() as address,
            SoakShoppers(address, next(i for i in shop.items.values() if not i.broken)) as shoppers,
        ):
            while result.killed < kills and time.monotonic() - started < 60 * minutes:
                rounds.kill_one()
                result.search_failures[:] = shoppers.failures
                if not result.sound:
                    break
                if rng.random() >= KILLED_AGAIN or result.killed == kills:
                    rounds.run_undisturbed()
        result.searches, result.slowest_search_s = shoppers.searches, shoppers.slowest_s
        result.search_failures[:] = shoppers.failures
        result.wrong += _compare(database, processes, shop, folder / "fresh")
        database.dispose()
    finally:
        processes.stop_all()
    result.seconds = time.monotonic() - started
    return result


def _first_run(processes: ShopProcesses, shop: SoakedShop) -> float:
    """Index the shop for the first time; return the seconds it took."""
    began = time.monotonic()
    code, _ = outcome(processes.reindex(shop.catalogue))
    if code != 0:
        raise RuntimeError(f"The first run failed; see {processes.home}/logs.")
    return time.monotonic() - began


@dataclass(slots=True)
class _Rounds:
    processes: ShopProcesses
    shop: SoakedShop
    database: Engine
    rng: random.Random
    result: Soak
    whole_s: float  # of an undisturbed run, averaged
    on_event: OnEvent

    def kill_one(self) -> None:
        """Let a day pass, start a run, and kill something at a random moment of it."""
        self.processes.keep_all()
        self.shop.pass_a_day()
        what = self.rng.choices(KILLED, list(WEIGHTS.values()))[0]
        after_s = self.rng.uniform(0, self.whole_s)
        run = self.processes.reindex(self.shop.catalogue)
        until = time.monotonic() + after_s
        while time.monotonic() < until and run.running:
            time.sleep(0.02)
        over = not run.running
        if not over or what != "reindex":
            self.processes.kill(what, run)
        code, _ = outcome(run)
        if over and what == "reindex":
            return  # the run ended before the moment to kill it
        self.result.kills[what] = self.result.kills.get(what, 0) + 1
        self.on_event(f"{self.result.killed:>4}  {what} killed after {after_s:.1f} s; exit {code}")
        self._note(find_wrong_now(self.database, self.processes.home))

    def run_undisturbed(self) -> None:
        """Let a run finish undisturbed, then check that nothing is wrong."""
        self.processes.keep_all()
        for _ in range(UNDISTURBED_ATTEMPTS):
            began = time.monotonic()
            code, report = outcome(self.processes.reindex(self.shop.catalogue))
            if code == 0:
                break
            self.result.failed_runs += 1
            self.on_event(f"      an undisturbed run failed with exit code {code}")
        else:
            self._note([f"{UNDISTURBED_ATTEMPTS} undisturbed runs failed in a row."])
            return
        self.whole_s = 0.7 * self.whole_s + 0.3 * (time.monotonic() - began)
        self.result.healed += 1
        home, catalogue = self.processes.home, self.shop.catalogue
        self._note(find_wrong_after_run(self.database, home, catalogue, report))

    def _note(self, wrong: list[str]) -> None:
        for sentence in wrong:
            self.on_event(f"      {sentence}")
        self.result.wrong += wrong


def _compare(database: Engine, tested: ShopProcesses, shop: SoakedShop, fresh: Path) -> list[str]:
    """Index the shop in a fresh home; return how the two indexes differ."""
    undisturbed = ShopProcesses(fresh)
    code, _ = outcome(undisturbed.start("reindex", str(shop.catalogue), "--workers", "1", "--json"))
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
    """Compare what two indexes hold; return a sentence for each difference."""
    wrong = [f"Missing: {row}" for row in expected.keys() - soaked.keys()]
    wrong += [f"Unexpected: {row}" for row in soaked.keys() - expected.keys()]
    wrong += [
        f"Different vector: {row}"
        for row in soaked.keys() & expected.keys()
        if np.abs(soaked[row] - expected[row]).max() > TOLERANCE
    ]
    return wrong
