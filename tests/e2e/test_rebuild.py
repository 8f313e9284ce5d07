"""A damaged or lost state is brought back, and the provider has sold each item once at most."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_audit import buy
from tests.proof.harm import HARMS, copied, cut, finished_shop, flip
from tests.proof.shop import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proof.forge import Forge
    from tests.proof.shop import Ended, Shop

pytestmark = pytest.mark.proof


SKUS = ("A-1", "A-2", "A-3", "A-4")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, template: bytes, forge: Forge) -> Shop:
    """A shop whose three clips are made."""
    return finished_shop(tmp_path_factory.mktemp("finished") / "shop", template, forge)


def rebuilt(shop: Shop, *options: str) -> Ended:
    """Rebuild the state."""
    return shop.command("doctor", "--rebuild", "--json", *options)


def lose(shop: Shop, *, copy: bool = True) -> None:
    """Remove the state with its log and seal, and the copy, too, unless it is to stay."""
    names = ("state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "state.sqlite.seal")
    for name in names if copy else (*names, "state.sqlite.copy", "state.sqlite.copy.seal"):
        (shop.out / name).unlink(missing_ok=True)


def check_bought_once(shop: Shop) -> None:
    """Check the provider's own ledger: each item once, and each clip in its place."""
    ledger = shop.ledger()
    assert set(ledger.bought.values()) == {1}
    assert len(shop.clips()) == len(ledger.bought)
    assert shop.leftovers() == []


@pytest.mark.parametrize("harm", HARMS)
def test_whatever_the_damage_the_copy_brings_it_back(finished: Shop, tmp_path: Path, harm: str) -> None:
    """All is known again, the damaged file is kept, and the next run has nothing to buy."""
    shop = copied(finished, tmp_path)
    HARMS[harm](shop.state)
    damaged = shop.state.read_bytes() if shop.state.exists() else None
    back = rebuilt(shop)
    assert (back.exit, back.summary["base"]) == (0, "copy"), back.err
    kept = back.summary["kept"]
    assert (None if kept is None else (shop.out / kept).read_bytes()) == damaged
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"skipped": 3}), ended.err
    assert (ended.cost("settled"), shop.posts()) == ("1.20", 3)
    check_bought_once(shop)
    assert shop.command("audit").exit == 0


def test_without_state_and_copy_the_clips_notes_tell(finished: Shop, tmp_path: Path) -> None:
    """Also of an item whose row is gone: should it come back, it is not bought again."""
    shop = copied(finished, tmp_path)
    lose(shop, copy=False)
    shop.rows("B-2", "C-3")
    back = rebuilt(shop)
    assert (back.exit, back.summary["base"], back.summary["clips"]) == (0, "nothing", 3), back.err
    assert shop.run().items == {"skipped": 2}
    shop.rows("00152", "B-2", "C-3")
    ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"skipped": 3}), ended.err
    assert (ended.cost("settled"), shop.posts()) == ("1.20", 3)


def test_a_clip_that_is_not_what_its_note_says_proves_nothing(finished: Shop, tmp_path: Path) -> None:
    """Its prediction is found at the provider, and buying waits for a person."""
    shop = copied(finished, tmp_path)
    lose(shop, copy=False)
    clip = shop.clips()[0]
    clip.write_bytes(b"not a clip")
    back = rebuilt(shop)
    assert (back.exit, back.summary["clips"], len(back.summary["unaccounted"])) == (4, 2, 1), back.err
    assert shop.run().exit == 4
    assert shop.posts() == 3


