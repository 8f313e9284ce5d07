"""Exports as shops have them: which system, which rows become items, which picture each takes, and what is said."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.core.adapter import Adapter, numbered
from batch.core.job import Manifest as ManifestKeys
from batch.errors import JobProblem, ManifestProblem, Problem
from batch.inputs.adapters import builtin_adapters
from batch.inputs.jobfile import job_of
from batch.inputs.manifest import open_manifest
from batch.inputs.plaintext import plain_text
from batch.planning.fingerprint import fingerprint_of

if TYPE_CHECKING:
    from pathlib import Path

SHOPIFY_OLD = """\
Handle,Title,Body (HTML),Vendor,Type,Option1 Name,Option1 Value,Variant SKU,Variant Price,Image Src,Image Position,\
Image Alt Text,Variant Image,Status
mug,,,,,,,,,https://c.example/back.jpg,2,The back,,
mug,Mug,<p>Round &amp; <b>blue</b></p>,Acme,Mugs,Color,Blue,MUG-B,10,https://c.example/top.jpg,3,From above,,active
mug,,,,,,Red,MUG-R,10,https://c.example/front.jpg,1,The front,https://c.example/red.jpg,
hat,Hat,,Acme,Hats,Title,Default Title,,9,https://c.example/hat.jpg,1,,,draft
"""
SHOPIFY_NEW = """\
Title,URL handle,Description,Vendor,SKU,Option1 name,Option1 value,Price,Product image URL,Image position,\
Image alt text,Variant image URL
Mug,mug,x,Acme,,Size,L,10,https://c.example/mug.jpg,1,,
,mug,,,,,S,10,,,,
Bowl,bowl,x,Acme,BOWL,Title,Default Title,9,https://c.example/bowl.jpg,1,,
broken,row
Note: Red column is required
"""
WOOCOMMERCE = (
    "\ufeff"
    + r"""ID,Type,SKU,Name,Published,Short description,Description,Categories,Images,Parent,\
