"""The state to what a channel is given: which clips, held against its rules, and where they go."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from batch.collect.sidecar import DRAWN_BY_PROGRAM, MADE_BY_MODEL
from batch.core.nearest import did_you_mean
from batch.core.objects import is_object_url
from batch.core.verdicts import Verdict, facts_of
from batch.errors import UsageProblem
from batch.export.choosing import Choice, choose
from batch.export.disclosing import disclosures
from batch.export.feeds import FORMATS, Format
from batch.export.naming import names_of, read_base_url, url_of
from batch.export.products import id_trouble, product_id, title_of
from batch.export.values import Offer, Refusal
from batch.running.delivering import Delivery, HandedOver, as_delivered, open_ledger
from batch.running.measuring import measured
from batch.running.shelves import BucketShelf, FolderShelf, Link, Shelf
from batch.store import history, views
from batch.store.state import Binding, read_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from batch.core.suiting import Judge
    from batch.core.summary import ClipFacts, ItemView
    from batch.core.verdicts import Suitability
    from batch.inputs.jobfile import LoadedJob

EXPORT_FOLDER: Final = "export"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be handed over, and where to.

    Attributes:
        channel: As `--for` has it.
        base_url: The public address of the folder, as written; empty where there is none.
        output: A folder or `s3://bucket/prefix`; None for the usual one.
        link: How clips get into a folder; None where nobody said.
        languages: Of the disclosure texts.
        simulated: Whether clips that no model made may be handed over.
        id_column: The manifest's column with the products' ids in the channel.
    """

    channel: str
    approved_only: bool = False
    base_url: str = ""
    output: str | None = None
    link: Link | None = None
    languages: tuple[str, ...] = ()
    simulated: bool = False
    id_column: str | None = None


async def hand_over(loaded: LoadedJob, asked: Asked, environ: Mapping[str, str]) -> HandedOver:
    """Put the clips of a job where a channel finds them, and write its feed.

    The feed comes after every clip that it names, and a clip that it no longer names goes after it.

    Raises:
        UsageProblem: If what is asked for cannot be.
        Busy: If another export is writing there.
        CannotCreate: If nothing can be put there, or files of somebody else lie in the way.
        StorageProblem: If the disk is full or fails.
        Problem: If the state cannot be read.
    """
    form = FORMATS[asked.channel]
    if loaded.job.simulated and not asked.simulated:
        raise UsageProblem(
            "the clips of this job are simulated: no model made them",
            where=str(loaded.path),
            hint="--simulated hands them over all the same, to try an export out",
        )
    if form.needs_url and not asked.base_url:
        hint = "give the public address at which the channel will find the exported folder"
        raise UsageProblem(f"--for {form.name} needs --base-url", hint=hint)
    base = read_base_url(asked.base_url) if asked.base_url else ""
    texts = disclosures(asked.languages)
    choice = _chosen(loaded, approved_only=asked.approved_only)
    clerk = _Clerk(
        loaded=loaded, form=form, judge=_judge(loaded, form), id_column=asked.id_column, base=base, texts=texts
    )
    _check_column(asked.id_column, choice)
    offers, refused = clerk.offers(choice)
    shelf = _shelf(loaded, asked, environ)
    try:
        offers, missing = await as_delivered(offers, loaded.location.output)
        delivery = Delivery(
            shelf=shelf,
            form=form,
            ledger=await open_ledger(shelf, loaded.job.name, form.name),
            source=loaded.location.output,
            languages=tuple(texts),
        )
        return await delivery.deliver(offers, [*refused, *missing], choice.left_out)
    finally:
        shelf.close()


def _chosen(loaded: LoadedJob, *, approved_only: bool) -> Choice:
    location = loaded.location
    with closing(read_state(location.state, Binding.of(location))) as connection:
        partial = loaded.job.manifest.partial
        gone = set() if partial else {one.sku for one in history.gone_products(connection)}
        known = (replace(view, gone=True) if view.sku in gone else view for view in views.items(connection))
        return choose(known, approved_only=approved_only)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Clerk:
    """Holds chosen clips against what a channel takes, one after the other.

    Attributes:
        base: The public address; empty where there is none.
        texts: Language: what viewers are told.
    """

    loaded: LoadedJob
    form: Format
    judge: Judge | None
    id_column: str | None
    base: str
    texts: Mapping[str, str]

    def offers(self, choice: Choice) -> tuple[list[Offer], list[Refusal]]:
        """Give what the channel takes, and what it does not."""
        offers: list[Offer] = []
        refused: list[Refusal] = []
        of_product: Counter[str] = Counter()
        for view, name in zip(choice.chosen, names_of(choice.chosen), strict=True):
            assert view.clip is not None
            clip = measured(view.clip, self.loaded.location.output)
            suits = None if self.judge is None else self.judge.judge(facts_of(clip))
            offer = self._offer(view, name, clip, suits)
            rule, reason = self._objection(suits, offer.id, of_product[offer.id])
            if reason:
                refused.append(Refusal.of(view, name, rule, reason))
            else:
                of_product[offer.id] += 1
                offers.append(offer)
        return offers, refused

    def _objection(self, suits: Suitability | None, id_: str, before: int) -> tuple[str, str]:
        """Give the rule that forbids a clip, and the reason; both empty where none does."""
        missed = [one for one in suits.findings if one.verdict is Verdict.MISSED] if suits else []
        if missed:
            return ", ".join(one.rule for one in missed), "; ".join(str(one) for one in missed)
        if self.id_column is not None and not id_:
            return "id", f"its row has nothing in the column {self.id_column}"
        if self.form.longest_id is not None and (trouble := id_trouble(id_, self.form.longest_id)):
            return "id", trouble
        if self.form.most is not None and before >= self.form.most:
            return "count", f"the channel takes {self.form.most} clips of a product, and so many come before it"
        return "", ""

    def _offer(self, view: ItemView, name: str, clip: ClipFacts, suits: Suitability | None) -> Offer:
        job = self.loaded.job
        return Offer(
            view=view,
            clip=clip,
            id=product_id(view, self.id_column),
            title=title_of(view.row, job.manifest.columns.get("title")),
            name=name,
            url=url_of(self.base, name),
            doubts=() if suits is None else tuple(str(one) for one in suits.findings),
            unchecked=() if suits is None else suits.unchecked,
            source_type=DRAWN_BY_PROGRAM if job.simulated else MADE_BY_MODEL,
            simulated=job.simulated,
            disclosure=self.texts,
        )


def _check_column(column: str | None, choice: Choice) -> None:
    known = {name for view in choice.chosen for name in view.row}
    if column is not None and choice.chosen and column not in known:
        hint = did_you_mean(column, known) or "name a column of the manifest, as its header has it"
        raise UsageProblem(f"--id-column {column}: the manifest has no such column", hint=hint)


def _judge(loaded: LoadedJob, form: Format) -> Judge | None:
    if form.rules is None:
        return None
    from batch.channels import channel_for  # noqa: PLC0415 - pydantic is heavy, and two formats have no rules
    from batch.core.suiting import Judge  # noqa: PLC0415 - the same

    return Judge(channel_for(loaded, form.rules))


def _shelf(loaded: LoadedJob, asked: Asked, environ: Mapping[str, str]) -> Shelf:
    if asked.output is not None and is_object_url(asked.output):
        if asked.link is not None:
            raise UsageProblem("--link is for folders; into a bucket clips are uploaded", hint="leave it out")
        return BucketShelf(asked.output, environ)
    usual = loaded.location.output / EXPORT_FOLDER / asked.channel
    return FolderShelf(usual if asked.output is None else Path(asked.output).absolute(), asked.link)
