"""Names of clips: safe on every file system, whatever stands in the manifest."""

from __future__ import annotations

import re
import unicodedata
from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from batch.core.naming import NameFields, candidates, folded, safe_part

DEFAULT = "{sku}/{sku}-{aspect}-{duration}s.mp4"
KEY = "0123456789abcdef" * 4
TEMPLATES = (DEFAULT, "{sku}.mp4", "{key}.mp4", "a/{sku}/v{variant}/{take}.mp4", "{model}/{sku}.mp4", "../{sku}/...mp4")
# What Windows reserves, with any extension.
WINDOWS_DEVICES = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9\u00b9\u00b2\u00b3])\s*(\..*)?", re.IGNORECASE
)

HOSTILE = [
    "../../etc/x",
    "..",
    ".",
    "",
    "/etc/passwd",
    "C:\\Windows\\x",
    "CON",
    "con.txt",
    "aux .mp4",
    "COM1",
    "x" * 300,
    "\N{GRINNING FACE}" * 40,
    "\N{WOMAN}\u200d\N{PERSONAL COMPUTER}",
    "e\u200d\u0301",
    "\u202egpj.exe",
    "a\x00b\nc\x85d",
    "trailing. . .",
    "-rf",
    'a/b\\c:d*e?f"g<h>i|j%k',
    "\u0130\u0131\u1e9e\ufb01",
    "ANGSTROM \u212b",
    "\ud800",
]


def fields(sku: str, *, variant: int = 1, take: int = 0, model: str = "sora-2", aspect: str = "16:9") -> NameFields:
    """Give what a name is made of."""
    return NameFields(sku=sku, aspect=aspect, duration="8", model=model, variant=variant, take=take, key=KEY)


def assert_safe(name: str) -> None:
    """Hold a name against what file systems refuse, hide or take for another."""
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert not getattr(path, "drive", "")
    assert name.endswith(".mp4")
    assert unicodedata.is_normalized("NFC", name)
    for part in name.split("/"):
        assert part not in {"", ".", ".."}
        assert not part.startswith((".", " "))
        assert not part.endswith((".", " "))
        assert len(f"{part}.part".encode()) <= 255
        assert not WINDOWS_DEVICES.fullmatch(part)
        assert not set(part) & set('<>:"\\|?*%')
        assert not {unicodedata.category(c) for c in part} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(
    sku=st.text(max_size=400), template=st.sampled_from(TEMPLATES), variant=st.integers(1, 100), take=st.integers(0, 99)
)
@settings(max_examples=500, deadline=None)
def test_every_candidate_is_safe_whatever_the_sku(sku: str, template: str, variant: int, take: int) -> None:
    """No traversal, no reserved name, nothing invisible, no part too long, composed letters only."""
    for name in candidates(template, fields(sku, variant=variant, take=take)):
        assert_safe(name)


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("sku", HOSTILE)
def test_known_troublemakers_are_safe(sku: str, template: str) -> None:
    """Those that a manifest is known to bring, on purpose or not."""
    for name in candidates(template, fields(sku)):
        assert_safe(name)


@given(text=st.text(max_size=300))
@example("con\u200d")
@example("e\u200d\u0301")
@settings(max_examples=500, deadline=None)
def test_making_a_part_safe_twice_changes_nothing_more(text: str) -> None:
    """What is safe stays as it is."""
    part = safe_part(text)
    assert safe_part(part) == part


def test_an_ordinary_sku_stays_readable() -> None:
    """The name is the template's, and the aspect is written for file systems."""
    assert next(candidates(DEFAULT, fields("00152"))) == "00152/00152-16x9-8s.mp4"
    assert (
        next(candidates(DEFAULT, fields("M\u00fctze 12.5 rot")))
        == "M\u00fctze 12.5 rot/M\u00fctze 12.5 rot-16x9-8s.mp4"
    )


def test_variants_and_takes_show_where_the_template_does_not_tell_them_apart() -> None:
    """`-v2` and `-t1` are added once, and not where the template has them."""
    assert next(candidates("{sku}.mp4", fields("a", variant=2))) == "a-v2.mp4"
    assert next(candidates("{sku}.mp4", fields("a", variant=2, take=3))) == "a-v2-t3.mp4"
    assert next(candidates("{sku}/{variant}.mp4", fields("a", variant=2, take=3))) == "a/2-t3.mp4"
    assert next(candidates("{sku}-{take}.mp4", fields("a", take=3))) == "a-3.mp4"


def test_where_a_name_is_taken_the_key_decides() -> None:
    """First eight characters of it, then all: the last candidate is nobody else's."""
    assert list(candidates("{sku}.mp4", fields("a", take=1))) == [
        "a-t1.mp4",
        f"a-t1-{KEY[:8]}.mp4",
        f"a-t1-{KEY}.mp4",
    ]


@pytest.mark.parametrize("length", [*range(70, 130), 300])
def test_a_long_sku_hides_neither_aspect_nor_extension(length: int) -> None:
    """Both aspects of one product are told apart by eye."""
    for aspect, written in (("16:9", "16x9"), ("9:16", "9x16")):
        name = next(candidates(DEFAULT, fields("x" * length, aspect=aspect)))
        assert name.endswith(f"x-{written}-8s.mp4")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Lamp.mp4", "LAMP.mp4"),
        ("stra\u00dfe.mp4", "STRASSE.mp4"),
        ("\u00e9.mp4", "e\u0301.mp4"),
        ("\u212b.mp4", "\u00e5.mp4"),
    ],
)
def test_names_that_some_file_system_takes_for_one_fold_into_one(one: str, other: str) -> None:
    """Those that ignore case, and those that ignore how a letter is composed."""
    assert folded(one) == folded(other)


def test_different_names_stay_different() -> None:
    """Folding is no slug."""
    assert len({folded(name) for name in ("a.mp4", "\u00e4.mp4", "b.mp4", "a-1.mp4", "a_1.mp4")}) == 5
