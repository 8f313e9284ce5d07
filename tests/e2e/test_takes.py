"""What a person decides about a clip: taken in once, told beside the clip, and a redo is a new take that is bought."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from batch.cli import main
from batch.core.decision import COLUMNS, Judgement, moment_text, read_moment
from batch.core.item import fit_rules
from batch.errors import JobProblem, MissingInput, UsageProblem
from batch.inputs.jobfile import read_job
from batch.inputs.pictures import no_progress
from batch.models import profile_for
from batch.running.clock import Clock
from batch.running.explaining import explain
from batch.running.opening import opened_plan
from batch.running.planning import bring_plan_up_to_date
from batch.running.retrying import retry_items
from batch.running.reviewing import Applied, Told, apply_decisions
from batch.store import queries, views
from batch.store.lock import RunLock, lock_path
from batch.store.state import Binding, read_state
from batch.store.store import open_store
from batch.store.takes import Asked, plan_take
from tests.proof.checker import Terms, violations
from tests.proof.harm import copied, finished_shop
from tests.proof.shop import finish, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from batch.core.summary import ItemView
    from tests.proof.forge import Forge
    from tests.proof.shop import Shop

AT = 1_764_300_000.0
PROMPT = "push in on 00152"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, template: bytes, forge: Forge) -> Shop:
    """A shop whose three clips are made."""
    return finished_shop(tmp_path_factory.mktemp("takes") / "shop", template, forge)


@pytest.fixture
def made(finished: Shop, tmp_path: Path) -> Shop:
    """A shop of one's own, whose three clips are made."""
    return copied(finished, tmp_path)


def viewed(shop: Shop) -> list[ItemView]:
    """Read the items as a report does, and hold the tally against them."""
    location = read_job(shop.job_file).location
    with closing(read_state(location.state, Binding.of(location))) as connection:
        counted = queries.counts(connection)
        in_plan = connection.execute(
            "SELECT count(*), coalesce(sum(phase = 'done'), 0) FROM item WHERE plan = ?",
            (queries.newest_plan(connection),),
        ).fetchone()
        assert (counted.total, counted.done + counted.skipped) == in_plan
        return list(views.items(connection))


def view_of(shop: Shop, sku: str = "00152", take: int = 0) -> ItemView:
    """Give one take of a SKU."""
    return next(view for view in viewed(shop) if (view.sku, view.take) == (sku, take))


def told(view: ItemView, judgement: str = "approve", **changes: Any) -> Told:
    """Say something of a clip."""
    said = Told(
        line=2, key=view.key, sku=view.sku, judgement=Judgement(judgement), prompt=None, note="", by="ana", at=AT
    )
    return replace(said, **changes)


def applied(shop: Shop, *said: Told) -> Applied:
    """Take decisions in."""
    return asyncio.run(apply_decisions(read_job(shop.job_file), said, Clock()))


def keys_planned(shop: Shop) -> dict[str, tuple[str, int, str]]:
    """Plan anew, and give each SKU's key, take and prompt."""
    loaded = read_job(shop.job_file)
    with opened_plan(loaded, profile_for(loaded), fetch=False, progress=no_progress) as (plan, _):
        rows = [row for batch in plan.batches() for row in batch.select("sku", "key", "take", "prompt").iter_rows()]
    return {sku: (key, take, prompt) for sku, key, take, prompt in rows}


def note_of(shop: Shop, view: ItemView) -> dict[str, Any]:
    """Read the note beside a clip."""
    assert view.clip is not None
    note = json.loads((shop.out / f"{view.clip.path}.json").read_text("utf-8"))
    assert isinstance(note, dict)
    return note