@pytest.mark.parametrize(
    "harm",
    [*(flip(share) for share in (0.0, 0.01, 0.3, 0.6, 0.9)), cut(0.5), cut(0.9)],
    ids=["flip 0", "flip 1", "flip 30", "flip 60", "flip 90", "cut 50", "cut 90"],
)
def test_a_first_run_that_was_killed_and_damaged(shop: Shop, harm: Callable[[Path], None]) -> None:
    """There is no copy yet: clips, what renders and what the file still shows are brought together again.

    Where the damage hides what was sent last, a person says what belongs where, and the run goes on.
    """
    shop.rows(*SKUS)
    slow = shop.faults('{on: render, fault: slow_render, seconds: 2400, match: "A-3"}')
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url}, limits={"in_flight": 2})
        shop.kill_when(lambda: len(shop.ledger().accepted) >= 3 and len(shop.clips()) >= 1)
        harm(shop.state)
        posts = shop.posts()
        if shop.run().exit not in {74, 78}:  # the bit was flipped where the log has a newer page: nothing was damaged
            check_finished(shop)
            return
        assert shop.posts() == posts
        back = rebuilt(shop)
        assert back.exit in {0, 4}, back.err
        give_to_items(shop, back.summary["unaccounted"])
        check_finished(shop)


def give_to_items(shop: Shop, unaccounted: list[str]) -> None:
    """Decide as a person would, who sees which item a prediction is likely of."""
    for prediction in unaccounted:
        posts = shop.posts()
        assert shop.run().exit == 4
        assert shop.posts() == posts
        shown = shop.command("resolve", prediction, "--json")
        assert shown.exit == 4, shown.err
        (sku,) = shown.summary["likely"]
        assert shop.command("resolve", sku, "--adopt", prediction).exit == 0


def check_finished(shop: Shop) -> None:
    """Run until all is over, and check that nothing was bought twice; what was never seen may be held."""
    ended = shop.run()
    assert ended.out, ended.err
    held = ended.items.get("unconfirmed", 0)
    assert ended.exit == (4 if held else 0), ended.err
    assert sum(ended.items.values()) == len(SKUS)
    assert len(shop.ledger().bought) == len(SKUS) - held
    check_bought_once(shop)


@pytest.fixture
def outdated(shop: Shop) -> Shop:
    """A shop whose state is lost, and whose copy does not know what was bought last; its simulator is not running."""
    shop.rows("A-1")
    with shop.simulator() as url:
        shop.job(provider={"base_url": url})
        assert shop.run().exit == 0
    slow = shop.faults("{on: render, fault: slow_render, seconds: 4000}")
    shop.rows(*SKUS)
    with shop.simulator("--port", port(shop), "--faults", str(shop.folder / slow["faults"])):
        shop.job(provider={"base_url": url}, limits={"in_flight": 2})
        shop.kill_when(lambda: len(shop.ledger().accepted) == 3)
    lose(shop)
    return shop


def port(shop: Shop) -> str:
    """Give the port that the job's provider has."""
    return shop.job_file.read_text(encoding="utf-8").partition("http://127.0.0.1:")[2].split()[0]


def test_what_was_bought_after_the_copy_holds_the_job_until_a_person_decides(outdated: Shop) -> None:
    """Its uploads are known to nobody: nothing is bought, each prediction is shown, and given to its item."""
    shop = outdated
    with shop.simulator("--port", port(shop)):
        ended = shop.run()
        assert ended.exit == 74, ended.err
        back = rebuilt(shop)
        assert (back.exit, back.summary["base"], len(back.summary["unaccounted"])) == (4, "copy", 2), back.err
        held = shop.run()
        assert (held.exit, held.summary["stopped"][0]["cause"]) == (4, "unaccounted"), held.err
        assert shop.command("collect").exit == 4
        assert shop.posts() == 3
        assert "resolve" in shop.command("doctor").out
        give_to_items(shop, back.summary["unaccounted"])
        check_finished(shop)
        assert shop.command("audit").exit == 0


