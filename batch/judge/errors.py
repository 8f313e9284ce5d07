"""What keeps a clip from being judged."""

from __future__ import annotations


class CannotJudge(Exception):
    """A clip cannot be looked at; `hint` says what to do."""

    def __init__(self, reason: str, *, hint: str) -> None:
        super().__init__(reason)
        self.hint = hint
