"""Model profiles: what is known of each model, and how a person adds or changes one."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from batch.core.media import Size
from batch.core.profile import ModelProfile, expects_audio, profile_notes
from batch.errors import MissingInput
from batch.inputs.jobfile import JobErrors, read_job
from batch.models import builtin_profiles, load_profiles, profile_for

if TYPE_CHECKING:
    from pathlib import Path

SLUGS = {
    "sora-2-image-to-video",
    "sora-2-image-to-video-pro",
    "kling-v2-1-standard-image-to-video",
    "kling-v1-standard-image-to-video",
    "kling-v2-6-pro-image-to-video",
    "veo-3-image-to-video",
    "bytedance-seedance-2-0-image-to-video",
    "alibaba-wan-3-0-image-to-video",
    "wan-v2-6-image-to-video",
    "pixverse-v5-6-image-to-video",
}

JOB = "name: x\nmanifest: {path: a.csv}\n"

WHOLE = """\
slug: mine
last_checked: 2026-11-01
duration: {type: integer, values: [3, 6], default: 3}
price: {kind: per_second, rows: [{usd: 0.10}]}
"""


def own(folder: Path, text: str, job: str = "") -> dict[str, ModelProfile]:
    """Load the profiles of a job that has a file of its own."""
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    (folder / "job.yaml").write_text(f"{JOB}models: [own.yaml]\n{job}", encoding="utf-8")
    loaded = read_job(folder / "job.yaml")
    return dict(load_profiles(loaded.job, loaded.folder))


def errors_of(folder: Path, text: str) -> list[tuple[int, str, str]]:
    """Give line, key and words of everything that is wrong in a profile file."""
    with pytest.raises(JobErrors) as caught:
        own(folder, text)
    assert all(error.file.endswith("own.yaml") for error in caught.value.errors)
    return [(error.line, error.key, f"{error.what}; {error.hint}") for error in caught.value.errors]


def test_every_model_of_the_catalogue_has_a_profile() -> None:
    """Ten, each under its own slug, each with the day it was checked."""
    profiles = builtin_profiles()
    assert set(profiles) == SLUGS
    assert all(slug == profile.slug for slug, profile in profiles.items())
    assert all(profile.last_checked.year == 2026 for profile in profiles.values())


@pytest.mark.parametrize(
    ("slug", "kind", "values", "default"),
    [
        ("sora-2-image-to-video", "integer", (4, 8, 12, 16, 20), 4),
        ("sora-2-image-to-video-pro", "integer", (4, 8, 12), 4),
        ("kling-v2-1-standard-image-to-video", "integer", (5, 10), 5),
        ("kling-v1-standard-image-to-video", "integer", (5, 10), 5),
        ("kling-v2-6-pro-image-to-video", "string", ("5", "10"), "5"),
        ("veo-3-image-to-video", "integer", (4, 6, 8), 4),
        ("alibaba-wan-3-0-image-to-video", "integer_or_auto", ("auto",), 2),
        ("wan-v2-6-image-to-video", "string", ("5", "10", "15"), "5"),
        ("pixverse-v5-6-image-to-video", "string", ("5", "8", "10"), "5"),
    ],
)
def test_durations_have_the_json_type_that_the_model_wants(
    slug: str, kind: str, values: tuple[int | str, ...], default: int | str
) -> None:
    """Text and number are two things on the wire."""
    duration = builtin_profiles()[slug].duration
    assert duration is not None
    assert (duration.type, duration.values, duration.default) == (kind, values, default)


def test_the_fields_are_named_as_the_model_names_them() -> None:
    """Most agree; one does not."""
    profiles = builtin_profiles()
    wan = profiles["alibaba-wan-3-0-image-to-video"]
    assert wan.image.field == "first_frame"
    assert wan.aspect is not None
    assert wan.aspect.field == "ratio"
    others = [profile for profile in profiles.values() if profile is not wan]
    assert {profile.image.field for profile in others} == {"image_url"}
    assert {profile.aspect.field for profile in others if profile.aspect} == {"aspect_ratio"}


def test_the_default_model_is_known_wholly() -> None:
    """Nothing that buying needs is missing, and its sizes and limits are exact."""
    sora = builtin_profiles()["sora-2-image-to-video"]
    assert sora.unknown == ()
    assert {frame.aspect: frame.size for frame in sora.frames} == {"16:9": Size(1280, 720), "9:16": Size(720, 1280)}
    assert sora.prompt.max_characters == 32_000
    assert (sora.image.max_bytes, set(sora.image.formats)) == (20_000_000, {"jpeg", "png", "webp"})
    assert sora.eta_seconds == 200
    assert sora.inputs == {}


def test_the_default_model_says_that_it_was_switched_off_upstream() -> None:
    """A person should know before paying."""
    notes = " ".join(profile_notes(builtin_profiles()["sora-2-image-to-video"]))
    assert "2026-09-24" in notes
    assert "unknown" in notes
    assert "2026-09-30" in notes


def test_what_no_source_says_is_unknown() -> None:
    """And is told, by the profile's own keys."""
    unknown = {slug: profile.unknown for slug, profile in builtin_profiles().items() if profile.unknown}
    assert unknown == {
        "sora-2-image-to-video-pro": ("price",),
        "kling-v2-6-pro-image-to-video": ("price",),
        "bytedance-seedance-2-0-image-to-video": ("duration",),
        "wan-v2-6-image-to-video": ("price",),
        "pixverse-v5-6-image-to-video": ("price",),
    }
    for slug, missing in unknown.items():
        notes = " ".join(profile_notes(builtin_profiles()[slug])).lower()
        assert all(key in notes for key in missing)


