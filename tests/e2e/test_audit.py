"""The state against the provider's history: what agrees, what does not, and what was not read to its end."""

from __future__ import annotations

import json
import urllib.request
from typing import TYPE_CHECKING, Any

from tests.proof.shop import wait_until

if TYPE_CHECKING:
    from tests.proof.shop import Shop


def buy(url: str, prompt: str, image_url: str) -> str:
    """Buy behind the job's back: an identical POST is a second paid prediction."""
    given = {"prompt": prompt, "image_url": image_url, "aspect_ratio": "16:9", "duration": 4}
    body = json.dumps({"model": "sora-2-image-to-video", "version": "0.0.1", "input": given}).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer simulator-needs-no-key"}
    request = urllib.request.Request(f"{url}/v1/prediction", data=body, headers=headers)
    with urllib.request.urlopen(request) as answer:
        return str(json.load(answer)["predictionID"])


def test_all_agrees_after_a_run(shop: Shop) -> None:
    """Exit 0: every prediction is known, and both sides have the same sum; nothing is changed."""
    assert shop.run().exit == 0
    before = shop.state.read_bytes()
    audited = shop.command("audit", "--json")
    assert audited.exit == 0, audited.out
    found = audited.summary
    assert found["complete"] is True
    assert found["sums"]["provider"] == {"predictions": 3, "cost_usd": "1.20"}
    assert found["sums"]["state"]["settled_usd"] == "1.20"
    assert found["unknown"] == found["missing"] == found["costs"] == found["more_than_one_success"] == []
    assert shop.state.read_bytes() == before
    assert "all agrees" in shop.command("audit").out


def test_a_second_prediction_of_one_upload_is_found_and_foreign_ones_are_counted(shop: Shop) -> None:
    """Bought by somebody with our upload: more than one success. With another picture: not ours, and only counted."""
    kept = shop.faults("{on: delete, fault: status, status: 500}")  # or the second one could not read its picture
    with shop.simulator("--faults", str(shop.folder / kept["faults"])) as url:
        shop.job(provider={"base_url": url})
        assert shop.run().exit == 0
        (ours,) = [line for line in shop.ledger().accepted.values() if line["input"]["prompt"] == "push in on B-2"]
        twin = buy(url, "push in on B-2", ours["input"]["image_url"])
        buy(url, "somebody else's", "https://example.com/theirs.jpg")
        wait_until(lambda: len(shop.ledger().ended) == 5)
        audited = shop.command("audit", "--json")
        text = shop.command("audit")
    assert audited.exit == text.exit == 4, audited.err
    found = audited.summary
    assert [(one["id"], one["sku"], one["adoptable"]) for one in found["unknown"]] == [(twin, "B-2", False)]
    assert found["more_than_one_success"] == [{"sku": "B-2", "ids": [ours["id"], twin]}]
    assert found["foreign"] == 1
    assert found["sums"]["provider"] == {"predictions": 4, "cost_usd": "1.60"}
    assert found["sums"]["state"]["settled_usd"] == "1.20"
    assert twin in text.out


def test_a_lost_answer_that_is_listed_late_is_found(shop: Shop) -> None:
    """The item was held meanwhile; the audit names the prediction, and the next run adopts it."""
    shop.rows("A-1")
    rules = ("{on: submit, fault: lost_answer_after_accept}", "{on: render, fault: listed_late, seconds: 1600}")
    with shop.simulator("--faults", str(shop.folder / shop.faults(*rules)["faults"])) as url:
        shop.job(provider={"base_url": url}, reconcile={"grace": 100})
        assert shop.run().exit == 4
        wait_until(lambda: bool(shop.command("audit", "--json").summary["unknown"]))
        audited = shop.command("audit", "--json")
        assert (audited.exit, audited.summary["waiting"]) == (4, 1)
        ((one),) = audited.summary["unknown"]
        assert (one["id"], one["adoptable"]) == (next(iter(shop.ledger().accepted)), True)
        assert shop.run().exit == 0
        assert shop.command("audit").exit == 0
    assert shop.posts() == 1


