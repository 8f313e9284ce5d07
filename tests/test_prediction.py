"""Whose prediction is it? What a provider echoes names an upload by its id, whatever else it does to the address."""

from __future__ import annotations

import pytest

from batch.core.prediction import names_upload

ID = "0a1b-2c"


@pytest.mark.parametrize(
    ("echo", "ours"),
    [
        (f"https://cdn/uploads/{ID}.jpg", True),
        (f"https://elsewhere/{ID}?size=large", True),
        ("https://cdn/uploads%2F0a1b%2D2c.jpg", True),
        ("https://cdn/uploads/0a1b-2d.jpg", False),
        ("https://cdn/rehosted/77.jpg", False),
    ],
)
def test_the_id_decides(echo: str, ours: bool) -> None:
    """Not the host, not the query, not the encoding."""
    assert names_upload(echo, ID) is ours
