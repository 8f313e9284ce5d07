"""Mixes faults, kills, signals and settings at random, and holds the books against each other after every command.

    .venv/bin/python -m tests.proof.mixes                        2,000 mixes
    .venv/bin/python -m tests.proof.mixes --mixes 200 --seed 7   fewer, and others
    .venv/bin/python -m tests.proof.mixes --mixes 1 --seed 1234  one of them once more

A mix is a shop of two to four items, and a provider with one to five of the named faults at once. Its commands are
interrupted, or it is submitted and collected apart; then the same command is given until everything is at rest: ended,
waiting for a person, or stopped for a reason that was drawn. A mix that broke a promise is kept and named by its seed.
"""

from __future__ import annotations

import argparse
import queue
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proof.books import Ledger, State
from tests.proof.checker import TERMINAL, WITH_PERSON, Terms, held_though_bought, new_exposure, violations
from tests.proof.forge import Forge
from tests.proof.mixing import SPEED, Act, Mix, draw
from tests.proof.quick import QuickShop, ended
from tests.proof.shop import clip_template

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tests.proof.shop import Ended

KEY = "sk-proof-never-shown"
RESTARTS = 3
_MOST_RUNS = 9

_EXITS = {
    # What each reason to stop tells the shell, as the documentation has it.
    "sigint": 130,
    "sigterm": 143,
    "key_refused": 77,
    "model_gone": 69,
    "unreachable": 69,
    "defect": 69,
    "breaker": 69,
    "overloaded": 75,
    "money_cap": 8,
    "balance": 8,
    "time_cap": 10,
    "item_cap": 10,
}
_HALTS = frozenset({"sigint", "sigterm", "key_refused", "unreachable", "time_cap"})
_OVERDUE = "past item_deadline"


@dataclass(kw_only=True)
class Scene:
    """One mix on its way."""

    mix: Mix
    shop: QuickShop
    found: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def play(self) -> None:
        """Set it up, do what was drawn, and go on until all is at rest."""
        mix, shop = self.mix, self.shop
        shop.environment["EACHLABS_API_KEY"] = KEY
        shop.rows(*mix.skus)
        faults = shop.folder / "faults.yaml"
        faults.write_text(f"seed: {mix.seed}\nrules:\n" + "".join(f"  - {rule}\n" for rule in mix.rules), "utf-8")
        with shop.simulator("--faults", str(faults), f"--seed={mix.seed}", *mix.simulator, speed=SPEED) as url:
            shop.job(provider={"base_url": url, "speed": SPEED}, **mix.job)
            for act in mix.acts:
                self._do(act)
            self._until_rest()
        self._look_back()

    def _do(self, act: Act) -> None:
        before = self._state()
        process = self.shop.fork(*act.command)
        if act.number is not None:
            process.drain(act.after)
            process.send_signal(act.number)
            if act.twice:
                process.send_signal(act.number)
        done = ended(process)
        self.log.append(f"{act.command[0]}, {act.number} after {act.after:.2f} s: exit {done.exit}")
        self.seen["interrupted"] += act.number is not None
        if done.exit == -signal.SIGKILL and (after := self._state()) is not None:
            self.found += new_exposure(before, after, concurrency=self.mix.job["limits"]["submit_concurrency"])
        # `submit`, and `collect` that does not wait, leave what renders to a later call, and that is no finding.
        leaves = "run" not in act.command and "--wait" not in act.command
        self._check(done, whole=act.number is None and not leaves)

    def _state(self) -> State | None:
        """Read the state; None where a kill came before there was one."""
        try:
            return State.read(self.shop.state)
        except Exception:  # killed while the schema was being written
            if self.shop.ledger().accepted:
                raise
            return None

    def _check(self, done: Ended, *, whole: bool) -> None:
        """Hold the books against each other.

        Args:
            whole: Whether the command was to bring everything to its end.
        """
        if "Traceback" in done.err or done.exit == 70 or (done.exit < 0 and done.exit != -signal.SIGKILL and whole):
            self.found.append(f"it ended with {done.exit}: {done.err}")
        if self._state() is None:
            return
        causes = self._causes(done)
        allowed = {_EXITS[cause] for cause in causes}
        if not whole:
            allowed |= {0, 4, 130, 143}
        if _OVERDUE in done.err or not done.out:
            allowed |= {4, 69, 77} if not done.out else {4}
        allowed.discard(0) if whole else None
        clean = bool(done.out) and done.exit >= 0
        terms = Terms(
            attempts=self.mix.job["retries"]["attempts"],
            caps=self.mix.caps,
            key=KEY,
            clean=clean,
            stops=frozenset(allowed),
        )
        found = violations(self.shop, done, terms)
        if _HALTS & set(causes):  # the next run finds the clip that was put in its place at that moment
            found = [what for what in found if not what.endswith("belongs to no item that is done")]
        self.found += found

    def _causes(self, done: Ended) -> list[str]:
        """Give the reasons for which a command stopped; one that nothing drawn explains is a finding."""
        if not done.out:
            return []
        causes = [stop["cause"] for stop in done.summary["stopped"]]
        for cause in causes:
            if cause not in {"sigint", "sigterm"} and not self.mix.may_stop(cause):
                self.found.append(f"it stopped for a reason that nobody gave: {cause}: {done.err}")
        return causes

    def _until_rest(self) -> None:
        """Give the same command until nothing moves any more."""
        idle, before = 0, None
        for _ in range(_MOST_RUNS):
            done = self.shop.run()
            self.log.append(f"run: exit {done.exit}")
            self._check(done, whole=True)
            state = self._state()
            phases = [item["phase"] for item in state.items] if state else ["planned"]
            moving = set(phases) - TERMINAL - WITH_PERSON
            if not moving and not self._findable(state):
                return
            excused = not done.out or bool(done.summary["stopped"]) or _OVERDUE in done.err
            idle += not excused
            if idle > RESTARTS:
                break
            if excused and phases == before:  # stopped twice at the same place, for a reason that stays
                return
            before = phases
        self.found.append(f"8: items are {phases} after {idle} restarts: {done.err}")

    def _findable(self, state: State | None) -> bool:
        """Say whether something is held that the provider's history shows."""
        if state is None or self.mix.hides:
            return False
        return held_though_bought(Ledger.read(self.shop.provider_folder), state) > 0

    def _look_back(self) -> None:
        """Count what the mix went through: a proof in which nothing happened proves little."""
        state, ledger = self._state(), Ledger.read(self.shop.provider_folder)
        self.seen["struck"] = sum(len(request.get("faults", ())) for request in ledger.requests)
        self.seen["bought"] = len(ledger.accepted)
        if state is not None:
            kinds = Counter(event["kind"] for event in state.events)
            for kind in ("SubmitUnclear", "Adopted", "Held", "Failed", "Missed", "Downloaded", "DownloadFailed"):
                self.seen[kind] = kinds[kind]


