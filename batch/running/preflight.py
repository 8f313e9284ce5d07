"""What is asked of the provider before the first paid call: is the model there, what does it cost, is there money?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.core.listing import listed_price
from batch.core.money import format_usd, from_micros
from batch.core.prediction import Listing, NoAnswer, NotListed
from batch.errors import KeyRefused, Problem, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from decimal import Decimal

    from batch.core.profile import ModelProfile
    from batch.providers.base import Provider
    from batch.store.queries import PlannedOrder


async def look_before_buying(
    provider: Provider, profile: ModelProfile, orders: Iterable[PlannedOrder], planned_usd: Decimal
) -> tuple[str, ...]:
    """Ask for the model's listing and the balance; give what a person should know.

    Args:
        orders: What is to be bought.
        planned_usd: Dollars for everything that is to be bought.

    Raises:
        Unavailable: If the model is gone, or dearer than planned, or the provider does not answer.
        KeyRefused: If the key is refused.
    """
    listing = await provider.listing(profile.slug)
    if isinstance(listing, NotListed):
        raise Unavailable(
            f"the provider no longer lists the model {profile.slug}",
            hint="nothing was bought; choose another `model:` (`sora-batch doctor` lists the profiles)",
        )
    if isinstance(listing, NoAnswer):
        raise _no_answer("the model's listing", listing)
    _check_price(listing, profile, orders)
    return await _check_balance(provider, planned_usd)


def _check_price(listing: Listing, profile: ModelProfile, orders: Iterable[PlannedOrder]) -> None:
    for order in orders:
        planned = from_micros(order.estimate)
        listed = listed_price(listing, order.duration_seconds)
        if listed is not None and listed > planned:
            asked = f"${format_usd(listed)} for {order.duration} s"
            raise Unavailable(
                f"{profile.slug} costs {asked} by now, and ${format_usd(planned)} was planned",
                hint="nothing was bought; set `price:` in the job, or update the profile, and look at the plan again",
            )


async def _check_balance(provider: Provider, planned_usd: Decimal) -> tuple[str, ...]:
    balance = await provider.balance()
    if isinstance(balance, NoAnswer):
        if balance.key_refused:
            raise _no_answer("the balance", balance)
        return ("the provider did not say what the balance is",)
    if balance < planned_usd:
        short = f"the balance is ${format_usd(balance)}, and up to ${format_usd(planned_usd)} is to be bought"
        return (f"{short}: submitting will pause when it runs out",)
    return ()


def _no_answer(what: str, answer: NoAnswer) -> Problem:
    if answer.key_refused:
        return KeyRefused(f"the provider refused the key: {answer.message}", hint="check EACHLABS_API_KEY")
    return Unavailable(
        f"the provider did not tell {what}: {answer.message}", hint="try again later; nothing was bought"
    )
