"""`try`: one picture and one prompt become one clip, once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from batch.cli import main
from tests.proof.shop import draw

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EACHLABS_API_KEY", raising=False)
    draw(tmp_path / "Mug, blue.png", 3)


def tried(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Try, and give exit code and what is printed on both streams."""
    code = main(["try", *arguments])
    streams = capsys.readouterr()
    return code, streams.out, streams.err


def test_a_clip_of_one_picture_and_never_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    """As ordered, beside its note; the same words again buy nothing, other words are another clip."""
    ordered = ("--prompt", "The {mug} turns.", "--duration", "8", "--aspect", "9:16")
    words = ("Mug, blue.png", *ordered, "--simulate", "--json")
    code, out, _ = tried(capsys, *words)
    told = json.loads(out)
    clip = Path(told["clip"])
    assert (code, clip.name, told["cost"]["settled_usd"]) == (0, "Mug-blue-9x16-8s.mp4", "0.80")
    note = json.loads(clip.with_name(f"{clip.name}.json").read_bytes())
    assert (note["prompt"], note["clip"]["width"], note["clip"]["seconds"]) == ("The {mug} turns.", 720, 8.0)

    again = json.loads(tried(capsys, *words)[1])
    assert (again["clip"], again["items"]["done"], again["items"]["skipped"]) == (told["clip"], 0, 1)
    assert tried(capsys, *words[:-1])[1].startswith("try: 1 item: 1 skipped\n")
    assert len(list(Path("out/try").iterdir())) == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("no.png", "--prompt", "x"), 66, "no.png: no such picture"),
        (("Mug, blue.png", "--prompt", "x"), 2, "nobody confirmed the spending"),
        (("Mug, blue.png", "--prompt", "x", "--yes"), 77, "EACHLABS_API_KEY"),
        (("Mug, blue.png", "--prompt", "x", "--simulate", "--aspect", "1:1"), 2, "--aspect: this model's aspect"),
        (("Mug, blue.png", "--prompt", "x", "--simulate", "--model", "sora"), 2, "--model: no profile has the slug"),
        (("Mug, blue.png", "--prompt", "x", "--simulate", "--duration", "7"), 2, "--duration: this model makes"),
        (("Mug, blue.png", "--prompt", " ", "--simulate"), 65, "prompt"),
        (("https://127.0.0.1/mug.png", "--prompt", "x", "--simulate"), 65, "not a public address"),
        ((__file__, "--prompt", "x", "--simulate"), 65, "this is no picture"),
    ],
)
def test_what_cannot_be_is_said_before_paying(
    capsys: pytest.CaptureFixture[str], words: Sequence[str], code: int, said: str
) -> None:
    """The reason itself, not where to look for it."""
    ended, _, err = tried(capsys, *words)
    assert (ended, said in err) == (code, True), err
    assert not (said.startswith("--") and Path("out").exists())