def play(seed: int, folder: Path, template: bytes, forge: Forge) -> Scene:
    """Play a mix in a folder of its own, which is removed if nothing was found."""
    place = folder / f"mix-{seed}"
    place.mkdir(parents=True)
    shop = QuickShop(folder=place / "shop", template=template, provider_folder=place / "provider", forge=forge)
    shop.folder.mkdir()
    _lend(folder / "lent", shop)
    scene = Scene(mix=draw(seed), shop=shop)
    try:
        scene.play()
    except BaseException as error:  # noqa: BLE001 - a mix that cannot go on is a finding, not the end of the proof
        scene.found.append(f"it broke off: {error!r}")
    if not scene.found:
        shutil.rmtree(place)
    return scene


def _lend(lent: Path, shop: QuickShop) -> None:
    """Give a shop pictures and frames that an earlier one has made."""
    if lent.exists():
        shutil.copytree(lent / "cache", shop.out / "cache")
        for picture in lent.glob("*.png"):
            shutil.copy(picture, shop.folder)


def _prepare(folder: Path, template: bytes) -> None:
    """Let a shop without faults draw all pictures and make all frames."""
    with Forge() as forge:
        shop = QuickShop(folder=folder / "first", template=template, provider_folder=folder / "first-p", forge=forge)
        shop.folder.mkdir()
        shop.rows("A-1", "A-2", "A-3", "A-4")
        with shop.simulator(speed=SPEED) as url:
            shop.job(provider={"base_url": url, "speed": SPEED})
            assert shop.run().exit == 0
    shutil.copytree(shop.out / "cache", folder / "lent" / "cache")
    for picture in shop.folder.glob("*.png"):
        shutil.copy(picture, folder / "lent")


def prove(seeds: Iterable[int], workers: int, folder: Path) -> Iterator[Scene]:
    """Play mixes, a few side by side, and give each when it is over."""
    template = clip_template(folder)
    _prepare(folder, template)
    forges: queue.SimpleQueue[Forge] = queue.SimpleQueue()

    def one(seed: int) -> Scene:
        forge = forges.get()
        try:
            return play(seed, folder, template, forge)
        finally:
            forges.put(forge)

    with ExitStack() as stack, ThreadPoolExecutor(workers) as pool:
        for _ in range(workers):
            forges.put(stack.enter_context(Forge()))
        yield from pool.map(one, seeds)


def main(argv: Sequence[str] | None = None) -> int:
    """Prove it; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mixes", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4, help="mixes at once; most of their time is waiting")
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so would ours
    folder = Path(tempfile.mkdtemp(prefix="mixes-"))
    start, broken, seen = time.monotonic(), 0, Counter[str]()
    seeds = range(arguments.seed, arguments.seed + arguments.mixes)
    for number, scene in enumerate(prove(seeds, arguments.workers, folder), start=1):
        broken += bool(scene.found)
        seen += scene.seen
        if scene.found:
            story = "\n  ".join([*scene.mix.rules, *scene.log, *dict.fromkeys(scene.found)])
            sys.stderr.write(f"\nseed {scene.mix.seed} in {scene.shop.folder}:\n  {story}\n")
        elif sys.stderr.isatty() or number % 100 == 0:
            sys.stderr.write(f"\r{number} mixes, {broken} broken, {time.monotonic() - start:.0f} s ")
    sys.stdout.write(f"\n{arguments.mixes} mixes in {time.monotonic() - start:.0f} s: {broken} broke a promise\n")
    sys.stdout.write(", ".join(f"{what}: {count}" for what, count in seen.items()) + "\n")
    if not broken:
        shutil.rmtree(folder)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