@pytest.mark.parametrize(
    ("slug", "inputs", "sound"),
    [
        ("sora-2-image-to-video", {}, True),
        ("veo-3-image-to-video", {"generate_audio": True}, True),
        ("veo-3-image-to-video", {"generate_audio": False}, False),
        ("kling-v2-6-pro-image-to-video", {}, None),
        ("wan-v2-6-image-to-video", {}, None),
    ],
)
def test_whether_a_clip_has_sound_follows_from_the_inputs(
    slug: str, inputs: dict[str, Any], sound: bool | None
) -> None:
    """Where nobody knows, nothing is expected."""
    assert expects_audio(builtin_profiles()[slug], inputs) is sound


def test_a_person_adds_a_profile(tmp_path: Path) -> None:
    """Beside the built-in ones, with plain defaults for what is left out."""
    profiles = own(tmp_path, WHOLE)
    assert set(profiles) == SLUGS | {"mine"}
    assert profiles["mine"].prompt.field == "prompt"
    assert profiles["mine"].aspect is None


def test_a_file_may_hold_several_and_build_on_them(tmp_path: Path) -> None:
    """A later profile extends an earlier one of the same file."""
    listed = "- " + WHOLE.replace("\n", "\n  ").rstrip() + "\n- {extends: mine, slug: mine-too, eta_seconds: 60}\n"
    profiles = own(tmp_path, listed)
    assert profiles["mine-too"].eta_seconds == 60
    assert profiles["mine-too"].duration == profiles["mine"].duration


def test_extending_changes_only_what_is_named(tmp_path: Path) -> None:
    """Keys inside keys are merged; the price is replaced whole."""
    text = "extends: sora-2-image-to-video\nimage: {max_bytes: 5MB}\nprice: {kind: per_second, rows: [{usd: 0.12}]}\n"
    builtin, changed = builtin_profiles()["sora-2-image-to-video"], own(tmp_path, text)["sora-2-image-to-video"]
    assert changed.image.max_bytes == 5_000_000
    assert changed.image.formats == builtin.image.formats
    assert changed.price.kind == "per_second"
    assert (changed.duration, changed.notes) == (builtin.duration, builtin.notes)
    assert builtin_profiles()["sora-2-image-to-video"].image.max_bytes == 20_000_000


