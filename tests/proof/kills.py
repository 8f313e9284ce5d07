"""Kills runs at random moments, again and again, until all is done, and holds the books against each other.

    .venv/bin/python -m tests.proof.kills                        1,000 kills, half of them during the recovery
    .venv/bin/python -m tests.proof.kills --kills 50 --seed 7    a short run with other moments

A scene is a shop with 20 items whose provider loses the answer to a fifth of the submits, lets some predictions fail
and some downloads break. It gets a handful of kills, each followed by the same command, until that ends by itself.
Every scene has its seed, which decides where it is killed; a scene that broke a promise is kept and named.
"""

from __future__ import annotations

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.proof.books import Ledger, State
from tests.proof.checker import TERMINAL, WITH_PERSON, Terms, held_though_bought, new_exposure, violations
from tests.proof.shop import Shop, clip_template, finish

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


ITEMS = 20
CONCURRENCY = 4
KILLS_PER_SCENE = 5
RESTARTS = 3
REQUESTS = 11 * ITEMS  # what such a run sends, roughly: kills are drawn from this many places
CAPS = {"run": "14.00", "day": "40.00", "item": "0.80"}
FAULTS = (
    "{on: submit, fault: lost_answer_after_accept, probability: 0.2}",
    "{on: submit, fault: reset, when: before, probability: 0.05}",
    "{on: render, fault: error, error_code: PROVIDER_SERVER_ERROR, probability: 0.05}",
    "{on: render, fault: refused, probability: 0.03}",
    "{on: download, fault: short, probability: 0.1}",
    "{on: poll, fault: status, status: 503, probability: 0.02}",
)


@dataclass(kw_only=True)
class Scene:
    """One shop on its way through its kills."""

    seed: int
    kills: int
    recovering: bool
    shop: Shop
    found: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)

    def play(self) -> None:
        """Kill and go on until all kills are spent, then until a run ends by itself; check after each."""
        rng = random.Random(self.seed)
        self._set_up()
        with self.shop.simulator("--faults", str(self.shop.folder / "faults.yaml"), "--seed", str(self.seed)) as url:
            self.shop.job(
                provider={"base_url": url},
                limits={"submit_per_minute": 6000, "in_flight": 8, "submit_concurrency": CONCURRENCY},
                budget={f"per_{scope}_usd": float(cap) for scope, cap in CAPS.items()},
                breaker={"in_a_row": 20, "of_last_50": 50},
            )
            for number in range(self.kills):
                self._kill(rng, number)
            self._until_done()

    def _set_up(self) -> None:
        self.shop.folder.mkdir(parents=True)
        self.shop.rows(*(f"A-{number:02}" for number in range(ITEMS)))
        rules = ",\n  ".join(FAULTS)
        (self.shop.folder / "faults.yaml").write_text(f"seed: {self.seed}\nrules: [{rules}]\n", "utf-8")

    def _kill(self, rng: random.Random, number: int) -> None:
        before = State.read(self.shop.state) if self.shop.state.exists() else None
        with self.shop.start("run", "--yes", "--json", stdin=subprocess.DEVNULL) as process:
            self._wait(process, rng, resumed=number > 0)
            process.send_signal(signal.SIGKILL)
            ended = finish(process)
        self.log.append(f"kill {number + 1}: exit {ended.exit}")
        if not self.shop.state.exists() or self.shop.state.stat().st_size == 0:
            return
        try:
            state = State.read(self.shop.state)
        except Exception as error:  # noqa: BLE001 - killed while the schema was being written: nothing is there yet
            if self.shop.ledger().accepted:
                self.found.append(f"the state cannot be read after kill {number + 1}: {error}")
            return
        self.found += new_exposure(before, state, concurrency=CONCURRENCY)
        clean = ended.exit != -signal.SIGKILL
        self.found += violations(self.shop, ended, Terms(caps=CAPS, clean=clean, stops=frozenset({8})))

    def _wait(self, process: subprocess.Popen[str], rng: random.Random, *, resumed: bool) -> None:
        """Stay until the run has come as far as was drawn: so many requests further, and a moment more."""
        log = self.shop.provider_folder / "requests.jsonl"
        most = 3 * CONCURRENCY if self.recovering and resumed else REQUESTS // 2
        wanted = _lines(log) + rng.randrange(most)
        deadline = time.monotonic() + 20
        while process.poll() is None and _lines(log) < wanted and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(rng.random() * 0.03)

    def _until_done(self) -> None:
        for _ in range(RESTARTS):
            ended = self.shop.run()
            self.log.append(f"exit {ended.exit}: {ended.items}")
            state = State.read(self.shop.state)
            open_phases = {item["phase"] for item in state.items} - TERMINAL - WITH_PERSON
            held = held_though_bought(Ledger.read(self.shop.provider_folder), state)
            if not open_phases and not held:
                break
        else:
            self.found.append(f"8: {RESTARTS} restarts leave items {open_phases}, and {held} held though bought")
        self.found += violations(self.shop, ended, Terms(caps=CAPS, stops=frozenset({8})))
        self.seen = self._what_happened()

    def _what_happened(self) -> Counter[str]:
        """Count what the scene went through: a proof in which nothing was lost proves little."""
        kinds = Counter(event["kind"] for event in State.read(self.shop.state).events)
        return Counter(
            {
                "bought": len(self.shop.ledger().accepted),
                "answers lost": kinds["SubmitUnclear"],
                "found again": kinds["Adopted"],
                "clips fetched": kinds["Downloaded"],
                "held": kinds["Held"],
            }
        )


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def play(seed: int, kills: int, folder: Path, template: bytes, *, recovering: bool) -> Scene:
    """Play a scene in a folder of its own, which is removed if nothing was found."""
    place = folder / f"scene-{seed}"
    shop = Shop(folder=place, template=template, provider_folder=folder / f"provider-{seed}")
    scene = Scene(seed=seed, kills=kills, recovering=recovering, shop=shop)
    try:
        scene.play()
    except BaseException as error:  # noqa: BLE001 - a scene that cannot go on is a finding, not the end of the proof
        scene.found.append(f"the scene broke off: {error!r}")
    if not scene.found:
        shutil.rmtree(place)
        shutil.rmtree(shop.provider_folder)
    return scene


