"""The copy of a state is as new as the last command left it, also where that command never came to its end."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from batch.files import part_of
from batch.store.copying import copy_path
from tests.store.conftest import NO_CAPS, intent

if TYPE_CHECKING:
    from tests.store.conftest import States


async def test_what_changes_nothing_makes_no_copy(states: States) -> None:
    """A copy costs as much as the state is large."""
    store = await states.filled("A-1")
    assert await store.keep_copy() == ""
    await states.close()
    before = copy_path(states.path).stat().st_ino
    assert await (await states.open()).keep_copy() == ""
    assert copy_path(states.path).stat().st_ino == before


async def test_a_command_after_a_killed_one_makes_the_copy_that_it_owed(states: States) -> None:
    """Even if nothing is left to do: the old copy does not know what the killed command bought."""
    store = await states.filled("A-1")
    assert await store.keep_copy() == ""
    await store.reserve(1, intent(), NO_CAPS, ["a.mp4"])
    await states.close()
    assert await (await states.open()).keep_copy() == ""
    with closing(sqlite3.connect(copy_path(states.path))) as copy:
        kinds = [kind for (kind,) in copy.execute("SELECT kind FROM event")]
    assert "Intended" in kinds
    assert sorted(path.name for path in states.path.parent.glob("*.copy*")) == [
        "state.sqlite.copy",
        "state.sqlite.copy.seal",
    ]


async def test_half_a_copy_is_not_left_for_ever(states: States) -> None:
    """A command was killed while it made one, and the next has nothing to do."""
    store = await states.filled("A-1")
    assert await store.keep_copy() == ""
    await states.close()
    left = part_of(copy_path(states.path))
    left.write_bytes(b"half a copy")
    assert await (await states.open()).keep_copy() == ""
    assert not left.exists()
