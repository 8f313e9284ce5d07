"""The README is true: its commands are those of CI, its names are those of the program, its files exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from batch.cli.parser import build_parser
from batch.core.job import Job
from batch.inputs.jobfile import job_schema

ROOT = Path(__file__).parent.parent

pytestmark = [
    pytest.mark.tree,
    pytest.mark.skipif(not (ROOT / "README.md").is_file(), reason="runs in a checkout only"),
]


def _readme() -> str:
    return (ROOT / "README.md").read_text("utf-8")


def test_ci_calls_exactly_the_test_command() -> None:
    """What a stranger is told to run is what CI runs."""
    blocks = re.findall(r"```sh\n(.*?)\n```", _readme(), re.DOTALL)
    assert blocks[1] in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()


def test_every_command_is_documented() -> None:
    """Each command of the command line stands in the table, and the table invents none."""
    actions = build_parser()._subparsers
    assert actions is not None
    known = set(next(iter(actions._group_actions)).choices or ())
    table = _readme().partition("### The commands")[2].partition("Every reading command")[0]
    assert set(re.findall(r"`([a-z]+)(?: (?:JOB|DIR|IMAGE)[^`]*)?`", table)) == known


@pytest.mark.parametrize("name", sorted(Job.model_fields))
def test_every_job_key_is_documented(name: str) -> None:
    """Each top-level key of a job stands in the README."""
    assert re.search(rf"`{name}[.`]", _readme())


def test_files_that_are_linked_exist() -> None:
    """No link leads nowhere."""
    targets = re.findall(r"\]\(([^)#]+)\)", _readme())
    missing = [target for target in targets if not target.startswith("http") and not (ROOT / target).exists()]
    assert not missing


def test_the_schema_file_is_the_schema() -> None:
    """The schema that the samples point at is what the program prints."""
    assert json.loads((ROOT / "configs" / "job.schema.json").read_text("utf-8")) == job_schema()


@pytest.mark.parametrize("job", sorted(path.name for path in (ROOT / "configs").glob("*.yaml")))
def test_every_sample_plans_cleanly(job: str, tmp_path: Path) -> None:
    """A sample written from the package plans without an error, a rejected row or a key."""
    name = job.removesuffix(".yaml")
    command = [sys.executable, "-m", "batch"]
    subprocess.run([*command, "init", "--sample", name, "-o", str(tmp_path)], check=True, cwd=ROOT, capture_output=True)
    planned = subprocess.run(
        [*command, "plan", str(tmp_path / "configs" / job), "--json"],
        check=True,
        cwd=tmp_path,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin"},
        text=True,
    )
    assert json.loads(planned.stdout)


def test_no_text_sends_a_person_to_a_command_that_does_not_exist() -> None:
    """Messages, samples and the README name commands of this program only."""
    actions = build_parser()._subparsers
    assert actions is not None
    known = set(next(iter(actions._group_actions)).choices or ())
    paths = [ROOT / "README.md", *(ROOT / "configs").iterdir(), *(ROOT / "batch").rglob("*.py")]
    form = r"(?:`sora-batch ([a-z]+)|sora-batch ([a-z]+) (?:configs/|JOB))"
    found = [(path.name, "".join(words)) for path in paths for words in re.findall(form, path.read_text("utf-8"))]
    assert len(found) > 20
    assert not [(name, word) for name, word in found if word not in known]
