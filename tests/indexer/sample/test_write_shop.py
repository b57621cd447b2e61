"""Writing a shop: files, columns, right answers, and the command."""

import csv
import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from indexer.sample import SampleReport, WrongSampleSize, write_sample
from indexer.sample.assortment import planned
from indexer.sample.cli import sample
from indexer.sample.product_wording import sku_of

SEED, PRODUCTS, PHOTOS = 7, 30, 6


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(directory: Path) -> dict[str, str]:
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def told() -> list[tuple[int, int]]:
    return []


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory, told: list[tuple[int, int]]) -> SampleReport:
    directory = tmp_path_factory.mktemp("shop")
    return write_sample(
        directory,
        seed=SEED,
        products=PRODUCTS,
        photos=PHOTOS,
        progress=lambda done, total: told.append((done, total)),
    )


def test_counts(report: SampleReport, told: list[tuple[int, int]]) -> None:
    catalogue = rows(report.directory / "catalogue.csv")
    pictures = [file for row in catalogue for file in row["image"].split("|")]

    assert len(catalogue) == PRODUCTS == report.products
    assert len(pictures) == report.pictures == len(set(pictures))
    assert any("|" in row["image"] for row in catalogue)
    assert len(rows(report.directory / "photos.csv")) == PHOTOS == report.photos
    assert len(rows(report.directory / "texts.csv")) == report.texts
    assert len(rows(report.directory / "both.csv")) == report.changes > 0
    assert told[-1] == (report.pictures + PHOTOS, report.pictures + PHOTOS)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_catalogue_rows_are_complete(report: SampleReport) -> None:
    catalogue = rows(report.directory / "catalogue.csv")

    assert len({row["sku"] for row in catalogue}) == PRODUCTS
    for i, row in enumerate(catalogue):
        assert all(row.values()), row
        assert row["sku"] == sku_of(SEED, i)
        assert row["colour"] == planned(SEED, i).look.colour
        assert float(row["price"]) > 0
        assert row["in_stock"] in ("true", "false")
        assert len(row["category"].split(" > ")) == 3


def test_every_picture_opens(report: SampleReport) -> None:
    files = [f for row in rows(report.directory / "catalogue.csv") for f in row["image"].split("|")]
    files += [row["photo"] for row in rows(report.directory / "photos.csv")]
    for file in files:
        with Image.open(report.directory / file) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert picture.size == (320, 320)


def test_photos_name_products_that_look_alike(report: SampleReport) -> None:
    looks = {sku_of(SEED, i): planned(SEED, i).look for i in range(PRODUCTS)}
    photos = rows(report.directory / "photos.csv")

    assert {row["split"] for row in photos} == {"train", "test"}
    for row in photos:
        keys = {looks[sku].key for sku in row["sku"].split("|")}
        assert len(keys) == 1
        alike = [sku for sku, look in looks.items() if {look.key} == keys]
        assert row["sku"].split("|") == alike


def test_texts_name_skus_or_a_category_of_the_shop(report: SampleReport) -> None:
    catalogue = rows(report.directory / "catalogue.csv")
    skus = {row["sku"] for row in catalogue}
    categories = {row["category"] for row in catalogue}
    for row in rows(report.directory / "texts.csv"):
        assert bool(row["sku"]) != bool(row["category"])
        assert not row["sku"] or set(row["sku"].split("|")) <= skus
        assert not row["category"] or row["category"] in categories


def test_processes_write_the_same_bytes_as_one(
    tmp_path: Path, report: SampleReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.sample.write_shop.ALONE_BELOW", 0)
    monkeypatch.setattr("indexer.sample.write_shop._cores", lambda: 2)
    write_sample(tmp_path, seed=SEED, products=PRODUCTS, photos=PHOTOS)

    assert digests(tmp_path) == digests(report.directory)


@pytest.mark.parametrize(("products", "photos"), [(0, 1), (-3, 0), (5, -1)])
def test_impossible_sizes_are_refused(tmp_path: Path, products: int, photos: int) -> None:
    with pytest.raises(WrongSampleSize, match="at least 1 product"):
        write_sample(tmp_path / "shop", products=products, photos=photos)

    assert not (tmp_path / "shop").exists()


def test_the_command_writes_and_reports_json(tmp_path: Path) -> None:
    target = tmp_path / "new" / "shop"
    asked = [str(target), "--products", "3", "--photos", "1", "--seed", "5", "--json"]
    result = CliRunner().invoke(sample, asked)

    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert (answer["products"], answer["photos"], answer["seed"]) == (3, 1, 5)
    assert (target / "catalogue.csv").exists()


def test_the_command_keeps_off_a_directory_in_use(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    refused = CliRunner().invoke(sample, [str(tmp_path), "--products", "1", "--photos", "0"])
    forced = CliRunner().invoke(
        sample, [str(tmp_path), "--products", "1", "--photos", "0", "--force"]
    )

    assert refused.exit_code == 2
    assert "not empty" in refused.output
    assert "--force" in refused.output
    assert forced.exit_code == 0, forced.output
    assert "1 products of 1 kinds" in forced.stdout
    assert (tmp_path / "thesis.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "wrong",
    [
        ["--products", "0"],
        ["--photos", "-1"],
        ["--seed", "x"],
        ["--seed", "-2"],
        ["--nonsense"],
        [],
    ],
)
def test_the_command_asked_wrongly(tmp_path: Path, wrong: list[str]) -> None:
    asked = [str(tmp_path / "shop"), *wrong] if wrong else []

    assert CliRunner().invoke(sample, asked).exit_code == 2


def test_every_changed_photo_is_there_and_has_an_answer_other_than_itself(
    report: SampleReport,
) -> None:
    known = {row["sku"] for row in rows(report.directory / "catalogue.csv")}
    for row in rows(report.directory / "both.csv"):
        assert (report.directory / row["photo"]).is_file()
        assert row["text"]
        right = set(row["sku"].split("|"))
        assert right
        assert right <= known
        assert Path(row["photo"]).stem not in right
