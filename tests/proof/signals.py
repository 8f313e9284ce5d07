"""Sends SIGTERM and Ctrl-C at random moments, and holds the run to leaving soon, safely and with everything written.

    .venv/bin/python -m tests.proof.signals                        200 moments
    .venv/bin/python -m tests.proof.signals --moments 20 --seed 3

Each moment is a shop of its own whose provider answers at once, slowly, or never. Promised is: gone within two seconds
where no POST is open, within 35 where one is; nothing unconfirmed where the provider answered in time; a second Ctrl-C
leaves at once. The same command then goes on to the end, and the books are held against each other.
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

from tests.proof.books import State
from tests.proof.checker import Terms, violations
from tests.proof.shop import Shop, clip_template, finish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.proof.shop import Ended

ITEMS = 6
SOON = 2.0
LATEST = 35.0
AT_ONCE = 1.0

PROVIDERS = {
    "prompt": "",
    "slow": "{on: submit, fault: delay, seconds: 3, when: after}",
    "silent": "{on: submit, fault: silence, seconds: 3600, accepted: true, nth: 2}",
}
MIX = ("prompt",) * 12 + ("slow",) * 7 + ("silent",)
_ENDED = {signal.SIGTERM: {143, -signal.SIGTERM}, signal.SIGINT: {130, -signal.SIGINT}}
_FINISHED = {0, 1, 4}


@dataclass(kw_only=True)
class Moment:
    """One signal, or two, at one moment of one run.

    Attributes:
        after: Seconds from the start of the process to the signal.
        twice: Whether Ctrl-C is given again, half a second later.
    """

    seed: int
    provider: str
    number: signal.Signals
    after: float
    twice: bool
    shop: Shop
    found: list[str] = field(default_factory=list)
    took: float = 0.0
    exit: int = 0

    @classmethod
    def drawn(cls, seed: int, folder: Path, template: bytes) -> Moment:
        """Draw a moment from its seed."""
        rng = random.Random(seed)
        provider = rng.choice(MIX)
        number = rng.choice((signal.SIGTERM, signal.SIGINT))
        return cls(
            seed=seed,
            provider=provider,
            number=number,
            after=rng.uniform(0.05, 5.0 if provider == "slow" else 3.0),
            twice=number is signal.SIGINT and rng.random() < 0.3,
            shop=Shop(folder=folder / f"shop-{seed}", template=template, provider_folder=folder / f"provider-{seed}"),
        )

    def __str__(self) -> str:
        word = f"{self.number.name}{' twice' if self.twice else ''} after {self.after:.2f} s"
        return f"seed {self.seed} ({self.provider}, {word}) in {self.shop.folder}"

    def play(self) -> None:
        """Send the signal, look at how the run left, and let the same command go on."""
        self.shop.folder.mkdir()
        self.shop.rows(*(f"A-{number}" for number in range(ITEMS)))
        rule = PROVIDERS[self.provider]
        (self.shop.folder / "faults.yaml").write_text(f"rules: [{rule}]\n", "utf-8")
        with self.shop.simulator("--faults", str(self.shop.folder / "faults.yaml")) as url:
            self.shop.job(provider={"base_url": url}, limits={"submit_concurrency": 3})
            ended = self._signalled()
            self._check_leaving(ended)
            self._go_on()

    def _signalled(self) -> Ended:
        with self.shop.start("run", "--yes", "--json", stdin=subprocess.DEVNULL) as process:
            time.sleep(self.after)
            process.send_signal(self.number)
            sent = time.monotonic()
            if self.twice:
                time.sleep(0.5)
                process.send_signal(self.number)
                sent = time.monotonic()
            ended = finish(process)
            self.took = time.monotonic() - sent
        self.exit = ended.exit
        return ended

    def _check_leaving(self, ended: Ended) -> None:
        if "Traceback" in ended.err and ", in main" in ended.err:  # before that, it is the interpreter that begins
            self.found.append(f"a traceback: {ended.err[-3000:]}")
        if ended.exit not in _ENDED[self.number] | _FINISHED:
            self.found.append(f"exit code {ended.exit}: {ended.err[-2000:]}")
        within = AT_ONCE if self.twice else SOON if self.provider == "prompt" else LATEST
        if self.took > within:
            self.found.append(f"it took {self.took:.1f} s to leave, and {within:g} are allowed")
        if not self.shop.state.exists() or ended.exit < 0 or self.twice:
            return
        state = State.read(self.shop.state)
        if state.lost and self.provider != "silent":
            self.found.append(f"{len(state.lost)} attempts are unconfirmed, and the provider answered in time")
        stops = frozenset({143, 130})
        self.found += violations(self.shop, ended, Terms(clean=ended.exit in _FINISHED, stops=stops))

    def _go_on(self) -> None:
        ended = self.shop.run()
        wanted = {0, 4} if self.provider == "silent" or self.twice else {0}
        if ended.exit not in wanted:
            self.found.append(f"the same command went on to exit code {ended.exit}: {ended.err[-2000:]}")
        self.found += violations(self.shop, ended, Terms())


def play(seed: int, folder: Path, template: bytes) -> Moment:
    """Play a moment; its folders stay only where something was found."""
    moment = Moment.drawn(seed, folder, template)
    try:
        moment.play()
    except BaseException as error:  # noqa: BLE001 - a moment that cannot go on is a finding, not the end of the proof
        moment.found.append(f"it broke off: {error!r}")
    if not moment.found:
        shutil.rmtree(moment.shop.folder)
        shutil.rmtree(moment.shop.provider_folder)
    return moment


def prove(moments: int, first_seed: int, workers: int, folder: Path) -> list[Moment]:
    """Play all moments, a few side by side, and tell on standard error what was found."""
    template = clip_template(folder)
    with ThreadPoolExecutor(workers) as pool:
        played = []
        for moment in pool.map(lambda seed: play(seed, folder, template), range(first_seed, first_seed + moments)):
            played.append(moment)
            for what in moment.found:
                sys.stderr.write(f"{moment}: {what}\n")
    return played


def main(argv: Sequence[str] | None = None) -> int:
    """Prove it; 1 if a promise was broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--moments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so would ours
    folder = Path(tempfile.mkdtemp(prefix="signals-"))
    played = prove(arguments.moments, arguments.seed, arguments.workers, folder)
    broken = sum(bool(moment.found) for moment in played)
    for provider, allowed in (("prompt", SOON), ("slow", LATEST), ("silent", LATEST)):
        took = [m.took for m in played if m.provider == provider and not m.twice]
        if took:
            sys.stdout.write(f"{provider}: {len(took)} signals, gone after {max(took):.1f} s at most ({allowed:g})\n")
    twice = [moment.took for moment in played if moment.twice]
    if twice:
        sys.stdout.write(f"Ctrl-C twice: {len(twice)}, gone after {max(twice):.2f} s at most ({AT_ONCE:g})\n")
    exits = Counter(moment.exit for moment in played)
    sys.stdout.write(f"{len(played)} moments: {broken} broke a promise; exit codes {dict(exits)}\n")
    if not broken:
        shutil.rmtree(folder)
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
