"""What a fault is and what it has to lead to; plays it with the real commands, and the checker after each."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.proof.books import Ledger, State
from tests.proof.checker import Terms, violations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.proof.quick import QuickShop
    from tests.proof.shop import Ended

STOPS = frozenset({8, 10, 69, 75, 77})
"""Exit codes of runs that were stopped before all was done, and say nothing of the items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What one run has to come to.

    Attributes:
        items: The counts that are not zero.
        says: What stands in its messages.
        unfinished: Whether it leaves items to the next run although nothing stopped it: those past their deadline.
        after: Seconds before it begins.
        command: The command, `run` or another one.
    """

    exit: int = 0
    items: Mapping[str, int] = field(default_factory=lambda: {"done": 1})
    says: tuple[str, ...] = ()
    unfinished: bool = False
    after: float = 0.0
    command: tuple[str, ...] = ("run", "--yes", "--json")

    @property
    def stops(self) -> frozenset[int]:
        """Give the exit codes that do not follow from the items."""
        return frozenset({self.exit}) if self.unfinished or self.exit in STOPS else frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way in which the provider misbehaves, and all that may come of it.

    Attributes:
        rules: Of the simulator's faults file.
        skus: The items, in the manifest's order.
        job: Keys of the job to change.
        simulator: Further options of the simulator.
        speed: How much time is compressed.
        environment: Further variables of the commands.
        by_name: Whether the provider is called by a name, so that there is something to look up.
        runs: What each run comes to; the second is the same command again.
        bought: How often each item was accepted, in the end.
        posts: How many requests for a prediction were sent; None: as many as were accepted.
        events: How often some events stand in the log, in the end.
        money: Settled, reserved and possibly charged, in the end.
        pause: Seconds that lie at least between the first two requests for a prediction.
        pause_most: Seconds that lie at most between them.
    """

    name: str
    rules: tuple[str, ...] = ()
    skus: tuple[str, ...] = ("A-1",)
    job: Mapping[str, Any] = field(default_factory=dict)
    simulator: tuple[str, ...] = ()
    speed: int = 400
    environment: Mapping[str, str] = field(default_factory=dict)
    by_name: bool = False
    runs: tuple[Ending, ...] = (Ending(),)
    bought: tuple[int, ...] = (1,)
    posts: int | None = None
    events: Mapping[str, int] = field(default_factory=dict)
    money: tuple[str, str, str] | None = ("0.40", "0.00", "0.00")
    pause: float = 0.0
    pause_most: float = 60.0


def play(fault: Fault, shop: QuickShop) -> list[str]:
    """Play a fault to its end and list all that is not as it has to be."""
    shop.rows(*fault.skus)
    shop.environment |= fault.environment
    (shop.folder / "faults.yaml").write_text(f"seed: 1\nrules: [{', '.join(fault.rules)}]\n", "utf-8")
    options = ("--faults", str(shop.folder / "faults.yaml"), *fault.simulator)
    with shop.simulator(*options, speed=fault.speed) as url:
        address = url.replace("127.0.0.1", "localhost") if fault.by_name else url
        shop.job(**fault.job, provider={"base_url": address, "speed": fault.speed})
        found: list[str] = []
        for number, ending in enumerate(fault.runs, start=1):
            time.sleep(ending.after)
            ended = shop.command(*ending.command)
            found += [f"run {number}: {what}" for what in _differences(shop, ended, ending)]
    return [*found, *_in_the_end(fault, shop, ended)]


def _differences(shop: QuickShop, ended: Ended, ending: Ending) -> list[str]:
    if "Traceback" in ended.err or ended.exit == 70 or not ended.out:
        return [f"it ended with {ended.exit}: {ended.out}{ended.err}"]
    found = []
    if ended.exit != ending.exit:
        found.append(f"the exit code is {ended.exit}, not {ending.exit}")
    if ended.items != ending.items:
        found.append(f"the items are {ended.items}, not {ending.items}")
    found += [f"it does not say: {text}" for text in ending.says if text not in ended.err]
    found += violations(shop, ended, Terms(stops=ending.stops))
    return [*found, ended.err] if found else []


def _in_the_end(fault: Fault, shop: QuickShop, last: Ended) -> list[str]:
    ledger = Ledger.read(shop.provider_folder)
    bought = Counter(str(line["input"]["prompt"]).rpartition(" ")[2] for line in ledger.accepted.values())
    counts = tuple(bought[sku] for sku in fault.skus)
    found = []
    if counts != fault.bought:
        found.append(f"{fault.skus} were bought {counts} times, not {fault.bought}")
    posts = sum(fault.bought) if fault.posts is None else fault.posts
    if len(ledger.posts) != posts:
        found.append(f"{len(ledger.posts)} requests were sent, not {posts}")
    money = tuple(last.cost(word) for word in ("settled", "reserved", "possibly_charged"))
    if fault.money is not None and money != fault.money:
        found.append(f"settled, reserved and possibly charged are {money}, not {fault.money}")
    kinds = Counter(event["kind"] for event in State.read(shop.state).events)
    found += [f"{kinds[kind]} x {kind}, not {count}" for kind, count in fault.events.items() if kinds[kind] != count]
    return found + _paused(fault, [post["time"] for post in ledger.posts])


def _paused(fault: Fault, times: Sequence[float]) -> list[str]:
    if fault.pause_most == 60 and not fault.pause:
        return []
    pause = times[1] - times[0]
    if fault.pause <= pause <= fault.pause_most:
        return []
    return [f"{pause:.2f} s lie between the first two requests, not {fault.pause} to {fault.pause_most}"]
