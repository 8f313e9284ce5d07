"""Plans: which rows become items, which are rejected and why, and what it all comes to."""

from __future__ import annotations

import csv
import io
import json
import os
import string
from contextlib import contextmanager
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from batch.core.item import fit_rules, item_key, shared_part
from batch.core.job import Image as ImageKeys
from batch.core.job import Job
from batch.errors import CannotCreate, JobProblem
from batch.inputs.jobfile import read_job
from batch.inputs.manifest import open_manifest
from batch.models import builtin_profiles
from batch.planning import ITEM_SCHEMA, Plan, make_plan, open_book
from batch.planning.describe import plan_json, plan_text
from batch.planning.fingerprint import fingerprint_of
from batch.planning.forecast import Caps, Fitting, expected_seconds
from batch.planning.keys import key_texts, keys_of
from batch.planning.rejects import remove_rejected, write_rejected
from batch.planning.survey import PlanView, known_items, view_plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from batch.core.profile import ModelProfile

SORA = builtin_profiles()["sora-2-image-to-video"]
KLING = builtin_profiles()["kling-v2-1-standard-image-to-video"]
PROMPT = {"prompt": "The {title} turns", "duration": 8, "aspect_ratio": ["16:9"]}


def job(**keys: Any) -> Job:
    """Make a job with a template."""
    return Job.model_validate({"name": "x", "manifest": {"path": "m.csv"}, "defaults": PROMPT, **keys})


def pictures(folder: Path, *names: str, size: tuple[int, int] = (320, 320)) -> None:
    """Draw pictures that differ, changed long ago."""
    for number, name in enumerate(names):
        Image.new("RGB", size, (number * 40 % 256, 99, len(name))).save(folder / name)
        os.utime(folder / name, (1e9, 1e9))


@contextmanager
def planned(folder: Path, manifest: str, of: Job | None = None, profile: ModelProfile = SORA) -> Iterator[Plan]:
    """A plan of these rows."""
    (folder / "m.csv").write_bytes(manifest.encode())
    of = of or job()
    with open_manifest(of.manifest, folder, io.BytesIO()) as opened, open_book(folder / "cache") as book:
        yield make_plan(of, profile, opened, book)


def items_of(plan: Plan) -> list[dict[str, Any]]:
    """All items."""
    return [row for batch in plan.batches() for row in batch.iter_rows(named=True)]


def rejected_of(folder: Path, manifest: str, of: Job | None = None, profile: ModelProfile = SORA) -> list[Any]:
    """Line, SKU, column, value and reason of each rejected row."""
    with planned(folder, manifest, of, profile) as plan:
        return [row[1:] for row in plan.rejected.iter_rows()]


def viewed(
    folder: Path,
    manifest: str,
    of: Job | None = None,
    *,
    known: list[tuple[bytes, str]] | None = None,
    caps: Caps | None = None,
) -> PlanView:
    """What is said of a plan."""
    of = of or job()
    with planned(folder, manifest, of) as plan:
        return view_plan(plan, of, SORA, known=known_items(known or []), caps=caps or Caps())


def test_rows_become_items_in_their_order(tmp_path: Path) -> None:
    """With the columns that the state takes over."""
    pictures(tmp_path, "a.png", "b.png")
    with planned(tmp_path, "sku,image,title\n00152,a.png,Mug\nB,b.png,Lamp\n") as plan:
        (batch,) = plan.batches()
        assert dict(batch.schema) == ITEM_SCHEMA
        first, second = batch.iter_rows(named=True)
        assert first == {
            "key": first["key"],
            "sku": "00152",
            "line": 2,
            "file": "m.csv",
            "variant": 1,
            "take": 0,
            "order": 0,
            "prompt": "The Mug turns",
            "negative_prompt": None,
            "image": "a.png",
            "source": str(tmp_path / "a.png"),
            "source_sha256": first["source_sha256"],
            "framing": None,
            "row": '{"sku":"00152","image":"a.png","title":"Mug"}',
        }
        assert (second["sku"], second["line"], second["prompt"]) == ("B", 3, "The Lamp turns")
        assert plan.orders[0].duration == 8
        assert (plan.totals.items, plan.totals.high, plan.totals.rejected) == (2, Decimal("1.60"), 0)


