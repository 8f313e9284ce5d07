"""Has delivered clips looked at by a machine, and keeps what it saw beside the report."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from batch.frames.cache import FrameCache, frame_key
from batch.judge.pool import Order, judge
from batch.running.desking import frame_target
from batch.running.framing import fit_of, fit_settings
from batch.running.planning import frames_folder
from batch.running.reporting import looks_of
from batch.store import queries

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterator

    from batch.core.profile import ModelProfile
    from batch.inputs.jobfile import LoadedJob
    from batch.judge.records import Looks

_MANY = 20


def look_at_clips(
    loaded: LoadedJob,
    profile: ModelProfile,
    connection: sqlite3.Connection,
    note: Callable[[str], None],
    *,
    of_run: int | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Look at every delivered clip that was not looked at yet; give how many were.

    Args:
        of_run: Only at clips of this run; at all if left out.
        stopped: Asked after each clip; what is left then is looked at another time.

    Raises:
        Problem: If what was seen cannot be written.
    """
    looks = looks_of(loaded)
    waiting = [one for one in queries.delivered(connection, run_id=of_run) if one.sha256 not in looks]
    if not waiting:
        return 0
    if len(waiting) > _MANY:
        note(f"looking at {len(waiting):,} clips; Ctrl-C leaves them for the next `sora-batch report`")
    looks.prepare()
    count = 0
    with closing(judge(_orders(loaded, profile, connection, looks, waiting))) as judging:
        for judged in judging:
            if judged.measured is None:
                note(f"not looked at: {judged.reason}")
            else:
                looks.add(judged.name, judged.measured)
                count += 1
            if stopped():
                break
    return count


def _orders(
    loaded: LoadedJob,
    profile: ModelProfile,
    connection: sqlite3.Connection,
    looks: Looks,
    waiting: list[queries.Delivered],
) -> Iterator[Order]:
    cache, settings = FrameCache(frames_folder(loaded)), fit_settings(loaded.job)
    for one in waiting:
        article = queries.article(connection, one.item_id)
        fit = fit_of(settings, article.framing)
        frame = cache.get(frame_key(article.source_sha256, fit, frame_target(profile, article)))
        sent = frame.data if frame is not None and frame.sha256 == one.frame_sha256 else None
        yield Order(
            name=one.sha256,
            clip=loaded.location.output / one.path,
            sent=sent,
            strip=looks.strip(one.sha256),
            poster=looks.poster(one.sha256),
        )
