"""Findings: what is wrong with bad prompts is found, and good ones are left in peace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.core.linting.marks import marks_of, sentences_of
from batch.core.linting.reviewing import Reviewer, Setting
from batch.core.linting.rules import RULES, Level
from batch.core.linting.vocabulary import WordList, vocabulary_of
from batch.prompts import builtin_library
from batch.prompts.wordlists import builtin_vocabulary

HERE = Path(__file__).parent
BAD: list[dict[str, Any]] = yaml.safe_load((HERE / "bad.yaml").read_text("utf-8"))
GOOD: list[str] = yaml.safe_load((HERE / "good.yaml").read_text("utf-8"))
VOCABULARY = builtin_vocabulary()
REVIEWER = Reviewer(VOCABULARY)
FINE = "One slow push-in. The cup keeps its shape. Sound: a clink."


def ids(prompt: str, *, seconds: float = 8, **other: Any) -> list[str]:
    """The ids of what is found, once for each finding."""
    return [one.id for one in REVIEWER.review(prompt, Setting(seconds=seconds, refuses_faces=True, **other))]


def errors(found: list[str]) -> set[str]:
    """Those of level error."""
    return {name for name in found if RULES[name].level is Level.ERROR}


def test_the_trial_has_twenty_of_each() -> None:
    """Forty prompts; together the bad ones show every finding that a single prompt can have, but two lengths."""
    assert (len(BAD), len(GOOD)) == (20, 20)
    of_rows = {"empty", "identical", "unknown-id", "too-long", "long", "language"}
    assert {name for one in BAD for name in one["expect"]} == set(RULES) - of_rows


@pytest.mark.parametrize("bad", BAD, ids=lambda one: "-".join(one["expect"]))
def test_a_bad_prompt_is_caught(bad: dict[str, Any]) -> None:
    """With the ids that belong to it, and without a false alarm of level error."""
    found = ids(bad["prompt"], seconds=bad.get("seconds", 8))
    assert set(bad["expect"]) <= set(found)
    assert errors(found) <= set(bad["expect"])


@pytest.mark.parametrize("good", GOOD)
def test_a_good_prompt_is_left_in_peace(good: str) -> None:
    """Nothing at all is found in it."""
    assert ids(good) == []


@pytest.mark.parametrize("name", sorted(builtin_library().entries))
def test_an_entry_of_the_library_is_a_good_prompt(name: str) -> None:
    """In the shortest clip: one action, one camera move, something that stays, something to hear."""
    entry = builtin_library().entries[name]
    text = " ".join(part.replace("{title|", "").replace("}", "") for part in entry.parts.values())
    assert ids(text, seconds=4) == []
    marks = [marks_of(sentence, VOCABULARY) for sentence in sentences_of(text)]
    assert len({move for one in marks for move in one.moves}) == 1
    assert len([action for one in marks for action in one.actions]) <= 2
    action = marks_of(entry.action, VOCABULARY)
    assert action.actions or "brightens" in entry.action


@pytest.mark.parametrize(
    ("prompt", "found"),
    [
        (f"The cup turns. {FINE}", []),
        (f"A kid is drinking from the cup. {FINE}", ["minors"]),
        (f"The cup for kids. {FINE}", []),
        (f"The boy's cup. {FINE}", []),
        (f"Boys and girls shoes beside the cup. {FINE}", []),
        (f"A boy and his dog play beside the cup. {FINE}", ["minors"]),
        (f"A 15-year-old girl with a cup. {FINE}", ["minors", "minors"]),
        (f"A 12 year old whisky in the cup. {FINE}", []),
        ("Der Becher dreht sich. Form und Farbe bleiben genau wie im Bild.", ["language"]),
        (f"The nude heels. {FINE}", []),
        (f"A bath bomb and a heat gun. {FINE}", []),
        (f"No guns, no blood. {FINE}", []),
        (f"The cup has a stunning handle. {FINE}", ["vague"]),
        (f"The cup stands in stunning backlight. {FINE}", []),
        (f"A 4K TV, 55 inch. {FINE}", []),
        (f"A TV on a wall in 4K. {FINE}", ["parameter"]),
        (f"A lens of 24-70 mm, f/2.8. {FINE}", []),
        (f"The cup in {{colour}}. {FINE}", ["unresolved"]),
        (f"The cup. None of it moves. {FINE}", []),
        (f"The cup has no text and no price tag. {FINE}", []),
        (f"Cup &amp; plate. {FINE}", ["html"]),
        (f"A cup ( ) on wood. {FINE}", ["gap"]),
        ("The frying pan. The camera stays still. The pan keeps its shape. Sound: a sizzle.", []),
        ("A cup. The camera pans to the right, then tilts down. It keeps its colour. Sound: air.", ["camera-many"]),
        ("A cup. The camera slowly moves closer. It keeps its colour. Sound: air.", []),
        ("A cup. One slow push-in. The camera does not move. It keeps its colour. Sound: air.", ["contradiction"]),
        ("A cup. One slow push-in. It keeps its colour.", ["audio"]),
        ("A cup. One slow push-in. Sound: air.", ["keep"]),
        ("A cup. It keeps its colour. Sound: air.", ["camera-none"]),
    ],
)
def test_words_are_taken_as_they_are_meant(prompt: str, found: list[str]) -> None:
    """The same words are harmless in one place and a finding in another."""
    assert ids(prompt) == found


def test_lengths_count() -> None:
    """More than the model takes is an error; long ones are a note; seconds bound what happens and what is said."""
    assert "too-long" in ids(f"{'A cup. ' * 20}{FINE}", most_characters=100)
    assert ids(f"{'A cup. ' * 200}{FINE}") == ["long"]
    busy = f"The cup turns, rises and falls. {FINE}"
    assert (ids(busy, seconds=4), ids(busy, seconds=8)) == (["actions"], [])
    talk = f'A voice says: "{"one " * 15}". {FINE}'
    assert (ids(talk, seconds=4), ids(talk, seconds=8)) == (["speech"], [])


def test_silence_and_faces_depend_on_the_model() -> None:
    """A model without sound needs no line for it; one that takes faces may show people."""
    assert ids("A cup. One slow push-in. It keeps its colour.", sounds=False) == []
    people = Setting(seconds=8, refuses_faces=False)
    assert REVIEWER.review(f"A woman drinks from the cup. {FINE}", people) == ()


def test_own_words_add_and_take_away() -> None:
    """Later lists change earlier ones: a shop's own brand is none of its findings."""
    own = [
        WordList(list="brands", words=("Lego", "Tidepool")),
        WordList(list="brands", words=("Halden",), unless=("Halden blue",), without=("lego",)),
    ]
    reviewer = Reviewer({**VOCABULARY, "brands": vocabulary_of(own)["brands"]})
    found = reviewer.review(f"A Lego cup by Tidepool and Halden in Halden blue. {FINE}", Setting(seconds=8))
    assert [one.words for one in found] == ["Halden", "Tidepool"]


_WORDS = st.sampled_from(
    [
        "the",
        "a",
        "cup",
        "Cup",
        "and",
        "then",
        "camera",
        "pans",
        "tilts",
        "left",
        "slowly",
        "zoom",
        "in",
        "out",
        "turns",
        "rises",
        "girl",
        "plays",
        "baby",
        "blanket",
        "gun",
        "glue",
        "nude",
        "keeps",
        "its",
        "shape",
        "label",
        "sound",
        "music",
        "no",
        "people",
        "Stunning",
        "light",
        "4K",
        "8",
        "seconds",
        "350",
        "ml",
        "Zyx",
        "foo-bar",
        "kid's",
        "Halden",
        "text",
        "price",
        "logo",
        "appears",
        "says",
        ",",
        ":",
        "-",
        "(",
        ")",
        "Mickey",
        "Mouse",
        "night",
        "sunny",
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_WORDS, min_size=1, max_size=14).map(" ".join))
def test_the_short_way_finds_the_same(sentence: str) -> None:
    """Most sentences are judged by their outline; what is found is what looking at every word finds."""
    direct = marks_of(sentence, VOCABULARY)
    short = Reviewer(VOCABULARY)._marks_of(sentence)
    assert short == direct