def test_a_plan_can_be_read_again(tmp_path: Path) -> None:
    """Each pass gives the same, and totals need none of them."""
    pictures(tmp_path, "a.png")
    with planned(tmp_path, "sku,image,title\nA,a.png,Mug\nB,no.png,x\n") as plan:
        assert (plan.totals.items, plan.rejected.height) == (1, 1)
        assert items_of(plan) == items_of(plan)
        assert (plan.totals.items, plan.rejected.height) == (1, 1)


def test_aspects_and_variants_multiply(tmp_path: Path) -> None:
    """The row's own where it has them, in any of the usual ways to write a list."""
    pictures(tmp_path, "a.png")
    manifest = (
        'sku,image,title,aspect_ratio,variants,duration\nA,a.png,x,,,\nB,a.png,x,"16:9, 9:16",2,4\n'
        "C,a.png,x,9:16|9:16,1,\n"
    )
    of = job(defaults={**PROMPT, "aspect_ratio": ["9:16", "16:9"], "variants": 2})
    with planned(tmp_path, manifest, of) as plan:
        made = [
            (item["sku"], plan.orders[item["order"]].aspect, plan.orders[item["order"]].duration, item["variant"])
            for item in items_of(plan)
        ]
        assert made == [
            ("A", "9:16", 8, 1),
            ("A", "9:16", 8, 2),
            ("A", "16:9", 8, 1),
            ("A", "16:9", 8, 2),
            ("B", "16:9", 4, 1),
            ("B", "16:9", 4, 2),
            ("B", "9:16", 4, 1),
            ("B", "9:16", 4, 2),
            ("C", "9:16", 8, 1),
        ]
        assert len({item["key"] for item in items_of(plan)}) == 9
        assert plan.totals.high == Decimal("5.60")


@pytest.mark.parametrize(
    ("cells", "column", "value", "reason"),
    [
        (",a.png,x,,,", "sku", "", "the row has no SKU"),
        (f"{'S' * 300},a.png,x,,,", "sku", "S" * 200 + "...", "more than 200 characters"),
        ('"A\nB",a.png,x,,,', "sku", "A\nB", "control character"),
        ("A,,x,,,", "image", "", "names no picture"),
        ("A,no.png,x,,,", "image", "no.png", "there is no file"),
        ("A,m.csv,x,,,", "image", "m.csv", "it is text"),
        ("A,ftp://x/a.png,x,,,", "image", "ftp://x/a.png", "not ftp"),
        ("A,tiny.png,x,,,", "image", "tiny.png", "9x9 pixels"),
        ("A,a.png,x,7,,", "duration", "7", "makes clips of 4, 8, 12, 16, 20 seconds"),
        ("A,a.png,x,,4:3,", "aspect_ratio", "4:3", "16:9 and 9:16"),
        ('A,a.png,x,,"16:9,4:3",', "aspect_ratio", "4:3", "16:9 and 9:16"),
        ('A,a.png,x,,",",', "aspect_ratio", ",", "expected an aspect ratio"),
        ("A,a.png,x,,,0", "variants", "0", "whole number from 1 to 100"),
        ("A,a.png,x,,,1.5", "variants", "1.5", "whole number from 1 to 100"),
        ("A,a.png,,,,", "title", "", "{title|...}"),
        ("A,a.png,x", "", "", "3 cells, the header 6"),
    ],
)
def test_a_row_that_cannot_become_an_item_says_why_and_the_others_go_on(
    tmp_path: Path, cells: str, column: str, value: str, reason: str
) -> None:
    """With the column and what stands there."""
    pictures(tmp_path, "a.png")
    pictures(tmp_path, "tiny.png", size=(9, 9))
    manifest = f"sku,image,title,duration,aspect_ratio,variants\nG,a.png,x,,,\n{cells}\nH,a.png,y,4,9:16,2\n"
    with planned(tmp_path, manifest) as plan:
        assert [item["sku"] for item in items_of(plan)] == ["G", "H", "H"]
        ((file, line, _, *what, why),) = plan.rejected.iter_rows()
        assert (file, line, what) == ("m.csv", 3, [column, value])
        assert reason in why
        assert plan.totals.rejected == 1


