"""Merchants' catalogues are read row by row; a broken row does not affect the others."""

import gzip
import tracemalloc
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from indexer.ingest.catalogue_row import CatalogueRow, RowRefused, validate_row
from indexer.ingest.sources import CatalogueSource, RefusedRow, SourceRecord, open_source
from indexer.ingest.sources.picture_folder import readable
from search.errors import UnusableCatalogue


def write(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def products(source: CatalogueSource) -> list[CatalogueRow]:
    return [
        validate_row(row, source.base)[0] for row in source.rows() if isinstance(row, SourceRecord)
    ]


def refusals(source: CatalogueSource) -> list[RefusedRow]:
    return [row for row in source.rows() if isinstance(row, RefusedRow)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_csv_dialects(tmp_path: Path, delimiter: str, encoding: str, newline: str) -> None:
    rows = [["SKU", "Name", "Image URL"], ["1", "Grüner Stuhl", "a.jpg"], ["2", '"x, y;"', "b.jpg"]]
    text = newline.join(delimiter.join(row) for row in rows)
    source = open_source(write(tmp_path / "c.csv", text.encode(encoding)))

    found = products(source)

    assert [row.title for row in found] == ["Grüner Stuhl", "x, y;"]
    assert found[0].images == (str(tmp_path / "a.jpg"),)


def test_excel_names_its_delimiter(tmp_path: Path) -> None:
    source = open_source(
        write(tmp_path / "c.csv", "sep=;\r\nid;title, long;image;name\r\n1;x;a;b\r\n")
    )

    assert products(source)[0].title == "b"


def test_google_merchant_columns(tmp_path: Path) -> None:
    text = (
        "id\ttitle\tdescription\tlink\timage_link\tadditional_image_link\tavailability\tprice\t"
        "brand\tcolor\tproduct_type\n"
        "A1\tSofa\t<p>Soft &amp; wide</p>\thttps://s.example/a1\thttps://c.example/1.jpg\t"
        "https://c.example/2.jpg,https://c.example/3.jpg\tout of stock\t1.299,00 EUR\tBo\tred\t"
        "Home > Sofas\n"
    )
    row = products(open_source(write(tmp_path / "feed.txt", text)))[0]

    assert row.model_dump() == {
        "sku": "A1",
        "title": "Sofa",
        "description": "Soft & wide",
        "brand": "Bo",
        "category": "Home > Sofas",
        "colour": "red",
        "price_cents": 129_900,
        "currency": "EUR",
        "in_stock": False,
        "url": "https://s.example/a1",
        "images": tuple(f"https://c.example/{n}.jpg" for n in (1, 2, 3)),
    }


def test_image_columns_and_separators(tmp_path: Path) -> None:
    text = "sku,title,image_1,image_2\n1,x,a.jpg|sub\\b.jpg,../c d.jpg\n"
    source = open_source(write(tmp_path / "shop" / "c.csv", text))

    assert products(source)[0].images == (
        str(tmp_path / "shop/a.jpg"),
        str(tmp_path / "shop/sub/b.jpg"),
        str(tmp_path / "c d.jpg"),
    )


def test_mapping_names_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "Nr,Produktname,title,Bild A,Bild B\n7,Stuhl,no,a.jpg,b.jpg\n")

    mapping = {"sku": "nr", "title": "Produktname", "image": "Bild A|Bild B"}
    row = products(open_source(path, mapping))[0]

    assert (row.sku, row.title, len(row.images)) == ("7", "Stuhl", 2)


def test_missing_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "Nr,Produktname,Bild\n7,Stuhl,a.jpg\n")

    with pytest.raises(UnusableCatalogue, match=r"sku and title.*'Produktname'.*--map sku=COLUMN"):
        open_source(path)
    with pytest.raises(UnusableCatalogue, match=r"no column 'Titel' for --map title"):
        open_source(path, {"sku": "Nr", "title": "Titel"})
    with pytest.raises(UnusableCatalogue, match="the fields are sku, title"):
        open_source(path, {"name": "Produktname"})


def test_bad_utf8_is_one_rows_problem(tmp_path: Path) -> None:
    content = b"sku,title,image\n1,good,a\n2,caf\xe9,b\n3,gr\xc3\xbcn,c\n"
    source = open_source(write(tmp_path / "c.csv", content))

    assert [row.sku for row in products(source)] == ["1", "3"]
    (refused,) = refusals(source)
    assert (refused.line, refused.sku, refused.reason) == (3, "2", "bad_utf8")
    assert "0xE9" in refused.detail
    assert "café" in refused.detail
    assert [row.title for row in products(open_source(source.name, encoding="cp1252"))][1] == "café"


