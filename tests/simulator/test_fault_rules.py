"""Rules strike when they say, reproducibly; a wrong file is named with its rule and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from batch.simulator.fault_file import FaultFileError, plan_of, read_fault_file
from batch.simulator.faults import KINDS, PLACES, FaultBook

if TYPE_CHECKING:
    from pathlib import Path


def struck(rule: dict[str, object], requests: list[tuple[str, str]], *, seed: int = 1) -> list[bool]:
    """Tell which of these polls (subject and text) the rule strikes."""
    plan = plan_of({"seed": seed, "rules": [{"on": "poll", "fault": "not_found", **rule}]}, "test")
    book = FaultBook(plan)
    return [bool(book.listen("poll", subject, text).faults) for subject, text in requests]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ({}, "11111"),
        ({"nth": 2}, "01000"),
        ({"after": 3}, "00011"),
        ({"times": 2}, "11000"),
        ({"after": 1, "times": 2}, "01100"),
        ({"probability": 0}, "00000"),
        ({"match": "b"}, "01010"),
        ({"match": "b", "nth": 2}, "00010"),
        ({"each": True, "times": 1}, "11000"),
        ({"each": True, "nth": 2}, "00110"),
    ],
)
def test_selectors(rule: dict[str, object], expected: str) -> None:
    """Each selector narrows the rule, and they combine."""
    requests = [(subject, "") for subject in "ababa"]
    assert struck(rule, requests) == [digit == "1" for digit in expected]


def test_probability_is_drawn_from_the_seed() -> None:
    """The same seed draws the same; about the asked share is struck; another seed draws otherwise."""
    requests = [("a", "")] * 1000
    once = struck({"probability": 0.2}, requests)
    assert once == struck({"probability": 0.2}, requests)
    assert once != struck({"probability": 0.2}, requests, seed=2)
    assert 150 < sum(once) < 250


def test_probability_for_each_is_drawn_once() -> None:
    """With `each` a subject is struck always or never."""
    requests = [(str(number % 50), "") for number in range(200)]
    drawn = struck({"probability": 0.3, "each": True}, requests)
    assert drawn[:50] == drawn[50:100] == drawn[150:]
    assert 5 < sum(drawn[:50]) < 25


def test_replaying_a_log_brings_the_counters_back() -> None:
    """A book that is told what its predecessor heard goes on like it."""
    plan = plan_of({"rules": [{"on": "poll", "fault": "not_found", "probability": 0.5, "times": 20}]}, "test")
    whole, first, second = FaultBook(plan), FaultBook(plan), FaultBook(plan)
    expected = [whole.listen("poll", "a") for _ in range(60)]
    for _ in range(30):
        heard = first.listen("poll", "a")
        second.replay(heard.rules, "a")
    assert [second.listen("poll", "a") for _ in range(30)] == expected[30:]


def test_every_fault_can_be_written_with_its_options() -> None:
    """Each kind is accepted at each of its places with a value of each option's type."""
    samples = {int: 1, float: 0.5, str: "text", bool: True, dict: {}, list: []}
    for name, kind in KINDS.items():
        for place in kind.places:
            assert place in PLACES
            options = {
                key: option.choices[0] if option.choices else samples[option.types[0]]
                for key, option in kind.options.items()
            }
            plan = plan_of({"rules": [{"on": place, "fault": name, **options}]}, "test")
            assert plan.rules[0].fault.options == options


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- on: poll", "must be a mapping with the keys 'seed' and 'rules'"),
        ("seeds: 1", "unknown key 'seeds'; did you mean 'seed'?"),
        ("seed: seven", "key 'seed': must be a whole number, not 'seven'"),
        ("rules: {}", "key 'rules': must be a list"),
        ("rules: [x]", "rule 1: must be a mapping"),
        ("rules: [{fault: status, status: 500}]", "rule 1: key 'on' is missing"),
        ("rules: [{on: poll}]", "rule 1: key 'fault' is missing"),
        ("rules: [{on: pol, fault: delay}]", "rule 1: key 'on': unknown value 'pol'; did you mean 'poll'?"),
        ("rules: [{on: poll, fault: short}]", "rule 1: key 'fault': 'short' cannot happen on 'poll', only on download"),
        ("rules: [{on: poll, fault: status}]", "rule 1: key 'status' is missing; this fault needs it"),
        ("rules: [{on: poll, fault: not_found, tmes: 1}]", "rule 1: unknown key 'tmes'; did you mean 'times'?"),
        ("rules: [{on: poll, fault: not_found, times: x}]", "rule 1: key 'times': must be int, not 'x'"),
        ("rules: [{on: poll, fault: not_found, times: 0}]", "rule 1: key 'times': must be 1 or more"),
        ("rules: [{on: poll, fault: not_found, times: true}]", "rule 1: key 'times': must be int, not True"),
        (
            "rules: [{on: poll, fault: not_found, probability: 2}]",
            "key 'probability': must lie between 0 and 1",
        ),
        ("rules: [{on: render, fault: output, shape: blob}]", "rule 1: key 'shape': unknown value 'blob'"),
        ("rules: [", "is no YAML"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    """File, rule, key, and the nearest known word."""
    path = tmp_path / "faults.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FaultFileError) as caught:
        read_fault_file(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert told in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path stands in the error."""
    with pytest.raises(FaultFileError, match=r"none\.yaml: cannot be read"):
        read_fault_file(tmp_path / "none.yaml")


def test_the_sample_in_the_documentation_is_valid(tmp_path: Path) -> None:
    """What the module shows can be copied."""
    from batch.simulator import fault_file  # noqa: PLC0415 - its docstring is the subject

    assert fault_file.__doc__ is not None
    path = tmp_path / "faults.yaml"
    path.write_text(fault_file.__doc__.partition("A sample:\n")[2], encoding="utf-8")
    assert len(read_fault_file(path).rules) == 9