@pytest.mark.parametrize("sku", ["../../etc/x", "CON", "😀", "👨‍👩‍👧", "=1+1", "a b", "{title}", "S" * 200, "-", "0"])
def test_any_short_text_is_a_sku(tmp_path: Path, sku: str) -> None:
    """What it does to file names is the names' business."""
    pictures(tmp_path, "a.png")
    with planned(tmp_path, f'sku,image,title\n"{sku}",a.png,x\n') as plan:
        assert [item["sku"] for item in items_of(plan)] == [sku]


def test_prompts_are_held_against_the_models_limit(tmp_path: Path) -> None:
    """Counted in characters."""
    pictures(tmp_path, "a.png")
    limit = SORA.prompt.max_characters
    assert limit is not None
    ((line, _, column, _, reason),) = rejected_of(
        tmp_path, f"sku,image,title,prompt\nA,a.png,x,{'é' * limit}\nB,a.png,x,{'é' * 40_000}\n"
    )
    assert (line, column) == (3, "prompt")
    assert reason == "the prompt has 40000 characters; sora-2-image-to-video takes 32,000"


def test_an_unknown_placeholder_rejects_the_rows_that_would_need_it(tmp_path: Path) -> None:
    """Also with a default, since a typing error would fill every clip with it; a row's own prompt needs no template."""
    pictures(tmp_path, "a.png")
    manifest = "sku,image,title,prompt\nA,a.png,x,\nB,a.png,x,Turn it\n"
    for placeholder in ("{titel}", "{titel|thing}"):
        of = job(defaults={"prompt": f"The {placeholder}"})
        ((line, _, column, _, reason),) = rejected_of(tmp_path, manifest, of)
        assert (line, column) == (2, "")
        assert reason == "the template's {titel} is no column of the manifest; did you mean {title}?"


def test_without_any_words_there_is_no_item(tmp_path: Path) -> None:
    """Neither from the job nor from the row, or nothing is left of the template."""
    pictures(tmp_path, "a.png")
    manifest = "sku,image,title\nA,a.png,\n"
    for prompt in (None, "{title|}", "  "):
        assert "there is no prompt" in rejected_of(tmp_path, manifest, job(defaults={"prompt": prompt}))[0][-1]


def test_negative_prompts_go_where_the_model_takes_them(tmp_path: Path) -> None:
    """And reject the row elsewhere, since leaving them out would change what was ordered."""
    pictures(tmp_path, "a.png")
    manifest = "sku,image,title,negative_prompt\nA,a.png,x,\nB,a.png,x,blur {title}\n"
    assert "takes no negative prompt" in rejected_of(tmp_path, manifest)[0][-1]
    of = job(defaults={"prompt": "The {title}", "negative_prompt": "text on the {title}"})
    with planned(tmp_path, manifest, of, KLING) as plan:
        assert [item["negative_prompt"] for item in items_of(plan)] == ["text on the x", "blur {title}"]


def test_our_columns_may_have_other_names_and_reasons_use_the_manifests(tmp_path: Path) -> None:
    """Whoever mends the manifest looks for what stands in it."""
    pictures(tmp_path, "a.png")
    columns = {"sku": "SKU", "image": "Bild", "title": "Name", "duration": "Länge"}
    of = job(manifest={"path": "m.csv", "columns": columns})
    manifest = "SKU;Bild;Name;Länge\nA;a.png;x;7\nB;no.png;x;\nC;a.png;;\nD;a.png;Tasse;\n"
    with planned(tmp_path, manifest, of) as plan:
        assert plan.rejected["column"].to_list() == ["Länge", "Bild", "Name"]
        (item,) = items_of(plan)
        assert item["prompt"] == "The Tasse turns"
        assert json.loads(item["row"]) == {"SKU": "D", "Bild": "a.png", "Name": "Tasse", "Länge": ""}


def test_one_sku_is_one_row(tmp_path: Path) -> None:
    """Repeated word for word it counts once; with anything different all its rows are rejected."""
    pictures(tmp_path, "a.png", "b.png")
    manifest = "sku,image,title\nA,a.png,x\nB,a.png,y\nA,a.png, x \nC,a.png,z\nB,b.png,y\nA,a.png,x\nB,a.png,y\n"
    with planned(tmp_path, manifest) as plan:
        assert [(item["sku"], item["line"]) for item in items_of(plan)] == [("A", 2), ("C", 5)]
        assert plan.rejected["line"].to_list() == [3, 6, 8]
        assert set(plan.rejected["reason"]) == {
            "3 rows have this SKU and say different things (the first is m.csv:3): keep one"
        }
        assert (plan.totals.rows, plan.totals.repeated, plan.totals.rejected, plan.totals.items) == (7, 2, 3, 2)