def test_what_is_not_ours_is_let_go_and_buying_goes_on(shop: Shop) -> None:
    """Somebody else of the same account bought with the same model: a person says so."""
    shop.rows("A-1")
    with shop.simulator() as url:
        shop.job(provider={"base_url": url})
        assert shop.run().exit == 0
        shop.rows("A-1", "A-2")
        stranger = buy(url, "somebody else's", "https://example.com/theirs.jpg")
        shop.state.unlink()
        back = rebuilt(shop)
        assert (back.exit, back.summary["unaccounted"]) == (4, [stranger]), back.err
        assert shop.command("resolve", stranger).exit == 4
        assert shop.command("resolve", stranger, "--adopt", stranger).exit == 2
        assert shop.command("resolve", stranger, "--not-charged").exit == 0
        ended = shop.run()
    assert (ended.exit, ended.items) == (0, {"done": 1, "skipped": 1}), ended.err


def test_a_redo_that_was_answered_after_a_failed_take_is_not_made_again(shop: Shop) -> None:
    """The take in between left no clip and so no note: that the redo was answered is told by the take after it."""
    shop.rows("A-1")
    shop.job(provider=shop.faults('{on: submit, fault: status, status: 400, match: "bad", times: 1}'))
    assert shop.run().exit == 0
    now = datetime.now(UTC).isoformat()
    (item,) = json.loads((shop.out / "report" / "report.json").read_bytes())["items"]
    (shop.folder / "decisions.csv").write_text(f"key,decision,prompt,by,at\n{item['key']},redo,bad words,Ada,{now}\n")
    assert shop.command("review", "--apply", str(shop.folder / "decisions.csv")).exit == 0
    assert shop.run("--keep-going").items == {"failed": 1}
    assert shop.command("retry", "--failed", "--prompt", "good words").exit == 0
    assert shop.run().items == {"done": 1}
    lose(shop, copy=False)
    assert rebuilt(shop).exit == 0
    assert shop.run().items == {"skipped": 1}
    assert shop.ledger().bought == {"push in on A-1": 1, "good words": 1}


def test_a_clip_that_an_older_state_does_not_know_is_taken_in_and_not_bought_again(shop: Shop) -> None:
    """The state, its copy and its seal came back from a backup together, so nothing about them looks wrong."""
    shop.rows("A-1")
    shop.job()
    assert shop.run().exit == 0
    backup = {path.name: path.read_bytes() for path in shop.out.glob("state.sqlite*")}
    shop.rows("A-1", "A-2")
    newest = shop.run()
    lose(shop, copy=False)
    for name, data in backup.items():
        (shop.out / name).write_bytes(data)
    ended = shop.run()
    assert (ended.exit, ended.items, shop.posts()) == (0, {"skipped": 2}, 2), ended.err
    assert "A-2: its clip was there already" in ended.err
    assert ended.summary["cost"] == newest.summary["cost"]
    assert shop.command("audit").exit == 0


def test_what_fails_while_a_prediction_has_no_item_is_not_bought_again(shop: Shop) -> None:
    """It may be that item's: also where nothing else was to be bought, a person has to say so first."""
    shop.rows("A-1")
    failing = '{on: render, fault: error, error_code: PROVIDER_SERVER_ERROR, match: "A-1", times: 1}'
    rules = shop.faults(failing, '{on: render, fault: slow_render, seconds: 2400, match: "A-1"}')
    with shop.simulator("--faults", str(shop.folder / rules["faults"])) as url:
        shop.job(provider={"base_url": url})
        assert shop.command("submit", "--yes", "--json").exit == 0
        lose(shop)
        stranger = buy(url, "who knows whose", "https://example.com/theirs.jpg")
        assert rebuilt(shop).summary["unaccounted"] == [stranger]
        ended = shop.run()
        assert (ended.exit, ended.items, shop.posts()) == (4, {"pending": 1}, 2), ended.err  # the stranger's is one
        assert shop.command("resolve", stranger, "--not-charged").exit == 0
        assert (shop.run().items, shop.posts()) == ({"done": 1}, 3)


