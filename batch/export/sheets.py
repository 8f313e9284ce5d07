"""The tables of an export: for people, with every clip's facts, and for machines, with what a channel reads."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

from batch.report.cells import encodable, safe_cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from batch.export.values import Offer, Refusal

_REFUSED: Final = ("sku", "variant", "aspect", "take", "file", "rule", "reason")


def facts(offer: Offer) -> dict[str, Any]:
    """Give what is said of a clip in every table for people, and in the JSON.

    What is not for everybody is left out, since the folder is made to be published: prompt, cost, who decided.
    """
    view, clip = offer.view, offer.clip
    return {
        "id": offer.id,
        "sku": view.sku,
        "variant": view.variant,
        "aspect": view.aspect,
        "take": view.take,
        "title": offer.title,
        "file": offer.name,
        "url": offer.url,
        "bytes": clip.bytes,
        "sha256": clip.sha256,
        "seconds": clip.seconds,
        "width": clip.width,
        "height": clip.height,
        "has_audio": clip.has_audio,
        "decision": "" if view.decision is None else view.decision.judgement.value,
        "ai_generated": offer.ai_generated,
        "digital_source_type": offer.source_type,
        "simulated": offer.simulated,
    }


def people_sheet(rows: Sequence[dict[str, Any]], header: Sequence[str]) -> bytes:
    """Write rows for a spreadsheet: UTF-8 with a byte order mark, texts quoted, and none that runs as a formula."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(header)
    writer.writerows([_cell(row[name]) for name in header] for row in rows)
    return stream.getvalue().encode("utf-8-sig")


def tab_sheet(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows between tabs: UTF-8, with quotes only where they are needed."""
    stream = io.StringIO()
    csv.writer(stream, csv.excel_tab, lineterminator="\n").writerows(rows)
    return stream.getvalue().encode()


def comma_sheet(rows: Iterable[Sequence[str]]) -> bytes:
    """Write rows between commas: UTF-8, with quotes everywhere, since Meta wants them around blanks, too."""
    stream = io.StringIO()
    csv.writer(stream, csv.unix_dialect).writerows(rows)
    return stream.getvalue().encode()


def clips_sheet(offers: Sequence[Offer], languages: Sequence[str]) -> bytes:
    """Write `clips.csv`: every clip that is handed over, and what viewers are to be told of it."""
    texts = [f"disclosure_{language}" for language in languages]
    rows = [facts(offer) | {f"disclosure_{key}": text for key, text in offer.disclosure.items()} for offer in offers]
    return people_sheet(rows, [*_facts_header(), *texts])


def refused_sheet(refused: Sequence[Refusal]) -> bytes:
    """Write `refused.csv`: every clip that is not handed over, and why."""
    return people_sheet([one.as_json() for one in refused], _REFUSED)


def clips_document(job: str, offers: Sequence[Offer]) -> bytes:
    """Write `clips.json`."""
    clips = [facts(offer) | {"disclosure": dict(offer.disclosure)} for offer in offers]
    text = json.dumps({"format": 1, "job": job, "clips": clips}, ensure_ascii=False, indent=2)
    return f"{encodable(text)}\n".encode()


def _facts_header() -> tuple[str, ...]:
    return (
        "id", "sku", "variant", "aspect", "take", "title", "file", "url", "bytes", "sha256", "seconds", "width",
        "height", "has_audio", "decision", "ai_generated", "digital_source_type", "simulated",
    )  # fmt: skip


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe_cell(encodable(value)) if isinstance(value, str) else value
