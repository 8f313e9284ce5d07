"""YAML text to a plain tree that knows its lines; a small, harmless part of YAML and nothing else.

PyYAML's parser gives the events; what makes YAML surprising or dangerous is refused or never built:

* anchors, aliases, merge keys and tags are faults, so that a short text cannot become a large tree;
* a key that is given twice is a fault, where PyYAML silently takes the last;
* scalars follow the core schema of YAML 1.2: `true` and `false`, `null` and `~`, decimal numbers. `NO`, `12:30`,
  `0123` and `2026-11-23` stay text. A number with a point is a `Decimal`, exactly as written;
* nesting, length and documents are bounded before anything recurses.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from yaml.events import Event

Path = tuple[str | int, ...]
"""Where something stands in a tree: keys of mappings and, from 0, places in lists."""

MAX_CHARACTERS = 1_000_000
MAX_DEPTH = 30
MAX_DIGITS = 30
"""Longest plain number: nothing here needs more, and a larger exponent would exhaust the memory."""

# Only the parser half of this loader is used: its constructors, and with them YAML 1.1's scalars, never run.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")

_PLAIN_WORDS = (
    ("mapping values are not allowed", "a colon here starts a second key; text that contains `: ` needs quotes"),
    ("unexpected end of stream", "the quotes that open here are never closed"),
    ("unknown escape character", "unknown escape after a backslash; single quotes take backslashes as they are"),
    ("cannot start any token", "this character cannot begin a value; indent with spaces, and put such text in quotes"),
    ("could not find expected ':'", "a key without a colon"),
    ("did not find expected key", "the indentation does not fit the lines above"),
    ("but found '<block mapping start>'", "the indentation does not fit the lines above"),
    ("did not find expected '-'", "a list goes on with lines that are no list items"),
    ("expected <block end>", "the indentation does not fit the lines above"),
    ("expected node content", "a bracket that is never closed, or a value is missing"),
    ("expected the node content", "a bracket that is never closed, or a value is missing"),
    ("expected ',' or", "a bracket that is never closed, or a comma is missing"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong with a text, or with what it says.

    Attributes:
        line: Counted from 1.
        path: The key it concerns; empty for the whole.
        what: What is wrong, and what was expected.
        hint: What to do about it; empty where that is plain.
    """

    line: int
    path: Path
    what: str
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What a text says.

    Attributes:
        value: Built of dict (with text keys), list, str, int, Decimal, bool and None.
        lines: The line of every key and of every list item; `()` is the whole.
        faults: What was refused on the way.
        gaps: Places whose value is not what the text meant, because of a fault.
    """

    value: Any
    lines: Mapping[Path, int]
    faults: tuple[Fault, ...] = ()
    gaps: frozenset[Path] = frozenset()

    def line(self, path: Path) -> int:
        """Give the line of a place, or of the nearest place around it that the text has."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTree:
    """A text that cannot be read as YAML at all."""

    fault: Fault


def read_tree(text: str) -> Tree | NoTree:
    """Read one YAML document."""
    if len(text) > MAX_CHARACTERS:
        return _nothing(1, f"the text is longer than {MAX_CHARACTERS:,} characters")
    try:
        return _Builder(yaml.parse(text, Loader=_LOADER)).document()
    except _TooDeep as stop:
        return _nothing(stop.line, f"brackets or indentation nested more than {MAX_DEPTH} deep")
    except yaml.reader.ReaderError:
        return _unreadable_character(text)
    except yaml.MarkedYAMLError as error:
        # What is missing at the end is noticed behind the last line.
        last = max(1, len(text.splitlines()))
        return _nothing(min(_line_of(error), last), _in_plain_words(error))


class _TooDeep(Exception):
    """Ends the reading from any depth; never leaves this module."""

    def __init__(self, line: int) -> None:
        self.line = line


