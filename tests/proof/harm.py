"""Ways to harm a state file behind the program's back, and shops that can be harmed again and again."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.proof.shop import Shop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.proof.forge import Forge


def flip(share: float) -> Callable[[Path], None]:
    """Flip a bit at a share of the file."""

    def harm(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[min(len(content) - 1, int(share * len(content)))] ^= 0x04
        path.write_bytes(content)

    return harm


def flip_in(text: bytes) -> Callable[[Path], None]:
    """Flip a bit in every place where a text stands: damage that no check of structure sees."""

    def harm(path: Path) -> None:
        content = path.read_bytes()
        assert text in content
        path.write_bytes(content.replace(text, bytes([text[0] ^ 1]) + text[1:]))

    return harm


def cut(share: float) -> Callable[[Path], None]:
    """Keep only the first part."""

    def harm(path: Path) -> None:
        content = path.read_bytes()
        path.write_bytes(content[: int(share * len(content))])

    return harm


def another(path: Path) -> None:
    """Put another program's file in its place."""
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
        connection.commit()


HARMS: dict[str, Callable[[Path], None]] = {
    **{f"flipped at {share:.0%}": flip(share) for share in (0.0, 0.003, 0.02, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)},
    "a phase": flip_in(b"done"),
    "an SKU": flip_in(b"00152"),
    **{f"cut to {share:.0%}": cut(share) for share in (0.001, 0.1, 0.5, 0.9, 0.999)},
    "emptied": cut(0.0),
    "another program's": another,
    "lost": lambda path: path.unlink(),
}


def copied(shop: Shop, tmp_path: Path) -> Shop:
    """Give a shop of one's own, as another one is."""
    folder = tmp_path / "shop"
    shutil.copytree(shop.folder, folder)
    return replace(shop, folder=folder, provider_folder=folder / "out" / "simulator")


def finished_shop(folder: Path, template: bytes, forge: Forge) -> Shop:
    """Give a shop whose three clips are made."""
    folder.mkdir()
    shop = Shop(folder=folder, template=template, provider_folder=folder / "out" / "simulator", forge=forge)
    shop.rows("00152", "B-2", "C-3")
    shop.job(reconcile={"grace": "60s"})  # a seventh of a second at the simulator's speed
    assert shop.run().exit == 0
    return shop
