"""A plan in words and as JSON. Nothing here prints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from batch.core.counting import counted
from batch.core.lifecycle import AT_PROVIDER, WITH_PERSON, Phase
from batch.core.money import format_usd
from batch.planning.lintwords import brief_json, plan_lines
from batch.planning.suitability import outlook_lines, outlook_warnings, outlooks_json
from batch.planning.values import high_of, low_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from batch.planning.forecast import Caps
    from batch.planning.survey import PlanView
    from batch.planning.values import PlanTotals

_ROWS_SHOWN = 10
_ROWS_IN_JSON = 1000
_LONGEST_LINE = 1200
_UNDER_WAY = (*AT_PROVIDER, Phase.RENDERED)
_ENDED = (Phase.FAILED, Phase.REFUSED, Phase.CANCELLED, Phase.REJECTED, Phase.ABANDONED)


def plan_json(view: PlanView) -> dict[str, Any]:
    """Give the documented keys; amounts are texts with decimals, caps that do not exist are null.

    `rejected` counts every row; `rejected_rows` lists the first thousand, and so do `gone.listed` and `redone.listed`.
    """
    totals, caps, fit = view.totals, view.caps, view.fit
    return {
        "job": view.job,
        "model": view.model,
        "simulated": view.simulated,
        "trial": view.trial,
        "rows": totals.rows,
        "repeated_rows": totals.repeated,
        "rejected": totals.rejected,
        "items": {
            "total": totals.items,
            "done": view.in_phases(Phase.DONE),
            "under_way": view.in_phases(*_UNDER_WAY),
            "needs_person": view.in_phases(*WITH_PERSON),
            "ended": view.in_phases(*_ENDED),
            "to_buy": sum(view.opened),
            "changed": view.changed,
            "unchecked": view.unchecked,
        },
        "cost": {
            "to_buy_low_usd": format_usd(view.low),
            "to_buy_high_usd": format_usd(view.high),
            "whole_plan_high_usd": format_usd(totals.high),
            "reserved_usd": format_usd(caps.reserved),
        },
        "caps": {
            "run_left_usd": _amount(caps.run_left),
            "day_left_usd": _amount(caps.day_left),
            "per_item_usd": _amount(caps.per_item),
            "max_items": caps.max_items,
        },
        "fits": {"items": fit.items, "usd": format_usd(fit.usd), "too_dear": fit.too_dear, "beyond": fit.beyond},
        "expected_seconds": round(view.seconds),
        "orders": [_order(view, place) for place in range(len(totals.orders))],
        "prompts": [
            {"sku": one.sku, "prompt": one.prompt, "negative_prompt": one.negative_prompt} for one in view.samples
        ],
        "duplicates": {
            "items": totals.twins.items,
            "usd": format_usd(totals.twins.usd),
            "examples": [list(group) for group in totals.twins.examples],
        },
        "redone": {
            "items": len(view.redone),
            "listed": [one.as_json() for one in view.redone[:_ROWS_IN_JSON]],
        },
        "channels": outlooks_json(view.outlooks),
        "gone": {
            "products": len(view.gone),
            "listed": [
                {"sku": one.sku, "clips": list(one.clips), "open": one.open} for one in view.gone[:_ROWS_IN_JSON]
            ],
        },
        "lint": brief_json(view.lint.report) if view.lint else None,
        "notes": list(view.notes),
        "warnings": list(plan_warnings(view.totals, buying=bool(sum(view.opened) or view.unchecked))),
        "rejected_rows": view.rejected.head(_ROWS_IN_JSON).to_dicts(),
    }


def plan_text(view: PlanView) -> list[str]:
    """Give the lines that a person reads: what, how much, how long, the first prompts, then what is wrong."""
    lines = [*_head(view), *_money(view), *outlook_lines(view.outlooks), *_prompts(view), *_redone(view)]
    lines += plan_lines(view.lint.report, view.lint.source) if view.lint else ()
    lines += [
        f"warning: {text}" for text in plan_warnings(view.totals, buying=bool(sum(view.opened) or view.unchecked))
    ]
    lines += [f"warning: {text}" for text in outlook_warnings(view.outlooks)]
    lines += [f"note: {text}" for text in view.notes]
    return [_plain(line) for line in (*lines, *_gone(view), *_rejected(view))]


def plan_warnings(totals: PlanTotals, *, buying: bool) -> Iterator[str]:
    """Say what may not be meant as it stands.

    Args:
        buying: Whether anything is left to be bought.
    """
    if totals.twins.items and buying:
        groups = "; ".join(" = ".join(group) for group in totals.twins.examples)
        yield (
            f"{counted(totals.twins.items, 'item')} would be paid for twice (${format_usd(totals.twins.usd)}): another "
            f"SKU has the same picture, prompt and settings: {groups}"
        )
    if totals.case_twins:
        groups = "; ".join(", ".join(group) for group in totals.case_twins)
        yield f"SKUs that differ only in upper and lower case are different items: {groups}"
    if totals.braced:
        yield (
            f"{counted(totals.braced, 'item')} with braces in the prompt, which are sent as they stand (for example "
            f"{totals.braced_example}): the placeholders of the job's `defaults.prompt` are filled in, a row's are not"
        )
    if totals.small_pictures:
        yield (
            f"{counted(totals.small_pictures, 'picture')} smaller than the frame, which may look soft: "
            f"for example {totals.small_example}"
        )
    yield from totals.warnings


def _head(view: PlanView) -> Iterator[str]:
    totals = view.totals
    simulated = " (simulated: costs nothing)" if view.simulated else ""
    yield f"{view.job}: {counted(totals.items, 'item')} from {counted(totals.rows, 'row')}, {view.model}{simulated}"
    if view.trial:
        yield f"  less than the whole job: {view.trial}"
    if totals.repeated:
        yield f"  {counted(totals.repeated, 'row')} repeated word for word: counted once"
    if totals.rejected:
        yield f"  {counted(totals.rejected, 'row')} rejected: see below"
    for text, count in (
        ("done already", view.in_phases(Phase.DONE)),
        ("under way", view.in_phases(*_UNDER_WAY)),
        ("waiting for a person: `sora-batch resolve` says why", view.in_phases(*WITH_PERSON)),
        ("ended without a clip: `sora-batch report` says why and what to do", view.in_phases(*_ENDED)),
        ("unchecked: the picture behind the URL was not seen yet (`--fetch` reads it)", view.unchecked),
    ):
        if count:
            yield f"  {counted(count, 'item')} {text}"
    yield f"  {counted(sum(view.opened), 'item')} to buy"
    if view.changed:
        yield f"    {view.changed:,} of products that were bought before: `--explain SKU` says what has changed"


def _money(view: PlanView) -> Iterator[str]:
    caps, fit = view.caps, view.fit
    yield f"price:    {_span(view)}"
    for place, order in enumerate(view.totals.orders):
        count = view.opened[place] + view.totals.unchecked[place]
        if count:
            length = "" if order.duration_seconds is None else f"{order.duration_seconds:f} s, "
            yield f"          {count:,} x {order.price} ({length}{order.aspect}, {order.frame})"
    if caps.reserved:
        yield f"reserved: ${format_usd(caps.reserved)} for what is on its way or unconfirmed"
    if limits := "; ".join(_limits(caps)):
        yield f"caps:     {limits}"
    if fit.too_dear:
        yield f"          {counted(fit.too_dear, 'item')} dearer than budget.per_item_usd: not bought"
    if fit.beyond:
        usable = ", if every unchecked picture can be used" if view.unchecked else ""
        yield (
            f"          {counted(fit.items, 'item')} for ${format_usd(fit.usd)} fit; "
            f"{counted(fit.beyond, 'item waits', 'items wait')} for a further run{usable}"
        )
    if view.seconds:
        guess = "" if view.eta is not None else " (guessed: the profile does not say how long a clip takes)"
        yield f"time:     about {_duration(view.seconds)}{guess}"


def _limits(caps: Caps) -> Iterator[str]:
    amounts = [("this run", caps.run_left), ("today", caps.day_left)]
    left = [f"${format_usd(amount)} for {name}" for name, amount in amounts if amount is not None]
    if caps.max_items is not None:
        left.append(f"{counted(caps.max_items, 'item')} in this run")
    if left:
        yield f"{', '.join(left)} left"
    if caps.per_item is not None:
        yield f"at most ${format_usd(caps.per_item)} an item"


def _span(view: PlanView) -> str:
    high = f"${format_usd(view.high)}"
    if view.unchecked:
        return f"at most {high}, if every unchecked picture can be used"
    return high if view.low == view.high else f"${format_usd(view.low)} to {high}"


def _prompts(view: PlanView) -> Iterator[str]:
    for place, one in enumerate(view.samples):
        yield ("prompts:  " if place == 0 else "          ") + f"{one.sku}: {one.prompt}"
        if one.negative_prompt:
            yield f"          without: {one.negative_prompt}"


def _redone(view: PlanView) -> Iterator[str]:
    for place, one in enumerate(view.redone[:_ROWS_SHOWN]):
        yield ("redone:   " if place == 0 else "          ") + f"{one.sku}: {one}"
    rest = len(view.redone) - _ROWS_SHOWN
    if rest > 0:
        yield f"          and {rest:,} more: `--json` lists them"


def _gone(view: PlanView) -> Iterator[str]:
    if not view.gone:
        return
    yield f"gone from the manifest ({counted(len(view.gone), 'product')}; their clips are kept, nothing is bought):"
    for one in view.gone[:_ROWS_SHOWN]:
        open_ = f" ({counted(one.open, 'item')} still under way)" if one.open else ""
        yield f"  {one.sku}: {', '.join(one.clips) or 'no clip'}{open_}"
    rest = len(view.gone) - _ROWS_SHOWN
    if rest > 0:
        yield f"  and {rest:,} more: `--json` lists them"


def _rejected(view: PlanView) -> Iterator[str]:
    if not view.rejected.height:
        return
    yield f"rejected rows ({view.rejected.height:,}):"
    for file, line, sku, column, value, reason in view.rejected.head(_ROWS_SHOWN).iter_rows():
        what = f" {column}={_quoted(value)}" if value else f" {column}" if column else ""
        yield f"  {file}:{line} {sku or '(no SKU)'}{what}: {reason}"
    rest = view.rejected.height - _ROWS_SHOWN
    if rest > 0:
        yield f"  and {rest:,} more: `-o rejected.csv` writes them all"


def _order(view: PlanView, place: int) -> dict[str, Any]:
    order = view.totals.orders[place]
    return {
        "duration": order.duration,
        "aspect_ratio": order.aspect,
        "frame": str(order.frame),
        "low_usd": format_usd(low_of(order)),
        "high_usd": format_usd(high_of(order)),
        "to_buy": view.opened[place],
        "unchecked": view.totals.unchecked[place],
    }


def _amount(amount: Decimal | None) -> str | None:
    return None if amount is None else format_usd(amount)


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 2 * 3600:
        return f"{round(whole / 60)} min"
    return f"{whole / 3600:.1f} h" if whole < 48 * 3600 else f"{whole / 86400:.1f} days"


def _quoted(value: str) -> str:
    return f'"{value[:40]}..."' if len(value) > 40 else f'"{value}"'


def _plain(line: str) -> str:
    """Keep a line one line, of a length to read, and without anything that steers a terminal."""
    shown = "".join(c if c.isprintable() else " " for c in line)
    return shown if len(shown) <= _LONGEST_LINE else f"{shown[: _LONGEST_LINE - 3]}..."
