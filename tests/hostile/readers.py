"""Every reader of what people give, as a function of bytes that lets nothing out but what it should not."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from batch.channels import channels_for
from batch.core.job import Job
from batch.core.job import Manifest as ManifestKeys
from batch.core.media import Size
from batch.errors import Problem
from batch.frames.errors import PictureError
from batch.frames.preparing import prepare_frame
from batch.frames.settings import FitSettings, FrameTarget
from batch.inputs.adapters import adapter_named
from batch.inputs.jobfile import job_of, locate, read_job
from batch.inputs.manifest import open_manifest
from batch.models import load_profiles
from batch.planning.looking import look_at
from batch.prompts import library_for
from batch.prompts.wordlists import vocabulary_for
from batch.simulator.fault_file import FaultFileError, read_fault_file
from tests.hostile.pictures import pictures
from tests.hostile.tables import parquets, texts
from tests.hostile.yamls import yamls

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hypothesis import strategies as st

    from batch.inputs.jobfile import LoadedJob


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A reader.

    Attributes:
        inputs: What it is given.
        prepare: Makes it, with a folder to put inputs into; it lets out what is not ours.
    """

    inputs: Callable[[], st.SearchStrategy[bytes]]
    prepare: Callable[[Path], Callable[[bytes], None]]


def _told(error: Exception) -> None:
    assert str(error).strip()


def _job(folder: Path) -> Callable[[bytes], None]:
    path = folder / "job.yaml"

    def read(data: bytes) -> None:
        path.write_bytes(data)
        for reader in (read_job, locate):
            try:
                reader(path)
            except Problem as problem:
                _told(problem)

    return read


def _profile(folder: Path) -> Callable[[bytes], None]:
    job = Job.model_validate(
        {"name": "x", "manifest": {"path": "m.csv"}, "defaults": {"prompt": "x"}, "models": ["profile.yaml"]}
    )

    def read(data: bytes) -> None:
        (folder / "profile.yaml").write_bytes(data)
        try:
            load_profiles(job, folder)
        except Problem as problem:
            _told(problem)

    return read


def _side_file(key: str, read_it: Callable[[LoadedJob], object]) -> Callable[[Path], Callable[[bytes], None]]:
    """Give the reader of a file that a job names under a key."""

    def prepare(folder: Path) -> Callable[[bytes], None]:
        loaded = job_of(folder / "job.yaml", f"{{name: x, manifest: {{path: m.csv}}, {key}}}")

        def read(data: bytes) -> None:
            (folder / "side.yaml").write_bytes(data)
            try:
                read_it(loaded)
            except Problem as problem:
                _told(problem)

        return read

    return prepare


def _adapter(folder: Path) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        (folder / "side.yaml").write_bytes(data)
        try:
            adapter_named("side.yaml", folder)
        except Problem as problem:
            _told(problem)

    return read


def _faults(folder: Path) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        (folder / "faults.yaml").write_bytes(data)
        try:
            read_fault_file(folder / "faults.yaml")
        except FaultFileError as error:
            _told(error)

    return read


def _manifest(folder: Path) -> Callable[[bytes], None]:
    keys = ManifestKeys(path="manifest")

    def read(data: bytes) -> None:
        (folder / "manifest").write_bytes(data)
        try:
            with open_manifest(keys, folder, io.BytesIO()) as manifest:
                for batch in manifest.batches():
                    batch.rows()
        except Problem as problem:
            _told(problem)

    return read


def _look(_: Path) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        assert look_at(data)

    return read


def _frame(_: Path) -> Callable[[bytes], None]:
    fit, target = FitSettings(min_side=1), FrameTarget(size=Size(128, 72))

    def read(data: bytes) -> None:
        try:
            prepare_frame(data, fit, target)
        except PictureError as error:
            _told(error)

    return read


READERS = {
    "job": Reader(inputs=yamls, prepare=_job),
    "profile": Reader(inputs=yamls, prepare=_profile),
    "adapter": Reader(inputs=yamls, prepare=_adapter),
    "channel": Reader(inputs=yamls, prepare=_side_file("channels: [side.yaml]", channels_for)),
    "prompts": Reader(inputs=yamls, prepare=_side_file("prompt: {files: [side.yaml]}", library_for)),
    "words": Reader(
        inputs=yamls, prepare=_side_file("defaults: {prompt: x}, lint: {words: [side.yaml]}", vocabulary_for)
    ),
    "faults": Reader(inputs=yamls, prepare=_faults),
    "text": Reader(inputs=texts, prepare=_manifest),
    "parquet": Reader(inputs=parquets, prepare=_manifest),
    "picture": Reader(inputs=pictures, prepare=_look),
    "frame": Reader(inputs=pictures, prepare=_frame),
}
