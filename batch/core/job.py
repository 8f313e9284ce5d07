"""What a job may say: every key of the YAML file, its type, its default and its meaning.

The keys and their meaning are fixed: scripts and other people's files depend on them.
`sora-batch init --schema` prints the JSON Schema that follows from this page.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, field_validator, model_validator

from batch.core.framing import BACKGROUND_PATTERN
from batch.core.library import PARTS, PromptKeys
from batch.core.linting.keys import LintKeys
from batch.core.location import EACHLABS_URL
from batch.core.prompt import parse_template, placeholders
from batch.core.strict import ByteSize, Ratio, Seconds, Strict, Usd
from batch.core.trial import Trial
from batch.core.where import read_where

SIMULATOR: Final = "simulator"
EACHLABS: Final = "eachlabs"


_LOOPBACK = re.compile(r"http://(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?(/.*)?")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _usual_url(provider: dict[str, Any]) -> str:
    return "" if provider.get("name") == SIMULATOR else EACHLABS_URL


Text = Annotated[str, Field(min_length=1)]
"""Text of at least one character."""

TextOrTexts = Annotated[
    list[Text],
    BeforeValidator(_as_list),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "items": {"type": "string", "minLength": 1}},
            ],
        }
    ),
]
"""A list of texts; in YAML also a single one."""


class Manifest(Strict):
    """Where the rows come from."""

    path: Text = Field(description="CSV, TSV or Parquet file, a glob, an http, https or s3 address, or - for stdin")
    columns: dict[str, Text] = Field(default_factory=dict, description="our name: the manifest's column")
    adapter: Text | None = Field(
        default=None,
        description="the system whose export it is, or a YAML file with an adapter; recognised by the header where "
        "that has no sku and image",
    )
    per: Literal["product", "variant"] = Field(
        default="product", description="with an adapter: an item for each product, or for each of its variants"
    )
    picture: Annotated[int, Field(ge=1, le=1_000)] | Text = Field(
        default=1, description="with an adapter: a position from 1, `last`, or words that the alt text has in it"
    )
    where: Text | None = Field(
        default=None, description="a condition in SQL that rows have to meet, such as Status = 'active'"
    )
    limit: int | None = Field(default=None, ge=1, le=1_000_000_000, description="the first so many rows alone")
    sample: int | None = Field(
        default=None, ge=1, le=1_000_000, description="so many SKUs from all over the manifest, always the same"
    )

    _skus: frozenset[str] | None = PrivateAttr(default=None)

    @field_validator("where")
    @classmethod
    def _is_a_condition(cls, value: str | None) -> str | None:
        if value is not None:
            read_where(value)
        return value

    @property
    def own_adapter(self) -> str | None:
        """The file of the adapter that the job brings with it; None if it brings none."""
        return self.adapter if self.adapter is not None and self.adapter.endswith((".yaml", ".yml")) else None

    @property
    def partial(self) -> bool:
        """Whether rows are left out for a trial, so that what has no row is not gone."""
        return self.limit is not None or self.sample is not None or self._skus is not None

    @property
    def skus(self) -> frozenset[str] | None:
        """The SKUs that one call is about; None: all. No key says it."""
        return self._skus

    def narrowed(self, *, sample: int | None, skus: frozenset[str] | None) -> Self:
        """Give the same with fewer SKUs: so many at most, or these alone."""
        most = sample if self.sample is None or sample is None else min(sample, self.sample)
        narrowed = self.model_copy(update={} if most is None else {"sample": most})
        narrowed._skus = skus  # noqa: SLF001 - of its own kind, and just made
        return narrowed


class Provider(Strict):
    """Who makes the clips."""

    name: Literal["eachlabs", "simulator"] = Field(default=EACHLABS, description="who makes the clips")
    base_url: str = Field(
        default_factory=_usual_url,
        # No user or password: a key belongs neither into an address nor into this file.
        pattern=r"^https?://[^/\s@?#]+(/[^\s@?#]*)?$",
        description=f"an address such as {EACHLABS_URL}; the simulator starts by itself where none is given",
    )
    speed: Ratio = Field(default=1.0, gt=0, le=100_000, description="simulator only: how much time is compressed")
    faults: Text | None = Field(default=None, description="simulator only: a file that makes it misbehave")
    clips: Literal["fresh", "cached"] = Field(
        default="fresh", description="simulator only: a clip of each picture, or one for each size and length"
    )

    @model_validator(mode="after")
    def _simulator_only(self) -> Self:
        if self.name != SIMULATOR:
            for key in ("speed", "faults", "clips"):
                if key in self.model_fields_set:
                    raise ValueError(f"`{key}` belongs to `name: simulator`")
        elif self.base_url and not _LOOPBACK.fullmatch(self.base_url):
            raise ValueError("a simulator is reached on loopback, for example http://127.0.0.1:8765")
        return self


class Defaults(Strict):
    """What holds for every row whose own column does not say otherwise."""

    prompt: Text | None = Field(default=None, description="{column} and {column|default text} come from the row")
    duration: int | Text | None = Field(default=None, description="seconds; the profile's default when left out")
    aspect_ratio: TextOrTexts = Field(
        default_factory=list, description="one, or a list: an item each; the profile's default when left out"
    )
    variants: int = Field(default=1, ge=1, le=100, description="items made of each row")
    variant_values: list[Text] = Field(
        default_factory=list,
        max_length=100,
        description="what {variant} stands for in each variant's prompt; its number when left out",
    )
    negative_prompt: Text | None = Field(default=None, description="what should not be seen, where the model takes it")
    inputs: dict[str, str | int | bool | Decimal] = Field(
        default_factory=dict, description="further inputs of the model, checked against its profile"
    )

    @field_validator("prompt", "negative_prompt")
    @classmethod
    def _is_a_template(cls, value: str | None) -> str | None:
        if value is not None:
            parse_template(value)
        return value

    @model_validator(mode="after")
    def _a_value_for_each_variant(self) -> Self:
        if self.variant_values and self.variants > len(self.variant_values):
            raise ValueError(f"`variants` is {self.variants}, but `variant_values` has {len(self.variant_values)}")
        return self

    @property
    def items_of_a_row(self) -> int:
        """How many items are made of a row, for each aspect ratio, that does not say it itself."""
        given = "variants" in self.model_fields_set or not self.variant_values
        return self.variants if given else len(self.variant_values)


class Image(Strict):
    """How a picture becomes a frame."""

    fit: Literal["subject", "contain", "cover", "blur", "strict"] = Field(
        default="subject", description="how a picture of another shape becomes a frame"
    )
    background: str = Field(
        default="auto",
        pattern=BACKGROUND_PATTERN,
        description='auto, edge, gradient, blur, or a colour in quotes such as "#ffffff"',
    )
    margin: Ratio = Field(default=0.06, ge=0, le=0.4, description="share of the frame left free around the product")
    min_side: int = Field(default=300, ge=1, description="pictures with a shorter side are rejected")
    max_bytes: ByteSize = Field(default=50_000_000, ge=1, description="picture files larger than this are rejected")


class Limits(Strict):
    """How fast and how long."""

    submit_per_minute: int = Field(default=30, ge=1, le=100_000, description="most submits in any 60 seconds")
    in_flight: int = Field(default=10, ge=1, le=100_000, description="most predictions that run at a time")
    submit_concurrency: int = Field(
        default=4,
        ge=1,
        le=16,
        description="most submits that are open at a time, and that a crash can leave unconfirmed",
    )
    cooldown: Seconds = Field(default=100.0, description="pause after a 429")
    max_items: int | None = Field(default=None, ge=1, le=1_000_000_000, description="most items that one run submits")
    max_runtime: Seconds | None = Field(default=None, gt=0, description="a run stops submitting and waiting after this")
    item_deadline: Seconds = Field(
        default=10_800.0, gt=0, description="an item that takes longer waits for the next run"
    )
    min_free: ByteSize = Field(
        default=200_000_000,
        ge=0,
        description="bytes that stay free on the disk beside the clips to come, or nothing is bought; 0: no check",
    )


class Polling(Strict):
    """How often a prediction is looked at."""

    first: Literal["auto"] | Seconds = Field(
        default="auto", description="when a prediction is first looked at; auto learns it from the run"
    )
    min: Seconds = Field(default=5.0, gt=0, description="shortest pause between two looks")
    max: Seconds = Field(default=30.0, gt=0, description="longest pause between two looks")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError("`min` is larger than `max`")
        return self


class Budget(Strict):
    """Caps. What is reserved and what is spent count together, and nothing is submitted beyond them."""

    per_run_usd: Usd | None = Field(default=None, description="over one run")
    per_day_usd: Usd | None = Field(default=None, description="per UTC day, over all runs of this job")
    per_item_usd: Usd | None = Field(default=None, description="over all attempts of an item")

    @field_validator("per_run_usd", "per_day_usd", "per_item_usd")
    @classmethod
    def _buys_something(cls, value: Decimal | None) -> Decimal | None:
        if value == 0:
            raise ValueError("a budget of 0 buys nothing: give an amount, or leave the key out for no cap")
        return value


class Retries(Strict):
    """How often a failure is bought again."""

    attempts: int = Field(default=2, ge=1, le=10, description="accepted predictions per item; 2 is one retry")


class Reconcile(Strict):
    """How an unconfirmed submit is looked up."""

    grace: Seconds = Field(default=900.0, description="how long an unconfirmed attempt is looked for before it is held")


class Breaker(Strict):
    """When a run stops itself before more is spent."""

    in_a_row: int = Field(default=5, ge=1, description="failures one after another")
    of_last_50: int = Field(default=10, ge=1, le=50, description="failures among the last 50 that ended")


class Quality(Strict):
    """From where on a delivered clip is worth a person's look; nothing is bought again by itself."""

    look: bool = Field(default=True, description="whether a run looks at the clips that it fetched, in the end")
    likeness: Ratio = Field(default=0.85, ge=0, le=1, description="least similarity of the first frame to the one sent")
    colour_shift: Ratio = Field(default=8.0, ge=0, le=255, description="most distance of their colours, of 255")
    drift: Ratio = Field(
        default=0.5, ge=0, le=1, description="most of the product's colours that may be gone at the end"
    )
    black: Seconds = Field(default=0.2, description="most black picture")
    frozen: Seconds = Field(default=1.0, description="longest stretch in which nothing moves")
    flicker: Ratio = Field(default=1.0, ge=0, le=255, description="most up and down of the brightness, of 255")
    frame_rate: Ratio = Field(default=10.0, ge=0, le=240, description="fewest frames a second")
    loudness: float = Field(default=-60.0, ge=-200, le=0, description="below so many dB a clip counts as silent")
    clipping: Ratio = Field(default=0.005, ge=0, le=1, description="most of the sound that may stand at the limit")


