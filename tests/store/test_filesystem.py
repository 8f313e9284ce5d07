"""Which file system a state lies on, and that a network's is refused before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batch.errors import Exit, StorageProblem
from batch.store import filesystem
from batch.store.filesystem import check_local, file_system, state_file_system

if TYPE_CHECKING:
    from tests.store.conftest import States

MOUNTS = """\
/dev/vda / ext4 rw,relatime 0 0
server:/export /mnt nfs4 rw 0 0
tmpfs /mnt/fast tmpfs rw 0 0
//nas/shop /media/my\\040shop cifs rw 0 0
overlay /over ext4 rw 0 0
host:/over /over fuse.sshfs rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/a/state.sqlite", "ext4"),
        ("/mnt/state.sqlite", "nfs4"),
        ("/mnt/fast/state.sqlite", "tmpfs"),
        ("/mnt/faster/state.sqlite", "nfs4"),
        ("/media/my shop/state.sqlite", "cifs"),
        ("/over/state.sqlite", "fuse.sshfs"),
    ],
)
def test_the_nearest_mount_says_it(path: str, kind: str) -> None:
    """A longer place hides a shorter one, and a later mount an earlier one on the same place."""
    assert file_system(Path(path), MOUNTS) == kind


def test_without_a_table_nothing_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Other systems have none."""
    assert file_system(Path("/x"), "") == ""
    monkeypatch.setattr(filesystem, "MOUNTS", tmp_path / "none")
    assert state_file_system(tmp_path / "state.sqlite") == ""
    check_local(tmp_path / "state.sqlite")


async def test_a_state_on_a_network_is_refused(states: States, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Exit 74 with the type and the way out; no file is made."""
    table = tmp_path / "mounts"
    table.write_text(f"server:/export {tmp_path} nfs rw 0 0\n", encoding="utf-8")
    monkeypatch.setattr(filesystem, "MOUNTS", table)
    with pytest.raises(StorageProblem, match=r"network file system \(nfs\)") as caught:
        await states.open()
    assert caught.value.exit is Exit.STORAGE
    assert "state:" in caught.value.hint
    assert list(states.path.parent.iterdir()) == []