def test_skus_are_compared_over_all_files_and_batches(tmp_path: Path) -> None:
    """A glob is one manifest."""
    pictures(tmp_path, "a.png")
    (tmp_path / "1.csv").write_text("sku,image,title\n" + "".join(f"S{n},a.png,x\n" for n in range(60_000)))
    (tmp_path / "2.csv").write_text("sku,image,title\nS7,a.png,x\nS59999,a.png,other\nS60000,a.png,x\n")
    with planned(tmp_path, "", job(manifest={"path": "[12].csv"})) as plan:
        assert (plan.totals.items, plan.totals.repeated) == (60_000, 1)
        assert [row[:3] for row in plan.rejected.iter_rows()] == [
            ("1.csv", 60_001, "S59999"),
            ("2.csv", 3, "S59999"),
        ]


def test_pictures_are_relative_to_the_manifest_they_stand_in(tmp_path: Path) -> None:
    """Two files of a glob may mean different pictures by one name."""
    for name, colour in (("one", "red"), ("two", "blue")):
        (tmp_path / name).mkdir()
        Image.new("RGB", (320, 320), colour).save(tmp_path / name / "a.png")
        (tmp_path / name / "m.csv").write_text(f"sku,image,title\n{name},a.png,x\n")
    with planned(tmp_path, "", job(manifest={"path": "*/m.csv"})) as plan:
        one, two = items_of(plan)
        assert (one["source"], two["source"]) == (str(tmp_path / "one/a.png"), str(tmp_path / "two/a.png"))
        assert one["source_sha256"] != two["source_sha256"]


def test_urls_that_were_not_seen_count_with_their_price(tmp_path: Path) -> None:
    """As an upper bound: they are in the totals, and in no batch."""
    pictures(tmp_path, "a.png")
    manifest = "sku,image,title\nA,a.png,x\nB,https://shop.example/b.png,x\nC,https://shop.example/b.png,y\n"
    with planned(tmp_path, manifest) as plan:
        assert [item["sku"] for item in items_of(plan)] == ["A"]
        assert plan.urls == plan.unchecked_urls == ("https://shop.example/b.png",)
        assert (plan.totals.items, sum(plan.totals.unchecked)) == (3, 2)
        assert (plan.totals.low, plan.totals.high) == (Decimal("0.80"), Decimal("2.40"))


def test_items_that_would_be_paid_for_twice_are_named(tmp_path: Path) -> None:
    """The same picture (whatever its name), prompt and settings under two SKUs."""
    pictures(tmp_path, "a.png", "c.png")
    (tmp_path / "b.png").write_bytes((tmp_path / "a.png").read_bytes())
    manifest = (
        "sku,image,title,duration,variants\nA,a.png,x,,2\nB,b.png,x,,2\nC,c.png,x,,1\nD,a.png,y,,1\nE,a.png,x,4,1\n"
    )
    with planned(tmp_path, manifest) as plan:
        twins = plan.totals.twins
        assert (twins.items, twins.usd, twins.examples) == (2, Decimal("1.60"), (("A", "B"),))


def test_skus_that_differ_in_case_are_two_items_and_said(tmp_path: Path) -> None:
    """On many file systems their clips would be one."""
    pictures(tmp_path, "a.png")
    with planned(tmp_path, "sku,image,title\nab-1,a.png,x\nAB-1,a.png,y\nc,a.png,z\n") as plan:
        assert plan.totals.items == 3
        assert plan.totals.case_twins == (("ab-1", "AB-1"),)


def test_a_model_that_cannot_be_bought_ends_the_plan(tmp_path: Path) -> None:
    """An unknown price is not zero."""
    pictures(tmp_path, "a.png")
    with (
        pytest.raises(JobProblem, match="price"),
        planned(tmp_path, "sku,image,title\nA,a.png,x\n", profile=builtin_profiles()["wan-v2-6-image-to-video"]),
    ):
        pass