class Network(Strict):
    """What pictures may be fetched from."""

    allow_hosts: list[Text] = Field(
        default_factory=list,
        description="hosts or host:port whose private addresses the manifest and pictures may be fetched from",
    )
    max_speed: ByteSize | None = Field(
        default=None, ge=1000, description="most bytes a second of all pictures that are being fetched, such as 5MB"
    )


class Output(Strict):
    """Where clips and reports go."""

    dir: Text | None = Field(
        default=None,
        description="{name} is the job's name; ../out/{name}, for the simulator ../out/{name}-simulated, when left out",
    )
    name: str = Field(
        default="{sku}/{sku}-{aspect}-{duration}s.mp4",
        description="a clip's path below `dir`, of {sku}, {aspect}, {duration}, {model}, {variant}, {take}, {key}",
    )

    @field_validator("name")
    @classmethod
    def _is_mp4(cls, value: str) -> str:
        unknown = set(re.findall(r"\{([^{}]*)\}", value)) - NAME_FIELDS
        if unknown:
            raise ValueError(f"unknown field {{{min(unknown)}}}; known: {', '.join(sorted(NAME_FIELDS))}")
        if not value.endswith(".mp4"):
            raise ValueError("the name has to end in .mp4")
        if "{sku}" not in value and "{key}" not in value:
            raise ValueError("the name needs {sku} or {key}, or all clips would be one file")
        return value