def scenes(total: int, first_seed: int) -> Iterator[tuple[int, int, bool]]:
    """Share kills out: seed, kills, and whether they come during the recovery; every other scene does."""
    seed = first_seed
    while total > 0:
        kills = min(KILLS_PER_SCENE, total)
        yield seed, kills, bool(seed % 2)
        seed, total = seed + 1, total - kills


def prove(total: int, first_seed: int, workers: int, folder: Path) -> list[Scene]:
    """Play all scenes, a few side by side, and tell on standard error how far it is."""
    template = clip_template(folder)
    done: list[Scene] = []
    start = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        work = [
            pool.submit(play, seed, kills, folder, template, recovering=recovering)
            for seed, kills, recovering in scenes(total, first_seed)
        ]
        for future in work:
            scene = future.result()
            done.append(scene)
            killed = sum(one.kills for one in done)
            broken = sum(bool(one.found) for one in done)
            sys.stderr.write(f"\r{killed} kills, {broken} scenes broken, {time.monotonic() - start:.0f} s ")
            for what in scene.found:
                sys.stderr.write(f"\nseed {scene.seed} in {scene.shop.folder}: {what}\n  {'; '.join(scene.log)}\n")
    sys.stderr.write("\n")
    return done


def main(argv: Sequence[str] | None = None) -> int:
    """Prove it; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args(argv)
    folder = Path(tempfile.mkdtemp(prefix="kills-"))
    done = prove(arguments.kills, arguments.seed, arguments.workers, folder)
    broken = [scene for scene in done if scene.found]
    killed = sum(scene.kills for scene in done)
    seen = sum((scene.seen for scene in done), Counter())
    sys.stdout.write(f"{killed} kills in {len(done)} scenes of {ITEMS} items: {len(broken)} scenes broke a promise\n")
    sys.stdout.write(", ".join(f"{what}: {count}" for what, count in seen.items()) + "\n")
    if not broken:
        shutil.rmtree(folder)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
