"""A contact sheet of frames before they are paid for: pages that hold their own pictures, and PNG sheets.

Those worth a look come first. Pictures wait in small files on disk, so that memory does not grow with the catalogue.
"""

from __future__ import annotations

import base64
import hashlib
import tempfile
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from batch.files import atomic, disk_problem, make_folder
from batch.report.contactsheet import ROWS_A_SHEET, draw_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

ON_A_PAGE = 100
"""Frames on a page, which is then some 4 MB."""

MOST_SHEETS = 10
"""PNG sheets: what is beyond them is on the pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """A frame beside its source.

    Attributes:
        line: Of the manifest.
        picture: The source's file name.
        pixels: Of the source, such as `800x600`.
        fit, background, scale, share, seam: What was done; None where it is not known, or no frame came about.
        flags: What to look at: a short name and a sentence each.
        weight: Where it belongs in the order; less is sooner.
        source, frame: Small JPEGs; None where there is none.
    """

    sku: str
    line: int
    aspect: str
    picture: str
    pixels: str | None
    fit: str | None
    background: str | None
    scale: float | None
    share: float | None
    seam: float | None
    flags: tuple[tuple[str, str], ...]
    weight: int
    source: Path | None
    frame: Path | None

    def as_json(self) -> dict[str, Any]:
        """Give what a script reads."""
        return {
            "sku": self.sku,
            "line": self.line,
            "aspect_ratio": self.aspect,
            "picture": self.picture,
            "source_pixels": self.pixels,
            "fit": self.fit,
            "background": self.background,
            "scale": self.scale,
            "product_share": self.share,
            "seam": self.seam,
            "flags": [{"id": name, "reason": reason} for name, reason in self.flags],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """What was written.

    Attributes:
        shots: In the order of the pages; their small pictures are gone.
        pages: HTML, the first one first.
        sheets: PNG, the same.
        beyond_sheets: Frames that are on no sheet.
    """

    shots: tuple[Shot, ...]
    pages: tuple[Path, ...]
    sheets: tuple[Path, ...]
    beyond_sheets: int


def write_contact(folder: Path, job: str, shots: Callable[[Path], Iterable[Shot]]) -> Contact:
    """Write `frames.html` (and `frames-2.html`...) and `frames.png` (and more); older pages beyond them are removed.

    Args:
        folder: Where to; made if missing.
        job: Its name.
        shots: Makes them, given a folder for their small pictures.

    Raises:
        Problem: If the disk is full or fails, or the folder cannot be written.
    """
    try:
        make_folder(folder)
        with tempfile.TemporaryDirectory(prefix="sora-batch-") as thumbs:
            ordered = tuple(sorted(shots(Path(thumbs)), key=lambda shot: shot.weight))
            pages = _write_pages(folder, job, ordered)
            shown = ordered[: ROWS_A_SHEET * MOST_SHEETS]
            sheets = _write_sheets(folder, job, shown)
        for stale in {*folder.glob("frames*.html"), *folder.glob("frames*.png")} - {*pages, *sheets}:
            if stale.stem.removeprefix("frames-").isdigit():
                stale.unlink(missing_ok=True)
    except OSError as error:
        raise disk_problem(error, folder, what="the contact sheet cannot be made", hint="choose another -o") from error
    return Contact(shots=ordered, pages=pages, sheets=sheets, beyond_sheets=len(ordered) - len(shown))


def _write_pages(folder: Path, job: str, shots: Sequence[Shot]) -> tuple[Path, ...]:
    count = max(1, -(-len(shots) // ON_A_PAGE))
    paths = tuple(folder / _numbered("html", number) for number in range(count))
    flagged = sum(bool(shot.flags) for shot in shots)
    for number, path in enumerate(paths):
        some = shots[number * ON_A_PAGE : (number + 1) * ON_A_PAGE]
        stream = (
            _environment()
            .get_template("contact.html")
            .generate(
                job=job,
                shots=some,
                total=len(shots),
                flagged=flagged,
                first=number * ON_A_PAGE + 1,
                number=number,
                pages=[one.name for one in paths],
                style=Markup(_asset("contact.css")),  # noqa: S704  our own file
                policy=_policy(),
                picture=_address,
            )
        )
        with atomic(path) as file:
            file.writelines(piece.encode("utf-8", "backslashreplace") for piece in stream)
    return paths


def _write_sheets(folder: Path, job: str, shots: Sequence[Shot]) -> tuple[Path, ...]:
    paths = []
    for number in range(-(-len(shots) // ROWS_A_SHEET)):
        some = shots[number * ROWS_A_SHEET : (number + 1) * ROWS_A_SHEET]
        rows = [(shot.source, shot.frame, _lines(shot), bool(shot.flags)) for shot in some]
        path = folder / _numbered("png", number)
        with atomic(path) as file:
            draw_sheet(rows, title=f"{job}: frames {number * ROWS_A_SHEET + 1} and on").save(file, "PNG")
        paths.append(path)
    return tuple(paths)


def _lines(shot: Shot) -> list[str]:
    """The words beside a frame on a sheet."""
    done = [f"fit {shot.fit}", f"background {shot.background}"] if shot.fit else []
    if shot.scale is not None:
        done.append(f"scale {shot.scale:.2f}")
    if shot.share is not None:
        done.append(f"product {shot.share:.0%}")
    return [f"{shot.sku}  {shot.aspect}", "; ".join(done), *(f"! {name}: {reason}" for name, reason in shot.flags)]


def _numbered(suffix: str, number: int) -> str:
    return f"frames.{suffix}" if number == 0 else f"frames-{number + 1}.{suffix}"


def _address(path: Path) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _policy() -> str:
    digest = base64.b64encode(hashlib.sha256(_asset("contact.css").encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


@cache
def _asset(name: str) -> str:
    return files("batch.report").joinpath("templates", name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        autoescape=True, undefined=StrictUndefined, loader=FunctionLoader(_asset), trim_blocks=True, lstrip_blocks=True
    )