def test_what_a_person_let_go_and_turns_up_late_is_found(shop: Shop) -> None:
    """The audit and the item itself say how that is taken back."""
    shop.rows("A-1")
    rules = ("{on: submit, fault: lost_answer_after_accept}", "{on: render, fault: listed_late, seconds: 1600}")
    with shop.simulator("--faults", str(shop.folder / shop.faults(*rules)["faults"])) as url:
        shop.job(provider={"base_url": url}, reconcile={"grace": 100})
        assert shop.run().exit == 4
        assert shop.command("resolve", "A-1", "--abandon").exit == 0
        wait_until(lambda: bool(shop.command("audit", "--json").summary["unknown"]))
        assert shop.command("audit", "--json").summary["unknown"][0]["adoptable"] is False
        assert "a person let it go" in shop.command("audit").out
        (prediction_id,) = shop.ledger().accepted
        assert f"resolve {shop.job_file} A-1 --adopt {prediction_id}" in shop.command("resolve", "A-1").out
        assert shop.command("resolve", "A-1", "--adopt", prediction_id).exit == 0
        assert shop.run().exit == 0
        assert shop.command("audit").exit == 0
    assert shop.posts() == 1


def test_what_the_provider_forgot_or_charges_otherwise_is_named(shop: Shop) -> None:
    """An id that answers 404 is missing; a cost that is not the state's differs."""
    with shop.simulator() as url:
        shop.job(provider={"base_url": url})
        assert shop.run().exit == 0
    lines = [json.loads(line) for line in (shop.provider_folder / "ledger.jsonl").read_text().splitlines()]
    gone, dearer = (id_of(lines, sku) for sku in ("00152", "B-2"))
    changed = [raised(line) if line["id"] == dearer else line for line in lines if line["id"] != gone]
    (shop.provider_folder / "ledger.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in changed))
    for index in shop.provider_folder.glob("*index*"):
        index.unlink()
    with shop.simulator("--port", url.rpartition(":")[2]):
        audited = shop.command("audit", "--json")
    assert audited.exit == 4, audited.err
    found = audited.summary
    assert found["missing"] == [{"sku": "00152", "id": gone}]
    assert found["costs"] == [{"id": dearer, "sku": "B-2", "state_usd": "0.40", "provider_usd": "0.50"}]


def id_of(lines: list[dict[str, Any]], sku: str) -> str:
    """Find the prediction of a SKU in a ledger."""
    (found,) = [x["id"] for x in lines if x["event"] == "accepted" and x["input"]["prompt"] == f"push in on {sku}"]
    return str(found)


def raised(line: dict[str, Any]) -> dict[str, Any]:
    """Give a line of the ledger with another cost, where it has one."""
    return {**line, "cost": "0.50"} if "cost" in line else line


def test_a_listing_that_ends_early_proves_nothing(shop: Shop) -> None:
    """Page two fails: said, and never exit 0; a provider that tells nothing at all ends with 69."""
    shop.rows("A-1")
    with shop.simulator() as url:
        shop.job(provider={"base_url": url})
        assert shop.run().exit == 0
    port = url.rpartition(":")[2]
    rules = ("{on: executions, fault: foreign, rows: 150}", "{on: executions, fault: page_fails, page: 2}")
    with shop.simulator("--port", port, "--faults", str(shop.folder / shop.faults(*rules)["faults"])):
        audited = shop.command("audit", "--json")
    assert (audited.exit, audited.summary["complete"]) == (4, False), audited.err
    assert "read to its end" in audited.summary["gaps"][0]
    assert audited.summary["missing"] == []
    down = shop.faults("{on: executions, fault: status, status: 503}")
    with shop.simulator("--port", port, "--faults", str(shop.folder / down["faults"])):
        assert shop.command("audit").exit == 69


def test_beside_a_run_nothing_is_called_unknown(shop: Shop) -> None:
    """What the run is just buying has its intent in the state; the audit takes no lock."""
    slow = shop.faults("{on: render, fault: slow_render, seconds: 2000}", "{on: submit, fault: delay, seconds: 2}")
    with shop.simulator("--faults", str(shop.folder / slow["faults"])) as url:
        shop.job(provider={"base_url": url})
        with shop.start("run", "--yes", "--json") as process:
            wait_until(lambda: len(shop.ledger().accepted) >= 2, process)
            audited = shop.command("audit", "--json")
            process.communicate()
    assert audited.summary["unknown"] == [], audited.out
    assert process.returncode == 0


def test_an_audit_needs_a_state(shop: Shop) -> None:
    """Exit 66 before the first run."""
    assert shop.command("audit").exit == 66
