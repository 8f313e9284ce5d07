"""What a job may say about the findings of its prompts."""

from __future__ import annotations

from pydantic import Field, field_validator

from batch.core.linting.rules import RULES
from batch.core.nearest import did_you_mean
from batch.core.strict import Strict


class LintKeys(Strict):
    """Which findings are told, and which words they look for."""

    ignore: list[str] = Field(default_factory=list, description="ids of findings that are not told")
    words: list[str] = Field(default_factory=list, description="files with words of your own, beside the built-in ones")

    @field_validator("ignore")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        for one in value:
            if one not in RULES:
                raise ValueError(f"no finding has the id `{one}`; {did_you_mean(one, RULES)}")
        return value