Attribute 1 name,Attribute 1 value(s)
44,variable,TEE,Tee,1,<p>Soft</p>,Long,Wear,"https://c.example/a,b.jpg, https://c.example/c\,d.jpg",,Color,"Blue, Red"
45,variation,TEE-R,Tee - Red,1,,,,https://c.example/red.jpg,TEE,Color,Red
46,variation,,Tee - Blue,1,,,,,id:44,Color,Blue
47,simple,'-7,'=Cap &amp; co\nnew,0,,,Caps,"caps/1.jpg, caps/2.jpg",,,
48,grouped,SET,Set,1,,,,https://c.example/set.jpg,,,
""".replace(",\\\n", ",")
)
WOOCOMMERCE_DE = """\
ID,Typ,Artikelnummer,Name,Veröffentlicht,Kurzbeschreibung,Kategorien,Bilder,Übergeordnetes Produkt,\
Attribut 1 Name,Attribut 1 Wert(e)
1,variable,A,Tasse,1,Kurz,Küche,"https://c.example/a.jpg, https://c.example/b.jpg",,Farbe,"Rot, Blau"
2,variation,A-R,Tasse - Rot,1,,,https://c.example/r.jpg,A,Farbe,Rot
"""
GOOGLE = """\
id|title|description|link|image link|additional image link|price|item group id|color
A-1|Mug|Round &lt;mug&gt;|https://s.example/1|https://c.example/1.jpg|https://c.example/2.jpg,https://c.example/w_1,h_2/3.jpg\
|3 USD|A|red
A-2|Mug|Round|https://s.example/2|https://c.example/4.jpg||3 USD|A|blue
B|Plate|Flat|https://s.example/3|https://c.example/5.jpg||3 USD||
""".replace("|", "\t")
META = r"""# Required | A "unique" ID | up to 100,# Required | A title,# Optional | Plain text | short
id,title,description,availability,price,link,image_link,image,image[10].url,image[2].url,image[2].tag[0]
M1,Mug,d,in stock,1 USD,https://s.example/1,,"[{""url"":""https:\/\/c.example\/j.jpg"",""tag"":[""x""]}]",https://c.example/10.jpg,https://c.example/2.jpg,Front
M2,Hat,d,in stock,1 USD,https://s.example/1,,"[{""url"":""https:\/\/c.example\/k.jpg""}]",,,
"""
MAGENTO = """\
sku,store_view_code,product_type,name,description,visibility,base_image,base_image_label,additional_images,\
additional_image_labels
BAG,de,configurable,Tasche,,,,,,
BAG,,configurable,Bag,<p>A bag</p>,"Catalog, Search",/b/bag.jpg,Front,"/b/bag.jpg,/b/back.jpg","Front,Back"
BAG-R,,simple,Red bag,,Not Visible Individually,no_selection,,,
"""


def rows(folder: Path, text: str, **keys: Any) -> list[tuple[Any, ...]]:
    """Read an export: line, SKU, title and picture of each row, and why one cannot be used."""
    folder.joinpath("export.csv").write_text(text)
    with open_manifest(ManifestKeys(path="export.csv", **keys), folder, io.BytesIO()) as manifest:
        named = ["line", *(manifest.place(name) or "" for name in ("sku", "title", "image")), "flaw"]
        table = pl.concat(list(manifest.batches())).select(named)
    return [row[:4] if row[4] is None else (*row[:2], row[4][:40]) for row in table.iter_rows()]


def column(folder: Path, text: str, name: str, **keys: Any) -> list[str | None]:
    """Read one column of an export, by our name."""
    folder.joinpath("export.csv").write_text(text)
    with open_manifest(ManifestKeys(path="export.csv", **keys), folder, io.BytesIO()) as manifest:
        return [value for batch in manifest.batches() for value in batch[manifest.place(name) or name].to_list()]


C = "https://c.example"


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        pytest.param(
            SHOPIFY_OLD, {}, [(3, "mug", "Mug", f"{C}/front.jpg"), (5, "hat", "Hat", f"{C}/hat.jpg")], id="shopify"
        ),
        pytest.param(
            SHOPIFY_OLD,
            {"per": "variant"},
            [
                (3, "MUG-B", "Mug", f"{C}/front.jpg"),
                (4, "MUG-R", "Mug", f"{C}/red.jpg"),
                (5, "hat", "Hat", f"{C}/hat.jpg"),
            ],
            id="shopify-variants",
        ),
        pytest.param(
            SHOPIFY_OLD,
            {"picture": "ABOVE"},
            [(3, "mug", "Mug", f"{C}/top.jpg"), (5, "hat", "none of its 1 pictures has 'ABOVE' in th")],
            id="shopify-alt",
        ),
        pytest.param(
            SHOPIFY_OLD,
            {"picture": 2, "where": "status ILIKE 'active'"},
            [(3, "mug", "Mug", f"{C}/back.jpg")],
            id="shopify-position-where",
        ),
        pytest.param(
            SHOPIFY_NEW,
            {},
            [
                (2, "mug", "Mug", f"{C}/mug.jpg"),
                (4, "bowl", "Bowl", f"{C}/bowl.jpg"),
                (5, "row", "the row has 2 cells, the header 12: a se"),
            ],
            id="shopify-new",
        ),
        pytest.param(
            SHOPIFY_NEW,
            {"per": "variant", "where": "title <> 'broken'"},
            [
                (2, "mug-L", "Mug", f"{C}/mug.jpg"),
                (3, "mug-S", "Mug", f"{C}/mug.jpg"),
                (4, "BOWL", "Bowl", f"{C}/bowl.jpg"),
                (5, None, "the row has 2 cells, the header 12: a se"),
            ],
            id="shopify-new-variants",
        ),
        pytest.param(
            WOOCOMMERCE,
            {},
            [
                (2, "TEE", "Tee", f"{C}/a,b.jpg"),
                (5, "-7", "=Cap & co new", "caps/1.jpg"),
                (6, "SET", "Set", f"{C}/set.jpg"),
            ],
            id="woocommerce",
        ),
        pytest.param(
            WOOCOMMERCE,
            {"per": "variant", "picture": "last"},
            [
                (3, "TEE-R", "Tee - Red", f"{C}/red.jpg"),
                (4, "46", "Tee - Blue", f"{C}/c,d.jpg"),
                (5, "-7", "=Cap & co new", "caps/2.jpg"),
            ],
            id="woocommerce-variants",
        ),
        pytest.param(WOOCOMMERCE_DE, {"picture": 2}, [(2, "A", "Tasse", f"{C}/b.jpg")], id="woocommerce-german"),
        pytest.param(
            GOOGLE,
            {"picture": "last"},
            [(2, "A", "Mug", f"{C}/w_1,h_2/3.jpg"), (4, "B", "Plate", f"{C}/5.jpg")],
            id="google",
        ),
        pytest.param(
            GOOGLE,
            {"per": "variant", "limit": 2},
            [(2, "A-1", "Mug", f"{C}/1.jpg"), (3, "A-2", "Mug", f"{C}/4.jpg")],
            id="google-variants",
        ),
        pytest.param(META, {}, [(3, "M1", "Mug", f"{C}/2.jpg"), (4, "M2", "Hat", f"{C}/k.jpg")], id="meta"),
        pytest.param(META, {"picture": "front", "limit": 1}, [(3, "M1", "Mug", f"{C}/2.jpg")], id="meta-alt"),
        pytest.param(MAGENTO, {"picture": "back"}, [(3, "BAG", "Bag", "b/back.jpg")], id="magento"),
        pytest.param(MAGENTO, {"per": "variant"}, [(4, "BAG-R", "Red bag", None)], id="magento-variants"),
    ],
)
def test_an_export_becomes_an_item_for_each_product_or_variant(
    text: str, keys: dict[str, Any], expected: list[tuple[Any, ...]], tmp_path: Path
) -> None:
    """With the line, the SKU and the picture that the export itself gives it."""
    assert rows(tmp_path, text, **keys) == expected


@pytest.mark.parametrize(
    ("text", "name", "per", "values"),
    [
        (SHOPIFY_OLD, "description", "variant", ["Round & blue", "Round & blue", None]),
        (SHOPIFY_OLD, "colour", "variant", ["Blue", "Red", None]),
        (SHOPIFY_OLD, "colour", "product", [None, None]),  # the product has two
        (WOOCOMMERCE, "short_description", "variant", ["Soft", "Soft", None]),
        (WOOCOMMERCE, "colour", "variant", ["Red", "Blue", None]),
        (WOOCOMMERCE.replace("Tee,1", "Tee,0", 1), "published", "variant", ["0", "0", "0"]),  # nobody sees its variants
        (WOOCOMMERCE_DE, "category", "variant", ["Küche"]),
        (WOOCOMMERCE_DE, "colour", "variant", ["Rot"]),
        (GOOGLE, "description", "product", ["Round <mug>", "Flat"]),
        (MAGENTO, "description", "product", ["A bag"]),
    ],
)
def test_a_variant_takes_from_its_product_what_it_has_not_itself(
    text: str, name: str, per: str, values: list[str | None], tmp_path: Path
) -> None:
    """Texts without their HTML; a colour where it is one."""
    assert column(tmp_path, text, name, per=per) == values


def test_products_of_several_files_keep_to_their_file(tmp_path: Path) -> None:
    """Two exports with one handle are two rows, which the plan then holds against each other."""
    for number in (1, 2):
        tmp_path.joinpath(f"part{number}.csv").write_text(SHOPIFY_OLD)
    with open_manifest(ManifestKeys(path="part*.csv"), tmp_path, io.BytesIO()) as manifest:
        table = pl.concat(list(manifest.batches()))
    assert table.select("file", "line").rows() == [(0, 3), (0, 5), (1, 3), (1, 5)]


def test_parquet_is_read_like_text(tmp_path: Path) -> None:
    """The row's number stands for its line."""
    pl.read_csv(io.StringIO(SHOPIFY_OLD), infer_schema=False).write_parquet(tmp_path / "export.parquet")
    with open_manifest(ManifestKeys(path="export.parquet"), tmp_path, io.BytesIO()) as manifest:
        table = pl.concat(list(manifest.batches()))
    assert table.select("line", manifest.place("sku") or "").rows() == [(2, "mug"), (4, "hat")]


