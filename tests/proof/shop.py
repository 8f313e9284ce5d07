"""A small shop in a folder: a manifest, drawn pictures, a job; and the real command line to run it with."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from PIL import Image

from tests.proof.forge import HURRY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.proof.forge import Forge, Forked

PATIENCE = 120.0
"""Seconds after which something that should have happened never will."""

_COLOURS = ((180, 60, 40), (40, 90, 160), (60, 130, 70), (120, 60, 140), (190, 140, 40), (30, 30, 30))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    exit: int
    out: str
    err: str

    @property
    def summary(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def items(self) -> dict[str, int]:
        """The counts of items that are not zero, without the total."""
        return {word: n for word, n in self.summary["items"].items() if n and word != "total"}

    def cost(self, word: str) -> str:
        """One of the four numbers."""
        return str(self.summary["cost"][f"{word}_usd"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ledger:
    """What the provider has accepted and how it ended, by prediction id."""

    accepted: Mapping[str, dict[str, Any]]
    ended: Mapping[str, dict[str, Any]]

    @property
    def bought(self) -> Counter[str]:
        """How often each prompt was accepted."""
        return Counter(str(record["input"]["prompt"]) for record in self.accepted.values())

    @property
    def clips(self) -> dict[str, str]:
        """The hash of each clip that was made, by prompt."""
        return {
            str(self.accepted[id_]["input"]["prompt"]): str(end["clip_sha256"])
            for id_, end in self.ended.items()
            if end["clip_sha256"]
        }


@dataclass(slots=True, kw_only=True)
class Shop:
    """A job in a folder, and the provider's folder beside it.

    Attributes:
        provider_folder: Where the simulator keeps its ledger.
        template: A clip of four seconds, so that no test has to encode one.
        forge: Forks the commands that are waited for; None starts an interpreter for each. What is started and
            not waited for is always a process from its first instruction on.
        hurry: Seconds after which a forked command takes silence for an end; 0 as long as the program does.
    """

    folder: Path
    template: bytes
    provider_folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    forge: Forge | None = None
    hurry: float = 0.0

    @property
    def out(self) -> Path:
        """The job's output folder."""
        return self.folder / "out"

    @property
    def job_file(self) -> Path:
        """The job."""
        return self.folder / "job.yaml"

    @property
    def state(self) -> Path:
        """The job's state."""
        return self.out / "state.sqlite"

    def rows(self, *skus: str, header: Sequence[str] = ("sku", "image"), more: Sequence[Sequence[str]] = ()) -> None:
        """Write a manifest with a row for each SKU, and draw its picture; `more` are rows as they stand."""
        lines = [list(header)]
        for number, sku in enumerate(skus):
            picture = self.folder / f"{sku}.png"
            if not picture.exists():
                draw(picture, number)
                hour_ago = time.time() - 3600  # what has just been written may still change, and is not remembered
                os.utime(picture, (hour_ago, hour_ago))
            lines.append([sku, picture.name])
        lines.extend(list(row) for row in more)
        with (self.folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(lines)

    def job(self, **changes: Any) -> None:
        """Write the job: the smallest one, with keys of two levels changed or added."""
        job: dict[str, Any] = {
            "name": "shop",
            "manifest": {"path": "manifest.csv"},
            "provider": {"name": "simulator", "speed": 400, "clips": "cached"},
            "defaults": {"prompt": "push in on {sku}", "duration": 4},
            "limits": {"submit_per_minute": 6000, "in_flight": 4},
            "output": {"dir": "out"},
            "quality": {"look": False},
        }
        for key, value in changes.items():
            merged = isinstance(value, dict) and isinstance(job.get(key), dict)
            job[key] = {**job[key], **value} if merged else value
        self.job_file.write_text(yaml.safe_dump(job, sort_keys=False), encoding="utf-8")

    def faults(self, *rules: str, **provider: Any) -> dict[str, Any]:
        """Write a faults file and give the job's `provider` that uses it."""
        path = self.folder / "faults.yaml"
        path.write_text(f"seed: 1\nrules: [{', '.join(rules)}]\n", encoding="utf-8")
        return {"faults": path.name, **provider}

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start a command on the job and do not wait for it."""
        command, *others = arguments
        if command in {"run", "submit"}:
            self.seed_clips()
        return subprocess.Popen(
            [sys.executable, "-m", "batch", command, str(self.job_file), *others],
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options,
            text=True,
            env=self._environment,
        )

    def fork(self, *arguments: str) -> Forked:
        """Start a forked command on the job and do not wait for it."""
        command, *others = arguments
        if command in {"run", "submit"}:
            self.seed_clips()
        return self._forked(command, str(self.job_file), *others)

    def command(self, *arguments: str, **options: Any) -> Ended:
        """Do a command on the job and wait for its end."""
        if self._can_fork and not options:
            return ended(self.fork(*arguments))
        with self.start(*arguments, stdin=subprocess.DEVNULL, **options) as process:
            return finish(process)

    def sample(self, name: str, folder: Path) -> Ended:
        """Do `init --sample`."""
        arguments = ["init", "--sample", name, "-o", str(folder)]
        if self._can_fork:
            return ended(self._forked(*arguments))
        command = [sys.executable, "-m", "batch", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            return finish(process)

    @property
    def _can_fork(self) -> bool:
        return self.forge is not None and self.forge.fits(self._environment)

    @property
    def _environment(self) -> dict[str, str]:
        return clean_environment() | self.environment

    def _forked(self, *arguments: str) -> Forked:
        assert self.forge is not None
        environment = self._environment | ({HURRY: str(self.hurry)} if self.hurry else {})
        return self.forge.start(arguments, environment, self.folder.with_name(f"said-{uuid.uuid4().hex}"))

    def run(self, *arguments: str) -> Ended:
        """Do `run --yes --json`."""
        return self.command("run", "--yes", "--json", *arguments)

    def kill_when(self, condition: Callable[[], bool], *arguments: str, number: int = signal.SIGKILL) -> Ended:
        """Start `run` (or another command), send it a signal once something holds, and wait for its end."""
        with self.start(*(arguments or ("run", "--yes", "--json")), stdin=subprocess.DEVNULL) as process:
            wait_until(condition, process)
            process.send_signal(number)
            return finish(process)

    def ledger(self) -> Ledger:
        """Read what the provider has accepted."""
        lines = _json_lines(self.provider_folder / "ledger.jsonl")
        return Ledger(
            accepted={line["id"]: line for line in lines if line["event"] == "accepted"},
            ended={line["id"]: line for line in lines if line["event"] != "accepted"},
        )

    def requests(self) -> list[dict[str, Any]]:
        """Read every request that the provider was sent."""
        return _json_lines(self.provider_folder / "requests.jsonl")

    def posts(self) -> int:
        """Count the requests for a prediction."""
        return sum(r["method"] == "POST" and r["path"].rstrip("/") == "/v1/prediction" for r in self.requests())

    def frames_left(self) -> int:
        """Count the uploads that still lie at the provider."""
        kinds = [line["event"] for line in _json_lines(self.provider_folder / "uploads.jsonl")]
        return kinds.count("presigned") - kinds.count("deleted")

    def clips(self) -> list[Path]:
        """List the clips that lie in the output folder."""
        return sorted(path for path in self.out.rglob("*.mp4") if self.provider_folder not in path.parents)

    def leftovers(self) -> list[Path]:
        """List what a download left half-done."""
        return [path for path in self.out.rglob("*.part*") if self.provider_folder not in path.parents]

    def seed_clips(self) -> None:
        """Give the simulator the clip that it would otherwise encode."""
        clip = self.provider_folder / "clips" / "cached-1280x720-4.mp4"
        if not clip.exists():
            clip.parent.mkdir(parents=True, exist_ok=True)
            clip.write_bytes(self.template)

    @contextmanager
    def simulator(self, *options: str, speed: int = 400) -> Iterator[str]:
        """Serve a simulator as a process of its own that outlives the runs; gives its URL."""
        self.seed_clips()
        arguments = ["simulate", "--data-dir", str(self.provider_folder)]
        arguments += ["--speed", str(speed), "--clips", "cached", "--with-parent", *options]
        if self._can_fork:
            with _serving(self._forked(*arguments)) as url:
                yield url
            return
        command, pipe = [sys.executable, "-m", "batch", *arguments], subprocess.PIPE
        with subprocess.Popen(command, text=True, env=self._environment, stdin=pipe, stdout=pipe) as process:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert url.startswith("http://")
            try:
                yield url
            finally:
                process.terminate()


def draw(path: Path, number: int, side: int = 640) -> None:
    """Draw a product on a plain ground, another one for each number."""
    picture = Image.new("RGB", (side, side), (235, 233, 228))
    shift = 8 * number
    picture.paste(_COLOURS[number % len(_COLOURS)], (side // 4 + shift, side // 4, side * 5 // 8, side * 3 // 4))
    picture.save(path)


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something holds; that it never does, or the process ends before, is a failure."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if process is not None and process.poll() is not None:
            pytest.fail(f"it ended before that: {finish(process)}")
        if time.monotonic() > deadline:
            pytest.fail("it never happened")
        time.sleep(0.005)


def finish(process: subprocess.Popen[str]) -> Ended:
    """Wait for a command's end."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        pytest.fail(f"it did not end: {out}{err}")
    return Ended(exit=process.returncode, out=out, err=err)


def ended(process: Forked) -> Ended:
    """Wait for a forked command's end; what it said is taken along and its files go."""
    try:
        code = process.wait(PATIENCE)
    except TimeoutError as error:
        process.send_signal(signal.SIGKILL)
        pytest.fail(str(error))
    told = Ended(exit=code, out=process.said("out"), err=process.said("err"))
    process.forget()
    return told


@contextmanager
def _serving(process: Forked) -> Iterator[str]:
    """Wait until a forked simulator has told where it is, and end it at last."""
    deadline = time.monotonic() + PATIENCE
    while not (told := process.said("out")).endswith("\n"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the simulator did not start: {process.said('err')}")
        time.sleep(0.002)
    try:
        yield told.strip()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        process.forget()


def clean_environment() -> dict[str, str]:
    """Give this process's environment without what would change a command's behaviour."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("EACHLABS_", "SORA_BATCH_"))}


def _json_lines(path: Path) -> list[dict[str, Any]]:
    """Read whole lines; the simulator may be writing the next one."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines(keepends=True) if line[-1] == "\n"]


def clip_template(folder: Path) -> bytes:
    """Encode a clip of four seconds; the simulator appends a box of its own to it for each prediction."""
    from batch.simulator.clips import encode, planes_of  # noqa: PLC0415 - PyAV is an extra
    from batch.simulator.values import Size  # noqa: PLC0415 - the same

    picture, clip = folder / "picture.png", folder / "clip.mp4"
    draw(picture, 0)
    size = Size(width=1280, height=720)
    encode(planes_of(picture.read_bytes(), size), size, 4, clip)
    return clip.read_bytes()