SHARED = {"model": "m", "inputs": {"duration": 8, "cfg_scale": Decimal("0.50")}, "aspect": "16:9"}


def key(**changed: Any) -> str:
    """An item's key, with something changed."""
    fit = fit_rules(ImageKeys(**changed.pop("image", {})))
    shared = {**SHARED, **{name: changed.pop(name) for name in SHARED if name in changed}}
    own = {
        "sku": "00152",
        "source_sha256": "ab" * 32,
        "prompt": 'A "mug" für 2 €',
        "negative_prompt": None,
        "variant": 1,
        "take": 0,
    }
    return item_key(shared=shared_part(fit=fit, **shared), **{**own, **changed})


def test_a_key_never_changes() -> None:
    """If this fails, a new version would buy every clip again."""
    assert key() == "ac6baabd696a55b9dbf355118d4015c1ca94b413d9c5217dd2ae5c6460f16d71"


def test_a_key_can_be_made_without_this_program() -> None:
    """Two hashes over JSON with sorted keys, in ASCII."""
    shared = (
        '{"aspect":"16:9","fit":{"background":"auto","fit":"subject","margin":0.06},'
        '"inputs":{"cfg_scale":0.5,"duration":8},"model":"m"}'
    )
    own = (
        'sora-batch item 1\n{"negative_prompt":null,"prompt":"A \\"mug\\" f\\u00fcr 2 \\u20ac",'
        f'"shared":"{sha256(shared.encode()).hexdigest()}","sku":"00152","source":"{"ab" * 32}","take":0,"variant":1}}'
    )
    assert key() == sha256(own.encode()).hexdigest()


def test_a_key_is_changed_by_all_that_decides_the_clip_and_nothing_else() -> None:
    """Equal values in another form are equal."""
    changes: list[dict[str, Any]] = [
        {"sku": "152"},
        {"source_sha256": "ac" * 32},
        {"prompt": "x"},
        {"negative_prompt": ""},
        {"negative_prompt": "blur"},
        {"variant": 2},
        {"take": 1},
        {"model": "n"},
        {"inputs": {"duration": 8}},
        {"inputs": {"duration": "8", "cfg_scale": Decimal("0.5")}},
        {"aspect": "9:16"},
        {"image": {"fit": "cover"}},
        {"image": {"background": "#ffffff"}},
        {"image": {"margin": 0.07}},
    ]
    assert len({key(), *(key(**change) for change in changes)}) == len(changes) + 1
    assert key(inputs={"cfg_scale": Decimal("0.5"), "duration": 8}) == key()
    assert key(image={"min_side": 1, "max_bytes": 1}) == key()
    assert key(image={"background": "#FFFFFF"}) == key(image={"background": "#ffffff"})


TEXT = st.text(max_size=8) | st.text(string.printable, max_size=8)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.lists(
        st.tuples(TEXT, TEXT, st.none() | TEXT, st.integers(1, 100), st.integers(0, 12), st.integers(0, 1)), max_size=5
    )
)
def test_many_keys_at_once_are_as_one_by_one(rows: list[tuple[str, str, str | None, int, int, int]]) -> None:
    """Whatever stands in the texts."""
    shared = [shared_part(model=name, inputs={}, aspect="", fit={}) for name in ("a", "b")]
    items = pl.DataFrame(
        [(*row, "ab" * 32) for row in rows],
        schema={
            "sku": pl.String,
            "prompt": pl.String,
            "negative_prompt": pl.String,
            "variant": pl.Int32,
            "take": pl.Int32,
            "order": pl.Int32,
            "source_sha256": pl.String,
        },
        orient="row",
    )
    assert keys_of(key_texts(items, pl.Series(shared))).to_list() == [
        item_key(
            shared=shared[order],
            sku=sku,
            source_sha256="ab" * 32,
            prompt=prompt,
            negative_prompt=negative,
            variant=variant,
            take=take,
        )
        for sku, prompt, negative, variant, take, order in rows
    ]


def test_an_items_key_is_that_of_its_parts(tmp_path: Path) -> None:
    """So that whoever has the parts, such as a second take, finds the key."""
    pictures(tmp_path, "a.png")
    of = job(image={"fit": "cover"})
    with planned(tmp_path, "sku,image,title,aspect_ratio\nA,a.png,Mügg,9:16\n", of) as plan:
        (item,) = items_of(plan)
        order = plan.orders[item["order"]]
        shared = shared_part(model=SORA.slug, inputs=order.inputs, aspect=order.aspect, fit=fit_rules(of.image))
        names = ("sku", "source_sha256", "prompt", "negative_prompt", "variant", "take")
        assert item["key"] == item_key(shared=shared, **{name: item[name] for name in names})


