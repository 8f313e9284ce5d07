"""Channels: their rules are data with sources, and a clip is held against each of them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch.channels import builtin_channels, channels_for
from batch.core.channel import RULES, Channel
from batch.core.media import Size
from batch.core.suiting import suits
from batch.core.summary import ClipFacts
from batch.core.verdicts import Facts, Verdict, facts_of
from batch.inputs.jobfile import read_job
from batch.inputs.yamlfile import JobErrors

SLUGS = {
    "google-merchant",
    "shopify",
    "amazon-sponsored-brands",
    "meta-catalogue",
    "instagram-feed",
    "tiktok-ads",
    "tiktok-shop",
    "pinterest",
    "youtube-shorts",
}
WIDE = Facts(
    seconds=8.0,
    size=Size(1280, 720),
    bytes=4_000_000,
    container="mp4",
    video_codec="h264",
    audio_codec="aac",
    frame_rate=30.0,
    has_audio=True,
)
TALL = replace(WIDE, size=Size(720, 1280))
JOB = "name: x\nmanifest: {path: m.csv}\n"
OWN = """\
slug: kiosk
name: The shop's own screen
last_checked: 2026-11-01
sources:
  manual: {url: "https://kiosk.example/manual", read: 2026-11-01}
rules:
  length: [{max: 10, source: manual}]
"""


def verdict(slug: str, facts: Facts) -> dict[str, str]:
    """Give what is missed or disputed, by rule."""
    return {each.rule: str(each) for each in suits(builtin_channels()[slug], facts).findings}


def channel(**rules: Any) -> Channel:
    """Make a channel of rules whose readings come from `a` and `b`."""
    sources = {name: {"url": f"https://{name}.example/x", "read": "2026-11-01"} for name in "ab"}
    keys = {"slug": "x", "name": "X", "last_checked": "2026-11-01", "sources": sources, "rules": rules}
    return Channel.model_validate(keys)


def test_every_channel_accounts_for_every_rule() -> None:
    """Each thing that could be asked has a reading with its source and day, or a reason why it has none."""
    channels = builtin_channels()
    assert set(channels) == SLUGS
    for one in channels.values():
        ruled = {name for name, _ in one.rules.each()}
        assert not ruled & set(one.unknown)
        assert ruled | set(one.unknown) == set(RULES), one.slug
        assert all(one.unknown.values())
        used = {reading.source for _, readings in one.rules.each() for reading in readings}
        assert used == set(one.sources), one.slug
        assert all(source.read.year == 2026 for source in one.sources.values())


@pytest.mark.parametrize(
    ("slug", "facts", "rule", "words"),
    [
        ("google-merchant", replace(WIDE, seconds=4.0), "length", "4 s long, not 6 to 240 s"),
        ("google-merchant", replace(WIDE, bytes=600_000_000), "bytes", "600 MB, not at most 500 MB"),
        ("instagram-feed", TALL, "aspect", "9:16, not 4:5 to 1.91:1"),
        ("instagram-feed", replace(WIDE, size=Size(480, 270)), "width", "480 pixels wide, not at least 600"),
        ("amazon-sponsored-brands", replace(WIDE, seconds=4.0), "length", "not 6 to 45 s"),
        ("amazon-sponsored-brands", replace(WIDE, frame_rate=10.0), "frame_rate", "10 fps, not 23.976"),
        ("amazon-sponsored-brands", replace(WIDE, video_codec="vp9"), "video_codec", "vp9, not h264 or h265"),
        ("amazon-sponsored-brands", replace(WIDE, bytes=500_000), "bitrate", "500 kbit/s, not at least 1000"),
        ("youtube-shorts", WIDE, "aspect", "16:9, not 1:1 or taller"),
        ("tiktok-ads", replace(TALL, has_audio=False), "audio", "without an audio track, not an audio track"),
        ("pinterest", replace(WIDE, seconds=3.0), "length", "3 s long, not 4 to 900 s"),
        ("shopify", replace(WIDE, container="mov"), "container", "asks for mp4, mov or webm"),
    ],
)
def test_what_does_not_suit_a_channel_is_said(slug: str, facts: Facts, rule: str, words: str) -> None:
    """With the clip's own value, and what is asked."""
    suitability = suits(builtin_channels()[slug], facts)
    assert suitability.verdict is Verdict.MISSED
    assert words in verdict(slug, facts)[rule]


