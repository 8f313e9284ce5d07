"""YAML that means harm, and YAML that had an accident."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from hypothesis import strategies as st

from tests.hostile.mutating import mutated

_TOP = Path(__file__).parents[2]
_PIECES = (
    *("name", "manifest", "path", "provider", "model", "defaults", "prompt", "price", "usd", "limits", "network", "x"),
    *("slug", "fields", "extends", "profiles", "rules", "seed", "on", "fault", "status", "submit", "probability"),
    *(
        ": ",
        ":\n",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "\n- ",
        "? ",
        ", ",
        "[",
        "]",
        "{",
        "}",
        "#",
        "|\n",
        ">\n",
        '"',
        "'",
        "---\n",
        "...\n",
    ),
    *(
        "&a ",
        "*a",
        "<<: *a",
        "!!python/object/apply:os.system ",
        "!x ",
        "%YAML 1.1\n",
        "%TAG ! x\n",
        "\t",
        "\0",
        "\ufeff",
        "\x85",
    ),
    *(
        "1",
        "0.80",
        "1e400",
        "-0",
        "0x1F",
        "0o17",
        "12:30",
        "2026-13-45",
        "2026-11-27 99:99:99",
        ".inf",
        ".nan",
        "NO",
        "~",
    ),
    *(
        "9" * 40,
        "1e-99999999",
        "true",
        "=",
        "\\x",
        "\\U0010FFFF",
        "\ud83d",
        "\U0001f600",
        "[" * 60,
        "{a: " * 40,
        "x" * 200,
    ),
)


@cache
def sound() -> tuple[bytes, ...]:
    """Files of each kind that come with the program, and a faults file."""
    kinds = ("models", "adapters", "channels", "prompts", "prompts/words")
    paths = sorted((_TOP / "configs").glob("*.yaml"))
    paths += [path for kind in kinds for path in sorted((_TOP / "batch" / kind).glob("*.yaml"))[:4]]
    faults = b"""seed: 7
rules:
  - {on: submit, fault: lost_answer_after_accept, probability: 0.2}
  - {on: submit, fault: status, status: 429, retry_after: "30", times: 3}
  - {on: render, fault: error, error_code: PROVIDER_REJECTED, match: "red chair"}
"""
    return (*(path.read_bytes() for path in paths), faults)


def yamls() -> st.SearchStrategy[bytes]:
    """Whatever may be given as YAML."""
    soup = st.lists(st.sampled_from(_PIECES), max_size=30).map(
        lambda parts: "".join(parts).encode("utf-8", "surrogatepass")
    )
    return st.one_of(
        soup,
        mutated(sound()),
        soup.map(lambda text: b"name: x\nmanifest:\n  path: m.csv\n" + text),
        st.binary(max_size=100),
    )
