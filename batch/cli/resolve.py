"""`resolve`: what is known of an item that waits for a person, and that person's decision."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from batch.cli.console import complain, printable, say, say_json
from batch.core.money import format_usd, from_micros
from batch.errors import Exit, UsageProblem
from batch.inputs.jobfile import read_job

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from batch.core.lifecycle import Attempt
    from batch.running.accounting import Decided, Unaccounted
    from batch.running.resolving import Decision, Known


def run(arguments: argparse.Namespace) -> int:
    """Show what is known, or write the decision down."""
    from batch.running.accounting import show_unaccounted  # noqa: PLC0415 - start-up counts
    from batch.running.clock import Clock  # noqa: PLC0415 - start-up counts
    from batch.running.resolving import decide, look_up  # noqa: PLC0415 - the same

    loaded = read_job(arguments.job)
    decision = _decision(arguments)
    if decision is None:
        lost = asyncio.run(show_unaccounted(loaded, arguments.item))
        if lost is not None:
            return _show_unaccounted(arguments, lost)
        return _show(arguments, asyncio.run(look_up(loaded, arguments.item)))
    return _tell(arguments, asyncio.run(decide(loaded, arguments.item, decision, Clock())))


def _decision(arguments: argparse.Namespace) -> Decision | None:
    from batch.running.resolving import Decision, Verdict  # noqa: PLC0415 - start-up counts

    if arguments.adopt is not None:
        verdict = Verdict.ADOPT
    elif arguments.not_charged or arguments.abandon:
        verdict = Verdict.NOT_CHARGED if arguments.not_charged else Verdict.ABANDON
    elif arguments.reason or arguments.force:
        raise UsageProblem("there is no decision", hint="give --adopt ID, --not-charged or --abandon with it")
    else:
        return None
    return Decision(
        verdict=verdict, prediction_id=arguments.adopt or "", reason=arguments.reason, force=arguments.force
    )


def _show_unaccounted(arguments: argparse.Namespace, lost: Unaccounted) -> Exit:
    """Show a prediction of which a rebuilt state cannot tell the item."""
    seen = lost.prediction
    facts = {
        "id": lost.prediction_id,
        "made_at": _moment(lost.made_at),
        "status": None if seen is None else seen.status.value,
        "cost_usd": None if seen is None or seen.cost is None else format_usd(seen.cost),
        "prompt": None if seen is None else seen.prompt,
        "image_url": None if seen is None else seen.image_url,
        "likely": list(lost.likely),
    }
    if arguments.json:
        say_json({**facts, "exit": int(Exit.NEEDS_PERSON)})
        return Exit.NEEDS_PERSON
    job = arguments.job
    lines = [f"{lost.prediction_id}: the rebuilt state does not know what it was made for; nothing is bought meanwhile"]
    lines += [f"  {name}: {value}" for name, value in facts.items() if name not in {"id", "likely"} and value]
    lines += [
        f"  likely {sku}'s, by its prompt:  sora-batch resolve {job} {sku} --adopt {lost.prediction_id}"
        for sku in lost.likely
    ]
    lines.append(f"not this job's, or given up:  sora-batch resolve {job} {lost.prediction_id} --not-charged")
    say(printable(line) for line in lines)
    return Exit.NEEDS_PERSON


def _show(arguments: argparse.Namespace, known: Known) -> Exit:
    from batch.core.lifecycle import RESOLVABLE  # noqa: PLC0415 - start-up counts

    waits = known.record.phase in RESOLVABLE
    code = Exit.NEEDS_PERSON if waits else Exit.DONE
    if arguments.json:
        say_json({**_known_json(known), "resolvable": waits, "exit": int(code)})
    else:
        say(printable(line) for line in _known_lines(known, str(arguments.job), waits=waits))
    return code


def _known_json(known: Known) -> dict[str, Any]:
    article, record, evidence = known.article, known.record, known.evidence
    return {
        "sku": article.sku,
        "key": article.key,
        "phase": record.phase.value,
        "reason": record.reason,
        "model": article.model,
        "prompt": article.prompt,
        "attempt": None if record.attempt is None else _attempt_json(record.attempt),
        "near": [] if evidence is None else [one.as_json() for one in evidence.near],
        "history": None if evidence is None else {"complete": evidence.complete, "trouble": evidence.trouble},
    }


def _attempt_json(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "state": attempt.state.value,
        "intent_at": _moment(attempt.intent_at),
        "estimate_usd": format_usd(from_micros(attempt.estimate)),
        "settled_usd": None if attempt.settled is None else format_usd(from_micros(attempt.settled)),
        "upload_id": attempt.upload_id,
        "upload_url": attempt.upload_url,
        "prediction_id": attempt.prediction_id,
        "duplicates": list(attempt.duplicates),
        "looks": attempt.looks,
    }


def _known_lines(known: Known, job: str, *, waits: bool) -> Iterator[str]:
    article, record = known.article, known.record
    yield f"{article.sku} ({article.key[:12]}) is {record.phase}"
    if record.reason:
        yield f"  why:    {record.reason}"
    if record.attempt is None:
        yield "  nothing was ever sent for it"
        return
    yield from _attempt_lines(known, record.attempt)
    yield from _near_lines(known)
    if waits:
        yield "decide with one of:"
        yield f"  sora-batch resolve {job} {article.sku} --adopt ID       it is this prediction: fetch its clip"
        yield f"  sora-batch resolve {job} {article.sku} --not-charged    nothing was charged: it may be bought again"
        yield f"  sora-batch resolve {job} {article.sku} --abandon        give it up: never bought again by itself"
    elif record.let_go and known.evidence is not None and known.evidence.matching:
        yield "a person let it go, and the provider shows its prediction:"
        found = known.evidence.matching[0]
        yield f"  sora-batch resolve {job} {article.sku} --adopt {found}    fetch its clip after all"


def _attempt_lines(known: Known, attempt: Attempt) -> Iterator[str]:
    article = known.article
    price = format_usd(from_micros(attempt.estimate))
    yield f"  sent:   attempt {attempt.number}, {_moment(attempt.intent_at)}, estimated ${price}"
    yield f"          {article.model}, {article.duration} s, {article.aspect}: {article.prompt[:200]}"
    yield f"  upload: {attempt.upload_id} {attempt.upload_url}"
    if attempt.prediction_id:
        yield f"  id:     {attempt.prediction_id}"
    if attempt.duplicates:
        yield f"  also:   {', '.join(attempt.duplicates)}"


def _near_lines(known: Known) -> Iterator[str]:
    evidence = known.evidence
    if evidence is None:
        return
    if evidence.trouble:
        yield f"the provider's history cannot be read: {evidence.trouble}"
    elif not evidence.near:
        yield "the provider lists no prediction of this model near it"
    else:
        yield "near it at the provider:"
    for one in evidence.near[:20]:
        cost = "" if one.row.cost is None else f" ${format_usd(one.row.cost)}"
        made = one.row.created_at.isoformat(timespec="seconds") if one.row.created_at else "no time"
        whose = f" ({one.owner})" if one.owner else ""
        yield f"  {one.row.id}  {made}  {one.row.model}  {one.row.status}{cost}  picture: {one.echo}{whose}"
    if len(evidence.near) > 20:
        yield f"  and {len(evidence.near) - 20} more: --json lists them"
    if not evidence.complete:
        yield "this was not read to its end: what is not shown may be there all the same"


def _tell(arguments: argparse.Namespace, decided: Decided) -> Exit:
    record = decided.record
    for note in decided.notes:
        complain(note)
    if record is None or decided.article is None:
        if arguments.json:
            say_json({"id": arguments.item, "notes": list(decided.notes), "exit": int(Exit.DONE)})
        return Exit.DONE
    if arguments.json:
        body = {"sku": decided.article.sku, "key": decided.article.key, "phase": record.phase.value}
        say_json({**body, "notes": list(decided.notes), "exit": int(Exit.DONE)})
        return Exit.DONE
    follows = {
        "running": f"prediction {record.attempt.prediction_id if record.attempt else ''} is its own now; `sora-batch"
        " collect` fetches the clip when it is made",
        "planned": "nothing is reserved for it any more, and the next run buys it again",
        "abandoned": "it is never bought again by itself; what it may have cost stands under possibly charged",
    }
    say([f"{decided.article.sku}: {follows[record.phase.value]}"])
    return Exit.DONE


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
