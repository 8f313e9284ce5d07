"""A YAML file as a tree, and everything that is wrong with one, said at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.core.yamltree import MAX_CHARACTERS, NoTree, Tree, read_tree
from batch.errors import JobProblem, MissingInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from batch.core.yamltree import Fault
    from batch.core.yamltree import Path as KeyPath

_MOST_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """One thing that is wrong in a job or profile file.

    Attributes:
        file: As the person named it.
        line: Counted from 1.
        key: Dotted, such as `limits.in_flight`; empty for the whole file.
        what: What is wrong, and what was expected.
        hint: What to do about it; empty where that is plain.
    """

    file: str
    line: int
    key: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}: {self.key}{': ' if self.key else ''}{self.what}"
        return f"{text}; {self.hint}" if self.hint else text


class JobErrors(JobProblem):
    """Everything that is wrong in a file, one line each.

    Args:
        errors: At least one.
    """

    def __init__(self, errors: tuple[JobError, ...]) -> None:
        count = f"{len(errors)} errors" if len(errors) > 1 else "an error"
        super().__init__(f"{count} in {errors[0].file}", where=f"{errors[0].file}:{errors[0].line}")
        self.errors = errors

    def __str__(self) -> str:
        lines = [str(error) for error in self.errors[:_MOST_SHOWN]]
        if len(self.errors) > _MOST_SHOWN:
            lines.append(f"... and {len(self.errors) - _MOST_SHOWN} more")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class YamlFile:
    """A file that could be read.

    Attributes:
        path: As the person named it.
        tree: What it says; may have faults.
        data: Its bytes.
    """

    path: Path
    tree: Tree
    data: bytes

    @property
    def sha256(self) -> str:
        """Of its bytes, in hex."""
        import hashlib  # noqa: PLC0415 - loads OpenSSL, which the light look at a job does not need

        return hashlib.sha256(self.data).hexdigest()

    def errors(self, faults: Iterable[Fault]) -> JobErrors:
        """Give faults of this file as what is raised."""
        return _errors(self.path, faults)


def read_yaml(path: Path, *, kind: str) -> YamlFile:
    """Read a file.

    Args:
        path: Where it is.
        kind: What it is meant to be, for the messages: `job file`, `model profile`.

    Raises:
        MissingInput: If it is not there or cannot be read.
        JobErrors: If it is no YAML.
    """
    data = _read_bytes(path, kind)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        what = f"not a text in UTF-8, so no {kind}"
        raise JobErrors((JobError(file=str(path), line=line, key="", what=what),)) from None
    return _yaml(path, text, data)


def yaml_of(path: Path, text: str) -> YamlFile:
    """Read a text as if it stood in a file already.

    Raises:
        JobErrors: If it is no YAML.
    """
    return _yaml(path, text, text.encode())


def _yaml(path: Path, text: str, data: bytes) -> YamlFile:
    tree = read_tree(text)
    if isinstance(tree, NoTree):
        raise _errors(path, [tree.fault])
    return YamlFile(path=path, tree=tree, data=data)


def dotted(path: KeyPath) -> str:
    """Write the place of a key as people do: `defaults.aspect_ratio[1]`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _errors(path: Path, faults: Iterable[Fault]) -> JobErrors:
    return JobErrors(
        tuple(
            JobError(file=str(path), line=fault.line, key=dotted(fault.path), what=fault.what, hint=fault.hint)
            for fault in faults
        )
    )


def _read_bytes(path: Path, kind: str) -> bytes:
    try:
        with path.open("rb") as file:
            # Longer than the reader takes in any case: a video given by mistake is not read to its end.
            return file.read(4 * MAX_CHARACTERS + 1)
    except FileNotFoundError:
        raise MissingInput(f"there is no {kind} here", where=str(path), hint=_where_else(path)) from None
    except IsADirectoryError:
        raise MissingInput(f"this is a folder, no {kind}", where=str(path), hint="name a file in it") from None
    except OSError as error:
        reason = error.strerror or "unreadable"
        raise MissingInput(f"the {kind} cannot be read: {reason}", where=str(path)) from None


def _where_else(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"the folder {folder} does not exist either"
    names = sorted(other.name for other in folder.glob("*.y*ml"))[:8]
    return f"the YAML files there: {', '.join(names)}" if names else f"the folder {folder} has no YAML files"
