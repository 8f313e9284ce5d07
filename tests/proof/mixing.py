"""Draws a mix: a small shop, some faults that strike it together, a job, and what is done with it."""

from __future__ import annotations

import random
import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.proof.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Mapping

SPEED = 1000

_SELECTORS = re.compile(r", (?:times|nth|each|match|probability|after): [^,}]+")
_SMALLER = {
    "megabytes: 100": "megabytes: 2",
    "megabytes: 200": "megabytes: 5",
    "rows: 10000": "rows: 300",
    "seconds: 2}": "seconds: 0.5}",
    "date+2": "date+1",
}
_ONCE = ("silence", "endless", "slow,")
"""Faults that take seconds, or a disk's time: each strikes once in a mix."""

_ELSEWHERE = (
    *(
        f"{{on: {on}, fault: status, status: {status}}}"
        for on in ("presign", "upload", "delete", "balance", "models")
        for status in (429, 500)
    ),
    "{on: presign, fault: html}",
    "{on: presign, fault: malformed}",
    "{on: upload, fault: reset, when: before}",
    "{on: upload, fault: status, status: 403}",
    "{on: models, fault: truncated}",
    "{on: render, fault: error, error_code: INPUT_DOWNLOAD_ERROR}",
    "{on: render, fault: error, error_code: PROVIDER_FAILED, cost: 0.2, shape: array}",
    "{on: render, fault: error, error_code: PROVIDER_AUTH_ERROR}",
    "{on: render, fault: error, error_code: SOMETHING_NEW, retryable: true, shape: object}",
    "{on: render, fault: error, error_code: EXECUTION_TIMEOUT, shape: string}",
    "{on: render, fault: slow_render, seconds: 900}",
    "{on: render, fault: listed_late, seconds: 500}",
    "{on: executions, fault: late, seconds: 500}",
)


def _pool() -> tuple[str, ...]:
    """Give every rule of the named faults without its selectors, made cheap, and some for the other calls."""
    rules = dict.fromkeys(_SELECTORS.sub("", rule) for fault in FAULTS for rule in fault.rules)
    for large, small in _SMALLER.items():
        rules = dict.fromkeys(rule.replace(large, small) for rule in rules)
    # What single polls tell of a cost stands in no ledger; what all polls of a prediction tell does.
    return (*(rule for rule in rules if "on: poll, fault: cost" not in rule), *_ELSEWHERE)


POOL = _pool()

_HIDES = ("on: executions", "unlisted", "listed_late", "fault: echo", "on: poll", "late:")
"""What may keep a lost prediction from being found."""