def decisions_file(shop: Shop, *rows: dict[str, str], separator: str = ",") -> Path:
    """Write a file of decisions."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, COLUMNS, delimiter=separator, restval="")
    writer.writeheader()
    writer.writerows(rows)
    path = shop.folder / "decisions.csv"
    path.write_text(text.getvalue(), encoding="utf-8-sig", newline="")
    return path


def test_a_decision_is_taken_in_once_and_the_newest_holds(made: Shop) -> None:
    """In whatever order a file tells them; taken back, nothing stands."""
    view = view_of(made)
    rejected = told(view, "reject", at=AT + 1, note="the label is warped")
    first = applied(made, rejected, told(view))
    assert (len(first.changed), first.known, first.refused) == (2, 0, ())
    assert view_of(made).decision == rejected.decision
    assert note_of(made, view)["decision"] == {
        "decision": "reject",
        "by": "ana",
        "at": moment_text(AT + 1),
        "note": "the label is warped",
        "prompt": None,
    }
    again = applied(made, told(view), rejected)
    assert (again.changed, again.known, again.refused) == ((), 2, ())
    older = applied(made, told(view, by="ben"))
    assert [one.reason for one in older.refused] == ["it is older than what is known: reject by ana"]
    applied(made, told(view, "open", at=AT + 2))
    assert view_of(made).decision is None
    assert note_of(made, view)["decision"] is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": "ab" * 32}, "no item of this job has this key"),
        ({"sku": "B-2"}, "the key is that of 00152"),
        ({"prompt": "closer"}, "a prompt belongs to a redo, and this says approve"),
        ({"at": AT * 2}, "it is of a time that has not come yet"),
    ],
)
def test_what_cannot_be_taken_in_changes_nothing_and_the_others_are(
    made: Shop, changes: dict[str, Any], reason: str
) -> None:
    """With its line and the reason."""
    view = view_of(made)
    came = applied(made, told(view, **changes), told(view_of(made, "B-2"), line=3))
    assert [(one.line, one.reason[: len(reason)]) for one in came.refused] == [(2, reason)]
    assert [one.sku for one in came.changed] == ["B-2"]
    assert view_of(made).decision is None
    assert not came.planned


def test_a_redo_is_the_item_that_every_later_plan_comes_to(made: Shop) -> None:
    """Its key, take and prompt; until the row's own text changes, and again when that is put back."""
    view = view_of(made)
    came = applied(made, told(view, "redo", prompt="pull back"), told(view_of(made, "B-2"), "redo"))
    assert [(new.sku, new.take, new.estimate) for new in came.planned] == [("00152", 1, 400_000), ("B-2", 1, 400_000)]
    take = view_of(made, take=1)
    assert (take.state, take.prompt, take.before, take.line) == ("pending", "pull back", view.key, view.line)
    assert (view_of(made).after, view_of(made).line, view_of(made).state) == (take.key, view.line, "done")
    planned = keys_planned(made)
    assert planned["00152"] == (take.key, 1, "pull back")
    assert planned["B-2"] == (view_of(made, "B-2", 1).key, 1, "push in on B-2")
    made.job(image={"background": "#ffffff"})
    assert keys_planned(made)["00152"][1:] == (1, "pull back"), "another frame keeps it"
    made.job(defaults={"prompt": "look at {sku}"})
    assert keys_planned(made)["00152"][1:] == (0, "look at 00152"), "the row says something else now"
    story = explain(read_job(made.job_file), "B-2", fetch=False, progress=no_progress).stories[0]
    assert story.override is None
    made.job()
    assert keys_planned(made) == planned
    story = explain(read_job(made.job_file), "00152", fetch=False, progress=no_progress).stories[0]
    assert story.override is not None
    assert (story.override.row_prompt, story.override.by, story.override.at) == (PROMPT, "ana", AT)


async def test_whatever_a_row_says_a_plan_comes_to_the_takes_that_were_planned(shop: Shop) -> None:
    """Variants, shapes, frames of its own, words in quotes, numbers among the inputs; and the take after that."""
    header = ("sku", "image", "prompt", "negative_prompt", "fit", "background", "focus", "variants", "aspect_ratio")
    shop.rows(
        "A-1",
        header=header,
        more=[
            ("B-2", "A-1.png", 'say "küh"\n{x}', "no text", "cover", "", "0.30,0.6", "", ""),
            ("C-3", "A-1.png", "", "", "contain", "#FFFFFF", "", "2", "9:16, 1:1"),
        ],
    )
    manifest = shop.folder / "manifest.csv"
    manifest.write_text(manifest.read_text("utf-8").replace("A-1,A-1.png", "A-1,A-1.png,,,,,,,"), encoding="utf-8")
    words = {"prompt": "turn {sku}, {variant}", "negative_prompt": "blur", "inputs": {"cfg_scale": 0.3}, "duration": 5}
    shop.job(model="kling-v2-1-standard-image-to-video", defaults=words, image={"margin": 0.05})
    loaded = read_job(shop.job_file)
    profile, fit = profile_for(loaded), fit_rules(loaded.job.image)
    store = await open_store(loaded.location.state, Binding.of(loaded.location), now=AT)
    try:
        await bring_plan_up_to_date(store, loaded, profile, audience=Silent(), strict=True)
        for take, prompt in ((1, None), (2, 'pull "back"'), (3, None)):
            planned = [item for item, _ in queries.planned(store.reader, after=0, limit=100)]
            assert len(planned) == 6
            for item in planned:
                asked = Asked(by="ana", at=AT + take)
                again = partial(plan_take, old=item, prompt=prompt or item.prompt, fit=fit, asked=asked)
                assert (await store.do(again)).take == take
        wanted = {item.key: item.prompt for item, _ in queries.planned(store.reader, after=0, limit=100)}
    finally:
        await store.close()
    with opened_plan(loaded, profile, fetch=False, progress=no_progress) as (plan, _):
        found = {key: prompt for batch in plan.batches() for key, prompt in batch.select("key", "prompt").iter_rows()}
    assert found == wanted
    assert set(found.values()) == {'pull "back"'}


