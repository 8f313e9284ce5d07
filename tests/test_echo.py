"""An upload is recognised in an echoed URL however it is written, and in no other."""

from __future__ import annotations

import pytest

from batch.core.echo import names_upload, upload_ids

ID = "1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed"


@pytest.mark.parametrize(
    "echo",
    [
        f"https://cdn.example/uploads/{ID}.jpg",
        f"https://cdn.example/uploads%2F{ID}.jpg",
        f"https://cdn.example/uploads/{ID.replace('-', '%2D')}.jpg",
        f"https://other.example/{ID}/frame.jpg?size=full",
    ],
)
def test_the_id_is_found(echo: str) -> None:
    """Also among the parts by which it is looked up."""
    assert names_upload(echo, ID)
    assert ID in upload_ids(echo)


@pytest.mark.parametrize("echo", ["", "https://cdn.example/uploads/another.jpg"])
def test_what_does_not_name_it_is_another(echo: str) -> None:
    """An empty id names nothing at all."""
    assert not names_upload(echo, ID)
    assert not names_upload(echo, "")
    assert ID not in upload_ids(echo)