def test_a_header_in_a_language_that_is_not_known_is_named_in_the_job(tmp_path: Path) -> None:
    """The job's own columns go before what the adapter knows."""
    text = "ID,Soort,SKU,Titel,Korte beschrijving,Plaatjes\n1,simple,A,Mok,Kort,a.jpg\n"
    columns = {"kind": "Soort", "title": "Titel", "image": "Plaatjes"}
    assert rows(tmp_path, text, adapter="woocommerce", columns=columns) == [(2, "A", "Mok", "a.jpg")]


def test_a_shop_may_bring_an_adapter_of_its_own(tmp_path: Path) -> None:
    """It is data: a file beside the job does."""
    own = {
        "name": "own",
        "title": "Our own",
        "source": "us",
        "checked": "2026-11-27",
        "anchors": [["number"]],
        "columns": {"number": ["No."], "title": ["What"]},
        "pictures": [{"columns": ["Photo"]}],
        "product": {"sku": ["number"]},
        "variant": {"sku": ["number"]},
    }
    tmp_path.joinpath("own.yaml").write_text(json.dumps(own))
    assert rows(tmp_path, "No.,What,Photo\n7,Mug,m.jpg\n", adapter="own.yaml") == [(2, "7", "Mug", "m.jpg")]


def test_a_plan_is_made_anew_when_the_shops_own_adapter_changes(tmp_path: Path) -> None:
    """Nothing else of the job may have changed."""
    tmp_path.joinpath("export.csv").write_text("No.,What,Photo\n7,Mug,m.jpg\n")
    own = tmp_path / "own.yaml"
    own.write_text("title: One")
    loaded = job_of(tmp_path / "job.yaml", "name: shop\nmanifest: {path: export.csv, adapter: own.yaml}\n")
    before = fingerprint_of(loaded)
    own.write_text("title: Two")
    assert fingerprint_of(loaded) != before