@dataclass(slots=True)
class _Builder:
    """Turns events into a tree; one for each text."""

    events: Iterator[Event]
    lines: dict[Path, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    gaps: set[Path] = field(default_factory=set)

    def document(self) -> Tree:
        next(self.events)
        event = next(self.events)
        value = None
        if isinstance(event, yaml.DocumentStartEvent):
            root = next(self.events)
            self.lines[()] = _line(root)
            value = self.node(root, ())
            next(self.events)
            event = next(self.events)
        if isinstance(event, yaml.DocumentStartEvent):
            self.fault(event, (), "a second document begins here; one file is one document")
        return Tree(value=value, lines=self.lines, faults=tuple(self.faults), gaps=frozenset(self.gaps))

    def fault(self, event: Event, path: Path, what: str, hint: str = "") -> None:
        self.faults.append(Fault(line=_line(event), path=path, what=what, hint=hint))

    def gap(self, event: Event, path: Path, what: str, hint: str = "") -> None:
        self.fault(event, path, what, hint)
        self.gaps.add(path)

    def node(self, event: Event, path: Path) -> Any:
        if len(path) > MAX_DEPTH:
            raise _TooDeep(_line(event))
        if isinstance(event, yaml.AliasEvent):
            self.gap(event, path, f"`*{event.anchor}` refers to another place, which is not supported", "repeat it")
            return None
        self.refuse_extras(event, path)
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        assert isinstance(event, yaml.ScalarEvent)
        return self.scalar(event, path)

    def refuse_extras(self, event: Any, path: Path) -> None:
        if event.anchor is not None:
            self.fault(event, path, f"`&{event.anchor}` names a place, which is not supported", "remove it")
        if event.tag is not None:
            self.gap(event, path, f"the tag `{event.tag}` is not supported", "remove it; quotes make text")

    def sequence(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            here = (*path, len(items))
            self.lines.setdefault(here, _line(event))
            items.append(self.node(event, here))
        return items

    def mapping(self, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event, path)
            if key is None:
                self.skip(next(self.events), path)
                continue
            here = (*path, key)
            if key in found:
                first = self.lines[here]
                self.fault(event, here, f"given twice, first on line {first}", "keep one of the two")
                self.skip(next(self.events), here)
                continue
            self.lines[here] = _line(event)
            found[key] = self.node(next(self.events), here)
        return found

    def skip(self, event: Event, path: Path) -> None:
        """Pass over a value that is not kept; what is wrong inside it does not matter either."""
        aside = _Builder(self.events)
        aside.node(event, (*path, ""))

    def key(self, event: Event, path: Path) -> str | None:
        """Read a key; None, with a fault, where it is not plain text."""
        if isinstance(event, yaml.ScalarEvent):
            if event.value == "<<" and event.implicit[0]:
                self.gap(event, path, "merge keys (`<<`) are not supported", "write the keys out")
                return None
            self.refuse_extras(event, (*path, event.value))
            return event.value
        self.gap(event, path, "a key has to be text")
        self.skip(event, path)
        return None

    def scalar(self, event: yaml.ScalarEvent, path: Path) -> Any:
        text = event.value
        if not event.implicit[0]:
            return text
        if _NULL.fullmatch(text):
            return None
        if _BOOL.fullmatch(text):
            return text.lower() == "true"
        if not _FLOAT.fullmatch(text):
            return text
        if len(text) > MAX_DIGITS or _exponent(text) > MAX_DIGITS:
            self.gap(event, path, "a number out of all proportion", "put it in quotes if it is text")
            return None
        return int(text) if _INT.fullmatch(text) else Decimal(text)


def _exponent(number: str) -> int:
    return abs(int(number.lower().partition("e")[2] or 0))


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _nothing(line: int, what: str) -> NoTree:
    return NoTree(fault=Fault(line=line, path=(), what=what))


def _unreadable_character(text: str) -> NoTree:
    match = yaml.reader.Reader.NON_PRINTABLE.search(text)
    if match is None:
        return _nothing(1, "the text has characters that YAML does not allow")
    line = text.count("\n", 0, match.start()) + 1
    return _nothing(line, f"the character U+{ord(match[0]):04X} is not allowed in YAML")


def _line_of(error: yaml.MarkedYAMLError) -> int:
    # An unclosed quote is noticed at the end of the text, and mended where it opens.
    opened = "end of stream" in (error.problem or "") and error.context_mark
    mark = opened or error.problem_mark or error.context_mark
    return int(mark.line) + 1 if mark else 1


def _in_plain_words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or str(error)
    return next((plain for part, plain in _PLAIN_WORDS if part in problem), f"not YAML: {problem}")
