"""Job files: what is accepted, and how everything that is wrong is told."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from batch.core.yamltree import Tree, read_tree
from batch.errors import Exit, MissingInput
from batch.inputs.jobfile import JobErrors, LoadedJob, job_schema, locate, read_job

CONFIGS = sorted((Path(__file__).parent.parent / "configs").glob("*.yaml"))

EVERY_KEY = """\
name: spring-catalogue
manifest:
  path: ../manifests/spring.csv
  columns: {sku: SKU, image: Images, title: Name}
  adapter: woocommerce
  per: variant
  picture: last
  where: "Type = 'simple'"
  limit: 100
  sample: 10
provider: {name: eachlabs, base_url: "https://api.eachlabs.ai"}
model: sora-2-image-to-video
models: [my-models.yaml]
price: {usd: 0.80}
defaults:
  prompt: "A slow turn of the {title}."
  duration: 8
  aspect_ratio: "16:9"
  variants: 1
  negative_prompt: hands
  inputs: {cfg_scale: 0.5, seed: 7, sharp: true, style: plain}
image: {fit: subject, background: auto, margin: 0.06, min_side: 300, max_bytes: 50MB}
limits:
  submit_per_minute: 30
  in_flight: 10
  submit_concurrency: 4
  cooldown: 100s
  max_items: null
  max_runtime: null
  item_deadline: 3h