MANIFEST = "sku,image,title\n" + "".join(f"S{number},a.png,t{number}\n" for number in range(6))


def test_what_was_done_is_not_bought_again(tmp_path: Path) -> None:
    """Each phase of the state has its place; only what is planned or new is still to be bought."""
    pictures(tmp_path, "a.png")
    with planned(tmp_path, MANIFEST) as plan:
        keys = [bytes.fromhex(item["key"]) for item in items_of(plan)]
    phases = ["done", "running", "held", "refused", "planned"]
    view = viewed(tmp_path, MANIFEST, known=[*zip(keys, phases, strict=False), (b"\0" * 32, "done")])
    told = plan_json(view)
    assert told["items"] == {
        "total": 6,
        "done": 1,
        "under_way": 1,
        "needs_person": 1,
        "ended": 1,
        "to_buy": 2,
        "changed": 0,
        "unchecked": 0,
    }
    assert (told["cost"]["to_buy_high_usd"], told["cost"]["whole_plan_high_usd"]) == ("1.60", "4.80")
    assert [one["sku"] for one in told["prompts"]] == ["S4", "S5"]


@pytest.mark.parametrize(
    ("caps", "fits"),
    [
        (Caps(), (6, "4.80", 0, 0)),
        (Caps(run_left=Decimal("2.40")), (3, "2.40", 0, 3)),
        (Caps(run_left=Decimal("2.39"), day_left=Decimal(9)), (2, "1.60", 0, 4)),
        (Caps(day_left=Decimal(-1)), (0, "0.00", 0, 6)),
        (Caps(per_item=Decimal("0.79")), (0, "0.00", 6, 0)),
        (Caps(per_item=Decimal("0.80"), max_items=5), (5, "4.00", 0, 1)),
    ],
)
def test_what_does_not_fit_the_caps_is_said(tmp_path: Path, caps: Caps, fits: tuple[int, str, int, int]) -> None:
    """To the cent."""
    pictures(tmp_path, "a.png")
    told = plan_json(viewed(tmp_path, MANIFEST, caps=caps))
    assert told["fits"] == dict(zip(("items", "usd", "too_dear", "beyond"), fits, strict=True))


def test_unchecked_pictures_count_against_the_caps(tmp_path: Path) -> None:
    """As if all could be used, behind what is known: a cap that they would break is said before they are fetched."""
    pictures(tmp_path, "a.png")
    rows = "".join(f"U{number},https://shop.example/{number}.png,x\n" for number in range(3))
    told = plan_json(viewed(tmp_path, f"sku,image,title\n{rows}A,a.png,x\n", caps=Caps(run_left=Decimal("1.60"))))
    assert told["fits"] == {"items": 2, "usd": "1.60", "too_dear": 0, "beyond": 2}
    assert told["expected_seconds"] == 202


@settings(deadline=None)
@given(
    orders=st.lists(st.lists(st.integers(0, 2), max_size=6), max_size=5),
    room=st.none() | st.integers(0, 60),
    per_item=st.none() | st.integers(0, 6),
    places=st.none() | st.integers(1, 12),
)
def test_fitting_in_batches_is_as_fitting_one_by_one(
    orders: list[list[int]], room: int | None, per_item: int | None, places: int | None
) -> None:
    """The first that does not fit ends it: cheaper ones behind it wait, too."""
    prices = [Decimal(1), Decimal(3), Decimal(5)]
    caps = Caps(
        run_left=None if room is None else Decimal(room),
        per_item=None if per_item is None else Decimal(per_item),
        max_items=places,
    )
    fitting = Fitting(prices, caps)
    items = too_dear = beyond = 0
    spent = Decimal(0)
    for batch in orders:
        fitting.add(pl.Series(batch, dtype=pl.Int32))
        for price in (prices[order] for order in batch):
            if per_item is not None and price > per_item:
                too_dear += 1
            elif beyond or (room is not None and spent + price > room) or items == places:
                beyond += 1
            else:
                items, spent = items + 1, spent + price
    fit = fitting.fit
    assert (fit.items, fit.usd, fit.too_dear, fit.beyond) == (items, spent, too_dear, beyond)


