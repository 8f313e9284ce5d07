"""`frames`: a contact sheet of what would be sent, before anything is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batch.cli.console import Progress, complain, say, say_json
from batch.cli.words import nearest_path
from batch.core.counting import counted
from batch.errors import Exit, UsageProblem
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.running.previewing import Previewed

_LISTED = 20


def run(arguments: argparse.Namespace) -> int:
    """Make the frames and the sheet, and say which are worth a look."""
    from batch.running.previewing import FRAMES_FOLDER, Choice, preview  # noqa: PLC0415 - start-up counts

    if arguments.limit < 1:
        raise UsageProblem("--limit has to be 1 or more", hint="leave it out for 500")
    loaded = read_job(arguments.job)
    choice = Choice(skus=frozenset(arguments.sku or ()), limit=arguments.limit, fetch=arguments.fetch)
    progress = Progress(log_format=arguments.log_format)
    done = preview(
        loaded,
        choice,
        arguments.output or loaded.location.output / FRAMES_FOLDER,
        progress.pictures("pictures looked at"),
        progress.pictures("frames made"),
    )
    progress.close()
    if arguments.json:
        say_json(_json(loaded.job.name, done))
    else:
        say(_text(loaded.job.name, done))
    return _exit(done, arguments)


def _exit(done: Previewed, arguments: argparse.Namespace) -> Exit:
    if not done.items:
        text = "no row can become an item\n  `sora-batch plan JOB -o rejected.csv` writes why, row by row"
        if done.unchecked:
            text = "no picture was fetched yet\n  `--fetch` reads those behind URLs"
        complain(text, log_format=arguments.log_format)
        return Exit.DONE if done.unchecked else Exit.BAD_MANIFEST
    failed = any(shot.frame is None for shot in done.contact.shots)
    return Exit.SOME_FAILED if failed or done.rejected else Exit.DONE


def _json(job: str, done: Previewed) -> dict[str, Any]:
    shots = done.contact.shots
    return {
        "job": job,
        "frames": done.items,
        "shown": len(shots),
        "left_out": done.left_out,
        "flagged": sum(bool(shot.flags) for shot in shots),
        "unchecked": done.unchecked,
        "rejected_rows": done.rejected,
        "pages": [str(path) for path in done.contact.pages],
        "sheets": [str(path) for path in done.contact.sheets],
        "beyond_sheets": done.contact.beyond_sheets,
        "items": [shot.as_json() for shot in shots],
    }


def _text(job: str, done: Previewed) -> Iterator[str]:
    contact = done.contact
    flagged = [shot for shot in contact.shots if shot.flags]
    yield f"{job}: {len(contact.shots)} frames, {len(flagged)} worth a look"
    for shot in flagged[:_LISTED]:
        yield f"  {shot.sku} ({shot.aspect}): " + "; ".join(reason for _, reason in shot.flags)
    if len(flagged) > _LISTED:
        yield f"  and {len(flagged) - _LISTED} more: see the page"
    if done.left_out:
        left_out = f"{done.left_out:,} of {counted(done.items, 'frame is', 'frames are')} not shown"
        yield f"note: {left_out}: raise --limit, or name them with --sku"
    if done.unchecked:
        unchecked = counted(done.unchecked, "picture behind a URL was", "pictures behind URLs were")
        yield f"note: {unchecked} not seen yet: `--fetch` reads them"
    if done.rejected:
        yield f"note: {counted(done.rejected, 'row is', 'rows are')} rejected: `sora-batch plan` says why"
    yield from (f"page:  {nearest_path(path)}" for path in contact.pages[:1])
    if len(contact.pages) > 1:
        yield f"       and {len(contact.pages) - 1} more beside it"
    yield from (f"sheet: {nearest_path(path)}" for path in contact.sheets[:1])
    if len(contact.sheets) > 1:
        beyond = f"; {contact.beyond_sheets} frames are only on the pages" if contact.beyond_sheets else ""
        yield f"       and {len(contact.sheets) - 1} more beside it{beyond}"
