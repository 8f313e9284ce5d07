"""The prompt library: which entry a row gets, what can be said otherwise, and what is wrong with an own file."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from PIL import Image

from batch.errors import JobProblem
from batch.inputs.jobfile import read_job
from batch.inputs.manifest import open_manifest
from batch.inputs.standard import StandardInput
from batch.models import profile_for
from batch.planning import make_plan, open_book
from batch.planning.fingerprint import fingerprint_of
from batch.prompts import builtin_library, library_for
from batch.prompts.wordlists import vocabulary_for

if TYPE_CHECKING:
    from pathlib import Path

MATCHER = builtin_library().matcher({"Gadgets": "electronics", "9999": "beauty"})


@pytest.mark.parametrize(
    ("category", "entry"),
    [
        ("Rings", "jewellery"),
        ("jewelry", "jewellery"),
        ("Apparel & Accessories > Jewelry > Rings", "jewellery"),
        ("188", "jewellery"),
        ("188 - Apparel & Accessories > Jewelry", "jewellery"),
        ("Apparel & Accessories > Clothing > Dresses", "apparel"),
        ("Clothing > Accessories", "apparel"),
        ("T-Shirts", "apparel"),
        ("Sneakers", "footwear"),
        ("Shoe Racks", "furniture"),
        ("Schmuck/Ringe", "jewellery"),
        ("Food, Beverages & Tobacco > Beverages > Juices", "food"),
        ("Health & Beauty > Personal Care > Cosmetics > Makeup", "beauty"),
        ("Living Rooms", "real-estate"),
        ("Plush toys", "character-animation"),
        ("gadgets", "electronics"),
        ("9999", "beauty"),
        ("Zorbs", None),
        ("", None),
    ],
)
def test_a_category_names_an_entry(category: str, entry: str | None) -> None:
    """By its last part that says anything, in singular and plural; by Google's ids; by the job's own words."""
    assert MATCHER.entry_of(category) == entry


def prompts_of(folder: Path, rows: list[dict[str, str]], **job: Any) -> list[tuple[str, int, str]]:
    """SKU, variant and prompt of each item; and what was rejected, as variant 0."""
    Image.new("RGB", (400, 400)).save(folder / "a.png")
    columns = dict.fromkeys(["sku", "image", *(name for row in rows for name in row)])
    with (folder / "m.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({"sku": f"S{number}", "image": "a.png", **row} for number, row in enumerate(rows))
    loaded = read_job(write(folder / "job.yaml", {"name": "x", "manifest": {"path": "m.csv"}, **job}))
    with open_manifest(loaded.job.manifest, folder, StandardInput()) as manifest, open_book(folder / "cache") as book:
        plan = make_plan(loaded.job, profile_for(loaded), manifest, book, library=library_for(loaded))
        found = [
            (str(row["sku"]), int(row["variant"]), str(row["prompt"]))
            for batch in plan.batches()
            for row in batch.iter_rows(named=True)
        ]
        assert plan.totals.items == len(found)
        return found + [(str(row["sku"]), 0, str(row["reason"])) for row in plan.rejected.iter_rows(named=True)]


def write(path: Path, value: Any) -> Path:
    """Write a YAML file."""
    path.write_text(yaml.safe_dump(value, sort_keys=False), "utf-8")
    return path


def test_each_row_gets_the_entry_of_its_category(tmp_path: Path) -> None:
    """The title stands in it; a row's own prompt and its own parts win; an unknown category gets the fallback."""
    rows = [
        {"category": "Rings", "title": "Halo"},
        {"category": "Shoes", "title": "", "prompt_camera": "One slow arc shot."},
        {"category": "?", "title": "Thing"},
        {"category": "Rings", "title": "B", "prompt": "As it is: {title}"},
    ]
    found = [prompt for _, _, prompt in prompts_of(tmp_path, rows, prompt={"lighting": "Light on the {title|thing}."})]
    assert found[0].startswith("Close view of the Halo, resting exactly as in the picture. A small point of light")
    assert "Light on the Halo." in found[0]
    assert "standing exactly" in found[1]
    assert "One slow arc shot." in found[1]
    assert "push-in" not in found[1]
    assert found[2].startswith("Eye-level studio shot of the Thing, exactly")
    assert found[3] == "As it is: {title}"


def test_a_manifest_without_a_title_or_a_category_will_do(tmp_path: Path) -> None:
    """An entry is written for any manifest; the job can name one entry for all rows."""
    ((_, _, prompt),) = prompts_of(tmp_path, [{}], prompt={"library": "furniture"})
    assert prompt.startswith("Eye-level view of the piece of furniture, standing")
    ((_, _, prompt),) = prompts_of(tmp_path, [{}], prompt={"fallback": "food"})
    assert prompt.startswith("Close eye-level view of the food")