@pytest.mark.parametrize(
    ("items", "in_flight", "per_minute", "seconds"),
    [(0, 10, 30, 0), (1, 10, 30, 200), (10, 10, 6000, 200.09), (11, 10, 6000, 400), (61, 1000, 60, 260)],
)
def test_time_goes_by_places_or_by_rate(items: int, in_flight: int, per_minute: int, seconds: float) -> None:
    """Whichever is slower; the last clip takes its time as well."""
    assert expected_seconds(items, eta=200, in_flight=in_flight, per_minute=per_minute) == pytest.approx(seconds)


def test_a_plan_in_words(tmp_path: Path) -> None:
    """Everything that decides whether to buy, on one screen, and nothing that steers the terminal."""
    pictures(tmp_path, "a.png")
    manifest = (
        "sku,image,title\nA,a.png,Mug\nB,a.png,Mug\nA,a.png,Mug\nC,no.png,Mug\n"
        "D,https://shop.example/d.png,Lamp\nE,a.png,\x1b[31mred\n"
    )
    caps = Caps(
        run_left=Decimal("0.80"),
        day_left=Decimal(200),
        per_item=Decimal("1.60"),
        max_items=7,
        reserved=Decimal("0.80"),
    )
    text = "\n".join(plan_text(viewed(tmp_path, manifest, caps=caps)))
    for part in (
        "x: 4 items from 6 rows, sora-2-image-to-video",
        "1 row repeated word for word",
        "1 row rejected",
        "1 item unchecked",
        "3 items to buy",
        "at most $3.20",
        "4 x $0.80 (8 s, 16:9, 1280x720)",
        "reserved: $0.80",
        "$0.80 for this run, $200.00 for today, 7 items in this run left; at most $1.60 an item",
        "1 item for $0.80 fit; 3 items wait for a further run, if every unchecked picture can be used",
        "time:     about 3 min",
        "prompts:  A: The Mug turns",
        "1 item would be paid for twice ($0.80)",
        "A = B",
        f'm.csv:5 C image="no.png": there is no file {tmp_path}/no.png',
        "note: Profile last checked",
    ):
        assert part in text
    assert "\x1b" not in text


def test_equal_rows_of_different_folders_name_different_pictures(tmp_path: Path) -> None:
    """A relative picture lies beside its manifest, so such rows conflict; an absolute one is the same everywhere."""
    for folder, others in (("one", ()), ("two", ("first.png",))):
        (tmp_path / folder).mkdir()
        pictures(tmp_path / folder, *others, "a.png")
        rows = f"sku,image,title\nA,a.png,Mug\nB,{tmp_path}/one/a.png,Mug\nC,https://shop.example/c.png,Mug\n"
        (tmp_path / folder / "m.csv").write_text(rows)
    of = job(manifest={"path": "*/m.csv"})
    with planned(tmp_path, "", of) as plan:
        assert [row[:3] for row in plan.rejected.iter_rows()] == [("one/m.csv", 2, "A"), ("two/m.csv", 2, "A")]
        assert (plan.totals.items, plan.totals.repeated) == (2, 2)


def test_nobody_is_warned_of_paying_for_what_is_paid(tmp_path: Path) -> None:
    """Twins that are done already cannot be spared any more."""
    pictures(tmp_path, "a.png")
    manifest = "sku,image,title\nA,a.png,Mug\nB,a.png,Mug\n"
    with planned(tmp_path, manifest) as plan:
        done = [(bytes.fromhex(item["key"]), "done") for item in items_of(plan)]
    assert "paid for twice" in "".join(plan_json(viewed(tmp_path, manifest, known=done[:1]))["warnings"])
    assert "paid for twice" not in "".join(plan_json(viewed(tmp_path, manifest, known=done))["warnings"])


