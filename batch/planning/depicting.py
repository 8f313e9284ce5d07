"""Pictures for a manifest: each looked up once, however many rows share it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from batch.inputs.columns import FILE
from batch.inputs.picturefacts import BadPicture, GoodPicture, UncheckedPicture, Unusable, is_url, resolve_source
from batch.planning.overview import IMAGE

if TYPE_CHECKING:
    from batch.inputs.manifest import Manifest, ManifestFile
    from batch.inputs.picturefacts import Picture, PictureLimits
    from batch.inputs.pictures import PictureBook, Progress

SOURCE = "source"
SHA256 = "source_sha256"
PICTURE_PROBLEM = "picture_problem"
WIDTH, HEIGHT = "width", "height"

_SCHEMA: dict[str, Any] = {
    FILE: pl.UInt32,
    IMAGE: pl.String,
    SOURCE: pl.String,
    SHA256: pl.String,
    WIDTH: pl.Int32,
    HEIGHT: pl.Int32,
    PICTURE_PROBLEM: pl.String,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Gallery:
    """All pictures of a manifest.

    Attributes:
        table: For each `file` and `image`: `source` (absolute path or URL), `source_sha256`, `width`, `height`, or
            `picture_problem`; no hash and no problem: unchecked.
        urls: Every URL.
        unchecked: Those that were not fetched yet.
    """

    table: pl.DataFrame
    urls: tuple[str, ...]
    unchecked: tuple[str, ...]


def look_up_pictures(
    images: pl.DataFrame, manifest: Manifest, book: PictureBook, limits: PictureLimits, progress: Progress
) -> Gallery:
    """Look up what a manifest names.

    Args:
        images: `file` and `image`, each pair once.
        manifest: Whose files they stand in.
        book: Knows pictures, and reads those it does not know.
        limits: The job's.
        progress: Told about pictures that have to be read.
    """
    named = [(file, image, _resolve(image, manifest.files[file])) for file, image in images.iter_rows()]
    sources = dict.fromkeys(source for _, _, source in named if isinstance(source, str))
    known = book.look_up(sources, limits, progress)
    rows = [(file, image, *_columns(source, known)) for file, image, source in named]
    urls = tuple(source for source in sources if is_url(source))
    return Gallery(
        table=pl.DataFrame(rows, schema=_SCHEMA, orient="row"),
        urls=urls,
        unchecked=tuple(url for url in urls if isinstance(known[url], UncheckedPicture)),
    )


def _resolve(image: str, file: ManifestFile) -> str | Unusable:
    return resolve_source(image, file.folder, file.base)


def _columns(source: str | Unusable, known: dict[str, Picture]) -> tuple[Any, ...]:
    if isinstance(source, Unusable):
        return ("", None, None, None, source.reason)
    match known[source]:
        case GoodPicture(sha256=sha256, width=width, height=height):
            return (source, sha256, width, height, None)
        case BadPicture(reason=reason):
            return (source, None, None, None, reason)
        case UncheckedPicture():
            return (source, None, None, None, None)
