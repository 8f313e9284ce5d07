"""Items and offers for the tests of exports, as they come out of a state."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from batch.collect.sidecar import MADE_BY_MODEL
from batch.core.decision import Decision, Judgement
from batch.core.summary import ClipFacts, ItemView
from batch.export.naming import names_of, url_of
from batch.export.values import Offer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BASE = "https://cdn.example/v/"
_CLIP = ClipFacts(
    path="A-1/A-1-16x9-8s.mp4",
    bytes=5,
    sha256=hashlib.sha256(b"video").hexdigest(),
    seconds=8.0,
    width=1280,
    height=720,
    has_audio=True,
    container="mp4",
    video_codec="h264",
    audio_codec="aac",
    frame_rate=30.0,
)
_ITEM = ItemView(
    key="",
    sku="A-1",
    line=2,
    variant=1,
    take=0,
    state="done",
    phase="done",
    image="mug.jpg",
    source="/nowhere/mug.jpg",
    prompt="The mug turns.",
    model="sora-2-image-to-video",
    aspect="16:9",
    duration="8",
    row={"sku": "A-1", "title": "Mug"},
    clip=_CLIP,
)


def item(sku: str = "A-1", *, decided: str = "", hour: int = 0, content: bytes = b"video", **changes: Any) -> ItemView:
    """Make an item with a clip.

    Args:
        decided: A person's word; empty for none.
        hour: When it ended.
        content: Of its clip.
    """
    changes = {"row": {"sku": sku, "title": "Mug"}, **changes}
    view = replace(_ITEM, sku=sku, ended_at=datetime(2026, 11, 23, hour, tzinfo=UTC), **changes)
    told = f"{sku} {view.variant} {view.aspect} {view.take} {view.prompt}"
    if view.clip is not None:
        path = f"{hashlib.md5(told.encode()).hexdigest()}.mp4"
        clip = replace(view.clip, path=path, bytes=len(content), sha256=hashlib.sha256(content).hexdigest())
        view = replace(view, clip=clip)
    word = Decision(judgement=Judgement(decided), by="ann", at=0.0) if decided else None
    return replace(view, key=changes.get("key") or hashlib.sha256(told.encode()).hexdigest(), decision=word)


def offers(*views: ItemView, folder: Path | None = None, content: bytes = b"video") -> list[Offer]:
    """Offer the clips of items; with a folder, their files are laid into it."""
    made: list[Offer] = []
    for view, name in zip(views, names_of(views), strict=True):
        assert view.clip is not None
        if folder is not None:
            folder.mkdir(exist_ok=True)
            (folder / view.clip.path).write_bytes(content)
        made.append(
            Offer(
                view=view,
                clip=view.clip,
                id=view.sku,
                title=view.row.get("title", ""),
                name=name,
                url=url_of(BASE, name),
                doubts=(),
                unchecked=(),
                source_type=MADE_BY_MODEL,
                simulated=False,
                disclosure={"en": "Made with AI."},
            )
        )
    return made


def names(some: Sequence[Offer]) -> list[str]:
    """Give their names in the export."""
    return [offer.name for offer in some]
