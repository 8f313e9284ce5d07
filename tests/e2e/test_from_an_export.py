"""From a shop's export to a finished report in two commands, and what `init` refuses to do."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from batch.cli import main
from batch.core.draft import Budget, Draft, draft_text
from batch.errors import Exit
from batch.inputs.jobfile import job_of, read_job

if TYPE_CHECKING:
    from pathlib import Path

EXPORT = """\
Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Image Position,\
Status,Fabric (product.metafields.shopify.fabric)
mug,Blue: "Mug",<p>Round</p>,Acme,Mugs,Color,Blue,MUG-B,10,mug.png,1,active,clay
mug,,,,,,Red,MUG-R,10,,,,
mug,,,,,,,,,top.png,2,,
hat,Hat,,Acme,Hats,Title,Default Title,HAT,9,gone.png,1,active,
old,Old hat,,Acme,Hats,Title,Default Title,OLD,9,mug.png,1,archived,
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_export_goes_to_its_report_in_two_commands(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The rows that fall out are named by the export's own line and SKU; what the shop hides is not bought."""
    folder.joinpath("products.csv").write_text(EXPORT.replace('Blue: "Mug"', '"Blue: ""Mug"""'), encoding="utf-8-sig")
    Image.new("RGB", (800, 800), "navy").save(folder / "mug.png")

    assert main(["init", "products.csv", "-o", "shop.yaml", "--simulator"]) == Exit.DONE
    said = capsys.readouterr().out
    assert said.startswith("Shopify, product export: 3 products, 4 variants\n")
    assert "shop: 1 item from 2 rows" in said
    assert "products.csv:5 hat Image Src=" in said

    job = read_job(folder / "shop.yaml").job
    assert job.prompt is not None, "the export tells what each product is, so prompts come from the library"
    assert (job.prompt.library, job.defaults.prompt) == ("auto", None)
    assert (job.manifest.adapter, job.manifest.per) == ("shopify", "product")
    assert job.manifest.columns["fabric"] == "Fabric (product.metafields.shopify.fabric)"
    assert (job.budget.per_run_usd, job.budget.per_item_usd) == (Decimal("1.00"), Decimal("0.80"))

    assert main(["frames", "shop.yaml", "--json"]) == Exit.SOME_FAILED  # one row is rejected
    assert json.loads(capsys.readouterr().out)["frames"] == 1
    assert main(["plan", "shop.yaml", "--explain", "mug"]) == Exit.DONE
    assert "variant 1: new, $0.40" in capsys.readouterr().out

    run = [sys.executable, "-m", "batch", "run", "shop.yaml", "--yes"]
    assert subprocess.run(run, cwd=folder, capture_output=True, check=False).returncode == Exit.SOME_FAILED
    out = folder / "out" / "shop-simulated"
    assert (out / "mug" / "mug-16x9-4s.mp4").is_file()
    assert (out / "report" / "report.html").is_file()
    with (out / "rejected.csv").open(encoding="utf-8-sig") as file:
        rejected = list(csv.DictReader(file))
    assert [(row["line"], row["sku"], row["column"]) for row in rejected] == [("5", "hat", "Image Src")]

    assert main(["init", "products.csv", "-o", "shop.yaml"]) == Exit.CANNOT_CREATE
    assert "already" in capsys.readouterr().err


def test_an_unknown_header_is_answered_with_the_nearest_system(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With what is missing from it; and nothing is written."""
    folder.joinpath("products.csv").write_text("Handle,Title,Photo,SKU\na,b,c,d\n")
    assert main(["init", "products.csv"]) == Exit.BAD_MANIFEST
    said = capsys.readouterr().err
    assert "nearest to Shopify" in said
    assert "'Image Src'" in said
    assert [path.name for path in folder.iterdir()] == ["products.csv"]


@pytest.mark.parametrize("key", ["where: titel = 'x'", "adapter: shopfy", "picture: front"])
def test_what_does_not_fit_the_export_is_told_with_the_jobs_line(
    key: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing is planned."""
    folder.joinpath("feed.tsv").write_text("id\ttitle\timage_link\tprice\nA\tMug\tmug.png\t3 USD\n")
    folder.joinpath("shop.yaml").write_text(f"name: shop\nmanifest:\n  path: feed.tsv\n  {key}\n")
    assert main(["plan", "shop.yaml"]) == Exit.BAD_JOB
    assert capsys.readouterr().err.startswith(f"sora-batch: shop.yaml:4: manifest.{key.partition(':')[0]}: ")


@pytest.mark.parametrize("words", [(), ("products.csv", "--list"), ("-",)])
@pytest.mark.usefixtures("folder")
def test_init_takes_one_thing_to_begin_from(words: tuple[str, ...]) -> None:
    """An export, a sample or the schema; and an export is a file, since the job names it."""
    assert main(["init", *words]) == Exit.USAGE


@pytest.mark.parametrize(
    "text", ["plain", "no", "a: b # c", 'quo"te', "{x}", "- dash", "line\nbreak", "naïve ✓", "'", ""]
)
def test_whatever_an_export_holds_the_job_says_it_as_it_is(text: str, tmp_path: Path) -> None:
    """Names of files and columns are data, and no YAML."""
    draft = Draft(
        name="shop",
        path=text or "x",
        system=text,
        adapter="shopify",
        products=1_000,
        variants=2,
        alts=True,
        shown="status = 'active'",
        hidden=1,
        columns={"title": text or "x"},
        placeholders=("title", "colour"),
        categories=((text, 3),),
        simulated=True,
        output=text or None,
        budget=Budget(items=1, price=Decimal("0.40"), per_run=Decimal(1), per_item=Decimal("0.80")),
    )
    job = job_of(tmp_path / "shop.yaml", draft_text(draft, text)).job
    assert (job.manifest.path, job.manifest.columns) == (text or "x", {"title": text or "x"})
    assert job.output.dir == (text or None)
