"""What kind of disk a state lies on: SQLite's log needs memory that all its writers share, and a network has none."""

from __future__ import annotations

from pathlib import Path

from batch.errors import StorageProblem

MOUNTS = Path("/proc/self/mounts")

_NETWORK = frozenset(
    {
        *("afs", "beegfs", "ceph", "cifs", "davfs", "gfs2", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2"),
        *("smb2", "smb3", "smbfs"),
        *("fuse.ceph", "fuse.davfs2", "fuse.gcsfuse", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
    }
)


def file_system(path: Path, mounts: str) -> str:
    """Give the type of the file system that a path lies on; empty where the table does not say.

    Args:
        path: Absolute, with its links followed.
        mounts: The table of mounts as Linux shows it: device, place, type, one mount a line.
    """
    best, kind = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        place = Path(fields[1].encode().decode("unicode_escape"))  # a space is written \\040
        if path.is_relative_to(place) and len(place.parts) >= best:  # of two on one place, the later hides the earlier
            best, kind = len(place.parts), fields[2]
    return kind


def state_file_system(state: Path) -> str:
    """Give the type of the file system that a state lies, or would lie, on; empty where this system does not say."""
    try:
        return file_system(state.resolve(), MOUNTS.read_text("utf-8", "replace"))
    except OSError:
        return ""


def check_local(state: Path) -> None:
    """Refuse a state on a network file system before anything is written to it.

    Raises:
        StorageProblem: Names the type.
    """
    kind = state_file_system(state)
    if kind in _NETWORK:
        raise StorageProblem(
            f"the state lies on a network file system ({kind}), which cannot keep it safe",
            where=str(state),
            hint="nothing was bought; set `state:` in the job to a file on a local disk",
        )
