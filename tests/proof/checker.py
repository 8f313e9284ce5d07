"""Holds ledger, state, files and report against each other: ten promises, each a function that lists what breaks it.

Nothing here comes from the program under test: the retry table, the order of events and the exit codes are written down
once more, from the contract and the documentation.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from tests.proof.books import LOST, Ledger, State, micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tests.proof.books import Row
    from tests.proof.shop import Ended, Shop

WITH_PERSON = frozenset({"unconfirmed", "held", "missing", "uncollected"})
TERMINAL = frozenset({"done", "failed", "refused", "cancelled", "rejected", "abandoned"})
_TO_BE_COLLECTED = frozenset({"running", "rendered"})

_HIGHEST_COST = Decimal(1_000_000_000)  # dollars

_ALWAYS_AGAIN = frozenset(
    {
        "PROVIDER_RATE_LIMIT",
        "PROVIDER_SERVER_ERROR",
        "NETWORK_ERROR",
        "WORKER_LOST",
        "EXECUTION_TIMEOUT",
        "PUBLISH_FAILED",
    }
)
_ONCE_AGAIN = frozenset({"INPUT_DOWNLOAD_ERROR", "PROVIDER_FAILED", "PROVIDER_AUTH_ERROR", "PIPELINE_CONFIG_ERROR"})

_DECISIONS = frozenset({"AdoptedByHand", "NotCharged", "Abandoned"})

_FOLLOWS: Mapping[str, frozenset[str]] = {
    # What may stand behind an event of the same item; "" is the beginning of its log.
    "": frozenset({"Intended", "PictureRejected", "Restored"}),
    "Restored": frozenset({"Rendered", "Failed", "Cancelled", "Missed"}),
    "PictureRejected": frozenset(),
    "Intended": frozenset({"SubmitAccepted", "SubmitDenied", "SubmitNotSent", "SubmitUnclear"}),
    "SubmitAccepted": frozenset({"Rendered", "Failed", "Cancelled", "Missed", "Disowned"}),
    "SubmitDenied": frozenset({"Intended", "PictureRejected"}),
    "SubmitNotSent": frozenset({"Intended", "PictureRejected"}),
    "SubmitUnclear": frozenset({"Adopted", "LookedUp", "Held", *_DECISIONS}),
    "Disowned": frozenset({"Adopted", "LookedUp", "Held", *_DECISIONS}),
    "LookedUp": frozenset({"Adopted", "LookedUp", "Held", *_DECISIONS}),
    "Held": frozenset({"Adopted", "LookedUp", *_DECISIONS}),
    "Adopted": frozenset({"Rendered", "Failed", "Cancelled", "Missed"}),
    "Missed": frozenset({"Found", "Rendered", "Failed", "Cancelled", "Disowned", *_DECISIONS}),
    "AdoptedByHand": frozenset({"Rendered", "Failed", "Cancelled", "Missed"}),
    "NotCharged": frozenset({"Intended", "PictureRejected", "AdoptedByHand"}),
    "Abandoned": frozenset({"AdoptedByHand"}),
    "Found": frozenset({"Rendered", "Failed", "Cancelled", "Missed", "Disowned"}),
    "Rendered": frozenset({"CostSettled", "CostUnknown", "Downloaded", "DownloadFailed"}),
    "CostSettled": frozenset({"Downloaded", "DownloadFailed", "CostSettled", "CostUnknown"}),
    "CostUnknown": frozenset({"Downloaded", "DownloadFailed", "CostSettled", "CostUnknown"}),
    "DownloadFailed": frozenset(
        {"Downloaded", "DownloadFailed", "CostSettled", "CostUnknown", "NotCharged", "Abandoned"}
    ),
    "Downloaded": frozenset({"CostSettled", "CostUnknown"}),
    "Failed": frozenset({"Intended", "PictureRejected"}),
    "Cancelled": frozenset(),
}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What the job allows, as far as the promises depend on it.

    Attributes:
        caps: Dollars by `run`, `day` and `item`, where there is a cap.
        key: The API key, which must be found nowhere; empty where there is none.
        clean: Whether the last command came to its end by itself: only then may nothing be left half-done.
        stops: Exit codes that the scenario itself asks for, beside those that follow from the items.
    """

    attempts: int = 2
    caps: Mapping[str, str] = field(default_factory=dict)
    key: str = ""
    clean: bool = True
    stops: frozenset[int] = frozenset()


