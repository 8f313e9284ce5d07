"""What a clip may be called in its job's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from batch.core.naming import NameFields, candidates

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from batch.core.job import Job
    from batch.store.queries import Article


def all_names(job: Job, article: Article) -> Iterator[str]:
    """Give all names that an item's clip may have, best first."""
    fields = NameFields(
        sku=article.sku,
        aspect=article.aspect,
        duration=article.duration,
        model=article.model,
        variant=article.variant,
        take=article.take,
        key=article.key,
    )
    return candidates(job.output.name, fields)


def names_for(job: Job, output_dir: Path, article: Article, known: str = "") -> Iterator[str]:
    """Give names for the clip under which nothing lies yet: what another state left behind is never written over.

    One by one, since the first nearly always does.

    Args:
        known: A name that it may have had already; where it is one of its own, what lies under it is its clip.
    """
    *others, last = all_names(job, article)
    if known in {*others, last}:
        yield known
    for name in others:
        if not (output_dir / name).exists():
            yield name
    yield last
