"""Names, addresses, ids and feeds: what a channel reads, whatever the manifest says."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import pytest

from batch.cli.parser import build_parser
from batch.errors import UsageProblem
from batch.export.disclosing import disclosures, known_disclosures
from batch.export.feeds import FORMATS
from batch.export.ledger import Entry, Ledger, read_ledger
from batch.export.naming import names_of, read_base_url, url_of
from batch.export.products import id_trouble, product_id, title_of
from batch.export.sheets import refused_sheet
from batch.export.values import Refusal
from tests.export.making import BASE, item, offers

EVIL = '=HYPERLINK("https://evil.example","x")\t\r\n"quoted", comma'


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("https://cdn.example", "https://cdn.example/"),
        ("https://CDN.example/a//", "https://cdn.example/a/"),
        ("https://cdn.example:8443/a b,c/%20", "https://cdn.example:8443/a%20b%2Cc/%20/"),
        ("https://münchen.example/ü", "https://xn--mnchen-3ya.example/%C3%BC/"),
        ("http://127.0.0.1:80/v", "http://127.0.0.1:80/v/"),
        ("http://[::1]/v", "http://[::1]/v/"),
    ],
)
def test_base_url(written: str, address: str) -> None:
    """Escaped, with its last slash; a comma would end an address in Google's feed."""
    assert read_base_url(written) == address
    assert read_base_url(address) == address


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("cdn.example/v", "no https address"),
        ("ftp://cdn.example/v", "no https address"),
        ("https:///v", "no https address"),
        ("http://cdn.example/v", "this machine alone"),
        ("http://127.0.0.1.evil.example/v", "this machine alone"),
        ("https://ann:secret@cdn.example/v", "a password"),
        ("https://cdn.example/v?token=1", "a query"),
        ("https://cdn.example/v#a", "a fragment"),
        ("https://cdn.example/50%", "no escape"),
        ("https://cdn.example/a\nb", "characters"),
        ("https://cdn.example:99999/", "Port"),
        ("https://[::1/", "Invalid"),
        (f"https://cdn.example/{'a' * 1900}", "longer"),
    ],
)
def test_no_base_url(written: str, why: str) -> None:
    """What is wrong with it is said before anything is written."""
    with pytest.raises(UsageProblem, match=why):
        read_base_url(written)


def test_names() -> None:
    """ASCII that needs no escape; those that would be one on some file system get the whole key."""
    views = [item("Ärmel 7/8, \u202eblau\n"), item(".."), item("日本"), item("x" * 200, aspect="9:16", variant=2)]
    found = names_of(views)
    assert [name[: -len("-0123456789.mp4")] for name in found] == [
        "Armel-7-8-blau-16x9",
        "clip-16x9",
        "clip-16x9",
        f"{'x' * 60}-9x16-v2",
    ]
    assert all(url_of(BASE, name) == f"{BASE}{name}" for name in found)
    same = [item("A 1", key=f"{'ab' * 5}{'0' * 54}"), item("a-1", key=f"{'ab' * 5}{'1' * 54}")]
    assert len({name.casefold() for name in names_of(same)}) == 2


@pytest.mark.parametrize(
    ("id_", "why"),
    [
        ("00152", ""),
        ("-100", ""),
        ("@home 2", ""),
        ("", "no id"),
        (" 1", "blank"),
        ("a\tb", "tab"),
        ("a\nb", "tab"),
        ("=1+1", "formula"),
        ("=cmd|' /C calc'!A0", "formula"),
        ("x" * 51, "51 characters"),
        ("\ud800", "control"),
    ],
)
def test_ids(id_: str, why: str) -> None:
    """Handed over exactly or not at all."""
    assert (why in id_trouble(id_, 50)) if why else not id_trouble(id_, 50)


@pytest.mark.parametrize(
    ("row", "column", "id_"),
    [
        ({"sku": "A-1", "id": "7"}, None, "A-1"),
        ({"id": "7", "item_group_id": "A-1", "image_link": "x"}, None, "7"),
        ({"g:id": "7", "g:image_link": "x"}, None, "7"),
        ({"sku": "A-1", "Offer": "9"}, "Offer", "9"),
        ({"sku": "A-1"}, "Offer", ""),
    ],
)
def test_product_ids(row: dict[str, str], column: str | None, id_: str) -> None:
    """The SKU, the id of a channel's own product data, or a named column."""
    assert product_id(item(row=row), column) == id_


