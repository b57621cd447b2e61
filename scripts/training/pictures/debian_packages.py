"""Fetches freely licensed pictures from Debian packages, which every mirror keeps.

They show things that the development sets lack: furniture, tools, toys, food. None of them enters
the repository; the model card names the packages.
"""

import hashlib
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import httpx
import structlog

log = structlog.get_logger()

MIRROR = "https://deb.debian.org/debian/pool/main/"


@dataclass(frozen=True)
class Package:
    """One Debian package, pinned by its digest."""

    name: str
    path: str
    sha256: str

    def unpacked(self, cache: Path) -> Path:
        """Return the folder of the package's files; fetch and unpack it on first use.

        Raises:
            httpx.HTTPError: the mirror does not answer; put the .deb file into the cache by hand.
            ValueError: the file has another digest.
        """
        folder = cache / self.name
        if folder.exists():
            return folder
        file = cache / self.path.rsplit("/", 1)[-1]
        if not file.exists():
            log.info("fetching", url=MIRROR + self.path)
            answer = httpx.get(MIRROR + self.path, timeout=600, follow_redirects=True)
            answer.raise_for_status()
            cache.mkdir(parents=True, exist_ok=True)
            file.write_bytes(answer.content)
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise ValueError(f"{file} is not the pinned {self.name}; delete it to fetch it again.")
        unfinished = folder.with_suffix(".tmp")
        archive = _archive(content)
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:*") as tar:
            # Python before 3.11.4 lacks this filter; the digest makes the archive safe anyway.
            tar.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
            tar.extractall(unfinished)  # noqa: S202
        for catalogue in unfinished.rglob("*.sh3f"):  # Sweet Home 3D libraries are zip files
            with ZipFile(catalogue) as library:
                library.extractall(catalogue.with_suffix(""))  # noqa: S202 - pinned by digest
        unfinished.rename(folder)
        return folder


FURNITURE = Package(
    "sweethome3d-furniture",
    "s/sweethome3d-furniture/sweethome3d-furniture_1.8-1_all.deb",
    "3ccb90c63f9525e887a767b9cd5c8b6933b8b6b2973a615a5359ee68a2118668",
)
CLIP_ART = Package(
    "openclipart-png",
    "o/openclipart/openclipart-png_0.18+dfsg-19_all.deb",
    "f07f1545a2970c2cf3fa339bc2405da1a95cf2b1827bfa05bf73eb1c20291c02",
)


def _archive(package: bytes) -> bytes:
    """Return the data archive inside a .deb, which is an `ar` file."""
    position = 8  # after "!<arch>\n"
    while position + 60 <= len(package):
        name = package[position : position + 16].decode("ascii").strip().rstrip("/")
        size = int(package[position + 48 : position + 58])
        if name.startswith("data.tar"):
            return package[position + 60 : position + 60 + size]
        position += 60 + size + size % 2
    raise ValueError("The package holds no data archive.")