class Silent:
    """Somebody who does not listen."""

    def note(self, message: str) -> None:
        """Let it pass."""

    def moved(self) -> None:
        """Let it pass."""


def test_a_redo_whose_take_nobody_bought_is_taken_back_by_a_newer_word(made: Shop) -> None:
    """The old clip has its place again; another redo only changes the words; the file itself is never touched."""
    view = view_of(made)
    before = keys_planned(made)
    applied(made, told(view, "redo", prompt="pull back"))
    applied(made, told(view, "redo", prompt="turn left", at=AT + 1))
    assert [(one.take, one.prompt) for one in viewed(made) if one.sku == "00152"] == [(0, PROMPT), (1, "turn left")]
    assert keys_planned(made)["00152"][1:] == (1, "turn left")
    applied(made, told(view, "approve", at=AT + 2))
    assert [one.take for one in viewed(made) if one.sku == "00152"] == [0]
    assert (view_of(made).after, view_of(made).line) == ("", view.line)
    assert keys_planned(made) == before
    again = applied(made, told(view, "redo", prompt="pull back", at=AT + 3))
    assert [new.take for new in again.planned] == [1], "what was withdrawn leaves no gap"
    made.job(image={"background": "#ffffff"})
    assert applied(made, told(view, "approve", at=AT + 4)).refused == ()
    assert keys_planned(made)["00152"][1:] == (0, PROMPT)