@pytest.mark.parametrize("slug", sorted(SLUGS - {"instagram-feed", "youtube-shorts"}))
def test_an_ordinary_clip_suits_most_channels(slug: str) -> None:
    """Eight seconds of 720p in H.264 with AAC miss nothing there; what is doubtful is another matter."""
    assert suits(builtin_channels()[slug], WIDE).verdict is not Verdict.MISSED


def test_sources_that_contradict_each_other_are_named() -> None:
    """A clip that one source takes and another does not is in doubt; what is missed says who would take it."""
    doubt = verdict("tiktok-ads", replace(TALL, seconds=4.0))["length"]
    assert doubt == "4 s long, although ads.tiktok.com (read on 2026-11-27) asks for 5 to 60 s"
    assert suits(builtin_channels()["tiktok-ads"], replace(TALL, seconds=4.0)).verdict is Verdict.DISPUTED
    missed = verdict("tiktok-shop", replace(TALL, bytes=15_000_000))["bytes"]
    assert missed.startswith("15 MB, not at most 10 MB, although seller-id.tokopedia.com (read on 2026-11-27) asks for")


def test_what_only_others_ask_for_is_a_doubt() -> None:
    """A guide or a blog is no reason to call a clip unfit, and is named as what it is."""
    (finding,) = suits(builtin_channels()["pinterest"], replace(WIDE, frame_rate=10.0)).findings
    assert finding.verdict is Verdict.DISPUTED
    assert str(finding) == "10 fps, not at least 25 fps (says docs.getlate.dev, not the channel itself)"


def test_what_is_not_known_is_not_judged() -> None:
    """Before buying, only length, shape, size and sound are known; a silent clip has no codec of its sound."""
    amazon = builtin_channels()["amazon-sponsored-brands"]
    planned = suits(amazon, Facts(seconds=8.0, size=Size(1280, 720)))
    assert (planned.verdict, planned.findings) == (Verdict.MET, ())
    assert set(planned.unchecked) == {"bytes", "bitrate", "container", "video_codec", "audio_codec", "frame_rate"}
    assert suits(amazon, replace(WIDE, audio_codec=None, has_audio=False)).unchecked == ()


@pytest.mark.parametrize(
    ("rules", "facts", "fits"),
    [
        ({"length": [{"max": 8, "source": "a"}]}, replace(WIDE, seconds=8.04), True),
        ({"length": [{"max": 8, "source": "a"}]}, replace(WIDE, seconds=8.1), False),
        ({"aspect": [{"values": ["16:9"], "source": "a"}]}, replace(WIDE, size=Size(1280, 718)), True),
        ({"aspect": [{"values": ["16:9"], "source": "a"}]}, replace(WIDE, size=Size(1280, 704)), False),
        ({"pixels": [{"min": ["960x540", "540x960"], "source": "a"}]}, replace(WIDE, size=Size(540, 960)), True),
        ({"pixels": [{"min": ["960x540", "540x960"], "source": "a"}]}, replace(WIDE, size=Size(900, 900)), False),
        ({"pixels": [{"max": ["1280x720"], "source": "a"}]}, replace(WIDE, size=Size(720, 1280)), False),
        ({"frame_rate": [{"values": [29.97], "source": "a"}]}, replace(WIDE, frame_rate=30.0), True),
        ({"frame_rate": [{"min": 24, "max": 60, "source": "a"}]}, replace(WIDE, frame_rate=23.976), True),
        ({"audio": [{"value": "forbidden", "source": "a"}]}, WIDE, False),
    ],
)
def test_bounds_are_as_exact_as_encoders_are(rules: dict[str, Any], facts: Facts, *, fits: bool) -> None:
    """A frame more, a pixel row less and a rate a thousandth lower are no difference."""
    assert (not suits(channel(**rules), facts).findings) is fits