def test_own_files_add_and_replace_entries(tmp_path: Path) -> None:
    """`extends` says only what differs; an own entry may want a column, and rejects rows without it."""
    own: list[dict[str, Any]] = [
        {"extends": "jewellery", "camera": "One slow tilt up."},
        {"name": "board", "extends": "packshot", "categories": [["skateboard"]], "subject": "The {deck} deck."},
    ]
    write(tmp_path / "own.yaml", own)
    rows = [{"category": "ring"}, {"category": "Skateboards", "deck": "oak"}, {"category": "Skateboards", "deck": ""}]
    found = prompts_of(tmp_path, rows, prompt={"files": ["own.yaml"]})
    assert "One slow tilt up." in found[0][2]
    assert found[1][2].startswith("The oak deck.")
    assert found[2] == ("S2", 0, "the subject of the library's entry board needs a value that this row does not have")
    loaded = read_job(tmp_path / "job.yaml")
    before = fingerprint_of(loaded)
    write(tmp_path / "own.yaml", [{**own[0], "camera": "One slow tilt down."}, own[1]])
    assert fingerprint_of(loaded) != before


@pytest.mark.parametrize(
    ("own", "prompt", "told"),
    [
        ({"name": "x", "subject": "{"}, {}, "own.yaml:2: subject: the { at character 1"),
        ({"extends": "jewelery"}, {}, "own.yaml:1: extends: no entry has this name; did you mean `jewellery`?"),
        ({"extends": "food", "lights": "dim"}, {}, "own.yaml:2: lights: unknown key; did you mean `lighting`?"),
        ({"extends": "food"}, {"library": "fod"}, "job.yaml:5: prompt.library: the prompt library has no entry 'fod'"),
        ({"extends": "food"}, {"categories": {"A": "b"}}, "prompt.categories.A: the prompt library has no entry 'b'"),
    ],
)
def test_what_is_wrong_is_said_with_file_and_line(
    tmp_path: Path, own: dict[str, str], prompt: dict[str, Any], told: str
) -> None:
    """As with every YAML file here."""
    write(tmp_path / "own.yaml", own)
    job = {"name": "x", "manifest": {"path": "m.csv"}, "prompt": {**prompt, "files": ["own.yaml"]}}
    loaded = read_job(write(tmp_path / "job.yaml", job))
    with pytest.raises(JobProblem) as problem:
        library_for(loaded)
    assert told in str(problem.value)


def test_own_words_are_checked_too(tmp_path: Path) -> None:
    """An unknown list is named with file and line."""
    write(tmp_path / "own.yaml", {"list": "brand", "words": ["Tidepool"]})
    job = {"name": "x", "manifest": {"path": "m.csv"}, "lint": {"words": ["own.yaml"]}}
    with pytest.raises(JobProblem, match=r"own.yaml:1: list: expected .* did you mean `brands`"):
        vocabulary_for(read_job(write(tmp_path / "job.yaml", job)))


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"defaults": {"prompt": "a"}, "prompt": {}}, "keep one of the two"),
        ({"defaults": {"prompt": "a", "variant_values": ["b"]}}, "no prompt uses"),
        ({"defaults": {"prompt": "{variant}", "variant_values": ["b"], "variants": 2}}, "`variant_values` has 1"),
        ({"lint": {"ignore": ["audo"]}}, "no finding has the id `audo`; did you mean `audio`?"),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, keys: dict[str, Any], told: str) -> None:
    """Before anything is planned."""
    job = write(tmp_path / "job.yaml", {"name": "x", "manifest": {"path": "m.csv"}, **keys})
    with pytest.raises(JobProblem) as problem:
        read_job(job)
    assert told in str(problem.value)


def test_each_variant_has_its_value(tmp_path: Path) -> None:
    """As many as there are values, or fewer where the row says so; more are rejected."""
    rows = [{"title": "A"}, {"title": "B", "variants": "1"}, {"title": "C", "variants": "3"}]
    defaults = {"prompt": "{title} at {variant}", "variant_values": ["dawn", "dusk"]}
    assert prompts_of(tmp_path, rows, defaults=defaults) == [
        ("S0", 1, "A at dawn"),
        ("S0", 2, "A at dusk"),
        ("S1", 1, "B at dawn"),
        ("S2", 0, "expected a whole number from 1 to 2"),
    ]


def test_a_variant_without_values_is_its_number(tmp_path: Path) -> None:
    """Unless the manifest has a column of that name, which means what it always meant."""
    assert prompts_of(tmp_path, [{"title": "A"}], defaults={"prompt": "No. {variant}", "variants": 2}) == [
        ("S0", 1, "No. 1"),
        ("S0", 2, "No. 2"),
    ]
    assert prompts_of(tmp_path, [{"variant": "red"}], defaults={"prompt": "In {variant}"}) == [("S0", 1, "In red")]
