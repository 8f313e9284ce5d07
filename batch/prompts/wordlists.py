"""The lists of words that findings look for: those that lie in `words`, and a job's own."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch.core.checking import check
from batch.core.linting.vocabulary import Vocabulary, WordList, vocabulary_of
from batch.core.yamltree import Fault, Tree
from batch.inputs.yamlfile import YamlFile, read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

    from batch.inputs.jobfile import LoadedJob

_KIND = "list of words"


def vocabulary_for(loaded: LoadedJob) -> Vocabulary:
    """Give the words that a job's prompts are looked through for.

    Raises:
        MissingInput: If a file that the job names is not there or cannot be read.
        JobErrors: With everything that is wrong in the first wrong file.
    """
    own = [one for name in loaded.job.lint.words for one in _lists(read_yaml(loaded.folder / name, kind=_KIND))]
    return vocabulary_of((*_builtin(), *own))


def builtin_vocabulary() -> Vocabulary:
    """Give the words that come with the program."""
    return vocabulary_of(_builtin())


@cache
def _builtin() -> tuple[WordList, ...]:
    paths = sorted((Path(__file__).parent / "words").glob("*.yaml"))
    return tuple(one for path in paths for one in _lists(read_yaml(path, kind=_KIND)))


def _lists(file: YamlFile) -> list[WordList]:
    """Read a file: one list, or a list of them."""
    lists: list[WordList] = []
    faults = list(file.tree.faults)
    for at, value in _parts(file.tree.value):
        checked = check(WordList, Tree(value=value, lines={}))
        if isinstance(checked, WordList):
            lists.append(checked)
        else:
            faults += [
                Fault(line=file.tree.line((*at, *one.path)), path=(*at, *one.path), what=one.what, hint=one.hint)
                for one in checked
            ]
    if faults:
        raise file.errors(sorted(faults, key=lambda fault: fault.line))
    return lists


def _parts(value: Any) -> Iterator[tuple[tuple[int, ...], Any]]:
    if isinstance(value, list):
        yield from (((place,), one) for place, one in enumerate(value))
    else:
        yield (), value