polling: {first: auto, min: 5s, max: 30s}
budget: {per_run_usd: 50, per_day_usd: 200, per_item_usd: 2}
retries: {attempts: 2}
reconcile: {grace: 15m}
breaker: {in_a_row: 5, of_last_50: 10}
canary: true
network: {allow_hosts: []}
output: {dir: ../out/spring, name: "{sku}/{sku}-{aspect}-{duration}s.mp4"}
state: ../out/spring/state.sqlite
on_finish: [command, argument]
"""

SIMULATED = """\
name: demo
manifest: {path: a.csv}
provider: {name: simulator, speed: 100, faults: faults.yaml, clips: cached}
defaults: {aspect_ratio: ["16:9", "9:16"], duration: 8s}
image: {background: "#ffffff", max_bytes: 1000000}
polling: {first: 2.5, min: 1, max: 1.5}
budget: {per_run_usd: "0.80"}
"""

SMALLEST = "name: tiny\nmanifest: {path: a.csv}\n"


def write(folder: Path, text: str) -> Path:
    """Put a job into a folder."""
    path = folder / "job.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def errors_of(folder: Path, text: str) -> JobErrors:
    """Read a job that is wrong."""
    with pytest.raises(JobErrors) as caught:
        read_job(write(folder, text))
    return caught.value


def test_every_documented_key_is_read(tmp_path: Path) -> None:
    """The keys have their documented meaning and exact values."""
    loaded = read_job(write(tmp_path, EVERY_KEY))
    job = loaded.job
    assert job.limits.cooldown == 100
    assert job.limits.item_deadline == 10_800
    assert job.reconcile.grace == 900
    assert job.image.max_bytes == 50_000_000
    assert job.price is not None
    assert str(job.price.usd) == "0.80"
    assert job.defaults.aspect_ratio == ["16:9"]
    assert job.defaults.inputs == {"cfg_scale": Decimal("0.5"), "seed": 7, "sharp": True, "style": "plain"}
    assert loaded.text_sha256 == hashlib.sha256(EVERY_KEY.encode()).hexdigest()


def test_the_smallest_job_has_the_documented_defaults(tmp_path: Path) -> None:
    """A name and a manifest are enough."""
    job = read_job(write(tmp_path, SMALLEST)).job
    assert (job.model, job.provider.name, job.canary) == ("sora-2-image-to-video", "eachlabs", True)
    assert (job.limits.submit_per_minute, job.limits.in_flight, job.retries.attempts) == (30, 10, 2)
    assert (job.polling.first, job.image.fit, job.budget.per_run_usd) == ("auto", "subject", None)


def test_a_simulator_has_no_address_of_the_live_service(tmp_path: Path) -> None:
    """A rehearsal must never reach the real thing by a default."""
    assert read_job(write(tmp_path, SIMULATED)).job.provider.base_url == ""
    assert read_job(write(tmp_path, SMALLEST)).job.provider.base_url == "https://api.eachlabs.ai"


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_sample_is_accepted(path: Path) -> None:
    """What is shipped works."""
    assert read_job(path).job.name == path.stem


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("limits: {in_flight: 0}", 3, "limits.in_flight", "expected a whole number of at least 1, got 0"),
        ("limits: {in_flight: ten}", 3, "limits.in_flight", "expected a whole number, got the text 'ten'"),
        ("limits: {max_items: 1.5}", 3, "limits.max_items", "expected a whole number, got 1.5"),
        ("limits: {cooldown: 1 week}", 3, "limits.cooldown", "expected a duration such as 90, 90s, 15m or 3h"),
        ("limits: {cooldown: -5}", 3, "limits.cooldown", "cannot be negative"),
        ("limits: {cooldown: 1e30}", 3, "limits.cooldown", "at most 366d"),
        ("limits:", 3, "limits", "leave the key out"),
        ("limits: {in_flite: 3}", 3, "limits.in_flite", "did you mean `in_flight`?"),
        ("limits:\n  in_flight: 3\n  in_flight: 4", 5, "limits.in_flight", "given twice, first on line 4"),
        ("LIMITS: {}", 3, "LIMITS", "did you mean `limits`?"),
        ("budget: {per_run_usd: 0}", 3, "budget.per_run_usd", "a budget of 0 buys nothing"),
        ("budget: {per_item_usd: 0.00}", 3, "budget.per_item_usd", "a budget of 0 buys nothing"),
        ("budget: {per_day_usd: -1}", 3, "budget.per_day_usd", "zero or more, got -1"),
        ("budget: {per_day_usd: 1e20}", 3, "budget.per_day_usd", "at most 1,000,000"),
        ("budget: {per_day_usd: '1e999999'}", 3, "budget.per_day_usd", "at most 1,000,000"),
        ("budget: {per_day_usd: lots}", 3, "budget.per_day_usd", "expected an amount in dollars such as 0.80"),
        ("price: {usd: 0}", 3, "price.usd", "expected a number above 0, got 0"),
        ("price: 0.80", 3, "price", "expected keys and values, got 0.80"),
        ("canary: NO", 3, "canary", "expected true or false, got the text 'NO'"),
        ("model: 5", 3, "model", "expected text, got 5; put it in quotes"),
        ("image: {fit: subjct}", 3, "image.fit", "did you mean `subject`?"),
        ("image: {margin: 0.5}", 3, "image.margin", "expected a number of at most 0.4, got 0.5"),
        ("image: {background: white}", 3, "image.background", "#ffffff"),
        ("image: {max_bytes: 50 megs}", 3, "image.max_bytes", "expected a size such as 50MB"),
        ("defaults: {duration: true}", 3, "defaults.duration", "expected a whole number or text, got true"),
        ("defaults: {variants: true}", 3, "defaults.variants", "expected a whole number, got true"),
        ("defaults:\n  aspect_ratio:\n  - '16:9'\n  - 9", 6, "defaults.aspect_ratio[1]", "expected text, got 9"),
        ("defaults: {inputs: {a: [1]}}", 3, "defaults.inputs.a", "text, true or false or a number, got a list"),
        ("polling: {first: soon}", 3, "polling.first", "expected auto or a duration such as"),
        ("polling: {min: 30, max: 5}", 3, "polling", "`min` is larger than `max`"),
        ("provider: {name: eachlab}", 3, "provider.name", "did you mean `eachlabs`?"),
        ("provider: {speed: 100}", 3, "provider", "`speed` belongs to `name: simulator`"),
        ("provider: {base_url: 'https://me:secret@x.org'}", 3, "provider.base_url", "expected an address"),
        ("provider: {name: simulator, base_url: 'http://localhost.x.org'}", 3, "provider", "on loopback"),
        ("output: {name: '{sku}.mov'}", 3, "output.name", "end in .mp4"),
        ("output: {name: '{skew}.mp4'}", 3, "output.name", "unknown field {skew}"),
        ("on_finish: notify me", 3, "on_finish", "expected a list such as [a, b]"),
        ("state: ''", 3, "state", "expected something here"),
        ("limits: &x {}", 3, "limits", "not supported"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_what_was_expected(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    """File, line, key, what was expected, and the nearest known word."""
    (error,) = errors_of(tmp_path, SMALLEST + text).errors
    assert (error.line, error.key) == (line, key)
    assert words in str(error)
    assert str(error).startswith(f"{tmp_path / 'job.yaml'}:{line}: {key}: ")


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A person mends a file once, not once for each mistake."""
    text = (
        "name: my job\n"
        "manifst: {path: a.csv}\n"
        "limits: {in_flight: 0, submit_per_minut: 3}\n"
        "budget: {per_run_usd: 0}\n"
        "budget: {}\n"
        "canary: *yes\n"
    )
    problem = errors_of(tmp_path, text)
    assert [(error.line, error.key) for error in problem.errors] == [
        (1, "name"),
        (1, "manifest"),
        (2, "manifst"),
        (3, "limits.in_flight"),
        (3, "limits.submit_per_minut"),
        (4, "budget.per_run_usd"),
        (5, "budget"),
        (6, "canary"),
    ]
    assert len(str(problem).splitlines()) == 8
    assert problem.exit == Exit.BAD_JOB


