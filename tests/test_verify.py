"""`verify` through the command line: every way in which a folder of clips can differ from what was delivered."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from batch.cli import main

if TYPE_CHECKING:
    from pathlib import Path

CLIP = b"\0\0\0\x18ftypisom" + bytes(2_000)


def deliver(folder: Path, name: str, **changes: Any) -> Path:
    """Put a clip and its note into a folder."""
    clip = folder / name / f"{name}-16x9-8s.mp4"
    clip.parent.mkdir(parents=True)
    clip.write_bytes(CLIP)
    facts = {"bytes": len(CLIP), "sha256": hashlib.sha256(CLIP).hexdigest()}
    clip.with_name(f"{clip.name}.json").write_text(json.dumps({"format": 1, "sku": name, "clip": facts} | changes))
    return clip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two sound clips."""
    for name in ("A-1", "A-2"):
        deliver(tmp_path / "clips", name)
    return tmp_path / "clips"


def verified(folder: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Verify a folder and give what is printed."""
    code = main(["verify", str(folder), "--json"])
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert told["exit"] == code
    return told


def test_all_as_delivered(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counted, and nothing else is said; the folder may have been moved."""
    assert verified(folder.rename(folder.with_name("moved")), capsys)["sound"] == 2
    assert main(["verify", str(folder.with_name("moved"))]) == 0
    assert capsys.readouterr().out == "2 of 2 clips are as delivered\n"


@pytest.mark.parametrize(
    ("change", "standing", "detail"),
    [
        (lambda clip: clip.write_bytes(CLIP[:-1] + b"x"), "changed", "SHA-256"),
        (lambda clip: clip.write_bytes(CLIP[:100]), "changed", "100 bytes, and 2012 were delivered"),
        (lambda clip: clip.write_bytes(b""), "changed", "0 bytes"),
        (lambda clip: clip.unlink(), "missing", "only its note"),
        (lambda clip: (clip.unlink(), clip.mkdir()), "unreadable", "directory"),
        (lambda clip: clip.with_name(f"{clip.name}.json").unlink(), "without note", "no A-1-16x9-8s.mp4.json"),
        (lambda clip: clip.with_name(f"{clip.name}.json").write_text("{"), "bad note", "no JSON"),
        (lambda clip: clip.with_name(f"{clip.name}.json").write_text("[" * 100_000), "bad note", "no JSON"),
        (lambda clip: clip.with_name(f"{clip.name}.json").write_text("[]"), "bad note", "lacks `sku`"),
        (lambda clip: clip.with_name(f"{clip.name}.json").write_bytes(b" " * (5 << 20)), "bad note", "too large"),
    ],
)
def test_what_differs_is_named(
    folder: Path, capsys: pytest.CaptureFixture[str], change: Any, standing: str, detail: str
) -> None:
    """Path, standing and what is wrong; the others count as sound all the same."""
    change(folder / "A-1" / "A-1-16x9-8s.mp4")
    told = verified(folder, capsys)
    assert (told["exit"], told["clips"], told["sound"], told[standing.replace(" ", "_")]) == (1, 2, 1, 1)
    assert [(one["path"], one["standing"]) for one in told["wrong"]] == [("A-1/A-1-16x9-8s.mp4", standing)]
    assert detail in told["wrong"][0]["detail"]


def test_a_note_of_another_version_is_not_guessed_at(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nor one that lacks what is compared."""
    deliver(folder, "B-1", format=2)
    deliver(folder, "B-2", clip={"bytes": "many"})
    told = verified(folder, capsys)
    assert [one["standing"] for one in told["wrong"]] == ["bad note", "bad note"]
    assert "its format is 2" in told["wrong"][0]["detail"]


def test_nothing_to_look_at(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No such folder, and a folder without clips."""
    for folder in (tmp_path / "none", tmp_path):
        assert main(["verify", str(folder)]) == 66
    assert "no clips in it" in capsys.readouterr().err