def test_what_looks_like_a_placeholder_in_a_rows_own_prompt_is_warned_about(tmp_path: Path) -> None:
    """It is data and sent as it stands, which somebody who pays should know before."""
    pictures(tmp_path, "a.png")
    rows = "A,a.png,Mug,\nB,a.png,Mug,Turn the {title}\nC,a.png,{x,\nD,a.png,{y},\n"
    warning = plan_json(viewed(tmp_path, f"sku,image,title,prompt\n{rows}"))["warnings"][0]
    assert warning.startswith("2 items with braces in the prompt")
    assert "for example B" in warning
    assert "defaults.prompt" in warning


def test_few_rejected_rows_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    """A screen is for reading."""
    rows = "".join(f"S{number},no.png,x\n" for number in range(2_000))
    view = viewed(tmp_path, f"sku,image,title\n{rows}")
    text = plan_text(view)
    assert text[-1] == "  and 1,990 more: `-o rejected.csv` writes them all"
    assert len(text) < 25
    assert (plan_json(view)["rejected"], len(plan_json(view)["rejected_rows"])) == (2_000, 1_000)


def test_a_plan_as_json_can_be_written_and_lists_the_rejected(tmp_path: Path) -> None:
    """Amounts are texts, no cap is null."""
    pictures(tmp_path, "a.png")
    told = json.loads(json.dumps(plan_json(viewed(tmp_path, "sku,image,title\nA,a.png,Mug\nC,no.png,Mug\n"))))
    assert told["caps"] == {"run_left_usd": None, "day_left_usd": None, "per_item_usd": None, "max_items": None}
    assert told["rejected"] == 1
    assert told["rejected_rows"][0]["line"] == 3
    assert told["orders"] == [
        {
            "duration": 8,
            "aspect_ratio": "16:9",
            "frame": "1280x720",
            "low_usd": "0.80",
            "high_usd": "0.80",
            "to_buy": 1,
            "unchecked": 0,
        }
    ]
    assert told["expected_seconds"] == 200


def test_rejected_rows_are_safe_in_a_spreadsheet(tmp_path: Path) -> None:
    """No cell runs as a formula; everything else stays as it is."""
    pictures(tmp_path, "a.png")
    path = tmp_path / "out" / "rejected.csv"
    with planned(tmp_path, 'sku,image,title\n=cmd(),"=a,b.png",x\n+1,-no.png,"x\ny"\nplain,no.png,x\n') as plan:
        write_rejected(path, plan.rejected)
    data = path.read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))
    assert [(row["line"], row["sku"], row["value"]) for row in rows] == [
        ("2", "'=cmd()", "'=a,b.png"),
        ("3", "'+1", "'-no.png"),
        ("5", "plain", "no.png"),
    ]


def test_rejected_rows_that_cannot_be_written_end_the_command(tmp_path: Path) -> None:
    """With the path."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CannotCreate) as caught:
        write_rejected(tmp_path / "file" / "rejected.csv", pl.DataFrame({"file": ["m"], "line": [1]}))
    assert str(tmp_path / "file") in caught.value.where


def test_a_list_that_cannot_be_removed_is_a_problem_of_the_disk(tmp_path: Path) -> None:
    """An old list beside a new plan would tell a person to mend rows that are sound."""
    (tmp_path / "rejected.csv" / "in the way").mkdir(parents=True)
    with pytest.raises(CannotCreate, match="rejected rows"):
        remove_rejected(tmp_path / "rejected.csv")


def test_a_fingerprint_changes_with_all_that_a_plan_is_made_from(tmp_path: Path) -> None:
    """Except pictures; standard input has none."""
    path = tmp_path / "job.yaml"
    manifest = tmp_path / "m.csv"

    def fingerprint(text: str) -> str | None:
        path.write_text(text)
        return fingerprint_of(read_job(path))

    manifest.write_text("sku,image\nA,a.png\n")
    text = "name: x\nmanifest: {path: '*.csv'}\n"
    first = fingerprint(text)
    assert first == fingerprint(text)
    seen = {first, fingerprint(text + "# a word\n")}
    os.utime(manifest, ns=(1, 1))
    seen.add(fingerprint(text))
    (tmp_path / "n.csv").write_text("sku,image\nB,b.png\n")
    seen.add(fingerprint(text))
    own = text + "models: [own.yaml]\n"
    for content in ("a", "b"):
        (tmp_path / "own.yaml").write_text(content)
        seen.add(fingerprint(own))
    assert len(seen) == 6
    assert fingerprint("name: x\nmanifest: {path: '-'}\n") is None
