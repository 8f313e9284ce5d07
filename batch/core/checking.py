"""A tree held against a type: the checked value, or everything that is wrong, in plain words and with lines.

The types are pydantic's; its messages are written for programmers and are told anew here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from batch.core.nearest import did_you_mean, nearest
from batch.core.yamltree import Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

    from batch.core.yamltree import Path, Tree

M = TypeVar("M", bound=BaseModel)

MAX_FAULTS = 100
"""More than this helps nobody, and each one costs a search for the nearest word."""

_LONGEST_SHOWN = 60

_KINDS = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "decimal_type": "a number",
    "is_instance_of": "a number",
    "bool_type": "true or false",
    "list_type": "a list such as [a, b]",
    "tuple_type": "a list such as [a, b]",
    "dict_type": "keys and values",
    "model_type": "keys and values",
    "model_attributes_type": "keys and values",
}
"""What pydantic's complaints about a type expected, in words that can be joined by `or`."""

_ABOUT_THE_OUTSIDE = {*_KINDS, "too_short"}

_ABOUT_THE_KIND = {"union_tag_invalid", "union_tag_not_found"}

_BOUNDS = {
    "greater_than_equal": ("ge", "of at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "of at most"),
    "less_than": ("lt", "below"),
}


Words: TypeAlias = tuple[str, str]
"""What is wrong, and what to do about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One of pydantic's errors, and the value it is about."""

    model: type[BaseModel]
    path: Path
    error: ErrorDetails
    value: Any


def check(model: type[M], tree: Tree) -> M | tuple[Fault, ...]:
    """Read a tree as `model`; where it cannot be, give all faults by line, the tree's own included.

    What the tree refused already is not complained about again.
    """
    faults = list(tree.faults)
    try:
        checked = model.model_validate(tree.value)
    except ValidationError as error:
        found = _faults(model, tree, error.errors(include_url=False))
        faults += (fault for fault in islice(found, MAX_FAULTS) if not _follows(fault.path, tree))
    else:
        if not faults:
            return checked
    return tuple(sorted(faults, key=lambda fault: fault.line))


def _follows(path: Path, tree: Tree) -> bool:
    """Say whether a fault may come of what the tree refused: a value that is gone, or a key that was to be merged in.

    What else is wrong beside a refused key is wrong all the same.
    """
    absent = path not in tree.lines
    return path in tree.gaps or (absent and path[:-1] in tree.gaps)


def _faults(model: type[BaseModel], tree: Tree, errors: list[ErrorDetails]) -> Iterator[Fault]:
    """Tell pydantic's errors anew; several about one place (the branches of a choice of types) become one."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for error in errors:
        if error["type"] == "default_factory_not_called":
            continue  # follows from another error, which is told
        by_path.setdefault(_path(tree.value, error), []).append(error)
    for path, group in by_path.items():
        deeper = any(other != path and other[: len(path)] == path for other in by_path)
        if deeper and all(error["type"] in _ABOUT_THE_OUTSIDE for error in group):
            continue  # another branch of the choice got further, and says what is wrong inside
        yield _fault(model, tree, path, group)


def _path(value: Any, error: ErrorDetails) -> Path:
    """Give pydantic's location without the names of the branches that it puts in between."""
    path: list[str | int] = []
    last = len(error["loc"]) - 1
    for place, part in enumerate(error["loc"]):
        if _has(value, part):
            value = value[part]
            path.append(part)
        elif place == last and error["type"] == "missing":
            path.append(part)
    return tuple(path)


def _has(value: Any, part: str | int) -> bool:
    if isinstance(part, str):
        return isinstance(value, dict) and part in value
    return isinstance(value, list) and part < len(value)


def _fault(model: type[BaseModel], tree: Tree, path: Path, group: list[ErrorDetails]) -> Fault:
    case = _Case(model=model, path=path, error=group[0], value=_at(tree.value, path))
    if len(group) > 1:
        return Fault(line=tree.line(path), path=path, what=_of_several(group, case.value))
    what, hint = _TELLERS.get(case.error["type"], _as_it_is)(case)
    if case.error["type"] in _ABOUT_THE_KIND:
        path = (*path, str(case.error["ctx"]["discriminator"]).strip("'"))
    return Fault(line=tree.line(path), path=path, what=what, hint=hint)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _of_several(group: list[ErrorDetails], value: Any) -> str:
    """Tell what is wrong with a value that fits no branch of a choice of types."""
    own = [str(error["ctx"]["error"]) for error in group if error["type"] == "value_error"]
    inside = [words for words in own if not words.startswith("expected ")]
    return inside[0] if inside else f"expected {_either(group)}, got {_shown(value)}"


def _either(group: list[ErrorDetails]) -> str:
    words = [word for word in dict.fromkeys(_branch(error) for error in group) if word]
    if "a number" in words and "a whole number" in words:
        words.remove("a whole number")
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _branch(error: ErrorDetails) -> str:
    if error["type"] == "value_error":
        return str(error["ctx"]["error"]).removeprefix("expected ")
    if error["type"] == "literal_error":
        return str(error["ctx"]["expected"]).replace("'", "")
    return _KINDS.get(error["type"], "")


def _missing(case: _Case) -> Words:
    return "this key is needed", _description(case)


def _unknown(case: _Case) -> Words:
    known = {name for one in _models_at(case.model, case.path[:-1]) for name in one.model_fields}
    return "unknown key", did_you_mean(str(case.path[-1]), known)


def _no_such_word(case: _Case) -> Words:
    return _not_among(case.error["ctx"]["expected"], case.value)


def _no_such_kind(case: _Case) -> Words:
    return _not_among(case.error["ctx"]["expected_tags"], case.error["ctx"]["tag"])


def _no_kind(_case: _Case) -> Words:
    return "this key is needed", ""


def _wrong_form(case: _Case) -> Words:
    return f"expected {_description(case)}; got {_shown(case.value)}", ""


def _own_words(case: _Case) -> Words:
    what = str(case.error["ctx"]["error"])
    shown = what.startswith("expected ") and not isinstance(case.value, dict)
    return f"{what}, got {_shown(case.value)}" if shown else what, ""


def _wrong_type(case: _Case) -> Words:
    expected, value = _KINDS[case.error["type"]], case.value
    hint = ""
    if expected == "text" and isinstance(value, bool | int | Decimal):
        hint = "put it in quotes"
    if expected == "keys and values" and value is None and case.path:
        hint = "indent them below it, or leave the key out"
    return f"expected {expected}, got {_shown(value)}", hint


def _out_of_bounds(case: _Case) -> Words:
    name, word = _BOUNDS[case.error["type"]]
    bound = case.error["ctx"][name]
    types = [one.annotation for one in _fields_at(case)]
    whole = "whole " if any(int in (annotation, *get_args(annotation)) for annotation in types) else ""
    shown = f"{int(bound):,}" if bound == int(bound) else str(bound)
    return f"expected a {whole}number {word} {shown}, got {_shown(case.value)}", ""


def _empty(_case: _Case) -> Words:
    return "expected something here, got nothing", ""


def _as_it_is(case: _Case) -> Words:
    return case.error["msg"], ""


_TELLERS: Mapping[str, Callable[[_Case], Words]] = {
    "missing": _missing,
    "extra_forbidden": _unknown,
    "literal_error": _no_such_word,
    "union_tag_invalid": _no_such_kind,
    "union_tag_not_found": _no_kind,
    "string_pattern_mismatch": _wrong_form,
    "value_error": _own_words,
    "string_too_short": _empty,
    "too_short": _empty,
    **dict.fromkeys(_KINDS, _wrong_type),
    **dict.fromkeys(_BOUNDS, _out_of_bounds),
}


def _not_among(expected: str, value: Any) -> Words:
    names = expected.replace("'", "")
    close = nearest(str(value), [name.strip() for name in names.replace(" or ", ",").split(",")])
    return f"expected {names}, got {_shown(value)}", f"did you mean `{close}`?" if close else ""


def _shown(value: Any) -> str:
    """Show a value as it would stand in YAML, shortened."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case str():
            text = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}..."
            return f"the text {text!r}"
        case list():
            return "a list"
        case _:
            return "keys and values"


def _models_at(model: type[BaseModel], path: Path) -> list[type[BaseModel]]:
    """Give the types that a place may have, as far as they have keys."""
    found = [model]
    for part in path:
        if isinstance(part, str):
            fields = [one.model_fields[part].annotation for one in found if part in one.model_fields]
            found = [inner for annotation in fields for inner in _models_in(annotation)] or found
    return found


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [inner for part in get_args(annotation) for inner in _models_in(part)]


def _description(case: _Case) -> str:
    return next((field.description for field in _fields_at(case) if field.description), "")


def _fields_at(case: _Case) -> list[FieldInfo]:
    name = str(case.path[-1])
    return [one.model_fields[name] for one in _models_at(case.model, case.path[:-1]) if name in one.model_fields]
