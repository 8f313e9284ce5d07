"""A folder that clips are handed over in: repeatable, nobody else's files touched, the feed after its clips."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from batch.errors import Busy, CannotCreate
from batch.export.feeds import FORMATS
from batch.running.delivering import Delivery, as_delivered, open_ledger
from batch.running.shelves import FolderShelf, Link, Way
from tests.export.making import item, names, offers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from batch.export.values import Offer
    from batch.running.delivering import HandedOver

A, B = item("A"), item("B")


async def deliver(
    folder: Path, some: Sequence[Offer], *, link: Link | None = None, channel: str = "csv", job: str = "job"
) -> HandedOver:
    """Hand offers over into `export`; their files lie in `clips`."""
    shelf = FolderShelf(folder / "export", link)
    try:
        sound, refused = await as_delivered(some, folder / "clips")
        ledger = await open_ledger(shelf, job, channel)
        form = FORMATS[channel]
        delivery = Delivery(shelf=shelf, form=form, ledger=ledger, source=folder / "clips", languages=("en",))
        return await delivery.deliver(sound, refused, ())
    finally:
        shelf.close()


def seen(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Give what lies in the export, so that any change to it shows."""
    files = sorted((folder / "export").iterdir())
    return {path.name: ((stat := path.stat()).st_ino, stat.st_mtime_ns, path.read_bytes()) for path in files}


@pytest.mark.parametrize("link", [None, *Link])
async def test_again_changes_nothing(tmp_path: Path, link: Link | None) -> None:
    """The same command copies, links and writes nothing twice."""
    some = offers(A, B, folder=tmp_path / "clips")
    first = await deliver(tmp_path, some, link=link)
    assert first.ways == {Way.COPIED if link in {None, Link.COPY} else Way.LINKED: 2}
    before = seen(tmp_path)
    assert set(before) == {*names(some), "clips.csv", "refused.csv", "export.json"}
    for unsaid in (link, None):
        again = await deliver(tmp_path, some, link=unsaid)
    assert (again.ways, again.removed, again.exit) == ({Way.KEPT: 2}, (), 0)
    assert seen(tmp_path) == before


@pytest.mark.parametrize("before", list(Link))
@pytest.mark.parametrize("after", list(Link))
async def test_another_way(tmp_path: Path, before: Link, after: Link) -> None:
    """Copies are copies, links are links, whatever lay there; the clip itself is never written to."""
    some = offers(A, folder=tmp_path / "clips")
    assert A.clip is not None
    source, target = tmp_path / "clips" / A.clip.path, tmp_path / "export" / some[0].name
    for link in (before, after):
        await deliver(tmp_path, some, link=link)
    assert target.is_symlink() is (after is Link.SYMLINK)
    assert target.samefile(source) is (after is not Link.COPY)
    assert (source.read_bytes(), target.read_bytes()) == (b"video", b"video")


async def test_what_is_no_longer_handed_over_goes(tmp_path: Path) -> None:
    """Ours goes; a stranger's file stays, and so does one of ours that somebody wrote to."""
    some = offers(A, B, item("C"), folder=tmp_path / "clips")
    await deliver(tmp_path, some)
    (tmp_path / "export" / "robots.txt").write_text("theirs")
    (tmp_path / "export" / some[2].name).write_bytes(b"theirs now")
    done = await deliver(tmp_path, some[:1])
    assert (done.removed, done.left) == ((some[1].name,), (some[2].name,))
    assert set(seen(tmp_path)) >= {some[0].name, some[2].name, "robots.txt"}
    assert some[1].name not in seen(tmp_path)


async def test_a_strangers_file_in_the_way(tmp_path: Path) -> None:
    """A clip's name that is taken refuses that clip; a sheet's, the export, before anything is written."""
    some = offers(A, B, folder=tmp_path / "clips")
    folder = tmp_path / "export"
    folder.mkdir()
    (folder / some[0].name).write_bytes(b"theirs")
    done = await deliver(tmp_path, some)
    assert [(one.sku, one.rule) for one in done.refused] == [("A", "name")]
    assert (folder / some[0].name).read_bytes() == b"theirs"
    assert "B" in (folder / "clips.csv").read_text("utf-8-sig")
    other = tmp_path / "other"
    (other / "export").mkdir(parents=True)
    (other / "export" / "clips.csv").write_text("theirs")
    with pytest.raises(CannotCreate, match="not by an export's hand"):
        await deliver(other, offers(A, folder=other / "clips"))
    assert [path.name for path in (other / "export").iterdir()] == ["clips.csv"]


