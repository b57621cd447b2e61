"""The time of nightly runs: one in full, one without changes, and some with few changes.

Every run is a process of its own, as the schedule starts it, in a fresh home. The sample shop is
read, encoded and built for real. The pictures of the large catalogue are encoded synthetically
between the runs; the time that encoding them would take is computed from a given rate.
"""

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image, ImageOps
from rich.console import Console
from rich.table import Table

from indexer.sample.write_shop import write_sample
from scripts.benchmarks.synthetic_catalogue import SyntheticCatalogue, encode_synthetically
from search.database.connection import open_database
from search.encoder import load_encoder
from search.settings import Settings

CHANGED = 0.01
"""Share of the products that change in a night."""
FINDALIKE = (sys.executable, "-c", "from search.cli import main; main()")
BUILD = "build"
SEED = 7

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BenchedNight:
    """One run."""

    name: str
    seconds: float  # of the whole process
    stages: dict[str, float]  # seconds by stage, from the run's report
    encoded: int  # pictures, for real or synthetically
    encoding_s: float  # computed time for pictures that were encoded synthetically
    training: dict[str, Any] | None  # from the manifest; None if nothing was built
    changed: bool

    @property
    def without_build(self) -> float:
        """Seconds of everything but the build."""
        return self.seconds + self.encoding_s - self.stages.get(BUILD, 0.0)

    def as_dict(self, full: "BenchedNight") -> dict[str, Any]:
        """Return the figures to print, compared with a full run."""
        training = self.training or {}
        return {
            "run": self.name,
            "seconds": round(self.seconds, 2),
            "stages": self.stages,
            "pictures_encoded": self.encoded,
            "encoding_reckoned_s": round(self.encoding_s, 2),
            "build_s": self.stages.get(BUILD, 0.0),
            "without_build_s": round(self.without_build, 2),
            "without_build_to_full": round(self.without_build / full.without_build, 4),
            "changed": self.changed,
            "training_reused": training.get("reused"),
            "drift": training.get("drift"),
        }


def measure_nights(products: int, shop_products: int, images_per_s: float | None) -> dict[str, Any]:
    """Measure all runs, those of the sample shop first.

    Args:
        products: Size of the synthetic catalogue; 0 leaves it out.
        shop_products: Size of the sample shop.
        images_per_s: Assumed rate of synthetic encoding; None: the sample shop's rate.

    Returns:
        `images_per_s`, and under `sample` and `synthetic` the runs, the full one first.
    """
    with tempfile.TemporaryDirectory(prefix="findalike-nights-") as folder:
        shop = _shop_nights(Path(folder) / "shop", shop_products)
        full = shop[0]
        rate = images_per_s or full.encoded / full.stages["encode"]
        found = {"images_per_s": round(rate, 1), "sample": [each.as_dict(full) for each in shop]}
        if products:
            large = _synthetic_nights(Path(folder) / "large", products, rate)
            found["synthetic"] = [each.as_dict(large[0]) for each in large]
    return found


def _shop_nights(folder: Path, products: int) -> list[BenchedNight]:
    """Measure the runs of a sample shop."""
    write_sample(folder / "shop", seed=SEED, products=products, photos=0)
    home, catalogue = folder / "home", folder / "shop" / "catalogue.csv"
    nights = [_night("full", home, catalogue), _night("unchanged", home, catalogue)]
    _change_fields(catalogue)
    nights.append(_night("1% titles and prices", home, catalogue))
    _change_pictures(catalogue)
    nights.append(_night("1% pictures", home, catalogue))
    return nights


def _change_fields(catalogue: Path) -> None:
    """Give some products of a sample shop another title and price."""
    with catalogue.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    for row in _some(rows, seed=1):
        row["title"] += ", new"
        row["price"] = f"{float(row['price']) + 1:.2f}"
    with catalogue.open("w", encoding="utf-8", newline="") as opened:
        written = csv.DictWriter(opened, rows[0])
        written.writeheader()
        written.writerows(rows)