def test_a_missing_key_names_the_line_of_its_parent(tmp_path: Path) -> None:
    """There is no other line to go to."""
    (error,) = errors_of(tmp_path, "name: x\nmodel: y\nmanifest:\n  columns: {}\n").errors
    assert (error.line, error.key) == (3, "manifest.path")
    assert "this key is needed" in error.what


def test_hundreds_of_mistakes_fit_one_screen(tmp_path: Path) -> None:
    """The first ones are told, the rest is counted."""
    text = SMALLEST + "".join(f"key{number}: 1\n" for number in range(500))
    assert len(str(errors_of(tmp_path, text)).splitlines()) <= 24


@pytest.mark.parametrize("text", ["", "# nothing\n", "5\n", "- a\n", "just words\n"])
def test_a_file_that_says_something_else_is_no_job(tmp_path: Path, text: str) -> None:
    """One line, no traceback."""
    problem = errors_of(tmp_path, text)
    assert "expected keys and values" in str(problem)


@pytest.mark.parametrize(
    "data", [b"\x89PNG\r\n\x1a\n\x00\x00", b"\xff\xfe\x00name", b"name: [", b"[" * 500, b"a: " + b"x" * 9_000_000]
)
def test_a_file_that_is_no_yaml_is_no_job(tmp_path: Path, data: bytes) -> None:
    """A picture, another encoding, a bomb, something huge: told by file and line."""
    path = tmp_path / "job.yaml"
    path.write_bytes(data)
    with pytest.raises(JobErrors) as caught:
        read_job(path)
    assert len(caught.value.errors) == 1
    assert str(caught.value).startswith(f"{path}:1: ")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    """Some editors write one."""
    path = tmp_path / "job.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALLEST.encode())
    assert read_job(path).job.name == "tiny"


def test_a_missing_file_names_those_that_are_there(tmp_path: Path) -> None:
    """Mostly the name was mistyped."""
    write(tmp_path, SMALLEST)
    with pytest.raises(MissingInput, match=r"job\.yaml") as caught:
        read_job(tmp_path / "jop.yaml")
    assert caught.value.exit == Exit.MISSING_INPUT
    assert str(tmp_path / "jop.yaml") in str(caught.value)


def test_a_folder_is_no_job(tmp_path: Path) -> None:
    """Nor is it a missing file."""
    with pytest.raises(MissingInput, match="folder"):
        read_job(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        SMALLEST,
        EVERY_KEY,
        SIMULATED,
        SMALLEST + "state: /var/lib/shop.sqlite\n",
        SMALLEST + "output: {dir: 'clips/{name}'}\n",
        SMALLEST + "provider: {base_url: 'http://LOCALHOST:8080/v'}\n",
        SMALLEST + "provider: {name: simulator, base_url: 'http://127.0.0.1:8765'}\n",
    ],
)
def test_the_light_look_finds_what_the_whole_job_says(tmp_path: Path, text: str) -> None:
    """`status` and `run` must never look at two states."""
    path = write(tmp_path, text)
    assert locate(path) == read_job(path).location


def test_paths_are_relative_to_the_job_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cron calls from anywhere."""
    (tmp_path / "configs").mkdir()
    write(tmp_path / "configs", SMALLEST)
    monkeypatch.chdir(tmp_path)
    location = locate(Path("configs/job.yaml"))
    assert location.output == tmp_path.resolve() / "out" / "tiny"
    assert location.state == location.output / "state.sqlite"
    assert (location.provider, location.host) == ("eachlabs", "api.eachlabs.ai")


def test_a_simulators_things_lie_in_a_folder_of_their_own(tmp_path: Path) -> None:
    """Where the job names no folder, a rehearsal and the real run do not meet."""
    path = write(tmp_path, SMALLEST + "provider: {name: simulator}\n")
    assert locate(path).output.name == "tiny-simulated"


def test_the_light_look_tells_all_mistakes_where_it_cannot_go_on(tmp_path: Path) -> None:
    """It then is as thorough as the whole check."""
    path = write(tmp_path, "name: [x]\nlimits: {in_flight: 0}\n")
    with pytest.raises(JobErrors) as caught:
        locate(path)
    assert {error.key for error in caught.value.errors} == {"name", "manifest", "limits.in_flight"}


def test_the_light_look_loads_nothing_heavy(tmp_path: Path) -> None:
    """The start-up of `status` is what it is for."""
    path = write(tmp_path, EVERY_KEY)
    code = (
        "import pathlib, sys; from batch.inputs.jobfile import locate; locate(pathlib.Path(sys.argv[1]));"
        "print([m for m in ('pydantic', 'polars', 'httpx', 'aiohttp', 'PIL', 'jinja2') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def as_json(text: str) -> Any:
    """Give a YAML text as an editor's validator sees it."""

    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return float(value) if isinstance(value, Decimal) else value

    tree = read_tree(text)
    assert isinstance(tree, Tree)
    return plain(tree.value)


TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
    "object": (dict,),
    "array": (list,),
}


def of_type(value: Any, names: str | list[str]) -> bool:
    """Tell whether JSON Schema's `type` is met."""
    wanted = [names] if isinstance(names, str) else names
    if isinstance(value, bool):
        return "boolean" in wanted
    return any(isinstance(value, TYPES[name]) for name in wanted)


def valid(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Check a value by the part of JSON Schema that the job's schema uses."""
    if "$ref" in schema:
        return valid(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "anyOf" in schema and not any(valid(value, one, root) for one in schema["anyOf"]):
        return False
    if "type" in schema and not of_type(value, schema["type"]):
        return False
    if value not in schema.get("enum", [value]) or value != schema.get("const", value):
        return False
    if isinstance(value, str):
        return len(value) >= schema.get("minLength", 0) and bool(re.search(schema.get("pattern", ""), value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        return bool(low <= value <= high)
    if isinstance(value, list):
        return all(valid(one, schema.get("items", {}), root) for one in value)
    if isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
        rest = [one for key, one in value.items() if key not in known]
        return (
            set(schema.get("required", ())) <= set(value)
            and all(valid(one, known[key], root) for key, one in value.items() if key in known)
            and (not rest if others is False else others is True or all(valid(one, others, root) for one in rest))
        )
    return True


@pytest.mark.parametrize("text", [EVERY_KEY, SIMULATED, SMALLEST, *(path.read_text("utf-8") for path in CONFIGS)])
def test_the_schema_accepts_what_the_reader_accepts(tmp_path: Path, text: str) -> None:
    """An editor must not underline a job that runs."""
    assert isinstance(read_job(write(tmp_path, text)), LoadedJob)
    schema = job_schema()
    assert valid(as_json(text), schema, schema)


@pytest.mark.parametrize(
    "text",
    [
        "name: x\n",
        SMALLEST + "limts: {}\n",
        SMALLEST + "limits: {in_flight: 0}\n",
        SMALLEST + "limits: {cooldown: 1 week}\n",
        SMALLEST + "image: {fit: wide}\n",
        SMALLEST + "canary: NO\n",
        SMALLEST + "on_finish: notify\n",
    ],
)
def test_the_schema_refuses_common_mistakes(text: str) -> None:
    """So that they are seen while one types."""
    schema = job_schema()
    assert not valid(as_json(text), schema, schema)


def test_the_schema_describes_every_key() -> None:
    """Editors show the description beside the key."""
    schema = job_schema()
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["title"] == "sora-batch job"
    parts = {"": schema, **schema["$defs"]}
    bare = [
        f"{name}.{key}"
        for name, part in parts.items()
        for key, spec in part["properties"].items()
        if not (spec.get("description") or "$ref" in spec or "$ref" in str(spec.get("anyOf")))
    ]
    assert bare == []
    assert all(part["description"] and part["additionalProperties"] is False for part in parts.values())


def test_a_refused_merge_key_hides_no_other_error(tmp_path: Path) -> None:
    """Keys that may have stood in what was to be merged are not missed; what is wrong beside it is said with it."""
    lines = ["<<: {name: shop}", "manifest: {path: a.csv, file: b}", "limits: *fast"]
    text = "\n".join([*lines, "image: {<<: {fit: cover}, margin: wide}", "bugdet: {}"])
    said = errors_of(tmp_path, text).errors
    assert [(error.line, error.key) for error in said] == [
        (1, ""),
        (2, "manifest.file"),
        (3, "limits"),
        (4, "image"),
        (4, "image.margin"),
        (5, "bugdet"),
    ]


def test_what_a_refused_tag_makes_of_a_value_is_not_a_second_error(tmp_path: Path) -> None:
    """Without the tag the value is right, and the tag is what was complained about."""
    (said,) = errors_of(tmp_path, SMALLEST + "limits: {in_flight: !!int 4}\n").errors
    assert (said.line, said.key) == (3, "limits.in_flight")
    assert "tag" in said.what


def test_a_broken_template_is_the_jobs_fault(tmp_path: Path) -> None:
    """No row could be right; it is said with its line, and with whatever else is wrong."""
    text = SMALLEST + "defaults:\n  prompt: a {title\n  negative_prompt: '}'\nlimits: {in_flight: 0}\n"
    said = errors_of(tmp_path, text).errors
    assert [(error.line, error.key) for error in said] == [
        (4, "defaults.prompt"),
        (5, "defaults.negative_prompt"),
        (6, "limits.in_flight"),
    ]
    assert "the { at character 3 belongs to no placeholder" in said[0].what
