"""The provider's key, in a wrapper that never shows it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn, final

from batch.errors import KeyRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY_NAME: Final = "EACHLABS_API_KEY"
_HEADER_SAFE: Final = re.compile(r"[\x21-\x7e]+")
_LONGEST: Final = 4_096
_SHOWN: Final = "[key]"
_HOW: Final = (
    f"put the key into {KEY_NAME}, name a file that holds it in {KEY_NAME}_FILE, "
    f"or pass a systemd credential named {KEY_NAME}"
)


@final
class Secret:
    """A text that does not show itself in `repr`, `str`, formats, pickles or tracebacks with locals.

    Args:
        value: Must be fit for an HTTP header: printable ASCII without blanks.

    Raises:
        ValueError: If it is not; the message does not repeat it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        if not _HEADER_SAFE.fullmatch(value):
            raise ValueError("a key is printable ASCII without blanks")
        self._value = value

    def __repr__(self) -> str:
        return f"Secret({_SHOWN})"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a key is not written anywhere")

    def reveal(self) -> str:
        """Give the text itself, for the one header that needs it."""
        return self._value

    def redact(self, text: str) -> str:
        """Give a text from outside with every copy of the key taken out."""
        return text.replace(self._value, _SHOWN)

    def redact_bytes(self, body: bytes) -> bytes:
        """Give a body from outside with every copy of the key taken out; JSON stays JSON."""
        return body.replace(self._value.encode("ascii"), _SHOWN.encode("ascii"))


def read_key(environ: Mapping[str, str]) -> Secret:
    """Find the key: in `EACHLABS_API_KEY`, in the file that `EACHLABS_API_KEY_FILE` names, or as a systemd credential.

    The first that is there decides, even when it is unusable: going on to another would use a key that nobody meant.

    Raises:
        KeyRefused: If there is none, or it cannot be one.
    """
    if text := environ.get(KEY_NAME, "").strip():
        return _as_secret(text, KEY_NAME)
    if name := environ.get(f"{KEY_NAME}_FILE", "").strip():
        return _as_secret(_read_file(Path(name)), name)
    if folder := environ.get("CREDENTIALS_DIRECTORY", "").strip():
        path = Path(folder) / KEY_NAME
        if path.exists():
            return _as_secret(_read_file(path), str(path))
    raise KeyRefused("no API key was given", hint=_HOW)


def _read_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST + 1).decode("utf-8").strip()
    except OSError as error:
        raise KeyRefused(f"the key file cannot be read: {error.strerror}", where=str(path), hint=_HOW) from None
    except UnicodeDecodeError:
        raise KeyRefused("the key file holds no text", where=str(path), hint=_HOW) from None


def _as_secret(text: str, where: str) -> Secret:
    if not text:
        raise KeyRefused("the key file is empty", where=where, hint=_HOW)
    if len(text) > _LONGEST or not _HEADER_SAFE.fullmatch(text):
        raise KeyRefused(
            "this cannot be an API key: it has blanks, line breaks, or letters outside ASCII",
            where=where,
            hint="copy the key again, on one line, without quotes around it",
        )
    return Secret(text)