def _change_pictures(catalogue: Path) -> None:
    """Mirror the pictures of some products of a sample shop."""
    with catalogue.open(encoding="utf-8", newline="") as opened:
        chosen = _some(list(csv.DictReader(opened)), seed=2)
    for name in (name for row in chosen for name in row["image"].split("|")):
        with Image.open(catalogue.parent / name) as picture:
            ImageOps.mirror(picture).save(catalogue.parent / name, quality=90)


def _some(rows: Sequence[T], seed: int) -> list[T]:
    count = max(1, round(CHANGED * len(rows)))
    return random.Random(seed).sample(list(rows), count)  # noqa: S311 - no secret


def _synthetic_nights(folder: Path, products: int, images_per_s: float) -> list[BenchedNight]:
    """Measure the runs of a large catalogue, whose pictures are encoded synthetically."""
    catalogue, home = SyntheticCatalogue(folder / "shop", products), folder / "home"
    catalogue.write()
    settings = Settings(home=home)
    encoder = load_encoder(settings.model, settings.device)

    def night(name: str) -> BenchedNight:
        """Ingest, encode off the clock, run; the catalogue is read twice but counted once."""
        ingested = _findalike(home, "ingest", str(catalogue.path))
        database = open_database(settings)
        encoded = encode_synthetically(database, settings, encoder)
        database.dispose()
        run = _night(name, home, catalogue.path)
        # A real run reads the catalogue once, when it still has changes to find.
        stages = run.stages | {"ingest": ingested["elapsed_s"]}
        seconds = run.seconds + stages["ingest"] - run.stages["ingest"]
        spent = encoded / images_per_s
        return replace(run, seconds=seconds, stages=stages, encoded=encoded, encoding_s=spent)

    nights = [night("full")]
    nights.append(_night("unchanged", home, catalogue.path))
    catalogue.change_fields(CHANGED)
    nights.append(_night("1% titles and prices", home, catalogue.path))
    catalogue.change_pictures(CHANGED)
    nights.append(night("1% pictures"))
    return nights


def _night(name: str, home: Path, catalogue: Path) -> BenchedNight:
    """Run `findalike reindex`."""
    started = time.monotonic()
    report = _findalike(home, "reindex", str(catalogue))
    seconds = time.monotonic() - started
    stages = report["seconds"]
    return BenchedNight(
        name,
        seconds,
        stages,
        encoded=report["encode"].get("encoded", 0),
        encoding_s=0.0,
        training=report["manifest"]["training"] if report["changed"] else None,
        changed=report["changed"],
    )


def _findalike(home: Path, *arguments: str) -> Any:  # noqa: ANN401 - what the command prints
    """Run a command with its own settings; return the JSON that it prints."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FINDALIKE_")}
    paths = [str(Path(__file__).parents[2]), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    done = subprocess.run(
        [*FINDALIKE, *arguments, "--json"],
        env=environment | {"FINDALIKE_HOME": str(home), "FINDALIKE_LOG_LEVEL": "warning"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def table(found: dict[str, Any]) -> None:
    """Show the figures."""
    for title in ("sample", "synthetic"):
        if title not in found:
            continue
        shown = Table(
            title=f"{title}; encoding computed at {found['images_per_s']} pictures per second"
        )
        shown.add_column("run")
        for name in ("s", "encoded", "computed, s", "build, s", "the rest, s", "of full run"):
            shown.add_column(name, justify="right")
        shown.add_column("training")
        for row in found[title]:
            reused = row["training_reused"]
            training = "anew" if reused == 0 else f"reused, drift {row['drift']:.3f}"
            shown.add_row(
                row["run"],
                f"{row['seconds']:.1f}",
                f"{row['pictures_encoded']:,}",
                f"{row['encoding_reckoned_s']:.1f}",
                f"{row['build_s']:.1f}",
                f"{row['without_build_s']:.1f}",
                f"{row['without_build_to_full']:.1%}",
                "" if reused is None else training,
            )
        Console(width=120).print(shown)
