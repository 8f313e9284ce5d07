"""The command line options become settings, and what makes no sense is refused."""

from __future__ import annotations

import argparse
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from batch.simulator import Clips, SimulatorSettings, add_arguments, settings_from


def read(*options: str) -> SimulatorSettings:
    """Parse a command line."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return settings_from(parser.parse_args(["--data-dir", "there", *options]))


def test_defaults_are_those_of_the_settings() -> None:
    """No option given means the same as no argument given."""
    assert read() == SimulatorSettings(data_dir=Path("there"))


def test_every_option_arrives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each option sets its own field."""
    monkeypatch.setenv("EACHLABS_API_KEY", "secret-key")
    text = (
        "--host localhost --port 99 --speed 100 --instant --seed 3 --clips cached --encoders 1 --balance 9.5 "
        "--concurrency 4 --submit-per-minute 60 --reopening 90 --output-ttl 30 --lag 5 --clock-skew -7 "
        "--require-key --faults f.yaml"
    )
    settings = read(*text.split())
    assert settings == SimulatorSettings(
        data_dir=Path("there"),
        host="localhost",
        port=99,
        speed=100.0,
        instant=True,
        seed=3,
        clips=Clips.CACHED,
        encoders=1,
        balance_usd=Decimal("9.5"),
        concurrency=4,
        submit_per_minute=60,
        reopening=timedelta(seconds=90),
        output_ttl=timedelta(seconds=30),
        lag=timedelta(seconds=5),
        clock_skew=timedelta(seconds=-7),
        key="secret-key",
        faults=Path("f.yaml"),
    )
    assert "secret-key" not in repr(settings)


@pytest.mark.parametrize(
    "options",
    [
        "--speed 0",
        "--speed inf",
        "--encoders 0",
        "--output-ttl 0",
        "--lag x",
        "--balance x",
        "--clips x",
        "--host 0.0.0.0",
    ],
)
def test_senseless_options_are_usage_errors(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and the option is named."""
    with pytest.raises(SystemExit) as caught:
        read(*options.split())
    assert caught.value.code == 2
    assert options.split(maxsplit=1)[0] in capsys.readouterr().err


def test_a_demanded_key_must_be_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the variable."""
    monkeypatch.delenv("EACHLABS_API_KEY", raising=False)
    with pytest.raises(ValueError, match="EACHLABS_API_KEY"):
        read("--require-key")


@pytest.mark.parametrize("change", [{"speed": 0.0}, {"output_ttl": timedelta(0)}, {"encoders": 0}])
def test_senseless_settings_are_refused(change: dict[str, object]) -> None:
    """Settings made in code are checked as those of the command line."""
    with pytest.raises(ValueError, match=next(iter(change))):
        SimulatorSettings(data_dir=Path("there"), **change)  # type: ignore[arg-type]
