"""A job, its manifest and its pictures to a plan: what will be made, what it costs, what cannot be made and why."""

from __future__ import annotations

from batch.planning.items import ITEM_SCHEMA
from batch.planning.looking import open_book
from batch.planning.planner import Plan, make_plan
from batch.planning.values import PlanTotals

__all__ = ["ITEM_SCHEMA", "Plan", "PlanTotals", "make_plan", "open_book"]
