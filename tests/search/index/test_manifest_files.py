"""Manifests that were written by an earlier release are whole to this one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from search.errors import DamagedGeneration
from search.index.delta_files import DELTA_FILES, DeltaManifest
from search.index.generation_files import FILES, IndexMeasured, Latency, Manifest, read_manifest
from search.index.manifest_files import MANIFEST, FileEntry, SealedManifest, write_manifest

CREATED_AT = datetime(2026, 1, 2, tzinfo=UTC)
LATENCY = Latency(p50=1, p95=2)


def entries(files: frozenset[str]) -> dict[str, FileEntry]:
    return {name: FileEntry(bytes=1, sha256="00" * 32) for name in sorted(files)}


GENERATION = Manifest(
    format=1,
    name="n",
    created_at=CREATED_AT,
    model="embedded",
    model_tag="t",
    dim=4,
    patch_dim=8,
    vectors=1,
    products=1,
    signature="s",
    changed_from=7,
    factory="Flat",
    reason="few",
    nlist=0,
    m=0,
    nbits=0,
    nprobe=1,
    candidates=10,
    left_out={"a": 1},
    files=entries(FILES),
    measured=IndexMeasured(
        recall_at_10=1,
        recall_at_10_photo=1,
        recall_at_10_text=1,
        queries=2,
        ann_ms=LATENCY,
        exact_ms=LATENCY,
    ),
)
DELTA = DeltaManifest(
    format=1,
    name="n",
    created_at=CREATED_AT,
    generation="g",
    model_tag="t",
    dim=4,
    patch_dim=8,
    cells=0,
    vectors=1,
    products=1,
    dead=0,
    waiting=0,
    signature="s",
    changed_from=7,
    files=entries(DELTA_FILES),
)


@pytest.mark.parametrize(
    ("manifest", "checksum"),
    [
        (GENERATION, "d9bb6d624da6bdb19cbbff84bfde184d0d52c0f03fd7e414450485bd932b9914"),
        (DELTA, "7a0b08d092ee048a7ed2e88078b7fc904c3af41e265ce7e535c544784e0eec37"),
    ],
)
def test_checksums_are_those_of_the_first_release(
    manifest: SealedManifest, checksum: str, tmp_path: Path
) -> None:
    """They cover the fields in their order: moving one would make every kept index look damaged."""
    assert write_manifest(tmp_path, manifest).checksum == checksum


@pytest.mark.parametrize("missing", sorted(FILES))
def test_a_manifest_names_every_file(missing: str, tmp_path: Path) -> None:
    few = {name: entry for name, entry in GENERATION.files.items() if name != missing}
    write_manifest(tmp_path, GENERATION.model_copy(update={"files": few}))
    with pytest.raises(DamagedGeneration, match=rf"{MANIFEST} of generation .* its checksum"):
        read_manifest(tmp_path)
