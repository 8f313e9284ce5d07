"""`lint` and `lint --fix` from the command line: what is told, what is changed, and that nothing else is."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from batch.cli import main
from batch.core.csvedit import CellEdit, edit_cells
from batch.core.linting.mending import mend, mend_template
from batch.core.linting.reviewing import Reviewer, Setting
from batch.core.linting.rules import Level
from batch.core.yamledit import replace_text
from batch.core.yamltree import Tree, read_tree
from batch.inputs.jobfile import read_job
from batch.prompts.wordlists import builtin_vocabulary
from batch.running.linting import lint

ROOT = Path(__file__).parent.parent.parent
VOCABULARY = builtin_vocabulary()
REVIEWER = Reviewer(VOCABULARY)
FINE = "One slow push-in. The cup keeps its shape. Sound: a clink."
JOB = """\
# Kept as it is.
name: shop
manifest: {path: m.csv}
provider: {name: simulator}
defaults:
  prompt: >-   # the template
    A stunning view of the {title|stunning thing}.
    One slow push-in. It keeps
    its exact shape.

  duration: 4  # short
"""
MANIFEST = (
    "\ufeffsku;image;prompt;title;lint_ignore\r\n"
    '00152;a.png;"A cup <b>&amp; plate</b>;\r\none slow push-in. It keeps its shape. Sound: air.";"Mug ""M""";\r\n'
    "B;b.png;;Lamp\u00e9;\r\n"
    f"C;c.png;A cup in 4K. {FINE};;\r\n"
    f"D;d.png;A cup in 4K. {FINE};;parameter\r\n"
    "E;e.png;A kid plays.;;\r\n"
)


def ids(text: str) -> list[str]:
    """What is found in a prompt."""
    return [found.id for found in REVIEWER.review(text, Setting(seconds=8))]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"A stunning, amazing old cup. {FINE}", f"An old cup. {FINE}"),
        (f"The cup is stunning. {FINE}", f"The cup is stunning. {FINE}"),
        (f"Amazing cups. {FINE}", f"Cups. {FINE}"),
        (f"<p>Cup &amp; plate</p> {FINE}", f"Cup & plate {FINE}"),
        (f"8 second video in 4K: the cup turns. {FINE}", f"The cup turns. {FINE}"),
        (f"A 4K video of a cup, 60 fps. {FINE}", f"A 4K video of a cup. {FINE}"),
        (f"A cup dances in amazing 4K video, alone. {FINE}", f"A cup dances in 4K video, alone. {FINE}"),
        (f"A cup , blue. {FINE}", f"A cup, blue. {FINE}"),
        (f"A cup in , blue. {FINE}", f"A cup in , blue. {FINE}"),
        (
            "A cup. One slow push-in. It keeps its colour",
            "A cup. One slow push-in. It keeps its colour. Sound: quiet room tone.",
        ),
        (f"A naked dancer. {FINE}", f"A naked dancer. {FINE}"),
    ],
)
def test_only_what_is_safe_is_mended(before: str, after: str) -> None:
    """What has no plain mend stays, and a person is told."""
    assert mend(before, ids(before), VOCABULARY, ids) == after


def test_placeholders_are_left_alone() -> None:
    """Praise in a default is the author's, and braces stay braces."""
    template = f"A stunning {{title|stunning, nice cup}} in {{{{4K}}}}. {FINE}"
    found = ["vague", "vague", "parameter"]
    mended = mend_template(template, found, VOCABULARY, lambda text: ["vague"] * text.count("stunning"))
    assert mended == f"A {{title|stunning, nice cup}} in {{{{4K}}}}. {FINE}"


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job and its manifest as people write them."""
    (tmp_path / "m.csv").write_bytes(MANIFEST.encode())
    path = tmp_path / "job.yaml"
    path.write_bytes(JOB.encode())
    return path


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    """The JSON object that was printed."""
    return json.loads(capsys.readouterr().out)


def test_findings_are_told_where_they_stand(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A template's once, with the number of items; a row's with line and SKU; errors end with 1."""
    assert main(["lint", str(job), "--json"]) == 1
    found = {one["id"]: one for one in told(capsys)["findings"]}
    assert found["minors"]["first_rows"] == [{"file": "m.csv", "line": 7, "sku": "E"}]
    assert (found["vague"]["where"], found["vague"]["items"]) == (f"{job}:6 defaults.prompt", 1)
    assert found["parameter"]["first_rows"] == [{"file": "m.csv", "line": 5, "sku": "C"}]
    assert main(["lint", str(job)]) == 1
    text = capsys.readouterr().out
    assert "error    minors: it asks for a minor" in text
    assert "m.csv:7 E" in text