def test_what_was_retried_after_the_copy_is_not_bought_a_third_time(shop: Shop) -> None:
    """The copy knows that it was refused; its clip's note tells of the attempt that a person had made since."""
    shop.rows("A-1")
    shop.job(provider=shop.faults("{on: render, fault: refused, times: 1}"))
    assert shop.run("--keep-going").items == {"refused": 1}
    old = {name: (shop.out / name).read_bytes() for name in ("state.sqlite.copy", "state.sqlite.copy.seal")}
    assert shop.command("retry", "--refused", "--json").exit == 0
    assert shop.run().items == {"done": 1}
    lose(shop, copy=False)
    for name, data in old.items():
        (shop.out / name).write_bytes(data)
    back = rebuilt(shop)
    assert (back.exit, back.summary["base"]) == (0, "copy"), back.err
    last = shop.run()
    assert (last.items, shop.posts()) == ({"skipped": 1}, 2), last.err


def test_a_lost_answer_in_the_damaged_file_is_not_bought_again(shop: Shop) -> None:
    """The attempt is held in the rebuilt state, too."""
    shop.rows("A-1", "A-2")
    rules = ("{on: submit, fault: lost_answer_after_accept, nth: 1}", "{on: render, fault: unlisted, nth: 1}")
    shop.job(provider=shop.faults(*rules), limits={"submit_concurrency": 1}, reconcile={"grace": 400})
    assert shop.run().exit == 4
    (shop.out / "state.sqlite.copy").unlink()
    flip(0.003)(shop.state)
    assert shop.run().exit in {74, 78}
    assert rebuilt(shop).exit == 0
    ended = shop.run()
    assert (ended.exit, ended.items) == (4, {"skipped": 1, "unconfirmed": 1}), ended.err
    assert (ended.cost("reserved"), shop.posts()) == ("0.40", 2)


def test_a_rebuild_that_cannot_know_changes_nothing(outdated: Shop) -> None:
    """A provider that does not answer, a history without an end, a run at work: the state stays as it is."""
    shop = outdated
    assert rebuilt(shop).exit == 69
    assert not shop.state.exists()
    down = shop.faults("{on: executions, fault: status, status: 503}")
    with shop.simulator("--port", port(shop), "--faults", str(shop.folder / down["faults"])):
        assert rebuilt(shop).exit == 69
    assert not shop.state.exists()
    assert not [path for path in shop.out.glob("state.sqlite.rebuilding") if path.stat().st_size == 0]


def test_a_whole_state_is_left_alone(finished: Shop, tmp_path: Path) -> None:
    """So is one that a newer version wrote; and another program's file, where there never was a state."""
    shop = copied(finished, tmp_path)
    before = shop.state.read_bytes()
    done = shop.command("doctor", "--rebuild")
    assert done.exit == 0
    assert "whole" in done.out
    assert shop.state.read_bytes() == before
    shutil.rmtree(shop.out)
    shop.out.mkdir()
    shop.state.write_bytes(b"a letter to grandmother, and no state at all")
    assert shop.command("doctor", "--rebuild").exit == 74
    assert shop.state.read_bytes().startswith(b"a letter")
    assert shop.command("doctor", "--force").exit == 2


def test_the_notes_of_another_job_are_not_taken(finished: Shop, tmp_path: Path) -> None:
    """A note that cannot be read, or is another job's, makes nothing done."""
    shop = copied(finished, tmp_path)
    lose(shop, copy=False)
    first, second, _ = (clip.with_name(f"{clip.name}.json") for clip in shop.clips())
    first.write_text("{", encoding="utf-8")
    note = json.loads(second.read_text(encoding="utf-8"))
    second.write_text(json.dumps({**note, "job": "another"}), encoding="utf-8")
    back = rebuilt(shop)
    assert (back.exit, back.summary["clips"], len(back.summary["unaccounted"])) == (4, 1, 2), back.err
    wait_until(lambda: shop.run().exit == 4)
    assert shop.posts() == 3
