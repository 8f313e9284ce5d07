"""One text in a YAML file said otherwise; not a character beside it is touched."""

from __future__ import annotations

import copy
import json
import re
import textwrap
from typing import TYPE_CHECKING, Any

import yaml

from batch.core.yamltree import NoTree, read_tree

if TYPE_CHECKING:
    from batch.core.yamltree import Path

_WIDTH = 110
_LOADER: Any = yaml.SafeLoader


def replace_text(source: str, path: Path, new: str) -> str | None:
    """Give a YAML text in which another text stands at a place.

    Args:
        source: As `read_tree` reads it without faults.
        path: Keys that lead to a text.
        new: What is to stand there.

    Returns:
        None where it cannot be done so that everything else reads as before.
    """
    if "\r" in source:
        if not source.count("\r") == source.count("\n") == source.count("\r\n"):
            return None
        changed = replace_text(source.replace("\r\n", "\n"), path, new)
        return None if changed is None else changed.replace("\n", "\r\n")
    node = _node_at(source, path)
    if node is None:
        return None
    start, end = node.start_mark.index, node.end_mark.index
    written = _block(source, start, end, node, new) if node.style in {">", "|"} else _flow(node, new)
    if written is None:
        return None
    changed = source[:start] + written + source[end:]
    return changed if _says(changed, source, path, new) else None


def _node_at(source: str, path: Path) -> yaml.ScalarNode | None:
    node: Any = yaml.compose(source, Loader=_LOADER)
    for key in path:
        if not isinstance(node, yaml.MappingNode):
            return None
        node = next((value for name, value in node.value if name.value == key), None)
    return node if isinstance(node, yaml.ScalarNode) else None


def _flow(node: yaml.ScalarNode, new: str) -> str:
    if node.style == "'" and "\n" not in new:
        return "'" + new.replace("'", "''") + "'"
    plain = node.style is None and re.fullmatch(r"[A-Za-z][^\n:#{}\[\],&*!|>'\"%@`]*", new) and new == new.strip()
    return new if plain else json.dumps(new, ensure_ascii=False)


def _block(source: str, start: int, end: int, node: yaml.ScalarNode, new: str) -> str | None:
    header, _, body = source[start:end].partition("\n")
    lines = body.split("\n")
    filled = [line for line in lines if line.strip()]
    if not filled or re.search(r"\d", header.partition("#")[0]):
        return None
    indent = re.match(r" *", filled[0])[0]  # type: ignore[index]
    last = max(place for place, line in enumerate(lines) if line.strip())
    text = new if node.style == "|" else "\n\n".join(new.rstrip("\n").split("\n"))
    made = (
        text.rstrip("\n").split("\n") if node.style == "|" else _wrapped(text, [one.strip() for one in filled], indent)
    )
    written = [indent + line if line else "" for line in made]
    return "\n".join([header, *written, *lines[last + 1 :]])


def _wrapped(text: str, before: list[str], indent: str) -> list[str]:
    """Break a folded text into lines; those that begin it unchanged stay as they are."""
    kept: list[str] = []
    for line in before:
        if text.startswith(f"{line} ") or text == line:
            kept.append(line)
            text = text[len(line) :].lstrip(" ")
        else:
            break
    rest = [
        line
        for part in text.split("\n")
        for line in (textwrap.wrap(part, _WIDTH - len(indent), break_long_words=False, break_on_hyphens=False) or [""])
    ]
    return [*kept, *(rest if text else [])]


def _says(changed: str, source: str, path: Path, new: str) -> bool:
    before, after = read_tree(source), read_tree(changed)
    if isinstance(before, NoTree) or isinstance(after, NoTree) or after.faults:
        return False
    wanted = copy.deepcopy(before.value)
    place = wanted
    for key in path[:-1]:
        place = place[key]
    # A block may end with a line break, which no prompt keeps.
    place[path[-1]] = after_text = _value_at(after.value, path)
    return bool(wanted == after.value and isinstance(after_text, str) and after_text.strip() == new.strip())


def _value_at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value
