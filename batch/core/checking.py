"""A tree held against a type: the checked value, or everything that is wrong, in plain words and with lines.

The types are pydantic's; its messages are written for programmers and are told anew here.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from batch.core.nearest import did_you_mean, nearest
from batch.core.yamltree import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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

_BOUNDS = {
    "greater_than_equal": ("ge", "of at least"),
    "greater_than": ("gt", "above"),
    "less_than_equal": ("le", "of at most"),
    "less_than": ("lt", "below"),
}


def check(model: type[M], tree: Tree) -> M | tuple[Fault, ...]:
    """Read a tree as `model`; where it cannot be, give all faults by line, the tree's own included.

    What the tree refused already is not complained about again.
    """
    faults = list(tree.faults)
    try:
        checked = model.model_validate(tree.value)
    except ValidationError as error:
        known = tuple(fault.path for fault in faults)
        found = _faults(model, tree, error.errors(include_url=False))
        faults += (fault for fault in islice(found, MAX_FAULTS) if not _below(fault.path, known))
    else:
        if not faults:
            return checked
    return tuple(sorted(faults, key=lambda fault: fault.line))


def _below(path: Path, others: tuple[Path, ...]) -> bool:
    return any(path[: len(other)] == other for other in others)


def _faults(model: type[BaseModel], tree: Tree, errors: list[ErrorDetails]) -> Iterator[Fault]:
    """Tell pydantic's errors anew; several about one place (the branches of a choice of types) become one."""
    by_path: dict[Path, list[ErrorDetails]] = {}
    for error in errors:
        if error["type"] == "default_factory_not_called":
            continue  # follows from another error, which is told
        by_path.setdefault(_path(tree.value, error), []).append(error)
    for path, group in by_path.items():
        deeper = any(other != path and other[: len(path)] == path for other in by_path)
        if deeper and all(error["type"] in _KINDS for error in group):
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
    error, value = group[0], _at(tree.value, path)
    if len(group) > 1 and (words := _either(group)):
        return Fault(line=tree.line(path), path=path, what=f"expected {words}, got {_shown(value)}")
    match error["type"]:
        case "missing":
            what, hint = "this key is needed", _description(model, path)
        case "extra_forbidden":
            what, hint = "unknown key", did_you_mean(str(path[-1]), _known_keys(model, path[:-1]))
        case "literal_error" | "union_tag_invalid" | "union_tag_not_found":
            what, hint = _not_among(error, value)
        case "string_pattern_mismatch":
            what, hint = f"expected {_description(model, path)}; got {_shown(value)}", ""
        case "value_error":
            what, hint = str(error["ctx"]["error"]), ""
        case kind if kind in _KINDS:
            what, hint = f"expected {_KINDS[kind]}, got {_shown(value)}", ""
        case kind if kind in _BOUNDS:
            what, hint = f"expected {_bounded(error)}, got {_shown(value)}", ""
        case "string_too_short" | "too_short":
            what, hint = "expected something here, got nothing", ""
        case _:
            what, hint = error["msg"], ""
    return Fault(line=tree.line(path), path=path, what=what, hint=hint)


def _at(value: Any, path: Path) -> Any:
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value


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


def _bounded(error: ErrorDetails) -> str:
    name, word = _BOUNDS[error["type"]]
    bound = error["ctx"][name]
    whole = isinstance(error["input"], int) and not isinstance(bound, float)
    return f"a {'whole ' if whole else ''}number {word} {bound:,}"


def _not_among(error: ErrorDetails, value: Any) -> tuple[str, str]:
    context: Mapping[str, Any] = error["ctx"]
    named = context.get("expected") or context.get("expected_tags") or context["discriminator"]
    expected = str(named).replace("'", "")
    key = str(context.get("discriminator", "")).replace("'", "")
    if error["type"] == "union_tag_not_found":
        return f"the key `{key}` is needed here", ""
    got = context.get("tag", value)
    close = nearest(str(got), [word.strip() for word in expected.replace(" or ", ",").split(",")])
    prefix = f"{key}: " if key else ""
    return f"{prefix}expected {expected}, got {_shown(got)}", f"did you mean `{close}`?" if close else ""


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


def _known_keys(model: type[BaseModel], path: Path) -> set[str]:
    return {name for one in _models_at(model, path) for name in one.model_fields}


def _description(model: type[BaseModel], path: Path) -> str:
    fields = [one.model_fields.get(str(path[-1])) for one in _models_at(model, path[:-1])]
    return next((field.description for field in fields if field and field.description), "")
