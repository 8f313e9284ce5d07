"""Downloads that bring something else, or nothing: what was paid for is fetched again, or said to be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.proof.scenes import Ending, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

_NOT_FETCHED = "could not be fetched"


def _again(name: str, rule: str, *, times: int = 1) -> Fault:
    """Give a fault that passes: the clip is whole in the end."""
    return Fault(
        name=name,
        rules=(f"{{on: download, {rule}, times: {times}}}",),
        events={"Rendered": 1, "Downloaded": 1, "DownloadFailed": 0},
    )


def _never(name: str, rule: str, says: str) -> Fault:
    """Give a fault that stays: the clip is paid for and not here, and both runs say so, and buy nothing."""
    ending = Ending(exit=4, items={"failed": 1}, says=(_NOT_FETCHED, says))
    return Fault(
        name=name,
        rules=(f"{{on: download, {rule}}}",),
        runs=(ending, ending),
        events={"Intended": 1, "DownloadFailed": 2, "Downloaded": 0},
    )


def _all() -> Iterator[Fault]:
    yield _again("a download cut short", "fault: short", times=2)
    yield _never("a download always cut short", "fault: short", "lost before the end")
    yield Fault(name="a download without a length", rules=("{on: download, fault: no_length}",))
    yield _again("a download without a length and without its end", "fault: no_length, part: 0.5")
    yield _again("a download with a wrong length", "fault: wrong_length", times=2)
    yield _never("a download always with a wrong length", "fault: wrong_length", "")
    yield _again("HTML instead of a video", "fault: html, status: 200")
    yield _never("always HTML instead of a video", "fault: html, status: 200", "")
    for status in (403, 404, 410):
        yield _again(f"{status}, then a fresh URL", f"fault: status, status: {status}")
    for status in (500, 503, 429, 206):
        yield _again(f"{status} on a download", f"fault: status, status: {status}")
    yield _never("a URL expired for ever", "fault: status, status: 403", "expired (HTTP 403)")
    yield Fault(
        name="a URL that works for a second, then a fresh one",
        rules=("{on: download, fault: short, times: 2}",),
        simulator=("--output-ttl", "400"),
        job={"polling": {"first": 1200}},
        events={"Downloaded": 1},
    )
    yield Fault(name="ranges ignored", rules=("{on: download, fault: ranges_ignored}",))
    yield _again("one byte a second", "fault: slow, bytes_per_second: 1")
    yield _again("an endless download", "fault: endless")
    yield _again("a download compressed to a bomb", "fault: gzip, megabytes: 200")
    yield _never("a download always compressed", "fault: gzip", "comes packed as 'gzip'")
    private = "fault: redirect, status: 302, location: 'http://{}/clip.mp4'"
    yield _again("redirected to a private address", private.format("10.0.0.1"))
    yield _never("always redirected to the metadata service", private.format("169.254.169.254"), "not a public address")
    yield _never("redirected without end", "fault: redirect, status: 302, location: '/uploads/x.mp4'", "")
    yield _again("a download that changes between tries", "fault: changing, part: 0.5", times=2)
    yield _again("an empty download", "fault: empty", times=2)
    yield _never("always an empty download", "fault: empty", "")
    yield _again("a JPEG called mp4", "fault: jpeg")
    yield _never("always a JPEG called mp4", "fault: jpeg", "")
    yield _again("a download that breaks off at once", "fault: reset", times=2)


DOWNLOAD = tuple(_all())