def test_a_profile_of_ones_own_fills_in_what_is_unknown(tmp_path: Path) -> None:
    """Then the model can be bought."""
    text = "extends: bytedance-seedance-2-0-image-to-video\nduration: {type: integer, values: [5, 10], default: 5}\n"
    assert own(tmp_path, text)["bytedance-seedance-2-0-image-to-video"].unknown == ()


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("", 1, "", "expected a profile"),
        ("- 5\n", 1, "[0]", "expected a profile"),
        ("extends: sora-2-image-to-vido\n", 1, "extends", "did you mean `sora-2-image-to-video`?"),
        (WHOLE + "colour: red\n", 5, "colour", "unknown key"),
        (WHOLE + "promt: {field: text}\n", 5, "promt", "did you mean `prompt`?"),
        (WHOLE + "eta_seconds: -1\n", 5, "eta_seconds", "expected a number above 0, got -1"),
        (WHOLE + "frames: [{aspect: '16:9', size: 1280}]\n", 5, "frames[0].size", "such as 1280x720"),
        (WHOLE + "image: {formats: [jpg]}\n", 5, "image.formats[0]", "did you mean `jpeg`?"),
        (WHOLE + "aspect: {values: ['1:1']}\n", 5, "aspect", "the default 16:9 is not among the values"),
        (WHOLE + "resolution: size\n", 1, "", "`resolution` names the input size"),
        (WHOLE + "inputs: {a: {type: text, default: 5}}\n", 5, "inputs.a", "expected text, not 5"),
        (WHOLE + "inputs: {a: {type: text, minimum: 5}}\n", 5, "inputs.a", "need `type: integer`"),
        (WHOLE.replace("2026-11-01", "2026-13-01"), 2, "last_checked", "expected a day"),
        (WHOLE.replace("[3, 6]", "['3', '6']"), 3, "duration", "'3' is no duration of the type integer"),
        (WHOLE.replace("[3, 6]", "[true, 6]"), 3, "duration.values[0]", "got true"),
        (WHOLE.replace("default: 3", "default: 4"), 3, "duration", "the default 4 is not among the values"),
        (WHOLE.replace("per_second", "per_sec"), 4, "price.kind", "did you mean `per_second`?"),
        (WHOLE.replace("kind: per_second, ", ""), 4, "price.kind", "this key is needed"),
        (WHOLE.replace("0.10", "{low: 2, high: 1}"), 4, "price.rows[0].usd", "`low` is larger than `high`"),
        (WHOLE.replace("usd: 0.10", "when: {size: 1}, usd: 1"), 1, "", "the price depends on size"),
        (WHOLE.replace("price", "cost"), 1, "price", "this key is needed"),
    ],
)
def test_a_mistake_in_a_profile_is_told_like_one_in_a_job(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    """File, line, key, what was expected."""
    errors = errors_of(tmp_path, text)
    assert (line, key) in {(at, name) for at, name, _ in errors}
    assert words in next(told for at, name, told in errors if (at, name) == (line, key))


def test_mistakes_of_all_profiles_of_a_file_are_told_at_once(tmp_path: Path) -> None:
    """With their places in the list."""
    text = "- {extends: nobody}\n- extends: sora-2-image-to-video\n  eta_seconds: 0\n- {slug: &x y}\n"
    assert {(line, key) for line, key, _ in errors_of(tmp_path, text)} == {
        (1, "[0].extends"),
        (3, "[1].eta_seconds"),
        (4, "[2].slug"),
        (4, "[2].last_checked"),
        (4, "[2].duration"),
        (4, "[2].price"),
    }


def test_a_profile_file_that_is_not_there_is_a_missing_input(tmp_path: Path) -> None:
    """It is looked for beside the job."""
    path = tmp_path / "job.yaml"
    path.write_text(JOB + "models: [own.yaml]\n", encoding="utf-8")
    loaded = read_job(path)
    with pytest.raises(MissingInput, match="no model profile"):
        load_profiles(loaded.job, loaded.folder)


def test_a_model_without_a_profile_names_the_nearest(tmp_path: Path) -> None:
    """With the line of the job that names it."""
    path = tmp_path / "job.yaml"
    path.write_text(JOB + "model: sora-2-image-to-vidoe\n", encoding="utf-8")
    with pytest.raises(JobErrors, match=r"job\.yaml:3: model: .*did you mean `sora-2-image-to-video`"):
        profile_for(read_job(path))


def test_what_the_job_asks_of_the_model_is_checked_with_its_lines(tmp_path: Path) -> None:
    """All at once, before any row is read."""
    path = tmp_path / "job.yaml"
    path.write_text(
        JOB
        + "defaults:\n"
        + "  duration: 9\n"
        + "  aspect_ratio: ['16:9', '1:1']\n"
        + "  negative_prompt: hands\n"
        + "  inputs:\n"
        + "    seed: 5\n"
        + "    duration: 8\n",
        encoding="utf-8",
    )
    with pytest.raises(JobErrors) as caught:
        profile_for(read_job(path))
    assert [(error.line, error.key) for error in caught.value.errors] == [
        (4, "defaults.duration"),
        (5, "defaults.aspect_ratio[1]"),
        (6, "defaults.negative_prompt"),
        (8, "defaults.inputs.seed"),
        (9, "defaults.inputs.duration"),
    ]
    assert "4, 8, 12, 16, 20" in caught.value.errors[0].what
    assert "defaults.duration" in caught.value.errors[4].hint


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        ("kling-v2-6-pro-image-to-video", "the price of"),
        ("bytedance-seedance-2-0-image-to-video", "which durations"),
    ],
)
def test_what_buying_needs_and_nobody_knows_is_named_with_its_line(tmp_path: Path, slug: str, words: str) -> None:
    """Together with what else does not fit; whoever does not buy may have the profile all the same."""
    path = tmp_path / "job.yaml"
    path.write_text(f"{JOB}model: {slug}\n", encoding="utf-8")
    assert profile_for(read_job(path)).slug == slug
    path.write_text(f"{JOB}model: {slug}\ndefaults: {{inputs: {{sed: 5}}}}\n", encoding="utf-8")
    with pytest.raises(JobErrors) as caught:
        profile_for(read_job(path), to_buy=True)
    assert [(error.line, error.key) for error in caught.value.errors] == [(3, "model"), (4, "defaults.inputs.sed")]
    assert words in caught.value.errors[0].what


def test_prices_are_exact() -> None:
    """Read from YAML without a float in between."""
    price = builtin_profiles()["bytedance-seedance-2-0-image-to-video"].price
    assert price.kind == "per_second"
    assert price.rows[0].usd == Decimal("0.1412")
