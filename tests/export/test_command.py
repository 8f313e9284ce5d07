"""`export` through the command line, on clips of a run."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from batch.cli import main

if TYPE_CHECKING:
    from tests.proof.shop import Shop

MINE = """
extends: meta-catalogue
last_checked: 2026-11-20
sources:
  own: {url: "https://a.example", read: 2026-11-20}
  other: {url: "https://b.example", read: 2026-11-20}
rules: {length: [{max: 4.5, source: own}, {max: 3, source: other}]}
"""
BASE = "--base-url=https://cdn.example/v"


@pytest.mark.slow
def test_export(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Decided, handed over to channels that take the clips and to one that does not, and verified."""
    job = str(shop.job_file)
    shop.job(channels=["mine.yaml"])
    (shop.folder / "mine.yaml").write_text(MINE)
    assert shop.run().exit == 0

    def export(*arguments: str) -> tuple[int, dict[str, Any], str]:
        code = main(["export", job, "--json", *arguments])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else {}, err

    code, _, err = export("--for", "csv")
    assert (code, "simulated" in err) == (2, True)
    code, _, err = export("--for", "meta", "--simulated")
    assert (code, "--base-url" in err) == (2, True)
    code, _, err = export("--for", "csv", "--simulated", "--id-column", "SKU")
    assert (code, "did you mean `sku`" in err) == (2, True)
    code, told, _ = export("--for", "csv", "--simulated", "--approved-only")
    assert (code, told["handed_over"], told["left_out"]) == (1, 0, {"undecided": 3})

    with (shop.out / "report" / "report.csv").open(encoding="utf-8-sig") as file:
        keys = {row["sku"]: row["sb_key"] for row in csv.DictReader(file)}
    words = {"00152": "approve", "B-2": "reject", "C-3": "redo"}
    lines = [f"{keys[sku]},{sku},{word},,,ann,2026-11-23T12:00:00Z" for sku, word in words.items()]
    decisions = shop.folder / "decisions.csv"
    decisions.write_text("\n".join(["key,sku,decision,prompt,note,by,at", *lines]))
    assert main(["review", job, "--apply", str(decisions)]) == 0
    capsys.readouterr()

    code, told, err = export("--for", "google-merchant", "--simulated", BASE)
    assert (code, told["handed_over"], told["left_out"]) == (1, 0, {"rejected": 1, "redo": 1})
    assert [(one["sku"], one["rule"]) for one in told["refused"]] == [("00152", "length")]
    assert "refused: 00152 (16:9): 4 s long, not 6 to 240 s" in err
    folder = shop.out / "export" / "google-merchant"
    assert "4 s long" in (folder / "refused.csv").read_text("utf-8-sig")
    assert (folder / "video_link.tsv").read_text() == "id\tvideo_link\n"

    code, told, err = export("--for", "meta", "--simulated", "--approved-only", BASE)
    assert (code, told["handed_over"], told["removed"]) == (0, 1, [])
    assert "in doubt: 00152 (16:9): 4 s long" in err  # the job's own rules count
    (clip,) = told["clips"]
    feed = (shop.out / "export" / "meta" / "meta-videos.csv").read_text()
    assert feed.splitlines()[1:] == [f'"00152","{clip["url"]}","16x9"']
    assert clip["url"] == f"https://cdn.example/v/{clip['file']}"
    exported = shop.out / "export" / "meta" / clip["file"]
    assert exported.read_bytes() == next((shop.out / "00152").glob("*.mp4")).read_bytes()
    assert main(["verify", str(shop.out)]) == 0
    exported.write_bytes(b"changed")
    assert main(["verify", str(exported.parent)]) == 1
    capsys.readouterr()
    assert main(["export", job, "--for", "json", "--simulated", "--link", "hard"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "json: 1 clip handed over (1 linked)",
        "left out: 1 rejected, 1 waiting for a new take",
    ]