def violations(shop: Shop, last: Ended, terms: Terms) -> list[str]:
    """List everything that breaks a promise; empty where all is well."""
    if not shop.state.exists():
        ledger = Ledger.read(shop.provider_folder)
        return ["2: something was bought and there is no state"] if ledger.accepted else []
    ledger, state = Ledger.read(shop.provider_folder), State.read(shop.state)
    found = [
        *_one_post_per_attempt(ledger, state),
        *_further_attempts_are_allowed(ledger, state, terms),
        *_successes_are_kept(ledger, state, terms),
        *_forward_only(state),
        *_settled_as_told(ledger, state, terms),
        *_takes(state),
        *_sums(state),
        *_caps(state, terms),
        *_key_is_nowhere(shop, last, terms),
    ]
    if terms.clean:
        found += [*_files(shop, ledger, state), *_at_rest(state), *_exit_code(state, last, terms)]
        found += _report(shop, state)
    return found


def _one_post_per_attempt(ledger: Ledger, state: State) -> Iterator[str]:
    for url, count in Counter(post.get("image_url") for post in ledger.posts).items():
        if url and count > 1:
            yield f"1: {count} requests were sent for the upload {url}"
    for upload, count in Counter(line["upload_id"] for line in ledger.accepted.values()).items():
        if count > 1:
            yield f"1: {count} predictions were made of the upload {upload}"
        if upload not in state.by_upload:
            yield f"1: a prediction was bought for the upload {upload}, of which the state knows nothing"


def _further_attempts_are_allowed(ledger: Ledger, state: State, terms: Terms) -> Iterator[str]:
    """Go through each item's purchases in the order of the ledger."""
    position = {(line["event"] == "accepted", line["id"]): n for n, line in enumerate(ledger.lines)}
    for item_id, bought in _purchases(ledger, state).items():
        sku = state.by_item[item_id]["sku"]
        if len(bought) > terms.attempts:
            yield f"1: {sku} was bought {len(bought)} times, and {terms.attempts} are allowed"
        codes: list[str] = []
        for earlier, later in itertools.pairwise(bought):
            end = ledger.ended.get(earlier)
            if end is None or position[False, earlier] > position[True, later]:
                yield f"1: {sku} was bought again while {earlier} had not ended"
            elif end["status"] != "error":
                yield f"1: {sku} was bought again after {earlier} ended with {end['status']}"
            elif not _may_be_bought_again(end["ending"], codes):
                yield f"1: {sku} was bought again after {end['ending']['error_code']}, which is not allowed"
    for before, after in _neighbours(state.attempts):
        if before["state"] in {*LOST, "accepted", "missing", "succeeded"}:
            yield f"1: attempt {after['number']} of item {after['item_id']} stands behind one that is {before['state']}"


def _neighbours(attempts: Iterable[Row]) -> Iterator[tuple[Row, Row]]:
    before: Row | None = None
    for attempt in attempts:
        if before is not None and before["item_id"] == attempt["item_id"]:
            yield before, attempt
        before = attempt


def _purchases(ledger: Ledger, state: State) -> Mapping[int, list[str]]:
    bought: dict[int, list[str]] = defaultdict(list)
    for line in ledger.accepted.values():
        if line["upload_id"] in state.by_upload:
            bought[state.by_upload[line["upload_id"]]["item_id"]].append(line["id"])
    return bought


def _may_be_bought_again(ending: Row, codes: list[str]) -> bool:
    code = ending["error_code"] or ""
    earlier, codes[:] = list(codes), [*codes, code]
    if code == "PROVIDER_REJECTED" or "_block" in (ending["provider_error_code"] or ""):
        return False
    if code in _ALWAYS_AGAIN:
        return True
    if code in _ONCE_AGAIN:
        return code not in earlier
    return not code and bool(ending["retryable"])


def _successes_are_kept(ledger: Ledger, state: State, terms: Terms) -> Iterator[str]:
    for id_, end in ledger.ended.items():
        attempt = state.by_upload.get(ledger.accepted[id_]["upload_id"])
        if end["status"] != "success" or attempt is None:
            continue
        item = state.by_item[attempt["item_id"]]
        where = f"{item['sku']} ({id_})"
        if item["phase"] == "done":
            yield from _right_clip(item, end, where)
        elif item["phase"] in {"planned", "cancelled", "rejected", "refused"}:
            yield f"2: {where} was made, and its item is {item['phase']}"
        elif item["phase"] == "failed" and attempt["code"] != "NO_OUTPUT":
            yield f"2: {where} was made, and its item is failed ({attempt['code']})"
        elif terms.clean and item["phase"] not in WITH_PERSON | TERMINAL and not terms.stops:
            yield f"2: {where} was made, and nobody is told of it: {item['phase']}"


def _right_clip(item: Row, end: Row, where: str) -> Iterator[str]:
    clip = json.loads(item["clip"])
    if clip["sha256"] != end["clip_sha256"]:
        yield f"2: the clip of {where} is another one than the provider made"


