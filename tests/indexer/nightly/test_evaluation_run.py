"""`findalike evaluate` over a tiny catalogue with judged queries."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from search.cli import commands
from tests.support.shops.plain_shop import photo, write_catalogue


@pytest.fixture
def judged(tmp_path: Path) -> Path:
    """A catalogue with `photos.csv` and `texts.csv` beside it."""
    tmp_path.chmod(0o711)
    folder = write_catalogue(tmp_path / "shop").parent
    for name in ("Plate", "Cushion"):
        (folder / f"{name}.jpg").write_bytes(photo(name, "red"))
    (folder / "photos.csv").write_text(
        "photo,split,sku\nPlate.jpg,val,PLATE-RED\nCushion.jpg,val,CUSHION-RED\n"
        "missing.jpg,val,PLATE-RED\nPlate.jpg,train,PLATE-BLUE\nPlate.jpg,val,NOT-SOLD\n"
    )
    (folder / "texts.csv").write_text("text,sku,category\nred plate,PLATE-RED,\ntray,,Home\n")
    (folder / "both.csv").write_text(
        "photo,text,sku,split,change\nPlate.jpg,in blue instead,PLATE-BLUE,val,colour\n"
    )
    return folder


@pytest.mark.timeout(240)
def test_evaluate_prints_one_object_as_documented(judged: Path) -> None:
    arguments = ["evaluate", "--catalogue", str(judged), "--split", "val", "--json"]
    for kind in ("photos", "texts", "both"):
        arguments += [f"--{kind}", str(judged / f"{kind}.csv")]
    result = CliRunner().invoke(commands, [*arguments, "--home", str(judged.parent / "home")])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert set(report) == {"data", "model", "index", "queries"}
    photos, texts = report["queries"]["photo"], report["queries"]["text"]
    assert (photos["queries"], photos["left_out"]) == (2, 2)
    called = photos["verdicts"]
    assert (called["strangers"], called["missed"], called["same_right"]) == (1, 0, 1)
    assert called["false_alarms"] == 1, "the plate is sold, whatever the file says"
    assert set(photos["without"]) <= {"region", "local"}
    assert 0 <= texts["without"]["fuse"]["mrr"] <= 1
    assert texts["queries"] == 2
    for measured in (photos, texts):
        for stage in ("ann", "exact", "reranked"):
            for name in ("recall_at_1", "recall_at_5", "recall_at_10", "mrr", "ndcg_at_10"):
                assert 0 <= measured[stage][name] <= 1
            assert set(measured[stage]["latency_ms"]) == {"p50", "p95"}
    assert photos["exact"]["recall_at_1"] == 1
    both = report["queries"]["both"]
    assert set(both["changes"]["colour"]) == {"sum", "ann", "exact", "reranked"}
    assert both["changes"]["colour"]["reranked"] == both["reranked"]["recall_at_10"] == 1
    assert "sum" not in photos


def test_nothing_to_ask_is_asked_wrongly(judged: Path) -> None:
    result = CliRunner().invoke(commands, ["evaluate", "--catalogue", str(judged)])
    assert result.exit_code == 2
    assert "--photos" in result.output
