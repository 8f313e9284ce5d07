"""What viewers are told of a clip that a model made, by language: suggestions, no legal advice."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from batch.errors import UsageProblem
from batch.inputs.yamlfile import read_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

USUAL: Final = ("en",)


@cache
def known_disclosures() -> Mapping[str, str]:
    """Give the texts that there are, by language."""
    value = read_yaml(Path(__file__).with_name("disclosures.yaml"), kind="disclosure texts").tree.value
    return MappingProxyType({str(language): str(text) for language, text in value.items()})


def disclosures(languages: Sequence[str]) -> Mapping[str, str]:
    """Give the texts in some languages, in their order; in English where none is named.

    Raises:
        UsageProblem: If there is no text in one of them.
    """
    known = known_disclosures()
    wanted = [language.lower() for language in languages] or list(USUAL)
    if unknown := [language for language in wanted if language not in known]:
        hint = f"there are {', '.join(known)}"
        raise UsageProblem(f"there is no disclosure text in the language {', '.join(unknown)}", hint=hint)
    return {language: known[language] for language in wanted}