def test_other_encodings_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "sku,title,image\n1,x,a\n".encode("utf-16-le"))

    with pytest.raises(UnusableCatalogue, match="utf-16-le"):
        open_source(path)
    assert len(products(open_source(path, encoding="utf-16-le"))) == 1
    with pytest.raises(UnusableCatalogue, match="klingon"):
        open_source(path, encoding="klingon")


def test_texts_of_several_lines(tmp_path: Path) -> None:
    text = 'sku,title,description,image\n1,x,"two\nlines, ""quoted""",a\n\n2,y,z,b\n'
    source = open_source(write(tmp_path / "c.csv", text))

    assert [row.line for row in source.rows()] == [2, 5]
    assert products(source)[0].description == 'two lines, "quoted"'


@pytest.mark.parametrize(
    "bad",
    ['2,"never closed,b', '2,title,"never closed', '2,"closed by a neighbour,b\n2b,"x",b'],
)
def test_unclosed_quote_swallows_nothing(tmp_path: Path, bad: str) -> None:
    rest = "\n".join(f"{n},title {n},{n}.jpg" for n in range(3, 1500))
    source = open_source(write(tmp_path / "c.csv", f"sku,title,image\n1,x,a\n{bad}\n{rest}\n"))

    skus = [row.sku for row in products(source)]

    assert {"1", *map(str, range(3, 1500))} <= set(skus)
    assert "2" not in skus
    assert refusals(source)[0].reason == "unclosed_quote"
    assert refusals(source)[0].line == 3


def test_too_many_columns(tmp_path: Path) -> None:
    text = "sku,title,image\n1,Lamp, large,a.jpg\n2,Lamp,b.jpg,,\n3,Lamp\n"
    source = open_source(write(tmp_path / "c.csv", text))

    (refused,) = refusals(source)
    assert (refused.line, refused.sku, refused.reason) == (2, "1", "column_count")
    assert [row.line for row in source.rows() if isinstance(row, SourceRecord)] == [3, 4]


def test_csv_is_streamed(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    with path.open("w") as file:
        file.write("sku,title,image\n")
        file.writelines(f"{n},{'long title ' * 8},{n}.jpg\n" for n in range(20_000))
    source = open_source(path)
    tracemalloc.start()
    try:
        count = sum(1 for _ in source.rows())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == source.estimated_rows() == 20_000
    assert peak < 2_000_000


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        '{"sku": 1, "title": "Lamp", "images": ["a.jpg", {"src": "b|c.jpg"}], "price": 12.5}',
        "{broken",
        "[1, 2]",
        b'{"sku": "3", "title": "caf\xe9", "images": []}',
        "",
        '{"sku": "4", "title": "Rug", "images": "d.jpg", "category": ["Home", "Rugs"],'
        ' "price": {"amount": "3,50", "currency": "chf"}, "in_stock": false}',
    ]
    content = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    source = open_source(write(tmp_path / "c.jsonl", b"\xef\xbb\xbf" + content))

    lamp, rug = products(source)

    assert lamp.sku == "1"
    assert lamp.images == (str(tmp_path / "a.jpg"), str(tmp_path / "b|c.jpg"))
    assert lamp.price_cents == 1250
    assert (rug.category, rug.price_cents, rug.currency, rug.in_stock) == (
        "Home > Rugs",
        350,
        "CHF",
        False,
    )
    assert [(r.line, r.sku, r.reason) for r in refusals(source)] == [
        (2, None, "bad_json"),
        (3, None, "bad_json"),
        (4, "3", "bad_utf8"),
    ]


def test_json_lines_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(UnusableCatalogue, match="JSON array"):
        open_source(write(tmp_path / "a.json", '[{"sku": 1}]'))
    with pytest.raises(UnusableCatalogue, match="no JSON object"):
        open_source(write(tmp_path / "b.jsonl", "sku,title\n"))


def test_endless_line(tmp_path: Path) -> None:
    good = '{"sku": "1", "title": "x", "image": "a"}\n'
    source = open_source(write(tmp_path / "c.jsonl", good + "x" * 9_000_000 + "\n" + good))

    assert [row.reason for row in refusals(source)] == ["too_long"]
    assert len(products(source)) == 2


