"""One step ahead: polars prepares the next batch while Python hashes the keys of this one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterator

T = TypeVar("T")


def ahead(steps: Iterator[T]) -> Iterator[T]:
    """Give the same values in the same order, with the next one being made in a thread; never two at once."""
    nothing = object()
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        coming = pool.submit(next, steps, nothing)
        while (value := coming.result()) is not nothing:
            coming = pool.submit(next, steps, nothing)
            yield value  # type: ignore[misc]