def test_feeds() -> None:
    """All clips of a product on one line, from wide to tall; shorter lines are filled up."""
    some = offers(item("00152"), item("00152", aspect="9:16"), item("=B"))
    one, two, three = (offer.url for offer in some)
    assert FORMATS["google-merchant"].write("job", some, ()).decode() == (
        f"id\tvideo_link\n00152\t{one},{two}\n=B\t{three}\n"
    )
    assert FORMATS["meta"].write("job", some, ()).decode() == (
        '"id","video[0].url","video[0].tag[0]","video[1].url","video[1].tag[0]"\n'
        f'"00152","{one}","16x9","{two}","9x16"\n"=B","{three}","16x9","",""\n'
    )
    empty = [form.write("job", [], ("en",)).decode("utf-8-sig").count("\n") for form in FORMATS.values()]
    assert empty[:-1] == [1] * 5  # a header withdraws what an earlier feed told


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_hostile_texts(name: str) -> None:
    """No text of a manifest leaves its cell, or begins one as a formula."""
    some = [replace(offer, title=title_of({"title": EVIL}, None)) for offer in offers(item("A-1"))]
    text = FORMATS[name].write("job", some, ("en",)).decode("utf-8-sig")
    if name == "json":
        assert json.loads(text)["clips"][0]["title"].startswith("=HYPERLINK")
        return
    rows = list(csv.reader(io.StringIO(text), delimiter="\t" if name == "google-merchant" else ","))
    assert len(rows) == 2
    assert len(rows[0]) == len(rows[1])
    assert not [cell for cell in rows[1] if cell.startswith(("=", "+", "-", "@", "\t"))]


@pytest.mark.parametrize("name", ["csv", "json", "amazon"])
def test_disclosure(name: str) -> None:
    """How a clip was made stands in every table that can hold it."""
    text = FORMATS[name].write("job", offers(item()), ("en",)).decode("utf-8-sig")
    told: dict[str, Any] = json.loads(text)["clips"][0] if name == "json" else next(csv.DictReader(io.StringIO(text)))
    assert str(told["ai_generated"]).lower() == "true"
    assert told["digital_source_type"].endswith("/trainedAlgorithmicMedia")
    assert (told["disclosure"]["en"] if name == "json" else told["disclosure_en"]) == "Made with AI."
    assert not {"prompt", "decided_by", "cost"} & told.keys()


def test_disclosures() -> None:
    """Ten languages at least; an unknown one is named with those that there are."""
    assert set(known_disclosures()) >= {"en", "de", "fr", "es", "it", "nl", "pt", "pl", "tr", "ja"}
    assert list(disclosures(())) == ["en"]
    assert list(disclosures(("DE", "ja"))) == ["de", "ja"]
    with pytest.raises(UsageProblem, match="xx"):
        disclosures(("de", "xx"))


def test_refused_sheet() -> None:
    """Reasons with a SKU in them are text, too."""
    text = refused_sheet([Refusal.of(item(EVIL), "n", "id", f"{EVIL} is bad")]).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    assert row["sku"].startswith("'=")
    assert row["reason"].startswith("'=")


@pytest.mark.parametrize(
    "change",
    [
        ('"format": 1', '"format": 2'),
        ('"a.mp4"', '"../a.mp4"'),
        ('"a.mp4"', '".hidden"'),
        ('"bytes": 5', '"bytes": "5"'),
        ('"clips": {', '"clips": [{'),
        ("00", "zz"),
    ],
)
def test_a_ledger_that_is_none_of_ours(change: tuple[str, str]) -> None:
    """Nothing is replaced or removed by its word."""
    ledger = Ledger(job="j", channel="csv", clips={"a.mp4": Entry(sku="A", bytes=5, sha256="00" * 32)}, files={})
    assert read_ledger(ledger.text()) == ledger
    with pytest.raises(ValueError, match="it "):
        read_ledger(ledger.text().replace(change[0].encode(), change[1].encode()))


def test_the_command_line_knows_every_format() -> None:
    """It names them without loading what writes them."""
    parsers = build_parser()._subparsers
    assert parsers is not None
    export = next(iter(parsers._group_actions)).choices["export"]  # type: ignore[index]
    assert [next(a for a in export._actions if a.dest == "channel").choices] == [tuple(FORMATS)]
