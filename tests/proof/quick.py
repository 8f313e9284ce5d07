"""A small shop whose commands are all forked and in a hurry: the same processes, in a tenth of the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.proof.shop import Shop, ended

if TYPE_CHECKING:
    from tests.proof.forge import Forge

__all__ = ["QuickShop", "ended"]


@dataclass(slots=True, kw_only=True)
class QuickShop(Shop):
    """A shop with a forge, whose commands do not wait as long as the program does."""

    forge: Forge
    hurry: float = 3.0
