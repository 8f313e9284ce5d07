"""Which clip of a product is handed over: the newest that was approved, or else the newest that was not turned down."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from batch.core.decision import Judgement

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from batch.core.summary import ItemView

_TURNED_DOWN = {Judgement.REJECT, Judgement.REDO}


class Why(StrEnum):
    """Why nothing is handed over for a product in one shape, or not its newest clip."""

    UNDECIDED = "undecided"  # only approved clips are asked for, and nobody has decided
    REJECTED = "rejected"  # a person turned down the newest, and there is no other
    REDO = "redo"  # a new take was asked for
    NO_CLIP = "no clip"  # there is none (yet)
    GONE = "gone"  # no row of the manifest has the product any more
    NEWER = "newer"  # an approved clip is handed over, and a newer one waits for a decision


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A product, in one variant and shape, of which nothing, or not the newest clip, is handed over."""

    sku: str
    variant: int
    aspect: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What is handed over, in the order of the manifest, and what is not."""

    chosen: tuple[ItemView, ...]
    left_out: tuple[LeftOut, ...]


def choose(items: Iterable[ItemView], *, approved_only: bool) -> Choice:
    """Choose one clip for each SKU, variant and shape.

    A clip that was rejected, or that a new take was asked for, is never chosen; an older one that was approved is,
    until a newer one is approved.

    Args:
        items: Of the state, in the manifest's order; those whose product is gone are left out.
        approved_only: Whether clips that nobody has decided about are left out.
    """
    groups: dict[tuple[str, int, str], list[ItemView]] = {}  # those with clips: of a million others only the name
    there: set[str] = set()
    for view in items:
        group = groups.setdefault((view.sku, view.variant, view.aspect), [])
        if not view.gone:
            there.add(view.sku)
        if view.clip is not None:
            group.append(view)
    chosen: list[ItemView] = []
    left_out: list[LeftOut] = []
    for (sku, variant, aspect), views in groups.items():
        found = _of_one(views, approved_only=approved_only) if sku in there else Why.GONE
        if isinstance(found, Why):
            left_out.append(LeftOut(sku=sku, variant=variant, aspect=aspect, why=found))
        else:
            chosen.append(found)
            newest = max(views, key=_age)
            if newest is not found and _judged(newest) is Judgement.OPEN:
                left_out.append(LeftOut(sku=sku, variant=variant, aspect=aspect, why=Why.NEWER))
    places = {sku: place for place, sku in reversed(list(enumerate(view.sku for view in chosen)))}
    chosen.sort(key=lambda view: (places[view.sku], view.variant, -_breadth(view.aspect), view.aspect))
    return Choice(chosen=tuple(chosen), left_out=tuple(left_out))


def _of_one(clips: Sequence[ItemView], *, approved_only: bool) -> ItemView | Why:
    made = sorted(clips, key=_age, reverse=True)
    if not made:
        return Why.NO_CLIP
    for view in made:
        if _judged(view) is Judgement.APPROVE:
            return view
    standing = [view for view in made if _judged(view) not in _TURNED_DOWN]
    if standing:
        return Why.UNDECIDED if approved_only else standing[0]
    return Why.REDO if _judged(made[0]) is Judgement.REDO else Why.REJECTED


def _age(view: ItemView) -> tuple[bool, bool, float, int]:
    """Order clips from old to new: what the plan asks for now is the newest, whenever it was made."""
    moment = view.ended_at or view.submitted_at
    return view.line > 0, not view.after, 0.0 if moment is None else moment.timestamp(), view.take


def _judged(view: ItemView) -> Judgement:
    """Give a person's word; who asked for a new take without another word did not want this one."""
    word = Judgement.OPEN if view.decision is None else view.decision.judgement
    return Judgement.REDO if word is Judgement.OPEN and view.after else word


def _breadth(aspect: str) -> float:
    across, _, down = aspect.partition(":")
    try:
        return float(across) / float(down)
    except (ValueError, ZeroDivisionError):
        return 0.0
