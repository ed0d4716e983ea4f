"""Choosing sites with a proof: p-median, p-centre, covers, budgets, rules and their blends."""

from access.siting.alternatives import Alternatives, Curve, Front, alternatives, curve, pareto_front
from access.siting.classic import capacitated_p_median, max_cover, p_centre, p_median, set_cover
from access.siting.hubs import greenfield
from access.siting.problem import (
    AtLeast,
    AtMost,
    Budget,
    Capacity,
    Demand,
    Goal,
    NoWorse,
    Problem,
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
