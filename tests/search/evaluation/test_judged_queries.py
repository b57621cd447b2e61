"""Judged queries are read from files in the evaluation format."""

from pathlib import Path

import pytest

from search.errors import UnusableCatalogue
from search.evaluation.judged_queries import load_judged, split_by_kind

CATEGORIES = {"a": "Home > Lamps", "b": "Home > Lamps > Desk", "c": "Home > Lampshades", "d": None}


def write(path: Path, text: str) -> Path:
    """Write a file and return it."""
    path.write_text(text, encoding="utf-8")
    return path


def test_photos_are_found_beside_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "photos.csv", "photo,split,sku\np/1.jpg,val,a|b\np/2.jpg,train,c\n")
    first, second = load_judged(path)
    assert first.photo == tmp_path / "p/1.jpg"
    assert first.relevant(CATEGORIES) == {"a", "b"}
    assert second.kind == "photo"


def test_a_split_is_chosen(tmp_path: Path) -> None:
    path = write(tmp_path / "photos.csv", "photo,split,sku\np/1.jpg,val,a\np/2.jpg,train,c\n")
    assert [q.skus for q in load_judged(path, split="val")] == [("a",)]
    with pytest.raises(UnusableCatalogue, match="test"):
        load_judged(path, split="test")


def test_a_category_means_the_path_and_all_below_it(tmp_path: Path) -> None:
    path = write(tmp_path / "texts.csv", "text,category\nlamp,Home > Lamps\n")
    assert load_judged(path)[0].relevant(CATEGORIES) == {"a", "b"}


def test_skus_outside_the_catalogue_are_not_relevant(tmp_path: Path) -> None:
    path = write(tmp_path / "texts.csv", "text,sku\nlamp,zzz\n")
    assert load_judged(path)[0].relevant(CATEGORIES) == frozenset()


def test_kinds_are_told_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "q.csv", "photo,text,sku\n1.jpg,,a\n,red,b\n2.jpg,in red,c\n")
    kinds = split_by_kind(load_judged(path))
    assert {kind: len(queries) for kind, queries in kinds.items()} == {
        "photo": 1,
        "text": 1,
        "both": 1,
    }


@pytest.mark.parametrize("text", ["", "title,sku\nx,a\n", "text,price\nx,1\n"])
def test_a_file_of_another_shape_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnusableCatalogue, match="column"):
        load_judged(write(tmp_path / "texts.csv", text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableCatalogue, match="nowhere"):
        load_judged(tmp_path / "nowhere.csv")