async def test_a_clip_that_is_not_as_it_was_delivered(tmp_path: Path) -> None:
    """It is named and in no feed; what was handed over of it before is kept, since it may be the only whole one."""
    some = offers(A, B, item("C"), folder=tmp_path / "clips")
    await deliver(tmp_path, some)
    (tmp_path / "clips" / some[0].clip.path).unlink()
    (tmp_path / "clips" / some[1].clip.path).write_bytes(b"other")
    done = await deliver(tmp_path, some)
    assert [(one.sku, one.reason.split(" ", 3)[3]) for one in done.refused] == [
        ("A", "is gone"),
        ("B", "is not as it was delivered any more"),
    ]
    assert (done.exit, done.removed) == (1, ())
    assert (tmp_path / "export" / some[0].name).read_bytes() == b"video"
    assert some[0].name not in (tmp_path / "export" / "clips.csv").read_text("utf-8-sig")
    assert str(tmp_path) not in (tmp_path / "export" / "refused.csv").read_text("utf-8-sig")  # it is published
    (tmp_path / "clips" / some[0].clip.path).write_bytes(b"video")
    assert (await deliver(tmp_path, some)).ways == {Way.KEPT: 2}


async def test_what_was_lost_or_changed_there_is_put_there_again(tmp_path: Path) -> None:
    """Our own names are ours."""
    some = offers(A, B, folder=tmp_path / "clips")
    await deliver(tmp_path, some)
    before = {name: content for name, (_, _, content) in seen(tmp_path).items()}
    (tmp_path / "export" / some[0].name).unlink()
    (tmp_path / "export" / some[1].name).write_bytes(b"broken")
    (tmp_path / "export" / "clips.csv").write_text("saved by a spreadsheet")
    assert (await deliver(tmp_path, some)).ways == {Way.COPIED: 2}
    assert {name: content for name, (_, _, content) in seen(tmp_path).items()} == before


async def test_killed_before_the_feed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed still tells of what it told; what lies there by then is known as ours."""
    some = offers(A, B, folder=tmp_path / "clips")
    await deliver(tmp_path, some[:1], channel="google-merchant")
    feed = tmp_path / "export" / "video_link.tsv"
    before = feed.read_bytes()
    put = FolderShelf.put_file

    async def struck(shelf: FolderShelf, name: str, data: bytes) -> None:
        if name == "video_link.tsv":
            assert (tmp_path / "export" / some[1].name).exists()
            raise KeyboardInterrupt
        await put(shelf, name, data)

    with monkeypatch.context() as patch:
        patch.setattr(FolderShelf, "put_file", struck)
        with pytest.raises(KeyboardInterrupt):
            await deliver(tmp_path, some, channel="google-merchant")
    assert feed.read_bytes() == before
    done = await deliver(tmp_path, some[:1], channel="google-merchant")
    assert done.removed == (some[1].name,)
    assert feed.read_bytes() == before


async def test_a_folder_holds_one_export(tmp_path: Path) -> None:
    """Another job's, another channel's, and what is none of ours are refused; two at once, too."""
    some = offers(A, folder=tmp_path / "clips")
    await deliver(tmp_path, some)
    for wrong in ({"job": "other"}, {"channel": "json"}):
        with pytest.raises(CannotCreate, match="the job job for csv"):
            await deliver(tmp_path, some, **wrong)  # type: ignore[arg-type]
    ledger = tmp_path / "export" / "export.json"
    value = json.loads(ledger.read_bytes())
    assert set(value["clips"]) == {some[0].name}
    held = FolderShelf(tmp_path / "export", Link.COPY)
    with pytest.raises(Busy, match="another export"):
        await deliver(tmp_path, some)
    held.close()
    ledger.write_text("{}")
    with pytest.raises(CannotCreate, match="none of ours"):
        await deliver(tmp_path, some)
