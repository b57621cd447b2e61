"""Furniture is listed with the facts that its titles state."""

from pathlib import Path

import pytest
from PIL import Image

from scripts.training.pictures import things
from scripts.training.pictures.development_sets import LabelledPicture
from tests.scripts.training.test_debian_packages import deb, library, pinned

CATALOGUE = """
name#1=Glass table 2
category#1=Living room
icon#1=/pictures/a.png
name#2=Table
category#2=Kitchen
icon#2=/pictures/b.png
name#3=Sitting male
category#3=Characters
icon#3=/pictures/c.png
name#4=Armchair
category#4=Living room
icon#4=/pictures/d.png
"""


@pytest.fixture
def furniture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[LabelledPicture]:
    """A library of three pieces and a person."""
    shelf = library({"PluginFurnitureCatalog.properties": CATALOGUE.encode()})
    package = pinned(tmp_path, deb({"usr/home.sh3f": shelf}))
    monkeypatch.setattr(things, "FURNITURE", package)
    return things.furniture(tmp_path)


def test_people_are_no_furniture(furniture: list[LabelledPicture]) -> None:
    assert [things.title_of(picture) for picture in furniture] == [
        "glass table", "table", "armchair",
    ]  # fmt: skip


def test_a_glass_table_is_a_table(furniture: list[LabelledPicture]) -> None:
    glass, table, _ = (picture.subject for picture in furniture)

    assert glass.facts == {"thing:glass table", "thing:table"}
    assert table.facts == {"thing:table"}
    assert {c.text for c in glass.captions if c.claims <= table.facts} == {
        "table", "a photo of a table",
    }  # fmt: skip


def test_kinds_know_their_members(furniture: list[LabelledPicture]) -> None:
    chairs, armchairs, tables = (things.HOME_KINDS[i] for i in (0, 1, 4))

    members = things.of_kinds(furniture, (chairs, armchairs, tables))

    assert members.tolist() == [[False] * 3, [False, False, True], [True, True, False]]
    assert things.of_kinds(furniture, ()).shape == (0, 3)


def test_clip_art_is_filtered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Icons, flags and huge pictures are left out."""
    drawn = {}
    for name, size in (("food/pear", 64), ("food/tiny", 20), ("flags/pear", 64), ("huge", 4001)):
        file = tmp_path / "drawn.png"
        Image.new("L", (size, size)).save(file)
        drawn[f"usr/{name}.png"] = file.read_bytes()
    monkeypatch.setattr(things, "CLIP_ART", pinned(tmp_path, deb(drawn)))

    listed = things.clip_art(tmp_path)

    assert [picture.path.stem for picture in listed] == ["pear"]
    assert things.title_of(listed[0]) == ""
