"""Choosing sites with a proof: p-median, p-centre, covers, budgets, rules and their blends."""

from access.siting.problem import (
    AtLeast,
    AtMost,
    Budget,
    Capacity,
    Demand,
    Goal,
    NoWorse,
    Problem,
    ServeAll,
    Within,
    per_locality,
)
from access.siting.search import Progress
from access.siting.shortcuts import (
    capacitated_p_median,
    max_cover,
    p_centre,
    p_median,
    set_cover,
)
from access.siting.solution import Explanation, Solution
from access.siting.solve import site
from access.siting.verify import Verification, verify

__all__ = [
    "AtLeast",
    "AtMost",
    "Budget",
    "Capacity",
    "Demand",
    "Explanation",
    "Goal",
    "NoWorse",
    "Problem",
    "Progress",
    "ServeAll",
    "Solution",
    "Verification",
    "Within",
    "capacitated_p_median",
    "max_cover",
    "p_centre",
    "p_median",
    "per_locality",
    "set_cover",
    "site",
    "verify",
]