@pytest.mark.parametrize(
    ("text", "keys", "problem", "says"),
    [
        ("Handle,Title,Photo,SKU\na,b,c,d\n", {}, ManifestProblem, "nearest to Shopify, product export, but has no"),
        ("Handle,Title,Photo,SKU\na,b,c,d\n", {}, ManifestProblem, "'Image Src'"),
        ("one,two\na,b\n", {}, ManifestProblem, "no column 'sku'"),
        ("id,title,price\na,b,c\n", {"adapter": "shopify"}, ManifestProblem, "'Handle' or 'URL handle'"),
        (SHOPIFY_OLD, {"adapter": "shopfy"}, JobProblem, "did you mean `shopify`?"),
        (SHOPIFY_OLD, {"columns": {"title": "Titel"}}, ManifestProblem, "did you mean 'Title'?"),
        (GOOGLE, {"picture": "front"}, JobProblem, "no alt texts"),
        ("sku,image\na,b\n", {"per": "variant"}, JobProblem, "a plain table"),
        (SHOPIFY_OLD, {"where": "status = 'gone'"}, ManifestProblem, "no row meets `manifest.where`"),
    ],
)
def test_what_cannot_be_read_says_what_is_missing(
    text: str, keys: dict[str, Any], problem: type[Exception], says: str, tmp_path: Path
) -> None:
    """And what to do next."""
    with pytest.raises(problem) as caught:
        rows(tmp_path, text, **keys)
    assert says in str(caught.value)


def test_a_table_with_skus_and_pictures_stays_what_it_was(tmp_path: Path) -> None:
    """A job that names its own columns is no export, however much its header looks like one."""
    columns = {"sku": "Variant SKU", "image": "Image Src"}
    assert [row[0] for row in rows(tmp_path, SHOPIFY_OLD, columns={**columns, "title": "Title"})] == [2, 3, 4, 5]


@pytest.mark.parametrize("adapter", builtin_adapters(), ids=lambda adapter: adapter.name)
def test_every_adapter_says_where_its_columns_are_described(adapter: Adapter) -> None:
    """With a page, and the day when they were held against public exports."""
    assert adapter.source.startswith("https://")
    assert adapter.checked >= "2026-11"


def test_numbered_columns_count_in_the_order_of_their_numbers() -> None:
    """Ten comes after two."""
    names = ("image[10].url", "image[2].url", "Image[0].URL", "image[].url", "image[1].tag")
    assert numbered("image[#].url", names) == ("Image[0].URL", "image[2].url", "image[10].url")


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>two&nbsp;&amp; three</p>", "One two & three"),
        ("a<br/>b\n\n  c", "a b c"),
        (r"first\nsecond", "first second"),
        ("<style>p{color:red}</style>x<!-- y -->z", "x z"),
        ("<script>alert('<b>')</script>kept", "kept"),
        ("3 < 5 and 7 > 6", "3 < 5 and 7 > 6"),
        ("&lt;b&gt; &#8211; &#x1F600; &nosuch; &", "<b> \u2013 \U0001f600 &nosuch; &"),
        ('<img alt="a" src=x>', None),
        ("plain", "plain"),
    ],
)
def test_html_becomes_what_a_reader_would_see(html: str, text: str | None) -> None:
    """No tag, no entity, no line break is left."""
    assert plain_text(pl.Series([html], dtype=pl.String)).to_list() == [text]


WORDS = [
    "",
    "a",
    "id:1",
    "1",
    "-1",
    "nan",
    "variable",
    "variation",
    "Color",
    "Red",
    "no_selection",
    "\x01",
    "a\nb",
    '"',
]
LISTS = ["a.jpg, b.jpg", "https://c.example/1.jpg,https://c.example/2.jpg", '[{"url":"https:', ",,"]
CELLS = st.sampled_from([*WORDS, *LISTS, "'=x", "<p>&#x110000;"])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), per=st.sampled_from(["product", "variant"]), picture=st.sampled_from([1, 2, "last"]))
def test_whatever_stands_in_an_export_only_our_own_errors_come_out(
    data: st.DataObject, per: str, picture: int | str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every row that is left has a line of the export."""
    adapter = data.draw(st.sampled_from(builtin_adapters()))
    names = [known[0] for known in adapter.columns.values()] + [rule.columns[0] for rule in adapter.pictures]
    header = list(dict.fromkeys(name.replace("#", "0") for name in names))
    lines = data.draw(st.lists(st.lists(CELLS, min_size=1, max_size=len(header)), max_size=5))
    folder = tmp_path_factory.getbasetemp()
    with folder.joinpath("export.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *lines])
    keys = ManifestKeys(path="export.csv", per=per, picture=picture, adapter=adapter.name)  # type: ignore[arg-type]
    try:
        with open_manifest(keys, folder, io.BytesIO()) as manifest:
            assert all(line >= 2 for batch in manifest.batches() for line in batch["line"])
    except Problem:
        pass
