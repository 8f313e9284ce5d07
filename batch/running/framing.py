"""How an item's picture is framed: by the job's `image` keys, and by what its row says instead."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from batch.core.framing import parse_focus
from batch.frames.settings import Fit, FitSettings

if TYPE_CHECKING:
    from batch.core.job import Job


def fit_settings(job: Job) -> FitSettings:
    """Give the job's `image` keys as the frames want them."""
    image = job.image
    return FitSettings(
        fit=Fit(image.fit),
        background=image.background,
        margin=image.margin,
        min_side=image.min_side,
        max_bytes=image.max_bytes,
    )


def fit_of(job: FitSettings, framing: str | None) -> FitSettings:
    """Give what holds for an item.

    Args:
        job: From `fit_settings`.
        framing: What its row says, as the plan wrote it.
    """
    if framing is None:
        return job
    told = json.loads(framing)
    return replace(
        job,
        fit=Fit(told.get("fit", job.fit)),
        background=told.get("background", job.background),
        focus=parse_focus(told["focus"]) if "focus" in told else None,
    )