def test_nothing_is_written_without_a_yes(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The difference is shown, and the command ends with 2."""
    assert main(["lint", str(job), "--fix"]) == 2
    shown = capsys.readouterr().out
    assert "-    A stunning view of the {title|stunning thing}." in shown
    assert f"+C;c.png;A cup. {FINE};;" in shown
    assert (job.read_bytes(), (job.parent / "m.csv").read_bytes()) == (JOB.encode(), MANIFEST.encode())


def test_a_fix_changes_the_prompts_and_nothing_else(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Not the comments, the line ends, the quotes, the byte order mark, or a row that silences it."""
    assert main(["lint", str(job), "--fix", "--yes", "--json"]) == 1
    said = told(capsys)
    assert said["written"]
    assert not {"html", "parameter"} & {one["id"] for one in said["findings"]}
    changed = JOB.replace("A stunning view", "A view").replace(
        "its exact shape.\n", "its exact shape. Sound: quiet room tone.\n"
    )
    assert yaml.safe_load(job.read_text()) == yaml.safe_load(changed)
    assert [line for line in job.read_text().splitlines() if "#" in line or not line] == [
        line for line in JOB.splitlines() if "#" in line or not line
    ]
    wanted = (
        MANIFEST.replace("<b>&amp; plate</b>;", "& plate;")
        .replace(f"C;c.png;A cup in 4K. {FINE}", f"C;c.png;A cup. {FINE}")
        .replace(
            "A kid plays.", "A kid plays. The product keeps its exact shape, colour and label. Sound: quiet room tone."
        )
    )
    now = (job.parent / "m.csv").read_bytes().decode()
    assert now == wanted
    assert main(["lint", str(job), "--fix", "--yes", "--json"]) == 1
    assert told(capsys)["fixes"] == []


def test_the_plan_says_it_in_a_few_lines(job: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts, and the worst of them; the whole is told by `lint`."""
    main(["plan", str(job), "--json"])
    assert told(capsys)["lint"]["errors"] == 1
    main(["plan", str(job)])
    lines = capsys.readouterr().out.splitlines()
    at = next(place for place, line in enumerate(lines) if line.startswith("lint:"))
    assert lines[at + 1] == '          error minors: "kid" m.csv:7 E'


@pytest.mark.tree
@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_samples_have_no_findings(path: Path) -> None:
    """Whoever begins with a sample begins with good prompts."""
    report, _ = lint(read_job(path))
    assert report.complete
    assert not [one for one in report.told if one.finding.rule.level is not Level.NOTE]


_CELL = st.text(st.sampled_from("ab ,;\"'\n\u00e9"), max_size=8)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(_CELL, _CELL, _CELL), min_size=1, max_size=5), st.sampled_from(["\n", "\r\n"]), _CELL)
def test_a_cell_is_changed_and_no_other(table: list[tuple[str, str, str]], end: str, new: str) -> None:
    """Whatever the cells hold: read again, all others are what they were, and the text around is the same bytes."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows(table)
    text = out.getvalue()
    reader = csv.reader(io.StringIO(text, newline=""))
    begins, lines = 1, []
    for _ in reader:
        lines.append(begins)
        begins = reader.line_num + 1
    edits = {line: CellEdit(old=row[1].strip(), new=f"x{new}x") for line, row in zip(lines, table, strict=True)}
    edited = edit_cells(text, ",", 1, edits)
    again = list(csv.reader(io.StringIO(edited.text, newline="")))
    assert edited.lines == tuple(lines)
    assert again == [[first, f"x{new}x", last] for first, _, last in table]
    assert edit_cells(text, ",", 1, {line: CellEdit(old="nothing like it", new="") for line in lines}).text == text


@pytest.mark.parametrize(
    "style", ["plain words", "'single ''quoted'''", '"double \\"quoted\\""', "|-\n    a\n    b", ">\n    a\n    b"]
)
@pytest.mark.parametrize("new", ["short", 'It\'s "so": {a} # b', "long words " * 30 + "end"])
def test_a_text_of_a_yaml_file_is_changed_and_no_other(style: str, new: str) -> None:
    """In whatever style it was written."""
    source = f"# top\na:\n  x: 1   # one\n  b: {style}\n\n  c: [1, 2]  # two\n"
    changed = replace_text(source, ("a", "b"), new)
    assert changed is not None
    tree = read_tree(changed)
    assert isinstance(tree, Tree)
    assert (tree.value["a"]["b"].strip(), tree.value["a"]["x"], tree.value["a"]["c"]) == (new.strip(), 1, [1, 2])
    assert changed.startswith("# top\na:\n  x: 1   # one\n  b: ")
    assert changed.endswith("\n\n  c: [1, 2]  # two\n")
    windows = replace_text(source.replace("\n", "\r\n"), ("a", "b"), new)
    assert windows == changed.replace("\n", "\r\n")


def test_a_text_that_cannot_be_changed_alone_is_left() -> None:
    """A place that is no text, or that is not there."""
    source = "a: [b]\nc: {d: e}\n"
    assert [replace_text(source, path, "x") for path in (("a",), ("z",), ("c", "d", "e"))] == [None, None, None]
    assert replace_text("a: b\r\nc: d\n", ("a",), "x") is None


def test_a_negative_prompt_is_looked_through_for_what_is_left_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It may name what is not wanted, but not be unfinished."""
    (tmp_path / "m.csv").write_text("sku,image\nA,a.png\n", "utf-8")
    job = {
        "name": "x",
        "manifest": {"path": "m.csv"},
        "model": "kling-v2-1-standard-image-to-video",
        "defaults": {"prompt": f"A cup. {FINE}", "negative_prompt": "blood, text, TODO"},
    }
    (tmp_path / "job.yaml").write_text(yaml.safe_dump(job, sort_keys=False), "utf-8")
    assert main(["lint", str(tmp_path / "job.yaml"), "--json"]) == 1
    assert [(one["id"], one["where"]) for one in told(capsys)["findings"]] == [
        ("unresolved", f"{tmp_path / 'job.yaml'}:7 defaults.negative_prompt")
    ]