_CAUSES: Mapping[str, tuple[str, ...]] = {
    # Why a run may stop, by what a rule says.
    "key_refused": ("401", "403", "not_found"),
    "model_gone": ("404", "on: models", "on: balance"),  # or it is not told: nothing is bought, and all is fetched
    "defect": ("415", "422"),
    "balance": ("402",),
    "unreachable": ("on: poll", "on: presign", "on: upload"),
    "overloaded": ("429", "on: presign", "on: upload"),
    "breaker": ("on: render", "400", "413", "shape: none"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A command, and the signal that it gets so many seconds after its start."""

    command: tuple[str, ...] = ("run", "--yes", "--json")
    number: int | None = None
    after: float = 0.0
    twice: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """All that was drawn for one scene.

    Attributes:
        acts: What is done before the same command is given until all is at rest.
    """

    seed: int
    skus: tuple[str, ...]
    rules: tuple[str, ...]
    job: Mapping[str, Any]
    simulator: tuple[str, ...]
    acts: tuple[Act, ...]

    @property
    def caps(self) -> dict[str, str]:
        """Give the caps in dollars by their scope."""
        budget: Mapping[str, float] = self.job["budget"]
        return {name.removeprefix("per_").removesuffix("_usd"): f"{usd:.2f}" for name, usd in budget.items()}

    @property
    def hides(self) -> bool:
        """Say whether the provider may hide a prediction whose answer was lost."""
        return any(word in rule for rule in self.rules for word in _HIDES) or any(
            option.startswith("--lag") for option in self.simulator
        )

    def may_stop(self, cause: str) -> bool:
        """Say whether anything that was drawn is a reason to stop for this cause."""
        if cause == "money_cap":
            return bool(self.caps)
        if cause in {"item_cap", "time_cap"}:
            return True
        return any(word in rule for rule in self.rules for word in _CAUSES.get(cause, ()))


def draw(seed: int) -> Mix:
    """Draw a mix; the same seed draws the same."""
    rng = random.Random(seed)
    skus = tuple(f"A-{number}" for number in range(1, rng.randint(2, 4) + 1))
    rules = tuple(_rule(rng, skus) for _ in range(rng.randint(1, 5)))
    return Mix(seed=seed, skus=skus, rules=rules, job=_job(rng), simulator=_simulator(rng), acts=_acts(rng))


def _rule(rng: random.Random, skus: tuple[str, ...]) -> str:
    rule = rng.choice(POOL)
    if any(word in rule for word in _ONCE):
        return f"{rule[:-1]}, nth: {rng.randint(1, 3)}}}"
    selectors = [
        f"times: {rng.randint(1, 3)}",
        f"nth: {rng.randint(1, 4)}",
        f"probability: {rng.choice((0.2, 0.5, 0.8))}",
        f"each: true, times: {rng.randint(1, 2)}",
        f"after: {rng.randint(1, 3)}, times: {rng.randint(1, 3)}",
    ]
    if "on: submit" in rule or "on: render" in rule:
        selectors += [f"match: {rng.choice(skus)}", f"match: {rng.choice(skus)}, times: 1"]
    selector = rng.choice([*selectors, *selectors, ""])
    return f"{rule[:-1]}, {selector}}}" if selector else rule


def _job(rng: random.Random) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "in_flight": rng.randint(1, 4),
        "submit_concurrency": rng.randint(1, 4),
        "item_deadline": rng.choice((1500, 3000)),
    }
    if rng.random() < 0.1:
        limits["max_items"] = rng.randint(1, 3)
    budget = {}
    for scope, least, most in (("run", 1, 6), ("day", 2, 10), ("item", 1, 3)):
        if rng.random() < 0.3:
            budget[f"per_{scope}_usd"] = round(0.4 * rng.randint(least, most) + rng.choice((0, 0.1)), 2)
    return {
        "limits": limits,
        "budget": budget,
        "retries": {"attempts": rng.randint(1, 3)},
        "reconcile": {"grace": rng.choice((300, 600, 1200))},
        "breaker": rng.choice(({}, {"in_a_row": 2}, {"in_a_row": 20, "of_last_50": 50})),
    }


def _simulator(rng: random.Random) -> tuple[str, ...]:
    options: list[str] = []
    for option, values in (
        ("--lag", ("60", "200")),
        ("--concurrency", ("1", "2")),
        ("--output-ttl", ("120", "600")),
        ("--clock-skew", ("-3600", "90")),
    ):
        if rng.random() < 0.15:
            options += [f"{option}={rng.choice(values)}"]
    return tuple(options)


def _acts(rng: random.Random) -> tuple[Act, ...]:
    kind = rng.random()
    if kind < 0.35:
        return ()
    if kind < 0.6:
        collects = [
            Act(command=("collect", "--json", *rng.choice(((), ("--wait",))))) for _ in range(rng.randint(1, 2))
        ]
        return (Act(command=("submit", "--yes", "--json")), *collects)
    return tuple(_interrupted(rng) for _ in range(rng.randint(1, 2)))


def _interrupted(rng: random.Random) -> Act:
    number = rng.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT))
    command = rng.choice((Act().command, Act().command, ("submit", "--yes", "--json")))
    twice = number != signal.SIGKILL and rng.random() < 0.2
    return Act(command=command, number=number, after=rng.random() * 0.8, twice=twice)