def test_a_redo_is_bought_once_and_the_old_clip_stays(made: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Its clip lies beside the old one and says where it comes from; a redo of the old one is refused then."""
    old = view_of(made)
    assert old.clip is not None
    bytes_before = (made.out / old.clip.path).read_bytes()
    guarded = {"key": old.key, "sku": "00152", "decision": "redo", "prompt": "'-slowly- back", "by": "ana"}
    rows = [
        {**guarded, "at": "2026-11-27T10:00:00+01:00"},
        {**guarded, "decision": "perhaps", "at": "2026-11-27T10:00:00+01:00"},
        {**guarded, "key": "12", "at": "2026-11-27T10:00:00"},
        {**guarded, "prompt": "turn the {title}", "at": "2026-11-27T10:00:01+01:00"},
    ]
    path = decisions_file(made, *rows, separator=";")
    assert main(["review", str(made.job_file), "--apply", str(path)]) == 1
    assert capsys.readouterr().out.splitlines() == [
        f"{path}:3 00152: expected one of approve, reject, redo, open; `decision` says 'perhaps'",
        f"{path}:4 00152: `key` is no item's key, which has 64 characters from 0-9 and a-f",
        f"{path}:5 00152: a redo's words are sent as they stand, with {{title}}: write what it stands for",
        "1 taken in (1 redo), 0 known already, 3 refused",
        "00152: take 1 is planned, $0.40",
        f"1 item is planned again; `sora-batch run {made.job_file}` buys it for $0.40",
    ]
    assert main(["plan", str(made.job_file)]) == 0
    assert "redone:   00152: take 1, in other words" in capsys.readouterr().out
    last = made.run()
    assert (last.exit, last.items) == (0, {"done": 1, "skipped": 2}), last.err
    assert made.ledger().bought["-slowly- back"] == 1
    assert sum(made.ledger().bought.values()) == 4
    take = view_of(made, take=1)
    assert take.clip is not None
    assert take.clip.path == "00152/00152-16x9-4s-t1.mp4"
    assert (made.out / old.clip.path).read_bytes() == bytes_before
    note = note_of(made, take)
    assert (note["take"], note["before"], note["row_prompt"], note["decision"]) == (1, old.key, PROMPT, None)
    shown = {
        item["key"]: item for item in json.loads((made.out / "report" / "report.json").read_text("utf-8"))["items"]
    }
    assert shown[old.key]["decision"]["decision"] == "redo"
    assert (shown[old.key]["after"], shown[take.key]["before"]) == (take.key, old.key)
    capsys.readouterr()
    assert main(["review", str(made.job_file), "--apply", str(path), "--json"]) == 1
    known = json.loads(capsys.readouterr().out)
    assert (known["applied"], known["known"], len(known["refused"])) == (0, 1, 3)
    late = applied(made, told(old, "redo", at=Clock().now()))
    assert late.refused[0].reason == f"there is a newer take, 1 ({take.key[:12]}, done)"
    assert main(["verify", str(made.out)]) == 0


def test_a_file_that_is_none_is_refused_as_a_whole(made: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """Not there, no table of decisions, or not one good line; and nothing is decided while a run is at work."""
    review = ["review", str(made.job_file), "--apply"]
    assert main([*review, str(made.folder / "none.csv")]) == 66
    assert main([*review, str(made.folder / "manifest.csv")]) == 65
    (made.folder / "short.csv").write_text("key,sku,decision\n", encoding="utf-8")
    capsys.readouterr()
    assert main([*review, str(made.folder / "short.csv")]) == 65
    assert "it has no column `by`, `at`" in capsys.readouterr().err
    good = {"key": view_of(made).key, "decision": "approve", "by": "ana", "at": "2026-11-27T10:00:00Z"}
    assert main([*review, str(decisions_file(made, good | {"by": ""}))]) == 65
    assert "`by` is empty" in capsys.readouterr().out
    path = decisions_file(made, good)
    lock = RunLock(lock_path(made.state))
    assert main([*review, str(path)]) == 75
    lock.release()
    with path.open("a", encoding="utf-8") as file:
        file.write("too,few\r\n")
    assert main([*review, str(path)]) == 1
    assert "decisions.csv:3 (no SKU): the row has 2 cells, the header 7" in capsys.readouterr().out


def test_a_job_that_never_ran_has_no_clips(shop: Shop) -> None:
    """It is said, and no state is made."""
    with pytest.raises(MissingInput, match="no state yet"):
        applied(shop)
    assert not shop.state.exists()


def test_another_model_that_takes_no_such_prompt_is_told(made: Shop) -> None:
    """Nothing is bought with words that a redo did not ask for."""
    applied(made, told(view_of(made), "redo", prompt="x" * 3000))
    profile = "extends: sora-2-image-to-video\nlast_checked: 2026-11-20\nprompt: {max_characters: 100}\n"
    (made.folder / "terse.yaml").write_text(profile, encoding="utf-8")
    made.job(models=["terse.yaml"])
    longer = applied(made, told(view_of(made, "B-2"), "redo", prompt="x" * 101))
    assert longer.refused[0].reason == "the prompt has 101 characters; sora-2-image-to-video takes 100"
    with pytest.raises(JobProblem, match=r"00152: its redo's prompt has 3,000 characters"):
        keys_planned(made)


def test_what_was_refused_is_made_in_other_words(shop: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """`retry --prompt` fills the row in, leaves the refused item where it is, and buys one further take."""
    shop.rows("GOOD", header=("sku", "image", "name"), more=[("BAD", "GOOD.png", "lamp"), ("BARE", "GOOD.png", "")])
    manifest = shop.folder / "manifest.csv"
    manifest.write_text(manifest.read_text().replace("GOOD,GOOD.png", "GOOD,GOOD.png,mug"))
    refusals = [f'{{on: render, fault: refused, match: "push in on {sku}"}}' for sku in ("BAD", "BARE")]
    shop.job(provider=shop.faults(*refusals))
    assert shop.run("--keep-going").items == {"done": 1, "refused": 2}

    def retried(prompt: str, *skus: str) -> None:
        asyncio.run(retry_items(read_job(shop.job_file), set(), set(skus), "tamer", Clock(), prompt=prompt))

    for prompt, reason in (
        ("turn {name}", "BARE: its row has no value for {name}; nothing was changed"),
        ("turn {nam}", "{nam} is no column of the manifest"),
        ("turn {name", "belongs to no placeholder"),
        (" ", "no words"),
    ):
        with pytest.raises(UsageProblem) as caught:
            retried(prompt, "BAD", "BARE")
        assert reason in str(caught.value)
    assert {view.take for view in viewed(shop)} == {0}
    assert main(["retry", str(shop.job_file), "--sku", "BAD", "--prompt", "turn the {name|thing}", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["items"][0]["take"] == 1
    last = shop.run("--keep-going")
    assert (last.exit, last.items) == (1, {"done": 1, "skipped": 1, "refused": 1}), last.err
    assert shop.ledger().bought == {"push in on GOOD": 1, "push in on BAD": 1, "push in on BARE": 1, "turn the lamp": 1}
    assert [(view.take, view.state, view.advice) for view in viewed(shop) if view.sku == "BAD"] == [
        (0, "refused", ""),
        (1, "done", ""),
    ]


@pytest.mark.proof
def test_a_state_without_a_copy_is_rebuilt_with_what_persons_decided(made: Shop) -> None:
    """From the notes alone: decisions, takes, and the redo that nobody had bought yet."""
    applied(made, told(view_of(made), "redo", prompt="pull back", note="too near"))
    assert made.run().exit == 0
    applied(made, told(view_of(made, take=1)), told(view_of(made, "B-2"), "redo"))
    before = [(view.key, view.take, view.decision, view.before, view.after) for view in viewed(made)]
    planned = keys_planned(made)
    for path in made.out.glob("state.sqlite*"):
        path.unlink()
    back = made.command("doctor", "--rebuild", "--force", "--json")
    assert (back.exit, back.summary["base"], back.summary["clips"]) == (0, "nothing", 4), back.err
    after = [(view.key, view.take, view.decision, view.before, view.after) for view in viewed(made)]
    assert sorted(map(str, after)) == sorted(map(str, before))
    assert keys_planned(made) == planned


@pytest.mark.parametrize("text", ["2026-11-28T14:05:00", "yesterday", "", "1764300000"])
def test_a_moment_without_a_zone_is_none(text: str) -> None:
    """Nobody could say which of two came later."""
    with pytest.raises(ValueError, match=r"isoformat|without a zone"):
        read_moment(text)


def test_a_note_that_a_kill_left_behind_is_mended_by_the_same_decision(made: Shop) -> None:
    """And one whose clip was handed over and is gone keeps nobody from deciding."""
    view, other = view_of(made), view_of(made, "B-2")
    assert view.clip is not None
    assert other.clip is not None
    path = made.out / f"{view.clip.path}.json"
    left = path.read_bytes()
    applied(made, told(view))
    path.write_bytes(left)
    (made.out / f"{other.clip.path}.json").unlink()
    assert applied(made, told(view), told(other)).known == 1
    assert note_of(made, view)["decision"]["decision"] == "approve"
    assert view_of(made, "B-2").decision is not None


@pytest.mark.proof
def test_a_redo_that_is_killed_on_its_way_is_bought_once(made: Shop) -> None:
    """Wherever the kill falls, in `review` or in `run`: the same commands go on, and the old clips stay."""
    old = {path: path.read_bytes() for path in made.clips()}
    rows = [
        {"key": view.key, "sku": view.sku, "decision": "redo", "prompt": f"pull back from {view.sku}", "by": "ana"}
        for view in viewed(made)
    ]
    path = decisions_file(made, *(row | {"at": "2026-11-27T10:00:00Z"} for row in rows))
    for pause in (0.4, 0.8):
        with made.start("review", "--apply", str(path)) as process:
            time.sleep(pause)
            process.kill()
            finish(process)
    applying = made.command("review", "--apply", str(path), "--json")
    assert applying.exit == 0, applying.err
    assert applying.summary["applied"] + applying.summary["known"] == 3
    for posts in (4, 6):
        with made.start("run", "--yes", "--json") as process:
            # What was killed between its intent and its POST is held, and then there is no sixth.
            wait_until(lambda: made.posts() >= posts or process.poll() is not None)  # noqa: B023 - within its round
            process.kill()
            finish(process)
    last = made.run()
    assert violations(made, last, Terms()) == []
    bought = made.ledger().bought
    assert set(bought.values()) == {1}
    assert sum(prompt.startswith("pull back") for prompt in bought) == 3 - last.items.get("unconfirmed", 0)
    assert {path: path.read_bytes() for path in old} == old
