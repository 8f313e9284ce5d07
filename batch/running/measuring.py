"""What an older version did not measure of a clip, measured from its file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from batch.collect.boxes import BrokenClip
from batch.collect.mp4 import read_mp4

if TYPE_CHECKING:
    from pathlib import Path

    from batch.core.summary import ClipFacts


def measured(clip: ClipFacts, folder: Path) -> ClipFacts:
    """Give a clip's facts with container, codecs and frame rate, as far as its file still lies there as it was.

    Args:
        clip: As the state has it.
        folder: The output folder.
    """
    if clip.container:
        return clip
    try:
        with (folder / clip.path).open("rb") as file:
            if file.seek(0, 2) != clip.bytes:
                return clip

            def read(offset: int, size: int) -> bytes:
                file.seek(offset)
                return file.read(size)

            found = read_mp4(read, clip.bytes)
    except (OSError, BrokenClip):
        return clip
    return replace(
        clip,
        container=found.container,
        video_codec=found.video_codec,
        audio_codec=found.audio_codec,
        frame_rate=found.frame_rate,
    )