def test_parquet(tmp_path: Path) -> None:
    table = pyarrow.table(
        {
            "id": pyarrow.array(range(2500), pyarrow.int64()),
            "title": [f"Rug {n}" for n in range(2500)],
            "images": [["a.jpg", "b.jpg"]] * 2500,
            "price": [19.99] * 2500,
            "unused": [b"\xff" * 10] * 2500,
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet")
    source = open_source(tmp_path / "c.parquet")

    found = products(source)

    assert source.estimated_rows() == len(found) == 2500
    assert (found[7].sku, found[7].price_cents, len(found[7].images)) == ("7", 1999, 2)


def test_parquet_with_bytes_that_are_no_text(tmp_path: Path) -> None:
    titles = pyarrow.array([b"good", b"caf\xe9"]).view(pyarrow.string())
    table = pyarrow.table({"sku": ["1", "2"], "title": titles, "image": ["a", "b"]})
    pyarrow.parquet.write_table(table, tmp_path / "c.parquet")
    source = open_source(tmp_path / "c.parquet")

    good, bad = source.rows()

    assert isinstance(good, SourceRecord)
    assert isinstance(bad, SourceRecord)
    assert validate_row(good, tmp_path)[0].title == "good"
    with pytest.raises(RowRefused) as caught:
        validate_row(bad, tmp_path)
    assert (caught.value.sku, caught.value.remark.reason) == ("2", "bad_utf8")


def test_damaged_parquet(tmp_path: Path) -> None:
    with pytest.raises(UnusableCatalogue, match="Parquet"):
        open_source(write(tmp_path / "c.parquet", b"PAR1 but no more"))


def test_folder_of_pictures(tmp_path: Path) -> None:
    for name in (
        "Shoes/Running/red_sneaker-1.jpg",
        "Shoes/Running/red_sneaker-2.JPG",
        "Shoes/iphone-14.jpg",
        "Shoes/iphone-15.jpg",
        "lamp.png",
        "lamp_1.png",
        "IMG_0001.jpg",
        "notes.txt",
        ".hidden.jpg",
        "__MACOSX/lamp.png",
    ):
        write(tmp_path / name, b"x")
    rows = {row.sku: row for row in products(open_source(tmp_path))}

    assert list(rows) == [
        "IMG_0001",
        "lamp",
        "Shoes/iphone-14",
        "Shoes/iphone-15",
        "Shoes/Running/red_sneaker",
    ]
    sneaker = rows["Shoes/Running/red_sneaker"]
    assert (sneaker.title, sneaker.category) == ("Red sneaker", "Shoes > Running")
    assert [Path(p).name for p in sneaker.images] == ["red_sneaker-1.jpg", "red_sneaker-2.JPG"]
    assert [Path(p).name for p in rows["lamp"].images] == ["lamp.png", "lamp_1.png"]
    assert rows["lamp"].category is None


def test_numbered_series_are_not_one_product(tmp_path: Path) -> None:
    for n in range(1, 31):
        write(tmp_path / f"dress-{n}.jpg", b"x")

    assert len(products(open_source(tmp_path))) == 30


def test_folder_names_that_are_no_text(tmp_path: Path) -> None:
    write(tmp_path / "good.jpg", b"x")
    write(Path(str(tmp_path) + "/caf\udce9.jpg"), b"x")
    source = open_source(tmp_path)

    assert [row.sku for row in products(source)] == ["good"]
    assert [row.reason for row in refusals(source)] == ["bad_utf8"]


def test_readable() -> None:
    assert readable("red__sneaker-XL.v2") == "Red sneaker XL v2"
    assert readable("---") == "---"


def test_a_folder_may_hold_its_catalogue(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", b"x")
    catalogue = write(tmp_path / "catalogue.csv", "sku,title,image\n1,x,a.jpg\n")
    assert open_source(tmp_path).name == str(catalogue)

    write(tmp_path / "catalogue.jsonl", '{"sku": 1, "title": "x", "image": "a.jpg"}\n')
    with pytest.raises(UnusableCatalogue, match=r"catalogue\.csv and catalogue\.jsonl"):
        open_source(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("c.csv", b"", "empty"),
        ("c.csv", b"\n\n", "no header"),
        ("c.xlsx", b"PK", "CSV UTF-8"),
        ("c.csv.gz", gzip.compress(b"sku", mtime=0), "unpack"),
        ("c.doc", b"x", r"\.csv"),
    ],
)
def test_unusable_files(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with pytest.raises(UnusableCatalogue, match=message):
        open_source(write(tmp_path / name, content))


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(UnusableCatalogue, match="There is no catalogue"):
        open_source(tmp_path / "none.csv")
    with pytest.raises(UnusableCatalogue, match="nor a picture"):
        open_source(tmp_path)
    with pytest.raises(UnusableCatalogue, match="download"):
        open_source("https://shop.example/feed.csv")
