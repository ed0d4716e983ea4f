"""Choosing sites with a proof: p-median, p-centre, covers, budgets, rules and their blends."""

from access.siting.candidates import greenfield
from access.siting.choices import Alternatives, Curve, alternatives, curve
from access.siting.covers import max_cover, set_cover
from access.siting.medians import capacitated_p_median, p_centre, p_median
from access.siting.pareto import Front, pareto_front
from access.siting.problem import Demand, Goal, Problem
from access.siting.rules import (
    AtLeast,
    AtMost,
    Budget,
    Capacity,
    NoWorse,
    Rule,
    ServeAll,
    Within,
    per_locality,
)
from access.siting.search import Progress
from access.siting.solution import Explanation, Solution
from access.siting.solve import site
from access.siting.verify import Verification, verify

__all__ = [
    "Alternatives",
    "AtLeast",
    "AtMost",
    "Budget",
    "Capacity",
    "Curve",
    "Demand",
    "Explanation",
    "Front",
    "Goal",
    "NoWorse",
    "Problem",
    "Progress",
    "Rule",
    "ServeAll",
    "Solution",
    "Verification",
    "Within",
    "alternatives",
    "capacitated_p_median",
    "curve",
    "greenfield",
    "max_cover",
    "p_centre",
    "p_median",
    "pareto_front",
    "per_locality",
    "set_cover",
    "site",
    "verify",
]
