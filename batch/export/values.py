"""What stages of an export pass on: a clip that is offered, and one that is refused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batch.core.summary import ClipFacts, ItemView

FILE_RULE: Final = "file"
"""The rule of a refusal for a clip that is not in the output folder as it was delivered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A clip that is handed over.

    Attributes:
        view: Its item.
        clip: What was measured of it.
        id: The product's, in the channel.
        title: The product's; empty where the manifest has none.
        name: Its file's name in the export.
        url: Where the channel finds it; empty without a base URL.
        doubts: What of the channel's rules is in doubt.
        unchecked: Rules of the channel that need a fact which is not known.
        source_type: IPTC's digital source type.
        simulated: Whether the simulator drew it, in place of a model.
        disclosure: Language: a text that says how it was made.
    """

    view: ItemView
    clip: ClipFacts
    id: str
    title: str
    name: str
    url: str
    doubts: tuple[str, ...]
    unchecked: tuple[str, ...]
    source_type: str
    simulated: bool
    disclosure: Mapping[str, str]

    @property
    def ai_generated(self) -> bool:
        """Whether viewers are to be told; also for the simulator's clips, which rehearse a model's."""
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A clip that was chosen and is not handed over.

    Attributes:
        file: Its path in the output folder.
        rule: The channel's, or `id`, `count`, `file`, `name`.
        reason: What is wrong, for a person.
        name: Its file's name in the export.
    """

    sku: str
    variant: int
    aspect: str
    take: int
    file: str
    rule: str
    reason: str
    name: str

    @classmethod
    def of(cls, view: ItemView, name: str, rule: str, reason: str) -> Refusal:
        """Refuse an item's clip."""
        return cls(
            sku=view.sku,
            variant=view.variant,
            aspect=view.aspect,
            take=view.take,
            file="" if view.clip is None else view.clip.path,
            rule=rule,
            reason=reason,
            name=name,
        )

    def as_json(self) -> dict[str, str | int]:
        """Give what `--json` and `refused.csv` say."""
        return {
            "sku": self.sku,
            "variant": self.variant,
            "aspect": self.aspect,
            "take": self.take,
            "file": self.file,
            "rule": self.rule,
            "reason": self.reason,
        }

    @property
    def which(self) -> str:
        """Name the clip."""
        return which(self.sku, self.variant, self.aspect)


def which(sku: str, variant: int, aspect: str) -> str:
    """Name a clip in a few words, for example `00152 (16:9)`."""
    return f"{sku} ({aspect}{'' if variant == 1 else f', variant {variant}'})"