NAME_FIELDS = frozenset({"sku", "aspect", "duration", "model", "variant", "take", "key"})
"""What `output.name` may refer to."""


class PriceOverride(Strict):
    """A price that overrides the profile's."""

    usd: Usd = Field(gt=0, description="per item")


class Job(Strict):
    """One job file, checked. Paths are as written: relative to the folder of the job file."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        description="1 to 64 letters, digits, dots, dashes and underscores, the first a letter or a digit",
    )
    manifest: Manifest
    provider: Provider = Field(default_factory=Provider)
    model: Text = Field(default="sora-2-image-to-video", description="the slug of a profile")
    models: list[Text] = Field(default_factory=list, description="own model profiles, beside the built-in ones")
    destinations: list[Text] = Field(
        default_factory=list, description="channels whose rules the clips are held against, before buying and after"
    )
    channels: list[Text] = Field(default_factory=list, description="own channels, beside the built-in ones")
    price: PriceOverride | None = None
    defaults: Defaults = Field(default_factory=Defaults)
    prompt: PromptKeys | None = Field(default=None, description="a prompt from the library, by the row's category")
    lint: LintKeys = Field(default_factory=LintKeys)
    image: Image = Field(default_factory=Image)
    limits: Limits = Field(default_factory=Limits)
    polling: Polling = Field(default_factory=Polling)
    budget: Budget = Field(default_factory=Budget)
    retries: Retries = Field(default_factory=Retries)
    reconcile: Reconcile = Field(default_factory=Reconcile)
    breaker: Breaker = Field(default_factory=Breaker)
    quality: Quality = Field(default_factory=Quality)
    canary: bool = Field(
        default=True, description="the first item of a job that never ran goes alone; not in the simulator"
    )
    network: Network = Field(default_factory=Network)
    output: Output = Field(default_factory=Output)
    state: Text | None = Field(default=None, description="the state file; state.sqlite in output.dir when left out")
    on_finish: list[Text] = Field(
        default_factory=list,
        description="command and arguments; gets the JSON summary on standard input, no shell",
    )

    _trial: Trial | None = PrivateAttr(default=None)

    @model_validator(mode="after")
    def _one_prompt(self) -> Self:
        if self.prompt is not None and self.defaults.prompt is not None:
            raise ValueError("`defaults.prompt` and `prompt` both say what the prompt is: keep one of the two")
        return self

    @model_validator(mode="after")
    def _variants_differ(self) -> Self:
        keys = self.prompt
        if self.defaults.variant_values and not (keys is not None and keys.files):
            texts = [
                self.defaults.prompt,
                self.defaults.negative_prompt,
                *(keys.own(part) if keys else None for part in PARTS),
            ]
            named = {part.column for text in texts if text for part in placeholders(parse_template(text))}
            if "variant" not in named:
                raise ValueError("`defaults.variant_values` has texts that no prompt uses: write {variant} in one")
        return self

    @property
    def trial(self) -> Trial | None:
        """What one call wants instead of the whole job; None: the job as its file says. No key says it."""
        return self._trial

    def tried(self, trial: Trial) -> Self:
        """Give the job as one call wants it."""
        skus = None if trial.only is None else frozenset(one.sku for one in trial.only)
        changes: dict[str, Any] = {"manifest": self.manifest.narrowed(sample=trial.sample, skus=skus)}
        if trial.duration is not None:
            changes["defaults"] = self.defaults.model_copy(update={"duration": trial.duration})
        job = self.model_copy(update=changes)
        job._trial = trial  # noqa: SLF001 - of its own kind, and just made
        return job

    @property
    def simulated(self) -> bool:
        """Whether the clips come from the built-in simulator."""
        return self.provider.name == SIMULATOR
