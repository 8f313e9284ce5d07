"""Bad input gets a clear answer: one screen, no traceback, the right exit code, and nothing half-done."""

from __future__ import annotations

import csv
import json
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.proof.shop import draw, finish

if TYPE_CHECKING:
    from tests.proof.shop import Ended, Shop

ONE_SCREEN = 25
FULL = Path("/dev/full")


def check_said(ended: Ended, code: int, *words: str) -> None:
    """Check that a command ended with this code and said these words, on one screen."""
    assert ended.exit == code, ended.err
    assert ended.out == ""
    assert "Traceback" not in ended.err
    assert "defect" not in ended.err
    assert 1 <= len(ended.err.splitlines()) <= ONE_SCREEN
    for word in words:
        assert word in ended.err


def check_untouched(shop: Shop) -> None:
    """Check that no state was made, nothing sent, and no file left behind that looks like a result."""
    assert not shop.state.exists()
    assert shop.requests() == []
    assert shop.clips() == []


def bomb() -> str:
    """Write a job that would fill the memory of a parser that follows aliases."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (bomb(), ["job.yaml:1"]),
        ("name: shop\nmanifest: {path: manifest.csv\n", ["job.yaml:"]),
        ("\0\1\2\3", ["job.yaml"]),
        ("", ["job.yaml"]),
        ("- a\n- list\n", ["job.yaml"]),
        ("name: shop\nname: shop\nmanifest: {path: m.csv}\n", ["job.yaml:2", "name"]),
        ("name: shop\nmanifest: {path: m.csv}\nlimit: {in_flight: 4}\n", ["job.yaml:3", "limits"]),
        (
            "name: shop\nmanifest: {path: m.csv}\nbudget: {per_run_usd: 0}\n",
            ["job.yaml:3", "per_run_usd", "buys nothing"],
        ),
        ("name: shop\nmanifest: {path: m.csv}\nlimits: {in_flight: many}\n", ["job.yaml:3", "in_flight"]),
    ],
    ids=["bomb", "broken", "bytes", "empty", "list", "twice", "unknown-key", "budget-of-0", "wrong-type"],
)
def test_a_bad_job_ends_with_78_and_names_its_line(shop: Shop, text: str, words: list[str]) -> None:
    """The file, the line and the key stand in the message."""
    shop.job_file.write_text(text, encoding="utf-8")
    check_said(shop.run(), 78, *words)
    check_untouched(shop)


def test_what_went_wrong_is_json_where_messages_are(shop: Shop) -> None:
    """A machine that reads standard error line by line meets nothing else there."""
    shop.rows(more=[("MISSING", "missing.png")])
    for command in (["plan"], ["run", "--yes", "--json"]):
        ended = shop.command(*command, "--log-format", "json")
        assert ended.exit == 65
        lines = [json.loads(line) for line in ended.err.splitlines()]
        assert "no row can become an item" in lines[-1]["message"]


def test_rejected_rows_can_be_printed(shop: Shop) -> None:
    """`-` is standard output, as everywhere, and nothing else stands there."""
    shop.rows("A-1", more=[("MISSING", "missing.png")])
    ended = shop.command("plan", "-o", "-")
    assert ended.exit == 1
    assert [row["sku"] for row in csv.DictReader(ended.out.splitlines())] == ["MISSING"]


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_result_that_cannot_be_written_is_no_defect_of_ours(shop: Shop) -> None:
    """The disk behind standard output is full: exit 74, also for whoever wants JSON."""
    for options in ([], ["--json"]):
        with FULL.open("w") as full, shop.start("plan", *options, stdout=full) as process:
            ended = finish(process)
        assert ended.exit == 74, ended.err
        assert "standard output: the result cannot be written" in ended.err
        assert "defect" not in ended.err


def test_names_that_no_file_can_have_are_no_defects_of_ours(shop: Shop) -> None:
    """Whoever only reads is told; `doctor` says it among the rest."""
    long = "x" * 300
    shop.job(state=long)
    for command in ("plan", "status", "report"):
        check_said(shop.command(command), 74, long, "File name too long")
    shop.job(output={"dir": long})
    check_said(shop.run(), 73, long, "output.dir")
    told = shop.command("doctor")
    assert told.exit == 73, told
    assert f"{long} cannot be used: File name too long" in told.out


def test_a_sample_is_written_over_nothing(shop: Shop) -> None:
    """A file in its folder's place, a folder in a file's place: named, and nothing is written."""
    (shop.folder / "taken").write_text("a letter", encoding="utf-8")
    (shop.folder / "half" / "configs" / "demo.yaml").mkdir(parents=True)
    for folder, words in (("taken", "Not a directory"), ("half", "another file"), ("y" * 300, "File name too long")):
        target = shop.folder / folder
        check_said(shop.sample("demo", target), 73, str(target), words)
    assert [path.name for path in (shop.folder / "half").rglob("*")] == ["configs", "demo.yaml"]


def test_a_missing_job_ends_with_66(shop: Shop) -> None:
    """Its path stands in the message; so it does for a folder in its place."""
    shop.job_file.unlink()
    check_said(shop.run(), 66, str(shop.job_file))
    shop.job_file.mkdir()
    check_said(shop.run(), 66, str(shop.job_file))


def test_what_may_not_be_read_or_written_is_named(shop: Shop) -> None:
    """A job, a manifest without permission: 66; an output folder that cannot be written: 73."""
    shop.job_file.chmod(0)
    if os.access(shop.job_file, os.R_OK):
        pytest.skip("this user may read and write everything")
    check_said(shop.run(), 66, str(shop.job_file))
    shop.job_file.chmod(0o600)
    (shop.folder / "manifest.csv").chmod(0)
    check_said(shop.run(), 66, "manifest.csv")
    (shop.folder / "manifest.csv").chmod(0o600)
    shop.out.chmod(0o500)
    check_said(shop.run(), 73, str(shop.out))
    shop.out.chmod(0o700)


def test_an_output_folder_that_cannot_be_made_ends_with_73(shop: Shop) -> None:
    """A file lies in its place: it is named and left alone."""
    shop.job(output={"dir": "taken"})
    (shop.folder / "taken").write_text("a letter", encoding="utf-8")
    check_said(shop.run(), 73, str(shop.folder / "taken"))
    assert (shop.folder / "taken").read_text(encoding="utf-8") == "a letter"


def test_what_is_worst_decides_the_exit_code(shop: Shop) -> None:
    """A manifest that is not there comes before an output folder or a state that cannot be used; so does the key."""
    (shop.folder / "taken").write_text("a letter", encoding="utf-8")
    shop.job(output={"dir": "taken"}, manifest={"path": "nowhere.csv"})
    check_said(shop.run(), 66, "nowhere.csv")
    live = {"name": "eachlabs", "base_url": "http://127.0.0.1:9"}
    text = shop.job_file.read_text(encoding="utf-8")
    start, end = text.index("provider:"), text.index("defaults:")
    text = f"{text[:start]}provider: {live}\n{text[end:]}"
    shop.job_file.write_text(text, encoding="utf-8")
    check_said(shop.run(), 66, "nowhere.csv")
    shop.job_file.write_text(text.replace("nowhere.csv", "manifest.csv"), encoding="utf-8")
    check_said(shop.run(), 77, "EACHLABS_API_KEY")
    shop.environment["EACHLABS_API_KEY"] = "a-key-a-key"
    check_said(shop.run(), 73, str(shop.folder / "taken"))
    assert (shop.folder / "taken").read_text(encoding="utf-8") == "a letter"


@pytest.mark.parametrize(
    ("content", "code", "words"),
    [
        (None, 66, ["manifest.csv"]),
        (b"", 65, ["manifest.csv", "empty"]),
        (b"sku,image\n", 65, ["manifest.csv", "no rows"]),
        (b"sku,picture\nA-1,A-1.png\n", 65, ["manifest.csv", "image"]),
        (b"sku,image,image\nA-1,A-1.png,B.png\n", 65, ["manifest.csv", "image"]),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 65, ["manifest.csv", "PNG"]),
        (b"PAR1" + bytes(200), 65, ["manifest.csv"]),
    ],
    ids=["missing", "empty", "header-only", "no-image-column", "column-twice", "a-picture", "broken-parquet"],
)
def test_a_bad_manifest_is_named(shop: Shop, content: bytes | None, code: int, words: list[str]) -> None:
    """A manifest that is no table of rows ends the run before anything is planned or sent."""
    path = shop.folder / "manifest.csv"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    check_said(shop.run(), code, *words)
    assert shop.requests() == []
    assert shop.command("status", "--json").summary["items"]["total"] == 0


def test_bad_rows_are_rejected_each_with_its_reason(shop: Shop) -> None:
    """A picture that is missing, a manifest, cut off or far too large; a prompt, a duration: none is bought."""
    (shop.folder / "table.png").write_text("sku,image\n", encoding="utf-8")
    draw(shop.folder / "cut.png", 1)
    (shop.folder / "cut.png").write_bytes((shop.folder / "cut.png").read_bytes()[:900])
    Image.new("1", (20_000, 20_000)).save(shop.folder / "huge.png")
    good = "00152.png"
    shop.job(defaults={"prompt": "turn the {colour} cup"})
    shop.rows(
        header=("sku", "image", "prompt", "duration", "colour"),
        more=[
            ("MISSING", "missing.png", "turn", "4", "red"),
            ("TABLE", "table.png", "turn", "4", "red"),
            ("CUT", "cut.png", "turn", "4", "red"),
            ("NAME", "n" * 300, "turn", "4", "red"),
            ("HUGE", "huge.png", "turn", "4", "red"),
            ("LONG", good, "turn " * 8_000, "4", "red"),
            ("FIVE", good, "turn", "5", "red"),
            ("OPEN", good, "", "4", ""),
            ("", good, "turn", "4", "red"),
        ],
    )
    check_said(shop.run(), 65, "rejected.csv")
    assert shop.requests() == []
    with (shop.out / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {row["sku"]: row for row in csv.DictReader(file)}
    assert {sku: row["column"] for sku, row in rows.items()} == {
        "MISSING": "image",
        "TABLE": "image",
        "CUT": "image",
        "NAME": "image",
        "HUGE": "image",
        "LONG": "prompt",
        "FIVE": "duration",
        "OPEN": "colour",
        "": "sku",
    }
    assert all(row["reason"] for row in rows.values())
    assert "4, 8, 12" in rows["FIVE"]["reason"]
    planned = shop.command("plan")
    assert planned.exit == 65
    assert "Traceback" not in planned.err


def test_a_picture_that_only_decoding_finds_bad_is_a_rejected_row_too(shop: Shop) -> None:
    """Nothing is bought for it, and it stands in rejected.csv beside the rows that never became an item."""
    Image.new("RGBA", (640, 640), (0, 0, 0, 0)).save(shop.folder / "clear.png")
    shop.rows("00152", more=[("CLEAR", "clear.png"), ("MISSING", "missing.png")])
    for expected in ({"done": 1, "rejected": 2}, {"skipped": 1, "rejected": 2}):
        ended = shop.run()
        assert (ended.exit, ended.items) == (1, expected), ended.err
        with (shop.out / "rejected.csv").open(encoding="utf-8-sig", newline="") as file:
            rows = {row["sku"]: row for row in csv.DictReader(file)}
        assert sorted(rows) == ["CLEAR", "MISSING"]
        assert (rows["CLEAR"]["line"], rows["CLEAR"]["column"], rows["CLEAR"]["value"]) == ("3", "image", "clear.png")
        assert rows["CLEAR"]["reason"].startswith("the picture is transparent throughout; ")
    assert shop.ledger().bought == {"push in on 00152": 1}
    for sku in ("CLEAR", "MISSING"):
        draw(shop.folder / f"{sku.lower()}.png", 1)
    assert shop.run().items == {"done": 2, "skipped": 1}
    assert not (shop.out / "rejected.csv").exists()


def test_strange_skus_become_clips_with_safe_names(shop: Shop) -> None:
    """Paths, reserved names, emoji, and two that differ in case only: all inside the folder; 300 characters are not."""
    skus = ["../../etc/x", "CON", "x" * 200, "\N{TEACUP WITHOUT HANDLE}", "abc", "ABC"]
    draw(shop.folder / "product.png", 0)
    shop.rows(more=[(sku, "product.png") for sku in (*skus, "y" * 300)])
    ended = shop.run()
    assert (ended.exit, ended.items) == (1, {"done": len(skus), "rejected": 1}), ended.err
    assert "y" * 300 in (shop.out / "rejected.csv").read_text(encoding="utf-8")
    names = [str(clip.relative_to(shop.out)) for clip in shop.clips()]
    assert len({name.casefold() for name in names}) == len(skus)
    assert all(len(part.encode()) <= 255 for name in names for part in name.split("/"))
    assert not any(part.split(".")[0].upper() == "CON" for name in names for part in name.split("/"))
    assert list(shop.folder.parent.rglob("*.mp4")) == list(shop.folder.rglob("*.mp4"))


@pytest.fixture
def begun(shop: Shop) -> Shop:
    """A shop with a state, in which a cap has kept everything from being bought."""
    shop.job(budget={"per_item_usd": 0.1})
    assert shop.run().exit == 8
    return shop


def test_a_state_that_is_not_this_jobs_is_left_alone(begun: Shop) -> None:
    """Another job's and a newer version's end with 78, random bytes with 74; the file stays as it is."""
    requests = begun.requests()
    before = begun.state.read_bytes()
    begun.job(name="other")
    check_said(begun.run(), 78, "state.sqlite", "shop", "other")
    for command in ("plan", "status", "report"):  # what another job did and paid is not this one's
        check_said(begun.command(command), 78, "state.sqlite", "shop", "other")
    assert begun.state.read_bytes() == before

    begun.job()
    with closing(sqlite3.connect(begun.state)) as connection:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        connection.execute(f"PRAGMA user_version = {version + 100}")
        connection.commit()
    check_said(begun.run(), 78, "state.sqlite", "newer")
    check_said(begun.command("status"), 78, "state.sqlite", "newer")

    noise = bytes(range(256)) * 40
    begun.state.write_bytes(noise)
    check_said(begun.run(), 74, "state.sqlite")
    check_said(begun.command("status"), 74, "state.sqlite")
    check_said(begun.command("report"), 74, "state.sqlite")
    assert begun.state.read_bytes() == noise
    assert begun.requests() == requests


def test_a_key_that_is_missing_or_wrong_ends_with_77(shop: Shop) -> None:
    """Nothing is bought, and the key stands in no message and no file."""
    shop.environment["EACHLABS_API_KEY"] = "right-key-right-key"
    with shop.simulator("--require-key") as url:
        job = {"name": "eachlabs", "base_url": url}
        shop.job()
        text = shop.job_file.read_text(encoding="utf-8")
        start, end = text.index("provider:"), text.index("defaults:")
        shop.job_file.write_text(f"{text[:start]}provider: {job}\n{text[end:]}", encoding="utf-8")
        del shop.environment["EACHLABS_API_KEY"]
        check_said(shop.run(), 77, "EACHLABS_API_KEY")
        shop.environment["EACHLABS_API_KEY"] = "wrong-key-wrong-key"
        wrong = shop.run()
    check_said(wrong, 77, "EACHLABS_API_KEY")
    assert shop.posts() == 0
    assert "wrong-key" not in wrong.err
    assert not [path for path in files(shop.folder) if b"wrong-key" in path.read_bytes()]


def files(folder: Path) -> list[Path]:
    """List the files below a folder."""
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_job_without_a_key_can_be_rehearsed_in_its_place(shop: Shop) -> None:
    """Nothing was bought yet, so the same folder takes the simulator's run."""
    shop.rows("A-1")
    shop.job()
    rehearsal = shop.job_file.read_text("utf-8")
    real = re.sub(r"provider:\n(  .*\n)+", "provider: {name: eachlabs}\n", rehearsal)
    shop.job_file.write_text(real, "utf-8")
    assert shop.command("run", "--yes").exit == 77
    shop.job_file.write_text(rehearsal, "utf-8")
    assert shop.command("plan", "--json").exit == 0
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1}), ended.err


def test_a_run_without_a_usable_row_is_no_run_that_was_cut_off(shop: Shop) -> None:
    """Nothing was begun, and `status` says so."""
    shop.rows("A-1")
    (shop.folder / "A-1.png").unlink()
    shop.job()
    assert shop.run().exit == 65
    told = shop.command("status").out
    assert "last run: none that bought or fetched yet" in told
    assert "(simulated: no money was spent)" in told
