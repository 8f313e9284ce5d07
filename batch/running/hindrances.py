"""What keeps an item from being bought: never sent, turned down, or beyond a cap; whom that stops, and for how long."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.ending import Cause
from batch.core.money import format_usd, from_micros
from batch.core.prediction import Denial, NotAccepted, NotSent

if TYPE_CHECKING:
    from batch.running.desk import Desk
    from batch.running.feed import Feed
    from batch.running.reconciler import Reconciler
    from batch.running.watch import Watch
    from batch.store.changes import CapReached
    from batch.store.queries import Article

_MOST_TROUBLE = 6
_BALANCE_TRIES = 3
_MOST_FULL = 10


@dataclass(slots=True, kw_only=True)
class Trouble:
    """Calls of one kind that got nowhere, one after the other; `since` is on the clock's ticks."""

    count: int = 0
    since: float = 0.0

    def pause_after(self, desk: Desk) -> float | None:
        """Count a call that got nowhere, and give the pause after it; None when that has gone on for too long.

        Several buyers fail at the same time, so that their number alone says little.
        """
        timing, now = desk.timing, desk.clock.ticks()
        if not self.count:
            self.since = now
        self.count += 1
        if self.count >= _MOST_TROUBLE and now - self.since >= timing.missing_after:
            return None
        return timing.trouble_pause * min(10.0, 2.0 ** min(self.count - 1, 4))


class Hindrances:
    """Keeps count of what the provider turns down, and of what never reaches it, over all buyers."""

    def __init__(self, desk: Desk, feed: Feed, watch: Watch, reconciler: Reconciler) -> None:
        self._desk = desk
        self._feed = feed
        self._watch = watch
        self._reconciler = reconciler
        self._unsent = Trouble()  # counted apart from uploads, which may well go through in between
        self._full = 0
        self._balance_tries = 0

    def none(self) -> None:
        """Note that the provider has accepted something."""
        self._unsent.count = self._full = self._balance_tries = 0

    def not_sent(self, article: Article, outcome: NotSent) -> None:
        """Try again later what never left, or stop when nothing has left for too long."""
        desk = self._desk
        pause = self._unsent.pause_after(desk)
        if pause is None:
            hint = "run the same command again later; nothing is lost"
            desk.stop(Cause.UNREACHABLE, f"the provider cannot be reached: {outcome.message}", hint)
        self._feed.put_back(article.item_id, pause or 0.0)

    def denied(self, article: Article, outcome: NotAccepted) -> None:
        """Do what the provider's reason asks for: give the item up, pause, wait, or stop."""
        desk = self._desk
        said = f"{article.sku}: the provider answered {outcome.http_status} ({outcome.message})"
        match outcome.denial:
            case Denial.BAD_INPUT:
                desk.watcher.note(said)
                desk.verdict(failed=True)  # it costs nothing, and must not use up a whole catalogue
                return
            case Denial.TOO_MANY:
                self._too_many(said, outcome.retry_after or 0.0)
            case Denial.BALANCE:
                self._no_balance(said)
            case Denial.KEY:
                desk.stop(Cause.KEY_REFUSED, said, "check EACHLABS_API_KEY")
            case Denial.FORBIDDEN:
                desk.stop(Cause.KEY_REFUSED, said, "this key may not use this model or this API")
            case Denial.MODEL_GONE:
                desk.stop(Cause.MODEL_GONE, said, "choose another `model:`; `sora-batch doctor` lists them")
            case Denial.OUR_DEFECT:
                desk.stop(Cause.DEFECT, said, "nothing was bought; please report this, with the message above")
        self._feed.put_back(article.item_id)

    @property
    def _may_settle(self) -> bool:
        """Whether anything of ours is running, or may be: its end frees what it holds."""
        return self._watch.running > 0 or self._reconciler.waiting > 0

    def _too_many(self, said: str, retry_after: float) -> None:
        """Pause. With nothing of ours in flight others fill the account, and no end of ours will ever make room."""
        desk = self._desk
        desk.gate.lower()
        if not (self._may_settle or desk.gate.paused):
            self._full += 1
        if self._full >= _MOST_FULL:
            desk.stop(Cause.OVERLOADED, said, "run the same command again later; nothing is lost")
            return
        pause = max(desk.timing.cooldown, min(retry_after, desk.timing.longest_pause))
        desk.gate.pause(pause)
        desk.watcher.note(f"{said}; submitting pauses for {pause:.0f} s")

    def _no_balance(self, said: str) -> None:
        """Wait until something of ours settles; with nothing in flight, one cooldown each for three tries."""
        desk = self._desk
        if self._may_settle:
            desk.gate.wait_for_settling()
            desk.watcher.note(f"{said}; submitting goes on when something of ours has settled")
            return
        if desk.gate.paused:  # sent before the pause began: no further try
            return
        self._balance_tries += 1
        if self._balance_tries >= _BALANCE_TRIES:
            desk.stop(Cause.BALANCE, said, "top up the balance at each::labs, then give the same command again")
            return
        desk.gate.pause(desk.timing.cooldown)
        desk.watcher.note(f"{said}; nothing of ours is in flight, trying again in {desk.timing.cooldown:.0f} s")

    def capped(self, article: Article, reached: CapReached) -> None:
        """Leave an item whose own cap is reached; under the others, wait for money that comes free, or stop."""
        desk = self._desk
        cap, committed = (format_usd(from_micros(m)) for m in (reached.cap, reached.committed))
        what = f"budget.per_{reached.scope}_usd ({cap}) is reached: {committed} is spent or reserved"
        if reached.scope == "item":
            desk.note(f"{article.sku}: {what}, and one attempt more would go beyond it")
            desk.capped_items += 1
            return
        if self._may_settle:  # for less than its estimate, or for nothing
            desk.gate.wait_for_settling()
            self._feed.put_back(article.item_id)
            return
        desk.stop(Cause.MONEY_CAP, what, "raise the cap in the job, or wait for the next run or day")
