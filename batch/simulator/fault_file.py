"""A faults file (YAML) becomes a `FaultPlan`, or an error that names file, rule and key.

A sample:

    seed: 7
    rules:
      - {on: submit, fault: lost_answer_after_accept, probability: 0.2}
      - {on: submit, fault: status, status: 429, retry_after: "30", times: 3}
      - {on: submit, fault: status, status: 504, late: 5, nth: 4}
      - {on: poll, fault: not_found, each: true, times: 2}
      - {on: poll, nth: 2, fault: status, status: 503}
      - {on: render, fault: error, error_code: PROVIDER_REJECTED, shape: array, match: "red chair"}
      - {on: render, fault: cost, value: NaN, probability: 0.1}
      - {on: executions, fault: foreign, rows: 200}
      - {on: download, fault: short, each: true, times: 1}
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from batch.simulator.faults import KINDS, PLACES, Fault, FaultPlan, Option, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_SELECTORS: Mapping[str, Option] = {
    "nth": Option(types=(int,)),
    "after": Option(types=(int,)),
    "times": Option(types=(int,)),
    "probability": Option(types=(int, float)),
    "match": Option(types=(str,)),
    "each": Option(types=(bool,)),
}


_MOST_BYTES = 100_000


class FaultFileError(ValueError):
    """A faults file that cannot be read or says something unknown; the text names file, rule and key."""


def read_fault_file(path: Path) -> FaultPlan:
    """Read the rules in the YAML file at `path`.

    Raises:
        FaultFileError: The file is missing, is no YAML, or has a key or a value that no fault knows.
    """
    import yaml  # noqa: PLC0415 - the simulator's options are known before PyYAML is needed

    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FaultFileError(f"{path}: is longer than {_MOST_BYTES:,} bytes")
        content = _load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultFileError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a date that there is not is a ValueError
        raise FaultFileError(f"{path}: is no YAML: {error}") from error
    return plan_of(content, str(path))


def _load(text: str) -> Any:
    import yaml  # noqa: PLC0415 - see above

    class Loader(yaml.SafeLoader):
        """YAML 1.1 reads a bare `on` as true, and here it is the commonest key: only true and false are booleans."""

    Loader.yaml_implicit_resolvers = {
        letter: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:bool" or letter in "tTfF"]
        for letter, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=Loader)):
        raise ValueError("`*name` refers to another place, which a short text could do without end; repeat it")
    return yaml.load(text, Loader=Loader)  # noqa: S506 - the loader is the safe one with fewer words


def plan_of(content: Any, source: str) -> FaultPlan:
    """Check the content of a faults file; `source` is what errors call the file.

    Raises:
        FaultFileError: A key or a value is not known.
    """
    if not isinstance(content, dict):
        raise FaultFileError(f"{source}: must be a mapping with the keys 'seed' and 'rules'")
    for key in content:
        if key not in ("seed", "rules"):
            raise FaultFileError(f"{source}: {_unknown('key', key, ('seed', 'rules'))}")
    seed, rules = content.get("seed", 0), content.get("rules", [])
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise FaultFileError(f"{source}: key 'seed': must be a whole number, not {seed!r}")
    if not isinstance(rules, list):
        raise FaultFileError(f"{source}: key 'rules': must be a list")
    checked = [_rule(rule, f"{source}: rule {number}") for number, rule in enumerate(rules, start=1)]
    return FaultPlan(seed=seed, rules=tuple(checked))


def _rule(content: Any, where: str) -> Rule:
    if not isinstance(content, dict):
        raise FaultFileError(f"{where}: must be a mapping with the keys 'on' and 'fault'")
    on = _known(content, "on", PLACES, where)
    name = _known(content, "fault", tuple(KINDS), where)
    kind = KINDS[name]
    if on not in kind.places:
        raise FaultFileError(
            f"{where}: key 'fault': '{name}' cannot happen on '{on}', only on {', '.join(kind.places)}"
        )
    keys = ("on", "fault", *_SELECTORS, *kind.options)
    for key in content:
        if key not in keys:
            raise FaultFileError(f"{where}: {_unknown('key', key, keys)}")
    options = {key: _value(content, key, option, where) for key, option in kind.options.items()}
    chosen = {key: _value(content, key, option, where) for key, option in _SELECTORS.items() if key in content}
    _check_selectors(chosen, where)
    return Rule(on=on, fault=Fault(name=name, options=options), **chosen)


def _check_selectors(chosen: Mapping[str, Any], where: str) -> None:
    if not 0 <= chosen.get("probability", 1) <= 1:
        raise FaultFileError(f"{where}: key 'probability': must lie between 0 and 1")
    for key, least in (("nth", 1), ("after", 0), ("times", 1)):
        if chosen.get(key, least) < least:
            raise FaultFileError(f"{where}: key '{key}': must be {least} or more")


def _known(content: Mapping[str, Any], key: str, known: Iterable[str], where: str) -> str:
    if key not in content:
        raise FaultFileError(f"{where}: key '{key}' is missing")
    value = content[key]
    if value not in tuple(known):
        raise FaultFileError(f"{where}: key '{key}': {_unknown('value', value, known)}")
    return str(value)


def _value(content: Mapping[str, Any], key: str, option: Option, where: str) -> Any:
    if key not in content:
        if option.required:
            raise FaultFileError(f"{where}: key '{key}' is missing; this fault needs it")
        return option.default
    value = content[key]
    wrong = not isinstance(value, option.types) or (isinstance(value, bool) and bool not in option.types)
    if wrong:
        names = " or ".join(kind.__name__ for kind in option.types)
        raise FaultFileError(f"{where}: key '{key}': must be {names}, not {value!r}")
    if option.choices and value not in option.choices:
        raise FaultFileError(f"{where}: key '{key}': {_unknown('value', value, option.choices)}")
    return value


def _unknown(what: str, given: Any, known: Iterable[Any]) -> str:
    names = [str(name) for name in known]
    near = difflib.get_close_matches(str(given), names, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else f"; known are {', '.join(names)}"
    return f"unknown {what} '{given}'{hint}"