def _files(shop: Shop, ledger: Ledger, state: State) -> Iterator[str]:
    expected: dict[Path, str] = {}
    for item in state.items:
        if item["phase"] == "done":
            clip = json.loads(item["clip"])
            path = shop.out / clip["path"]
            expected[path] = clip["sha256"]
            if not path.with_name(f"{path.name}.json").is_file():
                yield f"3: the note beside {path} is missing"
    made = {end["clip_sha256"] for end in ledger.ended.values()}
    for path, sha256 in expected.items():
        actual = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
        if actual != sha256 or actual not in made:
            yield f"3: {path} is {actual}, and the state says {sha256}"
    for path in shop.leftovers():
        yield f"3: {path} was left half-done"
    # A killed run may have fetched a clip and not yet said so: it lies whole under its item's own name until somebody
    # collects, which `submit` does not.
    waiting = {shop.out / item["name"] for item in state.items if item["name"] and item["phase"] in _TO_BE_COLLECTED}
    for path in set(shop.clips()) - set(expected):
        if path not in waiting or hashlib.sha256(path.read_bytes()).hexdigest() not in made:
            yield f"3: {path} belongs to no item"


def _forward_only(state: State) -> Iterator[str]:
    last: dict[int, Row] = {}
    for event in state.events:
        before = last.get(event["item_id"])
        kind = "" if before is None else before["kind"]
        number = 0 if before is None else before["attempt"]
        if event["kind"] not in _FOLLOWS[kind]:
            yield f"4: {event['kind']} of item {event['item_id']} stands behind {kind or 'nothing'}"
        if event["attempt"] != number + (event["kind"] in {"Intended", "Restored"}):
            yield f"4: attempt {event['attempt']} of item {event['item_id']} stands behind {number}"
        last[event["item_id"]] = event


def _settled_as_told(ledger: Ledger, state: State, terms: Terms) -> Iterator[str]:
    for attempt in state.attempts:
        end = ledger.ended.get(attempt["prediction_id"] or "")
        if end is None or attempt["state"] not in {"succeeded", "failed", "refused", "cancelled"}:
            continue
        told = _told(end)
        if attempt["settled"] is None and not attempt["unsettled"] and terms.clean and not terms.stops:
            yield f"5: nobody says what {attempt['prediction_id']} cost"
        if attempt["settled"] is None or told is None:
            if told is not None and attempt["unsettled"]:
                yield f"5: {attempt['prediction_id']} cost {told}, and the state calls that unknown"
            if attempt["settled"] is not None:
                yield f"5: the cost of {attempt['prediction_id']} is unknown, and the state says {attempt['settled']}"
        elif attempt["settled"] != micros(told):
            yield f"5: {attempt['prediction_id']} cost {told}, and the state says {attempt['settled']}"


def _told(end: Row) -> Decimal | None:
    """Give the cost that the provider told, if it is one: a number that could be a price, and above zero for a clip.

    A text is none, even if it looks like one: the contract has a number there, and who sends something else has not
    said what he charged. Neither is a sum that nobody could be charged, which a fault or a broken provider tells.
    """
    told = end.get("cost_told")
    if isinstance(told, str):
        return None
    cost = Decimal(end["cost"]) if told is None else Decimal(str(told))
    if not 0 <= cost <= _HIGHEST_COST or (end["status"] == "success" and not cost):
        return None
    return cost


def money_of(attempt: Row) -> tuple[int, int, int, int]:
    """Give an attempt's part in the four numbers: estimated, reserved, settled, possibly charged; micro-dollars."""
    if attempt["state"] in {"not_accepted", "not_sent", "not_charged"}:
        return 0, 0, 0, 0
    estimate = attempt["estimate"]
    twice = estimate * len(json.loads(attempt["duplicates"]))
    if attempt["settled"] is not None:
        return estimate, 0, attempt["settled"], twice
    return (estimate, 0, 0, estimate + twice) if attempt["unsettled"] else (estimate, estimate, 0, twice)


def _takes(state: State) -> Iterator[str]:
    """A further take follows one that is there, and has its place in the plan alone."""
    keys = {item["key"] for item in state.items}
    made_by = {(one["sku"], one["variant"], one["aspect"], one["take"]): one["replaced"] for one in state.overrides}
    places: Counter[tuple[str, int, str]] = Counter()
    for item in state.items:
        place = (item["sku"], item["variant"], item["aspect"])
        places[place] += item["planned"]
        if item["take"] and item["accepted"] and made_by.get((*place, item["take"])) not in keys:
            yield f"1: {item['sku']} was bought as take {item['take']}, and nobody asked for it"
    for (sku, *_), count in places.items():
        if count > 1:
            yield f"1: {count} takes of {sku} are wanted at once"


