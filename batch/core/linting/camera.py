"""What a sentence says of the camera: moves by their names, and whether it stands still."""

from __future__ import annotations

import re
from typing import Final

from batch.core.linting.vocabulary import word_set

TRIGGERS: Final = word_set(
    "camera pan pans panning zoom zooms zooming tilt tilts tilting push pushes pushing push-in pull pulls "
    "pulling pull-back pull-out dolly dollies dollying dolly-in orbit orbits orbiting track tracks tracking "
    "truck trucks "
    "trucking crane craning arc arcs follow follows handheld hand-held whip drone fly-through flythrough fly flies "
    "static lock locked locked-off circle circles pan-left pan-right dolly-out zoom-in zoom-out tripod "
    "stationary still fixed"
)
"""Without any of these words a sentence says nothing of the camera."""

_HOW: Final = r"(?:\w+ly |gently |slowly |smoothly |steadily |then )*"
_BY_NAME: Final = tuple(
    (name, re.compile(form, re.IGNORECASE))
    for name, form in (
        ("push-in", rf"\b(?:push(?:es|ing)?|doll(?:y|ies|ying))[ -]{_HOW}(?:in|closer|forward|towards?)\b"),
        ("pull-back", rf"\b(?:pull(?:s|ing)?|doll(?:y|ies|ying))[ -]{_HOW}(?:back|out|away|backwards?)\b"),
        ("zoom in", rf"\bzoom(?:s|ing)?[ -]{_HOW}in(?:to)?\b"),
        ("zoom out", rf"\bzoom(?:s|ing)?[ -]{_HOW}out\b"),
        ("zoom", rf"\bzoom(?:s|ing)?\b(?! lens)(?![ -]{_HOW}(?:in|into|out)\b)"),
        ("pan left", rf"\bpan(?:s|ning)?[ -]{_HOW}(?:to the |towards the |from right to )?left\b"),
        ("pan right", rf"\bpan(?:s|ning)?[ -]{_HOW}(?:to the |towards the |from left to )?right\b"),
        (
            "pan",
            (
                rf"(?:\b(?:slow|gentle|smooth|quick|fast|whip|one|camera|then|and)[ -]{_HOW}pan(?:s|ning)?\b"
                rf"|\bpan(?:s|ning)?[ -]{_HOW}(?:across|over|along|around|from)\b|\bpanning\b)"
                rf"(?!(?:s|ning)?[ -]{_HOW}(?:to the |towards the |from \w+ to )?(?:left|right)\b)"
            ),
        ),
        ("tilt up", rf"\btilt(?:s|ing)?[ -]{_HOW}up(?:wards?)?\b"),
        ("tilt down", rf"\btilt(?:s|ing)?[ -]{_HOW}down(?:wards?)?\b"),
        ("orbit", r"\borbit(?:s|ing)?\b|\b(?:circles?|circling|arcs?) around\b|\barc shot\b"),
        (
            "tracking",
            r"\btracking shot\b|\b(?:truck|track|doll)(?:s|y|ies|ing|ying)? (?:left|right|along|alongside|past)\b",
        ),
        ("crane", r"\bcrane (?:shot|up|down)\b|\bcraning\b"),
        ("fly-through", r"\bfly[- ]?through\b|\bdrone shot\b"),
        ("handheld", r"\bhand-?held\b"),
    )
)
_BY_CAMERA: Final = re.compile(
    r"\bcamera (?:\w+ ){0,3}?(moves?|follows?|tracks?|trucks?|glides?|slides?|drifts?|flies|sweeps?|rises?"
    r"|descends?|lowers?"
    r"|circles?|rotates?|revolves?|arcs?|turns?|spins?|travels?|pans?|tilts?|pulls?|pushes|shakes?|floats?|lifts?)\b",
    re.IGNORECASE,
)
_STILL: Final = re.compile(
    r"\bcamera (?:\w+ ){0,2}?(?:stays?|remains?|is|holds?|keeps?|stands?|sits?) (?:\w+ )?"
    r"(?:still|static|fixed|locked|motionless|stationary|in place)\b"
    r"|\bcamera:? (?:is )?(?:static|still|fixed|locked)\b|\bstatic (?:camera|shot|frame)\b"
    r"|\block(?:ed)?[- ](?:off|down|camera|shot)\b|\b(?:still|fixed|stationary) camera\b"
    r"|\bcamera (?:does not|doesn't|never|must not) move|\bno camera (?:move|moves|movement|motion)\b"
    r"|\bon a tripod\b",
    re.IGNORECASE,
)
OPPOSITES: Final = (
    ("push-in", "pull-back"),
    ("zoom in", "zoom out"),
    ("pan left", "pan right"),
    ("tilt up", "tilt down"),
)
"""Moves that undo each other."""


def moves_of(sentence: str) -> tuple[str, ...]:
    """Name the moves that a sentence asks for, each once, in no particular order.

    >>> moves_of("The camera pushes in slowly")
    ('push-in',)
    """
    without = _STILL.sub(" ", sentence)
    named = tuple(name for name, form in _BY_NAME if form.search(without))
    if named:
        return named
    general = _BY_CAMERA.search(without)
    return (f"camera {general[1].lower()}",) if general else ()


def stands_still(sentence: str) -> bool:
    """Tell whether a sentence says that the camera does not move."""
    return _STILL.search(sentence) is not None
