"""The benchmark commands run and print their figures; no test depends on speed."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from PIL import Image

from scripts.benchmarks import (
    filtered_search,
    ranking_time,
    runtime_comparison,
    runtime_variants,
)
from scripts.benchmarks.__main__ import bench
from scripts.benchmarks.synthetic_generation import open_generation
from search.ranking.stages import STAGES
from tests.support.factories import picture_bytes
from tests.support.models.small_encoder import write_checkpoint


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"local-dir:{write_checkpoint(tmp_path_factory.mktemp('small'))}"


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for seed in range(12):
        (folder / f"{seed}.jpg").write_bytes(picture_bytes(seed))
    return folder


def printed(*arguments: str) -> Any:
    result = CliRunner().invoke(bench, [*arguments, "--rounds", "1", "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_encode_compares_three_ways(model: str, pictures: Path) -> None:
    found = printed(
        "encode", "--model", model, "--device", "cpu", "--pictures", str(pictures)
    )  # fmt: skip

    assert found["pictures"] == 12
    assert found["device"] == "cpu"
    assert all(found["per_second"][way] > 0 for way in ("plain", "pipeline", "bare"))
    assert found["pipeline_to_plain"] > 0
    assert set(found["stage_ms"]) == {
        "read", "decode", "rendition", "colours", "preprocess", "forward", "wait"
    }  # fmt: skip


def test_encode_draws_pictures_where_no_folder_is_named(model: str) -> None:
    result = CliRunner().invoke(
        bench,
        ["encode", "--model", model, "--device", "cpu", "--count", "8", "--side", "300",
         "--rounds", "1"],
    )  # fmt: skip

    assert result.exit_code == 0, result.output
    assert "8 pictures of about 300 × 300 px" in " ".join(result.output.split())
    assert "Where time goes" in result.output


def test_a_folder_without_pictures_is_refused(model: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(bench, ["encode", "--model", model, "--pictures", str(tmp_path)])

    assert result.exit_code != 0
    assert "no JPEG" in str(result.exception)


def test_random_weights_need_a_known_architecture() -> None:
    result = CliRunner().invoke(bench, ["encode", "--model", "random:ViT-B-33"])

    assert "ViT-B-33" in str(result.exception)


def test_runtimes_are_compared_with_float32(
    model: str, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One variant of each kind; all of them would take minutes."""
    chosen = ("torch float32", "torch bfloat16 autocast", "torch dynamic int8", "shipped")
    some = {name: runtime_variants.VARIANTS[name] for name in chosen}
    monkeypatch.setattr(runtime_variants, "VARIANTS", some | {"absent": _absent})

    (found,) = printed("runtimes", "--model", model, "--pictures", str(pictures))["models"]

    assert set(found["variants"]) == set(chosen)
    assert found["missing"] == {"absent": "not installed"}
    assert found["variants"]["torch float32"]["least_cosine"] == pytest.approx(1, abs=1e-5)
    assert found["variants"]["shipped"]["least_cosine"] > 0.995
    assert found["variants"]["shipped"]["per_second_at_32"] > 0


def _absent(*_: object) -> runtime_variants.Encode:
    raise ImportError("not installed")


def test_tables_are_readable(
    model: str, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    some = {"torch float32": runtime_variants.plain, "absent": _absent}
    monkeypatch.setattr(runtime_variants, "VARIANTS", some)

    runtime_comparison.table(
        runtime_comparison.measure_runtimes(model, pictures=pictures, rounds=1)
    )

    shown = capsys.readouterr().out
    assert "torch float32" in shown
    assert "not installed" in shown


def test_a_text_is_compared_with_a_large_tower() -> None:
    found = printed("text")

    assert found["embedded_ms"] > 0
    assert found["embedded_to_vit_b_32"] == pytest.approx(
        found["embedded_ms"] / found["vit_b_32_ms"]
    )


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that keeps the synthetic generation for several tests."""
    return tmp_path_factory.mktemp("kept")


SMALL = ("--products", "1000")


def test_search_compares_each_step_with_encoding_a_photo(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(ranking_time, "QUERIES", 3)

    found = printed("search", *SMALL, "--keep", str(kept))

    assert (found["products"], found["vectors"]) == (1000, 1125)
    assert found["index"].startswith("IVF")
    for kind, busy in (("photo", {"region", "local"}), ("text", {"expand", "consistency", "fuse"})):
        ms = found["kinds"][kind]["ms"]
        assert set(ms) == {"encode", "filter", "candidates", "rescore", *STAGES, "facets", "fold"}
        assert all(ms[step] > 0.005 for step in busy | {"encode", "rescore", "rules"})
        assert found["kinds"][kind]["ranking_to_encode"] > 0
    ranking_time.table(found)
    assert "encode one photo" in capsys.readouterr().out


def test_filters_are_compared_with_exact_search(
    kept: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(filtered_search, "QUERIES", 3)

    found = printed("filters", *SMALL, "--keep", str(kept))

    by_size = {(row["rows"], row["kept"]): row for row in found["filters"]}
    assert {rows for rows, _ in by_size} == {"at random", "halfway", "far away"}
    assert {kept for _, kept in by_size} >= {20, 562}
    for row in found["filters"]:
        assert row["full_pages"] == 1
        assert row["answered"] == "exactly"  # a small catalogue has narrow filters only
        assert row["recall_at_10"]["searched"] == row["recall_at_10"]["exact"] == 1
        assert row["recall_at_10"]["lists"] > 0.5
        assert row["ms"]["searched"] > 0
    filtered_search.table(found)
    assert "far away" in capsys.readouterr().out


def test_a_kept_catalogue_is_used_again(kept: Path) -> None:
    with open_generation(1000, kept) as first:
        written = (kept / "1000-products" / "manifest.json").stat().st_mtime_ns
    with open_generation(1000, kept) as again:
        assert again.manifest == first.manifest
    assert (kept / "1000-products" / "manifest.json").stat().st_mtime_ns == written
    with open_generation(200, None) as other:
        assert other.manifest.products == 200


def test_drawn_pictures_differ(tmp_path: Path) -> None:
    from scripts.benchmarks.benchmark_pictures import draw_pictures

    files = draw_pictures(tmp_path, 30, 96)

    assert len({file.read_bytes() for file in files}) == 30
    with Image.open(files[0]) as image:
        assert (image.format, image.size) == ("JPEG", (96, 96))
