"""Choosing sites with a proof: p-median, p-centre, covers, budgets, rules and their blends.

Where to look:

- what is asked: `problem`, `rules`; the short calls `medians`, `covers`; the Family Hub question
  `hubs`; places where nothing stands yet `candidates`
- reading it: `inputs`, `rule_reading`, `resolve`; what comes of that is `resolved`
- answering it: `solve`; its goals one after another `stages`, `course`, `worst_off`, `demand_rows`
- the exact search: `model`, `core`; good sets `interchange`, `near`; bounds `lagrange`, `master`,
  `blocks`; the tree `tree`; the least worst minutes `radius`,
  `levels`; sites alone `rows`
- sites with limited room: `capacity`, `capacity_model`, `capacity_heuristic`,
  `capacity_programme`, `knapsack`
- HiGHS: `engine`, `mip`; clock, progress and stopping: `search`
- the answer: `solution`, `assignment`, `show`; checked by `verify`, `verify_checks`, `measuring`
- why there is none: `explain`, `asking`, `relaxations`
- more than one answer: `choices`, `pareto`, `standing`
"""

from access.siting.alternatives import Alternatives, Curve, Front, alternatives, curve, pareto_front
from access.siting.candidates import greenfield
from access.siting.classic import capacitated_p_median, max_cover, p_centre, p_median, set_cover
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
from access.siting.progress import Progress
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
