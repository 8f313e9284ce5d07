"""`try`: one picture, one prompt, one clip, without writing a job."""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import re
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from batch.cli import work
from batch.cli.console import say, say_json
from batch.cli.words import closing_lines, nearest_path
from batch.core.job import EACHLABS, SIMULATOR, Job
from batch.core.profile import ModelProfile
from batch.errors import CannotCreate, Exit, ManifestProblem, MissingInput, UsageProblem
from batch.models import find_profile
from batch.store import views
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    from batch.core.yamltree import Path as KeyPath
    from batch.inputs.jobfile import LoadedJob

_JOB, _MANIFEST = "job.yaml", "manifest.csv"
_OPTIONS: dict[KeyPath, str] = {
    ("model",): "--model",
    ("defaults", "duration"): "--duration",
    ("defaults", "aspect_ratio"): "--aspect",
}
_SPEED = 100
"""Of the simulator: a stand-in need not take a model's minutes."""


def run(arguments: argparse.Namespace) -> int:
    """Write the smallest job there is for the picture, run it, and open the clip on a terminal.

    The same picture and words are the same job: asked for again, it goes on, and what is made is not bought twice.
    """
    job = _write_job(arguments)
    ordered = argparse.Namespace(
        command="run",
        job=job,
        json=arguments.json,
        yes=arguments.yes,
        strict=True,
        keep_going=False,
        sample=None,
        duration=None,
        log_format=arguments.log_format,
    )
    try:
        loaded, outcome = work.buy(ordered)
    except ManifestProblem as problem:
        raise _why_rejected(job.parent) or problem from problem
    clip = _clip(loaded)
    if arguments.json:
        say_json({**outcome.as_json(), "clip": None if clip is None else str(clip)})
    else:
        say(closing_lines(loaded, outcome))
        if clip is not None:
            say([f"clip:   {nearest_path(clip)}"])
    if clip is not None and outcome.exit is Exit.DONE and sys.stdout.isatty() and not arguments.no_open:
        import webbrowser  # noqa: PLC0415 - only where somebody looks

        webbrowser.open(clip.as_uri())
    return outcome.exit


def _write_job(arguments: argparse.Namespace) -> Path:
    """Write job and manifest into a folder that picture and words decide.

    Raises:
        MissingInput: If the picture is not there.
        UsageProblem: If the model is not known, or does not make such clips.
        CannotCreate: If the files cannot be written.
    """
    image: str = arguments.image
    on_web = re.match(r"https?://", image, re.IGNORECASE) is not None
    if not on_web:
        path = Path(image).absolute()
        if not path.is_file():
            raise MissingInput("no such picture", where=image, hint="give a picture's path, or its http(s) address")
        image = str(path)
    job = _job(arguments)
    _check(job)
    decides = json.dumps([image, arguments.prompt, job], sort_keys=True)
    sku = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(image.partition("?")[0]).stem).strip("-.")[:60] or "picture"
    digest = hashlib.sha256(decides.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    folder = Path(arguments.output, f"{sku}-{digest}")
    rows = io.StringIO()
    csv.writer(rows).writerows([("sku", "image", "prompt"), (sku, image, arguments.prompt)])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _MANIFEST).write_text(rows.getvalue(), "utf-8", "surrogateescape")
        (folder / _JOB).write_text(json.dumps(job, indent=2) + "\n", "utf-8")  # JSON is YAML
    except OSError as error:
        raise CannotCreate(str(error.strerror), where=str(folder), hint="name another folder with -o") from error
    return folder / _JOB


def _check(job: dict[str, Any]) -> None:
    """Hold what was asked for against the model, in the words of the command line."""
    found = find_profile(Job.model_validate(job), Path())
    if not isinstance(found, ModelProfile):
        raise UsageProblem(found[0].what, where=_OPTIONS[found[0].path[:2]], hint=found[0].hint)


def _job(arguments: argparse.Namespace) -> dict[str, Any]:
    wanted = {"duration": arguments.duration, "aspect_ratio": arguments.aspect}
    return {
        "name": "try",
        "manifest": {"path": _MANIFEST},
        "provider": {"name": SIMULATOR, "speed": _SPEED} if arguments.simulate else {"name": EACHLABS},
        **({} if arguments.model is None else {"model": arguments.model}),
        "defaults": {key: value for key, value in wanted.items() if value is not None},
        "output": {"dir": ".", "name": "{sku}-{aspect}-{duration}s.mp4"},
    }


def _why_rejected(folder: Path) -> ManifestProblem | None:
    """Say of the one row what a list of rejected rows says of many."""
    from batch.running.planning import REJECTED_FILE  # noqa: PLC0415 - start-up counts

    try:
        with (folder / REJECTED_FILE).open(encoding="utf-8-sig", newline="") as file:
            row = next(csv.DictReader(file), None)
    except OSError:
        return None
    return None if row is None else ManifestProblem(row["reason"], where=f"{row['column']} {row['value']}")


def _clip(loaded: LoadedJob) -> Path | None:
    location = loaded.location
    with closing(read_state(location.state, Binding.of(location))) as connection:
        clips = [view.clip.path for view in views.items(connection) if view.clip is not None]
    return location.output / clips[0] if clips else None