def _sums(state: State) -> Iterator[str]:
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for attempt in state.attempts:
        if attempt["state"] in LOST and money_of(attempt)[1] != attempt["estimate"]:
            yield f"6: the money of attempt {attempt['number']} of item {attempt['item_id']} is not reserved"
        for scope in ("all", f"run:{attempt['run_id']}", f"day:{attempt['day']}"):
            sums[scope] = [a + b for a, b in zip(sums[scope], money_of(attempt), strict=True)]
    for scope in sums.keys() | state.purse.keys():
        purse = state.purse.get(scope, {})
        kept = [purse.get(word, 0) for word in ("estimated", "reserved", "settled", "possibly")]
        if kept != sums[scope]:
            yield f"6: {scope} holds {kept}, and its attempts make {sums[scope]}"


def _caps(state: State, terms: Terms) -> Iterator[str]:
    """Go through the event log with sums of our own: no intent was written that a cap forbids."""
    caps = {scope: micros(dollars) for scope, dollars in terms.caps.items()}
    held: dict[tuple[int, int], int] = {}
    scopes: dict[tuple[int, int], tuple[str, ...]] = {}
    for event in state.events:
        which, data = (event["item_id"], event["attempt"]), json.loads(event["data"])
        match event["kind"]:
            case "Intended":
                held[which] = data["estimate"]
                scopes[which] = (f"run:{data['run_id']}", f"day:{data['day']}", f"item:{event['item_id']}")
                for scope in scopes[which]:
                    total = sum(money for other, money in held.items() if scope in scopes.get(other, ()))
                    cap = caps.get(scope.partition(":")[0])
                    if cap is not None and total > cap:
                        yield f"9: event {event['id']} brought {scope} to {total}, over its cap of {cap}"
            case "SubmitDenied" | "SubmitNotSent" | "NotCharged":
                held[which] = 0
            case "Rendered" | "CostSettled" | "Cancelled" | "Failed" if data.get("cost") is not None:
                held[which] = data["cost"]


def _key_is_nowhere(shop: Shop, last: Ended, terms: Terms) -> Iterator[str]:
    if not terms.key:
        return
    if terms.key in last.out + last.err:
        yield "7: the key was printed"
    for path in shop.folder.rglob("*"):
        if path.is_file() and terms.key.encode() in path.read_bytes():
            yield f"7: the key stands in {path}"


def _at_rest(state: State) -> Iterator[str]:
    for item in state.items:
        if item["phase"] == "submitting":
            yield f"8: {item['sku']} is {item['phase']} after the end"


def _exit_code(state: State, last: Ended, terms: Terms) -> Iterator[str]:
    replaced = {one["replaced"] for one in state.overrides}
    phases = {item["phase"] for item in state.items if item["key"] not in replaced}
    expected = 0
    if phases & {"failed", "refused", "cancelled", "rejected"}:
        expected = 1
    if phases & WITH_PERSON or any(attempt["duplicates"] != "[]" for attempt in state.attempts):
        expected = 4
    if last.exit != expected and last.exit not in terms.stops:
        yield f"10: the exit code is {last.exit}, and the items make it {expected}: {last.err[-2000:]}"


def _report(shop: Shop, state: State) -> Iterator[str]:
    report = json.loads((shop.out / "report" / "report.json").read_text("utf-8"))
    shown = {item["key"]: item for item in report["items"]}
    for item in state.items:
        # Of a plan that was interrupted while it was written down nothing was bought, and there is nothing to report.
        if item["phase"] == "rejected" or not item["reported"]:
            continue
        view = shown.get(item["key"])
        if view is None:
            yield f"2: the report does not know {item['sku']}"
        elif view["phase"] != item["phase"]:
            yield f"2: the report calls {item['sku']} {view['phase']}, and it is {item['phase']}"
        elif item["phase"] in WITH_PERSON and not view["advice"]:
            yield f"2: the report does not say what to do about {item['sku']}"


def new_exposure(before: State | None, after: State, *, concurrency: int) -> list[str]:
    """Hold a kill to what it may leave: no more attempts of unknown fate than submits that may be open.

    An attempt whose answer the provider has lost was unconfirmed before the kill, which adds nothing to that.
    """
    new = after.intended - (before.lost if before else set())
    return [f"6: one kill left {len(new)} attempts of unknown fate"] if len(new) > concurrency else []


def held_though_bought(ledger: Ledger, state: State) -> int:
    """Count attempts that wait for a person although the provider's history shows what became of them."""
    bought = {line["upload_id"] for line in ledger.accepted.values()}
    return sum(attempt["state"] == "held" and attempt["upload_id"] in bought for attempt in state.attempts)