def test_a_clip_measured_by_an_older_version_is_judged_by_what_is_known() -> None:
    """Its codecs and frame rate were not measured then."""
    old = ClipFacts(path="a.mp4", bytes=1, sha256="e", seconds=4.0, width=1280, height=720, has_audio=True)
    facts = facts_of(old)
    assert (facts.seconds, facts.size, facts.container, facts.frame_rate) == (4.0, Size(1280, 720), None, None)


def own(folder: Path, channels: str, job: str = "destinations: [kiosk]\nchannels: [own.yaml]\n") -> tuple[Channel, ...]:
    """Read the destinations of a job that has a file of channels."""
    (folder / "own.yaml").write_text(channels, encoding="utf-8")
    (folder / "job.yaml").write_text(JOB + job, encoding="utf-8")
    return channels_for(read_job(folder / "job.yaml"))


def test_a_person_adds_a_channel(tmp_path: Path) -> None:
    """Of their own, or one of ours with another rule."""
    (kiosk,) = own(tmp_path, OWN)
    assert suits(kiosk, replace(WIDE, seconds=12.0)).verdict is Verdict.MISSED
    changed = 'extends: google-merchant\nsources: {us: {url: "https://us.example", read: 2026-11-02}}\n'
    changed += "rules: {length: [{min: 3, source: us}], aspect: [{values: ['1:1'], source: us}]}\n"
    (merchant,) = own(tmp_path, changed, "destinations: [google-merchant]\nchannels: [own.yaml]\n")
    assert {each.rule for each in suits(merchant, replace(WIDE, seconds=4.0)).findings} == {"aspect"}
    assert merchant.rules.bytes[0].max == 500_000_000


@pytest.mark.parametrize(
    ("file", "line", "words"),
    [
        (OWN.replace("max: 10", "longest: 10"), 7, "longest"),
        (OWN.replace("source: manual", "source: manuel"), 1, "names the source 'manuel'; known: manual"),
        (OWN.replace("{max: 10, ", "{"), 7, "asks for nothing"),
        (OWN.replace("read: 2026-11-01}", "read: yesterday}"), 5, "a day such as"),
        ("extends: kiosk\n", 1, "no channel has this slug"),
        ("- 5\n", 1, "expected a channel"),
    ],
)
def test_a_mistake_in_a_channel_is_told_with_its_line(file: str, line: int, words: str, tmp_path: Path) -> None:
    """Like one in the job."""
    with pytest.raises(JobErrors) as caught:
        own(tmp_path, file)
    (error,) = caught.value.errors
    assert (error.line, error.file) == (line, str(tmp_path / "own.yaml"))
    assert words in f"{error.key} {error.what}"


def test_an_unknown_destination_is_told_with_the_nearest(tmp_path: Path) -> None:
    """In the job's own file."""
    with pytest.raises(JobErrors, match=r"job.yaml:3: destinations\[1\].*did you mean `pinterest`"):
        own(tmp_path, OWN, "destinations: [kiosk, pinterst]\nchannels: [own.yaml]\n")


@pytest.mark.tree
def test_the_readmes_own_channel_is_one(tmp_path: Path) -> None:
    """As it stands there."""
    text = Path("README.md").read_text(encoding="utf-8")
    example = re.search(r"```yaml\n# my-channels\.yaml.*?\n(.*?)```", text, re.DOTALL)
    assert example is not None
    (window,) = own(tmp_path, example[1], "destinations: [shop-window]\nchannels: [own.yaml]\n")
    assert {each.rule for each in suits(window, replace(TALL, seconds=12.0)).findings} == {"length", "audio"}
